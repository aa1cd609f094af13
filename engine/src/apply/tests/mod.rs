//! A plan in, answers from a small world, steps out.

mod failures;
mod protocol;
mod world;
