//! Texts of the command line to values.

use std::time::Duration;

use state::time::length;

use super::Assignment;

/// `NAME=VALUE`; the value may hold `=`.
pub fn assignment(text: &str) -> Result<Assignment, String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    if !state::address::is_identifier(name.trim()) {
        return Err(format!("`{}` is not the name of a variable", name.trim()));
    }
    Ok(Assignment { name: name.trim().to_owned(), value: value.to_owned() })
}

/// A whole number and a unit: `500ms`, `30s`, `5m`, `2h`, `7d`; a bare `0` too.
pub fn duration(text: &str) -> Result<Duration, String> {
    let millis = if text == "0" { Some(0) } else { length(text, &["ms", "s", "m", "h", "d"]) };
    let millis = millis.and_then(|millis| u64::try_from(millis).ok());
    millis
        .map(Duration::from_millis)
        .ok_or_else(|| "write it as a number and a unit: 500ms, 30s, 5m, 2h, 7d".to_owned())
}

/// A reason: text that says something, on one line.
pub fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text {
        "" => Err("say why: whoever reads the record wants to know".to_owned()),
        _ if text.chars().any(char::is_control) => Err("write it on one line".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, millis) in [
            ("0", Some(0)),
            ("0s", Some(0)),
            ("500ms", Some(500)),
            ("30s", Some(30_000)),
            ("5m", Some(300_000)),
            ("2h", Some(7_200_000)),
            ("7d", Some(604_800_000)),
            ("", None),
            ("s", None),
            ("5", None),
            ("-5s", None),
            ("5 s", None),
            ("1.5s", None),
            ("99999999999999999999s", None),
            ("18446744073709551615d", None),
        ] {
            assert_eq!(duration(text).ok().map(|found| found.as_millis()), millis, "{text}");
        }
    }

    #[test]
    fn assignments() {
        let read = |text| assignment(text).map(|found| (found.name, found.value)).ok();
        let pair = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
        assert_eq!(read("domain=acme.example"), pair("domain", "acme.example"));
        assert_eq!(read("a=b=c"), pair("a", "b=c"));
        assert_eq!(read("a="), pair("a", ""));
        assert_eq!(read("a"), None);
        assert_eq!(read("=b"), None);
        assert_eq!(read("a b=c"), None);
        assert!(!format!("{:?}", assignment("token=hunter2").unwrap()).contains("hunter2"));
    }
}
