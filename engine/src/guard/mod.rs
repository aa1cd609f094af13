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
pub(crate) mod legal_hold;
mod limits;
mod mass_change;
mod mass_grant;
pub(crate) mod mass_removal;
pub(crate) mod no_heir;
pub(crate) mod no_owner;
mod observed;
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
mod watch;
mod window;

pub use in_force::in_force;
pub use limits::limits;
pub use observed::Observing;
pub use source_shrank::accepted as accepted_sources;
pub use watch::{Stays, Watch};

use rustc_hash::FxHashSet;
use state::{Address, Code, Finding, Plan, Scope, Severity, sort_by_address};

use crate::mutations::on;
use crate::plan::Inputs;
use crate::plan::planner::Planner;

/// Lets every safeguard that judges whole plans look at this one; answers with the protected groups as it leaves them.
pub(crate) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Watch> {
    let guards = [
        approvals_lowered::judge,
        conflict::judge,
        first_exclusive::judge,
        guard_lowered::judge,
        in_doubt::judge,
        irreversible::judge,
        last_admin::own_access,
        legal_hold::judge,
        mass_change::judge,
        mass_grant::judge,
        mass_removal::judge,
        no_owner::judge,
        observed::judge,
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
    let watches = last_admin::watches(planner, plan);
    let mut findings = std::mem::take(&mut planner.findings);
    late(planner, plan, &watches, &mut findings);
    planner.findings = findings;
    suspended::undelayed(planner, plan);
    planner.findings.retain(|finding| !on(finding.code.as_str()));
    observed::quiet(planner.inputs.configuration, &mut planner.findings);
    watches
}

/// Judges once more what depends on what other safeguards hold, after approvals took something out of the findings of a
/// plan: who stays in protected groups, and which deactivation goes first. `watches` is what [`crate::plan::plan`]
/// answered beside the plan.
pub fn again(inputs: Inputs<'_>, watches: &[Watch], plan: &mut Plan) {
    let mut findings = std::mem::take(&mut plan.findings);
    late(&Planner::new(inputs), plan, watches, &mut findings);
    findings.retain(|finding| !on(finding.code.as_str()));
    observed::quiet(inputs.configuration, &mut findings);
    findings.sort();
    plan.findings = findings;
}

fn late(planner: &Planner<'_>, plan: &Plan, watches: &[Watch], findings: &mut Vec<Finding>) {
    findings.retain(|finding| {
        let of_group = finding.code == Code::LastAdmin && matches!(finding.scope, Scope::Group(_));
        finding.severity == Severity::Approved || !of_group && finding.code != Code::FirstDeactivation
    });
    let of = |findings: &[Finding], severity, code: Option<Code>| -> FxHashSet<Address> {
        let these = |own: &&Finding| own.severity == severity && code.is_none_or(|code| own.code == code);
        findings.iter().filter(these).flat_map(|finding| finding.addresses.iter().copied()).collect()
    };
    let mut held = of(findings, Severity::Holds, None);
    held.extend(of(findings, Severity::Observes, None));
    let approved = of(findings, Severity::Approved, Some(Code::LastAdmin));
    let admins = watches.iter().flat_map(|watch| watch.findings(&held)).filter_map(|mut finding| {
        let all = finding.addresses.len();
        finding.addresses.retain(|address| !approved.contains(address));
        (all == finding.addresses.len() || !finding.addresses.is_empty()).then_some(finding)
    });
    let admins: Vec<Finding> = admins.collect();
    let holding = admins.iter().filter(|finding| finding.severity == Severity::Holds);
    held.extend(holding.flat_map(|finding| finding.addresses.iter().copied()));
    findings.extend(admins);
    let first = first_deactivation::findings(planner, plan, findings, &held);
    findings.extend(first);
}

/// A finding that holds, with its addresses in order.
fn holds(code: Code, scope: Scope, mut addresses: Vec<Address>, message: String, hint: impl Into<String>) -> Finding {
    sort_by_address(&mut addresses, |address| *address);
    addresses.dedup();
    Finding { code, severity: Severity::Holds, scope, addresses, message, hint: hint.into() }
}

/// `1 account`, `2 accounts`.
pub(crate) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
