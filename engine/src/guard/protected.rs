//! The protections in force: of each group the stricter of what is recorded and what the files say.

use std::collections::BTreeMap;

use state::Address;
use state::record::Protection;

use crate::configuration::{Configuration, Protect};
use crate::plan::planner::Planner;

/// A `protect` block as the record keeps it.
pub(super) fn protection(protect: &Protect) -> Protection {
    Protection {
        groups: protect.groups.iter().copied().collect(),
        minimum_members: protect.minimum_members,
        always: protect.always.iter().copied().collect(),
        only_from: protect.only_from,
    }
}

/// What the blocks of the files come to, by group.
pub(super) fn configured(configuration: &Configuration) -> BTreeMap<Address, Protection> {
    let mut groups = BTreeMap::new();
    configuration.protects.iter().for_each(|protect| add(&mut groups, &protection(protect)));
    groups
}

/// What the record holds, by group.
pub(super) fn recorded(planner: &Planner<'_>) -> BTreeMap<Address, Protection> {
    let mut groups = BTreeMap::new();
    planner.inputs.recorded.in_force.protections.values().for_each(|protection| add(&mut groups, protection));
    groups
}

/// Both.
pub(super) fn in_force(planner: &Planner<'_>) -> BTreeMap<Address, Protection> {
    let mut groups = configured(planner.inputs.configuration);
    planner.inputs.recorded.in_force.protections.values().for_each(|protection| add(&mut groups, protection));
    groups
}

fn add(groups: &mut BTreeMap<Address, Protection>, protection: &Protection) {
    for group in &protection.groups {
        let known = groups.entry(*group).or_default();
        known.groups.insert(*group);
        known.minimum_members = known.minimum_members.max(protection.minimum_members);
        known.always.extend(&protection.always);
        known.only_from = known.only_from.or(protection.only_from);
    }
}
