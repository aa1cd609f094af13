//! `first-exclusive`: a group or system is exclusive for the first time, and takes what no file explains.

use std::collections::BTreeMap;

use state::{Address, Code, Finding, Plan, Scope};

use super::{count, holds};
use crate::configuration::Configuration;
use crate::plan::planner::Planner;

/// Systems and groups that the files call exclusive.
pub(super) fn exclusive(configuration: &Configuration) -> impl Iterator<Item = Address> {
    let systems = configuration.systems.values().filter(|system| system.exclusive);
    let groups = configuration.groups.iter().filter(|group| group.exclusive);
    let groups = groups.map(|group| Address::Group { system: group.system, group: group.name });
    systems.map(|system| Address::System(system.name)).chain(groups)
}

pub(super) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    let known = &planner.inputs.recorded.in_force.exclusive;
    let mut new: BTreeMap<Address, Vec<Address>> = exclusive(planner.inputs.configuration)
        .filter(|address| !known.contains(address))
        .map(|address| (address, Vec::new()))
        .collect();
    if new.is_empty() {
        return Vec::new();
    }
    for change in plan.changes.iter().filter(|change| change.action.removes()) {
        let address = change.address;
        let leaves = address.holder().is_some_and(|holder| planner.leavers.contains_key(&holder));
        if leaves || planner.book.object(address).is_some() {
            continue;
        }
        let place = match address {
            Address::Account { system, .. } => Some(Address::System(system)),
            other => other.parent_group(),
        };
        if let Some(taken) = place.and_then(|place| new.get_mut(&place)) {
            taken.push(address);
        }
    }
    new.retain(|_, taken| !taken.is_empty());
    new.into_iter()
        .map(|(place, taken)| {
            let what = match place {
                Address::System(_) => count(taken.len(), "account"),
                _ if taken.iter().all(|address| address.member().is_some()) => count(taken.len(), "membership"),
                _ if taken.iter().all(|address| address.member().is_none()) => count(taken.len(), "grant"),
                _ => format!("{} memberships and grants", taken.len()),
            };
            let message =
                format!("{place} is exclusive for the first time, and would take {what} that no file explains");
            let scope = match place {
                Address::System(system) => Scope::System(system),
                other => Scope::Group(other),
            };
            let hint =
                "give those who are to stay in the files; from the first approved time on, it takes them by itself";
            holds(Code::FirstExclusive, scope, taken, message, hint)
        })
        .collect()
}
