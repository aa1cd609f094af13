//! Addresses: the one name of everything that tenure plans, changes and records.
//!
//! Written as in the language: `person.ada`, `person["0xAda"]`, `account.chat.ada`,
//! `account.k8s["kubernetes"].ada`, `group.chat.engineering`, `membership.chat.engineering.ada`,
//! `membership.chat.all.group.engineering` (a group in a group), `grant.db.analyst["database=sales"]`.
//! A *name* is what a block is called, with its instance: `chat`, `k8s["kubernetes"]`; a *key* is any text.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Symbol;

/// The one name of a thing. `Copy`, 16 bytes; ordered by its parts' texts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// A human, by key.
    Person(Symbol),
    /// A machine or shared identity, by name (`deployer`, `admin["alovelace"]`).
    Service(Symbol),
    /// A connected target.
    System(Symbol),
    /// A business role.
    Role(Symbol),
    /// An identity's presence on a system; `holder` is the person's key or the service's name.
    Account { system: Symbol, holder: Symbol },
    /// A named set of accounts on a system.
    Group { system: Symbol, group: Symbol },
    /// A place in a group.
    Membership { system: Symbol, group: Symbol, member: Member },
    /// A privilege that a group holds; `grant` is the text of the grant's key attributes.
    Grant { system: Symbol, group: Symbol, grant: Symbol },
}

/// Who is in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Member {
    /// A person's key or a service's name.
    Holder(Symbol),
    /// A group of the same system, by name.
    Group(Symbol),
}

impl Address {
    /// The system that this stands on, if it stands on one.
    pub fn system(self) -> Option<Symbol> {
        match self {
            Address::System(system)
            | Address::Account { system, .. }
            | Address::Group { system, .. }
            | Address::Membership { system, .. }
            | Address::Grant { system, .. } => Some(system),
            Address::Person(_) | Address::Service(_) | Address::Role(_) => None,
        }
    }

    /// The identity that this is about, if it is about one: its key or name.
    pub fn holder(self) -> Option<Symbol> {
        match self {
            Address::Person(holder) | Address::Service(holder) | Address::Account { holder, .. } => Some(holder),
            Address::Membership { member: Member::Holder(holder), .. } => Some(holder),
            _ => None,
        }
    }

    /// The group that this is, is in, or belongs to.
    pub fn group(self) -> Option<Symbol> {
        match self {
            Address::Group { group, .. } | Address::Membership { group, .. } | Address::Grant { group, .. } => {
                Some(group)
            }
            _ => None,
        }
    }

    /// The address of the group that a membership or grant belongs to.
    pub fn parent_group(self) -> Option<Address> {
        match self {
            Address::Membership { system, group, .. } | Address::Grant { system, group, .. } => {
                Some(Address::Group { system, group })
            }
            _ => None,
        }
    }

    /// The address of what is a member, for a membership.
    pub fn member(self) -> Option<Address> {
        match self {
            Address::Membership { system, member: Member::Holder(holder), .. } => {
                Some(Address::Account { system, holder })
            }
            Address::Membership { system, member: Member::Group(group), .. } => Some(Address::Group { system, group }),
            _ => None,
        }
    }
}

/// Whether `text` can stand in an address without brackets and quotes: a letter or `_`, then letters, digits, `_` or
/// `-`, as an HCL identifier.
pub fn is_identifier(text: &str) -> bool {
    if let [first, later @ ..] = text.as_bytes()
        && (first.is_ascii_alphabetic() || *first == b'_')
        && later.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    {
        return true;
    }
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|later| later.is_alphanumeric() || later == '_' || later == '-')
}

/// The name of an instance: `team["a/b"]` from `team` and `a/b`.
pub fn instance(block: &str, key: &str) -> Symbol {
    let mut name = String::from(block);
    quote(&mut name, key);
    Symbol::new(&name)
}

/// The key in the name of an instance of `block`: `a/b` of `team["a/b"]`.
pub fn instance_key(block: &str, name: Symbol) -> Option<String> {
    match segments(name.as_str())?.as_slice() {
        [Segment::Name(own), Segment::Quoted(key)] if *own == block => Some(key.clone().into_owned()),
        _ => None,
    }
}

fn quote(to: &mut String, key: &str) {
    to.push_str("[\"");
    for character in key.chars() {
        match character {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '\t' => to.push_str("\\t"),
            other if other.is_control() => {
                let _ = write!(to, "\\u{:04x}", u32::from(other));
            }
            other => to.push(other),
        }
    }
    to.push_str("\"]");
}

/// Whether `text` is a name with an instance, such as `admin["alovelace"]`.
fn is_instance(text: &str) -> bool {
    text.ends_with("\"]")
        && segments(text).is_some_and(|segments| matches!(segments.as_slice(), [Segment::Name(_), Segment::Quoted(_)]))
}

