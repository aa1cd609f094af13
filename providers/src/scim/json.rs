//! JSON as SCIM uses it: names of attributes without regard to case (RFC 7643 section 2.1).

use serde_json::{Map, Value};

/// An object of JSON.
pub type Json = Map<String, Value>;

/// The member `name`: as it is written, else without regard to case.
pub fn member<'a>(object: &'a Json, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// The text of the member `name`.
pub fn text<'a>(object: &'a Json, name: &str) -> Option<&'a str> {
    member(object, name)?.as_str()
}

/// The truth of the member `name`; some servers write it as text.
pub fn truth(object: &Json, name: &str) -> Option<bool> {
    match member(object, name)? {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// The whole number of the member `name`; some servers write it as text.
pub fn number(object: &Json, name: &str) -> Option<u64> {
    match member(object, name)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// An identifier: text, or a whole number where a server's ids are numbers.
pub fn identifier(object: &Json, name: &str) -> Option<String> {
    match member(object, name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

/// The objects in the list under `name`; none where there is no list.
pub fn objects<'a>(object: &'a Json, name: &str) -> Option<Vec<&'a Json>> {
    Some(member(object, name)?.as_array()?.iter().filter_map(Value::as_object).collect())
}

/// `text` as one segment of a URL's path; none for what no path can hold (`.`, `..`, nothing).
pub fn segment(text: &str) -> Option<String> {
    if matches!(text, "" | "." | "..") {
        return None;
    }
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    Some(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_without_regard_to_case_and_in_the_types_that_servers_use() {
        let json: Value =
            serde_json::from_str(r#"{"USERNAME": "ada", "Active": "True", "totalresults": "12", "id": 7}"#).unwrap();
        let object = json.as_object().unwrap();
        assert_eq!(text(object, "userName"), Some("ada"));
        assert_eq!(truth(object, "active"), Some(true));
        assert_eq!(number(object, "totalResults"), Some(12));
        assert_eq!(identifier(object, "id").as_deref(), Some("7"));
        assert_eq!(text(object, "displayName"), None);
    }

    #[test]
    fn a_segment_stays_one_segment() {
        let table =
            [("a-1", Some("a-1")), ("a/b?c#d", Some("a%2Fb%3Fc%23d")), ("ü", Some("%C3%BC")), ("..", None), ("", None)];
        for (plain, expected) in table {
            assert_eq!(segment(plain).as_deref(), expected, "{plain}");
        }
    }
}
