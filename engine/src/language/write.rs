//! Values as text of the language, on one line, and fields of CSV.

use std::fmt::Write as _;

use state::Value;

/// A string: nothing in it is a template.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if characters.peek() == Some(&'{') => out.extend([character, character]),
            other if other.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(other));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// A field of CSV (RFC 4180): in quotation marks where it must be. Blanks at its ends are part of it, which not every reader
/// takes them for.
pub fn csv_field(text: &str) -> String {
    let needs = text.contains(['"', ',', '\n', '\r']) || text.trim() != text;
    if needs { csv_quoted(text) } else { text.to_owned() }
}

/// A field of CSV in quotation marks.
pub(crate) fn csv_quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// The name of a member of an object: without quotation marks where it can be.
pub(crate) fn key(name: &str) -> String {
    if state::address::is_identifier(name) { name.to_owned() } else { quoted(name) }
}

/// A value as an expression.
pub(crate) fn expression(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Integer(_) | Value::Float(_) => value.to_string(),
        Value::Text(text) => quoted(text.as_str()),
        Value::List(items) => format!("[{}]", items.iter().map(expression).collect::<Vec<_>>().join(", ")),
        Value::Map(pairs) => {
            let pair =
                |(name, value): &(state::Symbol, Value)| format!("{} = {}", key(name.as_str()), expression(value));
            format!("{{ {} }}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_csv() {
        for (text, field) in [
            ("", ""),
            ("plain text", "plain text"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("two\rlines", "\"two\rlines\""),
            (" blanks ", "\" blanks \""),
            ("semi;colon", "semi;colon"),
        ] {
            assert_eq!(csv_field(text), field);
        }
    }
}
