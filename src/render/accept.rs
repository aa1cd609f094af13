//! `accept`: what was written where, what follows from it, and what could not be.

use std::io::{self, Write};

use anstyle::{AnsiColor, Effects, Style};
use engine::accept::{Changed, Verdict};
use engine::drift::{Drift, What};
use similar::TextDiff;
use state::Change;

use super::plan::value::{self, key};
use super::text::{clean, counted};

const DIM: Style = Style::new().effects(Effects::DIMMED);
const LEFT: Style = AnsiColor::Yellow.on_default();

/// Lines about what follows.
const MOST: usize = 20;

/// What was written, and what the plan has on top because of it.
pub fn written(to: &mut dyn Write, written: &[(&Drift, &str)], follows: &[&Change]) -> io::Result<()> {
    for (drift, place) in written {
        writeln!(to, "{}  {DIM}{}{DIM:#}", what(drift), clean(place))?;
    }
    if follows.is_empty() {
        return Ok(());
    }
    writeln!(to, "\nFrom this follows, with the next apply:")?;
    for change in follows.iter().take(MOST) {
        writeln!(to, "  {} {} {}", change.action.symbol(), change.action.word(), change.address)?;
    }
    match follows.len().saturating_sub(MOST) {
        0 => Ok(()),
        more => writeln!(to, "  and {} more", counted(more, "change", "changes")),
    }
}

/// What was not, and why; of what is only proposed the difference that it would make, where that is at hand.
pub fn left(to: &mut dyn Write, left: &[(&Drift, &Verdict, Option<&str>)]) -> io::Result<()> {
    for (drift, verdict, difference) in left {
        match verdict {
            Verdict::Written { .. } => {}
            Verdict::Proposed { place, why } => {
                writeln!(
                    to,
                    "{LEFT}proposed:{LEFT:#} {}  {DIM}{}{DIM:#}\n  {}",
                    what(drift),
                    clean(place),
                    clean(why)
                )?;
                for line in difference.iter().flat_map(|difference| difference.lines()) {
                    writeln!(to, "  {}", clean(line))?;
                }
            }
            Verdict::Refused { why, hint } => {
                writeln!(to, "{LEFT}not accepted:{LEFT:#} {}\n  {}\n  hint: {}", what(drift), clean(why), clean(hint))?;
            }
        }
    }
    Ok(())
}

fn what(drift: &Drift) -> String {
    let shown = |value: &Option<state::Value>| value.as_ref().map_or_else(|| value::NONE.to_owned(), value::line);
    match &drift.what {
        What::Changed { attribute, before, after } => {
            format!("{}  {} = {} -> {}", drift.address, key(attribute.as_str()), shown(before), shown(after))
        }
        other => format!("{}  {}", drift.address, other.word().replace('_', " ")),
    }
}

/// The lines that differ between files as they were and as they would be.
pub fn difference(changed: &[Changed], context: usize) -> String {
    let mut shown = String::new();
    for Changed { path, before, after } in changed {
        let diff = TextDiff::from_lines(&**before, &**after);
        let header = (format!("a/{path}"), format!("b/{path}"));
        shown.push_str(&diff.unified_diff().context_radius(context).header(&header.0, &header.1).to_string());
    }
    shown
}
