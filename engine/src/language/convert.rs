//! Values to other types, by the language's rules: to text, number and bool, and to and from the record's values.

use std::sync::Arc;

use state::Symbol;

use super::{Failure, Number, Value};

impl Value {
    /// The value as text, where the language converts it without being asked: strings, numbers, bools.
    pub fn to_text(&self) -> Result<Arc<str>, Failure> {
        match self {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(Arc::from(number.to_string())),
            Value::Bool(true) => Ok(Arc::from("true")),
            Value::Bool(false) => Ok(Arc::from("false")),
            other => Err(other.not_a("string")),
        }
    }

    /// The value as a number: numbers, and strings that read as one.
    pub fn to_number(&self) -> Result<Number, Failure> {
        match self {
            Value::Number(number) => Ok(number.clone()),
            Value::String(text) => {
                Number::parse(text).ok_or_else(|| Failure::new(format!("{text:?} does not read as a number")))
            }
            other => Err(other.not_a("number")),
        }
    }

    /// The value as a bool: bools, and the strings `true`, `false`, `1` and `0`.
    pub fn to_bool(&self) -> Result<bool, Failure> {
        match self {
            Value::Bool(truth) => Ok(*truth),
            Value::String(text) => match text.as_ref() {
                "true" | "1" => Ok(true),
                "false" | "0" => Ok(false),
                other => {
                    Err(Failure::new(format!("{other:?} does not read as a bool")).hint("a bool is true or false"))
                }
            },
            other => Err(other.not_a("bool")),
        }
    }

    fn not_a(&self, wanted: &str) -> Failure {
        let failure = Failure::new(format!("a {wanted} is needed here, and this is {}", self.describe()));
        match self {
            Value::Reference(reference) => {
                failure.hint(format!("name one of its attributes, as in {reference}.id or {reference}.key"))
            }
            _ => failure,
        }
    }

    /// The value as the record keeps it. Fails for references, unknown and sensitive values: what they become is the
    /// configuration's decision.
    pub fn to_state(&self) -> Result<state::Value, Failure> {
        Ok(match self {
            Value::Null => state::Value::Null,
            Value::Bool(truth) => state::Value::Bool(*truth),
            Value::Number(number) => match number.to_i64() {
                Some(integer) => state::Value::Integer(integer),
                None => {
                    let float = number.to_f64();
                    if !float.is_finite() {
                        return Err(Failure::new(format!("the number {number} is too large for an attribute")));
                    }
                    state::Value::Float(float)
                }
            },
            Value::String(text) => state::Value::text(&**text),
            Value::List(items) | Value::Set(items) => {
                state::Value::List(Arc::new(items.iter().map(Value::to_state).collect::<Result<_, _>>()?))
            }
            Value::Object(object) => {
                let mut pairs = Vec::with_capacity(object.len());
                for (key, value) in object.iter() {
                    pairs.push((Symbol::new(key), value.to_state()?));
                }
                // An object is in the order of its keys, each once: what a map asks for.
                state::Value::Map(Arc::new(pairs))
            }
            Value::Reference(_) => return Err(self.not_a("plain value")),
            Value::Unknown(_) => return Err(Failure::new("this is known only after apply")),
            Value::Sensitive(_) => {
                return Err(Failure::new("this is sensitive, and would be stored in the clear")
                    .hint("sensitive values may stand in credentials and in on_create only"));
            }
        })
    }

    /// A value of the record or of a system.
    pub fn from_state(value: &state::Value) -> Value {
        match value {
            state::Value::Null => Value::Null,
            state::Value::Bool(truth) => Value::Bool(*truth),
            state::Value::Integer(integer) => Value::number(*integer),
            state::Value::Float(float) => Number::from_f64(*float).map_or(Value::Null, Value::Number),
            state::Value::Text(text) => Value::string(text.as_str()),
            state::Value::List(items) => Value::list(items.iter().map(Value::from_state).collect()),
            state::Value::Map(pairs) => {
                Value::object(pairs.iter().map(|(name, value)| (Arc::from(name.as_str()), Value::from_state(value))))
            }
        }
    }
}
