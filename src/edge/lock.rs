//! The lock: a file beside the state file, locked by the operating system, so that the lock dies with its holder. The
//! file stays, and says who holds it; there is no command that breaks it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use state::Timestamp;

use super::Failure;
use super::filesystem::PRIVATE;

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub user: String,
    pub host: String,
    pub pid: u32,
    pub since: Timestamp,
    /// What runs: `tenure apply`.
    pub command: String,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Holder { user, host, pid, since, command } = self;
        write!(f, "{user} on {host} (process {pid}, `{command}`, since {since})")
    }
}

/// How often a lock that is held is tried again: `flock` itself knows no timeout.
const PAUSE: Duration = Duration::from_millis(100);

/// A held lock; given back when dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock at `path`, and waits up to `wait` for it.
    ///
    /// # Errors
    /// Where somebody else holds it (the message says who), or the file cannot be made.
    pub fn take(path: &Path, holder: &Holder, wait: Duration) -> Result<Lock, Failure> {
        let begun = Instant::now();
        loop {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(PRIVATE)
                .open(path)
                .map_err(|error| unusable(path, &error))?;
            match file.try_lock() {
                Ok(()) => {
                    let lock = Lock { file, path: path.to_owned() };
                    if lock.stands() {
                        lock.sign(holder).map_err(|error| unusable(path, &error))?;
                        return Ok(lock);
                    }
                    // Somebody removed the file meanwhile: what was locked guards nothing. Try again.
                }
                Err(TryLockError::WouldBlock) if begun.elapsed() >= wait => return Err(held(path, file, wait)),
                Err(TryLockError::WouldBlock) => {
                    std::thread::sleep(PAUSE.min(wait.saturating_sub(begun.elapsed())));
                }
                Err(TryLockError::Error(error)) => return Err(unusable(path, &error)),
            }
        }
    }

    /// Whether the file that is locked is still the one under its name.
    pub fn stands(&self) -> bool {
        let place = |metadata: &std::fs::Metadata| (metadata.dev(), metadata.ino());
        match (std::fs::metadata(&self.path), self.file.metadata()) {
            (Ok(named), Ok(own)) => place(&named) == place(&own),
            _ => false,
        }
    }

    fn sign(&self, holder: &Holder) -> std::io::Result<()> {
        let mut text = serde_json::to_vec(holder)?;
        text.push(b'\n');
        let mut file = &self.file;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(&text)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // For whoever looks at the file: nobody holds it. The lock itself ends with the file handle in any case.
        let _ = self.file.set_len(0);
    }
}

fn held(path: &Path, mut file: File, wait: Duration) -> Failure {
    let mut text = String::new();
    let holder = file.read_to_string(&mut text).ok().and_then(|_| serde_json::from_str::<Holder>(&text).ok());
    let who = holder.map_or_else(|| "another process".to_owned(), |holder| holder.to_string());
    held_by(&path.display().to_string(), &who, wait, "the lock ends with its process, whatever ends that")
}

/// A lock that somebody else holds; `ends` says when it ends by itself.
pub fn held_by(name: &str, who: &str, wait: Duration, ends: &str) -> Failure {
    let waited = if wait.is_zero() { String::new() } else { format!(", still after {} s", wait.as_secs()) };
    Failure::new(format!("the state file is locked by {who}{waited}: {name}"))
        .hint(format!("wait until it is done, or give --lock-timeout 5m; {ends}"))
}

fn unusable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot lock {}: {error}", path.display()))
        .hint("the lock is a file beside the state file: its folder must be writable, and on a disk of this host")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(command: &str) -> Holder {
        let since = Timestamp::from_millis(1_795_000_000_000);
        Holder { user: "ada".into(), host: "ci-1".into(), pid: 7, since, command: command.into() }
    }

    #[test]
    fn one_holds_it_and_the_next_is_told_who() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.tenure.lock");
        let lock = Lock::take(&path, &holder("tenure apply"), Duration::ZERO).unwrap();
        let refused = Lock::take(&path, &holder("tenure plan"), Duration::from_millis(150)).unwrap_err();
        assert_eq!(
            refused.message,
            format!(
                "the state file is locked by ada on ci-1 (process 7, `tenure apply`, since 2026-11-18T11:06:40.000Z), \
                 still after 0 s: {}",
                path.display()
            )
        );
        drop(lock);
        assert_eq!(std::fs::read(&path).unwrap(), b"", "it stays, and names nobody");
        Lock::take(&path, &holder("tenure plan"), Duration::ZERO).unwrap();
    }

    #[test]
    fn who_waits_gets_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.tenure.lock");
        let lock = Lock::take(&path, &holder("tenure apply"), Duration::ZERO).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| Lock::take(&path, &holder("tenure plan"), Duration::from_secs(20)));
            std::thread::sleep(Duration::from_millis(150));
            drop(lock);
            assert!(waiting.join().unwrap().is_ok());
        });
    }

    #[test]
    fn a_removed_lock_file_guards_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.tenure.lock");
        let lock = Lock::take(&path, &holder("tenure apply"), Duration::ZERO).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(!lock.stands());
    }
}
