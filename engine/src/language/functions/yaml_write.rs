//! Values to YAML, laid out as Terraform does.

use super::super::Value;
use super::arguments::Answer;

/// The value as Terraform writes it: block style, all strings quoted, keys in their order.
pub fn encode(value: &Value) -> Answer<String> {
    let mut text = String::new();
    node(value, 0, &mut text)?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    // A number or word that stands alone is closed, so that a reader of a stream knows that no more of it follows.
    if matches!(value, Value::Null | Value::Bool(_) | Value::Number(_)) {
        text.push_str("...\n");
    }
    Ok(text)
}

/// Writes a value that starts where the text stands; what follows on further lines is indented by `depth` steps.
fn node(value: &Value, depth: usize, to: &mut String) -> Answer<()> {
    match value {
        Value::List(items) | Value::Set(items) if !items.is_empty() => {
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    indent(depth, to);
                }
                to.push_str("- ");
                node(item, depth + 1, to)?;
                end_line(to);
            }
        }
        Value::Object(object) if !object.is_empty() => {
            for (n, (key, value)) in object.iter().enumerate() {
                if n > 0 {
                    indent(depth, to);
                }
                quoted(key, to);
                to.push(':');
                match value {
                    Value::List(items) | Value::Set(items) if !items.is_empty() => {
                        // A list stands no deeper than its key.
                        to.push('\n');
                        indent(depth, to);
                        node(value, depth, to)?;
                    }
                    Value::Object(object) if !object.is_empty() => {
                        to.push('\n');
                        indent(depth + 1, to);
                        node(value, depth + 1, to)?;
                    }
                    _ => {
                        to.push(' ');
                        node(value, depth + 1, to)?;
                    }
                }
                end_line(to);
            }
        }
        Value::List(_) | Value::Set(_) => to.push_str("[]"),
        Value::Object(_) => to.push_str("{}"),
        Value::String(text) if text.contains('\n') && block(text, depth, to) => {}
        Value::String(text) => quoted(text, to),
        other => to.push_str(&other.to_json_text()?),
    }
    Ok(())
}

fn indent(depth: usize, to: &mut String) {
    to.extend(std::iter::repeat_n("  ", depth));
}

fn end_line(to: &mut String) {
    if !to.ends_with('\n') {
        to.push('\n');
    }
}

/// A text of several lines as a literal block; false, with nothing written, where a block cannot say it.
fn block(text: &str, depth: usize, to: &mut String) -> bool {
    if text.contains(" \n") || text.ends_with(' ') || !text.chars().all(|c| c == '\n' || is_plain(c)) {
        return false;
    }
    to.push('|');
    if text.starts_with([' ', '\n']) {
        // The indent must be told where the first line does not show it.
        to.push('2');
    }
    let body = text.trim_end_matches('\n');
    match text.len() - body.len() {
        0 => to.push('-'),
        1 if !body.is_empty() => {}
        _ => to.push('+'),
    }
    to.push('\n');
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        if !line.is_empty() {
            indent(depth.max(1), to);
            to.push_str(line);
        }
        to.push('\n');
    }
    true
}

/// Whether a character can stand as it is: neither a control nor something that cannot be seen.
fn is_plain(c: char) -> bool {
    let unseen = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..);
    c == ' ' || !(c.is_control() || c.is_whitespace() || unseen)
}

/// In double quotes, with YAML's escapes (YAML 1.2, section 5.7).
fn quoted(text: &str, to: &mut String) {
    to.push('"');
    for c in text.chars() {
        let escape = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\0' => "\\0",
            '\x07' => "\\a",
            '\x08' => "\\b",
            '\t' => "\\t",
            '\n' => "\\n",
            '\x0b' => "\\v",
            '\x0c' => "\\f",
            '\r' => "\\r",
            '\x1b' => "\\e",
            '\u{85}' => "\\N",
            '\u{a0}' => "\\_",
            '\u{2028}' => "\\L",
            '\u{2029}' => "\\P",
            _ => "",
        };
        match u32::from(c) {
            _ if !escape.is_empty() => to.push_str(escape),
            _ if is_plain(c) => to.push(c),
            code @ ..=0xff => to.push_str(&format!("\\x{code:02X}")),
            code @ ..=0xffff => to.push_str(&format!("\\u{code:04X}")),
            code => to.push_str(&format!("\\U{code:08X}")),
        }
    }
    to.push('"');
}
