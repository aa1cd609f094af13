//! What a run records as in force: what the files say, unless a finding holds that.

use std::collections::{BTreeMap, BTreeSet};

use state::record::{InForce, Protection};
use state::{Address, Code, Plan, Severity, Symbol};

use super::limits::{self, NAMES};
use super::{first_exclusive, origin_changed, protected};
use crate::plan::Inputs;

/// Limits by name, and protections, origins and exclusive places, for [`state::record::RunStarted`] of a run that
/// carries out `plan`. What a finding of the plan holds, and nobody approved, stays as it is on record: the stricter
/// limits and protections, the recorded origin, not exclusive.
pub fn in_force(inputs: &Inputs<'_>, plan: &Plan) -> (BTreeMap<String, f64>, InForce) {
    let recorded = inputs.recorded;
    let held = |code: Code| {
        let holds = plan.findings.iter().filter(move |finding| finding.code == code);
        holds.filter(|finding| finding.severity == Severity::Holds)
    };
    let lowered = held(Code::GuardLowered).next().is_some();
    let mut limits = limits::limits(inputs.configuration);
    let mut protections: BTreeMap<Symbol, Protection> =
        inputs.configuration.protects.iter().map(|protect| (protect.name, protected::protection(protect))).collect();
    if lowered {
        for (name, limit) in recorded.limits.iter().filter(|(name, _)| NAMES.iter().any(|own| name.starts_with(own))) {
            let known = limits.entry(name.clone()).or_insert(*limit);
            *known = known.min(*limit);
        }
        for (name, protection) in &recorded.in_force.protections {
            let known = protections.entry(*name).or_insert_with(|| protection.clone());
            known.groups.extend(&protection.groups);
            known.minimum_members = known.minimum_members.max(protection.minimum_members);
            known.always.extend(&protection.always);
            known.only_from = protection.only_from.or(known.only_from);
        }
    }
    let origins = inputs.configuration.systems.values().map(|system| {
        let address = Address::System(system.name);
        let other = held(Code::OriginChanged).any(|finding| finding.addresses.contains(&address));
        let known = recorded.in_force.origins.get(&system.name).filter(|_| other);
        (system.name, known.cloned().unwrap_or_else(|| origin_changed::origin(system, inputs.hmac_key)))
    });
    // A group that was taken under management in this run has not taken anything yet.
    let unexplained = plan.findings.iter().filter(|finding| finding.code == Code::Unexplained);
    let unexplained: BTreeSet<Address> =
        unexplained.flat_map(|finding| &finding.addresses).filter_map(|address| address.parent_group()).collect();
    let waits = |address: &Address| {
        if unexplained.contains(address) {
            return true;
        }
        held(Code::FirstExclusive).any(|finding| match finding.scope {
            state::Scope::System(system) => *address == Address::System(system),
            state::Scope::Group(group) => *address == group,
            _ => false,
        })
    };
    let exclusive = first_exclusive::exclusive(inputs.configuration).filter(|address| !waits(address)).collect();
    (limits, InForce { protections, origins: origins.collect(), exclusive })
}
