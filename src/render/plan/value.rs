//! Values as they are shown: as the files would write them.

use std::borrow::Cow;

use state::{Value, Wanted};

use crate::render::text::{clean, width};

/// What stands for a value that is not known yet.
pub const AFTER_APPLY: &str = "(known after apply)";
/// What stands for a value that is never shown.
pub const SENSITIVE: &str = "(sensitive)";
/// What stands for an attribute that is not there.
pub const NONE: &str = "(none)";
/// What stands for an attribute that is to be emptied.
pub const CLEARED: &str = "(cleared)";

/// Columns that a value may take on its line.
const WIDEST: usize = 100;

/// On one line: `"ada"`, `["a", "b"]`, `{ type = "work" }`; long ones are cut.
pub fn line(value: &Value) -> String {
    let mut text = String::new();
    put(&mut text, value);
    shorten(clean(&text)).into_owned()
}

/// What an attribute is to be, on one line.
pub fn wanted(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Known(value) => line(value),
        Wanted::Deferred { .. } => AFTER_APPLY.to_owned(),
        Wanted::Secret { .. } => SENSITIVE.to_owned(),
    }
}

/// Over several lines, for diffs: text as it stands, of lists and objects one item a line.
pub fn lines(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::Text(text) => text.as_str().lines().map(|line| clean(line).into_owned()).collect(),
        Value::List(items) => items.iter().map(line).collect(),
        Value::Map(pairs) => {
            pairs.iter().map(|(name, value)| format!("{} = {}", key(name.as_str()), line(value))).collect()
        }
        other => vec![line(other)],
    }
}

/// Whether a change of it is better shown over several lines.
pub fn is_long(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.as_str().contains('\n'),
        Value::List(items) => items.len() > 1 && width(&uncut(value)) > WIDEST / 2,
        Value::Map(pairs) => pairs.len() > 1 && width(&uncut(value)) > WIDEST / 2,
        _ => false,
    }
}

fn uncut(value: &Value) -> String {
    let mut text = String::new();
    put(&mut text, value);
    text
}

fn put(to: &mut String, value: &Value) {
    match value {
        Value::List(items) => {
            to.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    to.push_str(", ");
                }
                put(to, item);
            }
            to.push(']');
        }
        Value::Map(pairs) if pairs.is_empty() => to.push_str("{}"),
        Value::Map(pairs) => {
            to.push_str("{ ");
            for (at, (name, value)) in pairs.iter().enumerate() {
                if at > 0 {
                    to.push_str(", ");
                }
                to.push_str(&key(name.as_str()));
                to.push_str(" = ");
                put(to, value);
            }
            to.push_str(" }");
        }
        scalar => to.push_str(&scalar.to_string()),
    }
}

/// The name of an attribute, in quotes where HCL needs them.
pub fn key(name: &str) -> Cow<'_, str> {
    if state::address::is_identifier(name) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(clean(&Value::from(name).to_string()).into_owned())
}

fn shorten(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.len() <= WIDEST || width(&text) <= WIDEST {
        return text;
    }
    let mut columns = 0;
    let end = text.char_indices().find(|(_, character)| {
        columns += unicode_width::UnicodeWidthChar::width(*character).unwrap_or(0);
        columns >= WIDEST
    });
    Cow::Owned(format!("{}…", &text[..end.map_or(text.len(), |(at, _)| at)]))
}
