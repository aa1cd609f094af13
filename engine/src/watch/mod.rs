//! Watch: when to look, and what may be done about what is seen without anybody being asked.
//!
//! [`Watch`] is a step machine without a clock of its own. A hint (a file changed) only decides *when* the next round
//! comes: every round reads everything, so a hint that was lost, doubled or early costs time and never a change.
//! [`policy`] says which of a plan's changes the files let go by themselves.

pub mod policy;
#[cfg(test)]
mod tests;

use state::Timestamp;

/// How long things take, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From one round to the next where nothing is heard.
    pub interval: i64,
    /// So long files must rest after a change.
    pub quiet: i64,
    /// A change is not put off for longer, however restless they are.
    pub longest: i64,
    /// From the end of a round to the beginning of the next, at least.
    pub gap: i64,
}

/// Why a round begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is the first.
    Started,
    /// Files changed.
    Files,
    /// The moment of something that time alone brings.
    Due,
    /// Nothing was heard for an interval.
    Interval,
    /// The last one failed.
    Again,
}

impl Why {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Why::Started => "started",
            Why::Files => "files",
            Why::Due => "due",
            Why::Interval => "interval",
            Why::Again => "again",
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    pub failed: bool,
    /// The next moment at which time alone brings something.
    pub due: Option<Timestamp>,
}

/// When to look.
#[derive(Clone, Debug)]
pub struct Watch {
    pace: Pace,
    /// When the last round began and ended.
    last: Option<(Timestamp, Timestamp)>,
    /// Rounds that failed, one after the other.
    failures: u32,
    /// The first and the last change that was heard of since the last round began.
    changed: Option<(Timestamp, Timestamp)>,
    due: Option<Timestamp>,
    began: Option<Timestamp>,
    stopping: bool,
}

impl Watch {
    pub fn new(pace: Pace) -> Watch {
        Watch { pace, last: None, failures: 0, changed: None, due: None, began: None, stopping: false }
    }

    /// What to do at `now`. A round that it asks for has begun.
    pub fn next(&mut self, now: Timestamp) -> Step {
        if self.stopping {
            return Step::Stop;
        }
        self.set_back(now);
        let Some((began, ended)) = self.last else { return self.begin(now, Why::Started) };
        let Pace { interval, quiet, longest, gap } = self.pace;
        let files =
            self.changed.map(|(first, last)| (last.plus_millis(quiet).min(first.plus_millis(longest)), Why::Files));
        // What was due when the last round began was in its plan.
        let due = self.due.filter(|due| *due > began).map(|due| (due, Why::Due));
        let rest = match self.failures {
            0 => (ended.plus_millis(interval), Why::Interval),
            failures => {
                let wait = gap.saturating_mul(1 << failures.min(20)).min(interval);
                (ended.plus_millis(wait), Why::Again)
            }
        };
        let soonest =
            [files, due].into_iter().flatten().fold(rest, |one, other| if other.0 < one.0 { other } else { one });
        let at = soonest.0.max(ended.plus_millis(gap));
        match at <= now {
            true => self.begin(now, soonest.1),
            false => Step::Wait(at.millis() - now.millis()),
        }
    }

    fn begin(&mut self, now: Timestamp, why: Why) -> Step {
        self.changed = None;
        self.began = Some(now);
        Step::Round(why)
    }

    /// A clock that was set back must not make anything wait longer.
    fn set_back(&mut self, now: Timestamp) {
        if let Some((began, ended)) = &mut self.last {
            *ended = (*ended).min(now);
            *began = (*began).min(now);
        }
        if let Some((first, last)) = &mut self.changed {
            *first = (*first).min(now);
            *last = (*last).min(now);
        }
    }

    /// Files changed.
    pub fn changed(&mut self, now: Timestamp) {
        let first = self.changed.map_or(now, |(first, _)| first);
        self.changed = Some((first, now));
    }

    /// The round that was asked for is over.
    pub fn done(&mut self, now: Timestamp, round: Round) {
        let began = self.began.take().unwrap_or(now);
        self.last = Some((began.min(now), now));
        self.failures = if round.failed { self.failures.saturating_add(1) } else { 0 };
        // A round that failed learned nothing of what is due.
        if !round.failed {
            self.due = round.due;
        }
    }

    /// No further round begins.
    pub fn stop(&mut self) {
        self.stopping = true;
    }
}
