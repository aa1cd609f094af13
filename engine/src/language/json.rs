//! Values to and from JSON.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{Failure, Number, Value};

impl Value {
    /// The value as JSON. Whole numbers beyond 64 bits and long fractions become the nearest float; for text that
    /// keeps all digits see [`Value::to_json_text`].
    pub fn to_json(&self) -> Result<serde_json::Value, Failure> {
        Ok(match self {
            Value::Null => serde_json::Value::Null,
            Value::Bool(truth) => serde_json::Value::Bool(*truth),
            Value::Number(number) => match number.to_i64() {
                Some(integer) => integer.into(),
                None => serde_json::Number::from_f64(number.to_f64())
                    .map(serde_json::Value::Number)
                    .ok_or_else(|| Failure::new(format!("the number {number} is too large for JSON")))?,
            },
            Value::String(text) => serde_json::Value::String(text.to_string()),
            Value::List(items) | Value::Set(items) => {
                serde_json::Value::Array(items.iter().map(Value::to_json).collect::<Result<_, _>>()?)
            }
            Value::Object(object) => serde_json::Value::Object(
                object
                    .iter()
                    .map(|(key, value)| Ok((key.to_string(), value.to_json()?)))
                    .collect::<Result<_, Failure>>()?,
            ),
            other => return Err(other.not_json()),
        })
    }

    /// The value as compact JSON text, objects in the order of their keys, numbers with all their digits.
    pub fn to_json_text(&self) -> Result<String, Failure> {
        let mut text = String::new();
        self.write_json(&mut text)?;
        Ok(text)
    }

    fn write_json(&self, to: &mut String) -> Result<(), Failure> {
        match self {
            Value::Null => to.push_str("null"),
            Value::Bool(truth) => to.push_str(if *truth { "true" } else { "false" }),
            Value::Number(number) => to.push_str(&number.to_string()),
            Value::String(text) => write_json_string(text, to),
            Value::List(items) | Value::Set(items) => {
                to.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        to.push(',');
                    }
                    item.write_json(to)?;
                }
                to.push(']');
            }
            Value::Object(object) => {
                to.push('{');
                for (at, (key, value)) in object.iter().enumerate() {
                    if at > 0 {
                        to.push(',');
                    }
                    write_json_string(key, to);
                    to.push(':');
                    value.write_json(to)?;
                }
                to.push('}');
            }
            other => return Err(other.not_json()),
        }
        Ok(())
    }

    fn not_json(&self) -> Failure {
        Failure::new(format!("JSON cannot say {}", self.describe()))
    }

    /// A JSON value.
    pub fn from_json(value: &serde_json::Value) -> Value {
        match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(truth) => Value::Bool(*truth),
            serde_json::Value::Number(number) => Number::parse(&number.to_string()).map_or(Value::Null, Value::Number),
            serde_json::Value::String(text) => Value::string(text),
            serde_json::Value::Array(items) => Value::list(items.iter().map(Value::from_json).collect()),
            serde_json::Value::Object(pairs) => {
                Value::object(pairs.iter().map(|(key, value)| (Arc::from(key.as_str()), Value::from_json(value))))
            }
        }
    }
}

/// With the escapes that Terraform's `jsonencode` writes: also for `<`, `>`, `&` and the two Unicode line ends.
fn write_json_string(text: &str, to: &mut String) {
    to.push('"');
    for character in text.chars() {
        match character {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '\t' => to.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                to.push_str(&format!("\\u{:04x}", character as u32));
            }
            other => to.push(other),
        }
    }
    to.push('"');
}

/// Any self-describing format; of a key that stands twice in an object the last value wins.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Value;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }
            fn visit_none<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }
            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
                Value::deserialize(deserializer)
            }
            fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
                Ok(Value::Bool(truth))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
                Ok(Value::number(number))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
                Ok(Value::number(number))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
                Number::from_f64(number).map(Value::Number).ok_or_else(|| E::custom("a number that is not finite"))
            }
            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(Value::string(text))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Value::list(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some((key, value)) = entries.next_entry::<String, Value>()? {
                    pairs.push((Arc::from(key), value));
                }
                Ok(Value::object(pairs))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_comes_and_goes() {
        let text = r#"{"a":[1,1.5,null,true,"\u003cü\u0001\n"],"b":{},"big":12345678901234567000}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(value.to_json_text().unwrap(), text);
        assert_eq!(Value::from_json(&value.to_json().unwrap()).to_json().unwrap(), value.to_json().unwrap());
        assert_eq!(
            serde_json::from_str::<Value>(r#"{"b":1,"a":2,"b":3}"#).unwrap().to_json_text().unwrap(),
            r#"{"a":2,"b":3}"#
        );
    }

    #[test]
    fn what_is_secret_or_unknown_is_not_json() {
        let secret = Value::list(vec![Value::sensitive("hush".into())]);
        assert_eq!(secret.to_json_text().unwrap_err().message, "JSON cannot say a sensitive value");
        assert_eq!(format!("{secret:?}"), "[(sensitive)]");
        assert!(Value::unknown(vec![], false).to_json().is_err());
    }
}
