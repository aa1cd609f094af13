//! A history: runs as headings, below each a change and its answer on one line.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Effects, Style};
use serde::Serialize;
use state::record::{Event, EventResult, HMAC, RunStarted};
use state::{Action, Address, Attributes, Change, Commit, Fact, FactKind, Reason, Symbol, Timestamp, Value, Wanted};

use crate::commands::history::{Asked, Entry, Run};
use crate::render::text::{self, clean, counted};
use crate::render::who::moment;

const BOLD: Style = Style::new().effects(Effects::BOLD);
const DIM: Style = Style::new().effects(Effects::DIMMED);
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const DOUBT: Style = AnsiColor::Yellow.on_default();

/// For a terminal.
pub fn text(to: &mut dyn Write, runs: &[Run], asked: &Asked) -> io::Result<()> {
    if runs.is_empty() {
        let about = asked.address.map_or_else(String::new, |address| format!(" about {address}"));
        let since = asked.since.map_or_else(String::new, |since| format!(" since {since}"));
        return writeln!(to, "Nothing is recorded{about}{since}.");
    }
    for (n, run) in runs.iter().enumerate() {
        if n > 0 {
            writeln!(to)?;
        }
        heading(to, run)?;
        // Without a question for one address, what only says who is known and why access stands is counted.
        let quiet = |entry: &&Entry| asked.address.is_none() && is_quiet(entry);
        for entry in run.entries.iter().filter(|entry| !quiet(entry)) {
            line(to, entry, run)?;
        }
        let count = |kind| run.entries.iter().filter(|entry| fact_kind(entry) == Some(kind)).filter(quiet).count();
        let counts = [
            (count(FactKind::Identity), "person or service recorded", "people and services recorded"),
            (count(FactKind::Explained), "reason recorded", "reasons recorded"),
        ];
        let counts: Vec<String> =
            counts.iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| counted(*n, one, many)).collect();
        if !counts.is_empty() {
            writeln!(to, "  {DIM}{}{DIM:#}", counts.join(", "))?;
        }
    }
    Ok(())
}

fn fact_kind(entry: &Entry) -> Option<FactKind> {
    match &entry.line.event {
        Event::Fact { fact, .. } => Some(fact.kind),
        _ => None,
    }
}

fn is_quiet(entry: &Entry) -> bool {
    matches!(fact_kind(entry), Some(FactKind::Identity | FactKind::Explained))
}

/// `2026-11-23 09:00:00Z  apply by ada on ci-1, commit 4f2a1c3  (run r1, tenure 0.1.0) done`
fn heading(to: &mut dyn Write, run: &Run) -> io::Result<()> {
    let Some((at, started)) = &run.started else {
        return writeln!(to, "{BOLD}run {}{BOLD:#}, which began in an archived file", clean(run.id.as_str()));
    };
    let RunStarted { actor, host, version, command, commit, clean: tree, .. } = started;
    let (actor, host, command) = (clean(actor), clean(host), command.join(" "));
    let commit = commit.as_ref().map(|id| Commit { id: id.clone(), clean: *tree != Some(false) });
    let commit = commit.map_or_else(String::new, |commit| format!(", commit {}", text::commit(&commit)));
    let (style, status) = match &run.finished {
        Some((_, status)) if status == "done" => (GOOD, status.as_str()),
        Some((_, status)) => (BAD, status.as_str()),
        None => (DOUBT, "not finished"),
    };
    writeln!(
        to,
        "{BOLD}{}{BOLD:#}  `{}` by {actor} on {host}{commit}  {DIM}run {}, tenure {}{DIM:#}  {style}{}{style:#}",
        moment(*at),
        clean(&command),
        clean(run.id.as_str()),
        clean(version),
        clean(status)
    )
}

/// The time of day; the whole date where it is not that of the heading.
fn time(at: Timestamp, run: &Run) -> String {
    let day = |at: Timestamp| at.to_jiff().strftime("%Y-%m-%d").to_string();
    match &run.started {
        Some((started, _)) if day(*started) == day(at) => at.to_jiff().strftime("%H:%M:%S").to_string(),
        _ => moment(at),
    }
}

/// One change, approval or fact in words.
pub struct Telling {
    /// When; the day only where it is not that of its run.
    pub at: String,
    pub sign: char,
    pub subject: String,
    pub words: String,
    pub because: Option<String>,
    /// What became of it, and how that is to be taken.
    pub answer: Option<(Tone, String)>,
}

/// How something is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Bad,
    Doubt,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Tone::Good => GOOD,
            Tone::Bad => BAD,
            Tone::Doubt => DOUBT,
        }
    }
}

