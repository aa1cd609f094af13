//! A plan in, answers from a small world, steps out.

mod changes;
mod failures;
mod properties;
mod protocol;
mod remote;
mod settling;
mod stages;
mod transactions;
mod watching;
mod words;
mod world;
