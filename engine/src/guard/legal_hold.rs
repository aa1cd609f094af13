//! `legal-hold`: whoever has `legal_hold` keeps the accounts as they are; only deactivation goes on.

use state::{Action, Address, Code, Finding, Plan, Scope, Symbol, Value};

use super::holds;
use crate::plan::planner::Planner;

pub(super) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    let stages = plan.changes.iter().filter(|change| is_stage(change.action));
    let held = stages.filter(|change| change.address.holder().is_some_and(|holder| is_held(planner, holder)));
    held.map(|change| {
        let who = change.address.holder().map(|holder| planner.identity_address(holder));
        let who = who.map_or_else(|| change.address.to_string(), |who| who.to_string());
        let message = format!("{} of {} is due, and {who} is on legal hold", change.action.word(), change.address);
        let hint = "take `legal_hold` away once the hold is lifted; whoever is gone from the files comes back into them for \
                    that, with `status = \"left\"`";
        holds(Code::LegalHold, Scope::Addresses, vec![change.address], message, hint)
    })
    .collect()
}

/// Whether this is a stage that comes after deactivation.
pub(super) fn is_stage(action: Action) -> bool {
    matches!(action, Action::Transfer | Action::Archive | Action::Delete)
}

/// Everybody who is on hold, sorted.
pub(crate) fn on_hold(planner: &Planner<'_>) -> Vec<Address> {
    let named = planner.inputs.configuration.identities.iter().map(|identity| identity.address);
    let mut all: Vec<Address> = named.chain(planner.inputs.recorded.identities.keys().copied()).collect();
    all.retain(|address| {
        let own = |holder| planner.identity_address(holder) == *address && is_held(planner, holder);
        address.holder().is_some_and(own)
    });
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether somebody is on hold, as the files say, or said last.
fn is_held(planner: &Planner<'_>, holder: Symbol) -> bool {
    match planner.identities.get(&holder) {
        Some(identity) => identity.legal_hold,
        None => {
            let known = planner.book.identity(planner.identity_address(holder));
            let held = known.and_then(|known| known.get(Symbol::new("legal_hold")));
            held.is_some_and(|held| !matches!(held, Value::Bool(false)))
        }
    }
}
