//! Whether an object is as a change wants it, as it was before, or something else.

use state::object::ARCHIVED;
use state::observed::{KEEP, PARTIAL};
use state::owned::OWNS;
use state::{Action, AttributeSchema, Attributes, Change, Kind, Mutability, Object, Schema, Symbol, Value, Wanted};

use crate::plan::compare::{difference, same};

/// How an object stands to a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// As the change wants it: the post-image.
    AsWanted,
    /// As it was when the plan was made: the pre-image.
    AsBefore,
    /// Neither, and in what: `mail is "x", before it was "a", wanted is "b"`.
    Other(String),
}

/// What a change leaves behind.
fn leaves_nothing(action: Action) -> bool {
    matches!(action, Action::Revoke | Action::Delete)
}

/// Whether the account is in use once the change is done; none where the change does not say.
fn wants_active(action: Action) -> Option<bool> {
    match action {
        Action::Deactivate | Action::Archive => Some(false),
        Action::Create | Action::Reactivate => Some(true),
        _ => None,
    }
}

/// The attributes of a kind of object.
pub fn attributes_of(schema: &Schema, kind: Kind) -> &[AttributeSchema] {
    match kind {
        Kind::Account => &schema.account,
        Kind::Group => &schema.group,
        Kind::Membership | Kind::Grant => &[],
    }
}

/// How `seen` (none: it is not there) stands to `change`, whose deferred values are resolved. Only what the change
/// names is compared: attributes of the pre-image and of the post-image. Secrets and write-only attributes cannot be
/// looked at and are left out.
pub fn standing(change: &Change, kind: Kind, seen: Option<&Object>, schema: &Schema) -> Standing {
    let attributes = attributes_of(schema, kind);
    let Some(seen) = seen else {
        return match (leaves_nothing(change.action), &change.before) {
            (true, _) => Standing::AsWanted,
            // A grant that was held in part is held nowhere now.
            (false, Some(_)) if kind == Kind::Grant && change.action == Action::Grant => Standing::AsBefore,
            (false, None) => Standing::AsBefore,
            (false, Some(_)) => Standing::Other("it is gone".to_owned()),
        };
    };
    if leaves_nothing(change.action) {
        return match unlike_before(change, seen, attributes) {
            None => Standing::AsBefore,
            Some(what) => Standing::Other(what),
        };
    }
    if kind == Kind::Grant && seen.attributes.get(Symbol::new(PARTIAL)).is_some() {
        return Standing::AsBefore;
    }
    let unwanted = unlike_wanted(change, kind, seen, attributes);
    match (unwanted, &change.before) {
        (None, _) => Standing::AsWanted,
        (Some(what), None) => Standing::Other(what),
        (Some(_), Some(_)) => match unlike_before(change, seen, attributes) {
            None => Standing::AsBefore,
            Some(what) => Standing::Other(what),
        },
    }
}

/// The same once the change was called: what is as wanted in part, and as before in the rest, is neither.
pub fn standing_after(change: &Change, kind: Kind, seen: Option<&Object>, schema: &Schema) -> Standing {
    let standing = standing(change, kind, seen, schema);
    match (&standing, seen, change.before.as_deref()) {
        (Standing::AsBefore, Some(seen), Some(before))
            if !leaves_nothing(change.action) && matches!(kind, Kind::Account | Kind::Group) =>
        {
            let attributes = attributes_of(schema, kind);
            match unlike_wanted(change, kind, seen, attributes) {
                Some(what) if begun(change, kind, seen, before, attributes) => {
                    Standing::Other(format!("it was done in part: {what}"))
                }
                _ => standing,
            }
        }
        _ => standing,
    }
}

/// Whether something of `seen` is as wanted and was not before.
fn begun(change: &Change, kind: Kind, seen: &Object, before: &Object, attributes: &[AttributeSchema]) -> bool {
    let switched = kind == Kind::Account && before.active != seen.active;
    switched
        || change.after.iter().any(|(name, wanted)| {
            let (Wanted::Known(wanted), schema) = (wanted, schema_of(attributes, *name)) else { return false };
            let (was, is) = (before.attributes.get(*name), seen.attributes.get(*name));
            !hidden(schema) && satisfied(wanted, is, schema) && !satisfied(wanted, was, schema)
        })
}

/// Whether the change takes a grant beside others that stay: what those cover is still held afterwards, so that looking
/// does not tell whether it was done. Its writer does, and doing it twice does no harm.
pub fn keeps(change: &Change) -> bool {
    change.action == Action::Revoke && change.after.iter().any(|(name, _)| name.as_str() == KEEP)
}

