//! Where a record is kept: reading, appending a flushed batch, and locking, behind two small traits. A file is for one
//! host; stores that several hosts share stand behind the same traits, with the same lines.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use state::record::Chain;

use super::{Failure, Head, Holder};

/// A place where a record is kept.
pub trait Store: Send + Sync {
    /// What it is called in messages: the path.
    fn name(&self) -> String;
    /// Whether there is a record. A missing one is never taken for an empty one.
    ///
    /// # Errors
    /// Where that cannot be told.
    fn exists(&self) -> Result<bool, Failure>;
    /// Puts a record there, whole and flushed, where there is none yet.
    ///
    /// # Errors
    /// Where there is one already, or it cannot be written.
    fn create(&self, record: &[u8]) -> Result<(), Failure>;
    /// All its bytes, as they are now; somebody else may be writing.
    ///
    /// # Errors
    /// Where there is no record, or it cannot be read.
    fn load(&self) -> Result<Vec<u8>, Failure>;
    /// The same in blocks, so that they need not stand in memory together; `take` answers whether it wants more.
    ///
    /// # Errors
    /// As [`Store::load`].
    fn blocks(&self, take: &mut dyn FnMut(Vec<u8>) -> bool) -> Result<(), Failure> {
        take(self.load()?);
        Ok(())
    }
    /// The newest head that is known to have been in it, kept apart from it.
    fn remembered(&self) -> Option<Head>;
    /// Whether snapshots can be kept here.
    fn keeps_snapshots(&self) -> bool {
        false
    }
    /// The snapshot that was kept last, which may be of anything.
    fn snapshot(&self) -> Option<Vec<u8>> {
        None
    }
    /// Keeps a snapshot of the record; where that does not go, there is none.
    fn keep_snapshot(&self, _snapshot: &[u8]) {}
    /// Keeps everybody else from writing, and waits up to `wait` where somebody else does.
    ///
    /// # Errors
    /// Where it is held (the message says by whom), or cannot be written to.
    fn lock(&self, holder: &Holder, wait: Duration) -> Result<Box<dyn Session>, Failure>;
}

/// A locked store: nobody else writes until this is dropped, or its process ends.
pub trait Session: Send {
    /// What it is called in messages.
    fn name(&self) -> String;
    /// All its bytes. What is appended goes behind them.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn load(&mut self) -> Result<Vec<u8>, Failure>;
    /// The same in blocks, as [`Store::blocks`].
    ///
    /// # Errors
    /// As [`Session::load`].
    fn blocks(&mut self, take: &mut dyn FnMut(Vec<u8>) -> bool) -> Result<(), Failure> {
        take(self.load()?);
        Ok(())
    }
    /// What the next append does first.
    fn repair(&mut self, repair: Repair);
    /// Appends `batch` and flushes it: when this returns, it is durable.
    ///
    /// # Errors
    /// What was to be written may or may not be there, so nothing may be called on the strength of it; every further
    /// append fails too.
    fn append(&mut self, batch: &[u8]) -> Result<(), Failure>;
    /// Puts a new record in the place of this one, which is kept under the name that is returned. At every moment one
    /// of the two stands whole in its place.
    ///
    /// # Errors
    /// Where that could not be done: the old one stands.
    fn replace(&mut self, bytes: &[u8]) -> Result<String, Failure>;
    /// Keeps the end of the record apart from it, so that an older copy in its place is recognised.
    fn remember(&mut self, chain: &Chain);
    /// Tells, at any later moment and from any thread, whether nobody else can write yet.
    fn guard(&self) -> Guard;
    /// How long an append takes, as far as it is known before the first one.
    fn latency(&self) -> Duration {
        Duration::ZERO
    }
}

/// Whether a lock still stands; asked before each call to a system.
pub type Guard = Arc<dyn Fn() -> Result<(), Failure> + Send + Sync>;

/// What is to be put right at the end of a record before anything is appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Nothing.
    Nothing,
    /// Keep what follows the first `keep` bytes (the beginning of line number `line`) aside, and cut it off.
    Cut { keep: u64, line: u64 },
    /// The last line, which ends with the first `keep` bytes, lacks its line end.
    End { keep: u64 },
}

/// The number of the first of these lines; what else is wrong with them the chain tells.
pub(super) fn first_number(lines: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Number {
        n: u64,
    }
    // Behind 64 digits and a space.
    let line = lines.split(|byte| *byte == b'\n').next()?;
    serde_json::from_slice::<Number>(line.get(65..)?).ok().map(|number| number.n)
}
