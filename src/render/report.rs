//! What became of a plan: everything that was not done, by person, and a summary.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use engine::apply::{Report, Status};
use state::{Address, Plan, Symbol};

const FAILED: Style = AnsiColor::Red.on_default().bold();
const HEADING: Style = Style::new().bold();
const DONE: Style = AnsiColor::Green.on_default().bold();

/// Writes the report to standard output.
///
/// # Errors
/// Where that cannot be written.
pub fn print(plan: &Plan, report: &Report, run: Symbol) -> io::Result<()> {
    write(&mut anstream::stdout().lock(), plan, report, run)
}

/// Writes the report.
///
/// # Errors
/// Where that cannot be written.
pub fn write(to: &mut dyn Write, plan: &Plan, report: &Report, run: Symbol) -> io::Result<()> {
    let mut by_heading: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (change, fate) in plan.changes.iter().zip(&report.fates) {
        if fate.is_news() {
            let line = format!("{} {}: {fate}", change.action.word(), change.address);
            by_heading.entry(heading(plan, change.address)).or_default().push(line);
        }
    }
    for (heading, lines) in by_heading {
        writeln!(to, "\n{HEADING}{heading}{HEADING:#}")?;
        for line in lines {
            writeln!(to, "  {FAILED}x{FAILED:#} {line}")?;
        }
    }
    for system in &report.tripped {
        writeln!(to, "\nToo many changes failed on system.{system}: the rest of it was left alone.")?;
    }
    let words = ["done", "noted", "refused", "stale", "unknown", "diverged", "not_done", "held"];
    let counts: Vec<String> = words
        .iter()
        .filter_map(|word| Some(format!("{} {}", report.counts.get(*word)?, word.replace('_', " "))))
        .collect();
    let counts = if counts.is_empty() { "recorded; nothing to call".to_owned() } else { counts.join(", ") };
    let (style, word) = match report.status {
        Status::Done | Status::Held => (DONE, "Applied"),
        Status::Interrupted => (FAILED, "Interrupted"),
        Status::Failed | Status::Fatal(_) => (FAILED, "Not all done"),
    };
    writeln!(to, "\n{style}{word}:{style:#} {counts} (run {run})")?;
    if let Status::Fatal(error) = &report.status {
        writeln!(to, "The state file could not be written, so nothing more was begun: {error}")?;
    }
    Ok(())
}

/// The person or service that a change is about, else its system.
fn heading(plan: &Plan, address: Address) -> String {
    let identity = address.holder().and_then(|holder| {
        [Address::Person(holder), Address::Service(holder)]
            .into_iter()
            .find(|identity| plan.names.contains_key(identity))
    });
    match (identity, address.system()) {
        (Some(identity), _) => match plan.names.get(&identity) {
            Some(name) => format!("{identity} {name}"),
            None => identity.to_string(),
        },
        (None, Some(system)) => Address::System(system).to_string(),
        (None, None) => address.to_string(),
    }
}
