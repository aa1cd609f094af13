//! `simulate`: what would happen, by person and day; what would be held; which promises were looked at.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use state::{Action, Address, Timestamp};

use super::text::{clean, counted, number};
use crate::simulate::promises::{Broken, PROMISES};
use crate::simulate::rehearse::{Happened, Rehearsal, names};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const HELD: Style = AnsiColor::Yellow.on_default();
const BROKEN: Style = AnsiColor::Red.on_default().bold();
const KEPT: Style = AnsiColor::Green.on_default();

/// Addresses that are named where several are alike.
const NAMED: usize = 6;

/// One world.
pub fn rehearsal(
    to: &mut dyn Write,
    rehearsal: &Rehearsal,
    from: Timestamp,
    until: Timestamp,
    story: bool,
) -> io::Result<()> {
    let day = |at: Timestamp| at.to_jiff().strftime("%Y-%m-%d").to_string();
    let applies = counted(usize::try_from(rehearsal.applies).unwrap_or(usize::MAX), "apply", "applies");
    let days = if day(from) == day(until) { day(from) } else { format!("{} to {}", day(from), day(until)) };
    writeln!(to, "{BOLD}Rehearsed {days}{BOLD:#}: {applies} in twins of the systems; nothing was changed anywhere\n")?;
    if story {
        for line in &rehearsal.story {
            writeln!(to, "{}", clean(line))?;
        }
        writeln!(to)?;
    }
    people(to, rehearsal)?;
    held(to, rehearsal)?;
    for (day, why) in &rehearsal.refused {
        writeln!(to, "{HELD}{day}  apply stopped:{HELD:#} {}", clean(why))?;
    }
    if !rehearsal.refused.is_empty() {
        writeln!(to)?;
    }
    struck(to, rehearsal)?;
    promises(to, rehearsal)
}

/// Under each person and system, what happened on which day.
fn people(to: &mut dyn Write, rehearsal: &Rehearsal) -> io::Result<()> {
    let mut by_heading: BTreeMap<Address, Vec<&Happened>> = BTreeMap::new();
    let identity = |address: Address| match address.holder() {
        Some(holder) if rehearsal.names.contains_key(&Address::Service(holder)) => Some(Address::Service(holder)),
        Some(holder) => Some(Address::Person(holder)),
        None => address.system().map(Address::System),
    };
    for happened in &rehearsal.happened {
        by_heading.entry(identity(happened.address).unwrap_or(happened.address)).or_default().push(happened);
    }
    if by_heading.is_empty() {
        writeln!(to, "Nothing would change.\n")?;
    }
    let (people, systems): (Vec<_>, Vec<_>) =
        by_heading.into_iter().partition(|(heading, _)| !matches!(heading, Address::System(_)));
    for (heading, happened) in people.into_iter().chain(systems) {
        let name =
            rehearsal.names.get(&heading).map(|name| format!("  {DIM}{}{DIM:#}", clean(name))).unwrap_or_default();
        writeln!(to, "{BOLD}{heading}{BOLD:#}{name}")?;
        // What is alike on one day stands on one line.
        let mut lines: Vec<(&str, Action, String, Vec<String>)> = Vec::new();
        for one in happened {
            let why = one.why.join(", ");
            let subject = subject(one);
            match lines.last_mut() {
                Some((day, action, reason, subjects)) if *day == one.day && *action == one.action && *reason == why => {
                    subjects.push(subject);
                }
                _ => lines.push((&one.day, one.action, why, vec![subject])),
            }
        }
        for (day, action, why, subjects) in lines {
            let style = super::plan::style(action.symbol());
            let more = subjects.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let named = subjects.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
            let why = if why.is_empty() { String::new() } else { format!("  {DIM}{}{DIM:#}", clean(&why)) };
            writeln!(to, "  {day}  {style}{} {named}{more}{style:#}{why}", action.symbol())?;
        }
        writeln!(to)?;
    }
    Ok(())
}

fn subject(one: &Happened) -> String {
    let place = match (one.address, one.address.holder()) {
        (Address::Account { system, .. }, _) => format!("account.{system}"),
        (Address::Membership { system, group, .. }, Some(_)) => Address::Group { system, group }.to_string(),
        (other, _) => other.to_string(),
    };
    match one.action {
        Action::Grant | Action::Revoke | Action::Create | Action::Update | Action::Adopt => place,
        action => format!("{place} ({})", action.word()),
    }
}

fn held(to: &mut dyn Write, rehearsal: &Rehearsal) -> io::Result<()> {
    for held in &rehearsal.held {
        let days =
            if held.first == held.last { held.first.clone() } else { format!("{} to {}", held.first, held.last) };
        writeln!(to, "{HELD}held: {}{HELD:#}  {days}", held.code)?;
        writeln!(to, "  {}", clean(&held.message))?;
        let names: Vec<String> = held.addresses.iter().take(NAMED).map(Address::to_string).collect();
        let more = held.addresses.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        if !names.is_empty() {
            writeln!(to, "  {}{more}", names.join(", "))?;
        }
        writeln!(to)?;
    }
    Ok(())
}

