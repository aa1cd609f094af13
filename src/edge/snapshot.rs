//! Snapshots of long records, kept beside them (see [`state::record::snapshot`]): who made them, when a new one is due, and
//! whether one says what the record says.

use state::record::snapshot::{self, Header};

use super::{Failure, Record, Store};

/// Names the code that folds, so that no other trusts what it made: the version, and the digest of its sources.
pub const FOLD: &str = env!("TENURE_FOLD");

/// So many lines behind the last snapshot are folded again each time; more are worth a new one.
pub const LINES: u64 = 10_000;

/// Keeps a new snapshot of a record where `lines` or more of its lines stand behind the last one. For whoever has added to it:
/// it is loaded again, so that what is kept is what was written.
///
/// # Errors
/// Where the record cannot be loaded. That a snapshot cannot be kept is none: it is a help.
pub fn refresh(store: &dyn Store, lines: u64) -> Result<(), Failure> {
    if !store.keeps_snapshots() {
        return Ok(());
    }
    let kept = store.snapshot().and_then(|bytes| Header::of(&bytes, FOLD)).map(|header| header.line);
    // To look no further where there is little: the head was remembered just now.
    let line = store.remembered().map_or(u64::MAX, |head| head.line);
    if line - kept.filter(|kept| *kept <= line).unwrap_or(0) < lines {
        return Ok(());
    }
    keep(store, &Record::read(store, &[])?, lines);
    Ok(())
}

/// Keeps a snapshot of a loaded record where `lines` or more of its lines had to be folded.
pub fn keep(store: &dyn Store, record: &Record, lines: u64) {
    if record.folded >= lines
        && let Some(bytes) = snapshot::write(&record.recorded, FOLD)
    {
        store.keep_snapshot(&bytes);
    }
}

/// Whether a record comes to the same with the snapshot that is kept beside it as it does without, which is `record`; none
/// where there is no snapshot of it.
///
/// # Errors
/// Where the record cannot be loaded.
pub fn agrees(store: &dyn Store, record: &Record) -> Result<Option<bool>, Failure> {
    if store.snapshot().is_none_or(|bytes| Header::of(&bytes, FOLD).is_none()) {
        return Ok(None);
    }
    let over = Record::read(store, &[])?;
    let used = over.chain == record.chain && over.folded < record.folded;
    Ok(used.then(|| snapshot::same(&over.recorded, &record.recorded)))
}