/// What an entry says; none for what is no entry of its own.
pub fn telling(entry: &Entry, run: &Run) -> Option<Telling> {
    let at = time(entry.line.at, run);
    let first = |why: &[Reason]| why.first().map(|reason| clean(reason.because.as_str()).into_owned());
    Some(match &entry.line.event {
        Event::Intent { change, why, .. } => Telling {
            at,
            sign: change.action.symbol(),
            subject: change.address.to_string(),
            words: what(change),
            because: first(why),
            answer: Some(answer(entry, run)),
        },
        Event::Approved(approved) => Telling {
            at,
            sign: ' ',
            subject: super::who::approval(approved),
            words: counted(approved.addresses.len(), "address", "addresses"),
            because: None,
            answer: None,
        },
        Event::Fact { fact, why, .. } => {
            let (sign, words) = fact_words(fact);
            Telling { at, sign, subject: subject(fact), words, because: first(why), answer: None }
        }
        _ => return None,
    })
}

fn line(to: &mut dyn Write, entry: &Entry, run: &Run) -> io::Result<()> {
    let Some(Telling { at, sign, subject, words, because, answer }) = telling(entry, run) else { return Ok(()) };
    if matches!(entry.line.event, Event::Approved(_)) {
        return writeln!(to, "  {at}  {GOOD}{subject}{GOOD:#}  {DIM}{words}{DIM:#}");
    }
    let style = super::plan::style(sign);
    write!(to, "  {at}  {style}{sign}{style:#} {subject}  {words}")?;
    if let Some(because) = because {
        write!(to, "  {DIM}{because}{DIM:#}")?;
    }
    if let Some((tone, answer)) = answer {
        let style = tone.style();
        write!(to, "  {style}{answer}{style:#}")?;
    }
    writeln!(to)
}

/// `update title "Lady" -> "Countess"`.
fn what(change: &Change) -> String {
    let mut words = change.action.word().to_owned();
    let before = |name| change.before.as_ref().and_then(|before| before.attributes.get(name));
    for (name, wanted) in &change.after {
        let value = match wanted {
            Wanted::Known(value) => shown(value),
            Wanted::Secret { .. } => "(sensitive)".to_owned(),
            Wanted::Deferred { .. } => "(known after apply)".to_owned(),
        };
        let name_shown = clean(name.as_str());
        words += &match before(*name) {
            Some(before) => format!(" {name_shown} {} -> {value}", shown(before)),
            None if change.action == Action::Create || change.action == Action::Grant => {
                format!(" {name_shown} = {value}")
            }
            None => format!(" {name_shown} -> {value}"),
        };
    }
    words
}

/// A value on one line; of a secret nothing.
fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) if text.as_str().starts_with(HMAC) => "(sensitive)".to_owned(),
        value => clean(&value.to_string()).into_owned(),
    }
}

fn attributes_shown(attributes: &Attributes) -> String {
    let pairs: Vec<String> =
        attributes.iter().map(|(name, value)| format!("{} = {}", clean(name.as_str()), shown(value))).collect();
    pairs.join(", ")
}

/// What the system said, and when, where that was much later.
fn answer(entry: &Entry, run: &Run) -> (Tone, String) {
    let Some((at, result)) = &entry.answer else {
        return (Tone::Doubt, "no answer: in doubt until it is looked at".to_owned());
    };
    let settled = |settled: bool| if settled { format!(" (seen {})", time(*at, run)) } else { String::new() };
    match result {
        EventResult::Done { object, settled: late, note } => {
            let id = match object.id.as_str() {
                "" => String::new(),
                id => format!(": id {}", clean(id)),
            };
            let created = matches!(&entry.line.event, Event::Intent { change, .. } if change.action == Action::Create);
            let done = format!("done{}{}", if created { id } else { String::new() }, settled(*late));
            match note {
                Some(note) => (Tone::Doubt, format!("{done}, but {}", clean(note))),
                None => (Tone::Good, done),
            }
        }
        EventResult::NotDone { error, settled: late } => {
            (Tone::Bad, format!("not done: {}{}", clean(error), settled(*late)))
        }
        EventResult::Unknown { error, .. } => (Tone::Doubt, format!("in doubt: {}", clean(error))),
        EventResult::Diverged { error, .. } => {
            (Tone::Bad, format!("neither as before nor as wanted: {}", clean(error)))
        }
    }
}

/// What a fact is about.
fn subject(fact: &Fact) -> String {
    match fact.as_source() {
        Some(read) => format!("people.{}", clean(read.name.as_str())),
        None => fact.address.to_string(),
    }
}

