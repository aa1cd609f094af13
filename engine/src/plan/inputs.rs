//! What a plan is made from.

use std::collections::BTreeMap;

use state::record::Recorded;
use state::{Address, Capabilities, Finding, Observed, Schema, Symbol, Timestamp};

use super::waves::Workers;
use crate::configuration::Configuration;
use crate::language::Files;

/// Everything that a plan depends on. The same inputs give the same plan, to the byte.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    pub configuration: &'a Configuration,
    /// For the places of blocks in reasons.
    pub files: &'a Files,
    pub recorded: &'a Recorded,
    /// How the reading of each system of the configuration went.
    pub readings: &'a BTreeMap<Symbol, Reading>,
    /// The moment of the run, read once.
    pub now: Timestamp,
    /// What looking said about earlier calls whose outcome is still not known.
    pub doubts: &'a [Finding],
    /// Only what these addresses need is planned (`--target`); empty: everything.
    pub targets: &'a [Address],
    /// The key under which sensitive values leave an HMAC.
    pub hmac_key: &'a [u8],
    /// Who does what does not depend on each other. The plan is the same whoever does it.
    pub workers: &'a dyn Workers,
}

/// One system as it was read.
pub struct Reading {
    pub schema: Schema,
    pub capabilities: Capabilities,
    pub inventory: Inventory,
}

/// Partial, failed, forbidden and empty are different things: only a complete inventory can be planned on.
pub enum Inventory {
    Complete(Observed),
    /// Made from the record, without asking the system (`plan --recorded`).
    Recorded(Observed),
    /// Nothing can be said, and why.
    Incomplete(String),
}

impl Inventory {
    /// What was observed, unless nothing can be said.
    pub fn observed(&self) -> Option<&Observed> {
        match self {
            Inventory::Complete(observed) | Inventory::Recorded(observed) => Some(observed),
            Inventory::Incomplete(_) => None,
        }
    }
}
