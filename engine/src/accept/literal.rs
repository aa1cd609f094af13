//! Values as the files write them.

use std::fmt::Write as _;

use state::Value;

use super::{Verdict, refused};

/// A value as HCL writes it, on one line.
pub(super) fn hcl(value: &Value) -> Result<String, Verdict> {
    let mut text = String::new();
    put(&mut text, value)?;
    Ok(text)
}

fn put(to: &mut String, value: &Value) -> Result<(), Verdict> {
    match value {
        Value::Null => to.push_str("null"),
        Value::Bool(_) | Value::Integer(_) | Value::Float(_) => to.push_str(&value.to_string()),
        Value::Text(text) => quote(to, shown(text.as_str())?),
        Value::List(items) => {
            to.push('[');
            for (at, item) in items.iter().enumerate() {
                to.push_str(if at > 0 { ", " } else { "" });
                put(to, item)?;
            }
            to.push(']');
        }
        Value::Map(pairs) => {
            to.push_str("{ ");
            for (at, (name, value)) in pairs.iter().enumerate() {
                to.push_str(if at > 0 { ", " } else { "" });
                match state::address::is_identifier(name.as_str()) {
                    true => to.push_str(name.as_str()),
                    false => quote(to, shown(name.as_str())?),
                }
                to.push_str(" = ");
                put(to, value)?;
            }
            to.push_str(" }");
        }
    }
    Ok(())
}

/// Text between quotation marks, with nothing in it that the language would fill in.
pub(super) fn quote(to: &mut String, text: &str) {
    to.push('"');
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\t' => to.push_str("\\t"),
            '$' | '%' if rest.peek() == Some(&'{') => {
                let _ = write!(to, "{character}{character}");
            }
            other => to.push(other),
        }
    }
    to.push('"');
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
