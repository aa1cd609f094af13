//! Watch: when to look, and what may be done about what is seen without anybody being asked.
//!
//! [`Watch`] is a step machine without a clock of its own. A hint (a file changed, a system said that something did) only
//! decides *when* the next round comes: every round reads everything, so a hint that was lost, doubled or early costs time
//! and never a change. [`policy`] says which of a plan's changes the files let go by themselves.

pub mod policy;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use state::{Address, Digest, Symbol, Timestamp};

/// How long things take, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From one round to the next where nothing is heard.
    pub interval: i64,
    /// What is waited for after a change of files.
    pub files: Rest,
    /// What is waited for after a change in a system.
    pub systems: Rest,
    /// From the end of a round to the beginning of the next, at least.
    pub gap: i64,
    /// The longest that the gap grows to before a round that systems ask for again and again.
    pub longest_gap: i64,
    /// Half of the wait after a round that failed; each further failure doubles it, up to the interval.
    pub retry: i64,
}

/// How long changes are waited for to be over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    /// So long nothing further must be heard.
    pub quiet: i64,
    /// A change is not put off for longer, however many follow it.
    pub longest: i64,
}

/// Where something was heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Files of the configuration, or files that it reads.
    Files,
    System(Symbol),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Files => f.write_str("files"),
            Source::System(system) => write!(f, "system.{system}"),
        }
    }
}

/// Why a round begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is the first.
    Started,
    /// Something changed there.
    Heard(Source),
    /// The moment of something that time alone brings.
    Due,
    /// Nothing was heard for an interval.
    Interval,
    /// The last one failed.
    Again,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Started => f.write_str("started"),
            Why::Heard(source) => source.fmt(f),
            Why::Due => f.write_str("due"),
            Why::Interval => f.write_str("interval"),
            Why::Again => f.write_str("again"),
        }
    }
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Wait so many milliseconds, or until something is heard.
    Wait(i64),
    /// Read everything, and do what may be done; then say how it went ([`Watch::done`]).
    Round(Why),
    /// End.
    Stop,
}

/// How a round went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    pub failed: bool,
    /// The next moment at which time alone brings something.
    pub due: Option<Timestamp>,
    /// The digest of the plan that it made: the same digest, the same to be done. None where it came to no plan.
    pub seen: Option<Digest>,
    /// What it changed.
    pub applied: Vec<Address>,
}

/// When to look.
#[derive(Clone, Debug)]
pub struct Watch {
    pace: Pace,
    /// When the last round began and ended.
    last: Option<(Timestamp, Timestamp)>,
    /// Rounds that failed, one after the other.
    failures: u32,
    /// The first and the last that was heard of each since the last round began.
    heard: BTreeMap<Source, (Timestamp, Timestamp)>,
    /// What the last round saw.
    seen: Option<Digest>,
    /// Rounds that systems asked for, one after the other, that saw nothing new.
    vain: u32,
    /// What was changed within the last interval, and when.
    applied: BTreeMap<Address, Timestamp>,
    /// Rounds that changed again what was changed within the last interval, and when the last of them was.
    fights: (u32, Timestamp),
    due: Option<Timestamp>,
    began: Option<(Timestamp, Why)>,
    stopping: bool,
}

impl Watch {
    pub fn new(pace: Pace) -> Watch {
        Watch {
            pace,
            last: None,
            failures: 0,
            heard: BTreeMap::new(),
            seen: None,
            vain: 0,
            applied: BTreeMap::new(),
            fights: (0, Timestamp::default()),
            due: None,
            began: None,
            stopping: false,
        }
    }

