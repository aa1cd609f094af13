//! `guard-lowered`, of what approvals must be like: the record keeps what was in force until somebody approves less.

use state::{Code, Finding, Plan, Scope};

use super::holds;
use crate::approval::lowered;
use crate::plan::planner::Planner;

pub(super) fn judge(planner: &mut Planner<'_>, _: &Plan) -> Vec<Finding> {
    let (recorded, configured) =
        (&planner.inputs.recorded.approval_rules, &planner.inputs.configuration.settings.approvals);
    let hint = "until that is approved, approvals are judged as before";
    let finding = |message| holds(Code::GuardLowered, Scope::Plan, Vec::new(), message, hint);
    lowered(recorded, configured).map(finding).into_iter().collect()
}
