//! What applying itself costs: a plan of many creations against a system that answers at once, 32 calls in flight.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::apply::resolve::Nothing;
use engine::apply::{Apply, Connected, Status};
use providers::{Announce, Ask, ReadError, Reader, Writer};
use state::record::{Event, Recorded, RunStarted};
use state::*;
use tenure::driver::{self, Connection, Ended, Interrupts, Look, Progress, Recording};
use tenure::edge::{Clock, FileStore, Holder, Journal, Record, Store, SystemClock, init};

/// Makes whatever it is asked to, at once.
struct Instantly;

#[async_trait::async_trait]
impl Reader for Instantly {
    async fn describe(&self) -> Result<(Schema, Capabilities), ReadError> {
        Ok((Schema::default(), Capabilities::default()))
    }
    async fn inventory(&self, ask: &Ask<'_>) -> Result<Observed, ReadError> {
        Ok(Observed::new(Complete::proved("nothing", ask.now), vec![], vec![], vec![], vec![]))
    }
    async fn read(&self, targets: &[Target]) -> Result<Vec<Presence>, ReadError> {
        Ok(vec![Presence::Gone; targets.len()])
    }
}

#[async_trait::async_trait]
impl Writer for Instantly {
    async fn execute(&self, orders: &[Order], _: &dyn Announce) -> Vec<Outcome> {
        let id = |order: &Order| order.address.holder().unwrap();
        orders.iter().map(|order| Outcome::Done(Object::new(id(order), order.after.clone()))).collect()
    }
}

/// A record that keeps nothing.
struct Nowhere;

impl Recording for Nowhere {
    async fn record(&self, _: Vec<Event>) -> Result<(), String> {
        Ok(())
    }
}

fn creations(count: usize) -> Plan {
    let change = |n: usize| {
        let holder = Symbol::new(&format!("E{n:07}"));
        let names = ["department", "login", "mail", "name", "title"];
        let after = names.map(|name| (Symbol::new(name), Wanted::Known(Value::Text(holder))));
        Change {
            address: Address::Account { system: "memory".into(), holder },
            action: Action::Create,
            before: None,
            after: Box::new(after),
            reasons: Box::new([ReasonId(0)]),
            allocated: Box::default(),
            until: None,
            undo: Undo::AnyTime,
        }
    };
    let batch = |n: u32| Batch { system: "memory".into(), changes: n..n + 1, target: None, after: vec![] };
    Plan {
        digest: Digest::ZERO,
        made: Timestamp::from_millis(0),
        inputs: BTreeMap::new(),
        lineage: "l".into(),
        head: Digest::ZERO,
        head_line: 0,
        commit: None,
        undoes: None,
        systems: BTreeMap::new(),
        names: BTreeMap::new(),
        reasons: vec![Reason { because: "role.employee".into(), place: Some("roles.hcl:12".into()) }],
        facts: vec![],
        changes: (0..count).map(change).collect(),
        batches: (0..count as u32).map(batch).collect(),
        findings: vec![],
    }
}

async fn apply(plan: &Plan, recording: &impl Recording) {
    let capabilities = Capabilities { concurrency: 32, visibility: 0, ..Capabilities::default() };
    let connection = Connection::new(Box::new(Instantly), Box::new(Instantly), &capabilities);
    let connected = Connected { schema: Schema::default(), capabilities, max_failures: 0 };
    let started = RunStarted {
        run: "20261127T090000Z-4f2a1c3d".into(),
        actor: "bench".into(),
        host: "here".into(),
        version: "0".into(),
        command: vec![],
        commit: None,
        clean: None,
        plan: Digest::ZERO,
        undoes: None,
        limits: BTreeMap::new(),
        populations: BTreeMap::new(),
        in_force: None,
        approvals: None,
    };
    let recorded = Recorded::default();
    let connected = BTreeMap::from([("memory".into(), connected)]);
    let mut machine = Apply::new(plan, &recorded, Box::new(Nothing), connected, started);
    let systems = BTreeMap::from([("memory".into(), connection)]);
    let (_hold, mut interrupts) = Interrupts::manual();
    let progress = Progress::new("changes", Some(plan.changes.len() as u64), Look::Silent);
    let ended = driver::run(&mut machine, &systems, recording, &SystemClock, &mut interrupts, &progress).await;
    let Ended::Finished(report) = ended else { panic!("stopped") };
    let all = BTreeMap::from([("done", plan.changes.len() as u64)]);
    let counts = report.counts.iter().map(|(word, count)| (&**word, *count)).collect::<BTreeMap<_, _>>();
    assert_eq!((&report.status, &counts), (&Status::Done, &all), "{:?}", report.fates.first());
}

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Microseconds of processor time that machine and driver take for a change, apart from the record.
    pub driver: f64,
    /// Bytes a change that a run takes at most, beside its plan.
    pub memory: f64,
    /// Changes a second with every intent and outcome durable in a state file.
    pub durable: f64,
}

/// Measures a plan of `count` changes. Memory is told rightly only in a process that did nothing else before.
pub fn measure(place: &Path, count: usize) -> Rate {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let plan = creations(count);
    let (before, busy) = (resident("VmRSS:"), processor());
    runtime.block_on(apply(&plan, &Nowhere));
    let driver = (processor() - busy).as_secs_f64() * 1e6 / count as f64;
    let memory = resident("VmHWM:").saturating_sub(before) as f64 * 1024.0 / count as f64;

    let folder = tempfile::tempdir_in(place).unwrap();
    let path = folder.path().join("bench.tenure");
    let store = FileStore::new(&path);
    init::create(&store, &path.with_extension("key"), SystemClock.now()).unwrap();
    let since = SystemClock.now();
    let holder = Holder { user: "bench".into(), host: "here".into(), pid: 1, since, command: String::new() };
    let mut session = store.lock(&holder, Duration::ZERO).unwrap();
    let record = Record::lock(&store, &mut *session, &[]).unwrap();
    let journal = Journal::start(session, record.chain, Arc::new(SystemClock)).unwrap();
    let start = Instant::now();
    runtime.block_on(apply(&plan, &journal));
    journal.close().unwrap();
    Rate { driver, memory, durable: count as f64 / start.elapsed().as_secs_f64() }
}

/// Processor time that this process took, to the hundredth of a second (Linux).
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let numbers = stat.rsplit(')').next().unwrap_or("").split_whitespace();
    let ticks: u64 = numbers.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// Memory of this process in KiB (Linux).
fn resident(which: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(which)).unwrap();
    line.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap()
}
