//! What a writer is asked to do, and what it answers.

use crate::{Action, Address, Attributes, Object, Target};

/// One change, resolved: nothing in it is known only later.
#[derive(Clone, Debug)]
pub struct Order {
    /// What this is about, for messages.
    pub address: Address,
    /// create, update, rename, grant, revoke, deactivate, reactivate, transfer, archive or delete.
    pub action: Action,
    /// Which remote thing: for a create the kind alone is known, and this is none.
    pub target: Option<Target>,
    /// The kind of thing.
    pub kind: crate::Kind,
    /// The object as it was re-read just before, with its version; none for a create or a new membership.
    pub before: Option<Object>,
    /// The attributes to set: for an update only those that change (an empty value clears); for a grant of a
    /// membership its qualifiers; for a grant of a privilege what it grants; for a transfer `to` (the id of the
    /// account that is to own it, [`crate::owned::TO`]) and `owned` (what is handed over, as [`Target::Owned`] is read).
    pub after: Attributes,
    /// Sensitive attributes to set, in the clear, by name. Never printed: the type's `Debug` shows names only.
    pub secrets: Secrets,
}

/// Sensitive values by attribute name.
#[derive(Clone, Default)]
pub struct Secrets(pub Vec<(crate::Symbol, String)>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, and the system holds this now, as far as its answer says; the id of what was created is in it.
    Done(Object),
    /// Done, but something that belongs to it was not: said to whoever runs it, and recorded (a session that could not
    /// be ended).
    Noted(Object, String),
    /// Some of it was done, and the rest certainly was not: what the system holds now, and which is which (`it was renamed
    /// to uid=ada; sn was not changed: ...`). For systems that need several calls for one change.
    Partly(Object, String),
    /// The system refused: it certainly did not happen. `retry_after` in milliseconds where it said so.
    Refused { error: String, retry_after: Option<u64> },
    /// The system refused a creation since something with the same key is there: it did not happen, unless the system got
    /// the request twice and this answers the second.
    Taken(String),
    /// The object was not as `before` says: it did not happen. What stands there now, if known.
    Stale(Option<Object>),
    /// Not begun, since the others took as long as a call may: it certainly did not happen, and comes with the next call.
    Later,
    /// Nobody knows whether it happened: settled by looking, never by doing it again.
    Unknown(String),
}
