//! What an evaluation is told of the systems.

use std::collections::BTreeMap;

use state::{Observed, Schema, Symbol};

/// What is known of the systems when the files are evaluated.
#[derive(Default)]
pub struct Facts<'a> {
    /// The schemas of the systems: which of two qualifiers is stronger.
    pub schemas: BTreeMap<Symbol, &'a Schema>,
    /// The systems that people come from.
    pub people: BTreeMap<Symbol, PeopleSource<'a>>,
    /// By system, the settings that only serve to sign in, as its provider says. What flows into these alone (a token that is
    /// rotated, the credentials of another runner) decides nothing and is not part of a plan's digest.
    pub credentials: BTreeMap<Symbol, Vec<Symbol>>,
}

/// A system that people come from.
#[derive(Clone, Copy, Debug)]
pub struct PeopleSource<'a> {
    /// What it holds.
    pub observed: &'a Observed,
    /// The attribute that names a group there.
    pub group_name: Option<Symbol>,
    /// What accounts have there, as the system says: what is listed and nobody has is null in every row.
    pub schema: &'a Schema,
}
