//! A plan is data: shown, saved, hashed and applied unchanged.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{
    Action, Address, Attributes, Change, Digest, Finding, Object, Reason, ReasonId, Symbol, Timestamp, Value, Wanted,
};

/// What is to be recorded without a call to any system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub kind: FactKind,
    /// What it is about.
    pub address: Address,
    /// The object as it was observed, for facts about one; of an identity its attributes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Box<Object>>,
    /// The former address, for `Moved`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<Address>,
    /// When access that was there already ends by itself, as the files announce it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Why; numbers into [`Plan::reasons`].
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub reasons: Box<[ReasonId]>,
}

/// The attribute of an [`FactKind::Undone`] that names the run; beside it stand the actions, by their words.
const RUN: &str = "run";
/// The attribute that says so of a source.
const ACCEPTED: &str = "accepted";

impl Fact {
    /// A fact without object, former address, end or reasons.
    pub fn new(kind: FactKind, address: Address) -> Fact {
        Fact { kind, address, object: None, former: None, until: None, reasons: Box::default() }
    }

    /// With the object as it was observed.
    pub fn object(mut self, object: Object) -> Fact {
        self.object = Some(Box::new(object));
        self
    }

    /// The attributes of a person or service.
    pub fn identity(address: Address, attributes: Attributes) -> Fact {
        Fact::new(FactKind::Identity, address).object(Object::new("", attributes))
    }

    /// What a source of people had. A source has no address of its own, so the object says it all: the name is its id,
    /// and it has the attributes `rows`, `columns` and `having`.
    pub fn source(read: &SourceRead) -> Fact {
        let count = |count: u64| Value::Integer(i64::try_from(count).unwrap_or(i64::MAX));
        let columns = Value::list(read.columns.iter().map(|column| Value::Text(*column)));
        let having = Value::list(read.having.iter().map(|rows| count(*rows)));
        let attributes = [("rows", count(read.rows)), ("columns", columns), ("having", having)];
        let attributes = attributes.into_iter().map(|(name, value)| (Symbol::new(name), value)).collect();
        Fact::new(FactKind::Source, Address::Person(read.name)).object(Object::new(read.name, attributes))
    }

    /// What an undo of `run` gives back at `address`, and the changes that the files would make of it again.
    pub fn undone<'a>(
        address: Address,
        run: Symbol,
        again: impl Iterator<Item = (Action, &'a [(Symbol, Wanted)])>,
    ) -> Fact {
        let known = |(name, wanted): &(Symbol, Wanted)| match wanted {
            Wanted::Known(value) => Some((*name, value.clone())),
            Wanted::Deferred { .. } | Wanted::Secret { .. } => None,
        };
        let again =
            again.map(|(action, after)| (Symbol::new(action.word()), Value::map(after.iter().filter_map(known))));
        // The id stays empty: it is that of an object, and this is about none.
        let run = [(Symbol::new(RUN), Value::Text(run))];
        Fact::new(FactKind::Undone, address).object(Object::new("", again.chain(run).collect()))
    }

    /// The run that was undone, and what the files would do again: for a fact that [`Fact::undone`] made.
    pub fn as_undone(&self) -> Option<(Symbol, BTreeMap<Action, Attributes>)> {
        let object = self.object.as_deref().filter(|_| self.kind == FactKind::Undone)?;
        let run = object.attributes.get(Symbol::new(RUN))?.as_text()?;
        let again = object.attributes.iter().filter(|(word, _)| word.as_str() != RUN).map(|(word, files)| {
            let action = serde_json::from_value(serde_json::Value::from(word.as_str())).ok()?;
            Some((action, files.as_map()?.iter().cloned().collect()))
        });
        Some((run, again.collect::<Option<_>>()?))
    }

    /// `address` is suspended, or (`lifted`) is not any more: why, and by whom.
    pub fn suspension(address: Address, lifted: bool, reason: &str, by: &str) -> Fact {
        let pairs = [(Symbol::new("reason"), Value::text(reason)), (Symbol::new("by"), Value::text(by))];
        let kind = if lifted { FactKind::Lifted } else { FactKind::Suspended };
        Fact::new(kind, address).object(Object::new("", pairs.into_iter().collect()))
    }

