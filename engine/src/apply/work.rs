//! One unit of work on its way: re-read, intents (see `intents`), call, read back.

use std::collections::VecDeque;

use state::record::EventResult;
use state::{Action, Address, Capabilities, Change, Kind, Object, Order, Symbol, Target, Timestamp, Wanted};

use super::fates::Gate;
use super::journal::Waiter;
use super::machine::Apply;
use super::report::{Fate, Why};
use super::systems::Job;
use super::transfer;
use super::watching::{Again, Beside};
use crate::mutations::on;

/// What the re-read before a change said.
#[derive(Debug)]
pub(super) enum Seen {
    /// To be read.
    Unread,
    /// Nothing to look at: what it is about is made by this run.
    New,
    Gone,
    Here(Object),
}

/// A change that has not begun.
pub(super) struct Todo {
    pub(super) change: u32,
    pub(super) seen: Seen,
}

/// A change with an intent.
pub(super) struct Call {
    pub(super) change: u32,
    pub(super) intent: u32,
    /// The change with everything resolved.
    pub(super) image: Change,
    pub(super) kind: Kind,
    pub(super) target: Option<Target>,
    /// Taken out when it is called.
    pub(super) order: Option<Order>,
    pub(super) settle_after: Timestamp,
    /// When it may be looked at, once it is in doubt.
    pub(super) settle_at: Timestamp,
    pub(super) transaction: Transaction,
    /// What belongs to it and was not done.
    pub(super) note: Option<String>,
}

/// What is known of the transaction that a call was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Transaction {
    /// None was announced, or its system cannot tell.
    #[default]
    None,
    /// Announced, and asked for so many times.
    Announced { transaction: Symbol, asked: u8 },
    /// It was committed.
    Committed,
}

impl Call {
    /// What is read to see whether it is done: the thing itself, and of a transfer what the heir owns.
    pub(super) fn looks(&self) -> impl Iterator<Item = Target> {
        self.target.into_iter().chain(transfer::heir(&self.image))
    }

    /// Whether the change writes something that cannot be looked at.
    pub(super) fn has_secrets(&self) -> bool {
        has_secrets(&self.image)
    }
}

pub(super) fn has_secrets(change: &Change) -> bool {
    change.after.iter().any(|(_, wanted)| matches!(wanted, Wanted::Secret { .. }))
}

/// A unit that has begun.
#[derive(Default)]
pub(super) struct Active {
    pub(super) todo: VecDeque<Todo>,
    /// The re-read is queued or in flight: what it asks for, by place in `todo`.
    pub(super) reading: bool,
    /// The next call: its intents are being written or are durable.
    pub(super) prepared: Vec<Call>,
    pub(super) durable: bool,
    pub(super) queued: bool,
    pub(super) calling: Vec<Call>,
    /// When it was called.
    pub(super) called: Timestamp,
    /// Called and answered as done, not seen yet.
    pub(super) looking: Vec<Call>,
    /// A look is queued, in flight, or waits for its time.
    pub(super) look_pending: bool,
    pub(super) look_until: Timestamp,
    pub(super) look_delay: i64,
    /// Waits for a time: does not count as busy.
    pub(super) parked: bool,
    /// What was read beside its objects.
    pub(super) beside: Beside,
    /// Waits for somebody to come into a protected group: begins again once its calls are through.
    pub(super) aside: bool,
}

