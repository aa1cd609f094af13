//! `observed`: changes on systems that are only observed. They are shown, and never made; nothing is amiss, so that what
//! else a safeguard says about them is shown only.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use state::{Address, Code, Finding, Plan, Scope, Severity, Symbol, sort_by_address};

use super::count;
use crate::configuration::Configuration;
use crate::plan::planner::Planner;

/// Where nothing may be written.
pub struct Observing {
    /// Systems that are only observed.
    systems: FxHashSet<Symbol>,
    /// Groups on them that are managed all the same.
    managed: FxHashSet<(Symbol, Symbol)>,
}

impl Observing {
    /// As the files say.
    pub fn new(configuration: &Configuration) -> Observing {
        let systems = configuration.systems.values().filter(|system| system.observe).map(|system| system.name);
        let managed = configuration.groups.iter().filter(|group| group.manage).map(|group| (group.system, group.name));
        Observing { systems: systems.collect(), managed: managed.collect() }
    }

    /// Whether nothing may be written at an address.
    pub fn covers(&self, address: Address) -> bool {
        address.system().is_some_and(|system| {
            self.systems.contains(&system)
                && !address.group().is_some_and(|group| self.managed.contains(&(system, group)))
        })
    }

    /// Whether nothing at all may be written to a system.
    pub fn is_whole(&self, system: Symbol) -> bool {
        self.systems.contains(&system) && !self.managed.iter().any(|(own, _)| *own == system)
    }
}

pub(super) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    let observing = Observing::new(planner.inputs.configuration);
    if observing.systems.is_empty() {
        return Vec::new();
    }
    let mut by_system: BTreeMap<Symbol, Vec<Address>> = BTreeMap::new();
    for address in plan.changes.iter().map(|change| change.address).filter(|address| observing.covers(*address)) {
        if let Some(system) = address.system() {
            by_system.entry(system).or_default().push(address);
        }
    }
    let findings = by_system.into_iter().map(|(system, mut addresses)| {
        sort_by_address(&mut addresses, |address| *address);
        addresses.dedup();
        let things = count(addresses.len(), "thing");
        Finding {
            code: Code::Observed,
            severity: Severity::Observes,
            scope: Scope::System(system),
            message: format!("{things} would change on system.{system}, which is only observed: nothing is written to it"),
            addresses,
            hint: "take `manage` out of its block to have them made; or have a group managed first, by `manage = \"all\"` in its block"
                .to_owned(),
        }
    });
    findings.collect()
}

/// What would hold nothing but what is observed anyway is shown only.
pub(super) fn quiet(configuration: &Configuration, findings: &mut [Finding]) {
    let observing = Observing::new(configuration);
    if observing.systems.is_empty() {
        return;
    }
    for finding in findings.iter_mut().filter(|finding| finding.severity == Severity::Holds) {
        let unread = finding.code == Code::IncompleteRead || finding.addresses.is_empty();
        if !unread && finding.addresses.iter().all(|address| observing.covers(*address)) {
            finding.severity = Severity::Notice;
        }
    }
}
