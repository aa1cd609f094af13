//! Simulation: applies in a world without a network, on a clock that somebody else turns, with faults.
//!
//! `world` is time, files (`tree`), systems (`twins`, made of [`providers::twin`]), the record (`store`) and calls on their
//! way; `process` is one apply in it, made of the same parts as `tenure apply`, and `drive` carries out what its machine
//! asks for; `fault` is what can go wrong; `promises` watches what must never happen.

pub mod drive;
pub mod fault;
pub mod fault_files;
pub mod process;
pub mod promises;
pub mod rehearse;
pub mod shrink;
pub mod store;
pub mod test;
pub mod tree;
pub mod twins;
pub mod words;
pub mod world;

pub use fault::{Kind, Process, Rule};
pub use process::{Applied, End, Options};
pub use tree::Tree;
pub use twins::{Likeness, Twins};
pub use world::{Beginning, World};
