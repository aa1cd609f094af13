//! The record: an append-only list of events, one a line, chained by digests. What is managed is the fold of it.

pub mod event;
pub mod recorded;

pub use event::{CheckpointItem, Event, Line, Result as EventResult, RunStarted};
pub use recorded::{OpenIntent, Origin, Recorded, RecordedObject, Removal, Seen};
