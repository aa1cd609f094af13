//! The machine: what is to be done next, and what came of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use rustc_hash::{FxHashMap, FxHashSet};
use state::record::{Event, EventResult, Recorded, RunStarted};
use state::{Address, Fact, Order, Plan, Symbol, Target, Timestamp};

use super::fates::Fates;
use super::graph::Graph;
use super::ids::Ids;
use super::journal::{Journal, MOST, Next, Waiter};
use super::report::Fate;
use super::step::{Answer, Step, Token};
use super::systems::{Connected, Job, System};
use super::watching::Watching;
use super::work::{Active, Call};
use super::{Report, Resolve};
use crate::mutations::on;

/// What a token stands for.
pub(super) enum InFlight {
    Record,
    Read(u32),
    Call(u32),
    Look(u32),
    Settle(Symbol, Vec<Call>),
    Ask(u32, Vec<Call>),
}

/// How far the run is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Working,
    /// Looking at what is in doubt.
    Settling,
    /// The last event is being written.
    Closing,
    Finished,
}

/// Applies a plan: see the module's text for the protocol.
pub struct Apply<'a> {
    pub(super) plan: &'a Plan,
    pub(super) resolver: Box<dyn Resolve + 'a>,
    pub(super) run: Symbol,
    pub(super) ids: Ids<'a>,
    pub(super) fates: Fates,
    pub(super) graph: Graph,
    pub(super) systems: Vec<System>,
    pub(super) journal: Journal,
    /// By unit: those that have begun and are not done.
    pub(super) active: Vec<Option<Box<Active>>>,
    /// Facts that are not on their way to the record yet; nothing else begins before.
    facts: std::slice::Iter<'a, Fact>,
    /// Addresses that a safeguard holds.
    held: FxHashSet<Address>,
    /// Units that are not done.
    pub(super) left: usize,
    pub(super) next_intent: u32,
    /// How often a change was refused for the moment, or found stale by the writer.
    pub(super) attempts: FxHashMap<u32, u32>,
    /// How often a change's intent was written, and its call could not be made in time.
    pub(super) late: FxHashMap<u32, u32>,
    /// In doubt, by place of the system: looked at before the run ends.
    pub(super) doubts: Vec<(u32, Call)>,
    pub(super) interrupted: bool,
    pub(super) fatal: Option<String>,
    /// Calls that announced a transaction, and whether they may commit.
    pub(super) proceed: Vec<(Token, Result<(), String>)>,
    pub(super) watching: Watching,
    timers: BinaryHeap<Reverse<(Timestamp, u32)>>,
    pub(super) in_flight: FxHashMap<u32, InFlight>,
    next_token: u32,
    pub(super) stage: Stage,
    pub(super) report: Option<Box<Report>>,
    told_wait: Option<Timestamp>,
}

/// The timer that only asks to look round again.
const WAKE: u32 = u32::MAX;

