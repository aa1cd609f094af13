//! The Kubernetes organisations on directories: first plan, apply with every change durable, second plan with nothing to
//! do. Whole processes, from start to end, as a user waits for them.
//!
//! `cargo bench --bench kubernetes`; `RUNS=N` says how often (5).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

#[path = "../tests/run/mod.rs"]
mod run;

use std::time::{Duration, Instant};

use run::{Folder, shared};

fn main() {
    let runs: usize = std::env::var("RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(5);
    let configuration = shared("language/kubernetes.hcl").replace("\"github\"", "\"directory\"");
    let data = shared("data/kubernetes-org.json");
    let mut times: [Vec<Duration>; 3] = Default::default();
    for _ in 0..runs {
        let folder = Folder::new(&[("kubernetes.hcl", &configuration), ("org.json", &data)]);
        folder.run("init", 0);
        let commands = [("plan --detailed-exitcode", 2), ("apply --auto-approve", 0), ("plan --detailed-exitcode", 0)];
        for (times, (arguments, code)) in times.iter_mut().zip(commands) {
            let start = Instant::now();
            folder.run(arguments, code);
            times.push(start.elapsed());
        }
    }
    println!("{:<28} {:>9} {:>9} {:>9}   budget", "", "median", "least", "most");
    for (what, budget, times) in
        [("first plan", 0.5), ("apply, 7,678 changes", 3.0), ("second plan, nothing to do", 0.3)]
            .iter()
            .zip(times)
            .map(|((what, budget), times)| (what, budget, times))
    {
        let mut seconds: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
        seconds.sort_by(f64::total_cmp);
        let (median, least, most) = (seconds[seconds.len() / 2], seconds[0], seconds[seconds.len() - 1]);
        println!("{what:<28} {median:>7.3} s {least:>7.3} s {most:>7.3} s   {budget} s");
    }
}
