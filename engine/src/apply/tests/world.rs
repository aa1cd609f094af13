//! A small world that answers the machine's steps, and writes down what went back and forth.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use state::record::{Event, Line, Recorded, RunStarted};
use state::*;

use super::remote::{Remote, pairs};
use super::words::{answered, at, brief, is};
use crate::apply::resolve::Nothing;
use crate::apply::{Answer, Answers, Apply, Connected, Report, Resolve, Step, Token};
use crate::guard::Watch;

/// What happens to a call about an address, instead of doing it.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    Refuse,
    /// Refused for the moment, with a wait in milliseconds.
    Later(u64),
    /// Done, but the answer is lost.
    LostDone,
    /// Not done, and the answer is lost.
    LostNotDone,
    /// The answer says done, and nothing happened.
    Lie,
    /// Done, but this attribute is dropped.
    Drops(&'static str),
    /// Done but for this attribute, which the system refused.
    Partly(&'static str),
    /// The version moved.
    Moved,
    /// Not done so far, the answer is lost, and the transaction is still open.
    LostOpen,
    /// Done, but not all that belongs to it.
    Half,
    /// Left for the next call.
    Full,
}

#[derive(Clone)]
pub struct World {
    pub now: Timestamp,
    pub systems: BTreeMap<Symbol, Remote>,
    pub connected: BTreeMap<Symbol, Connected>,
    /// Protected groups that the machine looks at again.
    pub watches: Vec<Watch>,
    /// Faults by address, used up one by one.
    pub faults: BTreeMap<Address, VecDeque<Fault>>,
    /// Whether each call is a transaction, which is announced; and what became of each.
    pub transactional: bool,
    pub transactions: BTreeMap<Symbol, TransactionState>,
    /// Calls that wait until they may commit.
    announced: BTreeMap<Token, (Symbol, Symbol, Vec<Order>)>,
    /// The record: what is durable.
    pub lines: Vec<Event>,
    pub fail_record: bool,
    /// The disk is full when a transaction is to be recorded.
    pub fail_transactions: bool,
    /// Orders that were carried out, for the properties.
    pub executed: Vec<(Address, Action)>,
    pub transcript: String,
    pub interrupt_after: Option<usize>,
    /// The process dies after so many turns.
    pub crash_after: Option<usize>,
    /// Answers come in a random order; 0: in the order of the steps.
    pub seed: u64,
}

pub fn connected(batch: usize, concurrency: usize, visibility: u64) -> Connected {
    let key = Some(Key { attribute: Symbol::new("userName"), unique: true, case_exact: false });
    let group_key = Some(Key { attribute: Symbol::new("displayName"), unique: true, case_exact: false });
    let capabilities = Capabilities {
        groups: true,
        deactivate: true,
        account_key: key,
        group_key,
        batch,
        batch_objects: batch > 1,
        concurrency,
        deadline: 1000,
        visibility,
        ..Capabilities::default()
    };
    Connected {
        schema: Schema { account_open: true, group_open: true, ..Schema::default() },
        capabilities,
        max_failures: 0,
    }
}

pub fn started() -> RunStarted {
    RunStarted {
        run: "r1".into(),
        actor: "ada".into(),
        host: "here".into(),
        version: "0".into(),
        command: Vec::new(),
        commit: None,
        clean: None,
        plan: Digest::ZERO,
        undoes: None,
        limits: BTreeMap::new(),
        in_force: None,
        populations: BTreeMap::new(),
        approvals: None,
    }
}

impl World {
    pub fn new(connected: Connected) -> World {
        let opened = Event::Opened { format: 1, lineage: "l".into(), former: None };
        World {
            now: Timestamp::from_millis(1_800_000_000_000),
            systems: BTreeMap::new(),
            connected: BTreeMap::from([("chat".into(), connected)]),
            watches: Vec::new(),
            faults: BTreeMap::new(),
            transactional: false,
            transactions: BTreeMap::new(),
            announced: BTreeMap::new(),
            lines: vec![opened],
            fail_record: false,
            fail_transactions: false,
            executed: Vec::new(),
            transcript: String::new(),
            interrupt_after: None,
            crash_after: None,
            seed: 0,
        }
    }

    /// An account that is there, recorded as adopted.
    pub fn account(&mut self, holder: &str, attributes: &[(&str, &str)]) -> Object {
        let address: Address = format!("account.chat.{holder}").parse().unwrap();
        let object = Object::new(format!("id-{holder}"), pairs(attributes));
        self.systems.entry("chat".into()).or_default().accounts.insert(object.id, object.clone());
        self.adopt(address, object.clone());
        object
    }

    /// A group that is there, recorded as adopted.
    pub fn group(&mut self, name: &str) -> Object {
        let address: Address = format!("group.chat.{name}").parse().unwrap();
        let object = Object::new(format!("id-{name}"), pairs(&[("displayName", name)]));
        self.systems.entry("chat".into()).or_default().groups.insert(object.id, object.clone());
        self.adopt(address, object.clone());
        object
    }

    pub fn member(&mut self, group: &str, holder: &str) {
        let key = (Symbol::from(format!("id-{group}")), Symbol::from(format!("id-{holder}")));
        self.systems.entry("chat".into()).or_default().memberships.insert(key, Attributes::new());
        let address = format!("membership.chat.{group}.{holder}").parse().unwrap();
        self.adopt(address, Object::new("", Attributes::new()));
    }

    fn adopt(&mut self, address: Address, object: Object) {
        let fact = Fact {
            kind: FactKind::Adopted,
            address,
            object: Some(Box::new(object)),
            former: None,
            reasons: Box::default(),
            until: None,
        };
        self.lines.push(Event::Fact { run: "r0".into(), fact: Box::new(fact), why: Vec::new() });
    }

    pub fn fault(mut self, address: &str, faults: &[Fault]) -> World {
        self.faults.insert(address.parse().unwrap(), faults.iter().cloned().collect());
        self
    }

    /// The fold of the record.
    pub fn recorded(&self) -> Recorded {
        let mut recorded = Recorded::default();
        for (n, event) in (1u64..).zip(&self.lines) {
            recorded.apply(Line { n, at: self.now, event: event.clone() }).unwrap();
        }
        recorded
    }

    pub fn observed(&self, system: &str) -> Observed {
        let remote = self.systems.get(&Symbol::new(system)).cloned().unwrap_or_default();
        let memberships = remote.memberships.iter().map(|((group, member), attributes)| Membership {
            group: *group,
            member: *member,
            nested: false,
            attributes: attributes.clone(),
        });
        Observed::new(
            Complete::proved("test", self.now),
            remote.accounts.values().cloned().collect(),
            remote.groups.values().cloned().collect(),
            memberships.collect(),
            Vec::new(),
        )
    }

    pub fn apply(&mut self, plan: &Plan) -> Report {
        self.apply_with(plan, Box::new(Nothing))
    }

    /// Runs the machine to its end.
    pub fn apply_with(&mut self, plan: &Plan, resolver: Box<dyn Resolve + '_>) -> Report {
        self.drive(plan, resolver, "r1").unwrap_or_else(|| panic!("crashed\n{}", self.transcript))
    }

    /// Runs the machine to its end, or until the process dies.
    pub fn drive(&mut self, plan: &Plan, resolver: Box<dyn Resolve + '_>, run: &str) -> Option<Report> {
        let recorded = self.recorded();
        let started = RunStarted { run: run.into(), ..started() };
        let mut machine = Apply::new(plan, &recorded, resolver, self.connected.clone(), started);
        machine.watch(self.watches.clone());
        let mut wait = None;
        let mut pending: VecDeque<Step> = VecDeque::new();
        for turn in 0..10_000 {
            if self.interrupt_after == Some(turn) {
                self.note("! interrupt");
                machine.on(self.now, Answer::Interrupt);
            }
            for step in machine.next(self.now) {
                match step {
                    Step::Wait { until } => wait = Some(until),
                    Step::Finished(report) => {
                        self.note_report(plan, &report);
                        return Some(*report);
                    }
                    step => pending.push_back(step),
                }
            }
            if self.crash_after == Some(turn) {
                self.note("! kill -9");
                pending.drain(..).for_each(|step| self.die(step));
                return None;
            }
            let place = self.random(pending.len());
            if let Some(step) = pending.remove(place) {
                let answer = self.answer(step);
                machine.on(self.now, answer);
            } else {
                let until = wait.take().unwrap_or_else(|| panic!("the machine stands still\n{}", self.transcript));
                self.note(&format!("wait {} ms", until.millis() - self.now.millis()));
                self.now = until;
            }
        }
        panic!("the machine does not end\n{}", self.transcript);
    }

    /// Some number below `below`; 0 without a seed.
    fn random(&mut self, below: usize) -> usize {
        if self.seed == 0 || below == 0 {
            return 0;
        }
        // Xorshift (Marsaglia 2003).
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        (self.seed % below as u64) as usize
    }

    /// What may still become of a step when nobody waits for its answer: some of the lines reach the disk; a call may
    /// be carried out, or not.
    fn die(&mut self, step: Step) {
        match step {
            Step::Record { events, .. } => {
                let kept = self.random(events.len() + 1);
                for event in events.into_iter().take(kept) {
                    self.note(&format!("record {}", brief(&event)));
                    self.lines.push(event);
                }
            }
            Step::Execute { .. } | Step::Proceed { .. } if self.random(2) == 1 => drop(self.answer(step)),
            _ => {}
        }
    }

    /// Answers one step as the world would.
    pub fn answer(&mut self, step: Step) -> Answer {
        match step {
            Step::Record { token, events } => {
                let transaction = |event: &Event| matches!(event, Event::Transaction { .. });
                if self.fail_record || self.fail_transactions && events.iter().any(transaction) {
                    self.note("record: no space left on device");
                    return Answer::Recorded { token, result: Err("no space left on device".into()) };
                }
                for event in &events {
                    self.note(&format!("record {}", brief(event)));
                }
                self.lines.extend(events);
                Answer::Recorded { token, result: Ok(()) }
            }
            Step::Read { token, system, targets } => {
                let remote = self.systems.entry(system).or_default();
                let presences: Vec<Presence> = targets.iter().map(|target| remote.read(*target)).collect();
                let seen: Vec<String> =
                    targets.iter().zip(&presences).map(|(t, p)| format!("{} {}", at(*t), is(p))).collect();
                self.note(&format!("read {system}: {}", seen.join("; ")));
                Answer::Read { token, result: Ok(presences) }
            }
            Step::Execute { token, system, orders } if self.transactional => {
                let transaction = Symbol::from(format!("t{}", self.transactions.len() + 1));
                self.transactions.insert(transaction, TransactionState::Aborted);
                self.note(&format!("announce {system}: {transaction}"));
                self.announced.insert(token, (transaction, system, orders));
                Answer::Announced { token, transaction }
            }
            Step::Proceed { token, result: Err(error) } => {
                let (transaction, _, orders) = self.announced.remove(&token).unwrap();
                self.note(&format!("roll {transaction} back: {error}"));
                let refused = Outcome::Refused { error, retry_after: None };
                Answer::Executed { token, outcomes: vec![refused; orders.len()] }
            }
            Step::Proceed { token, result: Ok(()) } => {
                let (transaction, system, orders) = self.announced.remove(&token).unwrap();
                self.commit(token, transaction, system, &orders)
            }
            Step::Ask { token, system, transactions } => {
                let states: Vec<TransactionState> = transactions.iter().map(|id| self.transactions[id]).collect();
                self.note(&format!("ask {system}: {transactions:?} {states:?}"));
                Answer::Asked { token, result: Ok(states) }
            }
            Step::Execute { token, system, orders } => {
                self.assert_announced(&orders, None);
                let names: Vec<String> = orders.iter().map(|o| format!("{} {}", o.action.word(), o.address)).collect();
                let outcomes: Vec<Outcome> = orders.iter().map(|order| self.execute(system, order)).collect();
                let answers: Vec<String> = outcomes.iter().map(answered).collect();
                self.note(&format!("call {system}: {} -> {}", names.join("; "), answers.join("; ")));
                Answer::Executed { token, outcomes }
            }
            Step::Wait { .. } | Step::Finished(_) => panic!("not a step to be answered"),
        }
    }

    /// The orders of a call as one transaction: what is lost is lost for all of them, what is refused goes back to a
    /// savepoint.
    fn commit(&mut self, token: Token, transaction: Symbol, system: Symbol, orders: &[Order]) -> Answer {
        self.assert_announced(orders, Some(transaction));
        let first = |order: &Order| self.faults.get(&order.address)?.front().cloned();
        let lost = orders.iter().filter_map(first).find(|fault| matches!(fault, Fault::LostNotDone | Fault::LostOpen));
        let state = match lost {
            Some(Fault::LostOpen) => TransactionState::InProgress,
            Some(_) => TransactionState::Aborted,
            None => TransactionState::Committed,
        };
        self.transactions.insert(transaction, state);
        let mut outcomes: Vec<Outcome> = match lost {
            Some(_) => orders
                .iter()
                .map(|order| {
                    self.faults.get_mut(&order.address).and_then(VecDeque::pop_front);
                    Outcome::Unknown("connection reset".into())
                })
                .collect(),
            None => orders.iter().map(|order| self.execute(system, order)).collect(),
        };
        if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Unknown(_))) {
            outcomes.fill(Outcome::Unknown("connection reset".into()));
        }
        let answers: Vec<String> = outcomes.iter().map(answered).collect();
        self.note(&format!("commit {transaction}: {}", answers.join("; ")));
        Answer::Executed { token, outcomes }
    }

    /// What the systems say of transactions.
    pub fn asked(&self) -> Answers {
        let states = self.transactions.iter().map(|(id, state)| ((Symbol::new("chat"), *id), Ok(*state)));
        let owned = self.systems.iter().flat_map(|(system, remote)| {
            let targets = remote.accounts.keys().map(|id| Target::Owned(*id));
            targets.map(|target| ((*system, target), Ok(remote.read(target))))
        });
        Answers { transactions: states.collect(), targets: owned.collect() }
    }

    fn execute(&mut self, system: Symbol, order: &Order) -> Outcome {
        let fault = self.faults.get_mut(&order.address).and_then(VecDeque::pop_front);
        let remote = self.systems.entry(system).or_default();
        let refused = |retry_after| Outcome::Refused { error: "403 forbidden".into(), retry_after };
        match fault {
            Some(Fault::Refuse) => return refused(None),
            Some(Fault::Full) => return Outcome::Later,
            Some(Fault::Later(wait)) => return refused(Some(wait)),
            Some(Fault::LostNotDone) => return Outcome::Unknown("connection reset".into()),
            Some(Fault::Moved) => return Outcome::Stale(None),
            Some(Fault::Lie) => {
                let object = order.before.clone().unwrap_or_else(|| Object::new("id-lie", order.after.clone()));
                return Outcome::Done(object);
            }
            Some(Fault::LostOpen) => return Outcome::Unknown("connection reset".into()),
            Some(Fault::LostDone | Fault::Drops(_) | Fault::Partly(_) | Fault::Half) | None => {}
        }
        self.executed.push((order.address, order.action));
        let mut order = order.clone();
        if let Some(Fault::Drops(name) | Fault::Partly(name)) = fault {
            order.after = order.after.iter().filter(|(own, _)| *own != name).cloned().collect();
        }
        let object = remote.execute(&order);
        match fault {
            Some(Fault::LostDone) => Outcome::Unknown("connection reset".into()),
            Some(Fault::Half) => Outcome::Noted(object, "a session was left".into()),
            Some(Fault::Partly(name)) => Outcome::Partly(object, format!("{name} was refused, the rest is done")),
            _ => Outcome::Done(object),
        }
    }

    /// Every call stands in the record as an open intent, with its transaction where it is one.
    fn assert_announced(&self, orders: &[Order], transaction: Option<Symbol>) {
        let recorded = self.recorded();
        for order in orders {
            let announced = recorded
                .open
                .iter()
                .filter(|open| open.transaction == transaction)
                .any(|open| open.change.address == order.address && open.change.action == order.action);
            assert!(announced, "{} was called without an intent\n{}", order.address, self.transcript);
        }
    }

    fn note(&mut self, text: &str) {
        let _ = writeln!(self.transcript, "{text}");
    }

    fn note_report(&mut self, plan: &Plan, report: &Report) {
        let _ = writeln!(self.transcript, "finished: {:?} {:?}", report.status, report.counts);
        for (change, fate) in plan.changes.iter().zip(&report.fates) {
            let _ = writeln!(self.transcript, "  {} {}: {fate}", change.action.word(), change.address);
        }
    }
}
