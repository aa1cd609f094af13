//! Files of a configuration, changed all together or not at all.
//!
//! The new texts are written beside the old ones and flushed. Then a journal (`.tenure-accept`) names them all, and is
//! flushed: from here on the change stands. Then each takes the place of its old one, and the journal goes. Killed before
//! the journal stands, nothing was changed, but for hidden files that the next one overwrites. Killed after it,
//! whoever reads the configuration is told, and the next `tenure accept` puts the rest in its place first. A file that
//! somebody changed meanwhile is never overwritten.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use state::Digest;

use super::Failure;

/// The journal's name in the configuration folder.
pub const JOURNAL: &str = ".tenure-accept";

/// One file and its new text.
pub struct Rewrite {
    /// Where it is, links resolved.
    pub path: PathBuf,
    pub before: Vec<u8>,
    pub after: Vec<u8>,
}

/// The right to change files of a folder: one process has it at a time.
pub struct Rewriting {
    folder: PathBuf,
    journal: File,
    /// How many files were put in their place that an earlier one, which was killed, left.
    pub finished: usize,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    path: PathBuf,
    before: Digest,
    after: Digest,
}

/// Whether an earlier change was left half done (or one is under way).
pub fn is_unfinished(folder: &Path) -> bool {
    fs::metadata(folder.join(JOURNAL)).is_ok_and(|metadata| metadata.len() > 0)
}

impl Rewriting {
    /// Begins, and finishes what an earlier one left.
    ///
    /// # Errors
    /// Where another process is at it, the folder cannot be written, or what was left does not fit what is there.
    pub fn begin(folder: &Path) -> Result<Rewriting, Failure> {
        let path = folder.join(JOURNAL);
        let cannot = |error: std::io::Error| {
            Failure::new(format!("cannot write in {}: {error}", folder.display()))
                .hint("nothing was changed; `tenure accept --patch` needs no right to write")
        };
        let journal = loop {
            let journal = File::options().create(true).truncate(false).read(true).write(true).open(&path);
            let journal = journal.map_err(cannot)?;
            match journal.try_lock() {
                Ok(()) => {}
                Err(fs::TryLockError::WouldBlock) => {
                    return Err(Failure::new("another `tenure accept` is at work in this folder").hint("wait for it"));
                }
                Err(fs::TryLockError::Error(error)) => return Err(cannot(error)),
            }
            // Whoever had it before may have taken the file away between opening and locking.
            let own = journal.metadata().map_err(cannot)?;
            if fs::metadata(&path).is_ok_and(|there| (there.dev(), there.ino()) == (own.dev(), own.ino())) {
                break journal;
            }
        };
        let mut rewriting = Rewriting { folder: folder.to_owned(), journal, finished: 0 };
        rewriting.finished = rewriting.finish()?;
        Ok(rewriting)
    }

    /// Changes these files, all or none.
    ///
    /// # Errors
    /// Where one cannot be written or was changed since it was read: then none is changed.
    pub fn write(mut self, files: &[Rewrite]) -> Result<(), Failure> {
        let beside = files.iter().try_for_each(prepare).and_then(|()| files.iter().try_for_each(is_as_read));
        if let Err(failure) = beside {
            for file in files {
                let _ = fs::remove_file(beside_of(&file.path)); // hidden, and overwritten by the next one
            }
            return Err(failure);
        }
        let entry = |file: &Rewrite| Entry {
            path: file.path.clone(),
            before: Digest::of(&file.before),
            after: Digest::of(&file.after),
        };
        let entries: Vec<Entry> = files.iter().map(entry).collect();
        let cannot = |error: std::io::Error| self.cannot(&error);
        let text = serde_json::to_vec(&entries).map_err(|error| cannot(error.into()))?;
        (&self.journal).write_all(&text).and_then(|()| self.journal.sync_all()).map_err(cannot)?;
        flush(&self.folder).map_err(cannot)?;
        self.finish().map(drop)
    }

