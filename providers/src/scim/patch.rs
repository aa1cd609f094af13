//! The smallest PATCH that makes one resource as wanted (RFC 7644 section 3.5.2).
//!
//! Objects are changed sub-attribute by sub-attribute, keyed lists entry by entry, so that what others wrote beside
//! stays; operation names are in lower case, as the RFC writes them, since some servers take no others.

use serde_json::{Value as Json, json};
use state::{Attributes, Shape, Symbol, Value};

use super::resource::json_of;
use super::rfc;
use super::schema::{ResourceSchema, find};

/// The operations that lead from `before` to `after`, whose empty values clear. Nothing where nothing differs.
pub fn operations(schema: &ResourceSchema, before: &Attributes, after: &Attributes) -> Vec<Json> {
    let mut operations = Vec::new();
    for (name, wanted) in after {
        let was = before.get(*name);
        if is_extension(schema, name.as_str()) {
            extension(name.as_str(), was, wanted, &mut operations);
            continue;
        }
        let shape = find(&schema.attributes, name.as_str()).map_or(Shape::One, |attribute| attribute.shape());
        match (shape, wanted) {
            (Shape::Keyed(key), Value::List(wanted)) if !wanted.is_empty() => {
                keyed(name.as_str(), key, was.and_then(Value::as_list).unwrap_or_default(), wanted, &mut operations);
            }
            _ => value(name.as_str(), was, wanted, &mut operations),
        }
    }
    operations
}

/// Whether an attribute is an extension's: its name is a URN.
pub fn is_extension(schema: &ResourceSchema, name: &str) -> bool {
    schema.extension(name).is_some() || name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
}

/// The body of a PATCH.
pub fn body(operations: Vec<Json>) -> Json {
    json!({ "schemas": [rfc::PATCH], "Operations": operations })
}

/// `replace active`.
pub fn active(active: bool) -> Json {
    json!({ "op": "replace", "path": "active", "value": active })
}

/// A value under a path of its own.
fn value(path: &str, was: Option<&Value>, wanted: &Value, to: &mut Vec<Json>) {
    match wanted {
        Value::Null => {}
        _ if was == Some(wanted) => {}
        _ if wanted.is_empty() => {
            if was.is_some() {
                to.push(json!({ "op": "remove", "path": path }));
            }
        }
        // Sub-attributes of something that is there are changed by themselves: what is not named stays.
        Value::Map(parts) if was.is_some_and(|was| was.as_map().is_some()) => {
            for (name, wanted) in parts.iter() {
                let was = was.and_then(|was| was.get(*name));
                value(&format!("{path}.{name}"), was, wanted, to);
            }
        }
        _ => {
            let op = if was.is_some() { "replace" } else { "add" };
            to.push(json!({ "op": op, "path": path, "value": full(wanted) }));
        }
    }
}

/// Attributes of an extension are addressed one by one, `URN:attribute`: not every server knows the URN as a path.
fn extension(urn: &str, was: Option<&Value>, wanted: &Value, to: &mut Vec<Json>) {
    match wanted {
        Value::Map(parts) if !parts.is_empty() => {
            for (name, wanted) in parts.iter() {
                value(&format!("{urn}:{name}"), was.and_then(|was| was.get(*name)), wanted, to);
            }
        }
        _ => value(urn, was, wanted, to),
    }
}

/// Entries of a list that are told apart by `key`: entries that are not named stay.
fn keyed(path: &str, key: Symbol, was: &[Value], wanted: &[Value], to: &mut Vec<Json>) {
    let own = Symbol::new("value");
    for entry in wanted {
        let same: Vec<&Value> = was.iter().filter(|was| was.get(key) == entry.get(key)).collect();
        if same.iter().any(|was| holds(was, entry)) {
            continue;
        }
        // Several of the same type, or one without: told apart by what it holds.
        let filter = match (same.as_slice(), entry.get(key).and_then(Value::as_text)) {
            ([_], Some(text)) => Some(format!("{key} eq {}", quoted(text.as_str()))),
            ([first, ..], _) => {
                first.get(own).and_then(Value::as_text).map(|text| format!("value eq {}", quoted(text.as_str())))
            }
            ([], _) => None,
        };
        match (same.first(), filter, entry) {
            (Some(was), Some(filter), Value::Map(parts)) => {
                for (name, wanted) in parts.iter().filter(|(name, _)| *name != key) {
                    value(&format!("{path}[{filter}].{name}"), was.get(*name), wanted, to);
                }
            }
            _ => to.push(json!({ "op": "add", "path": path, "value": [full(entry)] })),
        }
    }
}

