//! Values as the files write them.

use state::Value;

use super::{Verdict, refused};
use crate::language::write::expression;

/// A value as HCL writes it, on one line.
pub(super) fn hcl(value: &Value) -> Result<String, Verdict> {
    check(value)?;
    Ok(expression(value))
}

/// Whether all texts of a value may stand in a file.
fn check(value: &Value) -> Result<(), Verdict> {
    match value {
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => Ok(()),
        Value::Text(text) => shown(text.as_str()).map(drop),
        Value::List(items) => items.iter().try_for_each(check),
        Value::Map(pairs) => pairs.iter().try_for_each(|(name, value)| {
            shown(name.as_str())?;
            check(value)
        }),
    }
}

/// Text of a system that may stand in a file: whoever looks at the file sees it.
pub(super) fn shown(text: &str) -> Result<&str, Verdict> {
    match text.chars().find(|character| character.is_control() && !matches!(character, '\n' | '\t')) {
        None => Ok(text),
        Some(control) => Err(refused(
            format!("the value has the control character {} in it", control.escape_unicode()),
            "put it right in the system first",
        )),
    }
}

/// A value as one field of a table: text, a number or a truth.
pub(super) fn plain(value: &Value) -> Result<String, Verdict> {
    match value {
        Value::Text(text) => Ok(shown(text.as_str())?.to_owned()),
        Value::Bool(_) | Value::Integer(_) | Value::Float(_) => Ok(value.to_string()),
        // Systems give single values as lists of one, too.
        Value::List(items) if items.len() == 1 => plain(&items[0]),
        Value::Null => Ok(String::new()),
        Value::List(_) | Value::Map(_) => Err(refused(
            format!("{value} is not one text, and the source holds one in each field"),
            "change the source by hand",
        )),
    }
}
