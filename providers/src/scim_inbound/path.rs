//! Names of attributes and the paths of PATCH (RFC 7644 sections 3.10 and 3.5.2), as they are written.

use super::filter::{Filter, Parser};
use super::refusal::Refusal;

/// The name of an attribute as it is written: `userName`, `name.givenName`,
/// `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// URN of the schema, where it is written.
    pub urn: Option<String>,
    /// The attribute; none where the URN alone is written, which means the whole extension.
    pub attribute: Option<String>,
    /// The sub-attribute.
    pub part: Option<String>,
}

/// What a PATCH operation is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    pub name: Name,
    /// Which values of the attribute; `[type eq "work"]`.
    pub filter: Option<Filter>,
    /// The sub-attribute behind the filter: `emails[type eq "work"].value`.
    pub part: Option<String>,
}

impl Name {
    /// Takes a written name apart; none where it is none. Which part of a URN names the schema and which the attribute
    /// is told by its version: all schemas are called `urn:...:2.0:Something`.
    pub fn read(text: &str) -> Option<Name> {
        let is_urn = text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"));
        let (urn, rest) = if is_urn { split(text) } else { (None, Some(text)) };
        let Some(rest) = rest else { return Some(Name { urn: urn.map(str::to_owned), attribute: None, part: None }) };
        let (attribute, part) = match rest.split_once('.') {
            Some((attribute, part)) => (attribute, Some(part)),
            None => (rest, None),
        };
        if !is_word(attribute) || part.is_some_and(|part| !is_word(part)) {
            return None;
        }
        let own = |text: &str| text.to_owned();
        Some(Name { urn: urn.map(own), attribute: Some(own(attribute)), part: part.map(own) })
    }
}

/// URN and what follows it.
fn split(text: &str) -> (Option<&str>, Option<&str>) {
    let mut end = 0;
    let mut version = None;
    for piece in text.split(':') {
        let is_version = piece
            .split_once('.')
            .is_some_and(|(major, minor)| [major, minor].iter().all(|number| !number.is_empty() && is_number(number)));
        if is_version {
            version = Some(end + piece.len());
        }
        end += piece.len() + 1;
    }
    // Behind the version stands one more word of the URN.
    let after = version.and_then(|at| text.get(at + 1..).map(|rest| (at + 1, rest)));
    let at = match after {
        Some((start, rest)) => rest.find(':').map(|colon| start + colon),
        None => text.rfind(':'),
    };
    match at {
        Some(at) => (text.get(..at), text.get(at + 1..)),
        None => (Some(text), None),
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// ATTRNAME of RFC 7643 section 2.1, and `$ref`.
fn is_word(text: &str) -> bool {
    let text = text.strip_prefix('$').unwrap_or(text);
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

impl Path {
    /// Parses the `path` of an operation.
    ///
    /// # Errors
    /// 400 `invalidPath`, or `invalidFilter` for what stands in brackets.
    pub fn parse(text: &str) -> Result<Path, Refusal> {
        let mut parser = Parser::new(text);
        let path = parser.path().map_err(|wrong| match wrong.in_filter {
            true => Refusal::bad("invalidFilter", wrong.message),
            false => Refusal::bad("invalidPath", wrong.message),
        })?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_urn_ends_one_word_behind_its_version() {
        let table = [
            ("userName", (None, Some("userName"), None)),
            ("name.givenName", (None, Some("name"), Some("givenName"))),
            ("members.$ref", (None, Some("members"), Some("$ref"))),
            ("urn:x:enterprise:2.0:User", (Some("urn:x:enterprise:2.0:User"), None, None)),
            ("URN:x:2.0:User:manager.value", (Some("URN:x:2.0:User"), Some("manager"), Some("value"))),
            ("urn:acme:payroll:grade", (Some("urn:acme:payroll"), Some("grade"), None)),
        ];
        for (text, expected) in table {
            let name = Name::read(text).unwrap();
            assert_eq!((name.urn.as_deref(), name.attribute.as_deref(), name.part.as_deref()), expected, "{text}");
        }
        for text in ["", ".", "a.", "a.b.c", "1a", "a b", "urn:x:2.0:User:", "urn:x:2.0:User:a:b", "ü"] {
            assert_eq!(Name::read(text), None, "{text}");
        }
    }
}
