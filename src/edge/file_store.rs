//! A record in a file: format 1, for one host.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use state::record::Chain;

use super::filesystem::{PRIVATE, beside, flush_folder, folder_of, help, network_file_system, write_new};
use super::lock::{Holder, Lock};
use super::store::{Guard, Repair, Session, Store};
use super::{Failure, Head, head};

/// A state file.
#[derive(Clone, Debug)]
pub struct FileStore {
    path: PathBuf,
}

impl FileStore {
    /// The state file at `path`; links are followed once, here, so that it and what stands beside it stay together.
    pub fn new(path: impl Into<PathBuf>) -> FileStore {
        let path = path.into();
        FileStore { path: std::fs::canonicalize(&path).unwrap_or(path) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn local(&self) -> Result<(), Failure> {
        match network_file_system(folder_of(&self.path)) {
            Some(kind) => Err(Failure::new(format!(
                "the state file {} is on a network file system ({kind}), where locks and flushes cannot be relied upon",
                self.path.display()
            ))
            .hint("keep the state file on a disk of this host: `state` in the settings block names it")),
            None => Ok(()),
        }
    }

    fn open(&self, options: &OpenOptions, to: &str) -> Result<(File, Metadata), Failure> {
        let path = self.path.display();
        let metadata = std::fs::metadata(&self.path).map_err(|error| cannot(to, &self.path, &error))?;
        if !metadata.is_file() {
            return Err(Failure::new(format!("{path} is not a file: it cannot be a state file")));
        }
        let file = options.open(&self.path).map_err(|error| cannot(to, &self.path, &error))?;
        let metadata = file.metadata().map_err(|error| cannot(to, &self.path, &error))?;
        Ok((file, metadata))
    }
}

impl Store for FileStore {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn exists(&self) -> Result<bool, Failure> {
        self.path.try_exists().map_err(|error| cannot("read", &self.path, &error))
    }

    fn create(&self, record: &[u8]) -> Result<(), Failure> {
        let cannot =
            |error: io::Error| Failure::new(format!("cannot create the state file {}: {error}", self.path.display()));
        let exists = || {
            Failure::new(format!("there is a state file already: {}", self.path.display()))
                .hint("`tenure state archive` starts a new one that continues it")
        };
        if std::fs::symlink_metadata(&self.path).is_ok() {
            return Err(exists());
        }
        let folder = folder_of(&self.path);
        std::fs::create_dir_all(folder).map_err(cannot)?;
        self.local()?;
        // A head that an earlier file of this name left behind says nothing about the new one.
        let _ = std::fs::remove_file(beside(&self.path, ".head"));
        // Whole before it has its name: a crash leaves no empty state file behind.
        let file = tempfile::Builder::new()
            .permissions(PermissionsExt::from_mode(PRIVATE))
            .tempfile_in(folder)
            .map_err(cannot)?;
        file.as_file().write_all(record).and_then(|()| file.as_file().sync_all()).map_err(cannot)?;
        file.persist_noclobber(&self.path).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => exists(),
            _ => cannot(error.error),
        })?;
        flush_folder(folder).map_err(cannot)
    }

    fn load(&self) -> Result<Vec<u8>, Failure> {
        let (mut file, metadata) = self.open(OpenOptions::new().read(true), "read")?;
        read(&mut file, metadata.len()).map_err(|error| cannot("read", &self.path, &error))
    }

    fn blocks(&self, take: &mut dyn FnMut(Vec<u8>) -> bool) -> Result<(), Failure> {
        let (mut file, _) = self.open(OpenOptions::new().read(true), "read")?;
        blocks(&mut file, take).map_err(|error| cannot("read", &self.path, &error))?;
        Ok(())
    }

    fn remembered(&self) -> Option<Head> {
        head::read(&beside(&self.path, ".head"))
    }

    fn keeps_snapshots(&self) -> bool {
        true
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        std::fs::read(beside(&self.path, ".fold")).ok()
    }

    fn keep_snapshot(&self, snapshot: &[u8]) {
        help(&beside(&self.path, ".fold"), snapshot);
    }

