//! What the record says is managed: the fold of its events.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::{Action, Address, Attributes, Change, Digest, Kind, Reason, Symbol, Target, Timestamp, Value};

/// The snapshot: everything that the fold of the events knows.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    pub lineage: Option<Symbol>,
    /// Digits and number of the last line, and its time.
    pub head: Option<Digest>,
    pub head_line: u64,
    pub last: Timestamp,
    /// What is managed. A membership or grant that was revoked is not in it; an account that was deactivated is.
    pub objects: HashMap<Address, RecordedObject>,
    /// Attributes of identities, of leavers too.
    pub identities: HashMap<Address, Attributes>,
    /// Sources of people as last seen.
    pub sources: BTreeMap<Symbol, Seen>,
    /// Intents without a final outcome: in doubt.
    pub open: Vec<OpenIntent>,
    /// Removals of the last seven days before `last`, oldest first.
    pub removals: Vec<Removal>,
    /// Populations by address when runs of the last eight days started, oldest first.
    pub populations: BTreeMap<Address, Vec<(Timestamp, u64)>>,
    /// Numbers given by `next`, by system and attribute: never given to anybody else.
    pub numbers: BTreeMap<(Symbol, Symbol), BTreeMap<i64, Symbol>>,
    /// Limits in force at the last run.
    pub limits: BTreeMap<String, f64>,
}

/// How something came to be managed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// tenure made or gave it.
    Made,
    /// It was there, and was matched.
    Adopted,
}

/// A managed object as the record knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedObject {
    /// The remote id; of memberships and grants empty.
    pub id: Symbol,
    /// The remote ids at both ends, for memberships and grants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    pub active: bool,
    /// Whether tenure switched it off: only then may tenure switch it on again.
    #[serde(default)]
    pub deactivated_by_us: bool,
    pub origin: Origin,
    /// Managed attributes as last seen or set; secrets as HMACs.
    #[serde(default)]
    pub attributes: Attributes,
    /// When access ends by itself, as announced when it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    #[serde(default)]
    pub why: Vec<Reason>,
    /// When it came to be managed.
    pub since: Timestamp,
}

/// A source as last seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    pub rows: u64,
    pub columns: Vec<Symbol>,
    pub at: Timestamp,
}

/// An intent whose outcome is not known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenIntent {
    pub run: Symbol,
    pub intent: u32,
    pub at: Timestamp,
    pub change: Change,
    pub kind: Kind,
    pub target: Option<Target>,
    pub key: Option<(Symbol, Value)>,
    pub settle_after: Timestamp,
    /// What the writer said, where it said something.
    pub error: Option<String>,
}

/// Access that was taken, for the windows of `mass-removal`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Removal {
    pub address: Address,
    pub action: Action,
    pub at: Timestamp,
    /// It had an `until` that was announced when it was given: does not count.
    pub announced: bool,
}
