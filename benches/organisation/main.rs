//! Organisations of up to a hundred thousand people, and what tenure takes for them as whole processes.
//!
//! ```text
//! scripts/benchmark                                           everything, into docs/benchmarks.md
//! cargo bench --bench organisation -- table                   the budgets, and Terraform beside them
//! cargo bench --bench organisation -- growth                  how time grows, into docs/growth.svg
//! cargo bench --bench organisation -- rate 200000             apply without a system, changes a second
//! cargo bench --bench organisation -- make FOLDER 1000 3      an organisation in FOLDER, and its first plan applied
//! cargo bench --bench organisation -- files FOLDER 1000 3     its files only
//! ```
//!
//! `TENURE=PATH` measures another build of the program; `FOLDER=PATH` says where the organisations are made (below
//! target/), `LARGEST=N` leaves out those of more people.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a benchmark

mod events;
mod generate;
mod growth;
mod measure;
mod names;
mod peers;
mod plot;
mod random;
mod rate;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;

use generate::{Day, Shape};
use measure::{Measured, median, tenure};
use table::{Row, number, process};

const GIB: f64 = (1u64 << 30) as f64;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["make", folder, people, systems] => {
            make(Path::new(folder), &Shape::new(count(people), count(systems)));
        }
        ["files", folder, people, systems] => {
            write(Path::new(folder), &Shape::new(count(people), count(systems)), Day::First);
        }
        ["rate", changes] => {
            let rate::Rate { driver, memory, durable } = rate::measure(&place(), count(changes));
            println!("{driver:.1} {memory:.0} {durable:.0}");
        }
        ["growth"] => growth::measure(&place(), largest()),
        ["table"] => {
            let machine = table::machine();
            let text = format!("{machine}\n\n{}", table::markdown(&measured()));
            table::document("table", &text);
            println!("{text}");
        }
        _ => println!("see the beginning of benches/organisation/main.rs: table, growth, rate, make, files"),
    }
}

fn count(text: &str) -> usize {
    text.replace(['_', ','], "").parse().unwrap_or_else(|_| panic!("`{text}` is not a number"))
}

fn place() -> PathBuf {
    let place = std::env::var_os("FOLDER").map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), PathBuf::from);
    std::fs::create_dir_all(&place).unwrap();
    place
}

fn largest() -> usize {
    std::env::var("LARGEST").map_or(usize::MAX, |text| count(&text))
}

/// Writes the files of an organisation.
fn write(folder: &Path, shape: &Shape, day: Day) {
    std::fs::create_dir_all(folder).unwrap();
    for (path, text) in generate::files(shape, day) {
        std::fs::write(folder.join(path), text).unwrap();
    }
}

/// What an organisation takes.
struct Made {
    first: Measured,
    apply: Measured,
    /// A plan with nothing to change.
    nothing: Measured,
    /// A plan after some joined, moved and left.
    second: Measured,
}

/// An organisation in `folder`, everything applied.
fn make(folder: &Path, shape: &Shape) -> Made {
    write(folder, shape, Day::First);
    tenure(folder, "init", &[0]);
    let first = said("first plan", tenure(folder, "plan --detailed-exitcode", &[2]));
    let apply = said("apply", tenure(folder, "apply --auto-approve", &[0]));
    let runs = if shape.people > 20_000 { 1 } else { 5 };
    let nothing = median(runs, || tenure(folder, "plan --detailed-exitcode", &[0]));
    said("plan, nothing to change", nothing);
    write(folder, shape, Day::Second);
    let second = said("plan of the second day", tenure(folder, "plan --detailed-exitcode", &[2, 3]));
    write(folder, shape, Day::First);
    Made { first, apply, nothing, second }
}

/// Tells at once what was measured, on standard error.
fn said(what: &str, measured: Measured) -> Measured {
    let Measured { wall, cpu, peak } = measured;
    eprintln!("  {what:<28} {:>8.3} s {:>8.2} s CPU {:>7} MiB", wall.as_secs_f64(), cpu.as_secs_f64(), peak >> 20);
    measured
}