fn push_name(to: &mut String, name: Symbol) {
    to.push('.');
    to.push_str(name.as_str());
}

fn push_key(to: &mut String, key: Symbol) {
    if is_identifier(key.as_str()) || is_instance(key.as_str()) {
        push_name(to, key);
    } else {
        quote(to, key.as_str());
    }
}

impl Address {
    /// As it is written.
    fn text(self) -> String {
        let mut text = String::with_capacity(64);
        match self {
            Address::Person(key) => {
                text.push_str("person");
                push_key(&mut text, key);
            }
            Address::Service(name) => {
                text.push_str("service");
                push_key(&mut text, name);
            }
            Address::System(name) => {
                text.push_str("system");
                push_name(&mut text, name);
            }
            Address::Role(name) => {
                text.push_str("role");
                push_name(&mut text, name);
            }
            Address::Account { system, holder } => {
                text.push_str("account");
                push_name(&mut text, system);
                push_key(&mut text, holder);
            }
            Address::Group { system, group } => {
                text.push_str("group");
                push_name(&mut text, system);
                push_name(&mut text, group);
            }
            Address::Membership { system, group, member } => {
                text.push_str("membership");
                push_name(&mut text, system);
                push_name(&mut text, group);
                match member {
                    Member::Holder(holder) => push_key(&mut text, holder),
                    Member::Group(member) => {
                        text.push_str(".group");
                        push_name(&mut text, member);
                    }
                }
            }
            Address::Grant { system, group, grant } => {
                text.push_str("grant");
                push_name(&mut text, system);
                push_name(&mut text, group);
                quote(&mut text, grant.as_str());
            }
        }
        text
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an address: write one as `person.ada`, `account.chat.ada`, `group.chat.engineering` or \
     `membership.chat.engineering.ada`, keys that are not plain names as `person[\"0xAda\"]`"
)]
pub struct NotAnAddress(String);

/// A name or a quoted key, as it stands in the text where it stands there plainly: records hold millions of addresses.
#[derive(Clone, Debug, PartialEq)]
enum Segment<'a> {
    Name(&'a str),
    Quoted(Cow<'a, str>),
}

/// What the longest address has: `membership.s["i"].g["i"].group.g["i"]`.
const SEGMENTS: usize = 8;

/// The segments of a text, without a heap allocation of their own.
struct Segments<'a> {
    found: [Segment<'a>; SEGMENTS],
    count: usize,
}

impl<'a> Segments<'a> {
    fn as_slice(&self) -> &[Segment<'a>] {
        self.found.get(..self.count).unwrap_or_default()
    }
}

/// `a.b["c"].d` as names and quoted keys; none where it is not of that form, or longer than any address.
fn segments(text: &str) -> Option<Segments<'_>> {
    let mut segments = Segments { found: [const { Segment::Name("") }; SEGMENTS], count: 0 };
    let mut rest = text;
    while !rest.is_empty() {
        let segment;
        if rest.starts_with("[\"") {
            let (key, after) = quoted(&rest[1..])?;
            rest = after.strip_prefix(']')?;
            segment = Segment::Quoted(key);
        } else {
            if segments.count > 0 {
                rest = rest.strip_prefix('.')?;
            }
            let end = rest.bytes().position(|byte| matches!(byte, b'.' | b'[')).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            if !is_identifier(name) {
                return None;
            }
            rest = after;
            segment = Segment::Name(name);
        }
        *segments.found.get_mut(segments.count)? = segment;
        segments.count += 1;
    }
    Some(segments)
}

/// The JSON string at the beginning of `text`, and what follows it.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let inner = text.strip_prefix('"')?;
    let special = inner.bytes().position(|byte| matches!(byte, b'"' | b'\\' | ..b' '))?;
    if inner.as_bytes().get(special) == Some(&b'"') {
        let (key, after) = inner.split_at(special);
        return Some((Cow::Borrowed(key), after.strip_prefix('"')?));
    }
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let key = stream.next()?.ok()?;
    Some((Cow::Owned(key), text.get(stream.byte_offset()..)?))
}

/// Reads names and keys off segments.
struct Cursor<'s, 'a>(&'s [Segment<'a>]);

impl Cursor<'_, '_> {
    /// A name, with its instance where one follows and at least `left` segments stand after it.
    fn name(&mut self, left: usize) -> Option<Symbol> {
        match self.0 {
            [Segment::Name(name), Segment::Quoted(key), rest @ ..] if rest.len() >= left => {
                self.0 = rest;
                Some(instance(name, key))
            }
            [Segment::Name(name), rest @ ..] if rest.len() >= left => {
                self.0 = rest;
                Some(Symbol::new(name))
            }
            _ => None,
        }
    }

