//! Requests and answers (RFC 4511 section 4).

use super::ber::{self, Malformed, Reader, Writer};
use super::code::Code;
use super::control::Control;
use super::filter::Filter;

/// Protocol operations by their tags.
pub mod tag {
    pub const BIND: u8 = 0x60;
    pub const UNBIND: u8 = 0x42;
    pub const SEARCH: u8 = 0x63;
    pub const ENTRY: u8 = 0x64;
    pub const DONE: u8 = 0x65;
    pub const REFERENCE: u8 = 0x73;
    pub const MODIFY: u8 = 0x66;
    pub const ADD: u8 = 0x68;
    pub const DELETE: u8 = 0x4a;
    pub const MODIFY_DN: u8 = 0x6c;
    pub const COMPARE: u8 = 0x6e;
    pub const ABANDON: u8 = 0x50;
    pub const EXTENDED: u8 = 0x77;
    pub const EXTENDED_ANSWER: u8 = 0x78;
    pub const INTERMEDIATE: u8 = 0x79;
}

/// How far below its base a search looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Base = 0,
    One = 1,
    Sub = 2,
}

/// A search.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    pub base: &'a str,
    pub scope: Scope,
    pub filter: Filter,
    /// None: all user attributes; `1.1`: no attributes at all (RFC 4511 section 4.5.1.8).
    pub attributes: Vec<&'a str>,
}

/// What a modify does to one attribute (RFC 4511 section 4.6).
#[derive(Clone, PartialEq, Eq)]
pub struct Modification {
    pub kind: ModificationKind,
    pub attribute: String,
    pub values: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModificationKind {
    Add = 0,
    /// Without values: the attribute as a whole.
    Delete = 1,
    /// Without values: the attribute is cleared, whether or not it is there.
    Replace = 2,
}

/// Shows no values: they may be secret.
impl std::fmt::Debug for Modification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {} values of {}", self.kind, self.values.len(), self.attribute)
    }
}

impl Modification {
    pub fn add(attribute: &str, values: Vec<Vec<u8>>) -> Modification {
        Modification { kind: ModificationKind::Add, attribute: attribute.to_owned(), values }
    }

    pub fn delete(attribute: &str, values: Vec<Vec<u8>>) -> Modification {
        Modification { kind: ModificationKind::Delete, attribute: attribute.to_owned(), values }
    }

    pub fn replace(attribute: &str, values: Vec<Vec<u8>>) -> Modification {
        Modification { kind: ModificationKind::Replace, attribute: attribute.to_owned(), values }
    }
}

/// A request without its number and controls. No `Debug`: a bind holds a password.
pub struct Request {
    /// The name of the operation, for messages: `modify`.
    pub name: &'static str,
    bytes: Vec<u8>,
}

impl Request {
    fn new(name: &'static str, write: impl FnOnce(&mut Writer)) -> Request {
        let mut writer = Writer::new();
        write(&mut writer);
        Request { name, bytes: writer.into_bytes() }
    }

    /// A simple bind.
    pub fn bind(dn: &str, password: &str) -> Request {
        Request::new("bind", |writer| {
            writer.nested(tag::BIND, |writer| {
                writer.integer(ber::INTEGER, 3);
                writer.octets(ber::OCTETS, dn.as_bytes());
                writer.octets(0x80, password.as_bytes());
            });
        })
    }

    /// A bind by what the connection knows already: SASL EXTERNAL (RFC 4422 appendix A).
    pub fn bind_external() -> Request {
        Request::new("SASL EXTERNAL bind", |writer| {
            writer.nested(tag::BIND, |writer| {
                writer.integer(ber::INTEGER, 3);
                writer.octets(ber::OCTETS, b"");
                writer.nested(0xa3, |writer| {
                    writer.octets(ber::OCTETS, b"EXTERNAL");
                    writer.octets(ber::OCTETS, b"");
                });
            });
        })
    }

    /// The polite end of a connection.
    pub fn unbind() -> Request {
        Request::new("unbind", |writer| writer.octets(tag::UNBIND, b""))
    }

    /// Tells the server that nobody waits for that answer any more.
    pub fn abandon(id: i32) -> Request {
        Request::new("abandon", |writer| writer.integer(tag::ABANDON, i64::from(id)))
    }

    pub fn search(search: &Search<'_>) -> Request {
        Request::new("search", |writer| {
            writer.nested(tag::SEARCH, |writer| {
                writer.octets(ber::OCTETS, search.base.as_bytes());
                writer.integer(ber::ENUMERATED, search.scope as i64);
                // Aliases are never followed: what stands elsewhere is not below the base.
                writer.integer(ber::ENUMERATED, 0);
                writer.integer(ber::INTEGER, 0);
                writer.integer(ber::INTEGER, 0);
                writer.boolean(ber::BOOLEAN, false);
                search.filter.write(writer);
                writer.nested(ber::SEQUENCE, |writer| {
                    search.attributes.iter().for_each(|name| writer.octets(ber::OCTETS, name.as_bytes()));
                });
            });
        })
    }

