//! The overview: how it goes, what waits for somebody, what others changed, what is due, and the systems.

use std::fmt::Write as _;

use state::{Address, Finding, Severity, Timestamp};

use super::html::{address, escaped, page as whole, section, table};
use crate::commands::watch::board::{Known, Sight};
use crate::commands::watch::log::Entry;
use crate::render::who::moment;

/// Rows of one table; what is left out is counted.
const MOST: usize = 200;
/// Addresses in one cell.
const FEW: usize = 10;

/// The page.
pub fn page(known: &Known, now: Timestamp) -> String {
    let mut body = String::new();
    match known.unwell(now) {
        None => body.push_str(&summary(known)),
        Some(why) => {
            let _ = writeln!(body, "<p class=\"bad\" role=\"status\">{}</p>", escaped(&why));
        }
    }
    let none = Sight::default();
    let sight = known.sight.as_ref().unwrap_or(&none);
    numbers(&mut body, known, sight);
    findings(&mut body, &sight.findings);
    waits(&mut body, &known.standing);
    drift(&mut body, &known.standing);
    let coming = sight.coming.iter().take(MOST).map(|(when, what)| vec![escaped(when), escaped(what)]);
    let coming = table("What is due", &["When", "What"], coming) + &left_out(sight.coming.len());
    section(&mut body, "due", "Due", sight.coming.len(), "Nothing is due by time alone.", &coming);
    systems(&mut body, known, sight);
    whole("Overview", &body)
}

/// That everything was read, and what is left to do.
fn summary(known: &Known) -> String {
    let count = |of: fn(&Entry) -> bool| known.standing.iter().filter(|entry| of(entry)).count();
    let held = count(|entry| matches!(entry, Entry::Waits { held: true, .. }));
    let waits = count(|entry| matches!(entry, Entry::Waits { held: false, .. }));
    let drift = count(|entry| matches!(entry, Entry::Drift { .. }));
    let parts = [
        (held, "change is held by a safeguard", "changes are held by safeguards"),
        (waits, "change waits for tenure apply", "changes wait for tenure apply"),
        (drift, "difference was made by others", "differences were made by others"),
    ];
    let parts = parts.iter().filter(|(count, ..)| *count > 0);
    let parts: Vec<String> =
        parts.map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many })).collect();
    match parts.is_empty() {
        true => {
            "<p class=\"good\" role=\"status\">All is well: every system was read, and nothing is left to do.</p>\n"
                .to_owned()
        }
        false => format!("<p class=\"hold\" role=\"status\">Every system was read. {}.</p>\n", parts.join("; ")),
    }
}

fn numbers(to: &mut String, known: &Known, sight: &Sight) {
    let rounds: u64 = known.rounds.values().sum();
    let ended = known.ended.map_or_else(|| "none yet".to_owned(), moment);
    let head = match sight.head {
        Some(head) => format!("line {}, <code>{head}</code>", sight.line),
        None => "not read yet".to_owned(),
    };
    let pairs = [
        ("Last round", format!("{}, took {} ms", escaped(&ended), known.took.1)),
        ("Rounds", format!("{rounds} since {}, {} failed", moment(known.started), known.failed)),
        ("Plan", format!("{} changes, {} of them held", sight.changes, sight.held)),
        ("Applied by itself", format!("{} addresses", known.applied)),
        (
            "On record",
            format!("{} people and services, {} accounts, groups and places", sight.identities, sight.objects),
        ),
        ("Head of the record", head),
    ];
    to.push_str("<dl>\n");
    for (name, value) in pairs {
        let _ = writeln!(to, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    }
    to.push_str("</dl>\n");
}

fn findings(to: &mut String, findings: &[Finding]) {
    let rows = findings.iter().take(MOST).map(|finding| {
        let holds =
            if finding.severity == Severity::Holds { "<strong class=\"hold\">holds</strong>" } else { "shown only" };
        let words = format!("{}<br><span class=\"quiet\">{}</span>", escaped(&finding.message), escaped(&finding.hint));
        vec![escaped(finding.code.as_str()), holds.to_owned(), words, addresses(&finding.addresses)]
    });
    let rows = table("Findings", &["Safeguard", "Effect", "What it says", "About"], rows) + &left_out(findings.len());
    section(to, "findings", "Findings", findings.len(), "No safeguard says anything.", &rows);
}

fn waits(to: &mut String, standing: &[Entry]) {
    let waiting: Vec<_> = standing
        .iter()
        .filter_map(|entry| match entry {
            Entry::Waits { address, action, held } => Some((*address, *action, *held)),
            _ => None,
        })
        .collect();
    let rows = waiting.iter().take(MOST).map(|(what, action, held)| {
        let how = if *held { "<strong class=\"hold\">held</strong>" } else { "for <code>tenure apply</code>" };
        vec![address(*what), escaped(action), how.to_owned()]
    });
    let rows = table("Changes that wait", &["What", "Change", "Waits"], rows) + &left_out(waiting.len());
    section(to, "waiting", "Waiting", waiting.len(), "No change waits for anybody.", &rows);
}

fn drift(to: &mut String, standing: &[Entry]) {
    let drift: Vec<_> = standing
        .iter()
        .filter_map(|entry| match entry {
            Entry::Drift { address, what, fate } => Some((*address, *what, *fate)),
            _ => None,
        })
        .collect();
    let rows = drift
        .iter()
        .take(MOST)
        .map(|(of, what, fate)| vec![address(*of), what.replace('_', " "), fate.replace('_', " ")]);
    let rows =
        table("What others changed", &["What", "How", "What the files make of it"], rows) + &left_out(drift.len());
    section(to, "drift", "Drift", drift.len(), "Nobody else changed anything.", &rows);
}

fn systems(to: &mut String, known: &Known, sight: &Sight) {
    let rows = sight.systems.iter().map(|system| {
        let read = match &system.read {
            Ok([accounts, groups, memberships]) => {
                format!("{accounts} accounts, {groups} groups, {memberships} memberships")
            }
            Err(error) => format!("<span class=\"bad\">not read: {}</span>", escaped(error)),
        };
        let hears = match known.hearing.get(&system.name) {
            Some(Ok(how)) => escaped(how),
            Some(Err(error)) => format!("<span class=\"hold\">not heard: {}</span>", escaped(error)),
            None => "<span class=\"quiet\">at the interval</span>".to_owned(),
        };
        vec![escaped(system.name.as_str()), escaped(system.provider.as_str()), read, hears]
    });
    let rows = table("Systems", &["System", "Provider", "Last read", "Changes are heard"], rows);
    section(to, "systems", "Systems", sight.systems.len(), "No system was looked at yet.", &rows);
}

fn addresses(all: &[Address]) -> String {
    let mut shown: Vec<String> = all.iter().take(FEW).map(|one| address(*one)).collect();
    if all.len() > FEW {
        shown.push(format!("and {} more", all.len() - FEW));
    }
    shown.join("<br>")
}

fn left_out(count: usize) -> String {
    match count.checked_sub(MOST) {
        Some(more) if more > 0 => {
            format!("<p class=\"quiet\">and {more} more: <code>tenure plan</code> shows all</p>\n")
        }
        _ => String::new(),
    }
}
