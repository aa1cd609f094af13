//! What the record says is managed: the fold of its events.

use std::collections::BTreeMap;
use std::hash::BuildHasherDefault;

use serde::{Deserialize, Serialize};

use super::approval::{ApprovalRules, UsedApproval};
use super::index::Index;
use super::moves::Displaced;
use super::open::OpenIntents;
use crate::{Action, Address, Attributes, Change, Digest, Kind, Reason, Symbol, Target, Timestamp, Value};

/// A map by address whose order says nothing: sort before anything is written. Its entries stand close together in one list,
/// so that of millions no room is wasted that was ever touched.
pub type ByAddress<T> = indexmap::IndexMap<Address, T, BuildHasherDefault<rustc_hash::FxHasher>>;

/// The snapshot: everything that the fold of the events knows.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    pub lineage: Option<Symbol>,
    /// Digits and number of the last line, and its time.
    pub head: Option<Digest>,
    pub head_line: u64,
    pub last: Timestamp,
    /// What is managed. A membership or grant that was revoked is not in it; an account that was deactivated is.
    pub objects: ByAddress<RecordedObject>,
    /// Attributes of identities, of leavers too.
    pub identities: ByAddress<Attributes>,
    /// Sources of people as last seen.
    pub sources: BTreeMap<Symbol, Seen>,
    /// Intents without a final outcome: in doubt.
    pub open: OpenIntents,
    /// The run that began last, where it never came to its end: it was killed, or is under way.
    pub unfinished: Option<Symbol>,
    /// Removals of the last seven days before `last`, oldest first; also what was given and changed on systems that had
    /// been known for a day.
    pub removals: Vec<Removal>,
    /// Populations by address when runs of the last eight days started, oldest first.
    pub populations: BTreeMap<Address, Vec<(Timestamp, u64)>>,
    /// Numbers given by `next`, by system and attribute: never given to anybody else.
    pub numbers: BTreeMap<(Symbol, Symbol), BTreeMap<i64, Symbol>>,
    /// What undos gave back against the files: held until these change.
    pub undone: BTreeMap<Address, Undone>,
    /// People and services that may have no access now.
    pub suspensions: BTreeMap<Address, Suspension>,
    /// Limits in force at the last run.
    pub limits: BTreeMap<String, f64>,
    /// Protections, origins and exclusive groups in force at the last run.
    pub in_force: super::InForce,
    /// Names that accounts had, oldest first.
    pub former: Vec<super::Former>,
    /// When the first object of each system was recorded. Not in checkpoints: the objects say it.
    pub began: std::collections::HashMap<Symbol, Timestamp, BuildHasherDefault<rustc_hash::FxHasher>>,
    /// What approvals had to be like at the last run.
    pub approval_rules: ApprovalRules,
    /// Approvals of which use was made, by their digests, until they have long expired.
    pub approvals: BTreeMap<Digest, UsedApproval>,
    /// What the lines say that makes no sense, though they are as they were written: an error of whoever wrote them,
    /// to be reported and not to be stopped by.
    pub oddities: Vec<String>,
    /// A kind of event that a later version wrote, where there is one: passed over, so the fold may lack something.
    pub later: Option<String>,
    /// What stands below what; only filled once something was moved or forgotten.
    pub index: Index,
    /// Objects that wait for the line that says where they went.
    pub displaced: Vec<Displaced>,
    /// Items of a checkpoint that has begun and not ended.
    pub checkpoint: Option<u64>,
}

impl Recorded {
    /// The hold on the person or service that `address` is about, if one stands.
    pub fn suspension(&self, address: Address) -> Option<&Suspension> {
        if self.suspensions.is_empty() {
            return None;
        }
        let holder = address.holder()?;
        let hold = self.suspensions.get(&Address::Person(holder));
        hold.or_else(|| self.suspensions.get(&Address::Service(holder)))
    }

    /// Whether the red button took this: whoever was suspended when it was announced, not since.
    pub fn was_suspended(&self, open: &OpenIntent) -> bool {
        let suspension = self.suspension(open.change.address).filter(|_| open.change.action == Action::Deactivate);
        suspension.is_some_and(|suspension| suspension.since <= open.at)
    }
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
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deactivated_by_us: bool,
    pub origin: Origin,
    /// Managed attributes as last seen or set; secrets as HMACs.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    /// When access ends by itself, as announced when it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<Reason>,
    /// Where a leaver's account stands in its offboarding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<super::Stage>,
    /// When it came to be managed.
    pub since: Timestamp,
}

/// A source as last seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    pub rows: u64,
    pub columns: Vec<Symbol>,
    /// How many rows had each of the columns, in their order; empty in records older than this field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub having: Vec<u64>,
    pub at: Timestamp,
    /// How many rows it had before, and since when, oldest first: as far as that was so within the day before `at`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<(Timestamp, u64)>,
}

impl Seen {
    /// The most rows that it had at any time within `millis` before `now`.
    pub fn most_rows(&self, now: Timestamp, millis: i64) -> u64 {
        let ends = self.before.iter().skip(1).map(|(since, _)| *since).chain([self.at]);
        let lately = self.before.iter().zip(ends).filter(|(_, end)| *end > now.plus_millis(-millis));
        lately.map(|((_, rows), _)| *rows).fold(self.rows, u64::max)
    }
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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<Reason>,
    /// What the writer said, where it said something.
    pub error: Option<String>,
    /// The transaction of its call, where the system has such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<Symbol>,
    /// Under which id its system said that it made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Symbol>,
    /// Refused since its key is taken: it is ours only if it is as it was to be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken: bool,
}

/// Access that was taken, given or changed, for the windows of `mass-removal`, `mass-grant` and `mass-change`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Removal {
    pub address: Address,
    pub action: Action,
    pub at: Timestamp,
    /// It had an `until` that was announced when it was given: does not count.
    pub announced: bool,
    /// Its mass removal was approved: does not count either.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approved: bool,
}

/// What an undo gave back, and the files would take again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// The run that was undone.
    pub run: Symbol,
    /// The run that undid it, and when.
    pub by: Symbol,
    pub at: Timestamp,
    /// What the files would do again, and the attributes that they would set.
    pub again: BTreeMap<Action, Attributes>,
}

impl Undone {
    /// Whether `change` is what was undone, coming again.
    pub fn covers(&self, change: &Change) -> bool {
        let Some(files) = self.again.get(&change.action) else { return false };
        let same = |(name, wanted): &(Symbol, crate::Wanted)| match wanted {
            crate::Wanted::Known(value) => files.get(*name) == Some(value),
            crate::Wanted::Deferred { .. } | crate::Wanted::Secret { .. } => false,
        };
        change.after.is_empty() || change.after.iter().any(same)
    }
}

/// A hold on all access of one person or service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    pub reason: Symbol,
    pub by: Symbol,
    pub since: Timestamp,
    pub run: Symbol,
}
