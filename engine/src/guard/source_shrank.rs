//! `source-shrank`: a source of people lost too many rows, is empty, or lost a column. Whoever seems to have left with
//! it is not touched.

use rustc_hash::FxHashSet;
use state::record::Recorded;
use state::{Address, Code, Fact, Finding, Plan, Scope, Severity, Symbol};

use super::limits::InForce;
use super::{count, holds};
use crate::configuration::Configuration;
use crate::plan::planner::Planner;

const DAY: i64 = 86_400_000;

/// Losing no more rows than this is never too many.
const FEW: u64 = 3;

/// What is wrong with a source, against what the record saw of it.
fn shrank(planner: &Planner<'_>, name: Symbol, share: f64) -> Option<String> {
    let seen = planner.inputs.recorded.sources.get(&name)?;
    let Some(source) = planner.inputs.configuration.sources.iter().find(|source| source.name == name) else {
        return (seen.rows > 0).then(|| format!("people.{name} is gone from the files: it had {} rows", seen.rows));
    };
    let (had, has) = (seen.most_rows(planner.inputs.now, DAY), source.rows);
    if has == 0 && had > 0 {
        return Some(format!("the source of people.{name} is empty: it had {had} rows"));
    }
    let lost: Vec<&str> =
        seen.columns.iter().filter(|column| !source.columns.contains(column)).map(|column| column.as_str()).collect();
    if !lost.is_empty() {
        let columns = count(lost.len(), "column");
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

/// Whether a source lost columns and no rows.
fn is_harmless(planner: &Planner<'_>, name: Symbol) -> bool {
    let had = planner.inputs.recorded.sources.get(&name).map_or(0, |seen| seen.most_rows(planner.inputs.now, DAY));
    planner.inputs.configuration.sources.iter().any(|source| source.name == name && source.rows >= had && had > 0)
}

/// Whether somebody of this source leaves by this plan.
fn takes(planner: &Planner<'_>, name: Symbol) -> bool {
    let of_source = |holder: Symbol| planner.leavers.get(&holder).is_some_and(|leaver| leaver.source == Some(name));
    let mut removals = planner.drafts.iter().map(|draft| &draft.change).filter(|change| change.action.removes());
    removals.any(|change| change.address.holder().is_some_and(of_source))
}

pub(super) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    let share = InForce::new(planner).source_shrank();
    let names: Vec<Symbol> = planner.inputs.recorded.sources.keys().copied().collect();
    let mut findings = Vec::new();
    for name in names {
        let Some(message) = shrank(planner, name, share) else { continue };
        let of_source = |holder: Symbol| planner.leavers.get(&holder).is_some_and(|leaver| leaver.source == Some(name));
        let addresses: Vec<_> = plan
            .changes
            .iter()
            .filter(|change| change.action.removes() && change.address.holder().is_some_and(of_source))
            .map(|change| change.address)
            .collect();
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
    let now = configuration.sources.iter().map(|source| (source.name, source.rows, source.columns.as_slice()));
    let gone = recorded.sources.keys().filter(|name| !configuration.sources.iter().any(|own| own.name == **name));
    let differs = |(name, rows, columns): &(Symbol, u64, &[Symbol])| {
        recorded
            .sources
            .get(name)
            .is_none_or(|seen| seen.rows != *rows || seen.columns != *columns || !seen.before.is_empty())
    };
    let all = now.chain(gone.map(|name| (*name, 0, &[][..])));
    all.filter(differs).map(|(name, rows, columns)| Fact::accepted_source(name, rows, columns)).collect()
}

/// Records what the sources have now; what shrank too far is not recorded. The record knows what they had within a
/// day, so that a source that loses a little in every run is found out too.
pub(crate) fn record(planner: &mut Planner<'_>) {
    let share = InForce::new(planner).source_shrank();
    let mut facts = Vec::new();
    for source in &planner.inputs.configuration.sources {
        let seen = planner.inputs.recorded.sources.get(&source.name);
        let news = seen.is_none_or(|seen| seen.rows != source.rows || seen.columns != source.columns);
        let harmless = || is_harmless(planner, source.name) && !takes(planner, source.name);
        if news && (shrank(planner, source.name, share).is_none() || harmless()) {
            facts.push(Fact::source(source.name, source.rows, &source.columns));
        }
    }
    planner.facts.extend(facts);
}

/// What is taken from leavers, with the source that they were in.
pub(crate) fn leaving(planner: &Planner<'_>) -> Vec<(Symbol, Address)> {
    let changes = planner.drafts.iter().map(|draft| &draft.change).filter(|change| change.action.removes());
    let source = |address: Address| planner.leavers.get(&address.holder()?)?.source;
    changes.filter_map(|change| Some((source(change.address)?, change.address))).collect()
}

/// Whether a plan of some addresses, `own` with what they need, may record what a source has now (a fact of [`record`]).
/// That a source grew anybody may; that it lost rows or columns only whoever takes with it all that those who left still
/// have (`leaving`). Else a source could shrink as far as it likes, a little at a time, while everybody waits for somebody
/// who takes something, and none of them would be held in the end.
pub(crate) fn carries(
    recorded: &Recorded,
    fact: &Fact,
    leaving: &[(Symbol, Address)],
    own: &FxHashSet<Address>,
) -> bool {
    let Some((name, rows, columns)) = fact.as_source() else { return false };
    let Some(seen) = recorded.sources.get(&name) else { return true };
    if !seen.columns.iter().all(|column| columns.contains(column)) {
        return false;
    }
    rows >= seen.rows || leaving.iter().all(|(source, address)| *source != name || own.contains(address))
}
