//! Drives the apply machine in a simulated world: a queue of what happens when, instead of tasks and a clock.

use std::collections::BTreeMap;

use engine::apply::{Answer, Apply, Report, Step, Token};
use providers::twin::Shared;
use state::record::Event;
use state::{Order, Outcome, Plan, Symbol, Target, Timestamp, TransactionState};

use super::fault::Process as Kind;
use super::process::{Options, Process, Stop};
use super::world::{Transit, World};
use crate::session::prepare::Prepared;

/// How long anything takes, in milliseconds, at most.
const LATENCY: i64 = 40;
/// Turns after which a machine is taken to run in circles.
const TURNS: usize = 200_000;

/// What happens at some moment, as far as one process knows of it.
enum Happening {
    Write(Token, Vec<Event>),
    Read(Token, Symbol, Vec<Target>),
    Announce(Token, Symbol, Vec<Order>),
    Ask(Token, Symbol, Vec<Symbol>),
    Answer(Answer),
}

type Queue = BTreeMap<(Timestamp, u64), Happening>;

impl World {
    fn soon(&mut self) -> (Timestamp, u64) {
        let after = self.rng.between(1, LATENCY);
        (self.now().plus_millis(after), self.number())
    }

    fn twin(&self, system: Symbol) -> Option<Shared> {
        self.twins.0.get(&system).cloned()
    }

    /// Carries out what the machine asks for, until it has finished or its process dies.
    pub(super) fn drive(
        &mut self,
        process: &mut Process,
        machine: &mut Apply<'_>,
        plan: &Plan,
        prepared: &Prepared,
    ) -> Result<Report, Stop> {
        let mut queue = Queue::new();
        let mut announced: BTreeMap<Token, (Symbol, Vec<Order>, Symbol)> = BTreeMap::new();
        let mut wait: Option<Timestamp> = None;
        for _ in 0..TURNS {
            for step in machine.next(self.told_now()) {
                match step {
                    Step::Record { token, events } => drop(queue.insert(self.soon(), Happening::Write(token, events))),
                    Step::Read { token, system, targets } => {
                        queue.insert(self.soon(), Happening::Read(token, system, targets));
                    }
                    Step::Ask { token, system, transactions } => {
                        queue.insert(self.soon(), Happening::Ask(token, system, transactions));
                    }
                    Step::Execute { token, system, orders } => {
                        process.boundary(self)?;
                        if let Err(error) = process.held() {
                            let outcomes = vec![Outcome::Refused { error, retry_after: None }; orders.len()];
                            queue.insert(self.soon(), Happening::Answer(Answer::Executed { token, outcomes }));
                            continue;
                        }
                        self.promises_leaving(plan, prepared, system, &orders);
                        let transactions =
                            self.twin(system).is_some_and(|twin| twin.with(|t, _| t.manners.transactions));
                        if transactions {
                            queue.insert(self.soon(), Happening::Announce(token, system, orders));
                        } else {
                            self.send(process, token, system, orders, None);
                        }
                    }
                    Step::Proceed { token, result } => {
                        let Some((system, orders, transaction)) = announced.remove(&token) else { continue };
                        match result.and_then(|()| process.held()) {
                            Ok(()) => {
                                process.boundary(self)?;
                                self.send(process, token, system, orders, Some(transaction));
                            }
                            Err(error) => {
                                if let Some(twin) = self.twin(system) {
                                    twin.with(|twin, _| twin.abort(transaction));
                                }
                                let refused = Outcome::Refused { error, retry_after: None };
                                let outcomes = vec![refused; orders.len()];
                                queue.insert(self.soon(), Happening::Answer(Answer::Executed { token, outcomes }));
                            }
                        }
                    }
                    Step::Wait { until } => wait = Some(until.plus_millis(-self.skew)),
                    Step::Finished(report) => return Ok(*report),
                }
            }
            let next = queue.keys().next().map(|(at, _)| *at);
            let arrival = self.next_arrival().map(|place| self.transit[place].arrives);
            let answered = self.answers.iter().find(|(_, (of, ..))| *of == process.number).map(|(key, _)| *key);
            let back = answered.map(|(at, _)| at);
            let Some(at) = [next, arrival, back, wait].into_iter().flatten().min() else {
                self.promises.broken("apply comes to its end", "the machine stands still");
                return Err(Stop::Killed);
            };
            self.clock.set(at.max(self.now()));
            self.others();
            if wait.is_some_and(|wait| wait <= self.now()) {
                wait = None;
            }
            if arrival == Some(at)
                && let Some(place) = self.next_arrival()
            {
                let call = self.transit.remove(place);
                self.arrive(call);
                continue;
            }
            if back == Some(at)
                && let Some((_, system, answer)) = answered.and_then(|key| self.answers.remove(&key))
            {
                process.boundary(self)?;
                self.promises.answered(system, &answer);
                machine.on(self.told_now(), answer);
                continue;
            }
            if next != Some(at) {
                continue;
            }
            let Some((_, happening)) = queue.pop_first() else { continue };
            let answer = match happening {
                Happening::Write(token, events) => {
                    self.rival(process);
                    match process.record(self, &events) {
                        Ok(()) => Answer::Recorded { token, result: Ok(()) },
                        Err(Stop::Failed(error)) => Answer::Recorded { token, result: Err(error) },
                        Err(stop) => return Err(stop),
                    }
                }
                Happening::Read(token, system, targets) => {
                    let result = match self.twin(system) {
                        Some(twin) => twin.with(|twin, now| twin.read(now, &targets)).map_err(|error| error.whole()),
                        None => Err("not connected".to_owned()),
                    };
                    let answer = Answer::Read { token, result };
                    queue.insert(self.soon(), Happening::Answer(answer));
                    continue;
                }
                Happening::Announce(token, system, orders) => {
                    let transaction = Symbol::new(&format!("tx-{}", self.number()));
                    if let Some(twin) = self.twin(system) {
                        twin.with(|twin, _| twin.begin(transaction));
                    }
                    announced.insert(token, (system, orders, transaction));
                    self.open.push((process.number, system, transaction));
                    Answer::Announced { token, transaction }
                }
                Happening::Ask(token, system, transactions) => {
                    let state = |transaction: &Symbol| {
                        let twin = self.twin(system);
                        twin.map_or(TransactionState::Unknown, |twin| {
                            twin.with(|twin, _| twin.transaction(*transaction))
                        })
                    };
                    Answer::Asked { token, result: Ok(transactions.iter().map(state).collect()) }
                }
                Happening::Answer(answer) => answer,
            };
            process.boundary(self)?;
            machine.on(self.told_now(), answer);
        }
        self.promises.broken("apply comes to its end", "the machine does not end");
        Err(Stop::Killed)
    }