/// Whether an entry has all that is wanted of it.
fn holds(was: &Value, wanted: &Value) -> bool {
    match (was, wanted) {
        (_, Value::Null) => true,
        (Value::Map(_), Value::Map(parts)) => parts.iter().all(|(name, wanted)| match was.get(*name) {
            Some(was) => holds(was, wanted),
            None => wanted.is_empty(),
        }),
        _ => was == wanted,
    }
}

/// A value for a request: what is empty inside an object is left out.
pub fn full(value: &Value) -> Json {
    match value {
        Value::Map(parts) => Json::Object(
            parts
                .iter()
                .filter(|(_, part)| !part.is_empty())
                .map(|(name, part)| (name.as_str().to_owned(), full(part)))
                .collect(),
        ),
        Value::List(items) => items.iter().map(full).collect(),
        other => json_of(other),
    }
}

/// Text in a filter (RFC 7644 section 3.4.2.2: as a JSON string).
pub fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(json: &str) -> Attributes {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_operations_are_as_few_and_as_small_as_can_be() {
        let before = r#"{"userName": "ada", "title": "Countess", "name": {"givenName": "Ada", "familyName": "Byron"},
            "emails": [{"type": "work", "value": "a@old"}, {"type": "home", "value": "a@home"}, {"value": "a@bare"}],
            "roles": [{"value": "x"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R", "manager": {"value": "7"}}}"#;
        let table = [
            ("nothing differs", r#"{"userName": "ada", "name": {"givenName": "Ada"}}"#),
            ("one value", r#"{"userName": "lovelace"}"#),
            ("a new value", r#"{"nickName": "A"}"#),
            ("cleared", r#"{"title": "", "nickName": "", "roles": []}"#),
            (
                "a part",
                r#"{"name": {"givenName": "Ada", "familyName": "Lovelace", "middleName": "K", "formatted": ""}}"#,
            ),
            ("a new object", r#"{"address": {"country": "UK", "region": ""}}"#),
            ("a keyed entry", r#"{"emails": [{"type": "work", "value": "a@new", "primary": true}]}"#),
            (
                "a new keyed entry",
                r#"{"emails": [{"type": "home", "value": "a@home"}, {"type": "other", "value": "a@o"}]}"#,
            ),
            ("an entry without its key", r#"{"emails": [{"value": "a@naked"}]}"#),
            ("a whole list", r#"{"roles": [{"value": "y"}]}"#),
            (
                "an extension",
                r#"{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "", "costCenter": "1", "manager": {"value": "8"}}}"#,
            ),
            ("a filter that needs quotes", r#"{"emails": [{"type": "a\"b", "value": "x"}]}"#),
        ];
        let shown: Vec<String> = table
            .iter()
            .map(|(what, after)| {
                let operations = operations(&rfc::user(), &attributes(before), &attributes(after));
                let lines: Vec<String> = operations.iter().map(|operation| format!("  {operation}")).collect();
                format!("{what}\n{}", lines.join("\n"))
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        nothing differs

        one value
          {"op":"replace","path":"userName","value":"lovelace"}
        a new value
          {"op":"add","path":"nickName","value":"A"}
        cleared
          {"op":"remove","path":"roles"}
          {"op":"remove","path":"title"}
        a part
          {"op":"replace","path":"name.familyName","value":"Lovelace"}
          {"op":"add","path":"name.middleName","value":"K"}
        a new object
          {"op":"add","path":"address","value":{"country":"UK"}}
        a keyed entry
          {"op":"add","path":"emails[type eq \"work\"].primary","value":true}
          {"op":"replace","path":"emails[type eq \"work\"].value","value":"a@new"}
        a new keyed entry
          {"op":"add","path":"emails","value":[{"type":"other","value":"a@o"}]}
        an entry without its key
          {"op":"replace","path":"emails[value eq \"a@bare\"].value","value":"a@naked"}
        a whole list
          {"op":"replace","path":"roles","value":[{"value":"y"}]}
        an extension
          {"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter","value":"1"}
          {"op":"remove","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"}
          {"op":"replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value","value":"8"}
        a filter that needs quotes
          {"op":"add","path":"emails","value":[{"type":"a\"b","value":"x"}]}
        "#);
    }
}
