//! `tenure apply`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use engine::apply::{Apply, Report, Status};
use engine::guard::Observing;
use state::record::{Event, Recorded, RunStarted};
use state::{Address, Commit, Plan, Severity, Symbol, Timestamp};

use super::{question, stale, undo};
use crate::cli::plan::Shown;
use crate::cli::{ApplyArgs, Global};
use crate::driver::{self, Connection, Ended, Gate, Interrupts, Look, Progress};
use crate::edge::{Clock, Head, Journal, Record, SystemClock, provenance, snapshot};
use crate::session::prepare::{From, Prepared};
use crate::session::{Session, approvals, connect, doubts};
use crate::telemetry::{self, Said};
use crate::{Error, Exit, approvalfile, planfile, render};

/// A clock this far behind the record is wrong, not merely adjusted.
const BEHIND: i64 = 5_000;
/// Milliseconds after which somebody has waited for the lock.
const WAITED: i64 = 1_000;

/// Carries a plan out, under the lock on the state file.
pub fn run(global: &Global, args: &ApplyArgs) -> Result<Exit, Error> {
    Ok(carry_out(global, args, &args.shown(), None, Doubts::Settled)?.exit)
}

/// How an apply ended.
pub(super) struct Carried {
    pub exit: Exit,
    /// What was changed, all of it as planned; sorted.
    pub done: Vec<Address>,
}

/// What becomes of what an earlier run left in doubt, where looking will tell soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubts {
    /// It is waited for.
    Settled,
    /// It is left alone, and keeps nothing waiting that it does not touch: whoever asks comes again.
    Left {
        /// When nobody held the lock: whoever left something in doubt before that was dead by then.
        free: Option<Timestamp>,
    },
}

/// Nothing was begun.
impl std::convert::From<Exit> for Carried {
    fn from(exit: Exit) -> Carried {
        Carried { exit, done: Vec::new() }
    }
}

/// Carries a plan out; `undo` names the run that is undone instead of what the files want.
pub(super) fn carry_out(
    global: &Global,
    args: &ApplyArgs,
    shown: &Shown,
    undo: Option<&str>,
    doubts: Doubts,
) -> Result<Carried, Error> {
    let saved = args.file.as_deref().map(|file| planfile::read(file, args.identity.as_deref())).transpose()?;
    let approvals = approvals::read(&args.approval)?;
    let kept = saved.as_ref().and_then(|plan| plan.undoes.as_ref());
    let undo = kept.map(|undoes| undoes.run.as_str()).or(undo).map(str::to_owned);
    let session = Session::open(global)?;
    let store = session.folder.store()?;
    if !store.exists()? {
        return Err(session.folder.no_state().hint(
            "`tenure init` starts one. If there was one, do not: put it back first; a lost state must not look like a \
             first run",
        ));
    }
    // Asked before the lock is taken: a program that is started holds it too until it has begun, and outlives a kill.
    let commit = provenance::commit(&session.folder.path);
    let expected: Vec<Head> = saved.iter().zip(&args.file).map(|(plan, path)| head_of(plan, path)).collect();
    let (mut session, (lock, locked, record)) = session.beside(|folder| {
        let mut lock = store.lock(&provenance::holder("apply", folder.now), global.lock_timeout)?;
        let locked = SystemClock.now();
        let record = Record::lock(&*store, &mut *lock, &expected)?;
        Ok((lock, locked, record))
    })?;
    // What is in doubt may have to be waited for.
    if session.folder.now.plus_millis(WAITED) < locked || record.recorded.open.iter().next().is_some() {
        session = anew(global, &session)?;
    }
    if let Some((line, bytes)) = record.torn {
        render::note(&format!(
            "line {line} of the state file was never finished ({bytes} bytes): the next write keeps it aside"
        ));
    }
    check_clock(&record.recorded, session.folder.now)?;
    let undo = undo.map(|run| Ok::<_, Error>((run, store.load()?))).transpose()?;
    let journal = Journal::start(lock, record.chain, Arc::new(SystemClock))?;
    let runtime = super::runtime()?;
    let given = Given { saved, approvals, commit };
    let recorded = (record.recorded, locked, doubts);
    let applied = runtime.block_on(apply(session, recorded, (args, shown), given, undo, &journal));
    journal.close()?;
    snapshot::refresh(&*store, snapshot::LINES).unwrap_or_else(|failure| render::note(&failure.whole()));
    applied
}