    /// Why, and by whom: for a fact that [`Fact::suspension`] made.
    pub fn as_suspension(&self) -> Option<(Symbol, Symbol)> {
        let kinds = [FactKind::Suspended, FactKind::Lifted];
        let object = self.object.as_deref().filter(|_| kinds.contains(&self.kind))?;
        let text = |name: &str| object.attributes.get(Symbol::new(name))?.as_text();
        Some((text("reason")?, text("by")?))
    }

    /// The same of a source that lost much, where that was approved: what it had before does not count any more.
    pub fn accepted_source(read: &SourceRead) -> Fact {
        let mut fact = Fact::source(read);
        if let Some(object) = fact.object.as_deref_mut() {
            let accepted = [(Symbol::new(ACCEPTED), Value::Bool(true))].into_iter().collect();
            object.attributes = object.attributes.overlaid(&accepted);
        }
        fact
    }

    /// Whether [`Fact::accepted_source`] made it.
    pub fn is_accepted(&self) -> bool {
        let object = self.object.as_deref().filter(|_| self.kind == FactKind::Source);
        object.is_some_and(|object| object.attributes.get(Symbol::new(ACCEPTED)).is_some())
    }

    /// What the source had, for a fact that [`Fact::source`] made. Old records do not tell `having`.
    pub fn as_source(&self) -> Option<SourceRead> {
        let object = self.object.as_deref().filter(|_| self.kind == FactKind::Source)?;
        let count = |value: &Value| match value {
            Value::Integer(count) => u64::try_from(*count).ok(),
            _ => None,
        };
        let columns = object.attributes.get(Symbol::new("columns"))?.as_list()?;
        let having = object.attributes.get(Symbol::new("having")).and_then(Value::as_list).unwrap_or_default();
        Some(SourceRead {
            name: object.id,
            rows: object.attributes.get(Symbol::new("rows")).and_then(count)?,
            columns: columns.iter().filter_map(Value::as_text).collect(),
            having: having.iter().filter_map(count).collect(),
        })
    }
}

/// What a source of people had when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRead {
    pub name: Symbol,
    pub rows: u64,
    pub columns: Vec<Symbol>,
    /// How many rows have each of the columns, in their order; empty where that is not known.
    pub having: Vec<u64>,
}

/// Kinds of fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// An existing object was matched and is managed from now on; shown as `=`, and nothing else changes about it in
    /// the same run.
    Adopted,
    /// The same object under a new address (`previously`).
    Moved,
    /// No longer managed (`forget`), or gone and taken off the record.
    Forgotten,
    /// Found different from the record: what others did.
    Drifted,
    /// Why access stands, or that this changed; also access of the files that was there already.
    Explained,
    /// What was in doubt is settled.
    Settled,
    /// An offboarding stage ended.
    Stage,
    /// The attributes of an identity, so that a leaver's `self` is known after the files forgot it.
    Identity,
    /// The rows and columns that a source of people had.
    Source,
    /// What an undo gives back against the files, and what these would do about it: held until they change.
    Undone,
    /// The files agree with what was given back, or want something else by now: nothing is held there any more.
    Released,
    /// A person or service may have no access until this is lifted; with why and by whom.
    Suspended,
    /// A suspension is over.
    Lifted,
}

/// Changes that are called together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    pub system: Symbol,
    /// Numbers into [`Plan::changes`].
    pub changes: Range<u32>,
    /// The remote object that all of them touch, where they share one; one batch per remote object is in flight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Address>,
    /// Batches (numbers into [`Plan::batches`], all smaller than this one's) that must be done before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<u32>,
}

/// How the reading of a system went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemRead {
    /// Whole, with the reader's proof.
    Complete { proof: String },
    /// Nothing can be said about it, and why.
    Incomplete { error: String },
    /// From the record (`--recorded`).
    Recorded,
}

/// A system in a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemSummary {
    pub provider: Symbol,
    pub read: SystemRead,
    /// Accounts and groups that were observed.
    pub accounts: u32,
    pub groups: u32,
    /// Accounts that no file explains.
    pub unmanaged: u32,
    /// Identities that `account.when` leaves out, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<Address>,
    /// What else is to be said, such as `cannot nest groups: members of group.chat.all were expanded`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What deactivating an account does not stop there ([`crate::Capabilities::outlasts`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outlasts: Option<Symbol>,
}