    /// Puts every file that the journal names in its place, and empties the journal.
    fn finish(&mut self) -> Result<usize, Failure> {
        let mut text = Vec::new();
        let read = self.journal.rewind().and_then(|()| self.journal.read_to_end(&mut text));
        read.map_err(|error| self.cannot(&error))?;
        // Cut off while it was written: it never stood, and nothing was put in its place.
        let entries: Vec<Entry> = serde_json::from_slice(&text).unwrap_or_default();
        for Entry { path, before, after } in &entries {
            let beside = beside_of(path);
            let there = fs::read(path).map(|bytes| Digest::of(&bytes)).ok();
            let new = fs::read(&beside).map(|bytes| Digest::of(&bytes)).ok();
            if there == Some(*after) {
                let _ = fs::remove_file(&beside); // of no use any more
            } else if there == Some(*before) && new == Some(*after) {
                let folder = path.parent().unwrap_or(Path::new("."));
                let put = fs::rename(&beside, path).and_then(|()| flush(folder));
                put.map_err(|error| self.cannot(&error))?;
            } else {
                return Err(Failure::new(format!(
                    "an earlier `tenure accept` was interrupted, and {} was changed since",
                    path.display()
                ))
                .hint(format!(
                    "compare it with {} and the other files of that change, put right what is missing, then delete {}",
                    beside.display(),
                    self.folder.join(JOURNAL).display()
                )));
            }
        }
        self.journal.set_len(0).and_then(|()| self.journal.sync_all()).map_err(|error| self.cannot(&error))?;
        self.journal.rewind().map_err(|error| self.cannot(&error))?;
        Ok(entries.len())
    }

    fn cannot(&self, error: &std::io::Error) -> Failure {
        Failure::new(format!("cannot change files below {}: {error}", self.folder.display()))
            .hint("run `tenure accept` again: it finishes what it began, or has changed nothing")
    }
}

impl Drop for Rewriting {
    fn drop(&mut self) {
        // An empty journal says nothing; one with something in it stays.
        if self.journal.metadata().is_ok_and(|metadata| metadata.len() == 0) {
            let _ = fs::remove_file(self.folder.join(JOURNAL));
        }
    }
}

/// `people.csv` to `.people.csv.tenure-accept`, in the same folder.
fn beside_of(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!(".{name}{JOURNAL}"))
}

fn prepare(file: &Rewrite) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| {
        Failure::new(format!("cannot change {}: {error}", file.path.display()))
            .hint("nothing was changed; `tenure accept --patch` needs no right to write")
    };
    let permissions = fs::metadata(&file.path).map_err(cannot)?.permissions();
    if permissions.readonly() {
        return Err(cannot(std::io::Error::other("it is read-only")));
    }
    let mut beside = File::create(beside_of(&file.path)).map_err(cannot)?;
    beside.set_permissions(permissions).map_err(cannot)?;
    beside.write_all(&file.after).and_then(|()| beside.sync_all()).map_err(cannot)
}

fn is_as_read(file: &Rewrite) -> Result<(), Failure> {
    match fs::read(&file.path) {
        Ok(bytes) if bytes == file.before => Ok(()),
        _ => Err(Failure::new(format!("{} was changed while `tenure accept` was at work", file.path.display()))
            .hint("nothing was changed by it; run it again")),
    }
}