/// In what `seen` is not as wanted.
fn unlike_wanted(change: &Change, kind: Kind, seen: &Object, attributes: &[AttributeSchema]) -> Option<String> {
    if kind == Kind::Account && wants_active(change.action).is_some_and(|active| active != seen.active) {
        return Some(if seen.active { "the account is active" } else { "the account is not active" }.to_owned());
    }
    let archived = seen.attributes.get(Symbol::new(ARCHIVED)).is_some();
    match change.action {
        Action::Archive if !archived => return Some("the account is not archived".to_owned()),
        Action::Reactivate if archived => return Some("the account is archived".to_owned()),
        _ => {}
    }
    change.after.iter().find_map(|(name, wanted)| {
        let Wanted::Known(wanted) = wanted else { return None };
        let schema = schema_of(attributes, *name);
        let value = seen.attributes.get(*name);
        (!hidden(schema) && !satisfied(wanted, value, schema))
            .then(|| format!("{name} is {}, wanted is {wanted}", shown(value)))
    })
}

/// In what `seen` is not as it was before; what is as wanted already does not count.
fn unlike_before(change: &Change, seen: &Object, attributes: &[AttributeSchema]) -> Option<String> {
    let before = change.before.as_deref()?;
    if before.active != seen.active && wants_active(change.action) != Some(seen.active) {
        return Some(
            if seen.active { "the account is active now" } else { "the account is not active now" }.to_owned(),
        );
    }
    // How far a grant is held may change: all of it is given or taken. What begins with `@` was kept beside the object, and
    // is none of its attributes; neither is what an account owns.
    let kept = |name: &Symbol| {
        name.as_str() == PARTIAL || name.as_str().starts_with('@') || name.as_str() == OWNS && change.action.removes()
    };
    let names = before.attributes.iter().map(|(name, _)| *name).filter(|name| !kept(name));
    let added = change.after.iter().map(|(name, _)| *name).filter(|name| before.attributes.get(*name).is_none());
    names.chain(added).find_map(|name| {
        let schema = schema_of(attributes, name);
        let after = change.after.iter().find(|(own, _)| *own == name).map(|(_, wanted)| wanted);
        if hidden(schema) || matches!(after, Some(Wanted::Secret { .. })) {
            return None;
        }
        let value = seen.attributes.get(name);
        let was = before.attributes.get(name);
        let unchanged = unchanged(was, value, schema);
        let wanted = matches!(after, Some(Wanted::Known(wanted)) if satisfied(wanted, value, schema));
        if unchanged || wanted {
            return None;
        }
        let wanted = match after {
            Some(Wanted::Known(wanted)) => format!(", wanted is {wanted}"),
            _ => String::new(),
        };
        Some(format!("{name} is {}, before it was {}{wanted}", shown(value), shown(was)))
    })
}

fn shown(value: Option<&Value>) -> String {
    value.map_or("not set".to_owned(), Value::to_string)
}

fn schema_of(attributes: &[AttributeSchema], name: Symbol) -> Option<&AttributeSchema> {
    attributes.iter().find(|attribute| attribute.name == name)
}

fn hidden(schema: Option<&AttributeSchema>) -> bool {
    schema.is_some_and(|schema| schema.mutability == Mutability::WriteOnly)
}

/// Whether `seen` has what is `wanted`, by the rules by which the plan was made.
fn satisfied(wanted: &Value, seen: Option<&Value>, schema: Option<&AttributeSchema>) -> bool {
    difference(wanted, seen, schema).is_none()
}

/// Whether two observations of one attribute are the same.
fn unchanged(was: Option<&Value>, is: Option<&Value>, schema: Option<&AttributeSchema>) -> bool {
    match (was, is) {
        (None, None) => true,
        (None, Some(value)) | (Some(value), None) => value.is_empty(),
        (Some(was), Some(is)) => was == is || same(was, is, schema) && same(is, was, schema),
    }
}

/// Whether two texts are the same but for case.
pub fn same_text(a: Symbol, b: Symbol) -> bool {
    a == b || a.as_str().to_lowercase() == b.as_str().to_lowercase()
}

/// What the record keeps of an object: the attributes that the change names, as `seen`; secrets as their HMAC.
pub fn managed(change: &Change, seen: &Object) -> Object {
    let wanted = change.after.iter().filter_map(|(name, wanted)| {
        let value = match wanted {
            Wanted::Secret { hmac } => Value::Text(*hmac),
            Wanted::Known(_) => seen.attributes.get(*name)?.clone(),
            Wanted::Deferred { .. } => return None,
        };
        (!value.is_empty()).then_some((*name, value))
    });
    let before = change.before.iter().flat_map(|before| before.attributes.iter()).filter_map(|(name, _)| {
        let changed = change.after.iter().any(|(own, _)| own == name);
        if changed || name.as_str().starts_with('@') {
            None
        } else {
            Some((*name, seen.attributes.get(*name)?.clone()))
        }
    });
    let attributes: Attributes = wanted.chain(before).collect();
    let active = wants_active(change.action).unwrap_or(seen.active);
    // The version is the system's mark of a state that is over with the next change: nobody asks the record for it.
    Object { id: seen.id, active, attributes, version: None }
}
