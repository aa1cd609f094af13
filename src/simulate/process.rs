//! One `apply` in a simulated world: what `tenure apply` does, with the same parts, in the same order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use engine::apply::{Apply, Report, Status};
use engine::approval::{Given, Lifted, Said, draw_up, lift};
use engine::guard::Watch;
use engine::mutations::on;
use engine::plan::Alone;
use state::record::{Chain, Event, RunStarted};
use state::{Code, Digest, Finding, Plan, Severity, Symbol, Timestamp};

use super::fault::Process as Kind;
use super::twins::Twins;
use super::world::World;
use crate::commands::apply::check_clock;
use crate::driver::{Look, Progress};
use crate::edge::{Holder, Record, Session, Store, snapshot};
use crate::session::approvals;
use crate::session::doubts::{hasten, patience};
use crate::session::prepare::{From, Prepared};

/// How an apply is to go.
pub struct Options<'a> {
    /// The boundary at which the process dies, counted from 1.
    pub kill: Option<u64>,
    /// Which findings somebody approves.
    pub approve: &'a dyn Fn(&Finding) -> bool,
    /// What others do, unnoticed, between the plan and the calls.
    pub meanwhile: &'a dyn Fn(&Twins),
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options { kill: None, approve: &|_| false, meanwhile: &|_| {} }
    }
}

/// So many lines behind a snapshot are worth a new one here.
const FOLDED: u64 = 40;
/// Milliseconds that a write takes where the record is far away: as much as anything else takes at most.
const FAR: i64 = 40;

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself; a report says what was not done.
    Finished,
    Killed,
    /// It did not begin, and why.
    Refused(String),
}

/// What came of an apply.
pub struct Applied {
    pub end: End,
    /// With what was approved.
    pub plan: Option<Plan>,
    /// Where there was something to do.
    pub report: Option<Report>,
    pub run: Option<Symbol>,
    /// How many boundaries it passed: places at which it can be killed.
    pub boundaries: u64,
}

impl Applied {
    /// Whether all systems were read.
    pub fn has_seen_all(&self) -> bool {
        let findings = self.plan.iter().flat_map(|plan| &plan.findings);
        self.plan.is_some() && !findings.into_iter().any(|finding| finding.code == Code::IncompleteRead)
    }

    /// Whether there was nothing left to do, but for what safeguards hold.
    pub fn is_settled(&self) -> bool {
        let Some(plan) = self.plan.as_ref().filter(|_| self.end == End::Finished) else { return false };
        let held: BTreeSet<u32> = plan.held().into_iter().collect();
        let in_doubt = plan.findings.iter().any(|finding| finding.code == Code::InDoubt);
        plan.changes.len() == held.len() && plan.facts.is_empty() && !in_doubt
    }
}

/// Why a process does not go on.
#[derive(Debug)]
pub(super) enum Stop {
    Killed,
    Failed(String),
}

/// A process under way.
pub(super) struct Process {
    pub(super) number: u64,
    session: Box<dyn Session>,
    chain: Chain,
    boundaries: u64,
    kill: Option<u64>,
}

impl Process {
    /// A place at which it can die.
    pub(super) fn boundary(&mut self, world: &mut World) -> Result<(), Stop> {
        self.boundaries += 1;
        let now = world.now();
        let struck = world.faults.strikes(Kind::Killed, Kind::Killed.word(), now);
        if self.kill == Some(self.boundaries) || struck.is_some() {
            world.tell("the process is killed");
            return Err(Stop::Killed);
        }
        Ok(())
    }

    /// Whether the lock still stands: asked before each call.
    pub(super) fn held(&self) -> Result<(), String> {
        if on("lock-ignored") { Ok(()) } else { (self.session.guard())().map_err(crate::edge::Failure::whole) }
    }

    /// Writes events; they are durable when this answers.
    pub(super) fn record(&mut self, world: &mut World, events: &[Event]) -> Result<(), Stop> {
        self.boundary(world)?;
        let mut chain = self.chain;
        let mut batch = Vec::new();
        for event in events {
            chain.append(world.told_now(), event, &mut batch).map_err(|error| Stop::Failed(error.to_string()))?;
        }
        let now = world.now();
        let full = world.faults.strikes(Kind::DiskFull, Kind::DiskFull.word(), now).is_some();
        let dies = self.boundary(world).is_err();
        if full || dies {
            let room = world.rng.below(batch.len());
            world.store.tear(room);
        }
        let written = self.session.append(&batch);
        if full || dies {
            let recorded = world.recorded();
            world.promises.torn(recorded, events);
        }
        match written {
            _ if dies => Err(Stop::Killed),
            Ok(()) => {
                self.chain = chain;
                world.promises.durable(self.number, chain.line, now, events);
                self.boundary(world)
            }
            Err(failure) => {
                world.tell(failure.message.clone());
                Err(Stop::Failed(failure.whole()))
            }
        }
    }
}

