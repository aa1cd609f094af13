//! One system in the planner's hands: its inventory, indexed, and what was found to belong to whom.

use rustc_hash::{FxHashMap, FxHashSet};
use state::{Capabilities, Object, Observed, Schema, Symbol};

use super::inputs::{Inventory, Reading};
use crate::configuration::{AccountEntry, Configuration, Group, Membership, System};

/// A system whose inventory is complete.
pub(super) struct Site<'a> {
    pub(super) name: Symbol,
    pub(super) system: &'a System,
    pub(super) schema: &'a Schema,
    pub(super) capabilities: &'a Capabilities,
    pub(super) observed: &'a Observed,
    /// Built from the record, not read: absence proves nothing about the world.
    pub(super) from_record: bool,
    pub(super) account_numbers: FxHashMap<Symbol, u32>,
    pub(super) group_numbers: FxHashMap<Symbol, u32>,
    /// Whose each observed account is.
    pub(super) holders: Vec<Option<Symbol>>,
    /// Which group of the files each observed group is.
    pub(super) groups: Vec<Option<Symbol>>,
    /// What the files want here.
    pub(super) entries: &'a [AccountEntry],
    pub(super) wanted_groups: &'a [Group],
    pub(super) memberships: &'a [Membership],
    /// Holders that the files give an account here, after `account.when`.
    pub(super) wanted: FxHashSet<Symbol>,
    /// Their entries.
    pub(super) wanted_entries: Vec<&'a AccountEntry>,
    /// Those of them for whom no account was found (yet).
    pub(super) without: Vec<Symbol>,
    /// Holders whom `account.when` leaves out.
    pub(super) left_out: FxHashSet<Symbol>,
    /// Ids of accounts that were switched off though they are nobody's, because the system is exclusive.
    pub(super) nobodys: FxHashSet<Symbol>,
    /// How many changes the systems before this one have.
    pub(super) first_draft: usize,
}

impl<'a> Site<'a> {
    pub(super) fn new(configuration: &'a Configuration, system: &'a System, reading: &'a Reading) -> Option<Site<'a>> {
        let observed = reading.inventory.observed()?;
        let name = system.name;
        let numbers = |objects: &[Object]| (0..).zip(objects).map(|(n, object)| (object.id, n)).collect();
        Some(Site {
            name,
            system,
            schema: &reading.schema,
            capabilities: &reading.capabilities,
            observed,
            from_record: matches!(reading.inventory, Inventory::Recorded(_)),
            account_numbers: numbers(&observed.accounts),
            group_numbers: numbers(&observed.groups),
            holders: vec![None; observed.accounts.len()],
            groups: vec![None; observed.groups.len()],
            entries: part(&configuration.accounts, name, |entry| entry.system),
            wanted_groups: part(&configuration.groups, name, |group| group.system),
            memberships: part(&configuration.memberships, name, |membership| membership.system),
            wanted: FxHashSet::default(),
            wanted_entries: Vec::new(),
            without: Vec::new(),
            left_out: FxHashSet::default(),
            nobodys: FxHashSet::default(),
            first_draft: 0,
        })
    }

    /// The observed account with this number.
    pub(super) fn account(&self, number: u32) -> &'a Object {
        &self.observed.accounts[number as usize] // numbers come from this very list
    }

    /// The observed group with this number.
    pub(super) fn group(&self, number: u32) -> &'a Object {
        &self.observed.groups[number as usize] // numbers come from this very list
    }
}

/// The run of `all` (sorted by system) that belongs to one system.
pub(super) fn part<T>(all: &[T], system: Symbol, of: fn(&T) -> Symbol) -> &[T] {
    let start = all.partition_point(|item| of(item) < system);
    let end = all.partition_point(|item| of(item) <= system);
    &all[start..end]
}
