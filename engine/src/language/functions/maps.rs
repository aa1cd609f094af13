//! Functions on maps and objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::{Failure, Value};
use super::arguments::{Answer, any, list, misfit, object, pair_up, text, texts};

pub fn keys(arguments: &[Value]) -> Answer {
    Ok(Value::list(object(arguments, 0)?.keys().cloned().map(Value::String).collect()))
}

pub fn values(arguments: &[Value]) -> Answer {
    Ok(Value::list(object(arguments, 0)?.values().cloned().collect()))
}

/// The value of a key, or the third argument where the key is missing.
pub fn lookup(arguments: &[Value]) -> Answer {
    let (object, key) = (object(arguments, 0)?, text(arguments, 1)?);
    match (object.get(&key), arguments.get(2)) {
        (Some(value), _) => Ok(value.clone()),
        (None, Some(default)) => Ok(default.clone()),
        (None, None) => Err(Failure::new(format!("the map has no key {key:?}"))
            .hint("a third argument is the value for keys that are missing")),
    }
}

/// All pairs; of two for one key the last wins. Null counts as empty.
pub fn merge(arguments: &[Value]) -> Answer {
    let mut pairs = Vec::new();
    for at in 0..arguments.len() {
        if !any(arguments, at).is_null() {
            pairs.extend(object(arguments, at)?.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
    }
    Ok(Value::object(pairs))
}

/// Lists of strings by key, turned into lists of keys by string.
pub fn transpose(arguments: &[Value]) -> Answer {
    let mut turned: BTreeMap<Arc<str>, Vec<Value>> = BTreeMap::new();
    for (key, value) in object(arguments, 0)?.iter() {
        let items = value.as_items().ok_or_else(|| misfit(&format!("the value of {key:?}"), "a list", value))?;
        for item in items {
            let text = item.to_text().map_err(|_| misfit(&format!("an item of {key:?}"), "a string", item))?;
            turned.entry(text).or_default().push(Value::String(key.clone()));
        }
    }
    Ok(Value::object(turned.into_iter().map(|(text, keys)| (text, Value::list(keys)))))
}

/// A map of keys and, at the same places, values.
pub fn zipmap(arguments: &[Value]) -> Answer {
    let (keys, values) = (texts(arguments, 0)?, list(arguments, 1)?);
    pair_up(keys.len(), values.len())?;
    Ok(Value::object(keys.into_iter().zip(values.iter().cloned())))
}
