//! Changing a resource by writing it whole (RFC 7644 section 3.5.1), for servers without PATCH.
//!
//! What is written is what was read just before, with the change laid over it: attributes that tenure does not know
//! stay. `If-Match` guards the time between where the server has ETags.

use serde_json::{Map, Value as Json};
use state::{Attributes, Shape, Value};

use super::patch::{full, is_extension};
use super::schema::{ResourceSchema, find};

/// `resource` as it is to be written, with `after` laid over it.
pub fn overlay(schema: &ResourceSchema, resource: &Map<String, Json>, after: &Attributes) -> Map<String, Json> {
    let mut written = writable(resource);
    for (name, wanted) in after {
        let keyed = match find(&schema.attributes, name.as_str()).map(|attribute| attribute.shape()) {
            Some(Shape::Keyed(key)) if !is_extension(schema, name.as_str()) => Some(key),
            _ => None,
        };
        let key = spelled(&written, name.as_str());
        match (keyed, wanted, written.get_mut(&key)) {
            (_, Value::Null, _) => {}
            (Some(by), Value::List(entries), Some(Json::Array(list))) if !entries.is_empty() => {
                for entry in entries.iter() {
                    lay_entry(list, by.as_str(), entry);
                }
            }
            (_, Value::Map(parts), Some(Json::Object(object))) if !parts.is_empty() => lay(object, parts),
            (_, wanted, _) if wanted.is_empty() => {
                written.remove(&key);
            }
            (_, wanted, _) => {
                written.insert(key, full(wanted));
            }
        }
        if is_extension(schema, name.as_str()) && !wanted.is_empty() {
            announce(&mut written, name.as_str());
        }
    }
    written
}

/// A resource without what the server alone writes.
pub fn writable(resource: &Map<String, Json>) -> Map<String, Json> {
    let servers_own = |name: &str| name.eq_ignore_ascii_case("meta") || name.eq_ignore_ascii_case("groups");
    resource.iter().filter(|(name, _)| !servers_own(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Sets a member under the spelling that is there already.
pub fn set(object: &mut Map<String, Json>, name: &str, value: Json) {
    let key = spelled(object, name);
    object.insert(key, value);
}

fn spelled(object: &Map<String, Json>, name: &str) -> String {
    let own = object.keys().find(|key| key.eq_ignore_ascii_case(name));
    own.map_or_else(|| name.to_owned(), Clone::clone)
}

/// Lays `parts` over an object, part by part.
fn lay(object: &mut Map<String, Json>, parts: &[(state::Symbol, Value)]) {
    for (name, wanted) in parts {
        let key = spelled(object, name.as_str());
        match (wanted, object.get_mut(&key)) {
            (Value::Null, _) => {}
            (Value::Map(parts), Some(Json::Object(inner))) if !parts.is_empty() => lay(inner, parts),
            (wanted, _) if wanted.is_empty() => {
                object.remove(&key);
            }
            (wanted, _) => {
                object.insert(key, full(wanted));
            }
        }
    }
}

fn lay_entry(list: &mut Vec<Json>, by: &str, entry: &Value) {
    let Some(parts) = entry.as_map() else {
        if !list.contains(&full(entry)) {
            list.push(full(entry));
        }
        return;
    };
    let key = entry.get(state::Symbol::new(by)).map(full);
    let same = list.iter_mut().filter_map(Json::as_object_mut).find(|own| {
        let spelled = spelled(own, by);
        own.get(&spelled) == key.as_ref()
    });
    match same {
        Some(own) => lay(own, parts),
        None => list.push(full(entry)),
    }
}

/// `schemas` names every extension that is used.
fn announce(written: &mut Map<String, Json>, urn: &str) {
    let key = spelled(written, "schemas");
    if let Some(Json::Array(schemas)) = written.get_mut(&key)
        && !schemas.iter().any(|own| own.as_str().is_some_and(|own| own.eq_ignore_ascii_case(urn)))
    {
        schemas.push(Json::from(urn));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::rfc;

    #[test]
    fn what_is_not_named_stays_and_the_servers_own_is_left_out() {
        let resource: Json = serde_json::from_str(
            r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "7", "meta": {"version": "1"}, "groups": [],
                "USERNAME": "ada", "title": "Countess", "name": {"givenName": "Ada", "familyName": "Byron"}, "badge": [1, 2],
                "emails": [{"type": "work", "value": "a@old", "display": "A"}, {"type": "home", "value": "a@home"}]}"#,
        )
        .unwrap();
        let after: Attributes = serde_json::from_str(
            r#"{"userName": "lovelace", "title": "", "name": {"familyName": "Lovelace"}, "emails": [{"type": "work", "value": "a@new"}],
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R"}}"#,
        )
        .unwrap();
        let written = overlay(&rfc::user(), resource.as_object().unwrap(), &after);
        insta::assert_snapshot!(serde_json::to_string_pretty(&written).unwrap(), @r#"
        {
          "USERNAME": "lovelace",
          "badge": [
            1,
            2
          ],
          "emails": [
            {
              "display": "A",
              "type": "work",
              "value": "a@new"
            },
            {
              "type": "home",
              "value": "a@home"
            }
          ],
          "id": "7",
          "name": {
            "familyName": "Lovelace",
            "givenName": "Ada"
          },
          "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
          ],
          "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
            "department": "R"
          }
        }
        "#);
    }
}
