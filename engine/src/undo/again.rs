//! What the files would do again about what is given back: found by planning against the systems as they will be.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};
use state::record::{Event, EventResult, Line, Recorded};
use state::{
    Action, Address, Attributes, Change, Fact, FactKind, Kind, Object, Observed, Schema, Symbol, Target, Value, Wanted,
};

use super::restore::Restoration;
use crate::apply::compare::managed;
use crate::plan::planner::Planner;
use crate::plan::{Inventory, Reading, look};

/// The changes that the files would make after these restorations and do not make now, at the same addresses.
pub(super) fn again(planner: &Planner<'_>, now: &[(Address, Change)], all: &[Restoration]) -> Vec<Change> {
    let inputs = planner.inputs;
    let mut recorded = inputs.recorded.clone();
    let event = |recorded: &mut Recorded, event| {
        // What does not fit the record is found out when it is carried out.
        let _ = recorded.apply(Line { n: inputs.recorded.head_line, at: inputs.now, event });
    };
    let run = Symbol::new("undo");
    for fact in planner.facts.iter().filter(|fact| fact.kind == FactKind::Moved) {
        event(&mut recorded, Event::Fact { run, fact: Box::new(fact.clone()), why: Vec::new() });
    }
    let mut readings: BTreeMap<Symbol, Reading> =
        inputs.readings.iter().map(|(name, own)| (*name, copy(own))).collect();
    let touched: FxHashSet<Address> = all.iter().map(|restoration| restoration.address).collect();
    let mut worlds: BTreeMap<Symbol, Vec<(u32, &Restoration)>> = BTreeMap::new();
    for (n, restoration) in (0..).zip(all) {
        if let Some(system) = restoration.address.system() {
            worlds.entry(system).or_default().push((n, restoration));
        }
    }
    for (system, restorations) in worlds {
        let Some(reading) = readings.get_mut(&system) else { continue };
        let (Inventory::Complete(observed) | Inventory::Recorded(observed)) = &mut reading.inventory else { continue };
        for (intent, object, change, target) in after(observed, &reading.schema, &restorations, &recorded) {
            let kind = target.kind();
            let intend = Event::Intent {
                run,
                intent,
                change: Box::new(change),
                kind,
                target: Some(target),
                key: None,
                settle_after: inputs.now,
                why: Vec::new(),
            };
            event(&mut recorded, intend);
            event(&mut recorded, Event::Outcome { run, intent, result: EventResult::done(object) });
        }
    }
    let inputs = crate::plan::Inputs { recorded: &recorded, readings: &readings, targets: &[], ..inputs };
    // Files that cannot be planned then are told so by the next plan.
    let Ok(next) = look(inputs) else { return Vec::new() };
    let drafts = next.drafts.into_iter().map(|draft| draft.change);
    let mut before: FxHashMap<Address, Vec<&Change>> = FxHashMap::default();
    for (address, change) in now {
        before.entry(*address).or_default().push(change);
    }
    let stands = |change: &Change| {
        let same = |own: &&Change| own.action == change.action && own.after == change.after;
        before.get(&change.address).is_some_and(|changes| changes.iter().any(same))
    };
    drafts.filter(|change| touched.contains(&change.address) && !stands(change)).collect()
}

fn copy(reading: &Reading) -> Reading {
    let inventory = match &reading.inventory {
        Inventory::Complete(observed) => Inventory::Complete(observed.clone()),
        Inventory::Recorded(observed) => Inventory::Recorded(observed.clone()),
        Inventory::Incomplete(error) => Inventory::Incomplete(error.clone()),
    };
    Reading { schema: reading.schema.clone(), capabilities: reading.capabilities.clone(), inventory }
}