    fn lock(&self, holder: &Holder, wait: Duration) -> Result<Box<dyn Session>, Failure> {
        self.local()?;
        // Before the lock: where there is no state file, none of the files beside it is to be made either.
        self.open(OpenOptions::new().read(true), "read")?;
        let lock = Lock::take(&beside(&self.path, ".lock"), holder, wait)?;
        let (file, metadata) = self.open(OpenOptions::new().read(true).append(true), "write to")?;
        if metadata.mode() & 0o077 != 0 {
            // A checkout or a copy may have opened it to others; where it belongs to somebody else, that is theirs.
            let _ = file.set_permissions(PermissionsExt::from_mode(PRIVATE));
        }
        let (path, length) = (self.path.clone(), metadata.len());
        let lock = Arc::new(lock);
        Ok(Box::new(FileSession { path, file, length, repair: Repair::Nothing, broken: None, lock }))
    }
}

struct FileSession {
    path: PathBuf,
    file: File,
    /// How long the file was when it was read, and is after each append of ours.
    length: u64,
    repair: Repair,
    /// What failed once: nothing is appended any more.
    broken: Option<Failure>,
    lock: Arc<Lock>,
}

impl Session for FileSession {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn load(&mut self) -> Result<Vec<u8>, Failure> {
        let bytes = self
            .file
            .seek(SeekFrom::Start(0))
            .and_then(|_| read(&mut self.file, self.length))
            .map_err(|error| cannot("read", &self.path, &error))?;
        self.length = bytes.len() as u64;
        Ok(bytes)
    }

    fn blocks(&mut self, take: &mut dyn FnMut(Vec<u8>) -> bool) -> Result<(), Failure> {
        let read = self.file.seek(SeekFrom::Start(0)).and_then(|_| blocks(&mut self.file, take));
        self.length = read.map_err(|error| cannot("read", &self.path, &error))?;
        Ok(())
    }

    fn repair(&mut self, repair: Repair) {
        self.repair = repair;
    }

    fn append(&mut self, batch: &[u8]) -> Result<(), Failure> {
        if let Some(failure) = &self.broken {
            return Err(failure.clone());
        }
        let appended = self.unchanged().and_then(|()| {
            self.put_right()
                .and_then(|()| (&self.file).write_all(batch))
                .and_then(|()| self.file.sync_data())
                .map_err(|error| unwritten(&self.path, &error))
        });
        match appended {
            Ok(()) => self.length += batch.len() as u64,
            Err(failure) => self.broken = Some(failure.clone()),
        }
        self.broken.clone().map_or(Ok(()), Err)
    }

    fn replace(&mut self, bytes: &[u8]) -> Result<String, Failure> {
        self.unchanged()?;
        let replaced = self.archive(bytes);
        // What was kept of the old one is of no use for the new one.
        let _ = std::fs::remove_file(beside(&self.path, ".fold"));
        // The handle is the old file's: whoever goes on writing must open the new one.
        self.broken = Some(Failure::new(format!("{} was archived meanwhile", self.path.display())));
        replaced.map_err(|error| {
            Failure::new(format!("cannot archive {}: {error}", self.path.display()))
                .hint("the state file stands as it was; make room, or look at the rights of its folder, and try again")
        })
    }

    fn remember(&mut self, chain: &Chain) {
        head::keep(&beside(&self.path, ".head"), chain.line, chain.head);
    }

    /// The operating system keeps the lock as long as this process has it; but whoever removes its file lets others in.
    fn guard(&self) -> Guard {
        let (lock, path) = (Arc::clone(&self.lock), self.path.clone());
        Arc::new(move || match lock.stands() {
            true => Ok(()),
            false => Err(Failure::new(format!("{} lost its lock file: nothing more is called", path.display()))
                .hint("find out what touched it; then `tenure state verify`")),
        })
    }
}

