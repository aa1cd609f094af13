//! `open-nesting`: a group that anybody else may fill comes into a protected or exclusive one.

use rustc_hash::FxHashSet;
use state::{Action, Address, Code, Finding, Member, Plan, Scope};

use super::{first_exclusive, holds, protected};
use crate::plan::planner::Planner;

pub(super) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    let nested = |change: &&state::Change| {
        change.action == Action::Grant && matches!(change.address, Address::Membership { member: Member::Group(_), .. })
    };
    if !plan.changes.iter().any(|change| nested(&change)) {
        return Vec::new();
    }
    let exclusive: FxHashSet<Address> = first_exclusive::exclusive(planner.inputs.configuration).collect();
    let protected = protected::in_force(planner);
    let mut findings = Vec::new();
    for change in plan.changes.iter().filter(nested) {
        let (Some(outer), Some(inner)) = (change.address.parent_group(), change.address.member()) else { continue };
        let guarded = if protected.contains_key(&outer) {
            "protected"
        } else if exclusive.contains(&outer) {
            "exclusive"
        } else {
            continue;
        };
        if exclusive.contains(&inner) {
            continue;
        }
        let message =
            format!("{inner} would come into {outer}, which is {guarded}, but others can put members into {inner}");
        let hint = format!("write `exclusive = true` for {inner}, so that only the files say who is in it");
        findings.push(holds(Code::OpenNesting, Scope::Group(outer), vec![change.address], message, hint));
    }
    findings
}
