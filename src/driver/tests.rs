//! The loop against a system in memory: concurrency, deadlines, panics, Ctrl-C.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use engine::apply::resolve::Nothing;
use engine::apply::{Apply, Connected, Fate, Report, Status};
use providers::{Announce, Ask, ReadError, Reader, Writer};
use state::record::{Event, Recorded, RunStarted};
use state::*;

use super::*;
use crate::edge::SystemClock;

/// Makes whatever it is asked to; `slow` never ends in time, `mad` panics.
#[derive(Default)]
struct Memory {
    in_flight: AtomicUsize,
    most: AtomicUsize,
    calls: AtomicUsize,
    /// In their order.
    committed: Mutex<Vec<String>>,
}

struct Half(std::sync::Arc<Memory>);

#[async_trait::async_trait]
impl Reader for Half {
    async fn describe(&self) -> Result<(Schema, Capabilities), ReadError> {
        Ok((Schema::default(), Capabilities::default()))
    }
    async fn inventory(&self, ask: &Ask<'_>) -> Result<Observed, ReadError> {
        let Ask { now, progress, .. } = *ask;
        progress(3);
        Ok(Observed::new(Complete::proved("memory", now), vec![], vec![], vec![], vec![]))
    }
    async fn read(&self, targets: &[Target]) -> Result<Vec<Presence>, ReadError> {
        Ok(vec![Presence::Gone; targets.len()])
    }
}

#[async_trait::async_trait]
impl Writer for Half {
    async fn execute(&self, orders: &[Order], announce: &dyn Announce) -> Vec<Outcome> {
        let transaction = format!("t-{}", orders[0].address.holder().unwrap());
        if let Err(error) = announce.transaction(Symbol::new(&transaction)).await {
            return vec![Outcome::Refused { error, retry_after: None }; orders.len()];
        }
        self.0.committed.lock().unwrap().push(transaction);
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        let now = self.0.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most.fetch_max(now, Ordering::SeqCst);
        let holder = orders[0].address.holder().unwrap();
        assert!(holder != "mad", "a provider that panics");
        let wait = if holder == "slow" { 60_000 } else { 2 };
        tokio::time::sleep(Duration::from_millis(wait)).await;
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
        let id = |order: &Order| format!("id-{}", order.address.holder().unwrap());
        orders.iter().map(|order| Outcome::Done(Object::new(id(order), order.after.clone()))).collect()
    }
}

#[derive(Default)]
struct Lines(Mutex<Vec<Event>>, /** No transaction can be recorded. */ bool);

impl Recording for Lines {
    async fn record(&self, events: Vec<Event>) -> Result<(), String> {
        tokio::task::yield_now().await;
        if self.1 && events.iter().any(|event| matches!(event, Event::Transaction { .. })) {
            return Err("no space left on device".into());
        }
        self.0.lock().unwrap().extend(events);
        Ok(())
    }
}

fn creations(holders: &[String]) -> Plan {
    let change = |holder: &String| Change {
        address: Address::Account { system: "memory".into(), holder: holder.into() },
        action: Action::Create,
        before: None,
        after: Box::new([("login".into(), Wanted::Known(Value::text(holder)))]),
        reasons: Box::default(),
        allocated: Box::default(),
        until: None,
        undo: Undo::AnyTime,
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
        reasons: vec![],
        facts: vec![],
        changes: holders.iter().map(change).collect(),
        batches: (0..holders.len() as u32).map(batch).collect(),
        findings: vec![],
    }
}

struct Run {
    memory: std::sync::Arc<Memory>,
    lines: Lines,
    ended: Ended,
}

impl Run {
    fn report(&self) -> &Report {
        match &self.ended {
            Ended::Finished(report) => report,
            Ended::Stopped => panic!("stopped"),
        }
    }
}

/// Applies a plan that makes these accounts, with `concurrency` calls in flight and a deadline of 100 ms. `interrupts`
/// are sent 20 ms apart.
fn make(holders: &[&str], concurrency: usize, interrupts: usize) -> Run {
    make_with(holders, concurrency, interrupts, Lines::default())
}

fn make_with(holders: &[&str], concurrency: usize, interrupts: usize, lines: Lines) -> Run {
    let holders: Vec<String> = holders.iter().map(|holder| (*holder).to_owned()).collect();
    let plan = creations(&holders);
    let capabilities = Capabilities { concurrency, deadline: 100, visibility: 0, ..Capabilities::default() };
    let memory = std::sync::Arc::new(Memory::default());
    let half = || Half(std::sync::Arc::clone(&memory));
    let connection = Connection::new(Box::new(half()), Box::new(half()), &capabilities);
    let connected = Connected { schema: Schema::default(), capabilities, max_failures: 0 };
    let started = RunStarted {
        run: "r".into(),
        actor: String::new(),
        host: String::new(),
        version: String::new(),
        command: vec![],
        commit: None,
        clean: None,
        plan: plan.digest,
        undoes: None,
        limits: BTreeMap::new(),
        in_force: None,
        populations: BTreeMap::new(),
        approvals: None,
    };
    let recorded = Recorded::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ended = runtime.block_on(async {
        let connected = BTreeMap::from([("memory".into(), connected)]);
        let mut machine = Apply::new(&plan, &recorded, Box::new(Nothing), connected, started);
        let systems = BTreeMap::from([("memory".into(), connection)]);
        let (sender, mut listened) = Interrupts::manual();
        tokio::spawn(async move {
            for _ in 0..interrupts {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let _ = sender.send(());
            }
            std::future::pending::<()>().await;
        });
        let progress = Progress::new("changes", Some(plan.changes.len() as u64), Look::Silent);
        run(&mut machine, &systems, &lines, &SystemClock, &mut listened, &progress).await
    });
    Run { memory, lines, ended }
}

