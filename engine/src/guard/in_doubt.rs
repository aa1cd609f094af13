//! `in-doubt`: an earlier call whose outcome nobody knows yet.

use std::collections::BTreeMap;

use state::{Address, Code, Finding, Kind, Plan, Scope, Timestamp};

use super::holds;
use crate::plan::planner::Planner;

pub(super) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
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
    untold.chain(told.iter().cloned()).chain(beside(planner, plan)).collect()
}

/// A call about who is in a group may carry all of its members, as they were: while one may still be under way, nothing
/// else is changed in that group.
fn beside(planner: &Planner<'_>, plan: &Plan) -> Vec<Finding> {
    let now = planner.inputs.now;
    // What is a transaction has ended with whoever made it.
    let under_way = planner.inputs.recorded.open.iter().filter(|open| {
        let late = open.transaction.is_none() && open.settle_after > now;
        late && matches!(open.kind, Kind::Membership | Kind::Grant)
    });
    let mut groups: BTreeMap<Address, Timestamp> = BTreeMap::new();
    for open in under_way {
        if let Some(group) = open.change.address.parent_group().map(|group| planner.book.present(group)) {
            let until = groups.entry(group).or_insert(open.settle_after);
            *until = open.settle_after.max(*until);
        }
    }
    let mut waiting: BTreeMap<Address, Vec<Address>> = BTreeMap::new();
    for change in plan.changes.iter().filter(|_| !groups.is_empty()) {
        let group = change.address.parent_group().unwrap_or(change.address);
        if groups.contains_key(&group) && !planner.in_doubt(change.address) {
            waiting.entry(group).or_default().push(change.address);
        }
    }
    waiting
        .into_iter()
        .filter_map(|(group, mut addresses)| {
            addresses.sort_unstable();
            addresses.dedup();
            let until = groups.get(&group)?;
            let message = format!("calls of an earlier run about who is in {group} may still be under way");
            let hint = format!("an apply after {until} looks what became of them, and goes on");
            Some(holds(Code::InDoubt, Scope::Addresses, addresses, message, hint))
        })
        .collect()
}