    /// A call leaves its process.
    fn send(
        &mut self,
        process: &Process,
        token: Token,
        system: Symbol,
        orders: Vec<Order>,
        transaction: Option<Symbol>,
    ) {
        if transaction.is_none() {
            self.promises_sent(system, &orders);
        }
        let (arrives, number) = self.soon();
        self.transit.push(Transit { arrives, number, system, orders, transaction, process: process.number, token });
    }

    /// A call arrives at its system.
    pub(super) fn arrive(&mut self, call: Transit) {
        let Transit { system, orders, transaction, process, token, .. } = call;
        let Some(twin) = self.twin(system) else { return };
        let superseded = self.counter_of_latest > process;
        let alone = twin.with(|twin, _| twin.capabilities().outlives == 0);
        let outcomes = if superseded && alone {
            // Such a system lets one process write at a time.
            let error = "another process writes to it".to_owned();
            vec![Outcome::Refused { error, retry_after: None }; orders.len()]
        } else {
            self.promises_arriving(system, &orders, transaction);
            twin.with(|twin, now| twin.execute(now, &orders, transaction))
        };
        let words: Vec<String> = orders
            .iter()
            .zip(&outcomes)
            .map(|(order, outcome)| format!("{} {}: {}", order.action.word(), order.address, answered(outcome)))
            .collect();
        for word in words {
            self.tell(word);
        }
        self.promises_arrived(system, &orders);
        self.promises.said(&orders, &outcomes);
        let at = self.soon();
        self.answers.insert(at, (process, system, Answer::Executed { token, outcomes }));
    }

    /// A process died: what it had sent arrives, or it does not; what it had not committed never will be.
    pub(super) fn lose_calls(&mut self, process: u64) {
        let transit = std::mem::take(&mut self.transit);
        for call in transit {
            let own = call.process == process;
            let outlives = self.twin(call.system).is_some_and(|twin| twin.with(|t, _| t.capabilities().outlives > 0));
            if !own || outlives && self.rng.chance(0.5) {
                self.transit.push(call);
            }
        }
        for (owner, system, transaction) in std::mem::take(&mut self.open) {
            let under_way = self.transit.iter().any(|call| call.transaction == Some(transaction));
            let still = self.twin(system).map(|twin| twin.with(|t, _| t.transaction(transaction)));
            if owner == process
                && !under_way
                && still == Some(TransactionState::InProgress)
                && let Some(twin) = self.twin(system)
            {
                twin.with(|twin, _| twin.abort(transaction));
            } else if owner != process || under_way {
                self.open.push((owner, system, transaction));
            }
        }
    }

    /// Others have their chance.
    fn others(&mut self) {
        let twins = self.twins.clone();
        for (system, shared) in twins.0.iter() {
            let said = shared.with(|twin, now| twin.others(now));
            for what in said {
                self.tell(format!("system.{system}: {what}"));
            }
            self.promises_others(*system);
        }
    }

    /// The lock is lost, and another process applies to its end while this one is still there.
    fn rival(&mut self, process: &Process) {
        let now = self.now();
        if self.in_rival || self.faults.strikes(Kind::LockLost, Kind::LockLost.word(), now).is_none() {
            return;
        }
        self.tell("the lock is lost, and another apply begins");
        self.store.break_lock();
        self.in_rival = true;
        self.apply(&Options::default());
        self.in_rival = false;
        // What the first one had in doubt is not more in doubt than before; it finds out at its next line.
        self.counter_of_latest = self.counter_of_latest.max(process.number);
    }
}

fn answered(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(_) => "done".to_owned(),
        Outcome::Noted(_, what) => format!("done, but {what}"),
        Outcome::Partly(_, what) => format!("done in part: {what}"),
        Outcome::Refused { error, .. } => format!("refused ({error})"),
        Outcome::Taken(error) => format!("refused ({error})"),
        Outcome::Later => "left for the next call".to_owned(),
        Outcome::Stale(_) => "stale".to_owned(),
        Outcome::Unknown(error) => format!("the answer is lost ({error})"),
    }
}
