//! The record: an append-only list of events, one a line, chained by digests. What is managed is the fold of it.
//!
//! [`Chain`] turns events into lines, [`Text`] takes a file apart again and [`part`] one that does not stand in memory
//! whole; [`Recorded`] is the fold, [`checkpoint()`] writes it down as lines, with which an archived file is continued, and
//! [`snapshot`] in a compact form beside the file, so that a long record is not folded again each time.

pub mod approval;
pub mod chain;
pub mod checkpoint;
pub mod damage;
pub mod event;
pub mod fold;
pub mod in_force;
pub mod index;
pub mod line;
pub mod moves;
pub mod open;
pub mod part;
pub mod past;
pub mod recorded;
pub mod snapshot;
pub mod stage;
pub mod text;
mod typed;

#[cfg(test)]
mod fold_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod tests;

pub use approval::{ApprovalRules, Approved, UsedApproval};
pub use chain::{Chain, Unwritable, verify_lines};
pub use checkpoint::checkpoint;
pub use damage::{Damage, Fault};
pub use event::{CheckpointItem, Event, Result as EventResult, RunStarted};
pub use fold::HMAC;
pub use in_force::{Former, InForce, Protection};
pub use line::Line;
pub use open::OpenIntents;
pub use past::{Given, Past};
pub use recorded::{ByAddress, OpenIntent, Origin, Recorded, RecordedObject, Removal, Seen, Suspension, Undone};
pub use stage::{Stage, StageKind};
pub use text::{Tail, Text};

/// The format that this version writes. A file with a higher one may be read, as far as it is understood, and is
/// never written to.
pub const FORMAT: u32 = 1;
