//! The folder: how the four files and the log make one consistent state, for readers who hold no lock of the writer's.
//!
//! `directory.json` says that there is a directory. It also is what files are read under (a shared lock) and replaced
//! under (an exclusive one), so that no reader sees some files old and some new without the log that joins them.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use serde::Deserialize;
use state::{Object, Target};

use super::check::check;
use super::files::{self, Stamp, places, stamps};
use super::heart::{Changed, Contents, Heart, Map};
use super::line::Line;
use super::log::{self, End};
use super::problem::Problem;
use super::settings::Options;

/// The file that says that a folder is a directory.
pub const MARKER: &str = "directory.json";

/// What it says.
pub const MARK: &str = "{\"format\":1}\n";

#[derive(Deserialize)]
struct Mark {
    format: u32,
}

/// The files as they were read, not yet joined with the log.
pub struct Snapshot {
    pub contents: Contents,
    pub log: Vec<Changed>,
    pub end: End,
    pub stamps: [Option<Stamp>; files::COUNT],
}

/// Opens the marker; none where there never was a directory. A folder that holds things but no marker is an error.
pub fn marker(folder: &Path) -> Result<Option<File>, Problem> {
    let path = folder.join(MARKER);
    // Twice, since a writer may make the directory between the two looks.
    for last in [false, true] {
        match fs::read(&path) {
            Ok(bytes) => {
                let format = serde_json::from_slice::<Mark>(&bytes).map(|mark| mark.format);
                return match format {
                    Ok(1) => File::open(&path).map(Some).map_err(|error| Problem::io("read", &path, &error)),
                    Ok(newer) => Err(Problem::new(
                        format!("{} says format {newer}; this version of tenure knows format 1", path.display()),
                        "use the version of tenure that wrote it, or a newer one",
                    )),
                    Err(error) => Err(Problem::new(
                        format!("{}: {error}", path.display()),
                        "it is to say {\"format\":1}; look whether the rest of the folder is whole",
                    )),
                };
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Problem::io("read", &path, &error));
            }
            Err(_) => {
                let full = files::NAMES
                    .iter()
                    .chain([&log::NAME])
                    .find(|name| fs::metadata(folder.join(name)).is_ok_and(|metadata| metadata.len() > 0));
                let Some(full) = full else { return Ok(None) };
                if last {
                    return Err(Problem::new(
                        format!("{} is missing, but {full} is there", path.display()),
                        "bring it back; in a folder that you made by hand, write {\"format\":1} into it and add empty \
                         files for the kinds that you have nothing of",
                    ));
                }
            }
        }
    }
    Ok(None)
}

/// A directory that was there is not there any more.
pub fn gone(folder: &Path) -> Problem {
    Problem::new(
        format!("{} is gone, and was there in this same run", folder.join(MARKER).display()),
        "bring the folder back, from git or a backup, and run again",
    )
}

/// Reads files and log as they stand together; none where there never was a directory.
pub fn snapshot(options: &Options) -> Result<Option<Snapshot>, Problem> {
    let folder = &options.folder;
    let Some(marker) = marker(folder)? else { return Ok(None) };
    marker.lock_shared().map_err(|error| Problem::io("lock", &folder.join(MARKER), &error))?;
    let stamps = stamps(folder);
    let contents = files::read(folder, &options.schema)?;
    // After the files: a log that tells more than they do is played over them, one that tells less could not be.
    let (log, end) = log::read(folder, End::default(), &options.schema)?;
    Ok(Some(Snapshot { contents, log, end, stamps }))
}

impl Snapshot {
    /// Everything, with the log played over the files, and checked.
    pub fn contents(self, options: &Options) -> Result<Contents, Problem> {
        let contents = if self.log.is_empty() {
            self.contents
        } else {
            let mut heart = Heart::with(options.schema.clone(), options.capabilities.clone(), self.contents);
            play(&mut heart, self.log, options)?;
            heart.contents()
        };
        check(&options.folder, &options.schema, &options.capabilities, &contents)?;
        Ok(contents)
    }
}

