//! Distinguished names (RFC 4514): taken apart, put together, compared.

use std::borrow::Cow;

/// One type and value of a relative distinguished name, the value without escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub attribute: String,
    pub value: String,
}

/// A relative distinguished name: one part, or several joined by `+`.
pub type Rdn = Vec<Part>;

/// A distinguished name, its nearest part first. The empty one has no parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dn(pub Vec<Rdn>);

impl Dn {
    /// Reads a DN. `#` followed by hex digits is kept as it stands: the value has no text.
    ///
    /// # Errors
    /// What is wrong with it, completing "DN ...": `has no `=` in `ada``.
    pub fn parse(text: &str) -> Result<Dn, String> {
        let mut rdns = Vec::new();
        if text.trim().is_empty() {
            return Ok(Dn(rdns));
        }
        let mut rest = text;
        loop {
            let mut rdn = Vec::new();
            let separator = loop {
                let (part, separator, after) = part(rest)?;
                rdn.push(part);
                rest = after;
                if separator != Some('+') {
                    break separator;
                }
            };
            rdns.push(rdn);
            if separator.is_none() {
                return Ok(Dn(rdns));
            }
        }
    }

    /// The DN one level up; none above the empty one.
    pub fn parent(&self) -> Option<Dn> {
        self.0.split_first().map(|(_, rest)| Dn(rest.to_vec()))
    }

    /// The DN of what has this name directly below.
    pub fn child(&self, attribute: &str, value: &str) -> Dn {
        let mut rdns = vec![vec![Part { attribute: attribute.to_owned(), value: value.to_owned() }]];
        rdns.extend(self.0.iter().cloned());
        Dn(rdns)
    }

    /// The first part as text; empty for the empty DN.
    pub fn rdn_text(&self) -> String {
        self.0.first().map(rdn_text).unwrap_or_default()
    }

    /// The value of an attribute in the first part.
    pub fn rdn_value(&self, attribute: &str) -> Option<&str> {
        let part = self.0.first()?.iter().find(|part| part.attribute.eq_ignore_ascii_case(attribute))?;
        Some(&part.value)
    }

    /// Whether this is `base` or below it.
    pub fn is_within(&self, base: &Dn) -> bool {
        let skip = self.0.len().checked_sub(base.0.len());
        skip.and_then(|skip| self.0.get(skip..)).is_some_and(|end| same(&Dn(end.to_vec()), base))
    }
}

/// In the form of RFC 4514 section 2, with the fewest escapes.
impl std::fmt::Display for Dn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (n, rdn) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str(",")?;
            }
            f.write_str(&rdn_text(rdn))?;
        }
        Ok(())
    }
}

fn rdn_text(rdn: &Rdn) -> String {
    let parts: Vec<String> = rdn.iter().map(|part| format!("{}={}", part.attribute, escaped(&part.value))).collect();
    parts.join("+")
}

/// A value as it stands in a DN (RFC 4514 section 2.4).
pub fn escaped(value: &str) -> Cow<'_, str> {
    let needs = |c: char| matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '\0');
    if !value.chars().any(needs) && !value.starts_with([' ', '#']) && !value.ends_with(' ') {
        return Cow::Borrowed(value);
    }
    let last = value.chars().count().saturating_sub(1);
    let mut text = String::with_capacity(value.len() + 4);
    for (n, c) in value.chars().enumerate() {
        match c {
            '\0' => text.push_str("\\00"),
            c if needs(c) || (n == 0 && matches!(c, ' ' | '#')) || (n == last && c == ' ') => {
                text.push('\\');
                text.push(c);
            }
            c => text.push(c),
        }
    }
    Cow::Owned(text)
}

/// One `attribute=value` at the start of `text`; the separator behind it and what follows that.
fn part(text: &str) -> Result<(Part, Option<char>, &str), String> {
    let Some((attribute, rest)) = text.split_once('=') else {
        return Err(format!("has no `=` in `{}`", text.trim()));
    };
    let attribute = attribute.trim();
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if attribute.is_empty() || !attribute.chars().all(good) {
        return Err(format!("has `{attribute}` where the name of an attribute is to stand"));
    }
    let (value, separator, after) = value(rest)?;
    Ok((Part { attribute: attribute.to_owned(), value }, separator, after))
}

