//! Search filters (RFC 4511 section 4.5.1.7) and their text (RFC 4515).

use super::ber::{self, Writer};

/// A filter. Text becomes one by [`Filter::parse`]; values in the other variants are plain bytes and need no escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Present(String),
    Equal(String, Vec<u8>),
    AtLeast(String, Vec<u8>),
    AtMost(String, Vec<u8>),
    Approximately(String, Vec<u8>),
    /// Beginning, parts between, end.
    Substrings(String, Option<Vec<u8>>, Vec<Vec<u8>>, Option<Vec<u8>>),
    /// `attribute:dn:rule:=value`.
    Extensible {
        attribute: Option<String>,
        rule: Option<String>,
        dn: bool,
        value: Vec<u8>,
    },
}

/// How deep filters nest at most.
const DEEPEST: usize = 50;

/// `attribute=value`.
pub fn equal(attribute: &str, value: impl AsRef<[u8]>) -> Filter {
    Filter::Equal(attribute.to_owned(), value.as_ref().to_vec())
}

impl Filter {
    /// Every entry.
    pub fn all() -> Filter {
        Filter::Present("objectClass".to_owned())
    }

    /// Entries of this object class or of one below it.
    pub fn class(name: &str) -> Filter {
        equal("objectClass", name)
    }

    /// Any of these; a single one by itself.
    pub fn any(mut filters: Vec<Filter>) -> Filter {
        match filters.pop() {
            Some(only) if filters.is_empty() => only,
            Some(last) => {
                filters.push(last);
                Filter::Or(filters)
            }
            None => Filter::Or(filters),
        }
    }

    /// Adds this to a request.
    pub fn write(&self, writer: &mut Writer) {
        let assertion = |writer: &mut Writer, tag: u8, attribute: &str, value: &[u8]| {
            writer.nested(tag, |writer| {
                writer.octets(ber::OCTETS, attribute.as_bytes());
                writer.octets(ber::OCTETS, value);
            });
        };
        match self {
            Filter::And(filters) => {
                writer.nested(0xa0, |writer| filters.iter().for_each(|filter| filter.write(writer)))
            }
            Filter::Or(filters) => writer.nested(0xa1, |writer| filters.iter().for_each(|filter| filter.write(writer))),
            Filter::Not(filter) => writer.nested(0xa2, |writer| filter.write(writer)),
            Filter::Equal(attribute, value) => assertion(writer, 0xa3, attribute, value),
            Filter::Substrings(attribute, initial, any, end) => writer.nested(0xa4, |writer| {
                writer.octets(ber::OCTETS, attribute.as_bytes());
                writer.nested(ber::SEQUENCE, |writer| {
                    initial.iter().for_each(|part| writer.octets(0x80, part));
                    any.iter().for_each(|part| writer.octets(0x81, part));
                    end.iter().for_each(|part| writer.octets(0x82, part));
                });
            }),
            Filter::AtLeast(attribute, value) => assertion(writer, 0xa5, attribute, value),
            Filter::AtMost(attribute, value) => assertion(writer, 0xa6, attribute, value),
            Filter::Present(attribute) => writer.octets(0x87, attribute.as_bytes()),
            Filter::Approximately(attribute, value) => assertion(writer, 0xa8, attribute, value),
            Filter::Extensible { attribute, rule, dn, value } => writer.nested(0xa9, |writer| {
                rule.iter().for_each(|rule| writer.octets(0x81, rule.as_bytes()));
                attribute.iter().for_each(|attribute| writer.octets(0x82, attribute.as_bytes()));
                writer.octets(0x83, value);
                if *dn {
                    writer.boolean(0x84, true);
                }
            }),
        }
    }

