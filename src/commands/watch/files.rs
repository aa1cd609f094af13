//! Whether the files of a configuration changed: by what the file system says of each, looked at when the operating system
//! tells of a change in their folders ([`Notices`]), and again and again in any case. That works on every file system, and
//! what is missed by it is found by the next round.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::watch::Source;

use super::hints::Hints;
use super::notices::Notices;

/// How often files are looked at where the operating system does not tell of all their folders.
const OFTEN: Duration = Duration::from_millis(500);
/// The same where it does.
const SELDOM: Duration = Duration::from_secs(10);

/// What the file system says of a file: seconds and nanoseconds of its last change, size, inode.
type Mark = (i64, i64, u64, u64);

/// The files of the configuration, looked at from now on.
pub struct Files {
    seen: Arc<Mutex<Seen>>,
}

/// The files as they were when they were last looked at.
#[derive(Default)]
struct Seen {
    /// Other files than `*.hcl` that a round read.
    sources: Vec<PathBuf>,
    known: BTreeMap<PathBuf, Mark>,
}

impl Files {
    /// Tells of each change from now on.
    pub fn watch(hints: Hints) -> Files {
        let mut seen = Seen::default();
        seen.known = seen.look();
        let seen = Arc::new(Mutex::new(seen));
        let files = Files { seen: Arc::clone(&seen) };
        std::thread::spawn(move || {
            let notices = Notices::begin();
            loop {
                // Before looking, so that nothing happens unseen between the two.
                let folders = seen.lock().unwrap_or_else(PoisonError::into_inner).folders();
                let told = notices.as_ref().is_some_and(|notices| notices.also(folders.iter().map(PathBuf::as_path)));
                if seen.lock().unwrap_or_else(PoisonError::into_inner).changed() {
                    hints.changed(Source::Files);
                }
                match &notices {
                    Some(notices) => notices.wait(if told { SELDOM } else { OFTEN }),
                    None => std::thread::sleep(OFTEN),
                }
            }
        });
        files
    }

    /// These are looked at, too.
    pub fn also(&self, sources: Vec<PathBuf>) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).also(sources);
    }
}

impl Seen {
    fn also(&mut self, sources: Vec<PathBuf>) {
        for source in sources {
            if !self.sources.contains(&source) {
                // It was read by the round that named it: what changed since then is not known, and seen by the next.
                self.known.extend(mark(&source).map(|mark| (source.clone(), mark)));
                self.sources.push(source);
            }
        }
    }

    /// The folders that they are in, and those in which others may come to be.
    fn folders(&self) -> BTreeSet<PathBuf> {
        let mut folders: BTreeSet<PathBuf> =
            self.sources.iter().filter_map(|path| path.parent()).map(|parent| Path::new(".").join(parent)).collect();
        let mut left = vec![PathBuf::from(".")];
        while let Some(folder) = left.pop() {
            // As files are collected: what cannot be read, links and hidden folders have none.
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
                if !hidden && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    left.push(entry.path());
                }
            }
            folders.insert(folder);
        }
        folders
    }

    /// Whether one changed, came or went since this was last asked.
    fn changed(&mut self) -> bool {
        let now = self.look();
        let changed = now != self.known;
        self.known = now;
        changed
    }

    fn look(&self) -> BTreeMap<PathBuf, Mark> {
        let mut paths = Vec::new();
        // A folder that cannot be read is told by the next round.
        let _ = super::super::fmt::collect(Path::new("."), &mut paths);
        paths.extend(self.sources.iter().cloned());
        paths.into_iter().filter_map(|path| Some((path.clone(), mark(&path)?))).collect()
    }
}

fn mark(path: &Path) -> Option<Mark> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.mtime(), metadata.mtime_nsec(), metadata.size(), metadata.ino()))
}
