//! Applying: a plan, step by step, as a machine that touches nothing itself.
//!
//! [`Apply`] is asked for steps ([`Step`]: record, read, execute, wait) and told what came of them ([`Answer`]); a driver
//! owns the clock, the calls and the record. [`graph`] cuts the plan's batches into units of work and knows what waits
//! for what; [`work`] is one unit on its way (re-read, [`intents`], call, read back); [`machine`] hands out the steps;
//! [`answers`] takes what came back; [`transactions`] are announced before they are committed, and asked for when an
//! answer is lost; [`transfer`] hands over what an account owns; `watching` looks again at what safeguards saw; [`ending`] looks at what is
//! in doubt and draws the report up; [`journal`] keeps the events in order;
//! [`ids`] knows remote ids; [`compare`] says whether an object is as wanted or as before; [`fates`] what became of each
//! change and what that stops; [`report`] is the end of it. [`mod@settle`] clears up what an earlier run left in doubt.

pub(crate) mod answers;
mod approvals;
pub mod compare;
pub(crate) mod ending;
pub(crate) mod fates;
pub(crate) mod graph;
pub(crate) mod ids;
pub(crate) mod intents;
pub(crate) mod journal;
pub mod machine;
pub mod report;
pub mod resolve;
pub mod settle;
pub mod step;
pub(crate) mod systems;
pub(crate) mod transactions;
pub(crate) mod transfer;
mod watching;
pub(crate) mod work;

pub use machine::Apply;
pub use report::{Fate, Report, Status};
pub use resolve::Resolve;
pub use settle::{Answers, Doubt, Settlement, settle};
pub use step::{Answer, Step, Token};
pub use systems::Connected;

#[cfg(test)]
mod tests;
