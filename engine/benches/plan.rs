//! How long a configuration and a plan take: `cargo bench -p tenure-engine --bench plan [PEOPLE SYSTEMS]`.
//!
//! Everybody has an account on every system and is in one group there, by roles with rules. Measured are evaluating the
//! files, the first plan (everything to create), the plan with nothing to change, and the plan in which one in a
//! thousand has left.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use state::record::{Origin, Recorded, RecordedObject};
use state::*;
use tenure_engine::configuration::{Configuration, Facts, Loaded, Sources};
use tenure_engine::language::{File, Files};
use tenure_engine::plan::{Inputs, Inventory, Reading, Task, Workers, plan};

const DEPARTMENTS: usize = 500;

struct Csv(String);

impl Sources for Csv {
    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into_bytes())
    }
    fn list(&self, _: &str) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }
    fn environment(&self, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }
    fn command(&self, _: &[String]) -> Result<String, String> {
        Err("no commands".to_owned())
    }
}

/// Two threads.
struct Both;

impl Workers for Both {
    fn all(&self, tasks: Vec<Task<'_>>) {
        let tasks = std::sync::Mutex::new(tasks.into_iter());
        let next = || tasks.lock().unwrap().next();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while let Some(task) = next() {
                        task();
                    }
                });
            }
        });
    }
}

/// Accounts, groups and memberships of one system.
type Parts = (Vec<Object>, Vec<Object>, Vec<Membership>);

fn files(systems: usize) -> Files {
    let mut text = String::from(
        r#"
people "hr" {
  from       = csvdecode(file("people.csv"))
  key        = row.key
  login      = row.login
  email      = lower(row.mail)
  given_name = row.given
  department = row.department
}
"#,
    );
    for system in 0..systems {
        let _ = write!(
            text,
            r#"
system "s{system}" {{
  provider = "directory"
  match    = self.login == account.userName
  account {{
    mail       = self.email
    name       = self.given_name
    department = self.department
    label      = "${{self.given_name}} at s{system}"
  }}
}}
"#
        );
    }
    for department in 0..DEPARTMENTS {
        let access: Vec<String> = (0..systems).map(|system| format!("group.s{system}.d{department}")).collect();
        let _ = writeln!(
            text,
            "role \"d{department}\" {{\n  when = self.department == \"d{department}\"\n  access = [{}]\n}}",
            access.join(", ")
        );
        for system in 0..systems {
            let _ = writeln!(text, "group \"s{system}\" \"d{department}\" {{}}");
        }
    }
    Files(vec![File { path: Arc::from("main.hcl"), text: Arc::from(text) }])
}

fn csv(people: usize, without: impl Fn(usize) -> bool) -> String {
    let mut text = String::from("key,login,mail,given,department\n");
    for n in (0..people).filter(|n| !without(*n)) {
        let _ = writeln!(text, "E{n:06},login{n},Mail{n}@acme.example,Given{n},d{}", n % DEPARTMENTS);
    }
    text
}

fn configuration(files: &Files, csv: String, now: Timestamp) -> Configuration {
    let Ok(loaded) = Loaded::load(files.clone(), Arc::new(Csv(csv)), &[], now) else { panic!("the files are wrong") };
    let Ok(configuration) = loaded.evaluate(&Facts::default()) else { panic!("the files are wrong") };
    configuration
}

fn capabilities() -> Capabilities {
    let key = |name: &str| Some(Key { attribute: name.into(), unique: true, case_exact: false });
    Capabilities {
        groups: true,
        nested_groups: true,
        deactivate: true,
        account_key: key("userName"),
        group_key: key("displayName"),
        batch: 500,
        batch_objects: true,
        ..Capabilities::default()
    }
}

