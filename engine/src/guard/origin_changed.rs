//! `origin-changed`: a system whose address is not the recorded one: what is recorded of it may be about another.

use std::collections::BTreeMap;

use state::{Address, Code, Finding, Plan, Scope, Symbol};

use super::holds;
use crate::configuration::{Setting, System};
use crate::plan::planner::{Planner, seal_secret};

/// Settings that say which system is meant.
const ORIGINS: [&str; 12] =
    ["url", "path", "folder", "base", "host", "port", "server", "org", "organization", "tenant", "domain", "database"];

/// What says which system is meant, by setting; of sensitive settings the HMAC.
pub(super) fn origin(system: &System, hmac_key: &[u8]) -> BTreeMap<Symbol, Symbol> {
    let provider = (Symbol::new("provider"), system.provider);
    let settings = system.settings.iter().filter(|(name, ..)| ORIGINS.contains(&name.as_str()));
    let settings = settings.filter_map(|(name, setting, _)| match setting {
        Setting::Known(value) => Some((*name, value.as_text().unwrap_or_else(|| Symbol::new(&value.to_string())))),
        // Not to be had offline.
        Setting::Absent(_) => None,
        Setting::Secret(secret) if secret.is_empty() => None,
        Setting::Secret(secret) => Some((*name, seal_secret(hmac_key, Address::System(system.name), *name, secret))),
    });
    settings.chain([provider]).collect()
}

pub(super) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, recorded) in &planner.inputs.recorded.in_force.origins {
        let Some(system) = planner.inputs.configuration.systems.get(name) else { continue };
        if planner.book.on(*name).is_empty() {
            continue;
        }
        let now = origin(system, planner.inputs.hmac_key);
        let differs = |setting: &&Symbol| match (recorded.get(*setting), now.get(*setting)) {
            (Some(was), Some(is)) => was != is,
            // A sensitive one is not known offline.
            (Some(was), None) => !was.as_str().starts_with(state::record::HMAC),
            _ => true,
        };
        let names: std::collections::BTreeSet<&Symbol> = recorded.keys().chain(now.keys()).collect();
        let changed: Vec<&Symbol> = names.into_iter().filter(differs).collect();
        if changed.is_empty() {
            continue;
        }
        let shown = |value: Option<&Symbol>| match value {
            None => "nothing".to_owned(),
            Some(value) if value.as_str().starts_with(state::record::HMAC) => "another sensitive value".to_owned(),
            Some(value) => format!("{:?}", value.as_str()),
        };
        let told = changed.iter().map(|setting| {
            format!("{setting} is {}, on record {}", shown(now.get(*setting)), shown(recorded.get(*setting)))
        });
        let address = Address::System(*name);
        let message = format!("{address} is another one than on record: {}", told.collect::<Vec<_>>().join("; "));
        let changes = plan.changes.iter().map(|change| change.address).filter(|own| own.system() == Some(*name));
        let addresses = changes.chain([address]).collect();
        let hint = "if it is the same system in another place, see that it holds the same accounts; if it is another one, \
                    give it a block of its own";
        findings.push(holds(Code::OriginChanged, Scope::System(*name), addresses, message, hint));
    }
    findings
}