    /// A key, which must be the last.
    fn key(&mut self) -> Option<Symbol> {
        match self.0 {
            [Segment::Quoted(key)] => Some(Symbol::new(key)),
            [Segment::Name(key)] => Some(Symbol::new(key)),
            [Segment::Name(_), Segment::Quoted(_)] => self.name(0),
            _ => None,
        }
    }

    fn last_name(&mut self) -> Option<Symbol> {
        let name = self.name(0)?;
        self.0.is_empty().then_some(name)
    }
}

fn parse(text: &str) -> Option<Address> {
    let segments = segments(text)?;
    let (Segment::Name(kind), rest) = segments.as_slice().split_first()? else { return None };
    let mut cursor = Cursor(rest);
    Some(match *kind {
        "person" => Address::Person(cursor.key()?),
        "service" => Address::Service(cursor.key()?),
        "system" => Address::System(cursor.last_name()?),
        "role" => Address::Role(cursor.last_name()?),
        "account" => Address::Account { system: cursor.name(1)?, holder: cursor.key()? },
        "group" => Address::Group { system: cursor.name(1)?, group: cursor.last_name()? },
        "membership" => {
            let (system, group) = (cursor.name(2)?, cursor.name(1)?);
            let member = match cursor.0 {
                [Segment::Name(word), rest @ ..] if *word == "group" && matches!(rest, [Segment::Name(_), ..]) => {
                    cursor.0 = rest;
                    Member::Group(cursor.last_name()?)
                }
                _ => Member::Holder(cursor.key()?),
            };
            Address::Membership { system, group, member }
        }
        "grant" => {
            let (system, group) = (cursor.name(2)?, cursor.name(1)?);
            Address::Grant { system, group, grant: cursor.key()? }
        }
        _ => return None,
    })
}

impl FromStr for Address {
    type Err = NotAnAddress;
    fn from_str(text: &str) -> Result<Address, NotAnAddress> {
        parse(text).ok_or_else(|| NotAnAddress(text.to_owned()))
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
        crate::from_text::parsed(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_and_read_alike() {
        assert_eq!(size_of::<Address>(), 16);
        for text in [
            "person.ada",
            "person[\"0xAda\"]",
            "person[\"a.b \\\"c\\\"\"]",
            "service.admin[\"alovelace\"]",
            "system.k8s[\"kubernetes\"]",
            "role.org[\"kubernetes\"]",
            "account.chat.ada",
            "account.chat[\"0xAda\"]",
            "account.k8s[\"kubernetes\"].ada",
            "account.k8s[\"kubernetes\"][\"0xAda\"]",
            "account.corp.admin[\"alovelace\"]",
            "group.chat.engineering",
            "group.k8s[\"kubernetes\"].team[\"kubernetes/sig-x\"]",
            "membership.chat.engineering.ada",
            "membership.chat.engineering[\"0xAda\"]",
            "membership.chat.team[\"x\"][\"0xAda\"]",
            "membership.k8s[\"k\"].team[\"k/x\"].ada",
            "membership.k8s[\"k\"].eng[\"0xAda\"]",
            "membership.chat.all.group.engineering",
            "membership.chat.all.group.team[\"x\"]",
            "membership.chat.all.group",
            "grant.db.analyst[\"database=sales\"]",
        ] {
            let address: Address = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(address.to_string(), text);
        }
        for (text, written) in [
            ("person[\"ada\"]", "person.ada"),
            ("person[\"\\u0061da\"]", "person.ada"),
            ("person[\"a\\/b\"]", "person[\"a/b\"]"),
            ("person.ädä", "person.ädä"),
            ("account.k8s[\"\\u006b\"].ada", "account.k8s[\"k\"].ada"),
            (
                "membership.k8s[\"k\"].team[\"k\"].group.team[\"\\t\"]",
                "membership.k8s[\"k\"].team[\"k\"].group.team[\"\\t\"]",
            ),
        ] {
            assert_eq!(text.parse::<Address>().map(|address| address.to_string()).as_deref(), Ok(written), "{text}");
        }
        for text in [
            "",
            "person",
            "person.",
            "person.a b",
            "person.1a",
            "person..a",
            "person[\"a",
            "person[\"a\"",
            "person[\"a\"].",
            "person[\"a\"]b",
            "person[\"a\tb\"]",
            "person[\"a\\\"]",
            "person[\"\\ud800\"]",
            "person[a]",
            "[\"person\"].a",
            "group.chat",
            "group.chat.a.b",
            "membership.chat.a",
            "membership.s[\"i\"].g[\"i\"].group.g[\"i\"][\"i\"]",
            "membership.s[\"i\"].g[\"i\"].group.g[\"i\"].a",
            "folk.ada",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