/// Lays the restorations over what was observed; answers with what would be recorded of each.
fn after(
    observed: &mut Observed,
    schema: &Schema,
    restorations: &[(u32, &Restoration)],
    recorded: &Recorded,
) -> Vec<(u32, Object, Change, Target)> {
    let mut accounts: BTreeMap<Symbol, Object> = take(&mut observed.accounts);
    let mut groups: BTreeMap<Symbol, Object> = take(&mut observed.groups);
    let mut made: BTreeMap<Address, Symbol> = BTreeMap::new();
    let mut seen = Vec::new();
    let (mut given, mut taken): (Vec<(Target, Attributes)>, FxHashSet<Target>) = Default::default();
    for (n, restoration) in restorations {
        let Restoration { address, action, body, target, .. } = restoration;
        let change = Change {
            address: *address,
            action: *action,
            before: body.before.clone().map(Box::new),
            after: body.after.clone(),
            reasons: Box::default(),
            allocated: Box::default(),
            until: body.until,
            undo: state::Undo::AnyTime,
        };
        let known: Attributes = body
            .after
            .iter()
            .filter_map(|(name, wanted)| match wanted {
                Wanted::Known(value) => Some((*name, value.clone())),
                _ => None,
            })
            .collect();
        let id = |address: Address| made.get(&address).copied().or_else(|| Some(recorded.objects.get(&address)?.id));
        let target = match (*target, *action) {
            (_, Action::Create) => {
                let id = Symbol::new(&format!("made again: {address}"));
                made.insert(*address, id);
                Target::Account(id)
            }
            (Some(Target::Membership { group, member, nested }), _) => {
                let member = address.member().and_then(id).unwrap_or(member);
                Target::Membership { group, member, nested }
            }
            // Made anew, and switched off.
            (None, Action::Deactivate) => match made.get(address) {
                Some(id) => Target::Account(*id),
                None => continue,
            },
            // Who owns what says nothing about access.
            (Some(Target::Owned(_)), _) | (None, _) => continue,
            (Some(target), _) => target,
        };
        let object = match target {
            Target::Account(id) | Target::Group(id) => {
                let objects = if target.kind() == Kind::Group { &mut groups } else { &mut accounts };
                let object = objects.entry(id).or_insert_with(|| Object::new(id, Attributes::new()));
                let merged = merged(&object.attributes, &known);
                object.attributes = object.attributes.overlaid(&merged);
                object.attributes = object.attributes.iter().filter(|(_, value)| !value.is_empty()).cloned().collect();
                match action {
                    Action::Deactivate => object.active = false,
                    Action::Reactivate => object.active = true,
                    _ => {}
                }
                managed(&change, object)
            }
            target => {
                let before = body.before.as_ref().map(|before| before.attributes.clone()).unwrap_or_default();
                let attributes: Attributes =
                    before.overlaid(&known).iter().filter(|(_, value)| !value.is_empty()).cloned().collect();
                taken.insert(target);
                if *action != Action::Revoke {
                    given.push((target, attributes.clone()));
                }
                Object::new("", attributes)
            }
        };
        seen.push((*n, object, change, target));
    }
    lay_parts(observed, schema, &given, &taken);
    let parts = std::mem::replace(observed, Observed::new(observed.complete.clone(), vec![], vec![], vec![], vec![]));
    *observed = Observed::new(
        parts.complete,
        accounts.into_values().collect(),
        groups.into_values().collect(),
        parts.memberships,
        parts.grants,
    )
    .with_owned(parts.owned)
    .with_own(parts.own);
    seen
}

fn lay_parts(observed: &mut Observed, schema: &Schema, given: &[(Target, Attributes)], taken: &FxHashSet<Target>) {
    observed.memberships.retain(|own| {
        !taken.contains(&Target::Membership { group: own.group, member: own.member, nested: own.nested })
    });
    observed
        .grants
        .retain(|own| !taken.contains(&Target::Grant { group: own.group, grant: schema.grant_text(&own.attributes) }));
    for (target, attributes) in given {
        let attributes = attributes.clone();
        match *target {
            Target::Membership { group, member, nested } => {
                observed.memberships.push(state::Membership { group, member, nested, attributes });
            }
            Target::Grant { group, .. } => observed.grants.push(state::Grant {
                group,
                attributes,
                partial: None,
                in_parts: false,
                within: Vec::new(),
            }),
            _ => {}
        }
    }
}

fn take(objects: &mut Vec<Object>) -> BTreeMap<Symbol, Object> {
    std::mem::take(objects).into_iter().map(|object| (object.id, object)).collect()
}

/// Of objects only some keys are set; the others stay.
fn merged(own: &Attributes, after: &Attributes) -> Attributes {
    let pair = |(name, value): &(Symbol, Value)| match (own.get(*name), value) {
        (Some(Value::Map(old)), Value::Map(new)) => {
            let kept = old.iter().filter(|(key, _)| !new.iter().any(|(other, _)| other == key));
            (*name, Value::map(new.iter().chain(kept).filter(|(_, value)| !value.is_empty()).cloned()))
        }
        _ => (*name, value.clone()),
    };
    after.iter().map(pair).collect()
}

/// What is recorded about the files' will, one fact an address.
pub(super) fn facts(run: Symbol, again: &[Change]) -> Vec<Fact> {
    let mut by_address: BTreeMap<Address, Vec<&Change>> = BTreeMap::new();
    for change in again {
        by_address.entry(change.address).or_default().push(change);
    }
    by_address
        .into_iter()
        .map(|(address, changes)| {
            Fact::undone(address, run, changes.into_iter().map(|change| (change.action, &*change.after)))
        })
        .collect()
}
