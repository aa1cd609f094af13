//! How one thing is written as one line of JSON, in the files of its kind and in the log.

use serde::{Deserialize, Serialize};
use state::{Attributes, Grant, Membership, Object, Schema, Symbol, Target};

/// A line of `accounts.jsonl`: `{"id":"ada","active":false,"attributes":{"login":"ada"}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountLine {
    pub id: Symbol,
    /// Not written where it is true.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub active: bool,
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// A line of `groups.jsonl`: `{"id":"engineering","attributes":{"name":"Engineering"}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupLine {
    pub id: Symbol,
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// A line of `memberships.jsonl`: `{"group":"engineering","member":"ada","attributes":{"role":"maintainer"}}`; a
/// group in a group says `"nested":true`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MembershipLine {
    pub group: Symbol,
    pub member: Symbol,
    #[serde(default, skip_serializing_if = "is_false")]
    pub nested: bool,
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// A line of `grants.jsonl`: `{"group":"analyst","attributes":{"database":"sales"}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantLine {
    pub group: Symbol,
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// A line of any kind, as the log holds it: `{"account":{"id":"ada"}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    Account(AccountLine),
    Group(GroupLine),
    Membership(MembershipLine),
    Grant(GrantLine),
}

fn yes() -> bool {
    true
}

fn is_true(truth: &bool) -> bool {
    *truth
}

fn is_false(truth: &bool) -> bool {
    !truth
}

impl Line {
    /// The line for the thing at `target`.
    pub fn new(target: Target, object: &Object) -> Line {
        let attributes = object.attributes.clone();
        match target {
            Target::Account(id) | Target::Owned(id) => {
                Line::Account(AccountLine { id, active: object.active, attributes })
            }
            Target::Group(id) => Line::Group(GroupLine { id, attributes }),
            Target::Membership { group, member, nested } => {
                Line::Membership(MembershipLine { group, member, nested, attributes })
            }
            Target::Grant { group, .. } => Line::Grant(GrantLine { group, attributes }),
        }
    }

    /// What the line is about, and how it is.
    pub fn thing(self, schema: &Schema) -> (Target, Object) {
        match self {
            Line::Account(line) => (Target::Account(line.id), line.into()),
            Line::Group(line) => (Target::Group(line.id), line.into()),
            Line::Membership(MembershipLine { group, member, nested, attributes }) => {
                (Target::Membership { group, member, nested }, Object::new("", attributes))
            }
            Line::Grant(GrantLine { group, attributes }) => {
                (Target::Grant { group, grant: schema.grant_text(&attributes) }, Object::new("", attributes))
            }
        }
    }
}

impl From<AccountLine> for Object {
    fn from(line: AccountLine) -> Object {
        Object { id: line.id, active: line.active, attributes: held(line.attributes), version: None }
    }
}

impl From<GroupLine> for Object {
    fn from(line: GroupLine) -> Object {
        Object::new(line.id, held(line.attributes))
    }
}

impl From<MembershipLine> for Membership {
    fn from(line: MembershipLine) -> Membership {
        Membership { group: line.group, member: line.member, nested: line.nested, attributes: held(line.attributes) }
    }
}

impl From<GrantLine> for Grant {
    fn from(line: GrantLine) -> Grant {
        Grant { group: line.group, attributes: held(line.attributes), partial: None, within: Vec::new() }
    }
}

/// What is held: an empty value written by hand says that there is none.
pub fn held(attributes: Attributes) -> Attributes {
    if attributes.iter().any(|(_, value)| value.is_empty()) {
        attributes.iter().filter(|(_, value)| !value.is_empty()).cloned().collect()
    } else {
        attributes
    }
}
