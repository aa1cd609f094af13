//! A checkpoint: everything that the fold knows, as lines, with which an archived file is continued.

use super::event::{CheckpointItem, Event};
use super::recorded::Recorded;

/// The events of a checkpoint of `recorded`, one object each, in the order of the addresses. Their replay gives
/// `recorded` again.
pub fn checkpoint(recorded: &Recorded) -> Vec<Event> {
    let mut items = Vec::with_capacity(recorded.objects.len() + recorded.identities.len());
    if !recorded.limits.is_empty() {
        items.push(CheckpointItem::Limits { limits: recorded.limits.clone() });
    }
    if recorded.in_force != super::InForce::default() {
        items.push(CheckpointItem::InForce { in_force: recorded.in_force.clone() });
    }
    items.extend(recorded.former.iter().map(|former| CheckpointItem::Former { former: former.clone() }));
    if !recorded.approval_rules.is_empty() {
        items.push(CheckpointItem::ApprovalRules { rules: recorded.approval_rules.clone() });
    }
    items
        .extend(recorded.sources.iter().map(|(name, seen)| CheckpointItem::Source { name: *name, seen: seen.clone() }));
    let mut identities: Vec<_> = recorded.identities.iter().collect();
    identities.sort_unstable_by_key(|(address, _)| **address);
    items.extend(
        identities.into_iter().map(|(address, attributes)| CheckpointItem::Identity {
            address: *address,
            attributes: attributes.clone(),
        }),
    );
    let mut objects: Vec<_> = recorded.objects.iter().collect();
    objects.sort_unstable_by_key(|(address, _)| **address);
    items.extend(
        objects
            .into_iter()
            .map(|(address, object)| CheckpointItem::Object { address: *address, object: object.clone() }),
    );
    items.extend(recorded.numbers.iter().flat_map(|((system, attribute), given)| {
        given.iter().map(|(number, holder)| CheckpointItem::Number {
            system: *system,
            attribute: *attribute,
            number: *number,
            holder: *holder,
        })
    }));
    items.extend(
        recorded
            .undone
            .iter()
            .map(|(address, undone)| CheckpointItem::Undone { address: *address, undone: undone.clone() }),
    );
    items.extend(
        recorded.suspensions.iter().map(|(address, suspension)| CheckpointItem::Suspension {
            address: *address,
            suspension: suspension.clone(),
        }),
    );
    items.extend(recorded.removals.iter().map(|removal| CheckpointItem::Removal { removal: removal.clone() }));
    items.extend(recorded.populations.iter().flat_map(|(address, counts)| {
        counts.iter().map(|(at, count)| CheckpointItem::Population { address: *address, at: *at, count: *count })
    }));
    items.extend(
        recorded
            .approvals
            .iter()
            .map(|(digest, approval)| CheckpointItem::Approval { digest: *digest, approval: approval.clone() }),
    );
    items.extend(recorded.open.iter().map(|open| CheckpointItem::Open { open: Box::new(open.clone()) }));

    let count = items.len() as u64;
    let mut events = Vec::with_capacity(items.len() + 2);
    events.push(Event::CheckpointBegin {});
    events.extend(items.into_iter().map(|item| Event::CheckpointItem { item: Box::new(item) }));
    events.push(Event::CheckpointEnd { items: count });
    events
}