/// The budgets of the design.
fn measured() -> Vec<Row> {
    let place = place();
    let version = median(20, || tenure(&place, "--version", &[0]));
    let mut rows = vec![process("`tenure --version`", version, Some((0.01, 1e9)))];
    let rate = rate_alone(200_000);
    rows.push(number(
        "durable intents and outcomes, 32 in flight",
        format!("{:.0} changes/s", rate.durable),
        "20,000 changes/s",
        rate.durable >= 20_000.0,
    ));
    rows.push(number(
        "machine and driver, a change",
        format!("{:.1} us CPU, {:.0} bytes beside the plan", rate.driver, rate.memory),
        "20 us",
        rate.driver <= 20.0,
    ));
    let mut nothing = Vec::new();
    for (people, systems) in [(1_000, 3), (10_000, 10), (100_000, 10)] {
        if people > largest() {
            continue;
        }
        let folder = peers::fresh(&place, &format!("organisation-{people}"));
        eprintln!("{people} people x {systems} systems");
        let made = make(&folder, &Shape::new(people, systems));
        let budget = |seconds: f64, gib: f64| (people == 100_000).then_some((seconds, gib));
        let of = format!("{people} people x {systems} systems");
        rows.push(process(format!("{of}: first plan"), made.first, budget(10.0, 3.0)));
        rows.push(process(format!("{of}: apply"), made.apply, None));
        let quick = (people == 1_000).then_some((0.15, 1e9)).or(budget(6.0, 2.0));
        rows.push(process(format!("{of}: plan, nothing to change"), made.nothing, quick));
        rows.push(process(format!("{of}: plan of the next morning"), made.second, None));
        nothing.push((people, made.nothing.wall.as_secs_f64()));
    }
    if let [.., (10_000, small), (100_000, large)] = nothing[..] {
        let times = large / small;
        rows.push(number("from 10,000 to 100,000 people", format!("{times:.1} times"), "11 times", times <= 11.0));
    }
    rows.extend(terraform(&place));
    rows
}

/// The rate of a process that does nothing else.
fn rate_alone(changes: usize) -> rate::Rate {
    let output = Command::new(std::env::current_exe().unwrap()).args(["rate", &changes.to_string()]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let [driver, memory, durable] = numbers[..] else { panic!("rate: {text}") };
    rate::Rate { driver, memory, durable }
}

/// Terraform beside tenure.
fn terraform(place: &Path) -> Vec<Row> {
    let Some(pairs) = peers::terraform(place) else { return Vec::new() };
    let mut rows = Vec::new();
    type Which = fn(&peers::Both) -> Measured;
    let kinds: [(&str, Which); 2] = [("plan, nothing to change", |both| both.plan), ("first apply", |both| both.apply)];
    for (what, which) in kinds {
        for pair in &pairs {
            let (own, other) = (which(&pair.tenure), which(&pair.terraform));
            let ratio = other.wall.as_secs_f64() / own.wall.as_secs_f64();
            let mut row = process(format!("{} accounts and memberships: {what}", pair.count), own, None);
            let memory = other.peak as f64 / GIB * 1024.0;
            row.peer = Some(format!("Terraform {:.2} s, {memory:.0} MiB: {ratio:.0} times", other.wall.as_secs_f64()));
            rows.push(row);
        }
        let curve = |of: fn(&peers::Pair) -> peers::Both| {
            let points: Vec<(f64, f64)> =
                pairs.iter().map(|pair| (pair.count as f64, which(&of(pair)).wall.as_secs_f64())).collect();
            peers::exponent(&points)
        };
        rows.push(Row {
            work: format!("exponent of growth: {what}"),
            measured: format!("{:.2}", curve(|pair| pair.tenure)),
            budget: None,
            peer: Some(format!("Terraform {:.2}", curve(|pair| pair.terraform))),
        });
    }
    rows
}
