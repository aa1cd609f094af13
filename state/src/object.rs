//! What stands on a system: accounts, groups, memberships and grants, and how to point at one.

use serde::{Deserialize, Serialize};

use crate::{Attributes, Symbol};

/// The four kinds of thing that a system holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Account,
    Group,
    Membership,
    Grant,
}

/// One thing on a system as it was read, planned or recorded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Object {
    /// The system's own immutable id (SCIM `id`, entryUUID, oid, ...); empty for memberships and grants.
    pub id: Symbol,
    /// Whether the account may be used; always true for groups, memberships and grants.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub active: bool,
    /// The attributes in the system's own names: of a membership its qualifiers (`role = "maintainer"`), of a grant
    /// what it grants. An attribute that the system does not hold is not there (never null).
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    /// The system's mark of this state of the object (ETag, entryCSN). Outside equality and digests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Symbol>,
}

fn yes() -> bool {
    true
}

fn is_true(truth: &bool) -> bool {
    *truth
}

impl PartialEq for Object {
    fn eq(&self, other: &Object) -> bool {
        self.id == other.id && self.active == other.active && self.attributes == other.attributes
    }
}

impl Eq for Object {}

impl Object {
    /// An active object without a version.
    pub fn new(id: impl Into<Symbol>, attributes: Attributes) -> Object {
        Object { id: id.into(), active: true, attributes, version: None }
    }
}

/// A thing on a system by remote ids: what a reader reads again and a writer writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// An account by its id.
    Account(Symbol),
    /// A group by its id.
    Group(Symbol),
    /// A place in the group `group` of the account (or, where `nested`, of the group) with the id `member`.
    Membership { group: Symbol, member: Symbol, nested: bool },
    /// A grant of the group with the id `group`, by the text of its key attributes (`Schema::grant_key`).
    Grant { group: Symbol, grant: Symbol },
    /// What the account with this id owns on its system. Read as an object with the attribute `owned`: a list of
    /// objects with `place` (database, folder), `kind` (`table`) and `name`, in the system's own words; gone where it
    /// owns nothing, hidden where that cannot be told in full.
    Owned(Symbol),
}

impl Target {
    /// The kind of thing that this points at.
    pub fn kind(self) -> Kind {
        match self {
            Target::Account(_) | Target::Owned(_) => Kind::Account,
            Target::Group(_) => Kind::Group,
            Target::Membership { .. } => Kind::Membership,
            Target::Grant { .. } => Kind::Grant,
        }
    }

    /// The id of the remote object that a call about this touches; at most one call per such object is in flight.
    pub fn remote(self) -> Symbol {
        match self {
            Target::Account(id) | Target::Owned(id) | Target::Group(id) => id,
            Target::Membership { group, .. } | Target::Grant { group, .. } => group,
        }
    }
}

/// The attribute (`true`) of an account that was archived: it is still listed and read by its id, not active; reactivating
/// it brings it back whole. An update that clears it takes the account out of the archive, switched off as it was before.
/// No attribute of a system begins with `@`.
pub const ARCHIVED: &str = "@archived";

/// The answer to a direct read of one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It is there, like this.
    Here(Object),
    /// The system says that it is not there.
    Gone,
    /// The system would not say (forbidden, or absence and missing rights look alike): never taken for gone.
    Hidden(String),
}

/// What a system's own log tells of a difference: who last changed the remote object, or who did just that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// In the system's own words: a distinguished name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<crate::Timestamp>,
    /// The command that did just what differs: `ALTER ROLE`. None where this is the last change of the object, whatever
    /// that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// By which program and from where: `psql from 10.0.0.5`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Who else did the same before, and nothing undid it; sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
}

/// What became of a transaction by what its system says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionState {
    Committed,
    Aborted,
    /// Still open: to be asked for again.
    InProgress,
    /// The system does not know (any more), or does not tell.
    Unknown,
}
