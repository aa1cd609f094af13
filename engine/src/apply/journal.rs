//! Events on their way to the record, in order. One write is under way at a time; what arrives meanwhile goes into the
//! next, so that many changes share one flush. Where writes are slow (a bucket far away), the next one may be put off a
//! little while calls are under way: what they are about to bring would wait for a whole write of its own otherwise.

use std::collections::VecDeque;

use state::Timestamp;
use state::record::Event;

/// Events of one write at most, so that a million facts do not stand in memory twice.
pub(super) const MOST: usize = 8192;
/// A write is put off for this part of the time that the one before took: a flush to a disk not at all.
const PART: i64 = 4;
/// And not longer than this, in milliseconds.
const LONGEST: i64 = 250;

/// Who waits for events to be durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiter {
    /// A unit, to make its call.
    Unit(u32),
    /// A call that is under way, by its token, to commit.
    Call(u32),
}

/// Events that wait, and who waits for them.
#[derive(Default)]
pub(super) struct Journal {
    waiting: VecDeque<Event>,
    /// Events ever queued, handed out for writing, and durable.
    queued: u64,
    taken: u64,
    durable: u64,
    /// Who may go on once so many events are durable; in order.
    waiters: VecDeque<(u64, Waiter)>,
    /// Whether writes may be put off at all.
    gathers: bool,
    /// When the write that is under way was handed out, and the milliseconds that the one before took.
    begun: Timestamp,
    took: i64,
    /// When it was seen that events wait.
    since: Option<Timestamp>,
    /// Until when it was said that they are put off.
    told: Option<Timestamp>,
}

/// What is to be written now.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    Write(Vec<Event>),
    /// More is about to come: at this moment at the latest. Said once.
    Later(Timestamp),
    /// A write is under way or put off, or nothing waits.
    Nothing,
}

impl Journal {
    /// From now on writes may be put off; one takes about so many milliseconds.
    pub(super) fn gather(&mut self, write: i64) {
        (self.gathers, self.took) = (true, write);
    }

    /// The milliseconds that a write takes, as far as that matters.
    pub(super) fn write_takes(&self) -> i64 {
        if self.gathers { self.took } else { 0 }
    }

    /// Queues an event.
    pub(super) fn push(&mut self, event: Event) {
        self.queued += 1;
        self.waiting.push_back(event);
    }

    /// `waiter` goes on once everything queued so far is durable.
    pub(super) fn wait(&mut self, waiter: Waiter) {
        self.waiters.push_back((self.queued, waiter));
    }

    /// The next events to write; `more`: whether calls are under way, which will bring some.
    pub(super) fn next(&mut self, now: Timestamp, more: bool) -> Next {
        if self.taken > self.durable || self.waiting.is_empty() {
            return Next::Nothing;
        }
        // A clock that was set back must not put it off for longer.
        let since = self.since.map_or(now, |since| since.min(now));
        self.since = Some(since);
        let until = since.plus_millis((self.took / PART).min(LONGEST));
        if self.gathers && more && now < until && self.waiting.len() < MOST {
            let known = self.told.replace(until) == Some(until);
            return if known { Next::Nothing } else { Next::Later(until) };
        }
        let events: Vec<Event> = self.waiting.drain(..self.waiting.len().min(MOST)).collect();
        self.taken += events.len() as u64;
        (self.begun, self.since, self.told) = (now, None, None);
        Next::Write(events)
    }

    /// What was handed out is durable: who waited for it.
    pub(super) fn written(&mut self, now: Timestamp) -> Vec<Waiter> {
        self.took = now.millis().saturating_sub(self.begun.millis());
        self.durable = self.taken;
        let ready = self.waiters.iter().take_while(|(after, _)| *after <= self.durable).count();
        self.waiters.drain(..ready).map(|(_, waiter)| waiter).collect()
    }

    /// Nothing more becomes durable: who waits in vain.
    pub(super) fn give_up(&mut self) -> Vec<Waiter> {
        self.waiters.drain(..).map(|(_, waiter)| waiter).collect()
    }

    /// What could not be written counts as written: only for whoever breaks that on purpose.
    pub(super) fn skip(&mut self) {
        self.durable = self.taken;
    }

    /// Whether there is no room for more events that nobody hurries: those before them come first, or fill a write.
    pub(super) fn is_full(&self) -> bool {
        let most = if self.gathers { MOST } else { 1 };
        self.waiting.len() >= most && !self.is_settled()
    }

    /// Whether everything is durable.
    pub(super) fn is_settled(&self) -> bool {
        self.durable == self.queued
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    /// Plays `text`: `+` an event comes, `w` a write is done, `NUMBER` that moment is come; the answers of each moment.
    fn play(text: &str, more: bool) -> String {
        let event =
            || Event::Outcome { run: "run".into(), intent: 1, result: state::record::EventResult::unknown("lost") };
        let (mut journal, mut said) = (Journal { gathers: true, ..Journal::default() }, Vec::new());
        let mut now = at(0);
        for word in text.split_whitespace() {
            match word {
                "+" => journal.push(event()),
                "w" => drop(journal.written(now)),
                moment => {
                    now = at(moment.parse().unwrap());
                    said.push(match journal.next(now, more) {
                        Next::Write(events) => format!("{moment}: write {}", events.len()),
                        Next::Later(until) => format!("{moment}: at {}", until.millis() - at(0).millis()),
                        Next::Nothing => format!("{moment}: -"),
                    });
                }
            }
        }
        said.join(", ")
    }

    #[test]
    fn what_comes_while_a_write_is_under_way_shares_the_next() {
        assert_eq!(play("+ 0 + 1 + 2 w 3", false), "0: write 1, 1: -, 2: -, 3: write 2");
    }

    #[test]
    fn after_a_slow_write_the_next_is_put_off_while_more_is_to_come() {
        let slow = "+ 0 40 w + 50 + 52 + 59 60";
        assert_eq!(play(slow, true), "0: write 1, 40: -, 50: at 60, 52: -, 59: -, 60: write 3");
        assert_eq!(play(slow, false), "0: write 1, 40: -, 50: write 1, 52: -, 59: -, 60: -");
        // A flush to a disk is not worth waiting for, and nothing is put off for long.
        assert_eq!(play("+ 0 3 w + 50", true), "0: write 1, 3: -, 50: write 1");
        assert_eq!(play("+ 0 90000 w + 90001", true), "0: write 1, 90000: -, 90001: at 90251");
        // Clocks that are set back, by a lot or while a write is under way.
        assert_eq!(
            play("+ 0 40 w + 50 -5000 -4990", true),
            "0: write 1, 40: -, 50: at 60, -5000: at -4990, -4990: write 1"
        );
        assert_eq!(play("+ 0 -5000 w + 50", true), "0: write 1, -5000: -, 50: write 1");
    }
}
