//! The safeguards: each says in findings what it holds against a plan. They report and never edit; nothing lifts all
//! of them. One file a code.
//!
//! Some are seen while planning (`collision`, `vanished`, `replaced`, `suspended-outside`, `incomplete-read`,
//! `unexplained`, `dangling-grant`) and only worded here; the others judge the whole plan: [`judge`].

pub(crate) mod collision;
pub(crate) mod dangling_grant;
pub(crate) mod in_doubt;
pub(crate) mod incomplete_read;
mod limits;
pub(crate) mod mass_removal;
pub(crate) mod no_heir;
pub(crate) mod probable_rename;
pub(crate) mod replaced;
pub(crate) mod source_shrank;
pub(crate) mod suspended_outside;
pub(crate) mod unexplained;
pub(crate) mod vanished;

pub use limits::limits;

use state::{Address, Code, Finding, Plan, Scope, Severity};

use crate::plan::planner::Planner;

/// Lets every safeguard that judges whole plans look at this one.
pub(crate) fn judge(planner: &mut Planner<'_>, plan: &Plan) {
    let findings = [in_doubt::judge, mass_removal::judge, probable_rename::judge, source_shrank::judge]
        .iter()
        .flat_map(|guard| guard(planner, plan))
        .collect::<Vec<_>>();
    planner.findings.extend(findings);
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
