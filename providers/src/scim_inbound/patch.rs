//! PATCH (RFC 7644 section 3.5.2), with what the clients of large identity providers make of it: operations in any case
//! (`Replace`), truths as text (`"False"`), paths as names of a value without a path, members to remove as a value.

use serde_json::Value;

use super::filter::{Filter, Operator};
use super::incoming::{self, Members, Wanted, is_primary};
use super::matching::Test;
use super::path::{Name, Path};
use super::refusal::{Refusal, quoted};
use super::schema::{Found, Kind, Place, find_place, is_writable};
use crate::scim::json::{self, Json, member};
use crate::scim::rfc;
use crate::scim::schema::Attribute;

/// Operations of one request.
const MOST: usize = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Add,
    Replace,
    Remove,
}

/// Carries the operations of a PATCH request out on a resource. Where one cannot be, nothing of it is to be kept.
///
/// # Errors
/// 400 in the words of RFC 7644 section 3.5.2.
pub fn patch(kind: Kind, sent: &Json, to: &mut Wanted) -> Result<(), Refusal> {
    let named = member(sent, "schemas").and_then(Value::as_array);
    if !named.is_some_and(|named| {
        named.iter().filter_map(Value::as_str).any(|schema| schema.eq_ignore_ascii_case(rfc::PATCH))
    }) {
        return Err(Refusal::bad("invalidSyntax", format!("`schemas` must be a list that names {}", rfc::PATCH)));
    }
    let operations = member(sent, "Operations").and_then(Value::as_array);
    let Some(operations) = operations.filter(|operations| !operations.is_empty()) else {
        return Err(Refusal::bad("invalidSyntax", "`Operations` must be a list with at least one operation"));
    };
    if operations.len() > MOST {
        return Err(Refusal::new(413, format!("more than {MOST} operations: send them in several requests")));
    }
    for (number, operation) in (1..).zip(operations) {
        operate(kind, operation, to).map_err(|refusal| Refusal {
            detail: format!("operation {number} of {}: {}", operations.len(), refusal.detail),
            ..refusal
        })?;
    }
    incoming::is_whole(kind, &to.body)
}

fn operate(kind: Kind, operation: &Value, to: &mut Wanted) -> Result<(), Refusal> {
    let Some(operation) = operation.as_object() else {
        return Err(Refusal::bad("invalidSyntax", "it is no object"));
    };
    let deed = match json::text(operation, "op").map(str::to_ascii_lowercase).as_deref() {
        Some("add") => Deed::Add,
        Some("replace") => Deed::Replace,
        Some("remove") => Deed::Remove,
        _ => return Err(Refusal::bad("invalidSyntax", "`op` must be add, replace or remove")),
    };
    let value = member(operation, "value");
    match (member(operation, "path"), value) {
        (Some(Value::String(path)), value) => change(kind, deed, &Path::parse(path)?, value, to),
        (None | Some(Value::Null), _) if deed == Deed::Remove => Err(Refusal::bad("noTarget", "`remove` needs a path")),
        (None | Some(Value::Null), Some(Value::Object(values))) => {
            for (name, value) in values {
                whole(kind, deed, name, value, to)?;
            }
            Ok(())
        }
        (None | Some(Value::Null), _) => Err(Refusal::value("without a path, `value` must be an object of attributes")),
        (Some(_), _) => Err(Refusal::bad("invalidPath", "`path` must be a string")),
    }
}

/// One member of a value without a path. As in POST, what is not known or the server's own is passed over.
fn whole(kind: Kind, deed: Deed, name: &str, value: &Value, to: &mut Wanted) -> Result<(), Refusal> {
    let path = match Path::parse(name) {
        Ok(path) => path,
        Err(_) => return Ok(()),
    };
    let place = match find_place(kind, &path.name) {
        Ok(place) => place,
        Err(_) => return Ok(()),
    };
    let own = match &place {
        Place::Core(found) | Place::Extension(_, found) => {
            is_writable(found.attribute).and(found.part.map_or(Ok(()), is_writable))
        }
        Place::Whole(_) | Place::Open { .. } => Ok(()),
    };
    if own.is_err() {
        return Ok(());
    }
    change(kind, deed, &path, Some(value), to)
}