    pub fn add(dn: &str, attributes: &[(String, Vec<Vec<u8>>)]) -> Request {
        Request::new("add", |writer| {
            writer.nested(tag::ADD, |writer| {
                writer.octets(ber::OCTETS, dn.as_bytes());
                writer.nested(ber::SEQUENCE, |writer| {
                    for (name, values) in attributes {
                        write_attribute(writer, name, values);
                    }
                });
            });
        })
    }

    pub fn modify(dn: &str, modifications: &[Modification]) -> Request {
        Request::new("modify", |writer| {
            writer.nested(tag::MODIFY, |writer| {
                writer.octets(ber::OCTETS, dn.as_bytes());
                writer.nested(ber::SEQUENCE, |writer| {
                    for modification in modifications {
                        writer.nested(ber::SEQUENCE, |writer| {
                            writer.integer(ber::ENUMERATED, modification.kind as i64);
                            write_attribute(writer, &modification.attribute, &modification.values);
                        });
                    }
                });
            });
        })
    }

    /// A rename, or with `superior` a move. The old first part of the DN is removed from the entry's attributes.
    pub fn modify_dn(dn: &str, rdn: &str, superior: Option<&str>) -> Request {
        Request::new("modify DN", |writer| {
            writer.nested(tag::MODIFY_DN, |writer| {
                writer.octets(ber::OCTETS, dn.as_bytes());
                writer.octets(ber::OCTETS, rdn.as_bytes());
                writer.boolean(ber::BOOLEAN, true);
                if let Some(superior) = superior {
                    writer.octets(0x80, superior.as_bytes());
                }
            });
        })
    }

    pub fn delete(dn: &str) -> Request {
        Request::new("delete", |writer| writer.octets(tag::DELETE, dn.as_bytes()))
    }

    pub fn extended(oid: &str) -> Request {
        Request::new("extended operation", |writer| {
            writer.nested(tag::EXTENDED, |writer| writer.octets(0x80, oid.as_bytes()));
        })
    }

    /// The whole message.
    pub fn message(&self, id: i32, controls: &[Control]) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.nested(ber::SEQUENCE, |writer| {
            writer.integer(ber::INTEGER, i64::from(id));
            writer.raw(&self.bytes);
            if !controls.is_empty() {
                writer.nested(0xa0, |writer| controls.iter().for_each(|control| control.write(writer)));
            }
        });
        writer.into_bytes()
    }
}

fn write_attribute(writer: &mut Writer, name: &str, values: &[Vec<u8>]) {
    writer.nested(ber::SEQUENCE, |writer| {
        writer.octets(ber::OCTETS, name.as_bytes());
        writer.nested(ber::SET, |writer| values.iter().for_each(|value| writer.octets(ber::OCTETS, value)));
    });
}

/// A message from the server: its number (0: the server speaks unasked), the operation's tag and content, the controls.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    pub id: i32,
    pub tag: u8,
    pub content: Reader<'a>,
    controls: Option<Reader<'a>>,
}

impl<'a> Message<'a> {
    /// Reads one whole message.
    pub fn read(bytes: &'a [u8]) -> Result<Message<'a>, Malformed> {
        let mut reader = Reader::new(bytes).nested(ber::SEQUENCE)?;
        let id =
            i32::try_from(reader.integer(ber::INTEGER)?).map_err(|_| Malformed("a message number out of range"))?;
        let (tag, content) = reader.any()?;
        // Active Directory puts the name of a notice of disconnection here too; anything but controls is passed over.
        let controls = if reader.peek() == Some(0xa0) { Some(reader.nested(0xa0)?) } else { None };
        Ok(Message { id, tag, content: Reader::new(content), controls })
    }

    /// The controls that came with it.
    pub fn controls(&self) -> Result<Vec<Control>, Malformed> {
        Ok(self.controls.map(Control::read_all).transpose()?.unwrap_or_default())
    }

    /// The answer that this ends an operation with.
    pub fn answer(&self) -> Result<Answer, Malformed> {
        let mut content = self.content;
        let code = content.integer(ber::ENUMERATED)?;
        let code = Code(u32::try_from(code).map_err(|_| Malformed("a result code out of range"))?);
        let matched = lossy(content.expect(ber::OCTETS)?);
        let text = lossy(content.expect(ber::OCTETS)?);
        let mut referrals = Vec::new();
        let mut value = None;
        while !content.is_empty() {
            match content.any()? {
                (0xa3, uris) => referrals = read_uris(Reader::new(uris))?,
                (0x8b, bytes) => value = Some(bytes.to_vec()),
                _ => {}
            }
        }
        Ok(Answer { code, matched, text, referrals, value, controls: self.controls()? })
    }

    /// The entry that this holds.
    pub fn entry(&self) -> Result<Entry<'a>, Malformed> {
        Entry::read(self.content)
    }

