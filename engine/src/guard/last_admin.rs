//! `last-admin`: a protected group would have too few people left, or lose somebody who must be in it; or tenure would
//! take its own access.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};
use state::record::Protection;
use state::{Action, Address, Code, Finding, Member, Plan, Scope, Symbol};

use super::effective::{Effective, Members, When};
use super::watch::{Stays, Watch};
use super::{holds, protected};
use crate::plan::planner::Planner;

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

/// Changes of the accounts whose credentials tenure itself uses: what takes access from them anywhere, and any at all
/// where the provider never touches them.
pub(super) fn own_access(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    let mut findings = Vec::new();
    let systems: BTreeSet<Symbol> = plan.systems.keys().copied().collect();
    for system in systems {
        let Some(world) = planner.world.systems.get(&system) else { continue };
        let Some(observed) = world.observed.filter(|observed| !observed.own.is_empty()) else { continue };
        let fixed = planner.inputs.readings.get(&system).is_some_and(|reading| reading.capabilities.own_fixed);
        let on_system = |change: &&state::Change| change.address.system() == Some(system);
        let changes: Vec<&state::Change> = plan.changes.iter().filter(on_system).collect();
        let effective = Effective::new(planner, plan, system);
        for own in &observed.own {
            let holder = effective.holder(*own);
            let mut taken: Vec<Address> = Vec::new();
            let (mut changed, mut locks) = (Vec::new(), false);
            for change in &changes {
                let whose = change.address.holder() == Some(holder);
                if whose && change.action.removes() || loses(&effective, change, holder) {
                    taken.push(change.address);
                    locks |= whose && change.action != Action::Revoke;
                } else if whose {
                    changed.push(change.address);
                }
            }
            let id = own.as_str();
            if !taken.is_empty() {
                let what = if locks { "switch off" } else { "take access from" };
                let message =
                    format!("this would {what} the account (id {id:?}) that tenure itself uses on system.{system}");
                let hint = "give tenure another credential first, or leave its account out of this";
                findings.push(holds(Code::LastAdmin, Scope::System(system), taken, message, hint));
            }
            if fixed && !changed.is_empty() {
                let message = format!(
                    "this would change the account (id {id:?}) that tenure itself uses on system.{system}, which it \
                     never does there"
                );
                let hint =
                    "leave it out of the files, or let `account {}` say nothing about it where it differs (null)";
                findings.push(holds(Code::LastAdmin, Scope::System(system), changed, message, hint));
            }
        }
    }
    findings
}

/// Whether a change takes a group out of another that the holder is in through it alone.
fn loses(effective: &Effective<'_>, change: &state::Change, holder: Symbol) -> bool {
    match (change.action, change.address) {
        (Action::Revoke, Address::Membership { group, member: Member::Group(inner), .. }) => {
            effective.members(inner, When::Before).holders.contains(&holder)
                && !effective.members(group, When::After).holders.contains(&holder)
        }
        _ => false,
    }
}
