//! A rehearsal: day after day one apply in a twin of the world, until a date; what happened, and what was held.

use std::collections::{BTreeMap, BTreeSet};

use state::record::{Event, EventResult, Line, Text};
use state::{Action, Address, Code, FactKind, Reason, Severity, Timestamp};

use super::promises::{Broken, CONVERGES};
use super::{Beginning, Options, Rule, World};

const DAY: i64 = 86_400_000;
/// Applies on a day on which something went wrong.
const APPLIES: usize = 3;
/// Applies in which everything must be done once nothing goes wrong any more.
const ROUNDS: usize = 12;

/// Something that happened to somebody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Happened {
    pub day: String,
    pub action: Action,
    pub address: Address,
    pub why: Vec<String>,
}

/// What a safeguard held, from which day to which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub code: Code,
    pub addresses: Vec<Address>,
    pub message: String,
    pub first: String,
    pub last: String,
}

/// What came of a rehearsal.
#[derive(Default)]
pub struct Rehearsal {
    pub happened: Vec<Happened>,
    pub held: Vec<Held>,
    /// Names for people.
    pub names: BTreeMap<Address, String>,
    /// Why an apply did not begin, by day.
    pub refused: BTreeMap<String, String>,
    pub applies: u64,
    pub checked: BTreeMap<&'static str, u64>,
    pub broken: Vec<Broken>,
    pub struck: BTreeMap<String, u64>,
    pub story: Vec<String>,
    /// How much of the story had been told when the first promise broke.
    pub until: usize,
    /// Each strike as a fault of its own, so that they can be left out one by one.
    pub strikes: Vec<Rule>,
    /// The record, for whoever compares.
    pub record: Vec<u8>,
}

/// Rehearses until `until`.
pub fn rehearse(beginning: Beginning<'_>, until: Timestamp, zone: &str) -> Rehearsal {
    let faulty = !beginning.faults.is_empty();
    let from = beginning.record.as_ref().map_or(0, Vec::len);
    let rules = beginning.faults.to_vec();
    let mut world = World::new(beginning);
    let mut rehearsal = Rehearsal::default();
    let day_of = |at: Timestamp| {
        let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
        at.to_jiff().to_zoned(zone).strftime("%Y-%m-%d").to_string()
    };
    let start = world.now();
    let mut day = 0;
    loop {
        for n in 0..if faulty { APPLIES } else { 1 } {
            let today = day_of(world.now());
            let applied = world.apply(&Options::default());
            rehearsal.note(&applied, &today);
            if applied.is_settled() && n == 0 {
                break;
            }
            let now = world.now();
            world.pass(now.plus_millis(600_000));
        }
        day += 1;
        let next = start.plus_millis(day * DAY);
        if next > until {
            break;
        }
        if next > world.now() {
            world.pass(next);
        }
    }
    if faulty {
        world.calm();
        let mut settled = false;
        for _ in 0..ROUNDS {
            let applied = world.apply(&Options::default());
            settled = applied.is_settled();
            if settled {
                break;
            }
            let now = world.now();
            world.pass(now.plus_millis(600_000));
        }
        world
            .promises
            .holds(CONVERGES, settled, || format!("after {ROUNDS} more applies there is something left to do"));
    }
    rehearsal.happened = happened(&world.store.bytes(), from, &day_of);
    rehearsal.applies = world.runs;
    rehearsal.checked = world.promises.checked.clone();
    rehearsal.broken = world.promises.broken.clone();
    rehearsal.strikes = strikes(&world, &rules);
    for rule in &rehearsal.strikes {
        *rehearsal.struck.entry(rule.fault.name.clone()).or_default() += 1;
    }
    rehearsal.record = world.store.bytes();
    rehearsal.until = world.promises.broke.unwrap_or(world.story.len());
    rehearsal.story = world.story;
    rehearsal
}

impl Rehearsal {
    fn note(&mut self, applied: &super::Applied, today: &str) {
        if let super::End::Refused(why) = &applied.end {
            self.refused.insert(today.to_owned(), why.clone());
        }
        let Some(plan) = &applied.plan else { return };
        self.names.extend(plan.names.clone());
        for finding in plan.findings.iter().filter(|finding| finding.severity == Severity::Holds) {
            let same = |held: &&mut Held| held.code == finding.code && held.addresses == finding.addresses;
            match self.held.iter_mut().find(same) {
                Some(known) => known.last = today.to_owned(),
                None => self.held.push(Held {
                    code: finding.code,
                    addresses: finding.addresses.clone(),
                    message: finding.message.clone(),
                    first: today.to_owned(),
                    last: today.to_owned(),
                }),
            }
        }
    }
}

/// What the lines behind the first `from` bytes say that was done.
fn happened(bytes: &[u8], from: usize, day_of: &dyn Fn(Timestamp) -> String) -> Vec<Happened> {
    let Ok(text) = Text::new(bytes) else { return Vec::new() };
    let mut announced = BTreeMap::new();
    let mut all = Vec::new();
    let words = |why: Vec<Reason>| why.into_iter().map(|reason| reason.because.to_string()).collect::<Vec<_>>();
    let behind = bytes.get(..from).map_or(0, |former| former.iter().filter(|byte| **byte == b'\n').count());
    for (n, read) in text.read().enumerate() {
        let Ok((_, Line { at, event, .. })) = read else { continue };
        match event {
            Event::Intent { run, intent, change, why, .. } => {
                announced.insert((run, intent), (change.action, change.address, words(why)));
            }
            Event::Outcome { run, intent, result: EventResult::Done { .. } } if n >= behind => {
                if let Some((action, address, why)) = announced.remove(&(run, intent)) {
                    all.push(Happened { day: day_of(at), action, address, why });
                }
            }
            Event::Fact { fact, why, .. } if n >= behind && fact.kind == FactKind::Adopted => {
                all.push(Happened { day: day_of(at), action: Action::Adopt, address: fact.address, why: words(why) });
            }
            _ => {}
        }
    }
    all
}

/// Each strike of each rule as a rule of its own.
fn strikes(world: &World, rules: &[Rule]) -> Vec<Rule> {
    let mut strikes = Vec::new();
    let mut single = |rule: &Rule, system, times: &[u64]| {
        for time in times {
            let mut fault = rule.fault.clone();
            fault.at = vec![*time];
            strikes.push(Rule { fault, system });
        }
    };
    for (name, shared) in world.twins.0.iter() {
        let own = rules.iter().filter(|rule| rule.of_system(*name).is_some());
        let hits: Vec<Vec<u64>> = shared.with(|twin, _| twin.faults.hits().to_vec());
        own.zip(hits).for_each(|(rule, times)| single(rule, Some(*name), &times));
    }
    let own = rules.iter().filter(|rule| rule.of_process().is_some());
    own.zip(world.faults.hits()).for_each(|(rule, times)| single(rule, None, times));
    strikes
}

/// The promises that broke, by name.
pub fn names(broken: &[Broken]) -> BTreeSet<&'static str> {
    broken.iter().map(|broken| broken.promise).collect()
}
