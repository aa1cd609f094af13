//! One step of a plan.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Address, Object, Symbol, Value};

/// The kinds of change. A transfer's pre-image is the account with the attribute [`crate::owned::OWNS`], its post-image
/// [`crate::owned::TO`]; with [`crate::owned::OWNED`] in it only those things go. Reactivating brings back what was
/// archived, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Adopt,
    Create,
    Update,
    Rename,
    Grant,
    Revoke,
    Deactivate,
    Reactivate,
    Transfer,
    Archive,
    Delete,
    Forget,
}

impl Action {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Action::Adopt => "adopt",
            Action::Create => "create",
            Action::Update => "update",
            Action::Rename => "rename",
            Action::Grant => "grant",
            Action::Revoke => "revoke",
            Action::Deactivate => "deactivate",
            Action::Reactivate => "reactivate",
            Action::Transfer => "transfer",
            Action::Archive => "archive",
            Action::Delete => "delete",
            Action::Forget => "forget",
        }
    }

    /// The sign before a line of a plan: `+` gives, `~` changes, `=` adopts, `-` takes and can be given back, `>`
    /// hands over, `!` destroys, `.` forgets.
    pub fn symbol(self) -> char {
        match self {
            Action::Create | Action::Grant | Action::Reactivate => '+',
            Action::Update | Action::Rename => '~',
            Action::Adopt => '=',
            Action::Revoke | Action::Deactivate => '-',
            Action::Transfer => '>',
            Action::Archive | Action::Delete => '!',
            Action::Forget => '.',
        }
    }

    /// Whether someone has less afterwards: what `mass-removal` counts.
    pub fn removes(self) -> bool {
        matches!(self, Action::Revoke | Action::Deactivate | Action::Archive | Action::Delete)
    }
}

/// What an attribute is to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// This value; an empty one (`""`, `[]`) clears.
    Known(Value),
    /// What `expression` gives once what it `needs` exists: shown as `(known after apply)`.
    Deferred { expression: Arc<str>, needs: Vec<Address> },
    /// A sensitive value: only its HMAC is kept, the value itself is evaluated again when it is written.
    Secret { hmac: Symbol },
}

/// Attributes to be, sorted by name.
pub type WantedAttributes = Box<[(Symbol, Wanted)]>;

/// Number of a [`Reason`] in the plan's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReasonId(pub u32);

/// Why a line stands in a plan.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reason {
    /// What gives or takes it, for reading: `role.analyst`, `role.analyst > group.warehouse.analyst`,
    /// `left the files`, `ended 2026-11-30`, `no longer in role.oncall`.
    pub because: Symbol,
    /// The block that asks for it, `teams/engineering.hcl:12`; none where no block does any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Symbol>,
}

/// Whether a change can be undone, and what would not come back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    AnyTime,
    Until(Symbol),
    Never { lost: Symbol },
}

/// One step of a plan: pure data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub address: Address,
    pub action: Action,
    /// The pre-image: the managed attributes as they were observed; none for a create or for new access.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<Object>>,
    /// What the attributes are to be: of an update only those that change.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub after: WantedAttributes,
    /// Why; numbers into [`crate::Plan::reasons`].
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub reasons: Box<[ReasonId]>,
    /// Attributes of `after` whose number was allotted by `next`: the record never gives it to anybody else.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub allocated: Box<[Symbol]>,
    /// When access that this gives ends by itself: recorded, so that its later end was announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<crate::Timestamp>,
    pub undo: Undo,
}
