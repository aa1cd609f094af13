//! `tenure history`: who did what, when, from which commit, with what answer.

use std::collections::{HashMap, HashSet};
use std::io::Write;

use state::record::{Event, EventResult, Line, RunStarted, Text};
use state::{Address, FactKind, Symbol, Timestamp};

use super::who::Form;
use crate::edge::record::damaged;
use crate::edge::{Record, Store};
use crate::render::history as render;
use crate::{Error, Exit};

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Only what is about this address, also under its former names.
    pub address: Option<Address>,
    /// Only what was recorded from then on.
    pub since: Option<Timestamp>,
    /// Whether `since` was given as a day or a moment, and not as how long ago.
    pub exact: bool,
    pub form: Form,
}

/// One run, and what it did that was asked for.
#[derive(Debug)]
pub struct Run {
    pub id: Symbol,
    /// None where the beginning of the run stands in an archived file.
    pub started: Option<(Timestamp, RunStarted)>,
    pub entries: Vec<Entry>,
    /// When and how it ended, as `run_finished` says.
    pub finished: Option<(Timestamp, String)>,
}

/// One change or fact.
#[derive(Debug)]
pub struct Entry {
    pub line: Line,
    /// When the answer came, and what it was: of an intent that was settled later, the settlement.
    pub answer: Option<(Timestamp, EventResult)>,
}

/// Prints the history of the record in `store`.
///
/// # Errors
/// Where the record is missing or damaged, or the output cannot be written.
pub fn run(store: &dyn Store, asked: &Asked, to: &mut dyn Write) -> Result<Exit, Error> {
    let bytes = store.load()?;
    Record::new(&store.name(), &bytes, &[], None)?;
    let text = Text::new(&bytes).map_err(|damage| damaged(&store.name(), &damage))?;
    check_begin(store, &text, asked)?;
    let runs = collect(&text, asked).map_err(|damage| damaged(&store.name(), &damage))?;
    match asked.form {
        Form::Json => render::json(to, &runs)?,
        Form::Csv => render::csv(to, &runs)?,
        Form::Text => render::text(to, &runs, asked)?,
    }
    Ok(Exit::Done)
}

/// Whether the record goes back as far as is asked for. How long ago is a way to say "all of it" where nothing was
/// archived.
fn check_begin(store: &dyn Store, text: &Text<'_>, asked: &Asked) -> Result<(), Error> {
    let (Some(since), Some(first)) = (asked.since, text.read().next()) else { return Ok(()) };
    let (_, first) = first.map_err(|damage| damaged(&store.name(), &damage))?;
    let continued = matches!(first.event, Event::Opened { former: Some(_), .. });
    if since >= first.at || !asked.exact && !continued {
        return Ok(());
    }
    let hint = match continued {
        true => "the archived file beside it has what was before: name it with --state FILE",
        false => "leave --since out to see all of it: what was before tenure, no record says",
    };
    let begins = crate::render::who::moment(first.at);
    Err(Error::new(format!("{} begins at {begins}: it says nothing of before", store.name())).hint(hint))
}

