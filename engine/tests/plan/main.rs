//! The planner and the safeguards, as stories: files and a world, what the plan says, what is applied, what changes,
//! and what the next plan says. After every plan and every apply the rules hold that `rules` writes down.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod dump;
mod grants;
mod limits;
mod remote;
mod rules;
mod stories;
mod story;

mod adoption;
mod authority;
mod discover;
mod inputs;
mod leavers;
mod memberships;
mod observed;
mod offboarding;
mod properties;
mod references;
mod renames;
mod safeguards;
mod scaffold;
mod sources;
mod undo;