impl<'a> Apply<'a> {
    /// A machine for `plan`, which must have been made against `recorded`. `systems` are those with a writer; changes
    /// on others are reported as not done. `started` becomes the first event.
    pub fn new(
        plan: &'a Plan,
        recorded: &'a Recorded,
        resolver: Box<dyn Resolve + 'a>,
        connected: BTreeMap<Symbol, Connected>,
        started: RunStarted,
    ) -> Apply<'a> {
        let mut connected = connected;
        let names: BTreeSet<Symbol> = plan.batches.iter().map(|batch| batch.system).collect();
        let systems: Vec<System> = names.into_iter().map(|name| System::new(name, connected.remove(&name))).collect();
        let mut fates = Fates::new(plan);
        for n in plan.held().into_iter().filter(|_| !on("held-goes-on")) {
            fates.set(plan, n, Fate::Held { on: None });
        }
        for n in plan.observed() {
            fates.set(plan, n, Fate::Observed);
        }
        let mut graph = Graph::new(plan, &systems, &fates);
        let run = started.run;
        let mut journal = Journal::default();
        journal.push(Event::RunStarted(Box::new(started)));
        let free = graph.begin();
        let left = graph.units.len();
        let mut apply = Apply {
            plan,
            resolver,
            run,
            ids: Ids::new(plan, recorded),
            fates,
            active: (0..left).map(|_| None).collect(),
            facts: plan.facts.iter(),
            held: held(plan),
            left,
            graph,
            systems,
            journal,
            next_intent: 1,
            attempts: FxHashMap::default(),
            late: FxHashMap::default(),
            doubts: Vec::new(),
            interrupted: false,
            fatal: None,
            proceed: Vec::new(),
            watching: Watching::default(),
            timers: BinaryHeap::new(),
            in_flight: FxHashMap::default(),
            next_token: 1,
            stage: Stage::Working,
            report: None,
            told_wait: None,
        };
        apply.make_ready(free);
        apply
    }

    /// Lets writes that take long wait a little for each other, and more intents share one, so that there are fewer. A
    /// write takes about so many milliseconds, as far as that is known (0).
    pub fn gather(&mut self, write: i64) {
        self.journal.gather(write);
    }

    /// What is to be done now. Empty: answers are awaited.
    pub fn next(&mut self, now: Timestamp) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.stage == Stage::Finished {
            return steps;
        }
        let proceed = std::mem::take(&mut self.proceed).into_iter();
        steps.extend(proceed.map(|(token, result)| Step::Proceed { token, result }));
        if self.fatal.is_some() {
            if self.in_flight.is_empty() {
                self.close();
                self.finished(&mut steps);
            }
            return steps;
        }
        self.fire(now);
        self.push_facts();
        if self.facts.as_slice().is_empty() {
            while self.begin(now) {}
        }
        self.dispatch(now, &mut steps);
        if self.has_aside() {
            let idle = steps.is_empty() && self.is_idle();
            if self.resume(idle) {
                while self.begin(now) {}
                self.dispatch(now, &mut steps);
            }
        }
        if self.stage == Stage::Working && self.left == 0 {
            self.stage = Stage::Settling;
        }
        if self.stage == Stage::Settling {
            self.settle(now, &mut steps);
        }
        match self.journal.next(now, !self.in_flight.is_empty()) {
            Next::Write(events) => {
                let token = self.token(InFlight::Record);
                steps.push(Step::Record { token, events });
            }
            Next::Later(at) => self.wake(at),
            Next::Nothing => {}
        }
        if self.stage == Stage::Closing && self.journal.is_settled() {
            self.finished(&mut steps);
            return steps;
        }
        self.wait(now, &mut steps);
        steps
    }

    /// Whether nothing is under way, and nothing comes by itself.
    fn is_idle(&self) -> bool {
        let waits = |system: &System| !system.ready.is_empty() || system.has_jobs();
        self.in_flight.is_empty()
            && self.journal.is_settled()
            && self.timers.is_empty()
            && !self.systems.iter().any(waits)
    }

    /// What came of a step, or from outside. An answer to a token that is not awaited is ignored.
    pub fn on(&mut self, now: Timestamp, answer: Answer) {
        match answer {
            Answer::Interrupt => self.interrupt(now),
            Answer::Recorded { token, result } => {
                if self.in_flight.remove(&token.0).is_none() {
                    return;
                }
                match result {
                    Ok(()) => {
                        for waiter in self.journal.written(now) {
                            self.recorded(waiter, now);
                        }
                    }
                    Err(error) => self.give_up(error),
                }
            }
            Answer::Announced { token, transaction } => self.on_announced(token, transaction),
            Answer::Asked { token, result } => {
                if let Some(InFlight::Ask(system, calls)) = self.answered(token) {
                    self.on_asked(system, calls, result, now);
                }
            }
            Answer::Read { token, result } => match self.answered(token) {
                Some(InFlight::Read(unit)) => self.on_read(unit, result, now),
                Some(InFlight::Look(unit)) => self.on_look(unit, result, now),
                Some(InFlight::Settle(system, calls)) => self.on_settle(system, calls, result),
                _ => {}
            },
            Answer::Executed { token, outcomes } => {
                if let Some(InFlight::Call(unit)) = self.answered(token) {
                    self.on_executed(unit, outcomes, now);
                }
            }
        }
    }

    /// What somebody waited for is durable.
    fn recorded(&mut self, waiter: Waiter, now: Timestamp) {
        match waiter {
            Waiter::Unit(unit) => {
                if let Some(active) = self.active.get_mut(unit as usize).and_then(Option::as_mut) {
                    active.durable = true;
                }
                self.advance(unit, now);
            }
            Waiter::Call(token) => self.proceed.push((Token(token), Ok(()))),
        }
    }

    /// The record cannot be written any more.
    fn give_up(&mut self, error: String) {
        for waiter in self.journal.give_up() {
            if let Waiter::Call(token) = waiter {
                self.proceed.push((Token(token), Err(error.clone())));
            }
        }
        self.fatal = Some(error).filter(|_| !on("fatal-goes-on"));
        if self.fatal.is_none() {
            self.journal.skip();
        }
    }

    /// Changes that are decided, and how many there are, for progress.
    pub fn progress(&self) -> (u64, u64) {
        (self.fates.decided(), self.plan.changes.len() as u64)
    }

    fn answered(&mut self, token: Token) -> Option<InFlight> {
        let found = self.in_flight.remove(&token.0)?;
        let system = match &found {
            InFlight::Read(unit) | InFlight::Call(unit) | InFlight::Look(unit) => self.system_of(*unit),
            InFlight::Settle(..) | InFlight::Ask(..) | InFlight::Record => None,
        };
        if let Some(system) = system.and_then(|system| self.systems.get_mut(system as usize)) {
            system.in_flight = system.in_flight.saturating_sub(1);
        }
        Some(found)
    }

    pub(super) fn system_of(&self, unit: u32) -> Option<u32> {
        self.graph.units.get(unit as usize).map(|unit| unit.system)
    }

    pub(super) fn token(&mut self, what: InFlight) -> Token {
        let token = Token(self.next_token);
        self.next_token = self.next_token.wrapping_add(1);
        self.in_flight.insert(token.0, what);
        token
    }

    /// States the outcome of an intent.
    pub(super) fn record(&mut self, intent: u32, result: EventResult) {
        if !on("no-outcome") {
            self.journal.push(Event::Outcome { run: self.run, intent, result });
        }
    }

    pub(super) fn enqueue(&mut self, system: u32, job: Job) {
        if let Some(system) = self.systems.get_mut(system as usize) {
            system.enqueue(job);
        }
    }

    pub(super) fn timer(&mut self, at: Timestamp, unit: u32) {
        self.timers.push(Reverse((at, unit)));
    }

    pub(super) fn wake(&mut self, at: Timestamp) {
        self.timers.push(Reverse((at, WAKE)));
    }

    pub(super) fn make_ready(&mut self, units: Vec<u32>) {
        for unit in units {
            let system = self.system_of(unit).and_then(|system| self.systems.get_mut(system as usize));
            if let Some(system) = system {
                system.ready.push(Reverse(unit));
            }
        }
    }

    /// Lets units begin, as far as there is room; whether any did.
    fn begin(&mut self, now: Timestamp) -> bool {
        let mut any = false;
        let write = self.journal.write_takes();
        for system in 0..self.systems.len() {
            while let Some(unit) =
                self.systems.get_mut(system).filter(|s| s.has_room(write)).and_then(|s| s.ready.pop())
            {
                self.start(unit.0, now);
                any = true;
            }
        }
        any
    }

    /// Lets timers run out.
    fn fire(&mut self, now: Timestamp) {
        while self.timers.peek().is_some_and(|Reverse((at, _))| *at <= now) {
            if let Some(Reverse((_, unit))) = self.timers.pop()
                && unit != WAKE
                && let Some(system) = self.system_of(unit)
            {
                self.enqueue(system, Job::Look(unit));
            }
        }
    }

    /// Makes the calls for which there is a place.
    fn dispatch(&mut self, now: Timestamp, steps: &mut Vec<Step>) {
        for place in 0..self.systems.len() {
            while let Some(job) = self.systems.get_mut(place).and_then(|system| system.dequeue(now)) {
                let made = match job {
                    Job::Read(unit) => self.step_read(unit, false),
                    Job::Look(unit) => self.step_read(unit, true),
                    Job::Call(unit) => self.step_call(unit, now),
                };
                if let Some(step) = made {
                    steps.push(step);
                    if let Some(system) = self.systems.get_mut(place) {
                        system.in_flight += 1;
                    }
                }
            }
        }
    }

    fn step_read(&mut self, unit: u32, look: bool) -> Option<Step> {
        let active = self.active.get(unit as usize)?.as_ref()?;
        let targets: Vec<Target> = if look {
            active.looking.iter().flat_map(Call::looks).collect()
        } else if active.reading {
            let own = self.targets(unit);
            own.into_iter().chain(self.beside(unit)).collect()
        } else {
            return None;
        };
        let system = self.system_name(unit)?;
        let token = self.token(if look { InFlight::Look(unit) } else { InFlight::Read(unit) });
        Some(Step::Read { token, system, targets })
    }

    fn step_call(&mut self, unit: u32, now: Timestamp) -> Option<Step> {
        let place = self.system_of(unit)?;
        let found = self.systems.get(place as usize)?;
        let (system, outlives) = (found.name, found.outlives_process());
        let settle_at = now.plus_millis(found.deadline().saturating_add(found.visibility()));
        if self.stopped(place).is_some() {
            self.advance(unit, now);
            return None;
        }
        let active = self.active.get_mut(unit as usize)?.as_mut()?;
        active.queued = false;
        let mut calls = std::mem::take(&mut active.prepared);
        if calls.is_empty() {
            return None;
        }
        if outlives && !on("late-call") && calls.iter().any(|call| call.settle_after < settle_at) {
            // It waited so long that another run could look for it too early: begin again, with a new re-read.
            self.again(unit, calls, now);
            return None;
        }
        let orders: Vec<Order> = calls.iter_mut().filter_map(|call| call.order.take()).collect();
        calls.iter_mut().for_each(|call| call.settle_at = settle_at);
        (active.calling, active.called) = (calls, now);
        let token = self.token(InFlight::Call(unit));
        // The next intents are written while this call is under way.
        self.advance(unit, now);
        Some(Step::Execute { token, system, orders })
    }

    fn system_name(&self, unit: u32) -> Option<Symbol> {
        self.systems.get(self.system_of(unit)? as usize).map(|system| system.name)
    }

    /// Says until when nothing happens by itself.
    fn wait(&mut self, now: Timestamp, steps: &mut Vec<Step>) {
        let until = self.timers.peek().map(|Reverse((at, _))| *at).filter(|at| *at > now);
        if until != self.told_wait {
            self.told_wait = until;
            steps.extend(until.map(|until| Step::Wait { until }));
        }
    }

    /// Facts come first, a write full after the other; those about held addresses are left to a later plan.
    fn push_facts(&mut self) {
        if self.journal.is_full() {
            return;
        }
        let (plan, run) = (self.plan, self.run);
        for fact in self.facts.by_ref().filter(|fact| !self.held.contains(&fact.address)).take(MOST) {
            let why = fact.reasons.iter().filter_map(|id| plan.reasons.get(id.0 as usize)).cloned().collect();
            self.journal.push(Event::Fact { run, fact: Box::new(fact.clone()), why });
        }
    }

    fn interrupt(&mut self, now: Timestamp) {
        self.interrupted = true;
        for unit in 0..self.active.len() as u32 {
            if self.active.get(unit as usize).is_some_and(Option::is_some) {
                self.advance(unit, now);
            }
        }
    }
}

/// Addresses that a safeguard holds.
fn held(plan: &Plan) -> FxHashSet<Address> {
    let holding = plan.findings.iter().filter(|finding| finding.severity == state::Severity::Holds);
    holding.flat_map(|finding| finding.addresses.iter().copied()).collect()
}