impl FileSession {
    /// Whether the file is the one that was read, and as long.
    fn unchanged(&self) -> Result<(), Failure> {
        let path = self.path.display();
        let stop = |what: &str| {
            Err(Failure::new(format!("{path} {what} while it was locked: nothing more is written to it"))
                .hint("find out what touched it; then `tenure state verify`"))
        };
        let own = self.file.metadata().map_err(|error| cannot("write to", &self.path, &error))?;
        match std::fs::metadata(&self.path) {
            Ok(named) if (named.dev(), named.ino()) != (own.dev(), own.ino()) => stop("was replaced by another file"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => stop("was removed or renamed"),
            Err(error) => Err(cannot("write to", &self.path, &error)),
            Ok(_) if own.len() < self.length => stop("became shorter"),
            Ok(_) if own.len() > self.length => stop("was written to by somebody else"),
            Ok(_) if !self.lock.stands() => stop("lost its lock file"),
            Ok(_) => Ok(()),
        }
    }

    /// What an interrupted write left behind is kept aside, then cut off.
    fn put_right(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.repair, Repair::Nothing) {
            Repair::Nothing => {}
            Repair::Cut { keep, line } => {
                let mut torn = vec![0; usize::try_from(self.length.saturating_sub(keep)).unwrap_or(0)];
                self.file.read_exact_at(&mut torn, keep)?;
                keep_aside(&self.path, line, &torn)?;
                self.file.set_len(keep)?;
                self.length = keep;
            }
            Repair::End { keep } => {
                self.file.set_len(keep)?;
                (&self.file).write_all(b"\n")?;
                self.length = keep + 1;
            }
        }
        Ok(())
    }

    /// The new file is whole and flushed before it takes the old one's name, and the old one has its second name
    /// before it loses its first.
    fn archive(&self, bytes: &[u8]) -> io::Result<String> {
        let fresh = beside(&self.path, ".new");
        match std::fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let own = self.file.metadata()?;
        let mut number = 1u32;
        let former = loop {
            let former = beside(&self.path, &format!(".{number}"));
            match std::fs::metadata(&former) {
                // An archiving that was interrupted had got as far as this.
                Ok(named) if (named.dev(), named.ino()) == (own.dev(), own.ino()) => break former,
                Ok(_) => number += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    // Where a file system has no second names, a flushed copy does as well.
                    if std::fs::hard_link(&self.path, &former).is_err() {
                        write_new(&former, &std::fs::read(&self.path)?)?;
                    }
                    break former;
                }
                Err(error) => return Err(error),
            }
        };
        write_new(&fresh, bytes)?;
        flush_folder(folder_of(&self.path))?;
        std::fs::rename(&fresh, &self.path)?;
        flush_folder(folder_of(&self.path))?;
        Ok(former.display().to_string())
    }
}

/// Writes the torn beginning of a line beside the state file: `acme.tenure.torn-1042`.
fn keep_aside(path: &Path, line: u64, torn: &[u8]) -> io::Result<()> {
    let name = beside(path, &format!(".torn-{line}"));
    for attempt in 0u32.. {
        let name = if attempt == 0 { name.clone() } else { beside(&name, &format!("-{attempt}")) };
        match write_new(&name, torn) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => return other.and_then(|()| flush_folder(folder_of(path))),
        }
    }
    Ok(())
}

fn read(file: &mut File, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0).saturating_add(1));
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Bytes that are read at once.
const BLOCK: u64 = 1 << 18;

/// Reads a file to its end, or until no more is wanted; how many bytes that were.
fn blocks(file: &mut File, take: &mut dyn FnMut(Vec<u8>) -> bool) -> io::Result<u64> {
    let (mut length, mut rest) = (0, Vec::new());
    loop {
        let mut block = Vec::with_capacity(rest.len() + BLOCK as usize);
        block.append(&mut rest);
        let read = Read::by_ref(file).take(BLOCK).read_to_end(&mut block)?;
        length += read as u64;
        if read == 0 {
            if !block.is_empty() {
                take(block);
            }
            return Ok(length);
        }
        // Whole lines, which nobody has to copy to put them together.
        rest = block.split_off(memchr::memrchr(b'\n', &block).map_or(0, |end| end + 1));
        if !block.is_empty() && !take(block) {
            return Ok(length);
        }
    }
}

fn cannot(to: &str, path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    if error.kind() == io::ErrorKind::NotFound {
        return Failure::new(format!("there is no state file at {path}"))
            .hint("`tenure init` starts one; where there was one, put it back: without it tenure knows nothing");
    }
    let failure = Failure::new(format!("cannot {to} the state file {path}: {error}"));
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            failure.hint("it must belong to whoever runs tenure, with mode 0600, on a disk that can be written")
        }
        _ => failure,
    }
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot write to the state file {}: {error}; nothing more is called", path.display()))
        .hint("make the disk right (room, rights), then plan again: what is in doubt is looked at first")
}
