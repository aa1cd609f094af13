//! `conflict`: somebody would have what two roles that exclude each other give (segregation of duties), as a holder of
//! the roles or by being in their groups in any other way.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};
use state::{Action, Address, Code, Finding, Member, Plan, Scope, Severity, Symbol};

use super::effective::{Effective, When};
use super::holds;
use crate::configuration::{Conflict, ConflictingRole};
use crate::plan::planner::Planner;

pub(super) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    let configuration = planner.inputs.configuration;
    let mut systems: FxHashMap<Symbol, Effective<'_>> = FxHashMap::default();
    let mut findings = Vec::new();
    if configuration.conflicts.is_empty() {
        return findings;
    }
    let gives = gives(plan);
    for conflict in &configuration.conflicts {
        let mut having: BTreeMap<Symbol, BTreeSet<Symbol>> = BTreeMap::new();
        let mut within: FxHashSet<Address> = FxHashSet::default();
        for role in &conflict.roles {
            for holder in &role.holders {
                having.entry(*holder).or_default().insert(role.role);
            }
            for holder in in_groups(planner, plan, role, &mut systems, &mut within) {
                having.entry(holder).or_default().insert(role.role);
            }
        }
        for (holder, roles) in having.into_iter().filter(|(_, roles)| roles.len() > 1) {
            findings.push(finding(planner, &gives, conflict, holder, &roles, &within));
        }
    }
    findings
}

/// Active people and services in the groups of a role after the plan; `within` gets these groups and those in them.
fn in_groups<'a>(
    planner: &Planner<'a>,
    plan: &Plan,
    role: &ConflictingRole,
    systems: &mut FxHashMap<Symbol, Effective<'a>>,
    within: &mut FxHashSet<Address>,
) -> BTreeSet<Symbol> {
    let mut holders = BTreeSet::new();
    for group in &role.groups {
        let Address::Group { system, group: name } = *group else { continue };
        if planner.world.systems.get(&system).is_none_or(|system| system.observed.is_none()) {
            continue;
        }
        let effective = systems.entry(system).or_insert_with(|| Effective::new(planner, plan, system));
        let members = effective.members(name, When::After);
        holders.extend(effective.active(&members, When::After).into_iter().copied());
        within.extend(members.groups.iter().map(|group| Address::Group { system, group: *group }));
    }
    holders
}

/// Memberships that a plan gives, by whom they are given to; under none those of groups.
type Gives = FxHashMap<Option<Symbol>, Vec<Address>>;

fn gives(plan: &Plan) -> Gives {
    let mut gives = Gives::default();
    for change in plan.changes.iter().filter(|change| change.action == Action::Grant) {
        if let Address::Membership { member, .. } = change.address {
            let holder = match member {
                Member::Holder(holder) => Some(holder),
                Member::Group(_) => None,
            };
            gives.entry(holder).or_default().push(change.address);
        }
    }
    gives
}

fn finding(
    planner: &Planner<'_>,
    gives: &Gives,
    conflict: &Conflict,
    holder: Symbol,
    roles: &BTreeSet<Symbol>,
    within: &FxHashSet<Address>,
) -> Finding {
    let own = [Some(holder), None].into_iter().filter_map(|whose| gives.get(&whose)).flatten().copied();
    let within = |address: &Address| address.parent_group().is_some_and(|group| within.contains(&group));
    let addresses: Vec<Address> = own.filter(within).collect();
    let who = planner.identity_address(holder);
    let roles: Vec<String> = roles.iter().map(|role| Address::Role(*role).to_string()).collect();
    let message =
        format!("{who} would have what {} give, and conflict.{} forbids that", roles.join(" and "), conflict.name);
    let hint = "take one of them away, in the files or where it was given by hand; both can follow each other in time";
    if addresses.is_empty() {
        let message = message.replace("would have", "has");
        let (code, severity, scope) = (Code::Conflict, Severity::Notice, Scope::Addresses);
        return Finding { code, severity, scope, addresses: vec![who], message, hint: hint.to_owned() };
    }
    holds(Code::Conflict, Scope::Addresses, addresses, message, hint)
}
