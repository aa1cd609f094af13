//! Functions between values and text in base64, URLs, JSON, YAML and TOML.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::{Failure, Number, Value};
use super::arguments::{Answer, any, text};
use super::{csv, json_text, yaml_read, yaml_write};

pub fn base64encode(arguments: &[Value]) -> Answer {
    Ok(Value::string(STANDARD.encode(text(arguments, 0)?.as_bytes())))
}

pub fn base64decode(arguments: &[Value]) -> Answer {
    // Line breaks are allowed, as in files that were wrapped.
    let wrapped = text(arguments, 0)?;
    let joined = wrapped.replace(['\r', '\n'], "");
    let bytes = STANDARD.decode(joined).map_err(|error| Failure::new(format!("argument 1 is not base64: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::new("what argument 1 encodes is not UTF-8 text"))?;
    Ok(Value::string(text))
}

pub fn urlencode(arguments: &[Value]) -> Answer {
    let mut encoded = String::new();
    for byte in text(arguments, 0)?.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            b' ' => encoded.push('+'),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    Ok(Value::string(encoded))
}

pub fn urldecode(arguments: &[Value]) -> Answer {
    let text = text(arguments, 0)?;
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let digits = [bytes.next(), bytes.next()].map(|digit| digit.and_then(|d| char::from(d).to_digit(16)));
                let [Some(high), Some(low)] = digits else {
                    return Err(Failure::new("argument 1 has a % that two hex digits do not follow"));
                };
                // Two hex digits are below 256.
                decoded.push((high * 16 + low) as u8);
            }
            other => decoded.push(other),
        }
    }
    String::from_utf8(decoded).map(Value::string).map_err(|_| Failure::new("what argument 1 encodes is not UTF-8 text"))
}

pub fn jsonencode(arguments: &[Value]) -> Answer {
    any(arguments, 0).to_json_text().map(Value::string)
}

pub fn jsondecode(arguments: &[Value]) -> Answer {
    json_text::decode(&text(arguments, 0)?)
}

pub fn yamlencode(arguments: &[Value]) -> Answer {
    yaml_write::encode(any(arguments, 0)).map(Value::string)
}

pub fn yamldecode(arguments: &[Value]) -> Answer {
    yaml_read::decode(&text(arguments, 0)?)
}

/// Dates and times become strings as they are written.
pub fn tomldecode(arguments: &[Value]) -> Answer {
    let text = text(arguments, 0)?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line =
            error.span().and_then(|span| text.get(..span.start)).map_or(1, |before| before.matches('\n').count() + 1);
        Failure::new(format!("argument 1 is not TOML: line {line}: {}", error.message().replace('\n', ", ")))
    })?;
    from_toml(toml::Value::Table(table))
}

fn from_toml(value: toml::Value) -> Answer {
    Ok(match value {
        toml::Value::String(text) => Value::string(text),
        toml::Value::Integer(integer) => Value::number(integer),
        toml::Value::Float(float) => Number::from_f64(float)
            .map(Value::Number)
            .ok_or_else(|| Failure::new("argument 1 has inf or nan, and numbers are finite here"))?,
        toml::Value::Boolean(truth) => Value::Bool(truth),
        toml::Value::Datetime(datetime) => Value::string(datetime.to_string()),
        toml::Value::Array(items) => Value::list(items.into_iter().map(from_toml).collect::<Answer<_>>()?),
        toml::Value::Table(table) => {
            let pairs = table.into_iter().map(|(key, value)| Ok((key.into(), from_toml(value)?)));
            Value::object(pairs.collect::<Answer<Vec<_>>>()?)
        }
    })
}

pub fn csvdecode(arguments: &[Value]) -> Answer {
    csv::decode(&text(arguments, 0)?)
}
