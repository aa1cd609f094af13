//! Undo: out of what a run did, the plan that gives back how it was before.
//!
//! [`find`] says which run is meant, [`done`] reads what it did and what came after it off the record, [`restore`]
//! compares that with what the systems hold now, `bars` knows what must not be given back, `again` finds out what the
//! files would do about it, and [`mod@plan`] puts it all into a plan as any other: ordered, judged by the safeguards and
//! carried out like it. [`check`] compares afterwards.

mod again;
mod bars;
pub mod check;
pub mod done;
pub mod find;
mod plan;
mod restore;

pub use check::{Difference, Expected, differences, expected};
pub use done::{Deed, Done, Refused, read};
pub use plan::undo;
