//! Inventories against the record.

use state::record::{HMAC, RecordedObject};
use state::{Address, AttributeSchema, Attributes, Member, Observed, Schema, Symbol, Target, Value};

use super::What;
use crate::configuration::Known;
use crate::plan::Inputs;
use crate::plan::book::{Book, Entry};
use crate::plan::compare::same;
use crate::plan::world::World;
use crate::seen::seen;

/// What is different at an address.
pub(super) struct Found {
    pub address: Address,
    pub what: What,
    /// The remote object that may tell more.
    pub object: Option<Target>,
    /// What differs itself, where it is known.
    pub target: Option<Target>,
}

/// What the record knows of systems that were read whole, and what stands there otherwise.
pub(super) fn compare(inputs: &Inputs<'_>, world: &World<'_>, book: &Book<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for system in book.systems() {
        let Some(reading) = inputs.readings.get(&system) else { continue };
        let Some(observed) = reading.inventory.observed() else { continue };
        if crate::plan::emptied(inputs.recorded, system, observed).is_some() {
            continue;
        }
        let looked = Looked { inputs, world, schema: &reading.schema, observed, system };
        for entry in book.on(system).iter() {
            looked.at(*entry, book, &mut found);
        }
    }
    found
}

/// A system in hand.
struct Looked<'a> {
    inputs: &'a Inputs<'a>,
    world: &'a World<'a>,
    schema: &'a Schema,
    observed: &'a Observed,
    system: Symbol,
}

impl Looked<'_> {
    fn at(&self, Entry { address, object: recorded }: Entry<'_>, book: &Book<'_>, found: &mut Vec<Found>) {
        let Some(target) = target(address, recorded) else { return };
        let mut push = |what, object| found.push(Found { address, what, object, target: Some(target) });
        let Some(now) = seen(self.observed, self.schema, target) else {
            match target {
                Target::Account(_) | Target::Group(_) => push(What::Gone, None),
                Target::Membership { group, .. } if self.ends_are_there(address, book) => {
                    push(What::Taken, Some(Target::Group(group)));
                }
                Target::Grant { group, .. } if self.ends_are_there(address, book) => {
                    push(What::Taken, Some(Target::Group(group)));
                }
                // Gone with its account or group, of which that is told.
                Target::Membership { .. } | Target::Grant { .. } | Target::Owned(_) => {}
            }
            return;
        };
        let object = Some(match target {
            Target::Membership { group, .. } | Target::Grant { group, .. } => Target::Group(group),
            own => own,
        });
        if recorded.active && !now.active {
            push(What::SwitchedOff, object);
        } else if !recorded.active && now.active {
            push(What::SwitchedOn, object);
        }
        let mut enforced: Option<Option<Vec<Symbol>>> = None;
        for (name, before) in recorded.attributes.iter() {
            let after = now.attributes.get(*name);
            let differs =
                after.map_or(!before.is_empty(), |after| !same(before, after, self.attribute(address, *name)));
            if !differs || is_secret(before) || name.as_str().starts_with('@') {
                continue;
            }
            let enforced = enforced.get_or_insert_with(|| self.enforced(address, &now.attributes));
            // What is written once is the system's own afterwards, and may not be shown.
            let counts = match enforced {
                Some(names) => names.contains(name),
                None => after.is_some(),
            };
            if counts {
                let what = What::Changed { attribute: *name, before: Some(before.clone()), after: after.cloned() };
                push(what, object);
            }
        }
    }

    /// The attributes that the files keep as they want them; none where no file speaks of this any more.
    fn enforced(&self, address: Address, now: &Attributes) -> Option<Vec<Symbol>> {
        let known: &dyn Known = self.world;
        let evaluate = &self.inputs.configuration.evaluate;
        let names = match address {
            Address::Account { system, holder } => evaluate.account_like(system, holder, now, known).ok()??.attributes,
            Address::Group { system, group } => {
                let mut names = evaluate.group(system, group, known).ok()?;
                let key = self.inputs.readings.get(&system)?.capabilities.group_key;
                names.extend(key.map(|key| (key.attribute, crate::configuration::WantedValue::Known(Value::Null))));
                names
            }
            _ => return None,
        };
        Some(names.into_iter().map(|(name, _)| name).collect())
    }

    fn attribute(&self, address: Address, name: Symbol) -> Option<&AttributeSchema> {
        let schema = match address {
            Address::Account { .. } => &self.schema.account,
            Address::Group { .. } => &self.schema.group,
            _ => return None,
        };
        schema.iter().find(|attribute| attribute.name == name)
    }

    /// Whether the group of a membership or grant, and the member, are still there.
    fn ends_are_there(&self, address: Address, book: &Book<'_>) -> bool {
        let there = |address: Address| {
            let target = book.object(address).and_then(|recorded| target(address, recorded));
            target.is_none_or(|target| seen(self.observed, self.schema, target).is_some())
        };
        let member = match address {
            Address::Membership { member: Member::Holder(holder), .. } => {
                there(Address::Account { system: self.system, holder })
            }
            Address::Membership { member: Member::Group(group), .. } => {
                there(Address::Group { system: self.system, group })
            }
            _ => true,
        };
        member && address.parent_group().is_none_or(there)
    }
}

fn target(address: Address, recorded: &RecordedObject) -> Option<Target> {
    match address {
        Address::Account { .. } => Some(Target::Account(recorded.id)),
        Address::Group { .. } => Some(Target::Group(recorded.id)),
        _ => recorded.target,
    }
}

/// What stands for a secret in the record.
fn is_secret(value: &Value) -> bool {
    value.as_text().is_some_and(|text| text.as_str().starts_with(HMAC))
}
