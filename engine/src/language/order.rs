//! Equality, order and hash of values: structural, by value, total. Sets are sorted by it.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::Value;

impl Value {
    fn rank(&self) -> u8 {
        match self {
            Value::Null => 0,
            Value::Bool(_) => 1,
            Value::Number(_) => 2,
            Value::String(_) => 3,
            Value::List(_) => 4,
            Value::Set(_) => 5,
            Value::Object(_) => 6,
            Value::Reference(_) => 7,
            Value::Unknown(_) => 8,
            Value::Sensitive(_) => 9,
        }
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Value) -> Ordering {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Number(a), Value::Number(b)) => a.cmp(b),
            (Value::String(a), Value::String(b)) => a.cmp(b),
            (Value::List(a), Value::List(b)) | (Value::Set(a), Value::Set(b)) => {
                if Arc::ptr_eq(a, b) {
                    Ordering::Equal
                } else {
                    a.cmp(b)
                }
            }
            (Value::Object(a), Value::Object(b)) => {
                if Arc::ptr_eq(a, b) {
                    Ordering::Equal
                } else {
                    a.iter().cmp(b.iter())
                }
            }
            (Value::Reference(a), Value::Reference(b)) => a.cmp(b),
            (Value::Unknown(a), Value::Unknown(b)) => (&a.needs, a.sensitive).cmp(&(&b.needs, b.sensitive)),
            (Value::Sensitive(a), Value::Sensitive(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Value) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rank().hash(state);
        match self {
            Value::Null => {}
            Value::Bool(truth) => truth.hash(state),
            Value::Number(number) => number.hash(state),
            Value::String(text) => text.hash(state),
            Value::List(items) | Value::Set(items) => items.hash(state),
            Value::Object(object) => {
                object.len().hash(state);
                object.iter().for_each(|pair| pair.hash(state));
            }
            Value::Reference(reference) => reference.hash(state),
            Value::Unknown(unknown) => unknown.needs.hash(state),
            Value::Sensitive(inner) => inner.hash(state),
        }
    }
}

/// Nearly JSON: a reference is its text, sets are in `toset(...)`, and what is sensitive or unknown is not shown.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(truth) => truth.fmt(f),
            Value::Number(number) => write!(f, "{number}"),
            Value::String(text) => fmt::Debug::fmt(text, f),
            Value::List(items) => items.fmt(f),
            Value::Set(items) => write!(f, "toset({items:?})"),
            Value::Object(object) => f.debug_map().entries(object.iter()).finish(),
            Value::Reference(reference) => write!(f, "{reference}"),
            Value::Unknown(_) => f.write_str("(known after apply)"),
            Value::Sensitive(_) => f.write_str("(sensitive)"),
        }
    }
}