fn names(n: usize) -> Vec<String> {
    (0..n).map(|n| format!("p{n}")).collect()
}

#[test]
fn as_many_calls_are_in_flight_as_the_system_takes() {
    let holders = names(50);
    let run = make(&holders.iter().map(String::as_str).collect::<Vec<_>>(), 5, 0);
    assert_eq!(run.report().status, Status::Done);
    assert_eq!(run.memory.calls.load(Ordering::SeqCst), 50);
    assert_eq!(run.memory.most.load(Ordering::SeqCst), 5);
    let lines = run.lines.0.lock().unwrap();
    assert_eq!(lines.iter().filter(|line| matches!(line, Event::Intent { .. })).count(), 50);
    assert!(matches!(lines.last(), Some(Event::RunFinished { status, .. }) if status == "done"));
}

#[test]
fn a_transaction_is_in_the_record_before_it_is_committed_and_lost_with_it() {
    let holders = names(20);
    let holders: Vec<&str> = holders.iter().map(String::as_str).collect();
    let run = make(&holders, 4, 0);
    let lines = run.lines.0.lock().unwrap();
    let announced = lines.iter().filter_map(|line| match line {
        Event::Transaction { transaction, intents, .. } if intents.len() == 1 => Some(transaction.to_string()),
        _ => None,
    });
    let mut announced: Vec<String> = announced.collect();
    announced.sort();
    let mut committed = run.memory.committed.lock().unwrap().clone();
    committed.sort();
    assert_eq!(announced, committed);
    assert_eq!(announced.len(), 20);
    drop(lines);

    // The record fails at the first transaction: nothing is committed any more.
    let full = Lines(Mutex::default(), true);
    let run = make_with(&holders, 4, 0, full);
    assert!(matches!(run.report().status, Status::Fatal(_)), "{:?}", run.report());
    assert_eq!(*run.memory.committed.lock().unwrap(), Vec::<String>::new());
}

#[test]
fn a_call_beyond_its_deadline_or_a_provider_that_panics_leaves_a_doubt_and_others_go_on() {
    let run = make(&["slow", "mad", "ada"], 3, 0);
    let fates: Vec<String> = run.report().fates.iter().map(Fate::to_string).collect();
    insta::assert_snapshot!(fates.join("\n"), @r"
    in doubt: no answer within 0.1 s
    in doubt: the provider ended by an error of its own (this is a bug: please report it)
    done
    ");
}

#[test]
fn the_first_interrupt_finishes_what_is_under_way_and_the_second_stops() {
    let holders = names(500);
    let holders: Vec<&str> = holders.iter().map(String::as_str).collect();
    let run = make(&holders, 1, 1);
    assert_eq!(run.report().status, Status::Interrupted);
    let (done, not_done) = (run.report().counts["done"], run.report().counts["not_done"]);
    assert!(done > 0 && not_done > 0 && done + not_done == 500, "{done} {not_done}");
    assert_eq!(run.memory.calls.load(Ordering::SeqCst) as u64, done);

    let run = make(&["slow"], 1, 2);
    assert!(matches!(run.ended, Ended::Stopped));
    let lines = run.lines.0.lock().unwrap();
    assert!(matches!(lines.last(), Some(Event::Transaction { .. })), "the open intent tells the next run: {lines:?}");
}

/// Reads nothing: `fails` says that it could not, else panics.
struct Broken {
    fails: bool,
}

#[async_trait::async_trait]
impl Reader for Broken {
    async fn describe(&self) -> Result<(Schema, Capabilities), ReadError> {
        Ok((Schema::default(), Capabilities::default()))
    }
    async fn inventory(&self, _: &Ask<'_>) -> Result<Observed, ReadError> {
        assert!(self.fails, "a provider that panics");
        Err(ReadError { message: "401".into(), hint: String::new() })
    }
    async fn read(&self, _: &[Target]) -> Result<Vec<Presence>, ReadError> {
        Err(ReadError { message: "401".into(), hint: String::new() })
    }
}

#[tokio::test]
async fn a_system_that_cannot_be_read_does_not_stop_the_others() {
    let half: std::sync::Arc<dyn Reader> = std::sync::Arc::new(Half(std::sync::Arc::default()));
    let readers = BTreeMap::from([
        (Symbol::new("fails"), std::sync::Arc::new(Broken { fails: true }) as std::sync::Arc<dyn Reader>),
        (Symbol::new("memory"), half),
        (Symbol::new("panics"), std::sync::Arc::new(Broken { fails: false })),
    ]);
    let progress = std::sync::Arc::new(Progress::new("objects read", None, Look::Silent));
    let read = read_all(&readers, Timestamp::from_millis(0), &BTreeMap::new(), &BTreeMap::new(), &progress).await;
    let shown: Vec<String> = read
        .iter()
        .map(|(system, read)| match read {
            Ok(observed) => format!("{system}: {}", observed.complete.proof),
            Err(error) => format!("{system}: {error}"),
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    fails: 401
    memory: memory
    panics: reading system panics ended by an error in its provider
    ");
}
