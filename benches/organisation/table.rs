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