    /// Where the server says that more of what was searched for is.
    pub fn reference(&self) -> Result<Vec<String>, Malformed> {
        read_uris(self.content)
    }
}

fn read_uris(mut reader: Reader<'_>) -> Result<Vec<String>, Malformed> {
    let mut uris = Vec::new();
    while !reader.is_empty() {
        uris.push(lossy(reader.expect(ber::OCTETS)?));
    }
    Ok(uris)
}

/// Text for people. What a server says is not always UTF-8, and never may it steer a terminal.
fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>()
        .trim()
        .to_owned()
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub code: Code,
    /// The part of the DN that exists, where the rest does not.
    pub matched: String,
    /// The server's own words.
    pub text: String,
    pub referrals: Vec<String>,
    /// Of an extended operation.
    pub value: Option<Vec<u8>>,
    pub controls: Vec<Control>,
}

impl Answer {
    /// `noSuchObject (32): no such entry; the nearest is dc=example`.
    pub fn said(&self) -> String {
        let mut said = self.code.to_string();
        if !self.text.is_empty() {
            // Long texts are of no use in a message; nothing in them is cut in the middle of a letter.
            said.push_str(": ");
            said.extend(self.text.chars().take(300));
        }
        if self.code == Code::NO_SUCH_OBJECT && !self.matched.is_empty() {
            said.push_str("; what is there is ");
            said.push_str(&self.matched);
        }
        if let Some(first) = self.referrals.first() {
            said.push_str("; it refers to ");
            said.push_str(first);
        }
        said
    }
}

/// An attribute of an entry: its name, with options, and its values.
pub type Attribute<'a> = (&'a str, Vec<&'a [u8]>);

/// An entry that was found, in the bytes in which it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    pub dn: &'a str,
    pub attributes: Vec<Attribute<'a>>,
}

impl<'a> Entry<'a> {
    fn read(mut content: Reader<'a>) -> Result<Entry<'a>, Malformed> {
        let dn = content.text(ber::OCTETS)?;
        let mut list = content.nested(ber::SEQUENCE)?;
        let mut attributes = Vec::with_capacity(12);
        while !list.is_empty() {
            let mut attribute = list.nested(ber::SEQUENCE)?;
            let name = attribute.text(ber::OCTETS)?;
            let mut set = attribute.nested(ber::SET)?;
            let mut values = Vec::with_capacity(1);
            while !set.is_empty() {
                values.push(set.expect(ber::OCTETS)?);
            }
            attributes.push((name, values));
        }
        Ok(Entry { dn, attributes })
    }

    /// The entry in the value of a pre- or post-read control (RFC 4527).
    pub fn of_control(value: &'a [u8]) -> Result<Entry<'a>, Malformed> {
        // The control holds a SearchResultEntry, with its own tag or, in some servers, with that of a sequence.
        let (_, content) = Reader::new(value).any()?;
        Entry::read(Reader::new(content))
    }

    /// The values of an attribute, without regard to case; none where it is not there.
    pub fn values(&self, name: &str) -> Option<&[&'a [u8]]> {
        self.attributes.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, values)| values.as_slice())
    }

    /// The first value of an attribute.
    pub fn first(&self, name: &str) -> Option<&'a [u8]> {
        self.values(name)?.first().copied()
    }

    /// The first value of an attribute as text.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.first(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// All values of an attribute that are text.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &'a str> + '_ {
        self.values(name).unwrap_or_default().iter().filter_map(|value| std::str::from_utf8(value).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_answer_is_read_with_everything_in_it() {
        let mut writer = Writer::new();
        writer.nested(ber::SEQUENCE, |writer| {
            writer.integer(ber::INTEGER, 7);
            writer.nested(tag::DONE, |writer| {
                writer.integer(ber::ENUMERATED, 10);
                writer.octets(ber::OCTETS, b"dc=example");
                writer.octets(ber::OCTETS, b"not\nhere");
                writer.nested(0xa3, |writer| writer.octets(ber::OCTETS, b"ldap://other.example/dc=example"));
            });
            writer.nested(0xa0, |writer| Control::page(0, b"next").write(writer));
        });
        let bytes = writer.into_bytes();
        let message = Message::read(&bytes).unwrap();
        let answer = message.answer().unwrap();
        assert_eq!((message.id, message.tag), (7, tag::DONE));
        assert_eq!(answer.said(), "referral (10): not here; it refers to ldap://other.example/dc=example");
        assert_eq!(super::super::control::cookie(&answer.controls), Ok(Some(b"next".to_vec())));
    }

    proptest! {
        #[test]
        fn no_message_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(message) = Message::read(&bytes) {
                let _ = (message.answer(), message.entry(), message.reference());
            }
            let _ = Entry::of_control(&bytes);
        }
    }
}
