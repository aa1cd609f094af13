//! `first-deactivation`: until a deactivation was seen to survive on a system, one account goes first.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use state::{Action, Address, Change, Code, Finding, Plan, Scope, Severity, Symbol};

use super::{count, holds};
use crate::plan::planner::Planner;

/// Of those that nothing else holds one goes first; `held` are the addresses of the changes that do not go.
pub(super) fn findings(
    planner: &Planner<'_>,
    plan: &Plan,
    others: &[Finding],
    held: &FxHashSet<Address>,
) -> Vec<Finding> {
    let approved = others
        .iter()
        .filter(|finding| finding.code == Code::FirstDeactivation && finding.severity == Severity::Approved);
    let approved: FxHashSet<Address> = approved.flat_map(|finding| finding.addresses.iter().copied()).collect();
    let goes = |change: &&Change| {
        change.action == Action::Deactivate && !held.contains(&change.address) && !planner.locks_out(change)
    };
    let mut systems: BTreeMap<Symbol, Vec<Address>> = BTreeMap::new();
    for change in plan.changes.iter().filter(goes) {
        if let Some(system) = change.address.system() {
            systems.entry(system).or_default().push(change.address);
        }
    }
    systems.retain(|_, accounts| accounts.len() > 1);
    systems.retain(|system, _| !is_proved(planner, *system));
    let finding = |(system, accounts): (Symbol, Vec<Address>)| {
        let mut accounts = accounts.into_iter();
        let first = accounts.next()?;
        let waiting: Vec<Address> = accounts.filter(|account| !approved.contains(account)).collect();
        if waiting.is_empty() {
            return None;
        }
        let message = format!(
            "no deactivation was seen to last on system.{system} so far: {first} goes first, before {}",
            count(waiting.len(), "other account")
        );
        let hint = "apply this; the next plan sees whether it lasted, and goes on with the others";
        Some(holds(Code::FirstDeactivation, Scope::System(system), waiting, message, hint))
    };
    systems.into_iter().filter_map(finding).collect()
}

/// Whether an account that tenure deactivated is found so.
fn is_proved(planner: &Planner<'_>, system: Symbol) -> bool {
    let Some(observed) = planner.inputs.readings.get(&system).and_then(|reading| reading.inventory.observed()) else {
        return false;
    };
    let on = planner.book.on(system);
    let accounts = on.iter().filter(|entry| matches!(entry.address, Address::Account { .. }));
    let mut off = accounts.map(|entry| entry.object).filter(|known| !known.active && known.deactivated_by_us);
    off.any(|known| {
        let found = observed.accounts.binary_search_by_key(&known.id, |account| account.id);
        found.ok().and_then(|at| observed.accounts.get(at)).is_some_and(|account| !account.active)
    })
}
