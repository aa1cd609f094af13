//! How one thing is written as one line of JSON, in the files of its kind and in the log.

use serde::{Deserialize, Serialize};
use state::object::ARCHIVED;
use state::owned::OWNED;
use state::{Attributes, Grant, Membership, Object, Schema, Symbol, Target, Value};

use super::heart::Possession;

/// A line of `accounts.jsonl`: `{"id":"ada","active":false,"attributes":{"login":"ada"}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountLine {
    pub id: Symbol,
    /// Not written where it is true.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub active: bool,
    /// Put away: not active, and brought back by being activated again. Not written where it is false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub archived: bool,
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// A line of `owned.jsonl`: `{"account":"ada","owned":[{"kind":"table","name":"orders","place":"sales"}]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnedLine {
    pub account: Symbol,
    pub owned: Vec<Thing>,
}

/// Something that an account owns. What it is called and where it is tells it from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thing {
    pub kind: Symbol,
    pub name: Symbol,
    pub place: Symbol,
}

impl Thing {
    /// As an entry of the attribute `owned`.
    pub fn value(self) -> Value {
        let pairs = [("kind", self.kind), ("name", self.name), ("place", self.place)];
        Value::map(pairs.map(|(name, text)| (Symbol::new(name), Value::Text(text))))
    }

    /// The things that the attribute `owned` names; what is not one is left out.
    pub fn all(attributes: &Attributes) -> Vec<Thing> {
        let list = attributes.get(Symbol::new(OWNED)).and_then(Value::as_list).unwrap_or_default();
        let thing = |value: &Value| {
            let text = |name| value.get(Symbol::new(name)).and_then(Value::as_text);
            Some(Thing { kind: text("kind")?, name: text("name")?, place: text("place")? })
        };
        list.iter().filter_map(thing).collect()
    }

    /// What an account owns as it is read; none where that is nothing.
    pub fn object(mut things: Vec<Thing>) -> Option<Object> {
        things.sort_unstable();
        let owned = Value::list(things.iter().map(|thing| thing.value()));
        let attributes = [(Symbol::new(OWNED), owned)].into_iter().collect();
        (!things.is_empty()).then(|| Object::new("", attributes))
    }
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
    Owned(OwnedLine),
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
            Target::Account(_) => Line::Account(AccountLine::from(object)),
            Target::Owned(account) => Line::Owned(OwnedLine { account, owned: Thing::all(&attributes) }),
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
            Line::Owned(OwnedLine { account, owned }) => {
                let nothing = || Object::new("", Attributes::new());
                (Target::Owned(account), Thing::object(owned).unwrap_or_else(nothing))
            }
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
        let archived = line.archived.then(|| (Symbol::new(ARCHIVED), Value::Bool(true)));
        let attributes = match archived {
            None => held(line.attributes),
            archived => held(line.attributes).iter().cloned().chain(archived).collect(),
        };
        Object { id: line.id, active: line.active && !line.archived, attributes, version: None }
    }
}

impl From<&Object> for AccountLine {
    fn from(account: &Object) -> AccountLine {
        let archived = account.attributes.get(Symbol::new(ARCHIVED)).is_some();
        let attributes = match archived {
            false => account.attributes.clone(),
            true => account.attributes.iter().filter(|(name, _)| name.as_str() != ARCHIVED).cloned().collect(),
        };
        AccountLine { id: account.id, active: account.active, archived, attributes }
    }
}

impl From<OwnedLine> for Possession {
    fn from(line: OwnedLine) -> Possession {
        Possession { account: line.account, things: line.owned }
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
        Grant {
            group: line.group,
            attributes: held(line.attributes),
            partial: None,
            in_parts: false,
            within: Vec::new(),
        }
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
