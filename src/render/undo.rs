//! What an undo leaves as it is, and how it went.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Effects, Style};
use engine::undo::Difference;
use state::{Address, LeftKind, Plan, Undoes};

use super::text::{clean, counted};

const BOLD: Style = Style::new().effects(Effects::BOLD);
const DIM: Style = Style::new().effects(Effects::DIMMED);
const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();

/// Addresses named of those that are left for one reason.
const NAMED: usize = 6;

/// Heading of a kind of things that are left.
fn heading(kind: LeftKind) -> &'static str {
    match kind {
        LeftKind::Lost => "does not come back",
        LeftKind::Changed => "left alone: changed since",
        LeftKind::Barred => "not given back",
        LeftKind::Unread => "left alone: could not be looked at",
        LeftKind::AsBefore => "as before already",
    }
}

/// The lines about what is left, under their headings; of what is as it was before only how much.
pub fn lines(undoes: &Undoes) -> Vec<(&'static str, Vec<String>)> {
    let mut kinds: BTreeMap<LeftKind, BTreeMap<&str, Vec<Address>>> = BTreeMap::new();
    for left in &undoes.left {
        kinds.entry(left.kind).or_default().entry(&left.why).or_default().push(left.address);
    }
    kinds
        .into_iter()
        .map(|(kind, whys)| {
            let lines = match kind {
                LeftKind::AsBefore => {
                    let mut all: Vec<Address> = whys.into_values().flatten().collect();
                    all.sort_unstable();
                    all.dedup();
                    vec![format!("{}: {}", counted(all.len(), "object", "objects"), named(&all))]
                }
                _ => whys.into_iter().map(|(why, all)| format!("{}: {}", named(&all), clean(why))).collect(),
            };
            (heading(kind), lines)
        })
        .collect()
}

/// `account.chat.a, account.chat.b and 12 more`.
fn named(all: &[Address]) -> String {
    let named: Vec<String> = all.iter().take(NAMED).map(Address::to_string).collect();
    match all.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// What is left, before the question.
///
/// # Errors
/// Where it cannot be written.
pub fn left(to: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    let Some(undoes) = &plan.undoes else { return Ok(()) };
    for (heading, lines) in lines(undoes) {
        writeln!(to, "{BOLD}{heading}{BOLD:#}")?;
        for line in lines {
            writeln!(to, "  {line}")?;
        }
        writeln!(to)?;
    }
    Ok(())
}

/// What was to be against what is.
///
/// # Errors
/// Where it cannot be written.
pub fn compared(to: &mut dyn Write, compared: usize, not_done: usize, differences: &[Difference]) -> io::Result<()> {
    let objects = counted(compared, "object", "objects");
    if differences.is_empty() {
        write!(to, "{GOOD}Compared:{GOOD:#} {objects}, all as they were to be")?;
    } else {
        write!(to, "{BAD}Compared:{BAD:#} {objects}, {} not as they were to be", differences.len())?;
    }
    match not_done {
        0 => writeln!(to)?,
        more => writeln!(to, " {DIM}({more} not done){DIM:#}")?,
    }
    for Difference { address, what } in differences {
        writeln!(to, "  {BAD}x{BAD:#} {address}: {}", clean(what))?;
    }
    Ok(())
}