fn fact_words(fact: &Fact) -> (char, String) {
    let object = fact.object.as_deref();
    let attributes = object.map(|object| attributes_shown(&object.attributes)).unwrap_or_default();
    match fact.kind {
        FactKind::Adopted => {
            let id = object.map(|object| object.id.as_str()).unwrap_or_default();
            ('=', if id.is_empty() { "adopted".to_owned() } else { format!("adopted: id {}", clean(id)) })
        }
        FactKind::Moved => {
            let former = fact.former.map_or_else(String::new, |former: Address| format!(", formerly {former}"));
            ('~', format!("renamed{former}"))
        }
        FactKind::Forgotten => ('.', "forgotten".to_owned()),
        FactKind::Drifted => (' ', format!("found changed by others: {attributes}")),
        FactKind::Explained => (' ', "reason recorded".to_owned()),
        FactKind::Identity => (' ', format!("recorded: {attributes}")),
        FactKind::Source => {
            let (rows, columns) = fact.as_source().map(|read| (read.rows, read.columns.len())).unwrap_or_default();
            (' ', format!("read: {}, {}", counted(rows as usize, "row", "rows"), counted(columns, "column", "columns")))
        }
        FactKind::Settled => (' ', "settled".to_owned()),
        FactKind::Stage => {
            let stage = fact.as_stage().map_or("?", |stage| stage.word());
            (' ', format!("offboarding: {stage}, from when on the next stage is counted"))
        }
        FactKind::Undone => {
            let (run, again) = fact.as_undone().unwrap_or((Symbol::new("?"), BTreeMap::new()));
            let again: Vec<&str> = again.keys().map(|action| action.word()).collect();
            (' ', format!("held against the files ({}): the undo of run {}", again.join(", "), clean(run.as_str())))
        }
        FactKind::Released => (' ', "no longer held: the files agree, or want something else".to_owned()),
        FactKind::Suspended => ('-', format!("suspended: {}", suspension(fact))),
        FactKind::Lifted => ('+', format!("no longer suspended: {}", suspension(fact))),
    }
}

fn suspension(fact: &Fact) -> String {
    let (reason, by) = fact.as_suspension().unwrap_or((Symbol::new("?"), Symbol::new("?")));
    format!("{} (by {})", clean(reason.as_str()), clean(by.as_str()))
}

/// One change or fact for a program.
#[derive(Serialize)]
struct Told<'a> {
    /// Number of the line of the record.
    line: u64,
    at: Timestamp,
    run: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<By<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<&'a Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fact: Option<&'a Fact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<super::who::Approval<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    why: &'a [Reason],
    /// `done`, `not_done`, `unknown` or `diverged` with what the system said; null of a change that is in doubt.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Option<&'a EventResult>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<Timestamp>,
}

/// Who ran it.
#[derive(Serialize)]
struct By<'a> {
    actor: &'a str,
    host: &'a str,
    version: &'a str,
    command: &'a [String],
    commit: Option<&'a str>,
    clean: Option<bool>,
}

/// For programs: one object a line.
pub fn json(to: &mut dyn Write, runs: &[Run]) -> io::Result<()> {
    for run in runs {
        for entry in &run.entries {
            let (change, fact, why, approval) = match &entry.line.event {
                Event::Intent { change, why, .. } => (Some(&**change), None, &why[..], None),
                Event::Fact { fact, why, .. } => (None, Some(&**fact), &why[..], None),
                Event::Approved(approved) => (None, None, &[][..], Some(super::who::Approval::from(&**approved))),
                _ => continue,
            };
            let told = Told {
                line: entry.line.n,
                at: entry.line.at,
                run: run.id.as_str(),
                by: run.started.as_ref().map(|(_, started)| By {
                    actor: &started.actor,
                    host: &started.host,
                    version: &started.version,
                    command: &started.command,
                    commit: started.commit.as_deref(),
                    clean: started.clean,
                }),
                change,
                fact,
                approval,
                why,
                answer: change.is_some().then(|| entry.answer.as_ref().map(|(_, result)| result)),
                answered_at: entry.answer.as_ref().map(|(at, _)| *at),
            };
            serde_json::to_writer(&mut *to, &told)?;
            writeln!(to)?;
        }
    }
    Ok(())
}

/// For auditors: RFC 4180, a header and one change, fact or approval a line.
pub fn csv(to: &mut dyn Write, runs: &[Run]) -> io::Result<()> {
    write!(to, "line,at,run,actor,host,commit,address,action,what,because,answer\r\n")?;
    for run in runs {
        for entry in &run.entries {
            let (address, action, words, why) = match &entry.line.event {
                Event::Intent { change, why, .. } => {
                    (change.address.to_string(), change.action.word().to_owned(), what(change), &why[..])
                }
                Event::Fact { fact, why, .. } => (subject(fact), kind_word(fact.kind), fact_words(fact).1, &why[..]),
                Event::Approved(approved) => {
                    let addresses: Vec<String> = approved.addresses.iter().map(Address::to_string).collect();
                    (addresses.join("; "), "approved".to_owned(), super::who::approval(approved), &[][..])
                }
                _ => continue,
            };
            let started = run.started.as_ref().map(|(_, started)| started);
            let reasons: Vec<&str> = why.iter().map(|reason| reason.because.as_str()).collect();
            let told = match &entry.line.event {
                Event::Intent { .. } => answer(entry, run).1,
                _ => String::new(),
            };
            let fields = [
                entry.line.n.to_string(),
                entry.line.at.to_string(),
                run.id.to_string(),
                started.map_or_else(String::new, |started| started.actor.clone()),
                started.map_or_else(String::new, |started| started.host.clone()),
                started.and_then(|started| started.commit.clone()).unwrap_or_default(),
                address,
                action,
                words,
                reasons.join("; "),
                told,
            ];
            write!(to, "{}\r\n", fields.map(super::who::field).join(","))?;
        }
    }
    Ok(())
}

/// The kind of a fact as the record writes it.
fn kind_word(kind: FactKind) -> String {
    serde_json::to_value(kind).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}
