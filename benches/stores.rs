//! The Kubernetes organisations with the record in each of its places: a file, S3 (moto), S3 that takes 30 ms for each write,
//! and a table of PostgreSQL. Whole processes, from start to end, in turn, so that a busy machine is busy for all of them. The
//! systems are directories, which take almost no time; and, for how it is with systems that people have, slapd.
//!
//! `cargo bench --workspace --bench stores` (after `scripts/servers/install`); `RUNS=N` says how often (5); `MILLIS=N` how long
//! a slow write takes; `TENURE=PATH` measures another build of the program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

#[path = "../providers/tests/servers/postgresql.rs"]
mod cluster;
#[path = "../tests/run/organisations.rs"]
mod on_one_system;
#[path = "../providers/tests/servers/openldap.rs"]
mod openldap;
#[path = "../tests/stores/proxy.rs"]
mod proxy;
#[path = "../tests/run/mod.rs"]
mod run;
#[path = "../providers/tests/servers/mod.rs"]
mod servers;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cluster::{Cluster, PASSWORD};
use on_one_system::{ALL, OPENLDAP};
use proxy::Fate;
use run::{Folder, shared};
use servers::Server;

/// What is measured, in this order, with the exit code that it ends with.
const WORK: [(&str, &str, i32); 3] = [
    ("apply, 7,678 changes", "apply --auto-approve", 0),
    ("plan, nothing to do", "plan --detailed-exitcode", 0),
    ("state verify", "state verify", 0),
];

/// The same people and teams on slapd take long enough to be measured less often.
const SLAPD_RUNS: usize = 3;

/// A place for records.
struct Place {
    name: String,
    /// The address of a new record, by the number of the run.
    address: Box<dyn Fn(usize) -> String>,
    environment: Vec<(&'static str, String)>,
}

fn main() {
    let number = |name: &str, otherwise: usize| {
        std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name}: a number")))
    };
    let (runs, millis) = (number("RUNS", 5), number("MILLIS", 30));
    let moto = Server::moto("acme");
    let cluster = Cluster::start();
    let writes = Arc::new(AtomicUsize::new(0));
    let places = places(&moto, &cluster, millis, &writes);
    let configuration = shared("language/kubernetes.hcl").replace("\"github\"", "\"directory\"");
    let configuration = configuration.replace("\"state/k8s.tenure\"", "var.state");
    let configuration = format!("{configuration}\nvariable \"state\" {{ type = string }}\n");
    let data = shared("data/kubernetes-org.json");
    let mut times: Vec<[Vec<f64>; WORK.len()]> = places.iter().map(|_| Default::default()).collect();
    let mut batches = Vec::new();
    for run in 0..runs {
        for (place, times) in places.iter().zip(&mut times) {
            let mut folder = Folder::new(&[("kubernetes.hcl", &configuration), ("org.json", &data)]);
            folder.environment.push(("TENURE_VAR_state".to_owned(), (place.address)(run)));
            folder
                .environment
                .extend(place.environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
            folder.run("init", 0);
            for ((_, arguments, code), times) in WORK.iter().zip(times) {
                writes.store(0, Ordering::Relaxed);
                let start = Instant::now();
                folder.run(arguments, *code);
                times.push(start.elapsed().as_secs_f64());
                if place.name.contains("ms") && arguments.starts_with("apply") {
                    batches.push(writes.load(Ordering::Relaxed));
                }
            }
        }
    }
    let mut slapd: Vec<Vec<f64>> = places.iter().map(|_| Vec::new()).collect();
    let mut applied = String::new();
    for run in 0..runs.min(SLAPD_RUNS) {
        for (place, times) in places.iter().zip(&mut slapd) {
            let (seconds, said) = on_slapd(&(place.address)(runs + run), &place.environment, &data);
            applied = said;
            times.push(seconds);
        }
    }
    println!("| work | {} |", places.iter().map(|place| place.name.as_str()).collect::<Vec<_>>().join(" | "));
    println!("|---{}|", "|---".repeat(places.len()));
    for (n, (what, ..)) in WORK.iter().enumerate() {
        let medians: Vec<f64> = times.iter_mut().map(|times| median(&mut times[n])).collect();
        let cells: Vec<String> = medians.iter().map(|own| format!("{own:.2} s ({:.1})", own / medians[0])).collect();
        println!("| {what} | {} |", cells.join(" | "));
    }
    let medians: Vec<f64> = slapd.iter_mut().map(|times| median(times)).collect();
    let cells: Vec<String> = medians.iter().map(|own| format!("{own:.2} s ({:.1})", own / medians[0])).collect();
    println!("| apply to slapd ({applied}) | {} |", cells.join(" | "));
    batches.sort_unstable();
    println!("\nwrites to S3 in an apply: {}", batches[batches.len() / 2]);
}

/// The seconds of one apply to a new slapd, with the record at `address`, and what it says at its end.
fn on_slapd(address: &str, environment: &[(&'static str, String)], data: &str) -> (f64, String) {
    let server = openldap::Slapd::start();
    let configuration = ALL.replace("NAME", "cn").replace("\"k8s.tenure\"", "var.state");
    let configuration = format!("{configuration}\nvariable \"state\" {{ type = string }}\n");
    let mut folder = Folder::new(&[("all.hcl", &configuration), ("system.hcl", OPENLDAP), ("org.json", data)]);
    let own = [
        ("TENURE_VAR_state", address.to_owned()),
        ("TENURE_VAR_url", server.url.clone()),
        ("K8S_PASSWORD", openldap::PASSWORD.to_owned()),
    ];
    let environment = environment.iter().map(|(name, value)| (*name, value.clone())).chain(own);
    folder.environment.extend(environment.map(|(name, value)| (name.to_owned(), value)));
    folder.run("init", 0);
    let start = Instant::now();
    let printed = folder.run("apply --auto-approve", 0);
    let seconds = start.elapsed().as_secs_f64();
    folder.run("plan --detailed-exitcode", 0);
    let done = printed.lines().find_map(|line| line.strip_prefix("Applied: ")?.split(" (").next());
    (seconds, done.unwrap_or_default().to_owned())
}

fn places(moto: &Server, cluster: &Cluster, millis: usize, writes: &Arc<AtomicUsize>) -> Vec<Place> {
    let counted = Arc::clone(writes);
    let least = Duration::from_millis(millis as u64);
    let slow = proxy::start(&moto.url, move |method, _| {
        if method != "PUT" {
            return Fate::Pass;
        }
        counted.fetch_add(1, Ordering::Relaxed);
        Fate::NotBefore(Instant::now() + least)
    });
    let s3 = |name: String, prefix: &'static str, endpoint: &str| Place {
        name,
        address: Box::new(move |run| format!("s3://acme/{prefix}{run}")),
        environment: vec![
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ],
    };
    let url = cluster.url.clone();
    vec![
        Place { name: "file".to_owned(), address: Box::new(|_| "k8s.tenure".to_owned()), environment: Vec::new() },
        s3("S3".to_owned(), "fast", &moto.url),
        s3(format!("S3, {millis} ms a write"), "slow", &slow),
        Place {
            name: "PostgreSQL".to_owned(),
            address: Box::new(move |run| format!("{url}?table=bench{run}")),
            environment: vec![("PGPASSWORD", PASSWORD.to_owned())],
        },
    ]
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
