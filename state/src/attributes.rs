//! Names with values, in the order of the names.

use std::cell::Cell;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Symbol, Value};

/// Attributes of an object: names with values, sorted by name, each name once. Compact on purpose: a million
/// accounts of five attributes are to fit in about 100 MiB.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Attributes(Box<[(Symbol, Value)]>);

impl Attributes {
    /// No attributes.
    pub fn new() -> Attributes {
        Attributes::default()
    }

    /// The value of `name`.
    #[inline]
    pub fn get(&self, name: Symbol) -> Option<&Value> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    /// Names and values in the order of the names.
    pub fn iter(&self) -> std::slice::Iter<'_, (Symbol, Value)> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These attributes with `changes` laid over them: names in both take the value of `changes`.
    pub fn overlaid(&self, changes: &Attributes) -> Attributes {
        changes.iter().chain(self.iter().filter(|(name, _)| changes.get(*name).is_none())).cloned().collect()
    }
}

/// Of two values for one name the first wins.
impl FromIterator<(Symbol, Value)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (Symbol, Value)>>(pairs: I) -> Attributes {
        let mut pairs: Vec<_> = pairs.into_iter().collect();
        pairs.sort_by_key(|(name, _)| *name);
        pairs.dedup_by_key(|(name, _)| *name);
        Attributes(pairs.into())
    }
}

impl<'a> IntoIterator for &'a Attributes {
    type Item = &'a (Symbol, Value);
    type IntoIter = std::slice::Iter<'a, (Symbol, Value)>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(name, value)| (name, value))).finish()
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(name, value)| (name, value)))
    }
}

thread_local! {
    static PAIRS: Cell<Vec<(Symbol, Value)>> = const { Cell::new(Vec::new()) };
}

/// Straight into its own shape, since inventories and records hold millions of these. A name that stands twice is an
/// error.
impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Attributes, D::Error> {
        struct Pairs;
        impl<'de> serde::de::Visitor<'de> for Pairs {
            type Value = Attributes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut entries: A) -> Result<Attributes, A::Error> {
                // One list for all, so that of millions of objects each is allocated once, and as long as it is.
                let mut pairs = PAIRS.take();
                pairs.clear();
                while let Some(pair) = entries.next_entry()? {
                    pairs.push(pair);
                }
                if !pairs.is_sorted_by(|(a, _), (b, _)| a < b) {
                    pairs.sort_by_key(|(name, _)| *name);
                    if let Some([(name, _), _]) = pairs.array_windows().find(|[(a, _), (b, _)]| a == b) {
                        return Err(serde::de::Error::custom(format_args!("`{name}` stands twice")));
                    }
                }
                let attributes = Attributes(pairs.drain(..).collect());
                PAIRS.set(pairs);
                Ok(attributes)
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_in_any_order_but_each_name_once() {
        let read = |text: &str| serde_json::from_str::<Attributes>(text);
        let written = |text: &str| serde_json::to_string(&read(text).unwrap()).unwrap();
        assert_eq!(written(r#"{"b":1,"a":{"y":1,"x":[]},"c":null}"#), r#"{"a":{"x":[],"y":1},"b":1,"c":null}"#);
        assert_eq!(written("{}"), "{}");
        for (text, error) in [
            (r#"{"a":1,"b":2,"a":1}"#, "`a` stands twice at line 1 column 19"),
            (r#"["a"]"#, "invalid type: sequence, expected an object at line 1 column 0"),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), error);
        }
    }
}
