//! `source-shrank`: a source of people lost too many rows, is empty, or lost a column. Whoever seems to have left with
//! it is not touched; and nobody of it, where the files speak of what it lost.

use rustc_hash::FxHashSet;
use state::record::{Recorded, Seen};
use state::{Address, Change, Code, Fact, Finding, Plan, Scope, Severity, SourceRead, Symbol};

use super::limits::InForce;
use super::{count, holds};
use crate::configuration::{Configuration, Source};
use crate::plan::planner::{Leaving, Planner};

const DAY: i64 = 86_400_000;

/// Losing no more rows than this is never too many.
const FEW: u64 = 3;

/// What is wrong with a source, against what the record saw of it.
fn shrank(planner: &Planner<'_>, name: Symbol, share: f64) -> Option<String> {
    let seen = planner.inputs.recorded.sources.get(&name)?;
    let Some(source) = source(planner, name) else {
        return (seen.rows > 0).then(|| format!("people.{name} is gone from the files: it had {} rows", seen.rows));
    };
    let (had, has) = (seen.most_rows(planner.inputs.now, DAY), source.read.rows);
    if has == 0 && had > 0 {
        return Some(format!("the source of people.{name} is empty: it had {had} rows"));
    }
    let lost = lost(seen, &source.read, left(&planner.leaving, name));
    if !lost.is_empty() {
        let columns = count(lost.len(), "column");
        let lost: Vec<String> = lost.iter().map(ToString::to_string).collect();
        return Some(format!("the source of people.{name} lost {columns}: {}", lost.join(", ")));
    }
    let gone = had.saturating_sub(has);
    (gone > FEW && gone as f64 > had as f64 * share).then(|| {
        let (percent, limit) = ((share * 100.0).round(), ((had as f64 * share).floor() as u64).max(FEW));
        format!(
            "the source of people.{name} lost {gone} of its {had} rows within 24 h: the limit is {limit} ({percent} %, at least {FEW})"
        )
    })
}

fn source<'a>(planner: &'a Planner<'_>, name: Symbol) -> Option<&'a Source> {
    planner.inputs.configuration.sources.iter().find(|source| source.read.name == name)
}

/// Whether a source lost a column that the files speak of: whatever comes of its people comes of null in place of it.
fn is_missed(planner: &Planner<'_>, name: Symbol) -> bool {
    let (Some(source), Some(seen)) = (source(planner, name), planner.inputs.recorded.sources.get(&name)) else {
        return false;
    };
    let lost = lost(seen, &source.read, left(&planner.leaving, name));
    lost.iter().any(|lost| source.lacks.contains(&lost.column))
}

/// Whether a source lost columns and no rows, and nothing comes of it.
fn is_harmless(planner: &Planner<'_>, name: Symbol) -> bool {
    if is_missed(planner, name) {
        return false;
    }
    let had = planner.inputs.recorded.sources.get(&name).map_or(0, |seen| seen.most_rows(planner.inputs.now, DAY));
    source(planner, name).is_some_and(|source| source.read.rows >= had && had > 0)
}

/// Whether somebody of this source leaves by this plan.
fn takes(planner: &Planner<'_>, name: Symbol) -> bool {
    planner.leaving.iter().any(|leaving| leaving.source == name)
}

pub(super) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    let share = InForce::new(planner).source_shrank();
    let names: Vec<Symbol> = planner.inputs.recorded.sources.keys().copied().collect();
    let mut findings = Vec::new();
    for name in names {
        let Some(message) = shrank(planner, name, share) else { continue };
        let leaves = |holder: Symbol| planner.leavers.get(&holder).is_some_and(|leaver| leaver.source == Some(name));
        let stays = |holder: Symbol| planner.identities.get(&holder).is_some_and(|own| own.source == Some(name));
        let missed = is_missed(planner, name);
        let touches = |change: &&Change| {
            let of = |holder: Symbol| {
                change.action.removes() && leaves(holder) || missed && (leaves(holder) || stays(holder))
            };
            change.address.holder().is_some_and(of)
        };
        let addresses: Vec<_> = plan.changes.iter().filter(touches).map(|change| change.address).collect();
        if addresses.is_empty() && is_harmless(planner, name) {
            let hint = "nobody leaves by this: from the next apply on, it is what the source is like".to_owned();
            let (code, severity, scope) = (Code::SourceShrank, Severity::Notice, Scope::Plan);
            findings.push(Finding { code, severity, scope, addresses, message, hint });
            continue;
        }
        let hint = "put the source right; whoever really left can be given an end date (`ends`) or a status in it";
        findings.push(holds(Code::SourceShrank, Scope::Plan, addresses, message, hint));
    }
    findings
}