fn flush(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn folder() -> (tempfile::TempDir, impl Fn(&str) -> Rewrite) {
        let root = tempfile::tempdir().unwrap();
        for name in ["a.hcl", "b.csv"] {
            fs::write(root.path().join(name), format!("old {name}")).unwrap();
        }
        let path = root.path().to_owned();
        let rewrite = move |name: &str| Rewrite {
            path: path.join(name),
            before: format!("old {name}").into_bytes(),
            after: format!("new {name}").into_bytes(),
        };
        (root, rewrite)
    }

    /// The files by name, the visible ones with what is in them.
    fn seen(root: &Path) -> String {
        let mut names: Vec<String> = fs::read_dir(root)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| match entry.file_name().to_string_lossy() {
                name if name.starts_with('.') => name.into_owned(),
                name => format!("{name}: {}", fs::read_to_string(entry.path()).unwrap()),
            })
            .collect();
        names.sort();
        names.join("; ")
    }

    #[test]
    fn all_files_are_changed() {
        let (root, rewrite) = folder();
        fs::set_permissions(root.path().join("b.csv"), fs::Permissions::from_mode(0o640)).unwrap();
        Rewriting::begin(root.path()).unwrap().write(&[rewrite("a.hcl"), rewrite("b.csv")]).unwrap();
        assert_eq!(seen(root.path()), "a.hcl: new a.hcl; b.csv: new b.csv");
        let mode = fs::metadata(root.path().join("b.csv")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }

    #[test]
    fn none_is_changed_where_one_cannot_be() {
        let (root, rewrite) = folder();
        let b = root.path().join("b.csv");
        let write = || {
            let files = [rewrite("a.hcl"), rewrite("b.csv")];
            Rewriting::begin(root.path()).unwrap().write(&files).unwrap_err().message
        };
        fs::write(&b, "by hand").unwrap();
        assert!(write().contains("b.csv was changed while"));
        assert_eq!(seen(root.path()), "a.hcl: old a.hcl; b.csv: by hand");
        fs::write(&b, "old b.csv").unwrap();
        fs::set_permissions(&b, fs::Permissions::from_mode(0o444)).unwrap();
        assert!(write().contains("it is read-only"));
        fs::remove_file(&b).unwrap();
        assert!(write().contains("No such file"));
        assert_eq!(seen(root.path()), "a.hcl: old a.hcl");
    }

    #[test]
    fn one_is_at_work_at_a_time() {
        let (root, _) = folder();
        let first = Rewriting::begin(root.path()).unwrap();
        assert!(Rewriting::begin(root.path()).err().unwrap().message.contains("another `tenure accept`"));
        drop(first);
        assert_eq!(Rewriting::begin(root.path()).unwrap().finished, 0);
        assert_eq!(seen(root.path()), "a.hcl: old a.hcl; b.csv: old b.csv");
    }

    /// What a process leaves that is killed after the journal stands and `put` of the files are in their place.
    fn killed(root: &Path, files: &[Rewrite], put: usize) {
        let entry = |file: &Rewrite| Entry {
            path: file.path.clone(),
            before: Digest::of(&file.before),
            after: Digest::of(&file.after),
        };
        for (at, file) in files.iter().enumerate() {
            if at < put { fs::write(&file.path, &file.after).unwrap() } else { prepare(file).unwrap() }
        }
        let entries: Vec<Entry> = files.iter().map(entry).collect();
        fs::write(root.join(JOURNAL), serde_json::to_vec(&entries).unwrap()).unwrap();
    }

    #[test]
    fn a_killed_one_is_finished() {
        for put in 0..=2 {
            let (root, rewrite) = folder();
            killed(root.path(), &[rewrite("a.hcl"), rewrite("b.csv")], put);
            assert!(is_unfinished(root.path()));
            assert_eq!(Rewriting::begin(root.path()).unwrap().finished, 2);
            assert_eq!(seen(root.path()), "a.hcl: new a.hcl; b.csv: new b.csv", "{put}");
        }
        // Killed while the journal was being written: nothing had been put in its place.
        let (root, rewrite) = folder();
        killed(root.path(), &[rewrite("a.hcl"), rewrite("b.csv")], 0);
        let text = fs::read(root.path().join(JOURNAL)).unwrap();
        fs::write(root.path().join(JOURNAL), &text[..text.len() / 2]).unwrap();
        assert_eq!(Rewriting::begin(root.path()).unwrap().finished, 0);
        assert!(seen(root.path()).contains("a.hcl: old a.hcl; b.csv: old b.csv"));
        Rewriting::begin(root.path()).unwrap().write(&[rewrite("a.hcl"), rewrite("b.csv")]).unwrap();
        assert_eq!(seen(root.path()), "a.hcl: new a.hcl; b.csv: new b.csv");
    }

    #[test]
    fn what_was_changed_after_a_kill_is_not_overwritten() {
        let (root, rewrite) = folder();
        killed(root.path(), &[rewrite("a.hcl"), rewrite("b.csv")], 1);
        fs::write(root.path().join("b.csv"), "by hand").unwrap();
        let failure = Rewriting::begin(root.path()).err().unwrap();
        assert!(failure.message.contains("b.csv was changed since"), "{failure}");
        assert!(is_unfinished(root.path()));
        assert_eq!(fs::read_to_string(root.path().join("b.csv")).unwrap(), "by hand");
    }
}
