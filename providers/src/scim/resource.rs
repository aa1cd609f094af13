//! Resources to objects and back.

use std::sync::Arc;

use serde_json::Value as JsonValue;
use state::{Attributes, Object, Symbol, Value};

use super::json::{self, Json};
use super::schema::{Attribute, ResourceSchema, find, is_apart};

/// A user as an account: its attributes in the schema's spelling, without those that stand for themselves. The error
/// says what is wrong with it.
pub fn account(json: &Json, schema: &ResourceSchema) -> Result<Object, String> {
    let mut object = object(json, schema)?;
    // RFC 7643 section 4.1.1 leaves the default open; servers without the attribute know active users only.
    object.active = json::truth(json, "active").unwrap_or(true);
    Ok(object)
}

/// A group, without its members.
pub fn object(json: &Json, schema: &ResourceSchema) -> Result<Object, String> {
    let id = json::identifier(json, "id").ok_or("has no id")?;
    if json::segment(&id).is_none() {
        return Err(format!("has the id {id:?}, which no URL can hold"));
    }
    let attributes: Attributes = json
        .iter()
        .filter(|(name, _)| !is_apart(name))
        .filter_map(|(name, value)| {
            let (name, parts) = match schema.extension(name) {
                Some((urn, parts)) => (urn.as_str(), parts.as_slice()),
                None => match find(&schema.attributes, name) {
                    // Never read back, even where a server shows it.
                    Some(attribute) if attribute.mutability == state::Mutability::WriteOnly => return None,
                    Some(attribute) => (attribute.name.as_str(), attribute.parts.as_slice()),
                    None if name.eq_ignore_ascii_case("password") => return None,
                    None => (name.as_str(), &[] as &[Attribute]),
                },
            };
            Some((Symbol::new(name), value_of(value, parts)?))
        })
        .collect();
    let meta = json::member(json, "meta").and_then(JsonValue::as_object);
    let version = meta.and_then(|meta| json::text(meta, "version")).map(Symbol::new);
    Ok(Object { version, ..Object::new(Symbol::new(&id), attributes) })
}

/// A JSON value in tenure's words; what is null or an empty list is not there (RFC 7643 section 2.5).
fn value_of(json: &JsonValue, parts: &[Attribute]) -> Option<Value> {
    match json {
        JsonValue::Null => None,
        JsonValue::Bool(truth) => Some(Value::Bool(*truth)),
        JsonValue::Number(number) => Some(match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::Integer(whole),
            (None, Some(float)) if float.is_finite() => Value::Float(float),
            _ => Value::text(number.to_string()),
        }),
        JsonValue::String(text) => Some(Value::text(text.as_str())),
        JsonValue::Array(items) => {
            let items: Vec<Value> = items.iter().filter_map(|item| value_of(item, parts)).collect();
            (!items.is_empty()).then(|| Value::List(Arc::new(items)))
        }
        JsonValue::Object(members) => {
            let pairs: Vec<(Symbol, Value)> = members
                .iter()
                .filter_map(|(name, value)| {
                    let part = find(parts, name);
                    let name = part.map_or(name.as_str(), |part| part.name.as_str());
                    Some((Symbol::new(name), value_of(value, part.map_or(&[], |part| part.parts.as_slice()))?))
                })
                .collect();
            (!pairs.is_empty()).then(|| Value::map(pairs))
        }
    }
}

/// A value as JSON, for requests.
pub fn json_of(value: &Value) -> JsonValue {
    match value {
        Value::Null => JsonValue::Null,
        Value::Bool(truth) => JsonValue::Bool(*truth),
        Value::Integer(number) => JsonValue::from(*number),
        Value::Float(number) => JsonValue::from(*number),
        Value::Text(text) => JsonValue::from(text.as_str()),
        Value::List(items) => items.iter().map(json_of).collect(),
        Value::Map(pairs) => {
            JsonValue::Object(pairs.iter().map(|(name, value)| (name.as_str().to_owned(), json_of(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::rfc;

    #[test]
    fn a_user_becomes_an_account_in_the_spelling_of_the_schema() {
        let json: JsonValue = serde_json::from_str(
            r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "7", "USERNAME": "ada", "active": false,
                "meta": {"version": "W/\"3\""}, "groups": [{"value": "g"}], "password": "x", "title": null, "roles": [],
                "Name": {"givenname": "Ada", "familyName": null}, "emails": [{"value": "a@x", "TYPE": "work"}],
                "URN:ietf:params:scim:schemas:extension:enterprise:2.0:user": {"Department": "R"}, "custom": 1.5}"#,
        )
        .unwrap();
        let account = account(json.as_object().unwrap(), &rfc::user()).unwrap();
        assert_eq!((account.id.as_str(), account.active, account.version), ("7", false, Some(Symbol::new("W/\"3\""))));
        insta::assert_snapshot!(serde_json::to_string_pretty(&account.attributes).unwrap(), @r#"
        {
          "custom": 1.5,
          "emails": [
            {
              "type": "work",
              "value": "a@x"
            }
          ],
          "name": {
            "givenName": "Ada"
          },
          "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
            "department": "R"
          },
          "userName": "ada"
        }
        "#);
    }

    #[test]
    fn an_id_is_a_must() {
        for (json, error) in [
            (r#"{"userName": "ada"}"#, "has no id"),
            (r#"{"id": ""}"#, "has no id"),
            (r#"{"id": ".."}"#, "has the id \"..\", which no URL can hold"),
        ] {
            let json: JsonValue = serde_json::from_str(json).unwrap();
            assert_eq!(account(json.as_object().unwrap(), &rfc::user()).unwrap_err(), error);
        }
    }
}
