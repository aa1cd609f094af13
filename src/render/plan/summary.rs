//! A huge plan in numbers: what happens on each system, and which roles and blocks ask for most of it.

use std::collections::HashMap;
use std::io::{self, Write};

use state::{Address, ReasonId, Symbol};

use super::fold::noun;
use super::items::{Item, Lookup, items};
use super::text::{BOLD, DIM, style};
use crate::render::text::{clean, number, width};

/// A plan of more lines than this is told in numbers, too.
const HUGE: usize = 10_000;
/// Reasons named; of the others only the number.
const NAMED: usize = 20;

/// What is done to one kind of thing: sorted as in a section, what takes first.
type Kind = (u8, char, &'static str);

/// Writes the numbers of a plan, if it is a huge one.
pub fn write(to: &mut dyn Write, lookup: &Lookup<'_>) -> io::Result<()> {
    if items(lookup.plan).count() <= HUGE {
        return Ok(());
    }
    let mut systems: HashMap<Symbol, HashMap<Kind, u64>> = HashMap::new();
    let mut reasons: HashMap<ReasonId, u64> = HashMap::new();
    for item in items(lookup.plan) {
        if let Some(system) = item.address().system() {
            *systems.entry(system).or_default().entry(kind(item)).or_default() += 1;
        }
        for reason in item.reason_ids() {
            *reasons.entry(*reason).or_default() += 1;
        }
    }
    let mut systems: Vec<_> = systems.into_iter().collect();
    systems.sort_unstable_by_key(|(system, _)| *system);
    writeln!(to, "{BOLD}On each system{BOLD:#}")?;
    let names: Vec<String> = systems.iter().map(|(system, _)| Address::System(*system).to_string()).collect();
    let column = names.iter().map(|name| width(name)).max().unwrap_or(0);
    for (name, (_, kinds)) in names.iter().zip(systems) {
        let mut kinds: Vec<_> = kinds.into_iter().collect();
        kinds.sort_unstable();
        write!(to, "  {name}{:pad$}", "", pad = column - width(name))?;
        for ((_, symbol, what), count) in kinds {
            let style = style(symbol);
            write!(to, "  {style}{symbol}{style:#} {} {what}", number(count))?;
        }
        writeln!(to)?;
    }
    write_reasons(to, lookup, reasons)?;
    writeln!(to)
}

fn kind(item: Item<'_>) -> Kind {
    (item.rank(), item.symbol(), noun(item.address()))
}

/// The reasons for most of it, and how much the others come to.
fn write_reasons(to: &mut dyn Write, lookup: &Lookup<'_>, reasons: HashMap<ReasonId, u64>) -> io::Result<()> {
    let mut reasons: Vec<(u64, ReasonId)> = reasons.into_iter().map(|(id, count)| (count, id)).collect();
    // Numbers of reasons are given in the order of the plan.
    reasons.sort_unstable_by_key(|(count, id)| (std::cmp::Reverse(*count), *id));
    let rest: u64 = reasons.iter().skip(NAMED).map(|(count, _)| count).sum();
    writeln!(to, "{BOLD}Because of{BOLD:#}")?;
    for (count, id) in reasons.iter().take(NAMED) {
        let Some(reason) = lookup.plan.reasons.get(id.0 as usize) else { continue };
        let place = reason.place.map_or_else(String::new, |place| format!(" ({})", clean(place.as_str())));
        writeln!(to, "  {:>9}  {}{DIM}{place}{DIM:#}", number(*count), clean(reason.because.as_str()))?;
    }
    match reasons.len().saturating_sub(NAMED) {
        0 => Ok(()),
        more => writeln!(to, "  {DIM}{:>9}  {} more{DIM:#}", number(rest), number(more as u64)),
    }
}
