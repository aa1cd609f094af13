//! A plan for a terminal.

use std::io::{self, Write};

use anstyle::{AnsiColor, Effects, Style};
use state::{Address, Change, Plan, Reason, Undo, Wanted};

use super::counts::{Counts, unseen_facts};
use super::details::{self, Detail, What};
use super::fold::{Block, Folded, Row, fold};
use super::items::{Item, Lookup};
use super::sections::{sections, subject};
use super::{findings, summary, systems, value};
use crate::cli::plan::Shown;
use crate::render::text::{clean, counted, number, width};

pub(super) const BOLD: Style = Style::new().effects(Effects::BOLD);
pub(super) const DIM: Style = Style::new().effects(Effects::DIMMED);
pub(super) const HELD: Style = AnsiColor::Yellow.on_default().bold();

/// Reasons start in the same column, but not further right than this.
const WIDEST_SUBJECT: usize = 46;
/// Headings named in a block that several share.
const NAMED: usize = 8;
/// Reasons shown of one line, of a folded plan.
const REASONS: usize = 3;

/// The colour of a sign.
pub fn style(symbol: char) -> Style {
    match symbol {
        '+' => AnsiColor::Green.on_default(),
        '~' => AnsiColor::Yellow.on_default(),
        '=' => AnsiColor::Cyan.on_default(),
        '-' => AnsiColor::Red.on_default(),
        '>' => AnsiColor::Magenta.on_default(),
        '!' => AnsiColor::Red.on_default().bold(),
        _ => DIM,
    }
}

/// The whole plan: what is done, what is said about systems, what safeguards say, and the line that counts.
pub fn write(to: &mut dyn Write, plan: &Plan, shown: &Shown) -> io::Result<()> {
    let lookup = Lookup::new(plan);
    let folded = fold(sections(&lookup, shown.by), &lookup, shown.full);
    let column = column(&folded);
    for block in &folded.blocks {
        write_block(to, block, &lookup, column)?;
        writeln!(to)?;
    }
    write_hidden(to, &folded, &lookup)?;
    systems::write(to, plan)?;
    findings::write(to, plan, shown)?;
    crate::render::undo::left(to, plan)?;
    write_counts(to, plan)
}

/// `Plan: 12 to give, 1 to take; 1 held`.
fn write_counts(to: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    let counts = Counts::of(plan);
    if counts.words().next().is_some() {
        return writeln!(to, "{BOLD}Plan:{BOLD:#} {counts}");
    }
    let unread = plan.systems.values().any(|system| matches!(system.read, state::SystemRead::Incomplete { .. }));
    let what = if unread { "Nothing to change where systems were read" } else { "Nothing to change" };
    match unseen_facts(plan) {
        0 => writeln!(to, "{BOLD}{what}.{BOLD:#}"),
        facts => writeln!(to, "{BOLD}{what};{BOLD:#} {} to record.", counted(facts, "fact", "facts")),
    }
}

fn write_hidden(to: &mut dyn Write, folded: &Folded<'_>, lookup: &Lookup<'_>) -> io::Result<()> {
    if folded.hidden > 0 {
        let identities = counted(folded.hidden, "other", "others");
        writeln!(to, "{DIM}... and {identities}: {}{DIM:#}", folded.hidden_counts)?;
    }
    if folded.shortened {
        writeln!(to, "{DIM}A large plan, shortened: --full shows every line and every attribute.{DIM:#}\n")?;
        summary::write(to, lookup)?;
    }
    Ok(())
}

/// Where the reasons start.
fn column(folded: &Folded<'_>) -> usize {
    let rows = folded.blocks.iter().flat_map(|block| block.rows.iter().map(move |row| (block, row)));
    let subjects = rows.filter_map(|(block, row)| match row {
        Row::Item(item) => Some(width(&words(*item, *block.headings.first()?))),
        Row::More { .. } => None,
    });
    subjects.filter(|columns| *columns <= WIDEST_SUBJECT).max().unwrap_or(0)
}

fn write_block(to: &mut dyn Write, block: &Block<'_>, lookup: &Lookup<'_>, column: usize) -> io::Result<()> {
    let Some(&heading) = block.headings.first() else { return Ok(()) };
    match block.headings.as_slice() {
        [one] => match lookup.name(*one) {
            Some(name) => writeln!(to, "{BOLD}{one}{BOLD:#}  {DIM}{}{DIM:#}", clean(name))?,
            None => writeln!(to, "{BOLD}{one}{BOLD:#}")?,
        },
        many => {
            let named: Vec<String> = many.iter().take(NAMED).map(Address::to_string).collect();
            let named = named.join(", ");
            let more = many.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {} more", number(more as u64)) } else { String::new() };
            writeln!(to, "{BOLD}{} alike{BOLD:#}  {named}{more}", number(many.len() as u64))?;
        }
    }
    for row in &block.rows {
        match row {
            Row::Item(item) => write_item(to, *item, heading, lookup, column, block.details)?,
            Row::More { symbol, count, noun } => {
                let style = style(*symbol);
                let count = number(*count as u64);
                writeln!(to, "  {style}{symbol}{style:#} {DIM}... and {count} more {noun}{DIM:#}")?;
            }
        }
    }
    Ok(())
}

