//! A configuration that a person would have written, out of what systems hold: the first plan takes everything under
//! management and changes nothing. Pure: what is read comes in, texts go out.
//!
//! `people` tells which accounts are one person's and says why, `fields` what is known of them, `accounts` how they look
//! on each system, `access` finds groups and roles, `write` puts it into HCL and CSV.

mod access;
mod accounts;
mod fields;
mod people;
mod write;

use std::collections::BTreeMap;

use state::{Capabilities, Observed, Schema, Symbol};

pub use people::{Join, Someone};

/// People beyond this many stand in a CSV file; and so do longer lists of members.
pub const BY_HAND: usize = 50;

/// One system as it was read.
pub struct Given<'a> {
    pub name: Symbol,
    pub observed: &'a Observed,
    pub schema: &'a Schema,
    pub capabilities: &'a Capabilities,
    /// By what its block says that accounts are known: `match = self.NAME == account.ATTRIBUTE`.
    pub declared: Option<(Symbol, Symbol)>,
    /// Whether its block has an `account` block of its own.
    pub has_account: bool,
}

/// How much is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// What groups hold.
    pub grants: bool,
    /// Attributes of accounts, enforced.
    pub attributes: bool,
}

/// What is to be written, not yet in form.
pub struct Scaffold {
    /// Paths and texts.
    pub files: Vec<(String, String)>,
    /// What is to be added to the block of each system.
    pub systems: BTreeMap<Symbol, String>,
    /// Which accounts were taken for one person's, and why.
    pub joins: Vec<Join>,
    /// What else was guessed, or left out.
    pub notes: Vec<String>,
    pub people: usize,
    pub services: usize,
    pub groups: usize,
    pub roles: usize,
}

/// Writes a configuration.
pub fn scaffold(systems: &[Given<'_>], extent: Extent) -> Scaffold {
    let mut notes = Vec::new();
    let (mut all, mut joins) = people::people(systems, &mut notes);
    let (mut blocks, mut adopts) = (BTreeMap::new(), String::new());
    for (number, system) in systems.iter().enumerate() {
        let text = accounts::block(system, number, &mut all, extent, &mut adopts);
        blocks.insert(system.name, text);
    }
    let access = access::access(systems, &all, extent, &mut adopts, &mut notes);
    joins.sort_by(|a, b| a.person.cmp(&b.person));
    let mut files = write::people(&all);
    files.extend(access.files);
    if !adopts.is_empty() {
        files.push(("adopt.hcl".to_owned(), adopts));
    }
    if !joins.is_empty() {
        files.push(("correlation.csv".to_owned(), write::joins(&joins)));
    }
    let services = all.iter().filter(|one| one.service).count();
    let (groups, roles) = (access.groups, access.roles);
    Scaffold { files, systems: blocks, joins, notes, people: all.len() - services, services, groups, roles }
}
