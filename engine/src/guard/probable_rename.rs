//! `probable-rename`: someone vanished from the files, and a newcomer matches the same account.

use std::collections::BTreeMap;

use state::{Address, Code, Finding, Plan, Scope};

use super::holds;
use crate::plan::planner::Planner;

/// Holds everything that would happen to either of the two, on every system.
pub(super) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    if planner.renames.is_empty() {
        return Vec::new();
    }
    let mut by_holder: BTreeMap<_, Vec<Address>> = BTreeMap::new();
    for change in &plan.changes {
        if let Some(holder) = change.address.holder() {
            by_holder.entry(holder).or_default().push(change.address);
        }
    }
    std::mem::take(&mut planner.renames)
        .into_iter()
        .map(|((old, new), account)| {
            let mut addresses = vec![old, new];
            for holder in [old, new].into_iter().filter_map(Address::holder) {
                addresses.extend(by_holder.get(&holder).into_iter().flatten());
            }
            let message = format!("{old} vanished from the files, and {new} is new and matches the same account ({account})");
            let former = old.holder().map(|holder| holder.to_string()).unwrap_or_default();
            let hint = format!(
                "if they are the same, write `previously = [{former:?}]` for {new}; if not, give {new} another login or e-mail"
            );
            holds(Code::ProbableRename, Scope::Addresses, addresses, message, hint)
        })
        .collect()
}
