//! `last-admin`: a protected group would have too few people left, or lose somebody who must be in it; or tenure would
//! take its own access.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};
use state::record::Protection;
use state::{Action, Address, Code, Finding, Observed, Plan, Scope, Symbol};

use super::effective::{Effective, Members, When};
use super::watch::{Stays, Watch};
use super::{holds, protected};
use crate::plan::accounts::nobody;
use crate::plan::planner::Planner;
use crate::plan::world::Place;

/// The protected groups of systems that were read, as the plan leaves them.
pub(super) fn watches(planner: &Planner<'_>, plan: &Plan) -> Vec<Watch> {
    let mut systems: FxHashMap<Symbol, Effective<'_>> = FxHashMap::default();
    let mut watches = Vec::new();
    for (group, protection) in protected::in_force(planner) {
        let Address::Group { system, group: name } = group else { continue };
        let observed = planner.world.systems.get(&system).is_some_and(|system| system.observed.is_some());
        if !observed {
            continue;
        }
        let effective = systems.entry(system).or_insert_with(|| Effective::new(planner, plan, system));
        watches.push(watch(plan, effective, group, name, &protection));
    }
    watches
}

fn watch(plan: &Plan, effective: &Effective<'_>, group: Address, name: Symbol, protection: &Protection) -> Watch {
    let (before, after) = (effective.members(name, When::Before), effective.members(name, When::After));
    let (had, has) = (effective.active(&before, When::Before), effective.active(&after, When::After));
    let given: FxHashSet<Address> = plan
        .changes
        .iter()
        .filter(|change| matches!(change.action, Action::Grant | Action::Create | Action::Reactivate))
        .map(|change| change.address)
        .collect();
    let mut ways = effective.ways(name);
    let stays = |holder: &Symbol| {
        let (system, holder) = (group.system()?, *holder);
        let account = Address::Account { system, holder };
        let through = ways.remove(&holder)?;
        let gives = through.iter().copied().chain([account]).filter(|part| given.contains(part)).collect();
        Some(Stays { holder, account, through, gives })
    };
    let has: BTreeSet<Symbol> = has.into_iter().copied().collect();
    Watch {
        group,
        minimum: protection.minimum_members as usize,
        always: protection.always.iter().copied().collect(),
        had: had.into_iter().copied().collect(),
        stay: has.iter().filter_map(stays).collect(),
        takes: takes(plan, group, &before),
    }
}

/// The changes that take somebody out of a group or of a group within.
fn takes(plan: &Plan, group: Address, before: &Members) -> Vec<Address> {
    let system = group.system();
    let removals = plan.changes.iter().filter(|change| change.action.removes() && change.address.system() == system);
    removals
        .map(|change| change.address)
        .filter(|address| match address {
            Address::Account { holder, .. } => before.holders.contains(holder),
            Address::Membership { group, .. } => before.groups.contains(group),
            _ => false,
        })
        .collect()
}

/// Changes that take something from accounts whose credentials tenure itself uses.
pub(super) fn own_access(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    let mut findings = Vec::new();
    let systems: BTreeSet<Symbol> = plan.systems.keys().copied().collect();
    for system in systems {
        let Some(world) = planner.world.systems.get(&system) else { continue };
        let Some(observed) = world.observed else { continue };
        findings.extend(observed.own.iter().filter_map(|own| loses_own(planner, plan, system, observed, *own)));
    }
    findings
}

/// Changes that take something from one account of tenure's own.
fn loses_own(planner: &Planner<'_>, plan: &Plan, system: Symbol, observed: &Observed, own: Symbol) -> Option<Finding> {
    let world = planner.world.systems.get(&system)?;
    let is_own = |stand: &crate::plan::world::Stand| match stand.place {
        Place::Observed(number) => observed.accounts.get(number as usize).is_some_and(|account| account.id == own),
        _ => false,
    };
    let holder = world.accounts.iter().find(|(_, stand)| is_own(stand)).map(|(holder, _)| *holder);
    let holder = holder.unwrap_or_else(|| nobody(own));
    let takes = |change: &&state::Change| {
        change.action.removes() && change.address.system() == Some(system) && change.address.holder() == Some(holder)
    };
    let addresses: Vec<Address> = plan.changes.iter().filter(takes).map(|change| change.address).collect();
    if addresses.is_empty() {
        return None;
    }
    let locks = plan.changes.iter().filter(takes).any(|change| change.action != Action::Revoke);
    let what = if locks { "switch off" } else { "take access from" };
    let message =
        format!("this would {what} the account (id {:?}) that tenure itself uses on system.{system}", own.as_str());
    let hint = "give tenure another credential first, or leave its account out of this";
    Some(holds(Code::LastAdmin, Scope::System(system), addresses, message, hint))
}
