//! What functions ask of their arguments: each helper names the argument that does not fit and what it was.

use std::sync::Arc;

use super::super::{Failure, Number, Object, Value};

pub type Answer<T = Value> = Result<T, Failure>;

/// `argument 2 must be a list, and is null`.
pub fn wrong(at: usize, wanted: &str, found: &Value) -> Failure {
    misfit(&format!("argument {}", at + 1), wanted, found)
}

/// As [`wrong`], for something inside an argument.
pub fn misfit(what: &str, wanted: &str, found: &Value) -> Failure {
    let reads = ["a number", "a whole number", "true or false"].contains(&wanted);
    let found = match found {
        Value::String(_) if reads => "a string that does not read as one".to_owned(),
        other => other.describe(),
    };
    Failure::new(format!("{what} must be {wanted}, and is {found}"))
}

/// `1 item`, `2 items`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Two arguments whose items belong together, place by place.
pub fn pair_up(first: usize, second: usize) -> Answer<()> {
    if first == second {
        return Ok(());
    }
    let (first, second) = (count(first, "item"), count(second, "item"));
    Err(Failure::new(format!("argument 1 has {first} and argument 2 has {second}; they must pair up")))
}

/// The argument, which may be null. The evaluator never passes fewer than `min`.
pub fn any(arguments: &[Value], at: usize) -> &Value {
    arguments.get(at).unwrap_or(&Value::Null)
}

/// The argument, unless it is null.
pub fn some(arguments: &[Value], at: usize) -> Answer<&Value> {
    match any(arguments, at) {
        Value::Null => Err(Failure::new(format!("argument {} must not be null", at + 1))),
        value => Ok(value),
    }
}

/// A string, or what converts to one.
pub fn text(arguments: &[Value], at: usize) -> Answer<Arc<str>> {
    let value = some(arguments, at)?;
    value.to_text().map_err(|_| wrong(at, "a string", value))
}

/// A number, or a string that reads as one.
pub fn number(arguments: &[Value], at: usize) -> Answer<Number> {
    let value = some(arguments, at)?;
    value.to_number().map_err(|_| wrong(at, "a number", value))
}

/// A whole number.
pub fn whole(arguments: &[Value], at: usize) -> Answer<i64> {
    let number = number(arguments, at)?;
    number.to_i64().ok_or_else(|| Failure::new(format!("argument {} must be a whole number, and is {number}", at + 1)))
}

/// The items of a list or set.
pub fn items(arguments: &[Value], at: usize) -> Answer<&[Value]> {
    let value = some(arguments, at)?;
    value.as_items().ok_or_else(|| wrong(at, "a list or set", value))
}

/// The items of a list, of which the order counts; a set is refused.
pub fn list(arguments: &[Value], at: usize) -> Answer<&Arc<Vec<Value>>> {
    match some(arguments, at)? {
        Value::List(items) => Ok(items),
        set @ Value::Set(_) => Err(wrong(at, "a list", set).hint("tolist(...) makes a sorted list of a set")),
        other => Err(wrong(at, "a list", other)),
    }
}

/// The pairs of an object.
pub fn object(arguments: &[Value], at: usize) -> Answer<&Arc<Object>> {
    match some(arguments, at)? {
        Value::Object(object) => Ok(object),
        other => Err(wrong(at, "a map or object", other)),
    }
}

/// The items of a list or set, each as a string.
pub fn texts(arguments: &[Value], at: usize) -> Answer<Vec<Arc<str>>> {
    items(arguments, at)?.iter().enumerate().map(|(n, item)| item_text(at, n, item)).collect()
}

/// Item `n` of argument `at` as a string.
pub fn item_text(at: usize, n: usize, item: &Value) -> Answer<Arc<str>> {
    item.to_text().map_err(|_| misfit(&format!("item {n} of argument {}", at + 1), "a string", item))
}
