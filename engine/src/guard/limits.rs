//! The limits in force: the stricter of recorded and configured, so that no commit lowers the guard that judges it.

use std::collections::BTreeMap;

use state::{Address, Symbol};

use crate::configuration::{Configuration, Safeguards};
use crate::plan::planner::Planner;

/// Share of a population that may be removed within 24 hours, where nothing else is said.
const MASS_REMOVAL: f64 = 0.10;
/// Share of its rows that a source may lose, where nothing else is said.
const SOURCE_SHRANK: f64 = 0.10;

/// The same for attributes that change.
const CHANGED: f64 = 0.30;
/// The same for what is given.
const GRANTED: f64 = 0.20;

pub(super) const MASS_CHANGE: &str = "mass_change";
pub(super) const MASS_GRANT: &str = "mass_grant";
/// All limits that are shares.
pub(super) const NAMES: [&str; 4] = ["mass_removal", MASS_CHANGE, MASS_GRANT, "source_shrank"];

/// The configured limits by name (`mass_removal`, `mass_removal.system.chat`), for the record of a run.
pub fn limits(configuration: &Configuration) -> BTreeMap<String, f64> {
    let mut limits = BTreeMap::new();
    let mut add = |place: Option<Address>, safeguards: &Safeguards, default: bool| {
        let mut set = |name: &str, value: Option<f64>| {
            if let Some(value) = value {
                limits.insert(place.map_or(name.to_owned(), |place| format!("{name}.{place}")), value);
            }
        };
        set("mass_removal", safeguards.mass_removal.or(default.then_some(MASS_REMOVAL)));
        set(MASS_CHANGE, safeguards.mass_change.or(default.then_some(CHANGED)));
        set(MASS_GRANT, safeguards.mass_grant.or(default.then_some(GRANTED)));
        set("source_shrank", safeguards.source_shrank.or(default.then_some(SOURCE_SHRANK)));
    };
    add(None, &configuration.settings.safeguards, true);
    for system in configuration.systems.values() {
        add(Some(Address::System(system.name)), &system.safeguards, false);
    }
    for group in &configuration.groups {
        add(Some(Address::Group { system: group.system, group: group.name }), &group.safeguards, false);
    }
    limits
}

/// The limit `name` for the first of `places` that sets it, else the general one.
pub(super) fn look(limits: &BTreeMap<String, f64>, name: &str, places: &[Address]) -> Option<f64> {
    places.iter().find_map(|place| limits.get(&format!("{name}.{place}"))).or_else(|| limits.get(name)).copied()
}

/// Both sides of every limit.
pub(super) struct InForce<'a> {
    recorded: &'a BTreeMap<String, f64>,
    configured: BTreeMap<String, f64>,
}

impl<'a> InForce<'a> {
    pub(super) fn new(planner: &Planner<'a>) -> InForce<'a> {
        InForce { recorded: &planner.inputs.recorded.limits, configured: limits(planner.inputs.configuration) }
    }

    fn get(&self, name: &str, places: &[Address], default: f64) -> f64 {
        let configured = look(&self.configured, name, places).unwrap_or(default);
        let recorded = look(self.recorded, name, places).filter(|_| !crate::mutations::on("guard-lowered"));
        recorded.map_or(configured, |recorded| recorded.min(configured))
    }

    pub(super) fn mass_removal(&self, system: Symbol, group: Option<Symbol>) -> f64 {
        let group = group.map(|group| Address::Group { system, group });
        let places: Vec<Address> = group.into_iter().chain([Address::System(system)]).collect();
        self.get("mass_removal", &places, MASS_REMOVAL)
    }

    /// The limit `name` (of [`NAMES`]) on a system, or in a group.
    pub(super) fn share(&self, name: &str, system: Symbol, group: Option<Symbol>) -> f64 {
        let group = group.map(|group| Address::Group { system, group });
        let places: Vec<Address> = group.into_iter().chain([Address::System(system)]).collect();
        self.get(name, &places, 0.0)
    }

    pub(super) fn source_shrank(&self) -> f64 {
        self.get("source_shrank", &[], SOURCE_SHRANK)
    }
}
