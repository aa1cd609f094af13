//! A simulated world: time, files, systems, the record, and calls that are on their way.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use engine::apply::Answer;
use engine::configuration::{Given, Loaded};
use providers::twin::{Faults, Rng};
use state::record::{Chain, Event, Recorded, Text};
use state::{Order, Symbol, Timestamp};

use super::fault::{Fault, Process, Rule};
use super::promises::Promises;
use super::store::MemoryStore;
use super::tree::Tree;
use super::twins::{Likeness, Twins};
use crate::Error;
use crate::edge::{Clock, ManualClock, SecretKey};
use crate::session::Session;

/// What a world begins with.
pub struct Beginning<'a> {
    pub now: Timestamp,
    pub tree: Tree,
    pub given: Vec<Given>,
    /// By system.
    pub systems: &'a BTreeMap<Symbol, Likeness>,
    /// The bytes of the record; none: it begins here.
    pub record: Option<Vec<u8>>,
    pub faults: &'a [Rule],
    pub seed: u64,
    /// Under which secrets leave their HMACs.
    pub key: Option<SecretKey>,
}

/// A call that left its process and has not arrived.
pub(super) struct Transit {
    pub(super) arrives: Timestamp,
    pub(super) number: u64,
    pub(super) system: Symbol,
    pub(super) orders: Vec<Order>,
    pub(super) transaction: Option<Symbol>,
    /// The process that waits for its answer, by number, and what it calls it.
    pub(super) process: u64,
    pub(super) token: engine::apply::Token,
}

/// A world.
pub struct World {
    pub clock: Arc<ManualClock>,
    pub tree: Tree,
    pub given: Vec<Given>,
    pub twins: Twins,
    pub store: MemoryStore,
    pub faults: Faults<Process>,
    pub promises: Promises,
    /// What happened, in words.
    pub story: Vec<String>,
    pub runs: u64,
    pub(super) rng: Rng,
    key: Option<SecretKey>,
    pub(super) transit: Vec<Transit>,
    /// Answers on their way back, with the process that they are for.
    pub(super) answers: BTreeMap<(Timestamp, u64), (u64, Symbol, Answer)>,
    /// Transactions that were announced, with their process and system.
    pub(super) open: Vec<(u64, Symbol, Symbol)>,
    pub(super) counter: u64,
    /// The process that began last.
    pub(super) counter_of_latest: u64,
    /// Whether a second process applies beside one that lost its lock.
    pub(super) in_rival: bool,
    /// By how many milliseconds the clock of whoever applies is wrong.
    pub(super) skew: i64,
}

impl World {
    /// A world.
    pub fn new(beginning: Beginning<'_>) -> World {
        let Beginning { now, tree, given, systems, record, faults, seed, key } = beginning;
        let rng = Rng::new(seed);
        let clock = Arc::new(ManualClock::new(now));
        let twins = systems.iter().map(|(name, likeness)| {
            let own = faults.iter().filter_map(|rule| rule.of_system(*name)).collect();
            let twin = likeness.twin().faulty(own, rng.fork(name.as_str()));
            let clock = Arc::clone(&clock);
            (*name, providers::twin::Shared::new(twin, Arc::new(move || clock.now())))
        });
        let twins = Twins(Arc::new(twins.collect()));
        let own: Vec<Fault> = faults.iter().filter_map(Rule::of_process).collect();
        let record = record.unwrap_or_else(|| opened(now));
        World {
            clock,
            tree,
            given,
            twins,
            store: MemoryStore::new(record),
            faults: Faults::new(own, rng.fork("process")),
            promises: Promises::default(),
            story: Vec::new(),
            runs: 0,
            rng: rng.fork("world"),
            key,
            transit: Vec::new(),
            answers: BTreeMap::new(),
            open: Vec::new(),
            counter: 0,
            counter_of_latest: 0,
            in_rival: false,
            skew: 0,
        }
    }

    /// The world's time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What the clock of whoever applies says.
    pub fn told_now(&self) -> Timestamp {
        self.now().plus_millis(self.skew)
    }

    /// Writes down what happened.
    pub fn tell(&mut self, what: impl Into<String>) {
        let now = self.now();
        self.story.push(format!("{now}  {}", what.into()));
        if !self.promises.broken.is_empty() && self.promises.broke.is_none() {
            self.promises.broke = Some(self.story.len() - 1);
        }
    }

    /// The configuration as it is at `now`.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub fn session(&self, now: Timestamp) -> Result<Session, Error> {
        let loaded = Loaded::load(self.tree.files(), Arc::new(self.tree.clone()), &self.given, now)?;
        Session::of(loaded, PathBuf::from("."), now, self.key.clone())
    }

    /// The fold of the record's lines.
    pub fn recorded(&self) -> Recorded {
        let bytes = self.store.bytes();
        Text::new(&bytes).and_then(|text| text.replay()).unwrap_or_default()
    }

    /// Time passes: calls that are on their way arrive, and others do what they do.
    pub fn pass(&mut self, until: Timestamp) {
        while let Some(place) = self.next_arrival().filter(|place| self.transit[*place].arrives <= until) {
            let call = self.transit.remove(place);
            self.clock.set(call.arrives.max(self.now()));
            self.arrive(call);
        }
        if until > self.now() {
            self.clock.set(until);
        }
    }

    /// No fault strikes any more, and what is on its way arrives.
    pub fn calm(&mut self) {
        let last = self.transit.iter().map(|call| call.arrives).max().unwrap_or(self.now());
        self.pass(last.max(self.now()));
        self.faults.stop();
        self.skew = 0;
        for shared in self.twins.0.values() {
            shared.with(|twin, _| twin.calm());
        }
        self.tell("from here on nothing goes wrong any more");
    }

    /// Others changed something by hand: it is written down.
    pub fn others_did(&mut self) {
        for system in self.twins.0.keys().copied().collect::<Vec<_>>() {
            self.promises_others(system);
        }
    }

    /// Somebody writes a fact into the record, as `tenure suspend` does.
    pub fn record_fact(&mut self, fact: state::Fact) {
        let bytes = self.store.bytes();
        let Ok(text) = Text::new(&bytes) else { return };
        let (mut chain, mut more) = (text.chain(), Vec::new());
        chain.last = self.recorded().last;
        let event = Event::Fact { run: Symbol::new("by-hand"), fact: Box::new(fact), why: Vec::new() };
        let kept = usize::try_from(text.kept(&bytes)).unwrap_or(bytes.len());
        if chain.append(self.now(), &event, &mut more).is_ok() {
            self.store.put([bytes.get(..kept).unwrap_or_default(), &more].concat());
        }
    }

    pub(super) fn next_arrival(&self) -> Option<usize> {
        let order = |place: &usize| self.transit.get(*place).map(|call| (call.arrives, call.number));
        (0..self.transit.len()).min_by_key(order)
    }

    pub(super) fn number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }
}

/// The first line of a record.
fn opened(now: Timestamp) -> Vec<u8> {
    let (mut chain, mut bytes) = (Chain::default(), Vec::new());
    let opened = Event::Opened { format: state::record::FORMAT, lineage: Symbol::new("simulated"), former: None };
    // A line without anything unusual in it can be written.
    let _ = chain.append(now, &opened, &mut bytes);
    bytes
}