/// Subject and remarks of a line: `group.chat.core as role = "maintainer"`, `account.chat (deactivate)`.
fn words(item: Item<'_>, heading: Address) -> String {
    let mut words = subject(item.address(), heading);
    if let Item::Change(change) = item
        && is_qualified(change)
    {
        words.push_str(" as ");
        words.push_str(&qualifiers(change));
    }
    if let Some(remark) = item.remark() {
        words.push_str(&format!(" ({remark})"));
    }
    words
}

/// Whether the qualifiers of a new membership are said on its line.
fn is_qualified(change: &Change) -> bool {
    matches!(change.address, Address::Membership { .. })
        && change.action == state::Action::Grant
        && !change.after.is_empty()
}

fn qualifiers(change: &Change) -> String {
    let pairs: Vec<String> = change
        .after
        .iter()
        .map(|(name, wanted)| match wanted {
            Wanted::Known(state::Value::Text(text)) if name.as_str() == "role" => clean(text.as_str()).into_owned(),
            wanted => format!("{} = {}", value::key(name.as_str()), value::wanted(wanted)),
        })
        .collect();
    pairs.join(", ")
}

fn write_item(
    to: &mut dyn Write,
    item: Item<'_>,
    heading: Address,
    lookup: &Lookup<'_>,
    column: usize,
    details: bool,
) -> io::Result<()> {
    let symbol = item.symbol();
    let style = style(symbol);
    let words = words(item, heading);
    let pad = column.saturating_sub(width(&words));
    let mut notes = reasons(item, lookup, if details { usize::MAX } else { REASONS }).into_iter();
    write!(to, "  {style}{symbol} {words}{style:#}")?;
    if let Some(first) = notes.next() {
        write!(to, "{:pad$}  {DIM}{first}{DIM:#}", "")?;
    }
    if let Some(codes) = lookup.held_words(item) {
        let codes = if codes == "observed" { codes } else { format!("held: {codes}") };
        write!(to, "  {HELD}{codes}{HELD:#}")?;
    }
    writeln!(to)?;
    for note in notes {
        writeln!(to, "    {:column$}  {DIM}{note}{DIM:#}", "")?;
    }
    let Item::Change(change) = item else { return Ok(()) };
    for remark in lookup.remarks(change) {
        writeln!(to, "      {remark}")?;
    }
    if let Some(words) = undo(change) {
        writeln!(to, "      {words}")?;
    }
    if (details || !item.gives()) && !is_qualified(change) {
        write_details(to, &details::details(change))?;
    }
    Ok(())
}

/// Why, each reason by itself: `role.core (teams/core.hcl:3)`; and when it ends, where no reason says so.
fn reasons(item: Item<'_>, lookup: &Lookup<'_>, most: usize) -> Vec<String> {
    let all: Vec<&Reason> = lookup.reasons(item).collect();
    let mut notes: Vec<String> = all.iter().take(most).map(|reason| why(reason, item.address())).collect();
    if all.len() > most {
        notes.push(format!("and {} more reasons", all.len() - most));
    }
    if let Item::Change(change) = item
        && let Some(until) = change.until
        && !all.iter().any(|reason| reason.because.as_str().contains("until "))
    {
        notes.push(format!("until {}", moment(until)));
    }
    notes
}

fn why(reason: &Reason, address: Address) -> String {
    match reason.place {
        // A block that asks for itself.
        Some(place) if reason.because.as_str() == address.to_string() => format!("({})", clean(place.as_str())),
        Some(place) => format!("{} ({})", clean(reason.because.as_str()), clean(place.as_str())),
        None => clean(reason.because.as_str()).into_owned(),
    }
}

/// `2026-12-31`, or `2026-12-31T23:00Z` where it is not midnight.
pub(super) fn moment(moment: state::Timestamp) -> String {
    let text = moment.to_string();
    match text.split_once('T') {
        Some((date, "00:00:00.000Z")) => date.to_owned(),
        Some((date, time)) => format!("{date}T{}Z", time.get(..5).unwrap_or(time)),
        None => text,
    }
}

/// What is said where a change cannot be taken back for ever.
fn undo(change: &Change) -> Option<String> {
    match &change.undo {
        Undo::AnyTime => None,
        Undo::Until(moment) => Some(format!("{HELD}can be undone until {}{HELD:#}", clean(moment.as_str()))),
        Undo::Never { lost } => Some(format!("{HELD}cannot be undone:{HELD:#} {} would be lost", clean(lost.as_str()))),
    }
}

fn write_details(to: &mut dyn Write, details: &[Detail]) -> io::Result<()> {
    let column = details.iter().map(|detail| width(&detail.name)).max().unwrap_or(0);
    for Detail { name, what } in details {
        let pad = column - width(name);
        match what {
            What::Set(value) => writeln!(to, "      {name}{:pad$} = {}", "", placeholder(value))?,
            What::Replaced(before, after) => {
                let (before, after) = (placeholder(before), placeholder(after));
                writeln!(to, "      {name}{:pad$} = {before} {DIM}->{DIM:#} {after}", "")?;
            }
            What::Diff(lines) => {
                writeln!(to, "      {name}")?;
                for (sign, line) in lines {
                    let style = if *sign == ' ' || *sign == '…' { DIM } else { style(*sign) };
                    writeln!(to, "        {style}{}{style:#}", format!("{sign} {line}").trim_end())?;
                }
            }
        }
    }
    Ok(())
}

/// What stands for a value is told apart from values.
fn placeholder(shown: &str) -> String {
    if shown.starts_with('(') { format!("{DIM}{shown}{DIM:#}") } else { shown.to_owned() }
}
