//! `suspended`: somebody may have no access now. Shown; what it takes is delayed by no other safeguard but
//! `last-admin`.

use state::{Action, Address, Change, Code, Finding, Plan, Scope, Severity};

use crate::plan::planner::Planner;

/// Who is suspended, why, since when and by whom.
pub(super) fn judge(planner: &mut Planner<'_>, _: &Plan) -> Vec<Finding> {
    let notice = |(address, suspension): (&Address, &state::record::Suspension)| {
        let address = planner.book.present(*address);
        let message = format!("suspended: {} since {} by {}", suspension.reason, suspension.since, suspension.by);
        let hint = format!("`tenure suspend --lift {address} --reason TEXT` ends it");
        let (code, severity, scope) = (Code::Suspended, Severity::Notice, Scope::Addresses);
        Finding { code, severity, scope, addresses: vec![address], message, hint }
    };
    planner.inputs.recorded.suspensions.iter().map(notice).collect()
}

/// Takes what the red button does out of the findings of other safeguards.
pub(super) fn undelayed(planner: &mut Planner<'_>, plan: &Plan) {
    if planner.inputs.recorded.suspensions.is_empty() {
        return;
    }
    let locked: rustc_hash::FxHashSet<Address> =
        plan.changes.iter().filter(|change| planner.locks_out(change)).map(|change| change.address).collect();
    planner.findings.retain_mut(|finding| {
        if finding.severity != Severity::Holds || matches!(finding.code, Code::LastAdmin | Code::InDoubt) {
            return true;
        }
        let before = finding.addresses.len();
        finding.addresses.retain(|address| !locked.contains(address));
        // What is about nothing else is not worth a word.
        before == finding.addresses.len() || !finding.addresses.is_empty()
    });
}

impl Planner<'_> {
    /// Whether a change deactivates an account of somebody who is suspended.
    pub(crate) fn locks_out(&self, change: &Change) -> bool {
        change.action == Action::Deactivate
            && change.address.holder().is_some_and(|holder| self.suspensions.contains_key(&holder))
    }
}
