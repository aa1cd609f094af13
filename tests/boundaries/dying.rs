//! A run that aborts where it is told to: the machine and the driver of `tenure apply`, between a record and writers
//! that count.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Parser as _;
use engine::apply::Apply;
use providers::{Announce, ConnectError, Writer};
use state::record::{Event, RunStarted};
use state::{Order, Outcome};
use tenure::cli::Cli;
use tenure::driver::{self, Connection, Ended, Interrupts, Look, Progress, Recording};
use tenure::edge::{Journal, Record, SystemClock, provenance};
use tenure::session::prepare::{From, Prepared};
use tenure::session::{Session, approvals};

/// The variable that says where the run dies.
pub const AT: &str = "BOUNDARY";
/// The file with the approval that a run needs.
pub const APPROVAL: &str = "approval";
/// The file that a run leaves that came to its end.
pub const COUNTS: &str = "counts";

/// A boundary: the `n`th line that is written, or the `n`th call that is made; from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum At {
    Line { n: usize, after: bool },
    Call { n: usize, after: bool },
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |after: &bool| if *after { "after" } else { "before" };
        match self {
            At::Line { n, after } => write!(f, "line {n} {}", side(after)),
            At::Call { n, after } => write!(f, "call {n} {}", side(after)),
        }
    }
}

impl FromStr for At {
    type Err = ();
    fn from_str(text: &str) -> Result<At, ()> {
        let words: Vec<&str> = text.split(' ').collect();
        let [kind, n, side] = words[..] else { return Err(()) };
        let (n, after) = (n.parse().map_err(|_| ())?, side == "after");
        Ok(if kind == "line" { At::Line { n, after } } else { At::Call { n, after } })
    }
}

/// What a run did.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    pub lines: usize,
    pub calls: usize,
}

impl FromStr for Counts {
    type Err = ();
    fn from_str(text: &str) -> Result<Counts, ()> {
        let (lines, calls) = text.split_once(' ').ok_or(())?;
        Ok(Counts { lines: lines.parse().map_err(|_| ())?, calls: calls.parse().map_err(|_| ())? })
    }
}

/// Where it dies, and how far it is.
struct Death {
    at: Option<At>,
    lines: AtomicUsize,
    calls: AtomicUsize,
}

impl Death {
    fn comes(&self, at: At) {
        if self.at == Some(at) {
            std::process::abort();
        }
    }
}

/// The state file, up to a line.
struct Dying<'a> {
    journal: &'a Journal,
    death: Arc<Death>,
}

impl Recording for Dying<'_> {
    async fn record(&self, events: Vec<Event>) -> Result<(), String> {
        // Line by line only around the one that counts: the others keep their common flush.
        let first = self.death.lines.fetch_add(events.len(), Ordering::Relaxed);
        let place = match self.death.at {
            Some(At::Line { n, .. }) if (first..first + events.len()).contains(&n) => n - first,
            _ => return Recording::record(self.journal, events).await,
        };
        let n = first + place;
        let mut before = events;
        let mut own = before.split_off(place);
        own.truncate(1);
        if !before.is_empty() {
            Recording::record(self.journal, before).await?;
        }
        self.death.comes(At::Line { n, after: false });
        Recording::record(self.journal, own).await?;
        self.death.comes(At::Line { n, after: true });
        Err("the run is to be dead by now".to_owned())
    }
}

/// A writer, up to a call.
struct DyingWriter {
    writer: Box<dyn Writer>,
    death: Arc<Death>,
}

#[async_trait::async_trait]
impl Writer for DyingWriter {
    async fn execute(&self, orders: &[Order], announce: &dyn Announce) -> Vec<Outcome> {
        let n = self.death.calls.fetch_add(1, Ordering::Relaxed);
        self.death.comes(At::Call { n, after: false });
        let outcomes = self.writer.execute(orders, announce).await;
        self.death.comes(At::Call { n, after: true });
        outcomes
    }

    async fn close(&self) -> Result<(), ConnectError> {
        self.writer.close().await
    }
}

/// Plans and applies in the current folder, and dies where the environment says.
pub fn run() {
    let at = std::env::var(AT).expect("called by the tests of this file");
    let death = Arc::new(Death { at: at.parse().ok(), lines: AtomicUsize::new(0), calls: AtomicUsize::new(0) });
    let global = Cli::try_parse_from(["tenure", "apply"]).unwrap().global;
    let session = Session::open(&global).unwrap();
    let store = session.folder.store().unwrap();
    let mut lock = store.lock(&provenance::holder("apply", session.folder.now), Duration::ZERO).unwrap();
    let record = Record::lock(&*store, &mut *lock, &[]).unwrap();
    let journal = Journal::start(lock, record.chain, Arc::new(SystemClock)).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let recorded = record.recorded;
    runtime.block_on(async {
        let progress = Arc::new(Progress::new("objects read", None, Look::Silent));
        let prepared = Prepared::new(session, recorded, From::Systems(&progress)).await.unwrap();
        let planned = prepared.plan(&[]).unwrap();
        let mut plan = planned.plan;
        let given: Vec<PathBuf> = Some(APPROVAL.into()).filter(|path: &PathBuf| path.exists()).into_iter().collect();
        let given = approvals::read(&given).unwrap();
        let lifted = approvals::apply(&mut plan, &planned.watches, &given, &prepared).unwrap();
        assert_eq!(plan.held(), [0; 0], "{:?}", plan.findings);
        let mut systems = BTreeMap::new();
        for connection in &prepared.connections {
            let reader = Arc::clone(&prepared.readers[&connection.name]);
            let writer = connection.provider.writer(connection.settings.clone()).await.unwrap();
            let writer = Arc::new(DyingWriter { writer, death: Arc::clone(&death) });
            let deadline = prepared.readings[&connection.name].capabilities.deadline;
            let deadline = Duration::from_millis(deadline);
            systems.insert(connection.name, Connection { reader, writer, deadline });
        }
        let started = RunStarted {
            run: "dies".into(),
            actor: "tester".into(),
            host: "here".into(),
            version: "0".into(),
            command: Vec::new(),
            commit: None,
            clean: None,
            plan: plan.digest,
            limits: BTreeMap::new(),
            populations: BTreeMap::new(),
            approvals: None,
            in_force: None,
            undoes: None,
        };
        let resolver = Box::new(planned.resolver);
        let run = started.run;
        let mut machine = Apply::new(&plan, &prepared.recorded, resolver, prepared.connected(), started);
        machine.watch(planned.watches);
        machine.approvals(lifted.uses.iter().map(|used| used.event(run)));
        let (_sender, mut interrupts) = Interrupts::manual();
        let recording = Dying { journal: &journal, death: Arc::clone(&death) };
        let ended = driver::run(&mut machine, &systems, &recording, &SystemClock, &mut interrupts, &progress).await;
        let Ended::Finished(report) = ended else { panic!("stopped") };
        assert!(report.fates.iter().all(engine::apply::Fate::is_done), "{report:?}");
    });
    journal.close().unwrap();
    let counts = format!("{} {}", death.lines.load(Ordering::Relaxed), death.calls.load(Ordering::Relaxed));
    std::fs::write(COUNTS, counts).unwrap();
}
