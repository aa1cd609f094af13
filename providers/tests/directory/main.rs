//! The directory on disk: what stands in its files, what crashes and hand edits do to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so by failing")]

mod crash;
mod faults;
mod files;
mod helper;
mod orders;
