//! Functions on any collection.

use unicode_segmentation::UnicodeSegmentation;

use super::super::{Failure, Number, Value};
use super::arguments::{Answer, item_text, items, misfit, pair_up, some, wrong};
use super::unify::unify;

/// Null is not true.
pub fn alltrue(arguments: &[Value]) -> Answer {
    Ok(Value::Bool(truths(arguments)?.iter().all(|truth| *truth == Some(true))))
}

pub fn anytrue(arguments: &[Value]) -> Answer {
    Ok(Value::Bool(truths(arguments)?.contains(&Some(true))))
}

/// All items as bools, so that one which is none fails wherever it stands; none for null.
fn truths(arguments: &[Value]) -> Answer<Vec<Option<bool>>> {
    let truth = |(n, item): (usize, &Value)| match item {
        Value::Null => Ok(None),
        _ => item.to_bool().map(Some).map_err(|_| misfit(&format!("item {n} of argument 1"), "true or false", item)),
    };
    items(arguments, 0)?.iter().enumerate().map(truth).collect()
}

/// The first argument that is neither null nor an empty string, in the type that all of them share.
pub fn coalesce(arguments: &[Value]) -> Answer {
    unify(arguments.to_vec())?
        .into_iter()
        .find(|value| !value.is_null() && value.as_str() != Some(""))
        .ok_or_else(|| Failure::new("all arguments are null or empty strings"))
}

pub fn contains(arguments: &[Value]) -> Answer {
    let (items, wanted) = (items(arguments, 0)?, some(arguments, 1)?);
    Ok(Value::Bool(match arguments.first() {
        Some(Value::Set(_)) => items.binary_search(wanted).is_ok(),
        _ => items.contains(wanted),
    }))
}

/// Items of a list, set or object; grapheme clusters of a string.
pub fn length(arguments: &[Value]) -> Answer {
    let length = match some(arguments, 0)? {
        Value::List(items) | Value::Set(items) => items.len(),
        Value::Object(object) => object.len(),
        Value::String(text) if text.is_ascii() && !text.contains('\r') => text.len(),
        Value::String(text) => text.graphemes(true).count(),
        other => return Err(wrong(0, "a string, list, set, map or object", other)),
    };
    Ok(Value::number(length))
}

pub fn sum(arguments: &[Value]) -> Answer {
    let items = items(arguments, 0)?;
    if items.is_empty() {
        return Err(Failure::new("argument 1 must not be empty").hint("concat(..., [0]) is never empty"));
    }
    let mut sum = Number::ZERO;
    for (n, item) in items.iter().enumerate() {
        let number = item.to_number().map_err(|_| misfit(&format!("item {n} of argument 1"), "a number", item))?;
        sum = sum.add(&number).ok_or_else(|| Failure::new("the sum is too large"))?;
    }
    Ok(Value::Number(sum))
}

/// The only item of a list or set, null where there is none.
pub fn one(arguments: &[Value]) -> Answer {
    match items(arguments, 0)? {
        [] => Ok(Value::Null),
        [item] => Ok(item.clone()),
        several => Err(Failure::new(format!("argument 1 must have one item or none, and has {}", several.len()))),
    }
}

/// A list turned round; a set becomes a list first.
pub fn reverse(arguments: &[Value]) -> Answer {
    Ok(Value::list(items(arguments, 0)?.iter().rev().cloned().collect()))
}

/// All items of lists within lists, in one.
pub fn flatten(arguments: &[Value]) -> Answer {
    let mut flat = Vec::new();
    append_flat(items(arguments, 0)?, &mut flat);
    Ok(Value::list(flat))
}

fn append_flat(items: &[Value], flat: &mut Vec<Value>) {
    for item in items {
        match item.as_items() {
            Some(inner) => append_flat(inner, flat),
            None => flat.push(item.clone()),
        }
    }
}

/// The values whose key, at the same place, is one of those searched for.
pub fn matchkeys(arguments: &[Value]) -> Answer {
    let (values, keys, wanted) = (items(arguments, 0)?, items(arguments, 1)?, items(arguments, 2)?);
    pair_up(values.len(), keys.len())?;
    // Keys and what is searched for must be of one type to be equal.
    let mut all = unify(keys.iter().chain(wanted).cloned().collect())?;
    let mut wanted = all.split_off(keys.len());
    wanted.sort_unstable();
    let values = unify(values.to_vec())?;
    Ok(Value::list(
        values
            .into_iter()
            .zip(&all)
            .filter(|(_, key)| wanted.binary_search(key).is_ok())
            .map(|(value, _)| value)
            .collect(),
    ))
}

/// Strings, without those that are null or empty.
pub fn compact(arguments: &[Value]) -> Answer {
    let mut kept = Vec::new();
    for (n, item) in items(arguments, 0)?.iter().enumerate() {
        if !item.is_null() {
            let text = item_text(0, n, item)?;
            if !text.is_empty() {
                kept.push(Value::String(text));
            }
        }
    }
    Ok(Value::list(kept))
}
