//! The twin of a system: the directory's in-memory heart with another system's schema, capabilities and [`Manners`], for
//! simulations and tests. It touches nothing, and with the same seed it does the same.
//!
//! `system` is the twin itself: what is there, and what of that is seen; `reading` reads it in pages and `writing` carries
//! calls out, both with [`Fault`]s at their boundary; `others` are those who change it beside tenure; `halves` are a
//! reader and a writer over it, as of any provider; `rng` is its randomness.

mod faults;
mod halves;
mod manners;
mod others;
mod reading;
mod rng;
mod system;
mod writing;

/// A world written as files, in the form of the embedded system.
pub use crate::directory::read as read_files;
pub use faults::{Fault, Faults, Kind};
pub use halves::{Shared, TwinReader, TwinWriter};
pub use manners::{Manners, Reply};
pub use rng::Rng;
pub use system::{By, Deed, Twin};
