//! What clients send, brought to one form: names as the schema writes them, values of the types that it demands, what is
//! null or empty left out (RFC 7643 section 2.5), and what only the server sets passed over (RFC 7644 section 3.3).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine as _;
use serde_json::Value;
use state::Mutability;

use super::refusal::{Refusal, quoted};
use super::schema::{Kind, is_foreign};
use crate::scim::json::{self, Json};
use crate::scim::schema::{Attribute, Kind as Type, find};

/// The id of a resource.
pub type Id = Arc<str>;

/// A resource as a client wants it to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Without id, meta, schemas, groups and members.
    pub body: Json,
    /// Of a group.
    pub members: Members,
}

/// Members by id, with what the client said that each is.
pub type Members = BTreeMap<Id, Option<Kind>>;

/// A whole resource, of POST and PUT.
///
/// # Errors
/// 400 with what is wrong.
pub fn resource(kind: Kind, sent: &Json) -> Result<Wanted, Refusal> {
    let schemas = json::member(sent, "schemas");
    let core = &kind.schema().core;
    let names_core = schemas.and_then(Value::as_array).is_some_and(|schemas| {
        schemas.iter().filter_map(Value::as_str).any(|schema| schema.eq_ignore_ascii_case(core))
    });
    if !names_core {
        return Err(Refusal::bad("invalidSyntax", format!("`schemas` must be a list that names {core}")));
    }
    let mut wanted = Wanted::default();
    let mut seen = BTreeSet::new();
    for (name, value) in sent {
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(Refusal::bad("invalidSyntax", format!("{} stands there twice", quoted(name))));
        }
        if name.eq_ignore_ascii_case("members") && kind == Kind::Group {
            wanted.members = members(value)?;
        } else if let Some((name, value)) = attribute(kind, name, value)? {
            wanted.body.insert(name, value);
        }
    }
    Ok(wanted)
}

/// One attribute or extension of a resource; none where it says nothing, is only the server's to set, or is not known.
pub fn attribute(kind: Kind, name: &str, value: &Value) -> Result<Option<(String, Value)>, Refusal> {
    let schema = kind.schema();
    if name.eq_ignore_ascii_case("externalId") {
        return Ok(text("externalId", value)?.map(|value| ("externalId".to_owned(), value)));
    }
    if let Some((urn, parts)) = schema.extension(name) {
        return Ok(complex(urn, parts, value)?.map(|value| (urn.clone(), value)));
    }
    if name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")) {
        if is_foreign(name) {
            return Err(Refusal::value(format!("{} does not belong to a {}", quoted(name), kind.name())));
        }
        if !value.is_object() && !value.is_null() {
            return Err(Refusal::value(format!("{} is a schema: its value must be an object", quoted(name))));
        }
        return Ok(plain(value).map(|value| (name.to_owned(), value)));
    }
    match find(&schema.attributes, name) {
        Some(attribute) if attribute.mutability != Mutability::ReadOnly => {
            Ok(self::value(attribute, value)?.map(|value| (attribute.name.clone(), value)))
        }
        _ => Ok(None),
    }
}

/// The value of an attribute; none where it is null or empty.
///
/// # Errors
/// 400 `invalidValue`.
pub fn value(attribute: &Attribute, value: &Value) -> Result<Option<Value>, Refusal> {
    if !attribute.many {
        return single(attribute, value);
    }
    let items = match value {
        Value::Null => return Ok(None),
        Value::Array(items) => items.as_slice(),
        // One value where a list is asked for says the same.
        one => std::slice::from_ref(one),
    };
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        if let Some(value) = element(attribute, item)?
            && !values.contains(&value)
        {
            values.push(value);
        }
    }
    if values.iter().filter(|value| is_primary(value)).count() > 1 {
        let name = &attribute.name;
        return Err(Refusal::value(format!("more than one value of {name} is primary (RFC 7643 section 2.4)")));
    }
    Ok((!values.is_empty()).then_some(Value::Array(values)))
}

/// One value of an attribute that has many.
pub fn element(attribute: &Attribute, item: &Value) -> Result<Option<Value>, Refusal> {
    // A bare value means an element with nothing else.
    if !item.is_object()
        && !item.is_null()
        && attribute.kind == Type::Complex
        && let Some(part) = attribute.part("value")
    {
        let value = single(part, item)?;
        return Ok(value.map(|value| Value::Object([(part.name.clone(), value)].into_iter().collect())));
    }
    single(attribute, item)
}

pub fn is_primary(value: &Value) -> bool {
    value.get("primary") == Some(&Value::Bool(true))
}

