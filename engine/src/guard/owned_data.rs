//! `owned-data`: an account that still owns something is neither put away nor deleted.

use state::{Action, Address, Code, Finding, Owns, Plan, Scope};

use super::holds;
use crate::plan::planner::Planner;

pub(super) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    let mut findings = Vec::new();
    for change in plan.changes.iter().filter(|change| matches!(change.action, Action::Archive | Action::Delete)) {
        let Address::Account { system, .. } = change.address else { continue };
        let Some(before) = &change.before else { continue };
        let observed = planner.world.systems.get(&system).and_then(|system| system.observed);
        let mut own = observed.map(|observed| observed.owns(before.id)).unwrap_or_default();
        own.retain(|own| own.count > 0);
        if own.is_empty() {
            continue;
        }
        let message =
            format!("{} of {} is due, but it owns {}", change.action.word(), change.address, Owns::shown(&own));
        let hint = "name an heir in `transfer_to` of its offboarding, or hand over what it owns on the system itself";
        findings.push(holds(Code::OwnedData, Scope::Addresses, vec![change.address], message, hint));
    }
    findings
}
