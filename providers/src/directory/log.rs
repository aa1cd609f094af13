//! The write-ahead log: what a run changed and is not in the four files yet.
//!
//! One line per call: 16 hex digits, a space, JSON. The digits are the first of SHA-256 over the former line's digits
//! (16 zeros before the first) and this JSON. A call is answered once its line is durable. Each change tells the thing
//! whole, before and after, so that playing the log again over files that hold a part of it already gives the same.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use state::{Digest, Schema};

use super::files::sync_folder;
use super::heart::Changed;
use super::line::Line;
use super::problem::Problem;

/// The log's file; it is there only while something is in it.
pub const NAME: &str = "log.jsonl";

/// Where a log ends, as far as it was read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// In bytes.
    pub length: u64,
    digits: String,
    calls: u64,
}

impl Default for End {
    fn default() -> End {
        End { length: 0, digits: "0".repeat(16), calls: 0 }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    /// From 1, without gaps.
    n: u64,
    changes: Vec<Change>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    was: Option<Line>,
    now: Option<Line>,
}

/// The digits of a line with this JSON, behind one with these digits.
pub fn digits(former: &str, json: &[u8]) -> String {
    let mut digits = Digest::of_parts([former.as_bytes(), json]).to_string();
    digits.truncate(16);
    digits
}

/// Reads what stands in the log after `from`; a missing log is an empty one. What a crash left half-written at the end
/// was never answered, and is passed over; anything else that is not as it was written is an error.
pub fn read(folder: &Path, from: End, schema: &Schema) -> Result<(Vec<Changed>, End), Problem> {
    let path = folder.join(NAME);
    let mut bytes = Vec::new();
    let opened = File::open(&path).and_then(|mut file| {
        file.seek(SeekFrom::Start(from.length))?;
        file.read_to_end(&mut bytes)
    });
    match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return if from.length == 0 { Ok((Vec::new(), from)) } else { Err(damaged(&path, &from, "is gone")) };
        }
        other => other.map_err(|error| Problem::io("read", &path, &error))?,
    };
    let mut changed = Vec::new();
    let mut end = from;
    let mut rest = bytes.as_slice();
    while let Some(stop) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, after) = (&rest[..stop], &rest[stop + 1..]); // `stop` is below the length
        match call(line, &end) {
            Ok((digits, call)) => {
                for Change { was, now } in call.changes {
                    let (was, now) = (was.map(|line| line.thing(schema)), now.map(|line| line.thing(schema)));
                    let Some(target) = now.as_ref().or(was.as_ref()).map(|(target, _)| *target) else { continue };
                    changed.push(Changed { target, was: was.map(|it| it.1), now: now.map(|it| it.1) });
                }
                end = End { length: end.length + stop as u64 + 1, digits, calls: call.n };
            }
            // Blocks that never reached the disk read as zeros.
            Err(_) if after.is_empty() && line.iter().filter(|byte| **byte == 0).count() >= 4 => {
                return Ok((changed, end));
            }
            Err(why) => return Err(damaged(&path, &end, why)),
        }
        rest = after;
    }
    // A crash leaves less than a line, never a line with something in the place of its end.
    if let Some((_, line)) = rest.split_last()
        && call(line, &end).is_ok()
    {
        return Err(damaged(&path, &end, "has something else in the place of its end"));
    }
    Ok((changed, end))
}

fn call(line: &[u8], end: &End) -> Result<(String, Call), &'static str> {
    let (head, json) = line.split_at_checked(17).ok_or("is too short")?;
    let digits = digits(&end.digits, json);
    if head != format!("{digits} ").as_bytes() {
        return Err("is not as it was written: its digits do not fit");
    }
    let call: Call = serde_json::from_slice(json).map_err(|_| "is not of a form that this version of tenure knows")?;
    if call.n != end.calls + 1 {
        return Err("is out of order");
    }
    Ok((digits, call))
}

fn damaged(path: &Path, end: &End, why: &str) -> Problem {
    Problem::new(
        format!("{}:{} {why}", path.display(), end.calls + 1),
        "bring the whole folder back from a backup or from git; or take the log away, which loses the changes in it \
         that are not in the other files yet, and let `tenure plan` show what is then missing",
    )
}

/// How an append failed.
#[derive(Debug)]
pub enum NotWritten {
    /// The log is as it was before.
    Nothing(Problem),
    /// It may or may not be in the log.
    Unknown(Problem),
}

/// The log, open for writing.
#[derive(Debug)]
pub struct Log {
    folder: PathBuf,
    path: PathBuf,
    file: Option<File>,
    end: End,
    /// Why nothing more can be written.
    broken: Option<Problem>,
}

impl Log {
    /// Continues the log after `end`; what a crash left behind it is cut off.
    pub fn open(folder: &Path, end: End) -> Result<Log, Problem> {
        let path = folder.join(NAME);
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Problem::io("write", &path, &error)),
        };
        if let Some(file) = &file {
            cut(file, end.length).map_err(|error| Problem::io("write", &path, &error))?;
        }
        Ok(Log { folder: folder.to_owned(), path, file, end, broken: None })
    }

    /// Whether there is something in it.
    pub fn is_empty(&self) -> bool {
        self.end.length == 0
    }

    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        self.end.length
    }

    /// Writes the changes of one call; they are durable when this returns.
    pub fn append(&mut self, changed: &[Changed]) -> Result<(), NotWritten> {
        if let Some(problem) = &self.broken {
            return Err(NotWritten::Nothing(problem.clone()));
        }
        let line = |target, object: &Option<_>| object.as_ref().map(|object| Line::new(target, object));
        let changes =
            changed.iter().map(|it| Change { was: line(it.target, &it.was), now: line(it.target, &it.now) }).collect();
        let call = Call { n: self.end.calls + 1, changes };
        let json = serde_json::to_vec(&call).map_err(|error| {
            NotWritten::Nothing(Problem::new(format!("cannot write {}: {error}", self.path.display()), "report this"))
        })?;
        let digits = digits(&self.end.digits, &json);
        let line = [digits.as_bytes(), b" ", &json, b"\n"].concat();
        if let Err(error) = self.write(&line) {
            let problem = Problem::io("write", &self.path, &error);
            // Cut back to what was durable before; only if that succeeds is it certain that nothing happened.
            return match self.file.as_ref().map(|file| cut(file, self.end.length)) {
                None | Some(Ok(())) => Err(NotWritten::Nothing(problem)),
                Some(Err(_)) => {
                    self.broken = Some(problem.clone());
                    Err(NotWritten::Unknown(problem))
                }
            };
        }
        self.end = End { length: self.end.length + line.len() as u64, digits, calls: call.n };
        Ok(())
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            let file = OpenOptions::new().read(true).write(true).create_new(true).open(&self.path)?;
            self.file = Some(file);
            sync_folder(&self.folder)?;
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        file.seek(SeekFrom::Start(self.end.length))?;
        file.write_all(line)?;
        file.sync_data()
    }

    /// Takes the log away, once everything in it stands in the files.
    pub fn clear(&mut self) -> Result<(), Problem> {
        self.file = None;
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Problem::io("remove", &self.path, &error));
            }
            _ => self.end = End::default(),
        }
        sync_folder(&self.folder).map_err(|error| Problem::io("write", &self.folder, &error))
    }
}

fn cut(file: &File, length: u64) -> io::Result<()> {
    if file.metadata()?.len() > length {
        file.set_len(length)?;
        file.sync_all()?;
    }
    Ok(())
}
