//! `guard-lowered`: limits or protections are looser than those on record. Until that is approved, the stricter ones
//! stay in force, so that no commit lowers the guard that judges it.

use std::collections::BTreeSet;

use state::{Address, Code, Finding, Plan, Scope};

use super::limits::{self, NAMES};
use super::{count, holds, protected};
use crate::plan::planner::Planner;

pub(super) fn judge(planner: &mut Planner<'_>, _: &Plan) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (addresses, what) = lowered_limits(planner);
    if !what.is_empty() {
        let message = format!("limits are looser than those on record: {}", what.join("; "));
        findings.push(lowered(addresses, message));
    }
    let (addresses, what) = lowered_protections(planner);
    if !what.is_empty() {
        let message = format!("protections are looser than those on record: {}", what.join("; "));
        findings.push(lowered(addresses, message));
    }
    findings
}

fn lowered(addresses: BTreeSet<Address>, message: String) -> Finding {
    let hint = "until this is approved, the plan is judged by what is on record";
    holds(Code::GuardLowered, Scope::Plan, addresses.into_iter().collect(), message, hint)
}

/// What loosens, and where: systems and groups.
fn lowered_limits(planner: &Planner<'_>) -> (BTreeSet<Address>, Vec<String>) {
    let configuration = planner.inputs.configuration;
    let configured = limits::limits(configuration);
    let (mut addresses, mut what) = (BTreeSet::new(), Vec::new());
    for (key, recorded) in &planner.inputs.recorded.limits {
        let (name, place) = key.split_once('.').map_or((key.as_str(), None), |(name, place)| (name, Some(place)));
        let place: Option<Address> = place.and_then(|place| place.parse().ok());
        let there = place.is_none_or(|place| is_there(planner, place));
        if !NAMES.contains(&name) || !there {
            continue;
        }
        let places: Vec<Address> = match place {
            Some(group @ Address::Group { system, .. }) => vec![group, Address::System(system)],
            Some(place) => vec![place],
            None => Vec::new(),
        };
        let now = limits::look(&configured, name, &places);
        let Some(now) = now.filter(|now| *now > *recorded + f64::EPSILON) else { continue };
        let at = place.map(|place| format!(" of {place}")).unwrap_or_default();
        what.push(format!("{name}{at} is {} %, on record {} %", (now * 100.0).round(), (recorded * 100.0).round()));
        match place {
            Some(place) => drop(addresses.insert(place)),
            None => addresses.extend(configuration.systems.keys().map(|system| Address::System(*system))),
        }
    }
    (addresses, what)
}

fn lowered_protections(planner: &Planner<'_>) -> (BTreeSet<Address>, Vec<String>) {
    let configured = protected::configured(planner.inputs.configuration);
    let (mut addresses, mut what) = (BTreeSet::new(), Vec::new());
    for (group, recorded) in protected::recorded(planner) {
        if !is_there(planner, group) {
            continue;
        }
        let Some(now) = configured.get(&group) else {
            what.push(format!("{group} is protected no more"));
            addresses.insert(group);
            continue;
        };
        let mut less = Vec::new();
        if now.minimum_members < recorded.minimum_members {
            less.push(format!(
                "needs {} at least, on record {}",
                count(now.minimum_members as usize, "active member"),
                recorded.minimum_members
            ));
        }
        let dropped: Vec<String> = recorded.always.difference(&now.always).map(Address::to_string).collect();
        if !dropped.is_empty() {
            less.push(format!("may do without {}", dropped.join(", ")));
        }
        if let Some(folder) = recorded.only_from.filter(|_| now.only_from != recorded.only_from) {
            less.push(format!("may be led into from outside {folder}"));
        }
        if !less.is_empty() {
            what.push(format!("{group} {}", less.join(", ")));
            addresses.insert(group);
        }
    }
    (addresses, what)
}

/// Whether a system or group is still there, in the files or in the record.
fn is_there(planner: &Planner<'_>, place: Address) -> bool {
    match place {
        Address::System(system) => planner.inputs.configuration.systems.contains_key(&system),
        Address::Group { system, group } => {
            let groups = &planner.inputs.configuration.groups;
            groups.binary_search_by_key(&(system, group), |group| (group.system, group.name)).is_ok()
                || planner.book.object(place).is_some()
        }
        _ => false,
    }
}
