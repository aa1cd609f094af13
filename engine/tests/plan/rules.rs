//! What holds of every plan, whatever the story.

use std::collections::BTreeSet;

use state::*;

/// Checks a plan by itself.
pub fn check(plan: &Plan, unreadable: &BTreeSet<Symbol>, exclusive: bool) {
    covered(plan);
    ordered(plan);
    for change in &plan.changes {
        let system = change.address.system().expect("changes are on systems");
        assert!(!unreadable.contains(&system), "{} is planned on a system that cannot be read", change.address);
        let nobody = change.address.holder().is_some_and(|holder| holder.as_str().starts_with("id:"));
        assert!(!nobody || exclusive, "{} is nobody's, and nothing is exclusive", change.address);
        for reason in &change.reasons {
            assert!((reason.0 as usize) < plan.reasons.len(), "{} has a reason that is not there", change.address);
        }
        assert!(!change.reasons.is_empty(), "{} {} has no reason", change.action.word(), change.address);
        let new = matches!(change.action, Action::Create | Action::Grant);
        let rest = change.action == Action::Grant
            && change.before.as_ref().is_some_and(|held| held.attributes.get(observed::PARTIAL.into()).is_some());
        assert_eq!(change.before.is_none(), new && !rest, "{} {}", change.action.word(), change.address);
    }
    let addresses: BTreeSet<(Address, Action)> = plan.changes.iter().map(|c| (c.address, c.action)).collect();
    assert_eq!(addresses.len(), plan.changes.len(), "something is changed twice");
}

/// Batches cover all changes, each once, in order; what they wait for stands before them.
fn covered(plan: &Plan) {
    let mut next = 0;
    for (number, batch) in (0u32..).zip(&plan.batches) {
        assert_eq!(batch.changes.start, next, "batch {number} does not begin where the one before it ends");
        assert!(batch.changes.end > next, "batch {number} is empty");
        next = batch.changes.end;
        for earlier in &batch.after {
            assert!(*earlier < number, "batch {number} waits for {earlier}");
        }
        for n in batch.changes.clone() {
            let change = &plan.changes[n as usize];
            assert_eq!(change.address.system(), Some(batch.system), "batch {number}");
        }
    }
    assert_eq!(next as usize, plan.changes.len(), "changes in no batch");
}

/// Whatever is needed stands in an earlier batch that is waited for, or earlier in the same one.
fn ordered(plan: &Plan) {
    let place = |address: Address| {
        plan.changes.iter().position(|change| {
            change.address == address && matches!(change.action, Action::Create | Action::Reactivate)
        })
    };
    for (number, batch) in (0u32..).zip(&plan.batches) {
        for n in batch.changes.clone() {
            let change = &plan.changes[n as usize];
            let deferred = change.after.iter().flat_map(|(_, wanted)| match wanted {
                Wanted::Deferred { needs, .. } => needs.clone(),
                _ => Vec::new(),
            });
            let ends = [change.address.parent_group(), change.address.member()].into_iter().flatten();
            let ends: Vec<Address> = if change.action == Action::Grant { ends.collect() } else { Vec::new() };
            for need in deferred.chain(ends) {
                let Some(needed) = place(need) else { continue };
                assert!(needed < n as usize, "{} comes before {need}", change.address);
                let holder = (0u32..).zip(&plan.batches).find(|(_, b)| b.changes.contains(&(needed as u32))).unwrap().0;
                let waits = holder == number || batch.after.contains(&holder);
                assert!(waits, "the batch of {} does not wait for {need}", change.address);
            }
        }
    }
}
