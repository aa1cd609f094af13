//! Systems while a plan is applied: how many calls are in flight, what waits for one, whether the breaker is open.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use state::{Capabilities, Schema, Symbol, Timestamp};

use crate::mutations::on;

/// What applying needs to know about a system.
#[derive(Clone, Debug, Default)]
pub struct Connected {
    pub schema: Schema,
    pub capabilities: Capabilities,
    /// Failed changes after which the rest of the system is left alone; 0 stands for the default of 5.
    pub max_failures: u32,
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// The re-read before the changes of a unit.
    Read(u32),
    /// The prepared call of a unit.
    Call(u32),
    /// The read-back after the calls of a unit.
    Look(u32),
}

/// One system.
pub(super) struct System {
    pub(super) name: Symbol,
    /// None: there is no writer.
    pub(super) connected: Option<Connected>,
    /// Units that may begin, smallest first: the order of the plan.
    pub(super) ready: BinaryHeap<Reverse<u32>>,
    /// Units between their re-read and the end of their last call, timers apart.
    pub(super) busy: usize,
    /// Calls that wait for a free place: changes first, so that what was re-read is not left to grow old.
    calls: VecDeque<Job>,
    reads: VecDeque<Job>,
    pub(super) in_flight: usize,
    pub(super) failures: u32,
    pub(super) tripped: bool,
    /// The system asked to be left alone until then.
    pub(super) throttled: Option<Timestamp>,
    /// Calls that were answered, and the milliseconds that they took together.
    answered: (i64, i64),
}

/// How long a call takes, in milliseconds, as long as none was answered.
const CALL: i64 = 10;
/// More units than these times the calls that may be in flight do not wait for one write: what a kill leaves in doubt is
/// looked at one by one.
const AHEAD: i64 = 16;

impl System {
    pub(super) fn new(name: Symbol, connected: Option<Connected>) -> System {
        System {
            name,
            connected,
            ready: BinaryHeap::new(),
            busy: 0,
            calls: VecDeque::new(),
            reads: VecDeque::new(),
            in_flight: 0,
            failures: 0,
            tripped: false,
            throttled: None,
            answered: (0, 0),
        }
    }

    pub(super) fn concurrency(&self) -> usize {
        self.connected.as_ref().map_or(1, |connected| connected.capabilities.concurrency.max(1))
    }

    pub(super) fn batch(&self) -> usize {
        self.connected.as_ref().map_or(1, |connected| connected.capabilities.batch.max(1))
    }

    /// Milliseconds until a change is seen.
    pub(super) fn visibility(&self) -> i64 {
        self.connected
            .as_ref()
            .map_or(0, |connected| i64::try_from(connected.capabilities.visibility).unwrap_or(i64::MAX))
    }

    /// Whether a call may still take effect after this process.
    pub(super) fn outlives_process(&self) -> bool {
        self.connected.as_ref().is_none_or(|connected| connected.capabilities.outlives > 0)
    }

    /// Milliseconds after which a call is lost.
    pub(super) fn deadline(&self) -> i64 {
        self.connected
            .as_ref()
            .map_or(0, |connected| i64::try_from(connected.capabilities.deadline).unwrap_or(i64::MAX))
    }

    /// Whether another unit may begin, where a write to the record takes `write` milliseconds: twice as many as calls may
    /// be in flight, so that the places stay filled while intents are flushed; and where calls are faster than writes, as
    /// many as can be called in the time that one write takes.
    pub(super) fn has_room(&self, write: i64) -> bool {
        let call = match self.answered {
            (0, _) => CALL,
            (calls, millis) => millis / calls,
        };
        let ahead = usize::try_from((write / call.max(1)).clamp(1, AHEAD)).unwrap_or(1);
        self.busy < self.concurrency().saturating_mul(1 + ahead)
    }

    /// A call was answered after so many milliseconds.
    pub(super) fn was_answered(&mut self, millis: i64) {
        // A clock that was set says nothing.
        if millis >= 0 {
            self.answered = (self.answered.0 + 1, self.answered.1.saturating_add(millis));
        }
    }

    /// A unit failed; `true` when this opened the breaker.
    pub(super) fn fail(&mut self) -> bool {
        self.failures += 1;
        let most = self.connected.as_ref().map_or(0, |connected| connected.max_failures);
        let tripped = !self.tripped && self.failures >= if most == 0 { 5 } else { most };
        self.tripped |= tripped && !on("breaker-off");
        tripped
    }

    pub(super) fn enqueue(&mut self, job: Job) {
        match job {
            Job::Call(_) => self.calls.push_back(job),
            _ => self.reads.push_back(job),
        }
    }

    /// Whether something waits for a place.
    pub(super) fn has_jobs(&self) -> bool {
        !self.calls.is_empty() || !self.reads.is_empty()
    }

    /// The next call to make now, if there is a place for one.
    pub(super) fn dequeue(&mut self, now: Timestamp) -> Option<Job> {
        if self.in_flight >= self.concurrency() {
            return None;
        }
        match self.throttled {
            Some(until) if until > now => return None,
            _ => self.throttled = None,
        }
        self.calls.pop_front().or_else(|| self.reads.pop_front())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Units that may have begun at the same time, with two calls in flight at most.
    fn room(write: i64, calls: &[i64]) -> usize {
        let capabilities = Capabilities { concurrency: 2, ..Capabilities::default() };
        let connected = Connected { capabilities, ..Connected::default() };
        let mut system = System::new(Symbol::new("chat"), Some(connected));
        calls.iter().for_each(|millis| system.was_answered(*millis));
        while system.has_room(write) {
            system.busy += 1;
        }
        system.busy
    }

    #[test]
    fn as_many_begin_as_can_be_called_while_one_write_is_under_way() {
        for (write, calls, expected) in [
            // A disk: both places, and as many again.
            (0, &[][..], 4),
            (2, &[5, 5], 4),
            // A bucket, and calls that take a third of a write.
            (30, &[10, 8, 12], 8),
            (30, &[], 8),
            // Calls that are slower than writes, and such as take no time at all.
            (30, &[300], 4),
            (30, &[0, 0, 1], 34),
            (600_000, &[1], 34),
            // Clocks that were set back.
            (-5_000, &[10], 4),
            (30, &[-4_000, 10], 8),
        ] {
            assert_eq!(room(write, calls), expected, "a write of {write} ms, calls of {calls:?} ms");
        }
    }
}
