//! `first-deactivation`: until a deactivation was seen to survive on a system, one account goes first.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use state::{Action, Address, Change, Code, Finding, Plan, Scope, Severity, Symbol};

use super::{count, holds};
use crate::plan::planner::Planner;

pub(super) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    let mut systems: BTreeMap<Symbol, Vec<Address>> = BTreeMap::new();
    let held = planner.findings.iter().filter(|finding| finding.severity == Severity::Holds);
    let held: FxHashSet<Address> = held.flat_map(|finding| finding.addresses.iter().copied()).collect();
    let goes = |change: &&Change| change.action == Action::Deactivate && !held.contains(&change.address);
    for change in plan.changes.iter().filter(goes) {
        if let Some(system) = change.address.system() {
            systems.entry(system).or_default().push(change.address);
        }
    }
    systems.retain(|_, accounts| accounts.len() > 1);
    systems.retain(|system, _| !is_proved(planner, *system));
    systems
        .into_iter()
        .map(|(system, accounts)| {
            let mut accounts = accounts.into_iter();
            let first = accounts.next().map_or_else(String::new, |first| first.to_string());
            let others: Vec<Address> = accounts.collect();
            let message = format!(
                "no deactivation was seen to last on system.{system} so far: {first} goes first, before {}",
                count(others.len(), "other account")
            );
            let hint = "apply this; the next plan sees whether it lasted, and goes on with the others";
            holds(Code::FirstDeactivation, Scope::System(system), others, message, hint)
        })
        .collect()
}

/// Whether an account that tenure deactivated is found so.
fn is_proved(planner: &Planner<'_>, system: Symbol) -> bool {
    let Some(observed) = planner.world.systems.get(&system).and_then(|system| system.observed) else { return false };
    let addresses = planner.book.on(system).iter().filter(|address| matches!(address, Address::Account { .. }));
    let mut off = addresses
        .filter_map(|address| planner.book.object(*address))
        .filter(|known| !known.active && known.deactivated_by_us);
    off.any(|known| {
        let found = observed.accounts.binary_search_by_key(&known.id, |account| account.id);
        found.ok().and_then(|at| observed.accounts.get(at)).is_some_and(|account| !account.active)
    })
}
