//! `in-doubt`: an earlier call whose outcome nobody knows yet.

use state::{Code, Finding, Plan, Scope};

use super::holds;
use crate::plan::planner::Planner;

pub(super) fn judge(planner: &mut Planner<'_>, _: &Plan) -> Vec<Finding> {
    let open = &planner.inputs.recorded.open;
    open.iter()
        .map(|open| {
            let address = open.change.address;
            let error = open.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
            let message = format!(
                "nobody knows whether `{} {address}` of run {} happened{error}",
                open.change.action.word(),
                open.run
            );
            let hint = format!("the next apply after {} looks and settles it", open.settle_after);
            holds(Code::InDoubt, Scope::Addresses, vec![address], message, hint)
        })
        .collect()
}
