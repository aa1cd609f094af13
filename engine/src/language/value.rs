//! Values of the language. Sharing is cheap: everything that can be large stands behind an `Arc`.

use std::sync::Arc;

use indexmap::IndexMap;
use state::Address;

use super::Number;

/// Names with values. HCL objects and maps are one type here, in the order of their keys' text (as Terraform orders
/// maps), so whoever builds one sorts it: see [`Value::object`].
pub type Object = IndexMap<Arc<str>, Value, rustc_hash::FxBuildHasher>;

/// A value of the language.
#[derive(Clone, Debug)]
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

    /// A list.
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Arc::new(items))
    }

    /// An object, put in the order of its keys; of two values for one key the last wins.
    pub fn object(pairs: impl IntoIterator<Item = (Arc<str>, Value)>) -> Value {
        let mut object: Object = pairs.into_iter().collect();
        object.sort_unstable_keys();
        Value::Object(Arc::new(object))
    }
}