/// What a plan undoes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undoes {
    pub run: Symbol,
    /// Only what these cover; empty: all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Address>,
    /// What does not come back, or is left alone, and why; sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Left>,
}

/// Something of an undone run that its undo leaves as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Left {
    pub kind: LeftKind,
    pub address: Address,
    pub why: String,
}

/// Why something is left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftKind {
    /// It cannot come back: a secret, a number, what was deleted for good.
    Lost,
    /// Others, or a later run, changed it since.
    Changed,
    /// Files or the record forbid it: its time is over, a suspension stands.
    Barred,
    /// It could not be looked at.
    Unread,
    /// It is as it was before already.
    AsBefore,
}

/// The commit that a configuration folder is checked out at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// The name that git gives it, in hex.
    pub id: String,
    /// Whether nothing in the folder differs from it.
    pub clean: bool,
}

/// What would be done, and everything that it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Over everything below but `findings`, `systems`, `made` and `commit`: see [`Plan::seal`].
    pub digest: Digest,
    /// When it was made: `now` as it was read, once.
    pub made: Timestamp,
    /// The commit of the configuration; none outside a repository. Not part of the digest: a merge gives the same files
    /// under another commit, and what the files say is in `inputs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
    /// Digests of what went in: configuration files and sources by path, variables and environment by name.
    pub inputs: BTreeMap<String, Digest>,
    /// The record that it was made against: lineage id and the last line's digits and number.
    pub lineage: Symbol,
    pub head: Digest,
    pub head_line: u64,
    /// The run that this plan undoes, where it was made for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<Undoes>,
    pub systems: BTreeMap<Symbol, SystemSummary>,
    /// Names for people: `person.ada` to `Ada Lovelace <ada@acme.example>`; only of those who appear in the plan.
    pub names: BTreeMap<Address, String>,
    pub reasons: Vec<Reason>,
    pub facts: Vec<Fact>,
    /// In the order of the batches.
    pub changes: Vec<Change>,
    /// Which cover all changes, each once, in an order that honours `after`.
    pub batches: Vec<Batch>,
    /// What the safeguards say.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// Whether there is nothing to change and nothing to record.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.facts.is_empty()
    }

    /// Sets the digest.
    pub fn seal(&mut self) {
        self.digest = self.sealed();
    }

    /// Computes the digest: the same decisions from the same inputs give the same digest, whenever and by whatever
    /// version of tenure they were made.
    pub fn sealed(&self) -> Digest {
        #[derive(Serialize)]
        struct Sealed<'a> {
            inputs: &'a BTreeMap<String, Digest>,
            lineage: Symbol,
            #[serde(skip_serializing_if = "Option::is_none")]
            undoes: Option<&'a Undoes>,
            reasons: &'a [Reason],
            facts: &'a [Fact],
            changes: &'a [Change],
            batches: &'a [Batch],
        }
        let sealed = Sealed {
            inputs: &self.inputs,
            lineage: self.lineage,
            undoes: self.undoes.as_ref(),
            reasons: &self.reasons,
            facts: &self.facts,
            changes: &self.changes,
            batches: &self.batches,
        };
        Digest::of_json(&sealed)
    }

    /// Numbers of the changes that are not applied, sorted: a finding holds them, or their system is only observed.
    pub fn held(&self) -> Vec<u32> {
        self.covered(&[crate::Severity::Holds, crate::Severity::Observes])
    }

    /// Numbers of the changes on systems that are only observed, sorted.
    pub fn observed(&self) -> Vec<u32> {
        self.covered(&[crate::Severity::Observes])
    }

    fn covered(&self, severities: &[crate::Severity]) -> Vec<u32> {
        let held: rustc_hash::FxHashSet<Address> = self
            .findings
            .iter()
            .filter(|finding| severities.contains(&finding.severity))
            .flat_map(|finding| finding.addresses.iter().copied())
            .collect();
        (0u32..).zip(&self.changes).filter(|(_, change)| held.contains(&change.address)).map(|(n, _)| n).collect()
    }
}
