//! Whether what a system holds is what the files want, by the system's own rules for case, order and keys.

use state::{AttributeSchema, AttributeType, Shape, Symbol, Timestamp, Value};

/// The part of `wanted` that `observed` does not hold: none where there is nothing to change. Of an object only the
/// keys that differ are in it.
pub(crate) fn difference(wanted: &Value, observed: Option<&Value>, schema: Option<&AttributeSchema>) -> Option<Value> {
    match (wanted, observed) {
        (Value::Null, _) => None,
        (wanted, None | Some(Value::Null)) => (!wanted.is_empty()).then(|| wanted.clone()),
        (Value::Map(pairs), Some(observed @ Value::Map(_))) => {
            let differing: Vec<(Symbol, Value)> = pairs
                .iter()
                .filter_map(|(key, value)| Some((*key, difference(value, find(observed, *key), schema)?)))
                .collect();
            (!differing.is_empty()).then(|| Value::map(differing))
        }
        (wanted, Some(observed)) => (!same(wanted, observed, schema)).then(|| wanted.clone()),
    }
}

/// Keys of objects are attribute names: compared without regard to case, as SCIM (RFC 7643 section 2.1) and LDAP do.
fn find(object: &Value, key: Symbol) -> Option<&Value> {
    object.get(key).or_else(|| {
        object.as_map()?.iter().find(|(own, _)| own.as_str().eq_ignore_ascii_case(key.as_str())).map(|(_, value)| value)
    })
}

/// Whether two values are the same to the system.
pub(crate) fn same(wanted: &Value, observed: &Value, schema: Option<&AttributeSchema>) -> bool {
    match (wanted, observed) {
        (Value::List(a), Value::List(b)) => match schema.map_or(Shape::List, |schema| schema.shape) {
            Shape::Keyed(_) if a.is_empty() => b.is_empty(),
            Shape::Keyed(key) => a.iter().all(|item| {
                let own = item.get(key);
                b.iter().any(|other| other.get(key) == own && difference(item, Some(other), schema).is_none())
            }),
            Shape::Set => {
                a.len() == b.len()
                    && a.iter().all(|item| b.iter().any(|other| same(item, other, schema)))
                    && b.iter().all(|item| a.iter().any(|other| same(other, item, schema)))
            }
            Shape::One | Shape::List => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b, schema)),
        },
        (Value::Map(_), Value::Map(_)) => difference(wanted, Some(observed), schema).is_none(),
        (Value::Text(a), Value::Text(b)) => {
            a == b
                || (!case_exact(schema) && fold(*a) == fold(*b))
                || same_moment(*a, *b, schema)
                || same_name(*a, *b, schema)
        }
        // Directories say numbers and truths as text.
        (Value::Text(text), other) | (other, Value::Text(text)) if is_scalar(other) => {
            other.to_string().eq_ignore_ascii_case(text.as_str())
        }
        (Value::Integer(whole), Value::Float(number)) | (Value::Float(number), Value::Integer(whole)) => {
            *whole as f64 == *number
        }
        (one @ (Value::Text(_) | Value::Map(_)), Value::List(items)) if items.len() == 1 => {
            same(one, &items[0], schema)
        }
        (Value::List(items), one @ (Value::Text(_) | Value::Map(_))) if items.len() == 1 => {
            same(&items[0], one, schema)
        }
        _ => wanted == observed,
    }
}

fn is_scalar(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::Integer(_) | Value::Float(_))
}

/// One moment may be written in several ways (`+01:00`, with or without fractions).
fn same_moment(a: Symbol, b: Symbol, schema: Option<&AttributeSchema>) -> bool {
    let moment = |text: Symbol| text.as_str().parse::<Timestamp>().ok();
    schema.is_some_and(|schema| schema.value == AttributeType::Moment)
        && moment(a).is_some_and(|one| moment(b) == Some(one))
}

/// A distinguished name has many spellings: what directories compare is the name (RFC 4517 section 4.2.15).
fn same_name(a: Symbol, b: Symbol, schema: Option<&AttributeSchema>) -> bool {
    schema.is_some_and(|schema| schema.value == AttributeType::DistinguishedName)
        && state::dn::normal(a.as_str()) == state::dn::normal(b.as_str())
}