fn single(attribute: &Attribute, value: &Value) -> Result<Option<Value>, Refusal> {
    let wrong = |wanted: &str| {
        Refusal::value(format!("{} must be {wanted}, not {}", attribute.name, quoted(&value.to_string())))
    };
    match (attribute.kind, value) {
        (_, Value::Null) => Ok(None),
        (Type::Complex, _) => complex(&attribute.name, &attribute.parts, value),
        (Type::Text | Type::Reference, _) => text(&attribute.name, value),
        (Type::Bool, Value::Bool(_)) => Ok(Some(value.clone())),
        (Type::Bool, Value::String(truth)) if truth.eq_ignore_ascii_case("true") => Ok(Some(Value::Bool(true))),
        (Type::Bool, Value::String(truth)) if truth.eq_ignore_ascii_case("false") => Ok(Some(Value::Bool(false))),
        (Type::Bool, _) => Err(wrong("true or false")),
        (Type::Integer, Value::Number(number)) if number.is_i64() => Ok(Some(value.clone())),
        (Type::Integer, _) => Err(wrong("a whole number")),
        (Type::Decimal, Value::Number(_)) => Ok(Some(value.clone())),
        (Type::Decimal, _) => Err(wrong("a number")),
        (Type::Moment, Value::String(moment)) if moment.parse::<jiff::Timestamp>().is_ok() => Ok(Some(value.clone())),
        (Type::Moment, _) => Err(wrong("a moment such as 2026-11-27T09:00:00Z")),
        (Type::Binary, Value::String(binary)) if is_base64(binary) => Ok(Some(value.clone())),
        (Type::Binary, _) => Err(wrong("base64")),
    }
}

fn is_base64(text: &str) -> bool {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    STANDARD.decode(text).is_ok() || URL_SAFE.decode(text).is_ok()
}

fn text(name: &str, value: &Value) -> Result<Option<Value>, Refusal> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.contains('\0') => Err(Refusal::value(format!("{name} holds a NUL"))),
        Value::String(_) => Ok(Some(value.clone())),
        other => Err(Refusal::value(format!("{name} must be a string, not {}", quoted(&other.to_string())))),
    }
}

fn complex(name: &str, parts: &[Attribute], value: &Value) -> Result<Option<Value>, Refusal> {
    let members = match value {
        Value::Null => return Ok(None),
        Value::Object(members) => members,
        // The manager's id where the manager is meant, as some clients send it.
        Value::String(_) if find(parts, "value").is_some() => {
            return Ok(Some(Value::Object([("value".to_owned(), value.clone())].into_iter().collect())));
        }
        other => {
            return Err(Refusal::value(format!("{name} must be an object, not {}", quoted(&other.to_string()))));
        }
    };
    let mut normal = Json::new();
    let mut seen = BTreeSet::new();
    for (name, value) in members {
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(Refusal::bad("invalidSyntax", format!("{} stands there twice", quoted(name))));
        }
        if let Some(part) = find(parts, name).filter(|part| part.mutability != Mutability::ReadOnly)
            && let Some(value) = self::value(part, value)?
        {
            normal.insert(part.name.clone(), value);
        }
    }
    Ok((!normal.is_empty()).then_some(Value::Object(normal)))
}

/// A value of no known type, without what says nothing.
pub fn plain(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(items) => {
            let items: Vec<Value> = items.iter().filter_map(plain).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        Value::Object(members) => {
            let members: Json =
                members.iter().filter_map(|(name, value)| Some((name.clone(), plain(value)?))).collect();
            (!members.is_empty()).then_some(Value::Object(members))
        }
        other => Some(other.clone()),
    }
}

/// A list of members.
///
/// # Errors
/// 400 `invalidValue` where one has no id.
pub fn members(value: &Value) -> Result<Members, Refusal> {
    let items = match value {
        Value::Null => return Ok(Members::new()),
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let member = |item: &Value| {
        let (id, kind) = match item {
            Value::String(id) => (Some(id.as_str()), None),
            Value::Object(member) => (json::text(member, "value"), json::text(member, "type")),
            _ => (None, None),
        };
        let id = id.filter(|id| !id.is_empty()).ok_or_else(|| {
            Refusal::value(format!("a member must have a `value`, not {}", quoted(&item.to_string())))
        })?;
        let kind = kind.and_then(|kind| Kind::ALL.into_iter().find(|own| own.name().eq_ignore_ascii_case(kind)));
        Ok((Id::from(id), kind))
    };
    items.iter().map(member).collect()
}

/// Checks what a resource needs.
///
/// # Errors
/// 400 `invalidValue`.
pub fn is_whole(kind: Kind, body: &Json) -> Result<(), Refusal> {
    let key = kind.key();
    match body.get(key).and_then(Value::as_str) {
        Some(text) if !text.trim().is_empty() => Ok(()),
        _ => Err(Refusal::value(format!("{key} is required"))),
    }
}