fn change(kind: Kind, deed: Deed, path: &Path, value: Option<&Value>, to: &mut Wanted) -> Result<(), Refusal> {
    let place = find_place(kind, &path.name).map_err(|what| Refusal::bad("invalidPath", what))?;
    // A null clears, as a removal does.
    let empty = value.is_none_or(|value| value.is_null() || value.as_array().is_some_and(Vec::is_empty));
    let deed = match (deed, value) {
        (Deed::Add | Deed::Replace, None) => return Err(Refusal::value("there is no `value`")),
        (Deed::Replace, _) if empty => Deed::Remove,
        (Deed::Add, _) if empty => return Ok(()),
        (deed, _) => deed,
    };
    let value = if empty { None } else { value };
    match place {
        Place::Core(found) if kind == Kind::Group && found.attribute.name == "members" => {
            members(deed, &found, path, value, &mut to.members)
        }
        Place::Core(found) => {
            if deed == Deed::Remove && found.attribute.required && found.part.is_none() && value.is_none() {
                return Err(Refusal::bad("mutability", format!("{} is required", found.attribute.name)));
            }
            at(deed, &found, path, value, &mut to.body)
        }
        Place::Extension(urn, found) => {
            let mut extension = taken(&mut to.body, &urn);
            let changed = at(deed, &found, path, value, &mut extension);
            put(&mut to.body, &urn, extension);
            changed
        }
        Place::Whole(urn) if path.filter.is_some() => {
            Err(Refusal::bad("invalidPath", format!("{} is a schema, and has no values", quoted(&urn))))
        }
        Place::Whole(urn) => extension(kind, deed, &urn, value, to),
        Place::Open { urn, attribute, part } => open(deed, &urn, &attribute, part.as_deref(), path, value, to),
    }
}

fn taken(body: &mut Json, name: &str) -> Json {
    match body.remove(name) {
        Some(Value::Object(members)) => members,
        _ => Json::new(),
    }
}

fn put(body: &mut Json, name: &str, members: Json) {
    if !members.is_empty() {
        body.insert(name.to_owned(), Value::Object(members));
    }
}

/// A whole extension: its attributes one by one, so that those that are not named stay.
fn extension(kind: Kind, deed: Deed, urn: &str, value: Option<&Value>, to: &mut Wanted) -> Result<(), Refusal> {
    let own = to.body.keys().find(|key| key.eq_ignore_ascii_case(urn)).cloned().unwrap_or_else(|| urn.to_owned());
    match (deed, value) {
        (Deed::Remove, _) => {
            to.body.remove(&own);
            Ok(())
        }
        (_, Some(Value::Object(values))) => match kind.schema().extension(&own) {
            Some(_) => {
                values.iter().try_for_each(|(name, value)| whole(kind, deed, &format!("{own}:{name}"), value, to))
            }
            None => {
                let mut extension = taken(&mut to.body, &own);
                extension.extend(values.iter().map(|(name, value)| (name.clone(), value.clone())));
                let extension = incoming::plain(&Value::Object(extension));
                to.body.extend(extension.map(|extension| (own, extension)));
                Ok(())
            }
        },
        _ => Err(Refusal::value(format!("{} is a schema: its value must be an object", quoted(urn)))),
    }
}

/// An attribute of an extension that is not known: set whole, or by one part.
fn open(
    deed: Deed,
    urn: &str,
    attribute: &str,
    part: Option<&str>,
    path: &Path,
    value: Option<&Value>,
    to: &mut Wanted,
) -> Result<(), Refusal> {
    if path.filter.is_some() {
        return Err(Refusal::bad("invalidPath", format!("values of {} are changed as a whole", quoted(attribute))));
    }
    let own = to.body.keys().find(|key| key.eq_ignore_ascii_case(urn)).cloned().unwrap_or_else(|| urn.to_owned());
    let mut extension = taken(&mut to.body, &own);
    let name = extension.keys().find(|key| key.eq_ignore_ascii_case(attribute)).cloned();
    let name = name.unwrap_or_else(|| attribute.to_owned());
    let value = value.filter(|_| deed != Deed::Remove).and_then(incoming::plain);
    match part {
        None => {
            extension.remove(&name);
            extension.extend(value.map(|value| (name, value)));
        }
        Some(part) => {
            let mut parts = taken(&mut extension, &name);
            parts.remove(part);
            parts.extend(value.map(|value| (part.to_owned(), value)));
            put(&mut extension, &name, parts);
        }
    }
    put(&mut to.body, &own, extension);
    Ok(())
}

