//! What was pushed, kept: a change is in memory at once, and answered when it is on the disk. Changes of requests that
//! come together become durable together. Who reads waits too, until what was read is durable: nobody is ever told what
//! a crash takes back.

use std::fs;
use std::fs::File;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::contents::{Change, Contents};
use super::log::{self, End, Log};
use super::refusal::Refusal;
use super::resources;
use crate::directory::{Problem, lock};

/// The file is written anew when it is longer than this and than twice what that work wrote last.
const LARGE: u64 = 16 << 20;

/// What one system was pushed, open for writing.
pub struct Store {
    memory: RwLock<Memory>,
    /// Taken before `memory` where both are needed.
    disk: Mutex<Disk>,
    /// Held, not read.
    _lock: File,
}

struct Memory {
    contents: Contents,
    /// Behind the last line that was made.
    end: End,
    /// Lines that are not on the disk.
    lines: Vec<u8>,
    /// The number of the last change; goes on when the file is written anew.
    ticket: u64,
}

/// What a transaction is made on.
pub struct Draft<'a> {
    memory: &'a mut Memory,
    /// What the log is to tell.
    told: Vec<String>,
}

impl Draft<'_> {
    pub fn contents(&self) -> &Contents {
        &self.memory.contents
    }

    /// Takes changes up as one transaction.
    ///
    /// # Errors
    /// Never, in practice: JSON of plain data.
    pub fn take(&mut self, changes: Vec<Change>) -> Result<(), Refusal> {
        self.try_on(&changes);
        self.keep(changes)
    }

    /// Shows what changes come to. They must be kept, or undone by others.
    pub fn try_on(&mut self, changes: &[Change]) {
        changes.iter().for_each(|change| self.memory.contents.apply(change));
    }

    /// Makes one transaction of changes that were tried on.
    ///
    /// # Errors
    /// Never, in practice: JSON of plain data.
    pub fn keep(&mut self, changes: Vec<Change>) -> Result<(), Refusal> {
        if changes.is_empty() {
            return Ok(());
        }
        self.told.extend(resources::absent(&self.memory.contents, &changes));
        let line = self.memory.end.line(changes).map_err(|error| Refusal::new(500, error.to_string()))?;
        self.memory.lines.extend_from_slice(&line);
        self.memory.ticket += 1;
        Ok(())
    }
}

struct Disk {
    log: Log,
    /// Up to here, in bytes and in tickets, all is durable.
    length: u64,
    durable: u64,
    /// Tickets whose changes were taken back, since they could not be written: from behind the first, up to the second.
    lost: Vec<(u64, u64)>,
    large: u64,
    rewrite_at: u64,
    /// Why nothing more can be written.
    broken: Option<Problem>,
}

impl Store {
    /// Locks the folder for writing, makes it where there is none, and reads what is there.
    ///
    /// # Errors
    /// Where another process has it, or the file is damaged.
    pub fn open(folder: &Path) -> Result<Store, Problem> {
        Store::with(folder, LARGE)
    }

