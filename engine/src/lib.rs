//! Decides: the language, the configuration, the plan, the safeguards, and the step machine of apply.
//!
//! Nothing here touches a clock, a disk, a network, a random number or a thread; `clippy.toml` bans them.

pub mod accept;
pub mod apply;
pub mod approval;
pub mod configuration;
pub mod discover;
pub mod drift;
pub mod guard;
pub mod language;
pub mod mutations;
pub mod plan;
pub mod scaffold;
mod seen;
pub mod suspend;
pub mod undo;
pub mod watch;