/// What the systems hold, and what is recorded, once a plan is carried out.
fn carried_out(made: &Plan, systems: usize, now: Timestamp) -> (Recorded, BTreeMap<Symbol, Reading>) {
    let mut recorded = Recorded { lineage: Some("bench".into()), ..Recorded::default() };
    let mut observed: BTreeMap<Symbol, Parts> = BTreeMap::new();
    for fact in &made.facts {
        match fact.kind {
            FactKind::Identity => {
                recorded.identities.insert(fact.address, fact.object.clone().unwrap().attributes);
            }
            _ => {
                let SourceRead { name, rows, columns, having } = fact.as_source().unwrap();
                let seen = state::record::Seen { rows, columns, having, at: now, before: Vec::new() };
                recorded.sources.insert(name, seen);
            }
        }
    }
    for change in &made.changes {
        let system = change.address.system().unwrap();
        let attributes: Attributes = change
            .after
            .iter()
            .map(|(name, wanted)| match wanted {
                Wanted::Known(value) => (*name, value.clone()),
                _ => unreachable!(),
            })
            .collect();
        let id = |address: Address| Symbol::from(format!("{address}"));
        let own = observed.entry(system).or_default();
        let mut target = None;
        let mut object = Object::new(id(change.address), attributes);
        match change.address {
            Address::Account { .. } => own.0.push(object.clone()),
            Address::Group { .. } => own.1.push(object.clone()),
            _ => {
                let group = id(change.address.parent_group().unwrap());
                let member = id(change.address.member().unwrap());
                let attributes = object.attributes.clone();
                own.2.push(Membership { group, member, nested: false, attributes });
                target = Some(Target::Membership { group, member, nested: false });
                object.id = "".into();
            }
        }
        let why: Vec<Reason> = change.reasons.iter().map(|id| made.reasons[id.0 as usize].clone()).collect();
        recorded.objects.insert(
            change.address,
            RecordedObject {
                id: object.id,
                target,
                active: true,
                deactivated_by_us: false,
                origin: Origin::Made,
                attributes: object.attributes,
                until: None,
                why,
                stage: None,
                since: now,
            },
        );
    }
    let readings = readings(systems, |name| {
        let (accounts, groups, memberships) = observed.remove(&name).unwrap_or_default();
        Observed::new(Complete::proved("bench", now), accounts, groups, memberships, Vec::new())
    });
    (recorded, readings)
}

fn readings(systems: usize, mut observed: impl FnMut(Symbol) -> Observed) -> BTreeMap<Symbol, Reading> {
    let schema = || Schema { account_open: true, group_open: true, ..Schema::default() };
    (0..systems)
        .map(|system| Symbol::from(format!("s{system}")))
        .map(|name| {
            (
                name,
                Reading {
                    schema: schema(),
                    capabilities: capabilities(),
                    inventory: Inventory::Complete(observed(name)),
                },
            )
        })
        .collect()
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (start, busy) = (Instant::now(), processor());
    let done = work();
    let busy = processor() - busy;
    println!(
        "  {what:<34} {:>8.3} s, {busy:>7.2} s of one processor, {:>6} MiB at most",
        start.elapsed().as_secs_f64(),
        peak()
    );
    done
}

/// Seconds of processor time that this process took (Linux, to the hundredth).
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let numbers = stat.rsplit(')').next().unwrap_or("").split_whitespace();
    numbers.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// The most memory that this process ever held, in MiB (Linux).
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn planned(
    files: &Files,
    configuration: &Configuration,
    recorded: &Recorded,
    readings: &BTreeMap<Symbol, Reading>,
    now: Timestamp,
) -> Plan {
    let (doubts, targets, hmac_key) = (&[], &[], b"key");
    let workers = &Both;
    let inputs = Inputs { configuration, files, recorded, readings, now, doubts, targets, hmac_key, workers };
    plan(inputs).unwrap_or_else(|_| panic!("no plan")).plan
}

fn run(people: usize, systems: usize) {
    println!("{people} people x {systems} systems, {DEPARTMENTS} roles by rule");
    let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
    let files = files(systems);
    let all = timed("evaluate the files", || configuration(&files, csv(people, |_| false), now));
    let empty = readings(systems, |_| {
        Observed::new(Complete::proved("bench", now), Vec::new(), Vec::new(), Vec::new(), Vec::new())
    });
    let nothing = Recorded::default();
    let first = timed("plan, everything to create", || planned(&files, &all, &nothing, &empty, now));
    println!("  {} changes", first.changes.len());
    let (recorded, full) = carried_out(&first, systems, now);
    drop((first, empty));
    let second = timed("plan, nothing to change", || planned(&files, &all, &recorded, &full, now));
    assert!(second.is_empty(), "{:?}", second.changes.first());
    let fewer = configuration(&files, csv(people, |n| n % 1000 == 7), now);
    let third = timed("plan, one in a thousand has left", || planned(&files, &fewer, &recorded, &full, now));
    println!("  {} changes, {} findings", third.changes.len(), third.findings.len());
}

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    match numbers[..] {
        [people, systems] => run(people, systems),
        _ => {
            run(1_000, 3);
            run(10_000, 3);
            run(100_000, 3);
        }
    }
}
