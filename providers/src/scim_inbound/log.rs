//! The file of what was pushed: `pushed.jsonl`, one transaction a line.
//!
//! A line is 16 hex digits, a space, JSON. The digits are the first of SHA-256 over the former line's digits (16 zeros
//! before the first) and this JSON. The first line says how many of the next ones were written with it, when the file
//! was last written anew. It is written anew beside the old one and renamed, so a reader without a lock always finds one
//! whole file.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::contents::{Change, Contents};
use crate::directory::{Problem, digits, sync_folder};

/// The file.
pub const NAME: &str = "pushed.jsonl";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: u32,
    /// So many lines stand behind this one, at least.
    holds: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// From 1, without gaps.
    n: u64,
    changes: Vec<Change>,
}

/// Where the file ends, as far as it was read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// In bytes.
    pub length: u64,
    digits: String,
    /// The number of the last transaction.
    n: u64,
}

impl Default for End {
    fn default() -> End {
        End { length: 0, digits: "0".repeat(16), n: 0 }
    }
}

impl End {
    /// The line for the next transaction; this end stands behind it then.
    ///
    /// # Errors
    /// Never, in practice: JSON of plain data.
    pub fn line(&mut self, changes: Vec<Change>) -> Result<Vec<u8>, serde_json::Error> {
        let entry = Entry { n: self.n + 1, changes };
        let line = self.sealed(&entry)?;
        self.n = entry.n;
        Ok(line)
    }

    fn sealed(&mut self, value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
        let json = serde_json::to_vec(value)?;
        self.digits = digits(&self.digits, &json);
        let line = [self.digits.as_bytes(), b" ", &json, b"\n"].concat();
        self.length += line.len() as u64;
        Ok(line)
    }
}

/// Reads everything; none where the file is not there. What a crash left half-written at the end was never answered, and
/// is passed over; anything else that is not as it was written is an error.
pub fn read(folder: &Path) -> Result<Option<(Contents, End)>, Problem> {
    let path = folder.join(NAME);
    let mut file = match File::open(&path) {
        Ok(file) => BufReader::with_capacity(1 << 20, file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Problem::io("read", &path, &error)),
    };
    let mut contents = Contents::default();
    let mut end = End::default();
    let mut head: Option<Head> = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        if file.read_until(b'\n', &mut line).map_err(|error| Problem::io("read", &path, &error))? == 0 {
            break;
        }
        let number = head.as_ref().map_or(1, |_| end.n + 2);
        let Some(text) = line.strip_suffix(b"\n") else { break };
        let taken = (|| {
            let (start, json) = text.split_at_checked(17).ok_or("is too short")?;
            let digits = digits(&end.digits, json);
            if start != format!("{digits} ").as_bytes() {
                return Err("is not as it was written: its digits do not fit");
            }
            const FORM: &str = "is not of a form that this version of tenure knows";
            match &head {
                None => {
                    let own: Head = serde_json::from_slice(json).map_err(|_| FORM)?;
                    if own.format != 1 {
                        return Err(FORM);
                    }
                    head = Some(own);
                }
                Some(_) => {
                    let entry: Entry = serde_json::from_slice(json).map_err(|_| FORM)?;
                    if entry.n != end.n + 1 {
                        return Err("is out of order");
                    }
                    entry.changes.iter().for_each(|change| contents.apply(change));
                    end.n = entry.n;
                }
            }
            Ok(digits)
        })();
        match taken {
            Ok(digits) => {
                end.digits = digits;
                end.length += line.len() as u64;
            }
            // Blocks that never reached the disk read as zeros.
            Err(_) if is_last(&mut file) && text.iter().filter(|byte| **byte == 0).count() >= 4 => break,
            Err(why) => return Err(damaged(&path, number, why)),
        }
    }
    match head {
        Some(head) if end.n >= head.holds => Ok(Some((contents, end))),
        Some(head) => Err(damaged(&path, end.n + 2, &format!("is missing: {} lines were written", head.holds + 1))),
        None => Err(damaged(&path, 1, "is not whole")),
    }
}

fn is_last(file: &mut BufReader<File>) -> bool {
    file.fill_buf().is_ok_and(<[u8]>::is_empty)
}

fn damaged(path: &Path, line: u64, why: &str) -> Problem {
    Problem::new(
        format!("{}:{line} {why}", path.display()),
        "bring the file back from a backup; or move it away, start `tenure watch --listen` and have the source push \
         everything again",
    )
}

/// The file, open for writing.
#[derive(Debug)]
pub struct Log {
    folder: PathBuf,
    path: PathBuf,
    file: File,
}

impl Log {
    /// Goes on behind `end`; what a crash left there is cut off.
    pub fn open(folder: &Path, end: &End) -> Result<Log, Problem> {
        let path = folder.join(NAME);
        let io = |error| Problem::io("write", &path, &error);
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(io)?;
        cut(&file, end.length).map_err(io)?;
        Ok(Log { folder: folder.to_owned(), path, file })
    }

    /// Writes a new file with everything in it, in the place of the one that is there.
    pub fn anew(folder: &Path, contents: &Contents) -> Result<(Log, End), Problem> {
        let path = folder.join(NAME);
        let new = folder.join(format!("{NAME}.new"));
        let mut end = End::default();
        let write = || {
            let options = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).clone();
            let mut file = BufWriter::with_capacity(1 << 20, options.open(&new)?);
            let entries: Vec<Vec<Change>> = contents.as_changes().collect();
            let holds = entries.len() as u64;
            file.write_all(&end.sealed(&Head { format: 1, holds })?)?;
            for changes in entries {
                file.write_all(&end.line(changes)?)?;
            }
            let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()?;
            std::fs::rename(&new, &path)?;
            sync_folder(folder)?;
            Ok(file)
        };
        let written: io::Result<File> = { write }();
        let file = written.map_err(|error| Problem::io("write", &path, &error))?;
        Ok((Log { folder: folder.to_owned(), path, file }, end))
    }

    /// Writes lines behind `length` bytes; they are durable when this returns.
    pub fn append(&mut self, length: u64, lines: &[u8]) -> Result<(), Problem> {
        let mut write = || {
            self.file.seek(SeekFrom::Start(length))?;
            self.file.write_all(lines)?;
            self.file.sync_data()
        };
        write().map_err(|error| Problem::io("write", &self.path, &error))
    }

    /// Cuts off what stands behind `length` bytes.
    pub fn cut(&self, length: u64) -> Result<(), Problem> {
        cut(&self.file, length).map_err(|error| Problem::io("write", &self.path, &error))
    }

    /// Whether this is the file that readers find.
    pub fn has_its_name(&self) -> bool {
        match (self.file.metadata(), std::fs::metadata(&self.path)) {
            (Ok(own), Ok(named)) => (own.dev(), own.ino()) == (named.dev(), named.ino()),
            _ => false,
        }
    }

    /// The folder that it is in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

fn cut(file: &File, length: u64) -> io::Result<()> {
    if file.metadata()?.len() > length {
        file.set_len(length)?;
        file.sync_all()?;
    }
    Ok(())
}