fn struck(to: &mut dyn Write, rehearsal: &Rehearsal) -> io::Result<()> {
    if rehearsal.struck.is_empty() {
        return Ok(());
    }
    let struck: Vec<String> =
        rehearsal.struck.iter().map(|(name, count)| format!("{} {}", clean(name), number(*count))).collect();
    writeln!(to, "{BOLD}What went wrong{BOLD:#}: {}\n", struck.join(", "))
}

fn promises(to: &mut dyn Write, rehearsal: &Rehearsal) -> io::Result<()> {
    writeln!(to, "{BOLD}Promises, and how often they were looked at{BOLD:#}")?;
    for promise in PROMISES {
        let broken = rehearsal.broken.iter().filter(|broken| broken.promise == *promise).count();
        match rehearsal.checked.get(promise) {
            _ if broken > 0 => writeln!(to, "  {BROKEN}{:>9}  {promise}: broken{BROKEN:#}", "")?,
            Some(count) => writeln!(to, "  {KEPT}{:>9}{KEPT:#}  {promise}", number(*count))?,
            None => writeln!(to, "  {DIM}{:>9}  {promise}{DIM:#}", "-")?,
        }
    }
    writeln!(to)
}

/// Many worlds.
pub fn total(to: &mut dyn Write, total: &Rehearsal, runs: u64, failed: &BTreeMap<u64, Rehearsal>) -> io::Result<()> {
    let (runs, applies) = (number(runs), number(total.applies));
    writeln!(to, "{BOLD}Rehearsed {runs} worlds{BOLD:#}: {applies} applies in twins of the systems\n")?;
    struck(to, total)?;
    promises(to, total)?;
    match failed.len() {
        0 => writeln!(to, "{KEPT}Every promise was kept in every world.{KEPT:#}"),
        broken => {
            let seeds: Vec<String> = failed.keys().take(10).map(u64::to_string).collect();
            writeln!(
                to,
                "{BROKEN}A promise broke in {}{BROKEN:#}: seed {}\n",
                counted(broken, "world", "worlds"),
                seeds.join(", ")
            )
        }
    }
}

/// So much is told of each promise that broke.
const TOLD: usize = 3;

/// What happened until a promise broke; calls that were carried out and are not about it are only counted.
fn short(rehearsal: &Rehearsal) -> Vec<String> {
    let story = rehearsal.story.get(..rehearsal.until).unwrap_or(&rehearsal.story);
    let about = |line: &str| {
        let mut words = line.split_whitespace().map(|word| word.trim_end_matches(':'));
        words.any(|word| {
            word.contains('.')
                && rehearsal
                    .broken
                    .iter()
                    .any(|broken| broken.what.split_whitespace().any(|own| own.trim_end_matches(':') == word))
        })
    };
    let mut lines = Vec::new();
    let mut left_out = 0;
    for line in story {
        if line.ends_with(": done") && !about(line) {
            left_out += 1;
            continue;
        }
        lines.extend(aside(left_out));
        left_out = 0;
        lines.push(line.clone());
    }
    lines.extend(aside(left_out));
    lines
}

fn aside(calls: usize) -> Option<String> {
    (calls > 0).then(|| format!("{:26}({} done)", "", counted(calls, "call", "calls")))
}

/// A promise that broke, with a short story.
pub fn broken(to: &mut dyn Write, rehearsal: &Rehearsal, seed: u64) -> io::Result<()> {
    for promise in names(&rehearsal.broken) {
        writeln!(to, "{BROKEN}broken:{BROKEN:#} {promise}")?;
        let own: Vec<&Broken> = rehearsal.broken.iter().filter(|broken| broken.promise == promise).collect();
        for broken in own.iter().take(TOLD) {
            writeln!(to, "  {}", clean(&broken.what))?;
        }
        if own.len() > TOLD {
            writeln!(to, "  and {} more", own.len() - TOLD)?;
        }
    }
    writeln!(to, "\nThe shortest story that was found:")?;
    for line in short(rehearsal) {
        writeln!(to, "  {}", clean(&line))?;
    }
    for rule in &rehearsal.strikes {
        let system = rule.system.map(|name| format!(" of system.{name}")).unwrap_or_default();
        let times: Vec<String> = rule.fault.at.iter().map(u64::to_string).collect();
        writeln!(to, "  {DIM}{} struck at the {}. time{system}{DIM:#}", clean(&rule.fault.name), times.join(", "))?;
    }
    writeln!(to, "\nThe same world again: --seed {seed}")
}

/// A test that passed.
pub fn passed(name: &str) -> String {
    format!("{KEPT}ok{KEPT:#}      {}", clean(name))
}

/// A test that failed.
pub fn failed(name: &str, place: &str) -> String {
    format!("{BROKEN}FAILED{BROKEN:#}  {}  {DIM}{}{DIM:#}", clean(name), clean(place))
}

impl Rehearsal {
    /// Counts another one in.
    pub fn add(&mut self, other: &Rehearsal) {
        self.applies += other.applies;
        for (promise, count) in &other.checked {
            *self.checked.entry(promise).or_default() += count;
        }
        for (name, count) in &other.struck {
            *self.struck.entry(name.clone()).or_default() += count;
        }
        self.broken.extend(other.broken.iter().cloned());
    }
}
