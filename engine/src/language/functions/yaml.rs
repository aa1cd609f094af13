//! YAML to values and back.

use super::super::{Failure, Value};
use super::arguments::Answer;

/// One document.
pub fn decode(text: &str) -> Answer {
    serde_yaml_ng::from_str(text).map_err(|error| Failure::new(format!("argument 1 is not YAML: {error}")))
}

/// The value as Terraform writes it: block style, all strings quoted, keys in their order.
pub fn encode(value: &Value) -> Answer<String> {
    let mut text = String::new();
    node(value, 0, &mut text)?;
    if !text.ends_with('\n') {
        text.push('\n');
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
                quoted(key, to)?;
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
        Value::String(text) => quoted(text, to)?,
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
    let body = text.trim_end_matches('\n');
    let newlines = text.len() - body.len();
    let plain = |c: char| c == '\n' || c == '\t' || !c.is_control();
    if body.is_empty()
        || body.starts_with([' ', '\n', '\t'])
        || !text.chars().all(plain)
        || body.contains(" \n")
        || body.ends_with(' ')
    {
        return false;
    }
    to.push_str(match newlines {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    to.push('\n');
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        if !line.is_empty() {
            indent(depth, to);
            to.push_str(line);
        }
        to.push('\n');
    }
    true
}

/// In double quotes; JSON's escapes are YAML's too.
fn quoted(text: &str, to: &mut String) -> Answer<()> {
    let json = serde_json::to_string(text).map_err(|error| Failure::new(error.to_string()))?;
    to.push_str(&json);
    Ok(())
}