/// Attributes without a schema are compared exactly.
fn case_exact(schema: Option<&AttributeSchema>) -> bool {
    schema.is_none_or(|schema| schema.case_exact)
}

/// Text without its case, for comparing keys.
pub(crate) fn fold(text: Symbol) -> String {
    text.as_str().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use state::Mutability;

    fn schema(shape: Shape, case_exact: bool) -> AttributeSchema {
        AttributeSchema {
            name: Symbol::new("x"),
            value: AttributeType::Any,
            shape,
            mutability: Mutability::ReadWrite,
            case_exact,
            required: false,
        }
    }

    #[test]
    fn differences() {
        let exact = schema(Shape::List, true);
        let loose = schema(Shape::List, false);
        let set = schema(Shape::Set, true);
        let keyed = schema(Shape::Keyed(Symbol::new("type")), true);
        let moment = AttributeSchema { value: AttributeType::Moment, ..schema(Shape::One, true) };
        let names = AttributeSchema { value: AttributeType::DistinguishedName, ..schema(Shape::Set, true) };
        let emails = r#"[{"type":"home","value":"y"},{"type":"work","value":"x"}]"#;
        for (wanted, observed, schema, expected) in [
            ("null", r#""a""#, &exact, "-"),
            (r#""a""#, r#""a""#, &exact, "-"),
            (r#""A""#, r#""a""#, &exact, r#""A""#),
            (r#""A""#, r#""a""#, &loose, "-"),
            (r#""""#, "null", &exact, "-"),
            (r#""""#, r#""a""#, &exact, r#""""#),
            ("[]", r#"["a"]"#, &exact, "[]"),
            (r#"{"a":1,"b":2}"#, r#"{"a":1,"b":3,"c":4}"#, &exact, r#"{"b":2}"#),
            (r#"{"A":1}"#, r#"{"a":1}"#, &exact, "-"),
            (r#"["a","b"]"#, r#"["b","a"]"#, &exact, r#"["a","b"]"#),
            (r#"["a","b"]"#, r#"["b","a"]"#, &set, "-"),
            (r#"["a","a"]"#, r#"["b","a"]"#, &set, r#"["a","a"]"#),
            (r#"[{"type":"work","value":"x"}]"#, emails, &keyed, "-"),
            ("[]", emails, &keyed, "[]"),
            (r#"[{"type":"work","value":"z"}]"#, emails, &keyed, r#"[{"type":"work","value":"z"}]"#),
            ("10000", r#""10000""#, &exact, "-"),
            ("true", r#""TRUE""#, &exact, "-"),
            ("1", "1.0", &exact, "-"),
            (r#""2026-12-31T01:00:00+01:00""#, r#""2026-12-31T00:00:00Z""#, &moment, "-"),
            (r#""2026-12-31T01:00:00+01:00""#, r#""2026-12-31T00:00:00Z""#, &exact, r#""2026-12-31T01:00:00+01:00""#),
            (r#""a""#, r#"["a"]"#, &exact, "-"),
            (r#""UID=ada, OU=People""#, r#""uid=ada,ou=people""#, &names, "-"),
            (r#""UID=ada, OU=People""#, r#""uid=ada,ou=people""#, &exact, r#""UID=ada, OU=People""#),
            (r#""uid=ada,ou=people""#, r#""uid=ada,ou=former""#, &names, r#""uid=ada,ou=people""#),
            (r#"["cn=a\\2cb", "cn=c"]"#, r#"["CN=c","cn=a\\,b"]"#, &names, "-"),
        ] {
            let (wanted, observed): (Value, Value) =
                (serde_json::from_str(wanted).unwrap(), serde_json::from_str(observed).unwrap());
            let found = difference(&wanted, Some(&observed), Some(schema));
            assert_eq!(
                found.map_or("-".to_owned(), |value| value.to_string()),
                expected,
                "{wanted} against {observed}"
            );
        }
    }
}
