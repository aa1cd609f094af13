//! `last-admin`: a protected group would have too few people left, or lose somebody who must be in it; or tenure would
//! take its own access.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use state::record::Protection;
use state::{Action, Address, Code, Finding, Plan, Scope, Severity, Symbol};

use super::effective::{Effective, Members, When};
use super::{holds, protected};
use crate::plan::accounts::nobody;
use crate::plan::planner::Planner;
use crate::plan::world::Place;

const HINT: &str = "give the group to somebody else first, and let that be applied; then this can go";

pub(super) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    let mut findings = own_access(planner, plan);
    let mut systems: FxHashMap<Symbol, Effective<'_>> = FxHashMap::default();
    for (group, protection) in protected::in_force(planner) {
        let Address::Group { system, group: name } = group else { continue };
        let observed = planner.world.systems.get(&system).is_some_and(|system| system.observed.is_some());
        if !observed {
            continue;
        }
        let effective = systems.entry(system).or_insert_with(|| Effective::new(planner, plan, system));
        findings.extend(group_findings(plan, effective, group, name, &protection));
    }
    findings
}

fn group_findings(
    plan: &Plan,
    effective: &Effective<'_>,
    group: Address,
    name: Symbol,
    protection: &Protection,
) -> Vec<Finding> {
    let (before, after) = (effective.members(name, When::Before), effective.members(name, When::After));
    let (had, has) = (effective.active(&before, When::Before), effective.active(&after, When::After));
    let takes = takes(plan, group, &before);
    let mut findings = Vec::new();
    let minimum = protection.minimum_members as usize;
    if has.len() < minimum {
        let message =
            format!("{group} would have {} of at least {minimum} active members, it has {}", has.len(), had.len());
        findings.push(finding(group, takes.clone(), message, has.len() < had.len()));
    }
    for always in &protection.always {
        let Some(holder) = always.holder().filter(|holder| !has.contains(holder)) else { continue };
        let own = takes.iter().copied().filter(|address| match address.holder() {
            Some(own) => own == holder,
            None => true,
        });
        let (message, loses) = match had.contains(&holder) {
            true => (format!("{group} would lose {always}, who must always be in it"), true),
            false => (format!("{always} must always be in {group}, and is not"), false),
        };
        findings.push(finding(group, own.collect(), message, loses));
    }
    findings
}

/// Holds where the plan takes somebody out; what is amiss already is only shown.
fn finding(group: Address, mut addresses: Vec<Address>, message: String, loses: bool) -> Finding {
    if loses {
        return holds(Code::LastAdmin, Scope::Group(group), addresses, message, HINT);
    }
    addresses.clear();
    let hint = "put somebody into the group, or correct the `protect` block".to_owned();
    Finding { code: Code::LastAdmin, severity: Severity::Notice, scope: Scope::Group(group), addresses, message, hint }
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

/// Changes that take something from the account whose credential tenure itself uses.
fn own_access(planner: &Planner<'_>, plan: &Plan) -> Vec<Finding> {
    let mut findings = Vec::new();
    let systems: BTreeSet<Symbol> = plan.systems.keys().copied().collect();
    for system in systems {
        let Some(world) = planner.world.systems.get(&system) else { continue };
        let Some((observed, own)) = world.observed.and_then(|observed| Some((observed, observed.own?))) else {
            continue;
        };
        let is_own = |stand: &crate::plan::world::Stand| match stand.place {
            Place::Observed(number) => observed.accounts.get(number as usize).is_some_and(|account| account.id == own),
            _ => false,
        };
        let holder = world.accounts.iter().find(|(_, stand)| is_own(stand)).map(|(holder, _)| *holder);
        let holder = holder.unwrap_or_else(|| nobody(own));
        let takes = |change: &&state::Change| {
            change.action.removes()
                && change.address.system() == Some(system)
                && change.address.holder() == Some(holder)
        };
        let addresses: Vec<Address> = plan.changes.iter().filter(takes).map(|change| change.address).collect();
        if addresses.is_empty() {
            continue;
        }
        let locks = plan.changes.iter().filter(takes).any(|change| change.action != Action::Revoke);
        let what = if locks { "switch off" } else { "take access from" };
        let message =
            format!("this would {what} the account (id {:?}) that tenure itself uses on system.{system}", own.as_str());
        let hint = "give tenure another credential first, or leave its account out of this";
        findings.push(holds(Code::LastAdmin, Scope::System(system), addresses, message, hint));
    }
    findings
}
