//! Events on their way to the record, in order. One write is under way at a time; what arrives meanwhile goes into the
//! next, so that many changes share one flush.

use std::collections::VecDeque;

use state::record::Event;

/// Events of one write at most, so that a million facts do not stand in memory twice.
const MOST: usize = 8192;

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
}

impl Journal {
    /// Queues an event.
    pub(super) fn push(&mut self, event: Event) {
        self.queued += 1;
        self.waiting.push_back(event);
    }

    /// `waiter` goes on once everything queued so far is durable.
    pub(super) fn wait(&mut self, waiter: Waiter) {
        self.waiters.push_back((self.queued, waiter));
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

    /// What was handed out is durable: who waited for it.
    pub(super) fn written(&mut self) -> Vec<Waiter> {
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

    /// Whether events wait for the next write.
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether everything is durable.
    pub(super) fn is_settled(&self) -> bool {
        self.durable == self.queued
    }
}