impl Apply<'_> {
    /// Begins a unit: checks each change, and asks for the re-read.
    pub(super) fn start(&mut self, unit: u32, now: Timestamp) {
        let Some((system, changes)) = self.graph.units.get(unit as usize).map(|u| (u.system, u.changes.clone())) else {
            return;
        };
        if !self.graph.take(unit) {
            return;
        }
        let mut active = Active::default();
        for n in changes.filter(|n| self.graph.unit_of(*n) == Some(unit)) {
            if self.fates.get(n).is_none() {
                let seen = self.first_sight(n);
                active.todo.push_back(Todo { change: n, seen });
            }
        }
        if let Some(slot) = self.active.get_mut(unit as usize) {
            *slot = Some(Box::new(active));
        }
        if let Some(system) = self.systems.get_mut(system as usize) {
            system.busy += 1;
        }
        self.advance(unit, now);
    }

    /// Whether a change has something to be read before it.
    fn first_sight(&self, n: u32) -> Seen {
        let Some(change) = self.plan.changes.get(n as usize) else { return Seen::New };
        // A new group has no members, and a new account is nowhere a member.
        let created = |address: Address| {
            let maker = self.fates.maker(address).and_then(|maker| self.plan.changes.get(maker as usize));
            maker.is_some_and(|maker| maker.action == Action::Create)
        };
        let ends = [change.address.parent_group(), change.address.member()];
        let new = change.action == Action::Create || ends.into_iter().flatten().any(created);
        if new || self.ids.target(change, self.resolver.as_ref()).is_none() { Seen::New } else { Seen::Unread }
    }

    /// Why nothing new is begun on a system.
    pub(super) fn stopped(&self, system: u32) -> Option<Why> {
        let system = self.systems.get(system as usize);
        if self.fatal.is_some() {
            Some(Why::NotRecorded)
        } else if self.interrupted {
            Some(Why::Interrupted)
        } else {
            match system {
                Some(system) if system.connected.is_none() => Some(Why::NotConnected),
                Some(system) if system.tripped => Some(Why::TooManyFailures { failures: system.failures }),
                _ => None,
            }
        }
    }

    /// Takes a unit as far as it goes without an answer.
    pub(super) fn advance(&mut self, unit: u32, now: Timestamp) {
        let Some(system) = self.graph.units.get(unit as usize).map(|unit| unit.system) else { return };
        if self.stopped(system).is_some() {
            self.abandon(unit, system);
        }
        loop {
            let Some(active) = self.active.get_mut(unit as usize).and_then(Option::as_mut) else { return };
            if active.reading {
                return;
            }
            let through = active.prepared.is_empty() && active.calling.is_empty() && active.looking.is_empty();
            if active.aside && through && !active.todo.is_empty() {
                return self.put_aside(unit, system);
            }
            let unread = active.todo.iter().any(|todo| matches!(todo.seen, Seen::Unread)) && !active.aside;
            if active.prepared.is_empty() && unread && active.calling.is_empty() {
                active.reading = true;
                self.enqueue(system, Job::Read(unit));
                return;
            }
            if active.prepared.is_empty() && !unread && !active.todo.is_empty() && !active.aside {
                self.prepare(unit, system, now);
            }
            let Some(active) = self.active.get_mut(unit as usize).and_then(Option::as_mut) else { return };
            if !active.prepared.is_empty() {
                let durable = active.durable || on("call-before-durable");
                if durable && active.calling.is_empty() && !active.queued {
                    active.queued = true;
                    self.enqueue(system, Job::Call(unit));
                }
                return;
            }
            if !active.calling.is_empty() {
                return;
            }
            if !active.looking.is_empty() {
                if !active.look_pending {
                    active.look_pending = true;
                    self.enqueue(system, Job::Look(unit));
                }
                return;
            }
            match active.todo.front() {
                None => return self.finish(unit, system),
                Some(Todo { seen: Seen::Unread, .. }) => {}
                // Put aside, above.
                Some(_) if active.aside => {}
                // It waits for something that this unit does not do: the plan's order is wrong.
                Some(todo) => {
                    let n = todo.change;
                    active.todo.pop_front();
                    let error = "the plan does not put what this change needs before it: plan again".to_owned();
                    self.fates.set(self.plan, n, Fate::NotDone(Why::NotResolved(error)));
                }
            }
        }
    }

    /// Nothing new is begun on the system: what has not been called is not done.
    fn abandon(&mut self, unit: u32, system: u32) {
        let Some(why) = self.stopped(system) else { return };
        let Some(active) = self.active.get_mut(unit as usize).and_then(Option::as_mut) else { return };
        let todo = std::mem::take(&mut active.todo);
        let prepared = std::mem::take(&mut active.prepared);
        active.reading = false;
        active.queued = false;
        for call in prepared {
            self.record(call.intent, EventResult::NotDone { error: format!("not called: {why}"), settled: false });
            self.fates.set(self.plan, call.change, Fate::NotDone(why.clone()));
        }
        for todo in todo {
            // What a safeguard or a failure stops is said to be stopped by that.
            let fate = match self.gate(todo.change) {
                Gate::Closed(fate) => fate,
                _ => Fate::NotDone(why.clone()),
            };
            self.fates.set(self.plan, todo.change, fate);
        }
    }

    fn finish(&mut self, unit: u32, system: u32) {
        let parked = self.active.get_mut(unit as usize).and_then(Option::take).is_some_and(|active| active.parked);
        if let (Some(system), false) = (self.systems.get_mut(system as usize), parked) {
            system.busy = system.busy.saturating_sub(1);
        }
        self.left -= 1;
        let free = self.graph.done(unit);
        self.make_ready(free);
        let free = self.graph.give_back(unit);
        self.make_ready(free);
    }

    pub(super) fn gate(&self, n: u32) -> Gate {
        let batch = self.graph.unit_of(n).and_then(|unit| self.graph.units.get(unit as usize));
        let after =
            batch.and_then(|unit| self.plan.batches.get(unit.batch as usize)).map(|batch| batch.after.as_slice());
        self.fates.gate(self.plan, n, after.unwrap_or(&[]))
    }

    /// The targets of the changes of a unit that are to be read, in their order.
    pub(super) fn targets(&self, unit: u32) -> Vec<Target> {
        let active = self.active.get(unit as usize).and_then(Option::as_ref);
        let unread =
            active.into_iter().flat_map(|active| &active.todo).filter(|todo| matches!(todo.seen, Seen::Unread));
        unread
            .filter_map(|todo| self.ids.target(self.plan.changes.get(todo.change as usize)?, self.resolver.as_ref()))
            .collect()
    }

    /// Makes the next call of a unit ready: resolves what was open, compares with what was read, writes intents.
    fn prepare(&mut self, unit: u32, system: u32, now: Timestamp) {
        let most = self.systems.get(system as usize).map_or(1, |system| system.batch());
        let mut calls: Vec<Call> = Vec::new();
        while calls.len() < most {
            let Some(active) = self.active.get_mut(unit as usize).and_then(Option::as_mut) else { return };
            let Some(todo) = active.todo.pop_front() else { break };
            let n = todo.change;
            let joins = calls.last().is_none_or(|last| self.graph.same_object(last.change, n) || self.mixes(system));
            let gate = self.gate(n);
            if !joins || gate == Gate::Wait || matches!(todo.seen, Seen::Unread) {
                if let Some(active) = self.active.get_mut(unit as usize).and_then(Option::as_mut) {
                    active.todo.push_front(todo);
                }
                break;
            }
            match gate {
                Gate::Closed(fate) => {
                    self.fates.set(self.plan, n, fate);
                    continue;
                }
                Gate::Open | Gate::Wait => {}
            }
            match self.look_again(unit, n) {
                Again::Stop(fate) => self.fates.set(self.plan, n, fate),
                Again::Wait => {
                    if let Some(active) = self.active.get_mut(unit as usize).and_then(Option::as_mut) {
                        active.todo.push_front(todo);
                        active.aside = true;
                    }
                    break;
                }
                Again::Open => match self.intend(n, todo.seen, system, now) {
                    Ok(call) => calls.extend(call),
                    Err(fate) => self.fates.set(self.plan, n, fate),
                },
            }
        }
        if calls.is_empty() {
            return;
        }
        self.journal.wait(Waiter::Unit(unit));
        if let Some(active) = self.active.get_mut(unit as usize).and_then(Option::as_mut) {
            active.prepared = calls;
            active.durable = false;
        }
    }

    fn mixes(&self, system: u32) -> bool {
        self.capabilities(system).is_some_and(|capabilities| capabilities.batch_objects)
    }

    pub(super) fn capabilities(&self, system: u32) -> Option<&Capabilities> {
        self.systems.get(system as usize)?.connected.as_ref().map(|connected| &connected.capabilities)
    }
}
