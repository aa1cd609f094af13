//! The safeguards: each says in findings what it holds against a plan. They report and never edit; nothing lifts all
//! of them. One file a code.
//!
//! Some are seen while planning (`collision`, `vanished`, `replaced`, `suspended-outside`, `incomplete-read`,
//! `unexplained`, `dangling-grant`) and only worded here; the others judge the whole plan: [`judge`].

mod approvals_lowered;
pub(crate) mod collision;
mod conflict;
pub(crate) mod dangling_grant;
mod effective;
mod first_deactivation;
mod first_exclusive;
mod guard_lowered;
pub(crate) mod in_doubt;
mod in_force;
pub(crate) mod incomplete_read;
mod irreversible;
mod last_admin;
mod legal_hold;
mod limits;
mod mass_change;
mod mass_grant;
pub(crate) mod mass_removal;
pub(crate) mod no_heir;
pub(crate) mod no_owner;
mod open_nesting;
mod origin_changed;
mod owned_data;
mod past;
mod privileged_grant;
pub(crate) mod probable_rename;
mod protected;
pub(crate) mod replaced;
mod reused_identifier;
pub(crate) mod source_shrank;
pub(crate) mod suspended;
pub(crate) mod suspended_outside;
pub(crate) mod undone;
pub(crate) mod unexplained;
pub(crate) mod vanished;
mod window;

pub use first_deactivation::again as first_deactivation_again;
pub use in_force::in_force;
pub use limits::limits;
pub use source_shrank::accepted as accepted_sources;

use state::{Address, Code, Finding, Plan, Scope, Severity};

use crate::plan::planner::Planner;

/// Lets every safeguard that judges whole plans look at this one.
pub(crate) fn judge(planner: &mut Planner<'_>, plan: &Plan) {
    let guards = [
        approvals_lowered::judge,
        conflict::judge,
        first_exclusive::judge,
        guard_lowered::judge,
        in_doubt::judge,
        irreversible::judge,
        last_admin::judge,
        legal_hold::judge,
        mass_change::judge,
        mass_grant::judge,
        mass_removal::judge,
        no_owner::judge,
        open_nesting::judge,
        origin_changed::judge,
        owned_data::judge,
        privileged_grant::judge,
        probable_rename::judge,
        reused_identifier::judge,
        source_shrank::judge,
        suspended::judge,
        undone::judge,
    ];
    let findings = guards.iter().flat_map(|guard| guard(planner, plan)).collect::<Vec<_>>();
    planner.findings.extend(findings);
    // Of those that nothing else holds one goes first.
    let findings = first_deactivation::judge(planner, plan);
    planner.findings.extend(findings);
    suspended::undelayed(planner, plan);
}

/// A finding that holds, with its addresses in order.
fn holds(code: Code, scope: Scope, mut addresses: Vec<Address>, message: String, hint: impl Into<String>) -> Finding {
    addresses.sort_unstable();
    addresses.dedup();
    Finding { code, severity: Severity::Holds, scope, addresses, message, hint: hint.into() }
}

/// `1 account`, `2 accounts`.
fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