/// The runs that did something that was asked for, in the order in which they began.
pub fn collect(text: &Text, asked: &Asked) -> Result<Vec<Run>, state::record::Damage> {
    let names = asked.address.map(|address| names(text, address)).transpose()?;
    let about = |address: Address| {
        names.as_ref().is_none_or(|names| names.iter().any(|name| address == *name || belongs(address, *name)))
    };
    let mut runs: Vec<Run> = Vec::new();
    let mut places: HashMap<Symbol, usize> = HashMap::new();
    let mut intents: HashMap<(Symbol, u32), (usize, usize)> = HashMap::new();
    for line in text.read() {
        let (_, line) = line?;
        let recent = asked.since.is_none_or(|since| line.at >= since);
        let (run, wanted) = match &line.event {
            Event::RunStarted(started) => (started.run, false),
            Event::Fact { run, fact, .. } => {
                let former = fact.former.is_some_and(about);
                let source = fact.kind == FactKind::Source && asked.address.is_some();
                (*run, recent && !source && (former || about(fact.address)))
            }
            Event::Approved(approved) => {
                (approved.run, recent && approved.addresses.iter().any(|address| about(*address)))
            }
            Event::Intent { run, change, .. } => (*run, recent && about(change.address)),
            Event::Outcome { run, intent, result } => {
                let entry =
                    intents.get(&(*run, *intent)).and_then(|(run, entry)| runs.get_mut(*run)?.entries.get_mut(*entry));
                if let Some(entry) = entry {
                    entry.answer = Some((line.at, result.clone()));
                }
                continue;
            }
            Event::RunFinished { run, status, .. } => {
                if let Some(run) = places.get(run).and_then(|place| runs.get_mut(*place)) {
                    run.finished = Some((line.at, status.clone()));
                }
                continue;
            }
            _ => continue,
        };
        let place = *places.entry(run).or_insert_with(|| {
            runs.push(Run { id: run, started: None, entries: Vec::new(), finished: None });
            runs.len() - 1
        });
        let Some(of) = runs.get_mut(place) else { continue };
        match line.event {
            Event::RunStarted(started) => of.started = Some((line.at, *started)),
            _ if wanted => {
                if let Event::Intent { intent, .. } = &line.event {
                    intents.insert((run, *intent), (place, of.entries.len()));
                }
                of.entries.push(Entry { line, answer: None });
            }
            _ => {}
        }
    }
    let all = asked.address.is_none();
    let recent = |at: Timestamp| asked.since.is_none_or(|since| at >= since);
    runs.retain(|run| !run.entries.is_empty() || (all && run.started.as_ref().is_some_and(|(at, _)| recent(*at))));
    Ok(runs)
}

/// `address` and the names that it had before.
fn names(text: &Text, address: Address) -> Result<HashSet<Address>, state::record::Damage> {
    let mut moves = Vec::new();
    for line in text.read() {
        if let Event::Fact { fact, .. } = line?.1.event
            && let (FactKind::Moved, Some(former)) = (fact.kind, fact.former)
        {
            moves.push((former, fact.address));
        }
    }
    let mut names = HashSet::from([address]);
    for (former, now) in moves.into_iter().rev() {
        if names.contains(&now) {
            names.insert(former);
        }
    }
    Ok(names)
}

/// Whether `address` is a part of `wide`: a membership of a group, an account of a person, anything on a system.
pub fn belongs(address: Address, wide: Address) -> bool {
    match wide {
        Address::System(system) => address.system() == Some(system),
        Address::Person(holder) | Address::Service(holder) => address.holder() == Some(holder),
        Address::Group { .. } => address.parent_group() == Some(wide) || address.member() == Some(wide),
        Address::Account { .. } => address.member() == Some(wide),
        Address::Role(_) | Address::Membership { .. } | Address::Grant { .. } => false,
    }
}

/// A point in time as it is written on the command line: `2026-11-01` (midnight in `timezone`), an RFC 3339 moment, or
/// how long before `now` (`36h`, `30d`).
///
/// # Errors
/// Where it is none of these.
pub fn since(text: &str, now: Timestamp, timezone: &jiff::tz::TimeZone) -> Result<Timestamp, Error> {
    if let Ok(ago) = crate::cli::parse::duration(text) {
        return Ok(now.plus_millis(i64::try_from(ago.as_millis()).unwrap_or(i64::MAX).saturating_neg()));
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let day = text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() == "2026-11-01".len());
    day.and_then(|day| day.to_zoned(timezone.clone()).ok()).map(|midnight| midnight.timestamp().into()).ok_or_else(
        || {
            Error::new(format!("`{text}` is not a point in time"))
                .hint("write a date (2026-11-01), a moment (2026-11-01T09:00:00Z), or how long ago (36h, 30d)")
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time() {
        let now: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
        let berlin = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
        for (text, expected) in [
            ("2026-11-01", Some("2026-10-31T23:00:00.000Z")),
            ("2026-11-01T09:00:00Z", Some("2026-11-01T09:00:00.000Z")),
            ("2026-11-01T09:00:00+02:00", Some("2026-11-01T07:00:00.000Z")),
            ("36h", Some("2026-11-21T21:00:00.000Z")),
            ("30d", Some("2026-10-24T09:00:00.000Z")),
            ("99999999999d", Some("-009999-01-02T01:59:59.000Z")),
            ("yesterday", None),
            ("2026-13-01", None),
            ("", None),
        ] {
            let found = since(text, now, &berlin).ok().map(|moment| moment.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
