//! The table: what was done, what it took, what it may take.

use std::fmt::Write as _;

use super::measure::Measured;

/// One line of the table.
pub struct Row {
    pub work: String,
    pub measured: String,
    /// In words, and whether it is met.
    pub budget: Option<(String, bool)>,
    /// How many times as long the peer takes.
    pub peer: Option<String>,
}

/// A process, with a budget of seconds and of GiB.
pub fn process(work: impl Into<String>, measured: Measured, budget: Option<(f64, f64)>) -> Row {
    let (wall, cpu) = (measured.wall.as_secs_f64(), measured.cpu.as_secs_f64());
    let gib = measured.peak as f64 / f64::from(1 << 30);
    let budget = budget.map(|(seconds, most)| {
        let memory = if most < 1_000.0 { format!(", {most} GiB") } else { String::new() };
        (format!("{seconds} s{memory}"), wall <= seconds && gib <= most)
    });
    let measured = format!("{wall:.3} s, {cpu:.2} s CPU, {} MiB", measured.peak >> 20);
    Row { work: work.into(), measured, budget, peer: None }
}

/// A number that must be at most, or at least, another.
pub fn number(work: impl Into<String>, measured: String, budget: &str, met: bool) -> Row {
    Row { work: work.into(), measured, budget: Some((budget.to_owned(), met)), peer: None }
}

/// As Markdown.
pub fn markdown(rows: &[Row]) -> String {
    let mut text = String::from("| work | measured | budget | peer |\n|---|---|---|---|\n");
    for Row { work, measured, budget, peer } in rows {
        let budget = match budget {
            Some((budget, true)) => format!("{budget}: met"),
            Some((budget, false)) => format!("{budget}: **not met**"),
            None => String::new(),
        };
        let _ = writeln!(text, "| {work} | {measured} | {budget} | {} |", peer.as_deref().unwrap_or(""));
    }
    text
}

/// The machine and the moment, in a sentence.
pub fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let value = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("unknown");
        line.trim_start_matches([' ', '\t', ':']).to_owned()
    };
    let processor = value(&read("/proc/cpuinfo"), "model name");
    let memory: u64 = value(&read("/proc/meminfo"), "MemTotal").split(' ').next().unwrap_or("").parse().unwrap_or(0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or("unknown");
    let kernel = read("/proc/sys/kernel/osrelease");
    let now = tenure::edge::Clock::now(&tenure::edge::SystemClock).to_string();
    format!(
        "Measured {} on {cores} cores of {processor} with {} GiB, Linux {}, load {load} when it began.",
        now.get(..16).unwrap_or(&now).replace('T', " "),
        memory >> 20,
        kernel.trim()
    )
}

/// Puts `text` into the part of `docs/benchmarks.md` that is called `name`.
pub fn document(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/benchmarks.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->\n"));
    let from = document.find(&begin).unwrap() + begin.len();
    let to = document.find(&end).unwrap();
    std::fs::write(&path, format!("{}\n{}\n{}", &document[..from], text.trim_end(), &document[to..])).unwrap();
}