/// One attribute in the core schema or in an extension, whose attributes are `body`.
fn at(deed: Deed, found: &Found, path: &Path, value: Option<&Value>, body: &mut Json) -> Result<(), Refusal> {
    let attribute = found.attribute;
    is_writable(attribute)?;
    let part = match (&path.part, found.part) {
        (Some(name), _) => Some(attribute.part(name).ok_or_else(|| {
            Refusal::bad("invalidPath", format!("{} has no sub-attribute {}", attribute.name, quoted(name)))
        })?),
        (None, part) => part,
    };
    if let Some(part) = part {
        is_writable(part)?;
    }
    if path.filter.is_some() && !attribute.many {
        return Err(Refusal::bad("invalidPath", format!("{} has one value: it is not filtered", attribute.name)));
    }
    let name = &attribute.name;
    if attribute.many {
        let mut values = match body.remove(name) {
            Some(Value::Array(values)) => values,
            _ => Vec::new(),
        };
        let changed = many(deed, attribute, part, path.filter.as_ref(), value, &mut values);
        values.retain(|value| value.as_object().is_none_or(|members| !members.is_empty()));
        // Two that a change made the same are one.
        let values = values.into_iter().fold(Vec::new(), |mut each: Vec<Value>, value| {
            if !each.contains(&value) {
                each.push(value);
            }
            each
        });
        if !values.is_empty() {
            body.insert(name.clone(), Value::Array(values));
        }
        return changed;
    }
    match part {
        Some(part) => {
            let mut parts = taken(body, name);
            parts.remove(&part.name);
            if let (Deed::Add | Deed::Replace, Some(value)) = (deed, value) {
                parts.extend(incoming::value(part, value)?.map(|value| (part.name.clone(), value)));
            }
            put(body, name, parts);
        }
        None => match (deed, value) {
            (Deed::Add | Deed::Replace, Some(value)) => {
                match (body.get_mut(name), incoming::value(attribute, value)?) {
                    // The parts that are not named stay (sections 3.5.2.1 and 3.5.2.3).
                    (Some(Value::Object(own)), Some(Value::Object(new))) => own.extend(new),
                    (_, Some(new)) => drop(body.insert(name.clone(), new)),
                    (_, None) => drop(body.remove(name)),
                }
            }
            _ => drop(body.remove(name)),
        },
    }
    Ok(())
}

/// An attribute that has many values.
fn many(
    deed: Deed,
    attribute: &'static Attribute,
    part: Option<&'static Attribute>,
    filter: Option<&Filter>,
    value: Option<&Value>,
    values: &mut Vec<Value>,
) -> Result<(), Refusal> {
    let test = filter.map(|filter| Test::of_values(Some(attribute), filter));
    let test = test.transpose().map_err(|what| Refusal::bad("invalidFilter", what))?;
    let meets = |value: &Value| match &test {
        Some(test) => value.as_object().is_some_and(|value| test.holds(value)),
        None => true,
    };
    let mut touched: Vec<usize> = Vec::new();
    match (deed, part, value) {
        (Deed::Remove, None, value) => {
            // Without a filter, a value says which.
            let named = match value {
                Some(value) if test.is_none() => Some(listed(attribute, value)?),
                _ => None,
            };
            values.retain(|own| match &named {
                Some(named) => !named.iter().any(|named| is_meant(named, own)),
                None => !meets(own),
            });
        }
        (Deed::Remove, Some(part), _) => {
            for own in values.iter_mut().filter(|own| meets(own)).filter_map(Value::as_object_mut) {
                own.remove(&part.name);
            }
        }
        (Deed::Add | Deed::Replace, Some(part), Some(value)) => {
            let value = incoming::value(part, value)?;
            let mut met: Vec<usize> = (0..values.len()).filter(|at| values.get(*at).is_some_and(meets)).collect();
            if met.is_empty() {
                let made = filter.filter(|_| deed == Deed::Add).and_then(|filter| described(attribute, filter));
                let made = if filter.is_none() { Some(Json::new()) } else { made };
                let made = made.ok_or_else(|| no_target(attribute))?;
                met.push(values.len());
                values.push(Value::Object(made));
            }
            for at in met {
                if let (Some(Value::Object(own)), Some(value)) = (values.get_mut(at), &value) {
                    own.insert(part.name.clone(), value.clone());
                    touched.push(at);
                }
            }
        }
        (Deed::Add, None, Some(value)) if filter.is_none() => {
            for new in listed(attribute, value)? {
                let known = values.iter().position(|own| *own == new);
                touched.push(known.unwrap_or(values.len()));
                if known.is_none() {
                    values.push(new);
                }
            }
        }
        (Deed::Replace, None, Some(value)) if filter.is_none() => {
            *values = listed(attribute, value)?;
            touched.extend(0..values.len());
        }
        (Deed::Add | Deed::Replace, None, Some(value)) => {
            let one = value.as_array().filter(|list| list.len() == 1).and_then(|list| list.first()).unwrap_or(value);
            let Some(new) = incoming::element(attribute, one)? else { return Ok(()) };
            let met: Vec<usize> = (0..values.len()).filter(|at| values.get(*at).is_some_and(meets)).collect();
            if met.is_empty() && deed == Deed::Replace {
                return Err(no_target(attribute));
            }
            if met.is_empty() {
                touched.push(values.len());
                values.push(new.clone());
            }
            for at in met {
                match (deed, values.get_mut(at), &new) {
                    (Deed::Add, Some(Value::Object(own)), Value::Object(new)) => own.extend(new.clone()),
                    (_, Some(own), new) => own.clone_from(new),
                    (_, None, _) => {}
                }
                touched.push(at);
            }
        }
        (Deed::Add | Deed::Replace, _, None) => {}
    }
    one_primary(attribute, &touched, values)
}