    /// The file is written anew when it is longer than this.
    pub(super) fn with(folder: &Path, large: u64) -> Result<Store, Problem> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| Problem::io("make", folder, &error))?;
        let lock = lock(folder)?;
        let ignore = folder.join(".gitignore");
        if !ignore.exists() {
            // Personal data, and no part of the configuration.
            fs::write(&ignore, "*\n").map_err(|error| Problem::io("write", &ignore, &error))?;
        }
        let (contents, end, log) = match log::read(folder)? {
            Some((contents, end)) => {
                let log = Log::open(folder, &end)?;
                (contents, end, log)
            }
            None => {
                let (log, end) = Log::anew(folder, &Contents::default())?;
                (Contents::default(), end, log)
            }
        };
        let length = end.length;
        let disk = Disk { log, length, durable: 0, lost: Vec::new(), large, rewrite_at: large, broken: None };
        let memory = Memory { contents, end, lines: Vec::new(), ticket: 0 };
        Ok(Store { memory: RwLock::new(memory), disk: Mutex::new(disk), _lock: lock })
    }

    /// What `look` makes of the contents, once these are durable.
    ///
    /// # Errors
    /// 503 where they cannot be written, and what `look` says.
    pub fn read<T>(&self, look: impl FnOnce(&Contents) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let (seen, ticket) = {
            let memory = self.shared();
            (look(&memory.contents), memory.ticket)
        };
        self.durable(ticket)?;
        seen
    }

    /// Decides on the contents as they are what to change, makes that durable, and shows what came of it; and what the log
    /// is to tell.
    ///
    /// # Errors
    /// What `decide` says; 503 where it cannot be written: then nothing was changed.
    pub fn write<S>(
        &self,
        decide: impl FnOnce(&Contents) -> Result<Vec<Change>, Refusal>,
        show: impl FnOnce(&Contents) -> S,
    ) -> Result<(S, Vec<String>), Refusal> {
        let (shown, told) = self.transact(|draft| {
            let changes = decide(draft.contents())?;
            draft.take(changes)?;
            Ok::<S, Refusal>(show(draft.contents()))
        })?;
        Ok((shown?, told))
    }

    /// Makes transactions, one after the other, while nobody else changes or sees anything; answers when all of them are
    /// durable, and says what the log is to tell.
    ///
    /// # Errors
    /// 503 where they cannot be written: then nothing was changed.
    pub fn transact<T>(&self, work: impl FnOnce(&mut Draft<'_>) -> T) -> Result<(T, Vec<String>), Refusal> {
        let (done, told, ticket) = {
            let mut memory = self.exclusive();
            let mut draft = Draft { memory: &mut memory, told: Vec::new() };
            let done = work(&mut draft);
            let told = draft.told;
            (done, told, memory.ticket)
        };
        self.durable(ticket)?;
        Ok((done, told))
    }

    /// Waits until everything up to this ticket is on the disk. Who comes first writes for all.
    fn durable(&self, ticket: u64) -> Result<(), Problem> {
        let mut disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(broken) = &disk.broken {
            return Err(broken.clone());
        }
        if disk.durable < ticket {
            self.flush(&mut disk)?;
        }
        match disk.lost.iter().any(|(after, to)| *after < ticket && ticket <= *to) {
            true => Err(Problem::new("it could not be written to the disk, and nothing was changed", "try again")),
            false => Ok(()),
        }
    }

    fn flush(&self, disk: &mut MutexGuard<'_, Disk>) -> Result<(), Problem> {
        let (lines, ticket) = {
            let mut memory = self.exclusive();
            (std::mem::take(&mut memory.lines), memory.ticket)
        };
        let length = disk.length;
        match disk.log.append(length, &lines) {
            Ok(()) => {
                disk.length += lines.len() as u64;
                disk.durable = ticket;
            }
            Err(problem) => {
                let mut memory = self.exclusive();
                let after = disk.durable;
                disk.lost.push((after, memory.ticket));
                // Those whose changes were lost a thousand failures ago have heard of it.
                if disk.lost.len() > 1_000 {
                    disk.lost.remove(0);
                }
                // Who comes from now on sees what is certain.
                memory.ticket += 1;
                disk.durable = memory.ticket;
                memory.lines.clear();
                // Back to what is certain; where that is not to be had, nothing is answered any more.
                let back = disk.log.cut(length).and_then(|()| log::read(disk.log.folder()));
                match back {
                    Ok(Some((contents, end))) if end.length == length => {
                        memory.contents = contents;
                        memory.end = end;
                    }
                    _ => disk.broken = Some(problem.clone()),
                }
                return Err(problem);
            }
        }
        if disk.length > disk.rewrite_at {
            // All is on the disk already: where this fails, the long file goes on.
            let _ = self.rewrite(disk);
        }
        Ok(())
    }

    /// Writes the file anew, with what is there now and nothing of how it came about.
    fn rewrite(&self, disk: &mut MutexGuard<'_, Disk>) -> Result<(), Problem> {
        let mut memory = self.exclusive();
        let folder = disk.log.folder().to_owned();
        match Log::anew(&folder, &memory.contents) {
            Ok((log, end)) => {
                disk.log = log;
                disk.length = end.length;
                disk.durable = memory.ticket;
                memory.end = end;
                memory.lines.clear();
                disk.rewrite_at = disk.large.max(disk.length.saturating_mul(2));
                Ok(())
            }
            Err(problem) => {
                disk.rewrite_at = disk.length.saturating_mul(2);
                // It may have its name already: what is written to the old one from now on nobody would find.
                if !disk.log.has_its_name() {
                    disk.broken = Some(problem.clone());
                }
                Err(problem)
            }
        }
    }

    fn shared(&self) -> RwLockReadGuard<'_, Memory> {
        self.memory.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn exclusive(&self) -> RwLockWriteGuard<'_, Memory> {
        self.memory.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing was changed, since it could not be kept.
impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Refusal {
        Refusal::new(503, format!("{} ({})", problem.message, problem.hint))
    }
}
