//! What became of a plan: everything that was not done, by person, and a summary.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use engine::apply::report::Why;
use engine::apply::{Fate, Report, Status};
use state::{Address, Plan, Symbol};

use super::text::counted;

const FAILED: Style = AnsiColor::Red.on_default().bold();
const HEADING: Style = Style::new().bold();
const DONE: Style = AnsiColor::Green.on_default().bold();

/// So many changes that were not done are shown each for itself; more of them are counted by system and reason.
const SHOWN: usize = 500;

/// Writes the report to standard output; `full` shows each change, however many there are.
///
/// # Errors
/// Where that cannot be written.
pub fn print(plan: &Plan, report: &Report, run: Symbol, full: bool) -> io::Result<()> {
    write(&mut anstream::stdout().lock(), plan, report, run, if full { usize::MAX } else { SHOWN })
}

/// Writes the report, with `most` changes that were not done.
///
/// # Errors
/// Where that cannot be written.
pub fn write(to: &mut dyn Write, plan: &Plan, report: &Report, run: Symbol, most: usize) -> io::Result<()> {
    let failures = plan.changes.iter().zip(&report.fates).filter(|(_, fate)| fate.is_news());
    let mut failures: Vec<_> = failures.collect();
    if failures.len() > most {
        // What was tried goes first: it says why the rest was not.
        failures.sort_by_key(|(_, fate)| matches!(fate, Fate::NotDone(_)));
    }
    let mut by_heading: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut more: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (n, (change, fate)) in failures.into_iter().enumerate() {
        if n < most {
            let line = format!("{} {}: {fate}", change.action.word(), change.address);
            by_heading.entry(heading(plan, change.address)).or_default().push(line);
        } else {
            let system = change.address.system().map_or_else(String::new, |system| format!("system.{system}"));
            *more.entry((system, reason(fate))).or_default() += 1;
        }
    }
    for (heading, lines) in by_heading {
        writeln!(to, "\n{HEADING}{heading}{HEADING:#}")?;
        for line in lines {
            writeln!(to, "  {FAILED}x{FAILED:#} {line}")?;
        }
    }
    if !more.is_empty() {
        writeln!(to, "\n{HEADING}... and more, by system and reason (--full shows each){HEADING:#}")?;
    }
    for ((system, reason), count) in more.iter().take(MOST_REASONS) {
        writeln!(to, "  {FAILED}x{FAILED:#} {system}  {}: {reason}", counted(*count, "change", "changes"))?;
    }
    if more.len() > MOST_REASONS {
        let count = more.values().skip(MOST_REASONS).sum();
        writeln!(to, "  {FAILED}x{FAILED:#} {} for other reasons", counted(count, "change", "changes"))?;
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

/// So many reasons are told apart.
const MOST_REASONS: usize = 20;

/// Why something was not done, without the one address that it hangs on.
fn reason(fate: &Fate) -> String {
    match fate {
        Fate::NotDone(Why::DependsOn(_)) => "not done: depends on what was not done".to_owned(),
        other => other.to_string(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::plan::sample::Sample;
    use state::Action;

    #[test]
    fn of_very_many_failures_the_rest_is_counted_by_system_and_reason() {
        let mut sample = Sample::empty();
        let change = sample.change(Action::Grant, "membership.chat.core.P1", &[]).clone();
        let mut plan = sample.0;
        plan.changes = vec![change; 100_000];
        let mut fates = vec![Fate::NotDone(Why::TooManyFailures { failures: 2 }); 100_000];
        fates[70_000] = Fate::Refused { error: "no room".to_owned() };
        fates[80_000] = Fate::NotDone(Why::DependsOn(Address::Person("P1".into())));
        let counts = [("refused".to_owned(), 1), ("not_done".to_owned(), 99_999)].into();
        let report = Report { status: Status::Failed, fates, counts, tripped: vec![] };
        let mut out = anstream::StripStream::new(Vec::new());
        write(&mut out, &plan, &report, "R1".into(), 2).unwrap();
        insta::assert_snapshot!(String::from_utf8(out.into_inner()).unwrap(), @r"
        system.chat
          x grant membership.chat.core.P1: refused: no room
          x grant membership.chat.core.P1: not done: 2 changes failed on this system, so the rest of it was left alone

        ... and more, by system and reason (--full shows each)
          x system.chat  99,997 changes: not done: 2 changes failed on this system, so the rest of it was left alone
          x system.chat  1 change: not done: depends on what was not done

        Not all done: 1 refused, 99999 not done (run R1)
        ");
    }
}