/// The value at the start of `text` without its escapes; the separator behind it and what follows that.
fn value(text: &str) -> Result<(String, Option<char>, &str), String> {
    let text = text.trim_start_matches(' ');
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len().min(64));
    // Spaces at the end count only where they are escaped.
    let mut kept = 0;
    let quoted = text.starts_with('"');
    let mut open = quoted;
    let mut rest = text.char_indices().skip(usize::from(quoted));
    let mut end = None;
    while let Some((at, c)) = rest.next() {
        match c {
            '\\' => {
                let Some((_, next)) = rest.next() else { return Err("ends with a backslash".to_owned()) };
                match next.to_digit(16) {
                    Some(high) => {
                        let low = rest.next().and_then(|(_, low)| low.to_digit(16));
                        let low = low.ok_or_else(|| format!("has `\\{next}` without a second hex digit"))?;
                        bytes.push((high * 16 + low) as u8);
                    }
                    None if " \"#+,;<=>\\".contains(next) => bytes.push(next as u8),
                    None => return Err(format!("has `\\{next}`, which is no escape")),
                }
                kept = bytes.len();
            }
            '"' if open => open = false,
            ',' | ';' | '+' if !open => {
                end = Some((at, c));
                break;
            }
            '"' | '<' | '>' if !open => return Err(format!("has `{c}` without a backslash before it")),
            c => {
                if quoted && !open {
                    if c == ' ' {
                        continue;
                    }
                    return Err("goes on behind a value in quotes".to_owned());
                }
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                if c != ' ' || open {
                    kept = bytes.len();
                }
            }
        }
    }
    if open {
        return Err("has a quote that does not end".to_owned());
    }
    bytes.truncate(kept);
    let value = String::from_utf8(bytes).map_err(|_| "has escaped bytes that are not UTF-8".to_owned())?;
    let (separator, after) = match end {
        Some((at, c)) => (Some(c), text.get(at + 1..).unwrap_or_default()),
        None => (None, ""),
    };
    if separator.is_some() && after.trim().is_empty() {
        return Err("ends with a separator".to_owned());
    }
    Ok((value, separator, after))
}

/// A text that is the same for all spellings of one DN: case, spaces and escapes do not matter (RFC 4517
/// distinguishedNameMatch over caseIgnoreMatch, which is how names of people and groups are compared). What is no DN is
/// folded as it stands.
pub fn normal(text: &str) -> String {
    if is_plain(text) {
        return text.to_ascii_lowercase();
    }
    match Dn::parse(text) {
        Ok(dn) => {
            let mut rdns = Vec::with_capacity(dn.0.len());
            for rdn in &dn.0 {
                let part =
                    |part: &Part| format!("{}={}", part.attribute.to_ascii_lowercase(), escaped(&folded(&part.value)));
                let mut parts: Vec<String> = rdn.iter().map(part).collect();
                parts.sort();
                rdns.push(parts.join("+"));
            }
            rdns.join(",")
        }
        Err(_) => text.to_lowercase(),
    }
}

/// Whether two DNs are the same.
pub fn same(a: &Dn, b: &Dn) -> bool {
    normal(&a.to_string()) == normal(&b.to_string())
}

/// Without case, and with single spaces (RFC 4518 section 2.6.1).
fn folded(value: &str) -> String {
    let lower = value.to_lowercase();
    if lower.contains("  ") {
        lower.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    } else {
        lower
    }
}

