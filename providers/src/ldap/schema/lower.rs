//! A server's schema in tenure's words, and its values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use state::{AttributeSchema, AttributeType as Type, Mutability, Shape, Symbol, Value};

use super::definition::AttributeType;

/// The names of the entry itself and of its attributes that belong to tenure or to the server.
const APART: [&str; 2] = ["memberOf", "dn"];

/// What is written and never read.
const PASSWORDS: [&str; 2] = ["userPassword", "unicodePwd"];

/// What the values of an attribute are, by its syntax (RFC 4517 section 3.3).
pub fn value_type(attribute: &AttributeType) -> Type {
    let number = attribute.syntax.as_deref().and_then(|syntax| syntax.strip_prefix("1.3.6.1.4.1.1466.115.121.1."));
    match number {
        Some("7") => Type::Bool,
        Some("27") => Type::Integer,
        // Audio, binary, certificates, fax, JPEG, octet strings.
        Some("4" | "5" | "8" | "9" | "10" | "23" | "28" | "40" | "49") => Type::Binary,
        _ if attribute.syntax.as_deref() == Some("1.2.840.113556.1.4.906") => Type::Integer,
        _ if is_dn(attribute) => Type::DistinguishedName,
        _ => Type::Text,
    }
}

/// Whether the values are DNs.
pub fn is_dn(attribute: &AttributeType) -> bool {
    matches!(
        attribute.syntax.as_deref(),
        Some("1.3.6.1.4.1.1466.115.121.1.12" | "1.3.6.1.4.1.1466.115.121.1.34" | "1.2.840.113556.1.4.903")
    )
}

/// Whether single values can be deleted and asserted: the attribute has a rule to compare them by.
pub fn comparable(attribute: &AttributeType) -> bool {
    attribute.equality.is_some()
}

/// Whether values that differ in case only are different to tenure. Most matching rules fold the case of every text.
/// That is how servers search; a name in the wrong case is still to be mended. So the rule counts for DNs and for
/// identifiers only.
fn case_exact(attribute: &AttributeType, identifier: bool) -> bool {
    let folds = attribute.equality.as_deref().is_some_and(|rule| rule.to_ascii_lowercase().starts_with("caseignore"));
    let address = attribute.names.iter().any(|name| ["uid", "mail"].iter().any(|own| name.eq_ignore_ascii_case(own)));
    !(is_dn(attribute) || folds && (identifier || address))
}

/// An attribute type in tenure's words; none where it is none of what tenure manages, or binary and not `wanted`.
pub fn attribute(
    attribute: &AttributeType,
    identifier: bool,
    required: bool,
    binary: &[String],
) -> Option<AttributeSchema> {
    let name = attribute.name();
    if APART.iter().any(|apart| name.eq_ignore_ascii_case(apart)) {
        return None;
    }
    let value = value_type(attribute);
    let password = PASSWORDS.iter().any(|own| name.eq_ignore_ascii_case(own));
    if value == Type::Binary && !password && !binary.iter().any(|own| bare(own).eq_ignore_ascii_case(name)) {
        return None;
    }
    Some(AttributeSchema {
        name: Symbol::new(name),
        value: if password { Type::Text } else { value },
        shape: if attribute.single { Shape::One } else { Shape::Set },
        mutability: match (password, attribute.no_user_modification) {
            (true, _) => Mutability::WriteOnly,
            (false, true) => Mutability::ReadOnly,
            (false, false) => Mutability::ReadWrite,
        },
        case_exact: case_exact(attribute, identifier),
        required,
    })
}

/// A name without options.
pub fn bare(name: &str) -> &str {
    name.split(';').next().unwrap_or(name)
}

/// A value as it came, in tenure's words.
pub fn value(kind: Type, bytes: &[u8]) -> Value {
    match (kind, std::str::from_utf8(bytes)) {
        (Type::Binary, _) | (_, Err(_)) => Value::text(STANDARD.encode(bytes)),
        (Type::Integer, Ok(text)) => text.parse().map_or_else(|_| Value::text(text), Value::Integer),
        (Type::Bool, Ok("TRUE")) => Value::Bool(true),
        (Type::Bool, Ok("FALSE")) => Value::Bool(false),
        (_, Ok(text)) => Value::text(text),
    }
}

/// Values as they are sent; an empty value has none.
///
/// # Errors
/// What is wrong with the value, completing "NAME ...".
pub fn bytes(kind: Type, value: &Value) -> Result<Vec<Vec<u8>>, String> {
    if value.is_empty() {
        return Ok(Vec::new());
    }
    match value {
        Value::List(items) => {
            let mut values = Vec::with_capacity(items.len());
            for item in items.iter().filter(|item| !item.is_empty()) {
                values.push(one(kind, item)?);
            }
            Ok(values)
        }
        value => one(kind, value).map(|value| vec![value]),
    }
}

fn one(kind: Type, value: &Value) -> Result<Vec<u8>, String> {
    match (kind, value) {
        (Type::Binary, Value::Text(text)) => STANDARD
            .decode(text.as_str())
            .map_err(|_| "is binary: write it as base64, with filebase64() or base64encode()".to_owned()),
        (_, Value::Text(text)) => Ok(text.as_str().as_bytes().to_vec()),
        (_, Value::Bool(truth)) => Ok(if *truth { b"TRUE".to_vec() } else { b"FALSE".to_vec() }),
        (_, number @ (Value::Integer(_) | Value::Float(_))) => Ok(number.to_string().into_bytes()),
        (_, other) => Err(format!(
            "is of the type {}, and LDAP holds texts, numbers, truths and lists of them",
            other.type_name()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_and_go_by_their_syntax() {
        let table = [
            (Type::Text, &b"Ada"[..], r#""Ada""#),
            (Type::Text, &b"\xff\x00"[..], r#""/wA=""#),
            (Type::Integer, b"4711", "4711"),
            (Type::Integer, b"99999999999999999999", r#""99999999999999999999""#),
            (Type::Bool, b"TRUE", "true"),
            (Type::Bool, b"yes", r#""yes""#),
            (Type::Binary, b"abc", r#""YWJj""#),
        ];
        for (kind, sent, shown) in table {
            let read = value(kind, sent);
            assert_eq!(read.to_string(), shown);
            if std::str::from_utf8(sent).is_ok() {
                assert_eq!(bytes(kind, &read), Ok(vec![sent.to_vec()]), "{shown}");
            }
        }
        assert_eq!(bytes(Type::Text, &Value::text("")), Ok(vec![]));
        assert!(bytes(Type::Binary, &Value::text("no base64")).is_err());
    }
}
