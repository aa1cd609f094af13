//! Attributes of accounts and groups, each for itself.

use std::collections::BTreeMap;

use state::object::ARCHIVED;
use state::{Action, Address, AttributeSchema, Attributes, LeftKind, Object, Schema, Symbol, Target, Value, Wanted};

use super::super::done::{Deed, Done};
use super::accounts::is_archived;
use super::{Restoring, Subject};
use crate::apply::compare::attributes_of;
use crate::plan::compare::same;
use crate::plan::planner::{Body, Phase};

impl Restoring<'_, '_> {
    /// What the run set goes back to what it was, where it still is what the run set.
    pub(super) fn attributes(&mut self, subject: &Subject<'_>, schema: &Schema, key: Option<state::Key>) {
        let address = subject.address;
        let updates: Vec<&Deed> = subject
            .deeds
            .iter()
            .copied()
            .filter(|deed| matches!(deed.change.action, Action::Update | Action::Rename))
            .collect();
        if updates.is_empty() || subject.deeds.iter().any(|deed| deed.change.action == Action::Create) {
            return;
        }
        let Some(now) = &subject.now else { return self.changed(address, None, "it is gone") };
        let kind = subject.target.map_or(state::Kind::Account, Target::kind);
        let schemas = attributes_of(schema, kind);
        let mut before: BTreeMap<Symbol, Option<Value>> = BTreeMap::new();
        let mut after: BTreeMap<Symbol, Option<Value>> = BTreeMap::new();
        for deed in &updates {
            for (name, was) in Done::set_by(deed) {
                before.entry(name).or_insert(was);
                after.insert(name, deed.object.attributes.get(name).cloned());
            }
        }
        let mut back: Vec<(Symbol, Option<Value>)> = Vec::new();
        if before.remove(&Symbol::new(ARCHIVED)).is_some() {
            // An undo took it out of the archive.
            match self.done.changed_by(address, |later| matches!(later.action, Action::Archive | Action::Reactivate)) {
                by @ Some(_) => self.changed(address, by, ""),
                None if is_archived(now) => self.leave(LeftKind::AsBefore, address, "is as it was before"),
                None if now.active => self.changed(address, None, "it is in use"),
                None => {
                    let before = Some(Object { attributes: Attributes::new(), ..now.clone() });
                    self.add(subject, Phase::Stage, Action::Archive, Body { before, ..Body::default() });
                }
            }
        }
        for (name, was) in before {
            let one = schemas.iter().find(|one| one.name == name);
            let is = now.attributes.get(name);
            let by = self.done.changed_by(address, |later| later.names.contains(&name));
            if equal(was.as_ref(), is, one) {
                self.leave(LeftKind::AsBefore, address, format!("{name} is as it was before"));
            } else if by.is_some() {
                self.changed(address, by, "");
            } else if was.as_ref().is_some_and(is_secret) {
                self.leave(LeftKind::Lost, address, format!("{name} is a secret: nobody kept it"));
            } else if equal(after.get(&name).and_then(Option::as_ref), is, one) {
                back.push((name, was));
            } else {
                self.changed(
                    address,
                    None,
                    &format!("{name} is {}", is.map_or("not set".to_owned(), Value::to_string)),
                );
            }
        }
        if back.is_empty() {
            return;
        }
        let names: Vec<Symbol> = back.iter().map(|(name, _)| *name).collect();
        let was: Attributes = back.into_iter().filter_map(|(name, was)| Some((name, was?))).collect();
        let after = set_back(&was, &now.attributes, &updates, &names);
        let renames = key.is_some_and(|key| names.contains(&key.attribute));
        let reactivated = self.reactivated.contains(&address);
        let seen = names.iter().filter_map(|name| Some((*name, now.attributes.get(*name)?.clone())));
        let object = Object { attributes: seen.collect(), active: now.active || reactivated, ..now.clone() };
        let (phase, action) = match address {
            Address::Group { .. } => (Phase::Group, if renames { Action::Rename } else { Action::Update }),
            _ => (Phase::Account, if renames { Action::Rename } else { Action::Update }),
        };
        self.add(subject, phase, action, Body { before: Some(object), after, ..Body::default() });
    }
}

pub(super) fn is_secret(value: &Value) -> bool {
    value.as_text().is_some_and(|text| text.as_str().starts_with(state::record::HMAC))
}

/// The values of a change that are known.
pub(super) fn known(after: &[(Symbol, Wanted)]) -> Attributes {
    let known = after.iter().filter_map(|(name, wanted)| match wanted {
        Wanted::Known(value) if !value.is_empty() => Some((*name, value.clone())),
        _ => None,
    });
    known.collect()
}

/// Whether `is` has all that `was` had.
pub(super) fn alike(was: &Attributes, is: &Attributes) -> bool {
    was.iter().all(|(name, value)| is.get(*name).is_some_and(|is| same(value, is, None)) || value.is_empty())
}

pub(super) fn equal(a: Option<&Value>, b: Option<&Value>, schema: Option<&AttributeSchema>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(one), None) | (None, Some(one)) => one.is_empty(),
        (Some(a), Some(b)) => same(a, b, schema) && same(b, a, schema),
    }
}

/// What sets the attributes of `deeds` (only `names`, where some are given) back to what they `was`, given what they are
/// now: what was not set is cleared.
pub(super) fn set_back(
    was: &Attributes,
    is: &Attributes,
    deeds: &[&Deed],
    names: &[Symbol],
) -> Box<[(Symbol, Wanted)]> {
    let mut after: BTreeMap<Symbol, Value> = BTreeMap::new();
    let set = deeds.iter().flat_map(|deed| deed.change.after.iter());
    for (name, wanted) in set.filter(|(name, _)| names.is_empty() || names.contains(name)) {
        let value = match (was.get(*name), is.get(*name), wanted) {
            // Of objects only the keys that the run set.
            (was, Some(Value::Map(is)), Wanted::Known(Value::Map(set))) => {
                let before = |key: Symbol| was.and_then(|was| was.get(key)).cloned();
                let keys = set.iter().map(|(key, _)| *key);
                let former = after.remove(name);
                let former = former.as_ref().and_then(Value::as_map).unwrap_or_default().to_vec();
                let back = keys.map(|key| {
                    let now = is.iter().find(|(own, _)| *own == key).map(|(_, value)| value);
                    (key, before(key).unwrap_or_else(|| cleared(now)))
                });
                let mut pairs: BTreeMap<Symbol, Value> = former.into_iter().collect();
                back.for_each(|(key, value)| drop(pairs.insert(key, value)));
                Value::map(pairs)
            }
            (Some(was), ..) => was.clone(),
            (None, is, _) => cleared(is),
        };
        after.insert(*name, value);
    }
    after.into_iter().map(|(name, value)| (name, Wanted::Known(value))).collect()
}

/// The empty value of the same kind: it clears.
fn cleared(is: Option<&Value>) -> Value {
    match is {
        Some(Value::List(_)) => Value::list([]),
        _ => Value::text(""),
    }
}
