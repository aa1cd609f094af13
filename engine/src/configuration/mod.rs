//! The configuration: blocks to identities, systems, groups, memberships and wanted accounts.
//!
//! [`Loaded::load`] sorts the blocks by name (`grammar`, `program`) and evaluates what connecting needs (`variables`,
//! `settings`); [`Loaded::evaluate`] does the rest. Values are computed when they are first asked for and kept
//! (`world`), seen through a scope (`view`, `calls`); identities and `for_each` have tables (`identities`,
//! `instances`); roles and groups become memberships and accounts (`entries`, `conditions`, `holders`, `memberships`);
//! `protects`, `conflicts` and `offboarding` say what must not happen to whom.
//! What depends on observed systems waits for the planner (`accounts` by the `rules` of the blocks, `matching`); `authority`: which of them decides
//! an attribute. [`model`] is what comes out.

mod accounts;
mod authority;
mod calls;
mod conditions;
mod conflicts;
mod entries;
mod errors;
mod evaluate;
mod facts;
mod grammar;
mod graph;
mod holders;
mod identities;
mod inputs;
mod instances;
mod load;
mod matching;
mod memberships;
pub mod model;
mod moments;
mod moves;
mod offboarding;
mod order;
mod period;
mod program;
mod protects;
mod resolve;
mod rules;
mod settings;
pub mod sources;
mod standings;
mod types;
mod variables;
mod view;
mod walk;
mod world;

pub(crate) use authority::decides;
pub use facts::{Facts, PeopleSource};
pub(crate) use graph::way_text;
pub use inputs::SharedSources;
pub use load::{Loaded, Rejected};
pub use model::*;
pub(crate) use moves::named;
pub use sources::Sources;
pub use variables::{Given, GivenValue, read_variables};