/// What the sources have now, where that differs from the record: recorded once somebody approved that they shrank.
pub fn accepted(configuration: &Configuration, recorded: &Recorded) -> Vec<Fact> {
    let now = configuration.sources.iter().map(|source| source.read.clone());
    let gone = recorded.sources.keys().filter(|name| !configuration.sources.iter().any(|own| own.read.name == **name));
    let gone = gone.map(|name| SourceRead { name: *name, rows: 0, columns: Vec::new(), having: Vec::new() });
    let differs = |read: &SourceRead| {
        recorded.sources.get(&read.name).is_none_or(|seen| is_news(seen, read) || !seen.before.is_empty())
    };
    now.chain(gone).filter(differs).map(|read| Fact::accepted_source(&read)).collect()
}

fn is_news(seen: &Seen, read: &SourceRead) -> bool {
    (seen.rows, &seen.columns, &seen.having) != (read.rows, &read.columns, &read.having)
}

/// Records what the sources have now; what shrank too far is not recorded. The record knows what they had within a
/// day, so that a source that loses a little in every run is found out too.
pub(crate) fn record(planner: &mut Planner<'_>) {
    let share = InForce::new(planner).source_shrank();
    let mut facts = Vec::new();
    for source in &planner.inputs.configuration.sources {
        let name = source.read.name;
        let news = planner.inputs.recorded.sources.get(&name).is_none_or(|seen| is_news(seen, &source.read));
        let harmless = || is_harmless(planner, name) && !takes(planner, name);
        if news && (shrank(planner, name, share).is_none() || harmless()) {
            facts.push(Fact::source(&source.read));
        }
    }
    planner.facts.extend(facts);
}

/// What is taken from leavers.
pub(crate) fn leaving(planner: &Planner<'_>) -> Vec<Leaving> {
    let changes = planner.drafts.iter().map(|draft| &draft.change).filter(|change| change.action.removes());
    let leaving = |address: Address| {
        let holder = address.holder()?;
        let leaver = planner.leavers.get(&holder)?;
        Some(Leaving { address, source: leaver.source?, gone: leaver.gone.then_some(holder) })
    };
    changes.filter_map(|change| leaving(change.address)).collect()
}

/// How many whose rows are gone from a source lose something.
fn left(leaving: &[Leaving], source: Symbol) -> u64 {
    let of_source = leaving.iter().filter(|leaving| leaving.source == source);
    of_source.filter_map(|leaving| leaving.gone).collect::<FxHashSet<Symbol>>().len() as u64
}

/// Whether a plan of some addresses, `own` with what they need, may record what a source has now (a fact of [`record`]).
/// That a source grew anybody may; that it lost rows, or some of its rows a column, only whoever takes with it all that
/// those who left still have (`leaving`). Else a source could shrink as far as it likes, a little at a time, while
/// everybody waits for somebody who takes something, and none of them would be held in the end. That it lost a column
/// nobody may by the way.
pub(crate) fn carries(recorded: &Recorded, fact: &Fact, leaving: &[Leaving], own: &FxHashSet<Address>) -> bool {
    let Some(read) = fact.as_source() else { return false };
    let Some(seen) = recorded.sources.get(&read.name) else { return true };
    if !lost(seen, &read, left(leaving, read.name)).is_empty() {
        return false;
    }
    let grew = read.rows >= seen.rows && seen.columns.iter().all(|column| had(seen, *column) <= has(&read, *column));
    grew || leaving.iter().all(|leaving| leaving.source != read.name || own.contains(&leaving.address))
}

/// A column that is missing where it was.
struct Lost {
    column: Symbol,
    had: u64,
    has: u64,
}

impl std::fmt::Display for Lost {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.has {
            0 => write!(text, "{}", self.column),
            has => write!(text, "{} ({has} of the {} rows that had it)", self.column, self.had),
        }
    }
}

/// The columns that rows lost which stayed. Where a source says of each row only what it has, as directories do and
/// whoever pushes, the last one who has an attribute may leave, and takes the column along: `left` have left, or, as far
/// as the rows tell that, more. So a column is lost when nobody has it and more had it than left; and when most of
/// those who had it and did not leave are without it, for a right to read that is gone may leave a row or two.
fn lost(seen: &Seen, read: &SourceRead, left: u64) -> Vec<Lost> {
    let left = left.max(seen.rows.saturating_sub(read.rows));
    let lost = seen.columns.iter().filter_map(|column| {
        let (had, has) = (had(seen, *column), has(read, *column));
        let stayed = had.saturating_sub(left);
        let without = stayed.saturating_sub(has);
        let known = !seen.having.is_empty();
        let lost = if has == 0 { stayed > 0 } else { known && without > FEW && without * 2 > stayed };
        lost.then_some(Lost { column: *column, had, has })
    });
    lost.collect()
}

/// How many rows of the record had a column: all of them, as far as it does not tell.
fn had(seen: &Seen, column: Symbol) -> u64 {
    let place = seen.columns.iter().position(|known| *known == column);
    place.map_or(0, |place| seen.having.get(place).copied().unwrap_or(seen.rows))
}

/// How many rows have a column.
fn has(read: &SourceRead, column: Symbol) -> u64 {
    let place = read.columns.iter().position(|known| *known == column);
    place.and_then(|place| read.having.get(place).copied()).unwrap_or(0)
}
