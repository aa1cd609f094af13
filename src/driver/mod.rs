//! Carries out what the apply machine asks for: calls side by side, the record, waiting, Ctrl-C, progress.
//!
//! [`mod@run`] is the loop; [`calls`] makes one call within its deadline; [`inventory`] reads whole systems at once;
//! [`progress`] shows how far it is; [`interrupts`] listens for Ctrl-C and SIGTERM;
//! [`workers`] has the processors do what is independent of each other.

pub mod calls;
pub mod gate;
pub mod interrupts;
pub mod inventory;
pub mod progress;
pub mod run;
pub mod workers;

#[cfg(test)]
mod tests;

pub use calls::Connection;
pub use gate::Gate;
pub use interrupts::Interrupts;
pub use inventory::{describe_all, read_all};
pub use progress::{Look, Progress};
pub use run::{Ended, Recording, run};
pub use workers::Threads;
