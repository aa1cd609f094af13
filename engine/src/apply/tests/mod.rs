//! A plan in, answers from a small world, steps out.

mod failures;
mod properties;
mod protocol;
mod settling;
mod stages;
mod transactions;
mod watching;
mod world;