impl World {
    /// Applies once.
    pub fn apply(&mut self, options: &Options<'_>) -> Applied {
        let number = self.number();
        let mut applied = Applied { end: End::Finished, plan: None, report: None, run: None, boundaries: 0 };
        self.runs += 1;
        match self.begin(number, options) {
            Ok((mut process, record)) => {
                let stopped = self.carry_out(&mut process, record, options, &mut applied);
                applied.boundaries = process.boundaries;
                match stopped {
                    Ok(()) => process.session.remember(&process.chain),
                    Err(Stop::Killed) => {
                        applied.end = End::Killed;
                        self.lose_calls(number);
                    }
                    Err(Stop::Failed(why)) => applied.end = End::Refused(why),
                }
            }
            Err(why) => applied.end = End::Refused(why),
        }
        if let End::Refused(why) = &applied.end {
            self.tell(format!("apply stops: {why}"));
        }
        if applied.end != End::Killed {
            self.promises_after(&applied);
        }
        applied
    }

    fn begin(&mut self, number: u64, options: &Options<'_>) -> Result<(Process, Record), String> {
        let now = self.now();
        // Whoever gets in beside another one is on the same computer, as its lock file is.
        if !self.in_rival {
            self.skew = self.faults.strikes(Kind::ClockSkew, Kind::ClockSkew.word(), now).unwrap_or(0);
            if self.skew != 0 {
                self.tell(format!("the clock of the computer is wrong by {} s", self.skew / 1000));
            }
        }
        let store = self.store.clone();
        let (user, host, command) = ("simulation".to_owned(), "here".to_owned(), "apply".to_owned());
        let holder = Holder { user, host, pid: 1, since: self.told_now(), command };
        let mut session = store.lock(&holder, Duration::ZERO).map_err(crate::edge::Failure::whole)?;
        let record = Record::lock(&store, &mut *session, &[]).map_err(crate::edge::Failure::whole)?;
        // Long before there is enough to be worth it: later applies go on from here.
        snapshot::keep(&store, &record, FOLDED);
        let chain = record.chain;
        check_clock(&record.recorded, self.told_now()).map_err(|error| error.to_string())?;
        self.counter_of_latest = number;
        self.promises.begins(number, &record.recorded);
        Ok((Process { number, session, chain, boundaries: 0, kill: options.kill }, record))
    }

    fn carry_out(
        &mut self,
        process: &mut Process,
        mut record: Record,
        options: &Options<'_>,
        applied: &mut Applied,
    ) -> Result<(), Stop> {
        let known = self.session(self.told_now()).map_err(|error| Stop::Failed(told(&error)))?;
        let connections = self.twins.connections(known.folder.systems.values());
        hasten(&mut record.recorded, &connections, self.told_now());
        let patience = patience(&record.recorded, self.told_now());
        if let Some(rest) = patience.filter(|_| !on("settle-early")) {
            self.pass(self.now().plus_millis(rest + 1));
        }
        let failed = |error: crate::Error| Stop::Failed(told(&error));
        let now = self.told_now();
        let session = self.session(now).map_err(failed)?;
        let connections = self.twins.connections(session.folder.systems.values());
        let progress = Arc::new(Progress::new("objects read", None, Look::Silent));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .map_err(|error| Stop::Failed(format!("cannot start the tasks that read systems: {error}")))?;
        let mut prepared = runtime
            .block_on(Prepared::over(connections, session, record.recorded, From::Systems(&progress)))
            .map_err(failed)?;
        // Worlds are played side by side, each by one thread.
        prepared.workers = &Alone;
        process.boundary(self)?;
        if !prepared.settlement.events.is_empty() {
            let events = prepared.settlement.events.clone();
            self.tell(format!("what was in doubt is settled by looking: {} of the calls", events.len()));
            process.record(self, &events)?;
        }
        if let Some(run) = prepared.recorded.unfinished {
            let status = "killed".to_owned();
            process.record(self, &[Event::RunFinished { run, counts: BTreeMap::new(), status }])?;
        }
        let planned = prepared.plan(&[]).map_err(failed)?;
        let mut plan = planned.plan;
        let lifted = approve(&mut plan, &planned.watches, &prepared, options.approve);
        let held = plan.held().len();
        self.tell(summary(&plan, held));
        let nothing = plan.changes.len() == held && plan.facts.is_empty() && lifted.uses.is_empty();
        if nothing {
            applied.plan = Some(plan);
            return Ok(());
        }
        let run = Symbol::new(&format!("run-{}", self.runs));
        applied.run = Some(run);
        let (limits, in_force) = prepared.in_force(&plan);
        let started = RunStarted {
            run,
            actor: "simulation".to_owned(),
            host: "here".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: vec!["apply".to_owned()],
            commit: None,
            clean: None,
            plan: plan.digest,
            undoes: None,
            limits,
            populations: BTreeMap::new(),
            in_force: Some(in_force),
            approvals: Some(approvals::rules_after(&prepared, &plan)),
        };
        let connected = prepared.connected();
        let stopped = {
            let mut machine = Apply::new(&plan, &prepared.recorded, Box::new(planned.resolver), connected, started);
            machine.watch(planned.watches);
            // As with a store that is far away, every other time.
            if self.runs % 2 == 1 {
                machine.gather(FAR);
            }
            machine.approvals(lifted.uses.iter().map(|used| used.event(run)));
            (options.meanwhile)(&self.twins);
            self.drive(process, &mut machine, &plan, &prepared)
        };
        applied.plan = Some(plan);
        let report = stopped?;
        if let Status::Fatal(error) = &report.status {
            let error = error.clone();
            applied.report = Some(report);
            return Err(Stop::Failed(error));
        }
        applied.report = Some(report);
        Ok(())
    }
}

