//! A record in memory, behind the same traits as the file: with a lock that ends with its process, a disk that can be
//! full, and lines that are torn when their writer dies.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use state::Digest;
use state::record::Chain;

use crate::edge::store::{Guard, Repair};
use crate::edge::{Failure, Head, Holder, Session, Store};

/// What a disk holds.
#[derive(Debug, Default)]
struct Disk {
    bytes: Vec<u8>,
    head: Option<(u64, Digest)>,
    snapshot: Option<Vec<u8>>,
    /// Who holds the lock: the number of the session.
    holder: Option<u64>,
    sessions: u64,
    /// The next append writes so many bytes and no more.
    room: Option<usize>,
}

/// A record in memory. Clones are the same record.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Mutex<Disk>>);

impl MemoryStore {
    /// A record that begins with these bytes.
    pub fn new(bytes: Vec<u8>) -> MemoryStore {
        MemoryStore(Arc::new(Mutex::new(Disk { bytes, ..Disk::default() })))
    }

    /// All its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.disk().bytes.clone()
    }

    /// Other bytes in their place.
    pub(super) fn put(&self, bytes: Vec<u8>) {
        self.disk().bytes = bytes;
    }

    /// The next append writes so many of its bytes, and fails: the disk is full, or the process dies there.
    pub fn tear(&self, after: usize) {
        self.disk().room = Some(after);
    }

    /// Whoever holds the lock is gone, or its lock file is.
    pub fn break_lock(&self) {
        self.disk().holder = None;
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const NAME: &str = "the simulated state file";

impl Store for MemoryStore {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn exists(&self) -> Result<bool, Failure> {
        Ok(!self.disk().bytes.is_empty())
    }

    fn create(&self, record: &[u8]) -> Result<(), Failure> {
        self.put(record.to_vec());
        Ok(())
    }

    fn load(&self) -> Result<Vec<u8>, Failure> {
        Ok(self.bytes())
    }

    fn remembered(&self) -> Option<Head> {
        self.disk().head.map(|(line, digest)| Head { line, digest, known_from: NAME.to_owned() })
    }

    fn keeps_snapshots(&self) -> bool {
        true
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        self.disk().snapshot.clone()
    }

    fn keep_snapshot(&self, snapshot: &[u8]) {
        self.disk().snapshot = Some(snapshot.to_vec());
    }

    fn lock(&self, _: &Holder, _: Duration) -> Result<Box<dyn Session>, Failure> {
        let mut disk = self.disk();
        if disk.holder.is_some() {
            return Err(Failure::new("the state file is locked by another process"));
        }
        disk.sessions += 1;
        let number = disk.sessions;
        disk.holder = Some(number);
        let length = disk.bytes.len();
        Ok(Box::new(MemorySession { store: self.clone(), number, length, repair: Repair::Nothing, broken: None }))
    }
}

struct MemorySession {
    store: MemoryStore,
    number: u64,
    length: usize,
    repair: Repair,
    broken: Option<Failure>,
}

impl Session for MemorySession {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn load(&mut self) -> Result<Vec<u8>, Failure> {
        let bytes = self.store.bytes();
        self.length = bytes.len();
        Ok(bytes)
    }

    fn repair(&mut self, repair: Repair) {
        self.repair = repair;
    }

    fn append(&mut self, batch: &[u8]) -> Result<(), Failure> {
        if let Some(failure) = &self.broken {
            return Err(failure.clone());
        }
        let mut disk = self.store.disk();
        let failure = if engine::mutations::on("lock-ignored") {
            self.length = disk.bytes.len();
            None
        } else if disk.holder != Some(self.number) {
            Some("the state file lost its lock file while it was locked: nothing more is written to it")
        } else if disk.bytes.len() != self.length {
            Some("the state file was written to by somebody else while it was locked: nothing more is written to it")
        } else {
            None
        };
        if let Some(failure) = failure {
            self.broken = Some(Failure::new(failure));
            return Err(Failure::new(failure));
        }
        match std::mem::replace(&mut self.repair, Repair::Nothing) {
            Repair::Nothing => {}
            Repair::Cut { keep, .. } => disk.bytes.truncate(usize::try_from(keep).unwrap_or(usize::MAX)),
            Repair::End { keep } => {
                disk.bytes.truncate(usize::try_from(keep).unwrap_or(usize::MAX));
                disk.bytes.push(b'\n');
            }
        }
        if let Some(room) = disk.room.take() {
            disk.bytes.extend(batch.iter().take(room));
            let failure =
                Failure::new("cannot write to the state file: no space left on device; nothing more is called");
            self.broken = Some(failure.clone());
            return Err(failure);
        }
        disk.bytes.extend_from_slice(batch);
        self.length = disk.bytes.len();
        Ok(())
    }

    fn replace(&mut self, _: &[u8]) -> Result<String, Failure> {
        Err(Failure::new("a simulated state file is not archived"))
    }

    fn remember(&mut self, chain: &Chain) {
        self.store.disk().head = Some((chain.line, chain.head));
    }

    fn guard(&self) -> Guard {
        let (store, number) = (self.store.clone(), self.number);
        Arc::new(move || match store.disk().holder {
            Some(holder) if holder == number => Ok(()),
            _ => Err(Failure::new("the state file lost its lock file: nothing more is called")),
        })
    }
}

impl Drop for MemorySession {
    fn drop(&mut self) {
        let mut disk = self.store.disk();
        if disk.holder == Some(self.number) {
            disk.holder = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use state::Timestamp;

    fn holder() -> Holder {
        let since = Timestamp::from_millis(0);
        Holder { user: "ada".into(), host: "here".into(), pid: 1, since, command: "apply".into() }
    }

    #[test]
    fn one_holds_it_and_writes_as_long_as_the_disk_has_room() {
        let store = MemoryStore::new(b"a\n".to_vec());
        let mut session = store.lock(&holder(), Duration::ZERO).unwrap();
        assert!(store.lock(&holder(), Duration::ZERO).is_err());
        session.append(b"b\n").unwrap();
        store.tear(1);
        assert!(session.append(b"cd\n").is_err());
        assert!(session.append(b"e\n").is_err(), "nothing more is written");
        assert_eq!(store.bytes(), b"a\nb\nc");
        drop(session);
        store.lock(&holder(), Duration::ZERO).unwrap();
    }

    #[test]
    fn whoever_lost_the_lock_writes_nothing_more() {
        let store = MemoryStore::new(b"a\n".to_vec());
        let mut first = store.lock(&holder(), Duration::ZERO).unwrap();
        store.break_lock();
        let mut second = store.lock(&holder(), Duration::ZERO).unwrap();
        second.append(b"b\n").unwrap();
        assert!(first.append(b"c\n").is_err());
        drop(first);
        assert!(store.lock(&holder(), Duration::ZERO).is_err(), "the second holds it still");
    }
}
