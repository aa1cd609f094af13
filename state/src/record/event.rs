//! What a line of the state file says (format 1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::approval::{ApprovalRules, Approved, UsedApproval};
use crate::{Address, Attributes, Change, Digest, Fact, Kind, Object, Reason, Symbol, Target, Timestamp};

/// The events of format 1. Read by [`super::Line::parse`], which ignores members that it does not know.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The first line of a file; `former` are the last digits of the archived file that this one continues.
    Opened {
        format: u32,
        lineage: Symbol,
        #[serde(skip_serializing_if = "Option::is_none")]
        former: Option<Digest>,
    },
    RunStarted(Box<RunStarted>),
    /// An approval is made use of; stands before the first intent.
    Approved(Box<Approved>),
    /// Recorded without a call.
    Fact {
        run: Symbol,
        fact: Box<Fact>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        why: Vec<Reason>,
    },
    /// Durable before the call that it announces. `intent` numbers are unique within a run.
    Intent {
        run: Symbol,
        intent: u32,
        /// With its pre-image and post-image; deferred values are resolved by now, secrets are HMACs.
        change: Box<Change>,
        kind: Kind,
        /// Which remote thing; none for a create.
        #[serde(skip_serializing_if = "Option::is_none")]
        target: Option<Target>,
        /// Natural key (`userName` and its value) by which a creation in doubt is looked up.
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<(Symbol, crate::Value)>,
        /// When the call's deadline and the visibility bound have passed: not to be settled before.
        settle_after: Timestamp,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        why: Vec<Reason>,
    },
    /// By what a call is known at its system: durable before the call can take effect, so that a lost answer is settled
    /// by asking for it. All orders of the call are one transaction.
    Transaction {
        run: Symbol,
        /// The intents that the call carries out.
        intents: Vec<u32>,
        transaction: Symbol,
    },
    /// What became of an intent.
    Outcome {
        run: Symbol,
        intent: u32,
        result: Result,
    },
    RunFinished {
        run: Symbol,
        /// Counts by word: done, noted, refused, stale, unknown, diverged, held, not_done.
        counts: BTreeMap<String, u64>,
        /// `done`, `failed`, `held`, `interrupted`.
        status: String,
    },
    /// A checkpoint: this line, then `CheckpointItem`s, then `CheckpointEnd` with their number.
    CheckpointBegin {},
    CheckpointItem {
        item: Box<super::CheckpointItem>,
    },
    CheckpointEnd {
        items: u64,
    },
    /// A kind of event or fact that a later version of tenure added: passed over when read, never written.
    #[serde(skip)]
    Later {
        kind: String,
    },
}

/// Who runs what on which plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStarted {
    pub run: Symbol,
    /// Operating system user, or what CI says.
    pub actor: String,
    pub host: String,
    pub version: String,
    /// Without secrets.
    pub command: Vec<String>,
    /// Commit of the configuration folder, and whether the tree was clean.
    pub commit: Option<String>,
    pub clean: Option<bool>,
    pub plan: Digest,
    /// The run that this one undoes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<Symbol>,
    /// Limits in force, by name (`mass_removal`, `mass_removal.chat`).
    #[serde(default, serialize_with = "finite")]
    pub limits: BTreeMap<String, f64>,
    /// Population of each system and group (by address) that the plan removes from: managed active accounts, members.
    #[serde(default)]
    pub populations: BTreeMap<Address, u64>,
    /// Protections, origins of systems and exclusive groups in force; none: as before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_force: Option<super::InForce>,
    /// What approvals must be like; none: as before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<ApprovalRules>,
}

/// What became of an intent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Result {
    /// Done and seen (or settled as done by looking): the managed attributes and the id as they are now.
    Done {
        object: Object,
        #[serde(default, skip_serializing_if = "is_false")]
        settled: bool,
        /// What belongs to it and was not done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// It certainly did not happen.
    NotDone {
        error: String,
        #[serde(default, skip_serializing_if = "is_false")]
        settled: bool,
    },
    /// Nobody knows: open until it is settled by looking, by a later `Outcome` of the same intent.
    Unknown {
        error: String,
        /// Under which id a system said that it made it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        made: Option<Symbol>,
        /// Refused since its key is taken: it is ours only if it is as it was to be.
        #[serde(default, skip_serializing_if = "is_false")]
        taken: bool,
    },
    /// Looked at, and it is neither as before nor as wanted; no longer open, but reported.
    Diverged { error: String, seen: Option<Object> },
}

impl Result {
    /// Done and seen.
    pub fn done(object: Object) -> Result {
        Result::Done { object, settled: false, note: None }
    }

    /// Nobody knows.
    pub fn unknown(error: impl Into<String>) -> Result {
        Result::Unknown { error: error.into(), made: None, taken: false }
    }

    /// Done, as looking at it later showed.
    pub fn settled(object: Object) -> Result {
        Result::Done { object, settled: true, note: None }
    }
}

/// JSON cannot say NaN: better no line than one that cannot be read.
fn finite<S: serde::Serializer>(limits: &BTreeMap<String, f64>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    match limits.iter().find(|(_, limit)| !limit.is_finite()) {
        Some((name, _)) => Err(serde::ser::Error::custom(format!("the limit {name} is not a finite number"))),
        None => limits.serialize(serializer),
    }
}

fn is_false(truth: &bool) -> bool {
    !truth
}

/// One thing that a checkpoint carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "item", rename_all = "snake_case")]
pub enum CheckpointItem {
    Object {
        address: Address,
        object: super::RecordedObject,
    },
    Identity {
        address: Address,
        attributes: Attributes,
    },
    Source {
        name: Symbol,
        seen: super::Seen,
    },
    Open {
        open: Box<super::OpenIntent>,
    },
    Removal {
        removal: super::Removal,
    },
    Population {
        address: Address,
        at: Timestamp,
        count: u64,
    },
    Number {
        system: Symbol,
        attribute: Symbol,
        number: i64,
        holder: Symbol,
    },
    /// What an undo gave back against the files.
    Undone {
        address: Address,
        undone: super::Undone,
    },
    /// A person or service that is suspended.
    Suspension {
        address: Address,
        suspension: super::Suspension,
    },
    Approval {
        digest: Digest,
        approval: UsedApproval,
    },
    ApprovalRules {
        rules: ApprovalRules,
    },
    Limits {
        #[serde(serialize_with = "finite")]
        limits: BTreeMap<String, f64>,
    },
    InForce {
        in_force: super::InForce,
    },
    Former {
        former: super::Former,
    },
}