/// The configuration and the time as they are now. Whoever waited for the lock, or for what is in doubt, plans by them, not by those of before:
/// others wrote to the record meanwhile, and a clock that was read before would look as if it were behind.
fn anew(global: &Global, before: &Session) -> Result<Session, Error> {
    let session = Session::open(global)?;
    let (was, is) = (before.folder.place.to_string(), session.folder.place.to_string());
    if was != is {
        return Err(Error::new(format!("while this waited for the lock on {was}, the settings came to name {is}"))
            .hint("nothing was changed; apply again"));
    }
    Ok(session)
}

/// What an apply is handed beside its arguments.
struct Given {
    saved: Option<Plan>,
    approvals: Vec<(PathBuf, approvalfile::Read)>,
    /// The commit of the configuration.
    commit: Option<Commit>,
}

async fn apply(
    mut session: Session,
    (mut recorded, locked, doubts): (Recorded, Timestamp, Doubts),
    (args, shown): (&ApplyArgs, &Shown),
    Given { saved, approvals, commit }: Given,
    undo: Option<(String, Vec<u8>)>,
    journal: &Journal,
) -> Result<Carried, Error> {
    if recorded.open.iter().next().is_some() {
        let connections = session.connections()?;
        doubts::hasten(&mut recorded, &connections, locked);
        if let Doubts::Left { free: Some(free) } = doubts
            && recorded.open.iter().all(|open| open.at < free)
        {
            doubts::hasten(&mut recorded, &connections, free);
        }
        if doubts == Doubts::Settled {
            doubts::wait(&mut session, &recorded).await;
        }
    }
    let progress = Arc::new(Progress::reading(&recorded, Look::detect()));
    let prepared = Prepared::new(session, recorded, From::Systems(&progress)).await?;
    progress.finish();
    clear_up(&prepared, journal).await?;
    let undone = undo.map(|(run, lines)| undo::done(&run, &lines, &prepared)).transpose()?;
    let kept = saved.as_ref().and_then(|plan| plan.undoes.as_ref()).map(|undoes| &undoes.targets);
    let planned = match &undone {
        Some(done) => prepared.undo(kept.unwrap_or(&args.target), done)?,
        None => prepared.plan(&args.target)?,
    };
    let mut plan = planned.plan;
    plan.commit = commit.clone();
    if let Some(done) = &undone {
        undo::refuse(&plan, done)?;
    }
    if let Some(saved) = saved.as_ref().filter(|saved| saved.digest != plan.digest) {
        return Ok(stale::hold(saved.clone(), &plan, shown)?.into());
    }
    let lifted = approvals::apply(&mut plan, &planned.watches, &approvals, &prepared)?;
    match &saved {
        None => render::plan::print(&plan, shown)?,
        // It was shown before; what is held is said once more.
        Some(saved) if !shown.json => render::plan::print_held(&plan, saved, shown)?,
        Some(_) => {}
    }
    let held: BTreeSet<u32> = plan.held().into_iter().collect();
    let exit =
        if plan.findings.iter().any(|finding| finding.severity == Severity::Holds) { Exit::Held } else { Exit::Done };
    let doing = plan.changes.len() - held.len();
    if doing == 0 && plan.facts.is_empty() && lifted.uses.is_empty() {
        return Ok(exit.into());
    }
    let visible = doing > 0 || !lifted.uses.is_empty() || render::plan::shows_facts(&plan);
    if visible && saved.is_none() && !args.auto_approve && !question::confirmed(&plan)? {
        render::note("nothing was changed");
        return Ok(Exit::Failed.into());
    }
    let (systems, refused) = connect_all(&prepared, &plan, &held).await;
    for (system, error) in &refused {
        render::note(&format!("system.{system} cannot be written to: {error}"));
    }
    let mut connected = prepared.connected();
    connected.retain(|name, _| systems.contains_key(name));
    for system in connected.values_mut() {
        let most = args.parallelism.map_or(usize::MAX, usize::from);
        system.capabilities.concurrency = system.capabilities.concurrency.min(most);
    }
    let started = started(&prepared, &plan, commit)?;
    let run = started.run;
    let mut machine = Apply::new(&plan, &prepared.recorded, Box::new(planned.resolver), connected, started);
    machine.watch(planned.watches);
    machine.approvals(lifted.uses.iter().map(|used| used.event(run)));
    let mut interrupts =
        Interrupts::listen().map_err(|error| Error::new(format!("cannot listen for Ctrl-C: {error}")))?;
    let progress = Progress::new("changes", Some(doing as u64), Look::detect());
    let span = telemetry::step("apply");
    let ended = driver::run(&mut machine, &systems, journal, &SystemClock, &mut interrupts, &progress).await;
    match ended {
        Ended::Finished(report) => {
            tell(span, run, &report);
            if !shown.json {
                render::report::print(&plan, &report, run, shown.full)?;
            }
            let exit = exit_of(&report, exit);
            if undone.is_some() && !undo::check(&prepared, &plan, &report, run, shown.json).await? {
                return Ok(Exit::Failed.into());
            }
            Ok(Carried { exit, done: done(&plan, &report) })
        }
        Ended::Stopped => Err(Error::new("stopped with calls in flight")
            .hint("what they did is settled by the next apply, which looks before it does anything else")),
    }
}