fn no_target(attribute: &Attribute) -> Refusal {
    Refusal::bad("noTarget", format!("no value of {} is as the filter says", attribute.name))
}

/// Values as a list.
fn listed(attribute: &Attribute, value: &Value) -> Result<Vec<Value>, Refusal> {
    match incoming::value(attribute, value)? {
        Some(Value::Array(values)) => Ok(values),
        _ => Ok(Vec::new()),
    }
}

/// Whether a value that is to be removed is this one: equal in all that it says.
fn is_meant(named: &Value, own: &Value) -> bool {
    match (named, own) {
        (Value::Object(named), Value::Object(own)) => named.iter().all(|(name, value)| own.get(name) == Some(value)),
        (named, own) => named == own,
    }
}

/// A value that meets a filter which names what it must be: `type eq "work"` is met by a value of the type work.
fn described(attribute: &Attribute, filter: &Filter) -> Option<Json> {
    match filter {
        Filter::All(filters) => filters.iter().try_fold(Json::new(), |mut all, filter| {
            all.extend(described(attribute, filter)?);
            Some(all)
        }),
        Filter::Compare { name: Name { urn: None, attribute: Some(word), part: None }, operator, value }
            if *operator == Operator::Equal =>
        {
            let part = attribute.part(word)?;
            let value = incoming::value(part, value).ok()??;
            Some([(part.name.clone(), value)].into_iter().collect())
        }
        _ => None,
    }
}

/// A value that became primary takes that from the others (section 3.5.2).
fn one_primary(attribute: &Attribute, touched: &[usize], values: &mut [Value]) -> Result<(), Refusal> {
    let primary: Vec<usize> = (0..values.len()).filter(|at| values.get(*at).is_some_and(is_primary)).collect();
    if primary.len() < 2 {
        return Ok(());
    }
    let new: Vec<&usize> = primary.iter().filter(|at| touched.contains(at)).collect();
    let [new] = new.as_slice() else {
        return Err(Refusal::value(format!("more than one value of {} would be primary", attribute.name)));
    };
    for at in primary.iter().filter(|at| at != new) {
        if let Some(Value::Object(own)) = values.get_mut(*at) {
            own.insert("primary".to_owned(), Value::Bool(false));
        }
    }
    Ok(())
}

/// The members of a group.
fn members(
    deed: Deed,
    found: &Found,
    path: &Path,
    value: Option<&Value>,
    members: &mut Members,
) -> Result<(), Refusal> {
    if let Some(part) = path.part.as_deref().or(found.part.map(|part| part.name.as_str())) {
        return Err(Refusal::bad("mutability", format!("{part} of a member does not change: add and remove members")));
    }
    let Some(filter) = &path.filter else {
        match (deed, value) {
            (Deed::Add, Some(value)) => {
                for (member, kind) in incoming::members(value)? {
                    members.entry(member).or_insert(kind);
                }
            }
            (Deed::Replace, Some(value)) => *members = incoming::members(value)?,
            (Deed::Remove, Some(value)) => {
                for member in incoming::members(value)?.keys() {
                    members.remove(member);
                }
            }
            (Deed::Remove, None) => members.clear(),
            (_, None) => {}
        }
        return Ok(());
    };
    if deed != Deed::Remove {
        return Err(Refusal::bad("mutability", "a member does not change: add and remove members"));
    }
    let test = Test::of_values(Some(found.attribute), filter).map_err(|what| Refusal::bad("invalidFilter", what))?;
    if let Some(("value", id)) = test.must_equal()
        && matches!(test, Test::Compare { .. })
    {
        members.remove(id);
        return Ok(());
    }
    if !only_value(filter) {
        return Err(Refusal::bad("invalidFilter", "members are told apart by their `value`"));
    }
    members.retain(|id, _| {
        let member: Json = [("value".to_owned(), Value::from(&**id))].into_iter().collect();
        !test.holds(&member)
    });
    Ok(())
}

/// Whether a filter asks for nothing but `value`.
fn only_value(filter: &Filter) -> bool {
    match filter {
        Filter::All(filters) | Filter::Any(filters) => filters.iter().all(only_value),
        Filter::Not(filter) => only_value(filter),
        Filter::Present(name) | Filter::Compare { name, .. } => {
            name.attribute.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("value"))
        }
        Filter::Values { .. } => false,
    }
}