/// Whether nothing but the case of ASCII letters can differ between two spellings: most DNs are like this.
fn is_plain(text: &str) -> bool {
    let mut before = b',';
    for byte in text.bytes() {
        let odd = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'@' => false,
            b' ' => matches!(before, b',' | b'=' | b' '),
            b',' | b'=' => before == b' ',
            _ => true,
        };
        if odd {
            return false;
        }
        before = byte;
    }
    before != b' '
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dns_are_read_and_written() {
        let table = [
            ("uid=ada,ou=people,dc=example,dc=test", "uid=ada,ou=people,dc=example,dc=test"),
            ("uid=ada, ou=people ,dc=example; dc=test", "uid=ada,ou=people,dc=example,dc=test"),
            (r"cn=Smith\, Anna,dc=test", r"cn=Smith\, Anna,dc=test"),
            (r"cn=Smith\2c Anna,dc=test", r"cn=Smith\, Anna,dc=test"),
            (r#"cn="Smith, Anna",dc=test"#, r"cn=Smith\, Anna,dc=test"),
            (r"cn=\ a\ ,dc=test", r"cn=\ a\ ,dc=test"),
            (r"cn=\#1,dc=test", r"cn=\#1,dc=test"),
            (r"cn=Zo\c3\ab,dc=test", "cn=Zoë,dc=test"),
            ("cn=a+sn=b,dc=test", "cn=a+sn=b,dc=test"),
            ("cn=a=b,dc=test", "cn=a=b,dc=test"),
            ("", ""),
        ];
        for (text, written) in table {
            assert_eq!(Dn::parse(text).map(|dn| dn.to_string()), Ok(written.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_dn_is_told() {
        let table = [
            ("ada", "has no `=` in `ada`"),
            ("uid=ada,people", "has no `=` in `people`"),
            ("uid=ada,", "ends with a separator"),
            ("u d=x", "has `u d` where the name of an attribute is to stand"),
            ("cn=a\"b", "has `\"` without a backslash before it"),
            (r"cn=a\", "ends with a backslash"),
            (r"cn=a\x", r"has `\x`, which is no escape"),
            (r"cn=\c3", "has escaped bytes that are not UTF-8"),
            ("cn=\"a", "has a quote that does not end"),
        ];
        for (text, error) in table {
            assert_eq!(Dn::parse(text), Err(error.to_owned()), "{text}");
        }
    }

    #[test]
    fn spellings_of_one_dn_are_the_same() {
        let table = [
            ("UID=Ada,OU=People,DC=test", "uid=ada,ou=people,dc=test", true),
            ("uid=ada, ou=people", "uid=ada,ou=people", true),
            ("cn=a  b,dc=test", "cn=A b,dc=test", true),
            (r"cn=a\2cb,dc=test", r"cn=a\,b,dc=test", true),
            ("cn=a+sn=b", "sn=B+cn=A", true),
            ("cn=ÄÖ,dc=test", "cn=äö,dc=test", true),
            (r"cn=a\,b,dc=test", "cn=a,b=,dc=test", false),
            ("uid=ada,dc=test", "uid=ada,dc=example", false),
        ];
        for (a, b, same) in table {
            assert_eq!(normal(a) == normal(b), same, "{a} {b}");
        }
        let dn = |text| Dn::parse(text).unwrap();
        assert!(dn("uid=a,ou=P,dc=t").is_within(&dn("ou=p,dc=t")));
        assert!(!dn("dc=t").is_within(&dn("ou=p,dc=t")));
        assert!(!dn("uid=a,ou=x,dc=t").is_within(&dn("ou=p,dc=t")));
    }

    proptest! {
        #[test]
        fn any_value_survives(values in proptest::collection::vec("\\PC{1,12}", 1..4)) {
            let values: Vec<&String> = values.iter().filter(|value| !value.contains('\u{0}')).collect();
            let dn = values.iter().fold(Dn::default(), |dn, value| dn.child("cn", value));
            prop_assert_eq!(Dn::parse(&dn.to_string()), Ok(dn.clone()));
            let shouted = dn.to_string().to_ascii_uppercase();
            prop_assert_eq!(normal(&dn.to_string()), normal(&shouted));
        }

        #[test]
        fn normal_is_stable_and_nothing_panics(text in "[a-zA-ZäÖ=,+; \\\\\"#0-9<>]{0,40}") {
            let once = normal(&text);
            prop_assert_eq!(normal(&once), once.clone());
            if let Ok(dn) = Dn::parse(&text) {
                prop_assert_eq!(Dn::parse(&dn.to_string()), Ok(dn));
            }
        }
    }
}