/// What carrying out a plan came to, for whoever traces the run.
pub fn tell(mut span: telemetry::Span, run: Symbol, report: &Report) {
    span.say("tenure.run", || run.as_str());
    for (word, count) in &report.counts {
        span.say(&format!("tenure.{word}"), || Said::Number(*count));
    }
    if matches!(exit_of(report, Exit::Done), Exit::Failed) {
        span.fail();
    }
}

/// The addresses all of whose changes are done.
fn done(plan: &Plan, report: &Report) -> Vec<Address> {
    let mut all: BTreeMap<Address, bool> = BTreeMap::new();
    for (change, fate) in plan.changes.iter().zip(&report.fates) {
        all.entry(change.address).and_modify(|done| *done &= fate.is_done()).or_insert(fate.is_done());
    }
    all.into_iter().filter(|(_, done)| *done).map(|(address, _)| address).collect()
}

fn exit_of(report: &Report, otherwise: Exit) -> Exit {
    match report.status {
        Status::Done => otherwise,
        Status::Held => Exit::Held,
        Status::Failed | Status::Interrupted | Status::Fatal(_) => Exit::Failed,
    }
}

fn head_of(plan: &Plan, path: &std::path::Path) -> Head {
    Head { line: plan.head_line, digest: plan.head, known_from: path.display().to_string() }
}

/// With a clock behind the record, what is over and what has begun cannot be told.
pub(crate) fn check_clock(recorded: &Recorded, now: Timestamp) -> Result<(), Error> {
    if now.plus_millis(BEHIND) >= recorded.last {
        return Ok(());
    }
    Err(Error::new(format!("this computer's clock says {now}, but the record was last written at {}", recorded.last))
        .hint("set the clock right; nothing was changed"))
}

/// Writes down what looking settled, where nothing is applied that would do so along with it. Who holds the lock meanwhile,
/// or wrote to the record since it was read, settles it by himself.
pub(super) async fn settle(prepared: &Prepared) -> Result<(), Error> {
    let store = prepared.folder.store()?;
    let Ok(mut lock) = store.lock(&provenance::holder("watch", prepared.folder.now), Duration::ZERO) else {
        return Ok(());
    };
    let record = Record::lock(&*store, &mut *lock, &[])?;
    check_clock(&record.recorded, prepared.folder.now)?;
    if record.recorded.head != prepared.recorded.head {
        return Ok(());
    }
    let journal = Journal::start(lock, record.chain, Arc::new(SystemClock))?;
    let cleared = clear_up(prepared, &journal).await;
    journal.close()?;
    cleared
}

/// What an earlier run left: what looking settled is written down, and the run is ended where it was killed.
async fn clear_up(prepared: &Prepared, journal: &Journal) -> Result<(), Error> {
    if !prepared.settlement.events.is_empty() {
        journal.record(prepared.settlement.events.clone()).await?;
        let settled = prepared.settlement.events.len();
        render::note(&format!("what an earlier run left in doubt was settled by looking: {settled} of its calls"));
    }
    match prepared.recorded.unfinished {
        Some(run) => end_killed(prepared, run, journal).await,
        None => Ok(()),
    }
}

