//! What may go without anybody being asked.

use std::collections::BTreeMap;

use state::{Action, Address, Plan};

/// The addresses of a plan all of whose changes are of these kinds, and none of them held; sorted.
pub fn allowed(plan: &Plan, kinds: &[Action]) -> Vec<Address> {
    let held = plan.held();
    let mut all: BTreeMap<Address, bool> = BTreeMap::new();
    for (number, change) in (0u32..).zip(&plan.changes) {
        let may = kinds.contains(&change.action) && held.binary_search(&number).is_err();
        all.entry(change.address).and_modify(|all| *all &= may).or_insert(may);
    }
    all.into_iter().filter(|(_, may)| *may).map(|(address, _)| address).collect()
}

/// Whether a plan (made for such addresses alone) has nothing in it but changes of these kinds: what they need may be of
/// another kind.
pub fn fits(plan: &Plan, kinds: &[Action]) -> bool {
    plan.changes.iter().all(|change| kinds.contains(&change.action))
}