    /// A filter from its text: `(&(objectClass=person)(!(ou=robots)))`; the outermost parentheses may be left out.
    ///
    /// # Errors
    /// What is wrong, and where: `byte 12: ...`.
    pub fn parse(text: &str) -> Result<Filter, String> {
        let text = text.trim();
        let wrapped;
        let text = if text.starts_with('(') {
            text
        } else {
            wrapped = format!("({text})");
            &wrapped
        };
        let mut parser = Parser { text, at: 0 };
        let filter = parser.filter(0)?;
        if parser.at < text.len() { Err(parser.error("something follows the filter")) } else { Ok(filter) }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn error(&self, what: &str) -> String {
        format!("byte {}: {what}", self.at)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, expected: char) -> bool {
        let is = self.rest().starts_with(expected);
        if is {
            self.at += expected.len_utf8();
        }
        is
    }

    fn filter(&mut self, depth: usize) -> Result<Filter, String> {
        if depth > DEEPEST {
            return Err(self.error("the filter is nested too deeply"));
        }
        if !self.take('(') {
            return Err(self.error("expected `(`"));
        }
        let filter = if self.take('&') {
            Filter::And(self.list(depth)?)
        } else if self.take('|') {
            Filter::Or(self.list(depth)?)
        } else if self.take('!') {
            Filter::Not(Box::new(self.filter(depth + 1)?))
        } else {
            self.item()?
        };
        if self.take(')') { Ok(filter) } else { Err(self.error("expected `)`")) }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Filter>, String> {
        let mut filters = Vec::new();
        while self.rest().starts_with('(') {
            filters.push(self.filter(depth + 1)?);
        }
        Ok(filters)
    }

    fn item(&mut self) -> Result<Filter, String> {
        let end = self.rest().find(['(', ')']).unwrap_or(self.rest().len());
        let item = self.rest().get(..end).unwrap_or_default();
        let Some((left, value)) = item.split_once('=') else { return Err(self.error("expected `attribute=value`")) };
        let (attribute, kind) = match left.chars().next_back() {
            Some(kind @ ('>' | '<' | '~' | ':')) => (left.get(..left.len() - 1).unwrap_or_default(), kind),
            _ => (left, '='),
        };
        let filter = match kind {
            ':' => self.extensible(attribute, value)?,
            kind => {
                let attribute = self.attribute(attribute)?;
                match kind {
                    '>' => Filter::AtLeast(attribute, self.value(value)?),
                    '<' => Filter::AtMost(attribute, self.value(value)?),
                    '~' => Filter::Approximately(attribute, self.value(value)?),
                    _ if value == "*" => Filter::Present(attribute),
                    _ if value.contains('*') => self.substrings(attribute, value)?,
                    _ => Filter::Equal(attribute, self.value(value)?),
                }
            }
        };
        self.at += end;
        Ok(filter)
    }

    fn extensible(&self, left: &str, value: &str) -> Result<Filter, String> {
        let mut parts = left.split(':');
        let attribute = parts.next().filter(|name| !name.is_empty()).map(|name| self.attribute(name)).transpose()?;
        let mut rest: Vec<&str> = parts.collect();
        let dn = rest.first().is_some_and(|part| part.eq_ignore_ascii_case("dn"));
        if dn {
            rest.remove(0);
        }
        let rule = match rest.as_slice() {
            [] => None,
            [rule] => Some(self.attribute(rule)?),
            _ => return Err(self.error("expected `attribute:dn:rule:=value`")),
        };
        if attribute.is_none() && rule.is_none() {
            return Err(self.error("expected an attribute or a matching rule before `:=`"));
        }
        Ok(Filter::Extensible { attribute, rule, dn, value: self.value(value)? })
    }

    fn substrings(&self, attribute: String, value: &str) -> Result<Filter, String> {
        let parts = value.split('*').map(|part| self.value(part)).collect::<Result<Vec<_>, _>>()?;
        let mut parts = parts.into_iter();
        let some = |part: Option<Vec<u8>>| part.filter(|part| !part.is_empty());
        let initial = some(parts.next());
        let end = some(parts.next_back());
        let any: Vec<Vec<u8>> = parts.filter(|part| !part.is_empty()).collect();
        if initial.is_none() && any.is_empty() && end.is_none() {
            return Err(self.error("expected text beside `*`"));
        }
        Ok(Filter::Substrings(attribute, initial, any, end))
    }

    fn attribute(&self, name: &str) -> Result<String, String> {
        let name = name.trim();
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ';' | '_');
        if name.is_empty() || !name.chars().all(good) {
            return Err(self.error(&format!("`{name}` is no name of an attribute")));
        }
        Ok(name.to_owned())
    }

    /// A value without its escapes: `\2a` is `*`.
    fn value(&self, text: &str) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            if byte != b'\\' {
                bytes.push(byte);
                continue;
            }
            let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
            match (digit(rest.next()), digit(rest.next())) {
                (Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
                _ => return Err(self.error("a backslash is followed by two hex digits: `\\2a` for `*`")),
            }
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn filters_are_read_from_their_text() {
        let table = [
            ("(uid=ada)", equal("uid", "ada")),
            ("uid=ada", equal("uid", "ada")),
            ("(cn=*)", Filter::Present("cn".into())),
            ("(cn=a*b*c)", Filter::Substrings("cn".into(), Some(b"a".into()), vec![b"b".into()], Some(b"c".into()))),
            ("(cn=*b*)", Filter::Substrings("cn".into(), None, vec![b"b".into()], None)),
            (r"(cn=\2a\28\29\5c)", equal("cn", r"*()\")),
            ("(n>=5)", Filter::AtLeast("n".into(), b"5".into())),
            (
                "(&(objectClass=person)(!(ou=robots)))",
                Filter::And(vec![Filter::class("person"), Filter::Not(Box::new(equal("ou", "robots")))]),
            ),
            (
                "(userAccountControl:1.2.840.113556.1.4.803:=2)",
                Filter::Extensible {
                    attribute: Some("userAccountControl".into()),
                    rule: Some("1.2.840.113556.1.4.803".into()),
                    dn: false,
                    value: b"2".into(),
                },
            ),
        ];
        for (text, filter) in table {
            assert_eq!(Filter::parse(text), Ok(filter), "{text}");
        }
    }

    #[test]
    fn wrong_filters_are_told_with_the_place() {
        let deep = format!("{}(a=b){}", "(!".repeat(60), ")".repeat(60));
        let table = [
            ("", "byte 1: expected `attribute=value`"),
            ("(uid=ada", "byte 8: expected `)`"),
            ("(uid=ada))", "byte 9: something follows the filter"),
            ("(u d=x)", "byte 1: `u d` is no name of an attribute"),
            (r"(uid=\2)", "byte 1: a backslash is followed by two hex digits: `\\2a` for `*`"),
            ("(uid=**)", "byte 1: expected text beside `*`"),
            ("(:=x)", "byte 1: expected an attribute or a matching rule before `:=`"),
            (&deep, "byte 102: the filter is nested too deeply"),
        ];
        for (text, error) in table {
            assert_eq!(Filter::parse(text), Err(error.to_owned()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[()&|!=<>~:*\\\\a-z0-9ü ]{0,60}") {
            let _ = Filter::parse(&text);
        }
    }
}
