//! Values of the language. Sharing is cheap: everything that can be large stands behind an `Arc`.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use state::Address;

use super::Number;

/// Names with values. HCL objects and maps are one type here, in the order of their keys' text (as Terraform orders
/// maps), so whoever builds one sorts it: see [`Value::object`].
pub type Object = IndexMap<Arc<str>, Value, rustc_hash::FxBuildHasher>;

/// A value of the language.
///
/// `==`, order and hash are structural (see `order.rs`); the language's own `==` is the evaluator's. `Debug` shows no
/// sensitive value.
#[derive(Clone)]
pub enum Value {
    Null,
    Bool(bool),
    Number(Number),
    String(Arc<str>),
    /// A list or tuple.
    List(Arc<Vec<Value>>),
    /// A set: sorted, each value once.
    Set(Arc<Vec<Value>>),
    /// A map or object.
    Object(Arc<Object>),
    /// Something that other blocks declare; its attributes are asked of the scope, one by one, when they are needed.
    Reference(Reference),
    /// Known only after apply.
    Unknown(Arc<Unknown>),
    /// A value that is never stored, printed or logged. Never nested in itself.
    Sensitive(Arc<Value>),
}

/// What a reference points at: an identity, not a value, so that blocks may refer to each other freely.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reference {
    /// A declared thing: `person.ada`, `group.chat.engineering`, `role.analyst`, `system.chat`, `account.chat.ada`.
    To(Address),
    /// A name on the way to one, or a root that the scope knows: `local`, `var`, `person`, `people`, `self`, `row`,
    /// `each`, `account`, `group.chat`, `self.accounts`, ... The scope that made it knows what the text means.
    Path(Arc<str>),
}

/// A value that exists only once something else was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// What must be made first, sorted, each once.
    pub needs: Vec<Address>,
    /// Whether the value will be sensitive.
    pub sensitive: bool,
}

impl Value {
    /// A string.
    pub fn string(text: impl AsRef<str>) -> Value {
        Value::String(Arc::from(text.as_ref()))
    }

    /// A number.
    pub fn number(number: impl Into<Number>) -> Value {
        Value::Number(number.into())
    }

    /// A list.
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Arc::new(items))
    }

    /// A set: sorted, each value once.
    pub fn set(mut items: Vec<Value>) -> Value {
        items.sort_unstable();
        items.dedup();
        Value::Set(Arc::new(items))
    }

    /// An object, put in the order of its keys; of two values for one key the last wins.
    pub fn object(pairs: impl IntoIterator<Item = (Arc<str>, Value)>) -> Value {
        let mut object: Object = pairs.into_iter().collect();
        if !object.keys().is_sorted() {
            object.sort_unstable_keys();
        }
        Value::Object(Arc::new(object))
    }

    /// A value that is never shown. Of what is sensitive already, the mark stays one.
    pub fn sensitive(value: Value) -> Value {
        match value {
            Value::Sensitive(_) => value,
            other => Value::Sensitive(Arc::new(other)),
        }
    }

    /// A value that exists once `needs` were made.
    pub fn unknown(mut needs: Vec<Address>, sensitive: bool) -> Value {
        needs.sort_unstable();
        needs.dedup();
        Value::Unknown(Arc::new(Unknown { needs, sensitive }))
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The text of a string value.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list or set.
    pub fn as_items(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) | Value::Set(items) => Some(items),
            _ => None,
        }
    }

    /// The pairs of an object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The name of the type, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::List(_) => "list",
            Value::Set(_) => "set",
            Value::Object(_) => "object",
            Value::Reference(_) => "reference",
            Value::Unknown(_) => "value known only after apply",
            Value::Sensitive(_) => "sensitive value",
        }
    }

    /// For messages, with an article or the reference's text: `a list`, `the reference person.ada`.
    pub fn describe(&self) -> String {
        match self {
            Value::Null => "null".to_owned(),
            Value::Object(_) => "an object".to_owned(),
            Value::Reference(reference) => format!("the reference {reference}"),
            other => format!("a {}", other.type_name()),
        }
    }

    /// Whether something in it, however deep, is sensitive.
    pub fn has_sensitive(&self) -> bool {
        self.any(&|value| match value {
            Value::Unknown(unknown) => unknown.sensitive,
            other => matches!(other, Value::Sensitive(_)),
        })
    }

    /// Whether something in it, however deep, is known only after apply.
    pub fn has_unknown(&self) -> bool {
        self.any(&|value| matches!(value, Value::Unknown(_)))
    }

    /// Whether `test` holds for the value or for one inside it, however deep.
    pub fn any(&self, test: &dyn Fn(&Value) -> bool) -> bool {
        test(self)
            || match self {
                Value::List(items) | Value::Set(items) => items.iter().any(|item| item.any(test)),
                Value::Object(object) => object.values().any(|item| item.any(test)),
                Value::Sensitive(inner) => inner.any(test),
                _ => false,
            }
    }

    /// Adds what the unknown parts of the value need to `needs`.
    pub fn collect_needs(&self, needs: &mut Vec<Address>) {
        match self {
            Value::Unknown(unknown) => needs.extend_from_slice(&unknown.needs),
            Value::List(items) | Value::Set(items) => items.iter().for_each(|item| item.collect_needs(needs)),
            Value::Object(object) => object.values().for_each(|item| item.collect_needs(needs)),
            Value::Sensitive(inner) => inner.collect_needs(needs),
            _ => {}
        }
    }

    /// The value without marks of sensitivity, at all depths. Shares what has none.
    pub fn reveal(&self) -> Value {
        if !self.has_sensitive() {
            return self.clone();
        }
        match self {
            Value::Sensitive(inner) => inner.reveal(),
            Value::List(items) => Value::list(items.iter().map(Value::reveal).collect()),
            Value::Set(items) => Value::set(items.iter().map(Value::reveal).collect()),
            Value::Object(object) => {
                Value::Object(Arc::new(object.iter().map(|(key, value)| (key.clone(), value.reveal())).collect()))
            }
            Value::Unknown(unknown) => Value::unknown(unknown.needs.clone(), false),
            other => other.clone(),
        }
    }
}

/// The address, or the path as it is written.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::To(address) => address.fmt(f),
            Reference::Path(path) => f.write_str(path),
        }
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Value {
        Value::Bool(truth)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::string(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::number(number)
    }
}
