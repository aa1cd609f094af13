//! `irreversible`: what cannot be undone.

use state::{Address, Code, Finding, Plan, Scope, Symbol, Undo};

use super::{count, holds};
use crate::plan::planner::Planner;

pub(super) fn judge(_: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    let mut systems: std::collections::BTreeMap<Option<Symbol>, (Vec<Address>, Vec<String>)> = Default::default();
    for change in &plan.changes {
        if let Undo::Never { lost } = change.undo {
            let own = systems.entry(change.address.system()).or_default();
            own.0.push(change.address);
            own.1.push(format!("{} {} loses {lost}", change.action.word(), change.address));
        }
    }
    systems
        .into_iter()
        .map(|(system, (addresses, lost))| {
            const TOLD: usize = 5;
            let more = if lost.len() > TOLD { format!("; and {} more", lost.len() - TOLD) } else { String::new() };
            let told = lost.iter().take(TOLD).cloned().collect::<Vec<_>>().join("; ");
            let message = format!("{} cannot be undone: {told}{more}", count(addresses.len(), "change"));
            let scope = system.map_or(Scope::Addresses, Scope::System);
            let hint = "what is lost does not come back: see that nobody needs it any more";
            holds(Code::Irreversible, scope, addresses, message, hint)
        })
        .collect()
}