/// A run that was killed gets its end in the record; before that, systems tidy up what it left, as at the end of any
/// run (a directory's files take over its log).
async fn end_killed(prepared: &Prepared, run: Symbol, journal: &Journal) -> Result<(), Error> {
    let mut untidy = false;
    let observing = Observing::new(&prepared.configuration);
    let read = |own: &&connect::Connection| prepared.readings.contains_key(&own.name);
    for connection in prepared.connections.iter().filter(read) {
        if observing.is_whole(connection.name) {
            continue;
        }
        let closed = match connection.provider.writer(connection.settings.clone()).await {
            Ok(writer) => writer.close().await,
            Err(error) => Err(error),
        };
        if let Err(error) = closed {
            untidy = true;
            render::note(&format!("system.{}, which run {run} may have left untidy: {error}", connection.name));
        }
    }
    if !untidy {
        let status = "killed".to_owned();
        journal.record(vec![Event::RunFinished { run, counts: BTreeMap::new(), status }]).await?;
    }
    Ok(())
}

/// Readers and writers of the systems that the plan changes.
async fn connect_all(
    prepared: &Prepared,
    plan: &Plan,
    held: &BTreeSet<u32>,
) -> (BTreeMap<Symbol, Connection>, Vec<(Symbol, String)>) {
    let changed: BTreeSet<Symbol> = (0u32..)
        .zip(&plan.changes)
        .filter(|(number, _)| !held.contains(number))
        .filter_map(|(_, change)| change.address.system())
        .collect();
    let mut systems = BTreeMap::new();
    let mut refused = Vec::new();
    for connection in prepared.connections.iter().filter(|connection| changed.contains(&connection.name)) {
        let (Some(reader), Some(reading)) =
            (prepared.readers.get(&connection.name), prepared.readings.get(&connection.name))
        else {
            continue;
        };
        match writer(prepared, connection).await {
            Ok(writer) => {
                let deadline = Duration::from_millis(reading.capabilities.deadline.max(1));
                let reader = Arc::clone(reader);
                systems.insert(connection.name, Connection { reader, writer, deadline });
            }
            Err(error) => refused.push((connection.name, error.whole())),
        }
    }
    (systems, refused)
}

/// A writer of a system; of one that is only observed behind a gate.
async fn writer(
    prepared: &Prepared,
    connection: &connect::Connection,
) -> Result<Arc<dyn providers::Writer>, providers::ConnectError> {
    let observing = Observing::new(&prepared.configuration);
    let make = || connection.provider.writer(connection.settings.clone());
    if !observing.covers(Address::System(connection.name)) {
        return Ok(Arc::from(make().await?));
    }
    let writer = if observing.is_whole(connection.name) { None } else { Some(Arc::from(make().await?)) };
    let closed = Box::new(move |address: Address| observing.covers(address));
    Ok(Arc::new(Gate { writer, closed }))
}

/// The id of a run that begins now.
pub(super) fn run_id(now: Timestamp) -> Result<Symbol, Error> {
    let mut random = [0; 4];
    getrandom::fill(&mut random)
        .map_err(|error| Error::new(format!("the operating system gives no random numbers: {error}")))?;
    let run = format!("{}-{:08x}", now.to_jiff().strftime("%Y%m%dT%H%M%SZ"), u32::from_be_bytes(random));
    Ok(Symbol::new(&run))
}

fn started(prepared: &Prepared, plan: &Plan, commit: Option<Commit>) -> Result<RunStarted, Error> {
    let (limits, in_force) = prepared.in_force(plan);
    Ok(RunStarted {
        run: run_id(prepared.folder.now)?,
        actor: provenance::actor(),
        host: provenance::host(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command: provenance::command(),
        clean: commit.as_ref().map(|commit| commit.clean),
        commit: commit.map(|commit| commit.id),
        plan: plan.digest,
        undoes: plan.undoes.as_ref().map(|undoes| undoes.run),
        limits,
        populations: BTreeMap::new(),
        in_force: Some(in_force),
        approvals: Some(approvals::rules_after(prepared, plan)),
    })
}