/// A state in memory that follows the folder.
pub struct View {
    pub heart: Heart,
    pub stamps: [Option<Stamp>; files::COUNT],
    pub end: End,
    /// Which files the log holds changes of.
    pub dirty: [bool; files::COUNT],
}

impl View {
    /// The present state; none where there never was a directory.
    pub fn load(options: &Options) -> Result<Option<View>, Problem> {
        let Some(Snapshot { contents, log, end, stamps }) = snapshot(options)? else { return Ok(None) };
        let dirty = dirty(&log);
        if log.is_empty() {
            check(&options.folder, &options.schema, &options.capabilities, &contents)?;
        }
        let mut heart = Heart::with(options.schema.clone(), options.capabilities.clone(), contents);
        if !log.is_empty() {
            play(&mut heart, log, options)?;
            check(&options.folder, &options.schema, &options.capabilities, &heart.contents())?;
        }
        Ok(Some(View { heart, stamps, end, dirty }))
    }

    /// Follows what was appended to the log since; false where the files are others, and all must be read again.
    pub fn follow(&mut self, options: &Options) -> Result<bool, Problem> {
        let Some(marker) = marker(&options.folder)? else { return Ok(false) };
        marker.lock_shared().map_err(|error| Problem::io("lock", &options.folder.join(MARKER), &error))?;
        if stamps(&options.folder) != self.stamps {
            return Ok(false);
        }
        let Ok((changed, end)) = log::read(&options.folder, self.end.clone(), &options.schema) else {
            return Ok(false);
        };
        for Changed { target, now, .. } in changed {
            self.heart.put(target, now);
        }
        self.end = end;
        Ok(true)
    }
}

/// Which of the files the changes are about.
pub fn dirty(changed: &[Changed]) -> [bool; files::COUNT] {
    let mut dirty = [false; files::COUNT];
    for change in changed {
        dirty[files::place(change.target)] = true; // `place` is below the length
    }
    dirty
}

/// Plays the log over what the files say. A file may hold the thing as it was before the log or as any call left it;
/// anything else was written by hand without what the log holds, and must not be lost silently.
fn play(heart: &mut Heart, log: Vec<Changed>, options: &Options) -> Result<(), Problem> {
    struct Played {
        fits: bool,
        now: Option<Object>,
    }
    let mut played: Map<Target, Played> = Map::default();
    for Changed { target, was, now } in log {
        let there = heart.get(target);
        let fits = there == now.as_ref();
        let so_far = played.entry(target).or_insert_with(|| Played { fits: there == was.as_ref(), now: None });
        *so_far = Played { fits: so_far.fits || fits, now };
    }
    if let Some((target, played)) = played.iter().filter(|(_, played)| !played.fits).min_by_key(|(target, _)| **target)
    {
        let (path, lines) = places(&options.folder, &options.schema, *target);
        let line = lines.first().map(|line| format!(":{line}")).unwrap_or_default();
        let wanted = match &played.now {
            None => "take that line away".to_owned(),
            Some(now) => format!("let that line be {}", json(&Line::new(*target, now))),
        };
        return Err(Problem::new(
            format!(
                "{}{line}: edited by hand while {} held a change of the same thing ({target:?}) that was not in the \
                 file yet, after a run that did not end properly",
                path.display(),
                log::NAME
            ),
            format!("{wanted}, as the log says; run tenure, and edit it again then"),
        ));
    }
    for (target, Played { now, .. }) in played {
        heart.put(target, now);
    }
    Ok(())
}

/// A line as it stands in the file of its kind.
fn json(line: &Line) -> String {
    match line {
        Line::Account(line) => serde_json::to_string(line),
        Line::Group(line) => serde_json::to_string(line),
        Line::Membership(line) => serde_json::to_string(line),
        Line::Owned(line) => serde_json::to_string(line),
        Line::Grant(line) => serde_json::to_string(line),
    }
    .unwrap_or_default()
}
