//! `in-doubt`: an earlier call whose outcome nobody knows yet.

use state::{Code, Finding, Plan, Scope};

use super::holds;
use crate::plan::planner::Planner;

pub(super) fn judge(planner: &mut Planner<'_>, _: &Plan) -> Vec<Finding> {
    let told = planner.inputs.doubts;
    let untold = planner.inputs.recorded.open.iter().filter(|open| {
        let address = open.change.address;
        !told.iter().any(|finding| finding.addresses.contains(&address))
    });
    let untold = untold.map(|open| {
        let address = open.change.address;
        let error = open.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
        let what = format!("`{} {address}` of run {}", open.change.action.word(), open.run);
        let message = format!("nobody knows whether {what} happened{error}");
        let hint = format!("the next apply after {} looks and settles it", open.settle_after);
        holds(Code::InDoubt, Scope::Addresses, vec![address], message, hint)
    });
    untold.chain(told.iter().cloned()).collect()
}
