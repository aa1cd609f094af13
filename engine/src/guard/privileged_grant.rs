//! `privileged-grant`: somebody comes into a protected group, directly or through a group within, or is given rights
//! over others (superuser, an admin option).

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use state::{Action, Address, Code, Finding, Member, Plan, Scope, Symbol, Value, Wanted};

use super::effective::{Effective, When};
use super::{count, holds, protected};
use crate::plan::planner::Planner;

pub(super) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    let mut findings = rights(planner, plan);
    let mut systems: FxHashMap<Symbol, Effective<'_>> = FxHashMap::default();
    for group in protected::in_force(planner).keys().copied() {
        let Address::Group { system, group: name } = group else { continue };
        if !plan.changes.iter().any(|change| gives(change.action) && change.address.system() == Some(system)) {
            continue;
        }
        let effective = systems.entry(system).or_insert_with(|| Effective::new(planner, plan, system));
        let (before, after) = (effective.members(name, When::Before), effective.members(name, When::After));
        let mut gained: BTreeSet<Symbol> = after.holders.difference(&before.holders).copied().collect();
        let addresses: Vec<Address> = plan
            .changes
            .iter()
            .filter(|change| gives(change.action) && change.address.system() == Some(system))
            .map(|change| change.address)
            .filter(|address| match address {
                // A place of its own in the group stays when the way through a group within ends.
                Address::Membership { group, member: Member::Holder(holder), .. } => {
                    *group == name || after.groups.contains(group) && gained.contains(holder)
                }
                Address::Membership { group, member: Member::Group(inner), .. } => {
                    after.groups.contains(group) && !before.groups.contains(inner)
                }
                _ => false,
            })
            .collect();
        if addresses.is_empty() {
            continue;
        }
        let own = addresses.iter().filter_map(|address| match address {
            Address::Membership { group, member: Member::Holder(holder), .. } if *group == name => Some(*holder),
            _ => None,
        });
        gained.extend(own);
        let names: Vec<String> = gained.iter().map(|holder| planner.identity_address(*holder).to_string()).collect();
        let message = match names.len() {
            0 => format!("a group would come into {group}, which is protected"),
            people => {
                const NAMED: usize = 6;
                let more = if people > NAMED { format!(" and {} more", people - NAMED) } else { String::new() };
                let names = names.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
                format!("{} would come into {group}, which is protected: {names}{more}", count_people(people))
            }
        };
        let hint = "have whoever is responsible for the group look at the block that gives it";
        findings.push(holds(Code::PrivilegedGrant, Scope::Group(group), addresses, message, hint));
    }
    findings
}

fn count_people(number: usize) -> String {
    if number == 1 { "1 person or service".to_owned() } else { format!("{number} people and services") }
}

fn gives(action: Action) -> bool {
    matches!(action, Action::Grant | Action::Create | Action::Reactivate)
}

/// Attributes and qualifiers that the system's schema calls privileged, set to something.
fn rights(planner: &Planner<'_>, plan: &Plan) -> Vec<Finding> {
    let mut found: std::collections::BTreeMap<Symbol, (Vec<Address>, BTreeSet<Symbol>)> = Default::default();
    for change in &plan.changes {
        let Some(system) = change.address.system() else { continue };
        let Some(privileged) = planner.inputs.readings.get(&system).map(|reading| &reading.schema.privileged) else {
            continue;
        };
        if privileged.is_empty() || change.action.removes() {
            continue;
        }
        let names = change.after.iter().filter(|(name, wanted)| privileged.contains(name) && says_yes(wanted));
        let names: BTreeSet<Symbol> = names.map(|(name, _)| *name).collect();
        if !names.is_empty() {
            let own = found.entry(system).or_default();
            own.0.push(change.address);
            own.1.extend(names);
        }
    }
    found
        .into_iter()
        .map(|(system, (addresses, names))| {
            let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
            let what = count(addresses.len(), "object");
            let message = format!("{what} on system.{system} would be given rights over others: {}", names.join(", "));
            let hint = "such rights go around whatever else is planned here: give them only to whom they must have";
            holds(Code::PrivilegedGrant, Scope::System(system), addresses, message, hint)
        })
        .collect()
}

fn says_yes(wanted: &Wanted) -> bool {
    match wanted {
        Wanted::Known(Value::Bool(truth)) => *truth,
        Wanted::Known(Value::Text(text)) => *text != "false" && *text != "",
        Wanted::Known(value) => !value.is_empty(),
        Wanted::Deferred { .. } | Wanted::Secret { .. } => true,
    }
}
