//! A checkpoint: everything that the fold knows, as lines, with which an archived file is continued.

use super::event::{CheckpointItem, Event};
use super::recorded::Recorded;

/// The events of a checkpoint of `recorded`, one object each, in the order of the addresses. Their replay gives
/// `recorded` again.
pub fn checkpoint(recorded: &Recorded) -> Vec<Event> {
    let mut items: Vec<CheckpointItem> = few(recorded).collect();
    items.reserve(recorded.objects.len() + recorded.identities.len());
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

    let count = items.len() as u64;
    let mut events = Vec::with_capacity(items.len() + 2);
    events.push(Event::CheckpointBegin {});
    events.extend(items.into_iter().map(|item| Event::CheckpointItem { item: Box::new(item) }));
    events.push(Event::CheckpointEnd { items: count });
    events
}

/// All but objects, identities and numbers, of which there may be millions.
pub(super) fn few(recorded: &Recorded) -> impl Iterator<Item = CheckpointItem> {
    let limits = Some(&recorded.limits).filter(|limits| !limits.is_empty());
    let limits = limits.map(|limits| CheckpointItem::Limits { limits: limits.clone() });
    let in_force = Some(&recorded.in_force).filter(|in_force| **in_force != super::InForce::default());
    let in_force = in_force.map(|in_force| CheckpointItem::InForce { in_force: in_force.clone() });
    let former = recorded.former.iter().map(|former| CheckpointItem::Former { former: former.clone() });
    let rules = Some(&recorded.approval_rules).filter(|rules| !rules.is_empty());
    let rules = rules.map(|rules| CheckpointItem::ApprovalRules { rules: rules.clone() });
    let sources =
        recorded.sources.iter().map(|(name, seen)| CheckpointItem::Source { name: *name, seen: seen.clone() });
    let undone = recorded
        .undone
        .iter()
        .map(|(address, undone)| CheckpointItem::Undone { address: *address, undone: undone.clone() });
    let suspensions = recorded
        .suspensions
        .iter()
        .map(|(address, suspension)| CheckpointItem::Suspension { address: *address, suspension: suspension.clone() });
    let removals = recorded.removals.iter().map(|removal| CheckpointItem::Removal { removal: removal.clone() });
    let populations = recorded.populations.iter().flat_map(|(address, counts)| {
        counts.iter().map(|(at, count)| CheckpointItem::Population { address: *address, at: *at, count: *count })
    });
    let approvals = recorded
        .approvals
        .iter()
        .map(|(digest, approval)| CheckpointItem::Approval { digest: *digest, approval: approval.clone() });
    let open = recorded.open.iter().map(|open| CheckpointItem::Open { open: Box::new(open.clone()) });
    limits
        .into_iter()
        .chain(in_force)
        .chain(former)
        .chain(rules)
        .chain(sources)
        .chain(undone)
        .chain(suspensions)
        .chain(removals)
        .chain(populations)
        .chain(approvals)
        .chain(open)
}