/// `apply: 3 changes, 1 held by mass-removal; approved: irreversible`.
fn summary(plan: &Plan, held: usize) -> String {
    let codes = |severity: Severity| {
        let of = plan.findings.iter().filter(|finding| finding.severity == severity);
        let codes: BTreeSet<&str> = of.map(|finding| finding.code.as_str()).collect();
        codes.into_iter().collect::<Vec<_>>().join(", ")
    };
    let mut text = format!("apply: {} changes", plan.changes.len());
    let (holds, approved) = (codes(Severity::Holds), codes(Severity::Approved));
    if !holds.is_empty() {
        text.push_str(&format!(", {held} held by {holds}"));
    }
    if !approved.is_empty() {
        text.push_str(&format!("; approved: {approved}"));
    }
    text
}

/// What an error says, on one line.
pub(super) fn told(error: &crate::Error) -> String {
    match error {
        crate::Error::Configuration { files, diagnostics } => {
            let each = diagnostics.iter().map(|wrong| {
                let place = wrong.span.map(|span| format!("{}: ", files.place(span))).unwrap_or_default();
                format!("{place}{}", wrong.message)
            });
            each.collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

/// Lets somebody approve what safeguards hold, as `tenure approve` and `apply --approval` do: which deactivation goes
/// first is judged by what the other approvals let go.
fn approve(plan: &mut Plan, watches: &[Watch], prepared: &Prepared, yes: &dyn Fn(&Finding) -> bool) -> Lifted {
    let mut lifted = Lifted::default();
    for first in [false, true] {
        let now = prepared.folder.now;
        let given =
            approvals_of(plan, now, |finding| (finding.code == Code::FirstDeactivation) == first && yes(finding));
        lifted.uses.extend(lift(plan, &given, &prepared.recorded, now).unwrap_or_default().uses);
        if !given.is_empty() {
            prepared.judge_again(watches, plan);
        }
    }
    lifted
}

fn approvals_of(plan: &Plan, now: Timestamp, yes: impl Fn(&Finding) -> bool) -> Vec<Given> {
    let holding = plan.findings.iter().filter(|finding| finding.severity == Severity::Holds);
    let approved = holding.filter(|finding| finding.code.unapprovable().is_none() && yes(finding));
    let codes: BTreeSet<Code> = approved.map(|finding| finding.code).collect();
    let draw_up = |finding| {
        let said = Said {
            finding,
            only: &[],
            reason: "simulated",
            by: "somebody else".to_owned(),
            host: "here".to_owned(),
            at: now,
            expires: now.plus_millis(3_600_000),
        };
        let approval = draw_up(plan, said).ok()?;
        let digest = Digest::of(&serde_json::to_vec(&approval).ok()?);
        Some(Given { approval, digest, signers: Vec::new() })
    };
    codes.into_iter().filter_map(draw_up).collect()
}
