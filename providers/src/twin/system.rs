//! What a twin holds, and what of it is seen when.

use std::collections::BTreeMap;

use state::{
    Action, Address, Attributes, Capabilities, Complete, Object, Observed, Presence, Schema, Symbol, Target, Timestamp,
    TransactionState,
};

use super::{Faults, Kind, Manners, Rng};
use crate::directory::{Changed, Contents, Heart};

/// Changes older than this are seen by every read, stale ones too: milliseconds.
const MEMORY: i64 = 86_400_000;

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum By {
    /// A call of tenure.
    Call,
    /// The same call, arriving again.
    Duplicate,
    /// Somebody else.
    Others,
}

/// Something that changed on a twin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    pub at: Timestamp,
    pub by: By,
    pub changed: Changed,
    /// What a call was about.
    pub order: Option<(Address, Action)>,
}

/// A change, and from when on it is seen.
#[derive(Clone, Debug)]
pub(super) struct Past {
    pub(super) at: Timestamp,
    pub(super) seen: Timestamp,
    pub(super) target: Target,
    pub(super) was: Option<Object>,
}

/// The twin of one system.
#[derive(Clone, Debug)]
pub struct Twin {
    pub(super) heart: Heart,
    pub manners: Manners,
    pub faults: Faults<Kind>,
    /// Newest last.
    pub(super) past: Vec<Past>,
    pub(super) transactions: BTreeMap<Symbol, TransactionState>,
    /// Nothing can be read until then; whether what is there looks as if it were not.
    pub(super) hidden: Option<(Timestamp, bool)>,
    /// When it was last listed.
    pub(super) listed: Option<Timestamp>,
    /// Whether that was whole, as far as anybody could see.
    pub(super) whole: bool,
    /// What changed since it was last asked for.
    deeds: Vec<Deed>,
    /// The account of the credential in use.
    pub(super) own: Vec<Symbol>,
}

impl Twin {
    /// A system with nothing in it. Ids of what is made there are numbers of its own.
    pub fn new(schema: Schema, capabilities: Capabilities, manners: Manners) -> Twin {
        Twin::with(schema, capabilities, manners, Contents::default())
    }

    /// A system that holds these things.
    pub fn with(schema: Schema, capabilities: Capabilities, manners: Manners, contents: Contents) -> Twin {
        let mut heart = Heart::with(schema, capabilities, contents);
        heart.number_ids();
        Twin {
            heart,
            manners,
            faults: Faults::default(),
            past: Vec::new(),
            transactions: BTreeMap::new(),
            hidden: None,
            listed: None,
            whole: true,
            deeds: Vec::new(),
            own: Vec::new(),
        }
    }

    /// A system that holds what was observed on another one.
    pub fn of(schema: Schema, capabilities: Capabilities, manners: Manners, observed: &Observed) -> Twin {
        let bare = |objects: &[Object]| objects.iter().map(|o| Object { version: None, ..o.clone() }).collect();
        let contents = Contents {
            accounts: bare(&observed.accounts),
            groups: bare(&observed.groups),
            memberships: observed.memberships.clone(),
            // What is told beside a grant that was asked for, in parts of it, is not another grant.
            grants: observed.grants.iter().filter(|grant| grant.within.is_empty()).cloned().collect(),
            owned: crate::directory::possessions(&observed.owned),
        };
        Twin { own: observed.own.clone(), ..Twin::with(schema, capabilities, manners, contents) }
    }

    /// With faults, by this randomness.
    pub fn faulty(mut self, faults: Vec<super::Fault<Kind>>, rng: Rng) -> Twin {
        self.faults = Faults::new(faults, rng);
        self
    }

    pub fn schema(&self) -> &Schema {
        self.heart.schema()
    }

    pub fn capabilities(&self) -> &Capabilities {
        self.heart.capabilities()
    }

    /// The thing that is at `target`, seen or not.
    pub fn get(&self, target: Target) -> Option<&Object> {
        self.heart.get(target)
    }

    /// Everything that is there, seen or not.
    pub fn contents(&self) -> Contents {
        self.heart.contents()
    }

    /// Everything that is there, as an inventory.
    pub fn truth(&self, now: Timestamp) -> Observed {
        let proof = Complete::proved(format!("{} things held in memory", self.heart.len()), now);
        self.heart.contents().observed(proof).with_own(self.own.clone())
    }

    /// What changed since this was last called.
    pub fn take_deeds(&mut self) -> Vec<Deed> {
        std::mem::take(&mut self.deeds)
    }

    /// What became of a transaction.
    pub fn transaction(&self, transaction: Symbol) -> TransactionState {
        self.transactions.get(&transaction).copied().unwrap_or(TransactionState::Unknown)
    }

    /// A transaction is open.
    pub fn begin(&mut self, transaction: Symbol) {
        self.transactions.insert(transaction, TransactionState::InProgress);
    }

    /// A transaction comes to nothing.
    pub fn abort(&mut self, transaction: Symbol) {
        self.transactions.insert(transaction, TransactionState::Aborted);
    }

    /// Everything is seen, and no fault strikes any more.
    pub fn calm(&mut self) {
        self.faults.stop();
        self.past.clear();
        self.hidden = None;
    }

    /// Writes down what changed.
    pub(super) fn note(
        &mut self,
        now: Timestamp,
        by: By,
        order: Option<(Address, Action)>,
        changed: Changed,
        seen: Timestamp,
    ) {
        self.past.retain(|past| past.at > now.plus_millis(-MEMORY) || past.seen > now);
        let Changed { target, was, .. } = &changed;
        self.past.push(Past { at: now, seen, target: *target, was: was.clone() });
        self.deeds.push(Deed { at: now, by, changed, order });
    }

    /// What is seen at `target` by a read that shows nothing younger than `as_of`.
    pub(super) fn seen(&self, target: Target, now: Timestamp, as_of: Timestamp) -> Option<Object> {
        let unseen = |past: &&Past| past.target == target && (past.seen > now || past.at > as_of);
        match self.past.iter().find(unseen) {
            Some(past) => past.was.clone(),
            None => self.heart.get(target).cloned(),
        }
    }

    /// The things that are seen otherwise than they are.
    pub(super) fn unseen(&self, now: Timestamp, as_of: Timestamp) -> BTreeMap<Target, Option<Object>> {
        let mut unseen = BTreeMap::new();
        for past in self.past.iter().filter(|past| past.seen > now || past.at > as_of) {
            unseen.entry(past.target).or_insert_with(|| past.was.clone());
        }
        unseen
    }

    /// As a direct read answers.
    pub(super) fn presence(&self, target: Target, object: Option<Object>) -> Presence {
        match object {
            Some(object) => Presence::Here(self.heart.versioned(target, object)),
            None => Presence::Gone,
        }
    }
}

/// Attributes with one changed; an empty value takes it away.
pub(super) fn with(attributes: &Attributes, name: Symbol, value: state::Value) -> Attributes {
    attributes.overlaid(&[(name, value)].into_iter().collect())
}