    /// What to do at `now`. A round that it asks for has begun.
    pub fn next(&mut self, now: Timestamp) -> Step {
        if self.stopping {
            return Step::Stop;
        }
        self.set_back(now);
        let Some((began, ended)) = self.last else { return self.begin(now, Why::Started) };
        let Pace { interval, gap, retry, .. } = self.pace;
        // What was due when the last round began was in its plan.
        let due = self.due.filter(|due| *due > began).map(|due| (due.max(ended.plus_millis(gap)), Why::Due));
        let rest = match self.failures {
            0 => (ended.plus_millis(interval), Why::Interval),
            failures => {
                let wait = retry.saturating_mul(1 << failures.min(20)).min(interval);
                (ended.plus_millis(wait), Why::Again)
            }
        };
        let asked = self.heard.keys().map(|source| (self.ready(*source, began, ended), Why::Heard(*source)));
        let soonest = asked.chain(due).fold(rest, |one, other| if other.0 < one.0 { other } else { one });
        match soonest.0 <= now {
            true => self.begin(now, soonest.1),
            false => Step::Wait(soonest.0.millis() - now.millis()),
        }
    }

    /// When a round may begin for what was heard there.
    fn ready(&self, source: Source, began: Timestamp, ended: Timestamp) -> Timestamp {
        let over = |source: &Source, rest: Rest| {
            let (first, last) = self.heard.get(source)?;
            Some(last.plus_millis(rest.quiet).min(first.plus_millis(rest.longest)))
        };
        let files = over(&Source::Files, self.pace.files);
        let (over, gap) = match source {
            Source::Files => (files, self.pace.gap),
            // Files that are being written are waited for.
            Source::System(_) => (over(&source, self.pace.systems).max(files), self.gap(began, ended)),
        };
        over.unwrap_or(ended).max(ended.plus_millis(gap))
    }

    /// The gap before a round that systems ask for: what is read takes at most half of the time, and ever less where it
    /// is in vain.
    fn gap(&self, began: Timestamp, ended: Timestamp) -> i64 {
        let Pace { gap, longest_gap, interval, .. } = self.pace;
        let doublings = self.vain.saturating_add(self.fights.0).min(20);
        let grown = gap.saturating_mul(1 << doublings).min(longest_gap.max(gap));
        grown.max(ended.millis() - began.millis()).min(interval)
    }

    fn begin(&mut self, now: Timestamp, why: Why) -> Step {
        self.heard.clear();
        self.began = Some((now, why));
        Step::Round(why)
    }

    /// A clock that was set back must not make anything wait longer.
    fn set_back(&mut self, now: Timestamp) {
        if let Some((began, ended)) = &mut self.last {
            *ended = (*ended).min(now);
            *began = (*began).min(now);
        }
        for (first, last) in self.heard.values_mut() {
            *first = (*first).min(now);
            *last = (*last).min(now);
        }
    }

    /// Something changed there.
    pub fn heard(&mut self, source: Source, now: Timestamp) {
        self.heard.entry(source).or_insert((now, now)).1 = now;
    }

    /// The round that was asked for is over.
    pub fn done(&mut self, now: Timestamp, round: Round) {
        let (began, why) = self.began.take().unwrap_or((now, Why::Again));
        self.last = Some((began.min(now), now));
        self.failures = if round.failed { self.failures.saturating_add(1) } else { 0 };
        let heard = matches!(why, Why::Heard(Source::System(_)));
        self.vain = if heard && self.seen == round.seen { self.vain.saturating_add(1) } else { 0 };
        self.seen = round.seen;
        self.fought(now, &round.applied);
        // A round that failed learned nothing of what is due.
        if !round.failed {
            self.due = round.due;
        }
    }

    /// Where tenure and another program undo each other's work, every round sees something new.
    fn fought(&mut self, now: Timestamp, addresses: &[Address]) {
        let lately = now.plus_millis(-self.pace.interval)..=now;
        self.applied.retain(|_, moment| lately.contains(moment));
        let (fights, last) = self.fights;
        let fights = if lately.contains(&last) { fights } else { 0 };
        self.fights = match addresses.iter().any(|address| self.applied.contains_key(address)) {
            true => (fights.saturating_add(1), now),
            false => (fights, last),
        };
        self.applied.extend(addresses.iter().map(|address| (*address, now)));
    }

    /// No further round begins.
    pub fn stop(&mut self) {
        self.stopping = true;
    }
}
