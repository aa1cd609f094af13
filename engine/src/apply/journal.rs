//! Events on their way to the record, in order. One write is under way at a time; what arrives meanwhile goes into the
//! next, so that many changes share one flush.

use std::collections::VecDeque;

use state::record::Event;

/// Events of one write at most, so that a million facts do not stand in memory twice.
const MOST: usize = 8192;

/// Events that wait, and who waits for them.
#[derive(Default)]
pub(super) struct Journal {
    waiting: VecDeque<Event>,
    /// Events ever queued, handed out for writing, and durable.
    queued: u64,
    taken: u64,
    durable: u64,
    /// Units that may go on once so many events are durable; in order.
    units: VecDeque<(u64, u32)>,
}

impl Journal {
    /// Queues an event.
    pub(super) fn push(&mut self, event: Event) {
        self.queued += 1;
        self.waiting.push_back(event);
    }

    /// `unit` goes on once everything queued so far is durable.
    pub(super) fn wait(&mut self, unit: u32) {
        self.units.push_back((self.queued, unit));
    }

    /// The next events to write: none while a write is under way or nothing waits.
    pub(super) fn take(&mut self) -> Option<Vec<Event>> {
        if self.taken > self.durable || self.waiting.is_empty() {
            return None;
        }
        let events: Vec<Event> = self.waiting.drain(..self.waiting.len().min(MOST)).collect();
        self.taken += events.len() as u64;
        Some(events)
    }

    /// What was handed out is durable: the units that waited for it.
    pub(super) fn written(&mut self) -> Vec<u32> {
        self.durable = self.taken;
        let ready = self.units.iter().take_while(|(after, _)| *after <= self.durable).count();
        self.units.drain(..ready).map(|(_, unit)| unit).collect()
    }

    /// Whether events wait for the next write.
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether everything is durable.
    pub(super) fn is_settled(&self) -> bool {
        self.durable == self.queued
    }
}
