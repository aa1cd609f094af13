//! Values as a system may hold them.

use state::Address;

use super::view::View;
use crate::language::{Diagnostic, Reference, Scope as _, Span, Value};

/// The value as a system may hold it: groups and accounts as their ids, nulls left out; none where nothing is left.
pub(super) fn resolve(view: &View, value: &Value, span: Span) -> Result<Option<Value>, Diagnostic> {
    match value {
        Value::Null => Ok(None),
        Value::Reference(reference @ Reference::To(Address::Group { .. } | Address::Account { .. })) => {
            let id = view.attribute(reference, "id").map_err(|failure| failure.at(span))?;
            Ok((!id.is_null()).then_some(id))
        }
        Value::Reference(reference) => {
            let hint = match reference {
                Reference::To(Address::Person(_) | Address::Service(_)) => {
                    format!(
                        "name one of its attributes, such as {reference}.login, or its account: {reference}.accounts.SYSTEM.id"
                    )
                }
                _ => "name a string, a number, or the id of a group or account".to_owned(),
            };
            Err(Diagnostic::new(span, format!("{reference} is not a value that a system can hold")).hint(hint))
        }
        Value::List(items) | Value::Set(items) if items.iter().any(needs_resolving) => {
            let items = items.iter().map(|item| resolve(view, item, span));
            let items: Vec<Value> = items.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
            Ok(Some(Value::list(items)))
        }
        Value::Object(object) if object.values().any(needs_resolving) => {
            let mut pairs = Vec::with_capacity(object.len());
            for (name, value) in object.iter() {
                if let Some(value) = resolve(view, value, span)? {
                    pairs.push((name.clone(), value));
                }
            }
            // An object of nulls says nothing; an empty one would clear.
            Ok((!pairs.is_empty()).then(|| Value::object(pairs)))
        }
        other => Ok(Some(other.clone())),
    }
}

fn needs_resolving(value: &Value) -> bool {
    match value {
        Value::Null | Value::Reference(_) => true,
        Value::List(items) | Value::Set(items) => items.iter().any(needs_resolving),
        Value::Object(object) => object.values().any(needs_resolving),
        _ => false,
    }
}

/// Whether it is unknown, and no object of any system would make it known.
pub(super) fn waits_for_nothing(value: &Value) -> bool {
    let mut needs = Vec::new();
    value.collect_needs(&mut needs);
    value.has_unknown() && needs.is_empty()
}
