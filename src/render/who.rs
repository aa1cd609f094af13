//! `who`: a line for each access, and below it what gave it.

use std::collections::BTreeSet;
use std::io::{self, Write};

use anstyle::{AnsiColor, Effects, Style};
use engine::language::csv_field;
use serde::Serialize;
use state::record::{Approved, RunStarted};
use state::{Address, Attributes, Code, Digest, Reason, Symbol, Timestamp};

use crate::commands::who::{Access, Asked};
use crate::render::text::{clean, counted, number, width};

const BOLD: Style = Style::new().effects(Effects::BOLD);
const DIM: Style = Style::new().effects(Effects::DIMMED);
const OFF: Style = AnsiColor::Yellow.on_default();

/// `2026-11-23 09:00:00Z`.
pub fn moment(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Whether the answer lists what somebody has, rather than who has something.
fn of_somebody(asked: &Asked) -> bool {
    matches!(asked.about, Address::Person(_) | Address::Service(_) | Address::Account { .. })
}

/// For a terminal.
pub fn text(to: &mut dyn Write, found: &[Access<'_>], asked: &Asked) -> io::Result<()> {
    let usable = found.iter().filter(|access| access.active);
    let summary = if of_somebody(asked) {
        match usable.count() {
            0 => "no access".to_owned(),
            things => format!("access to {}", counted(things, "thing", "things")),
        }
    } else {
        let who: BTreeSet<Address> = usable.map(|access| access.identity).collect();
        let off = found.iter().map(|access| access.identity).filter(|identity| !who.contains(identity));
        let off = off.collect::<BTreeSet<_>>().len();
        let with = format!("{} with access", number(who.len() as u64));
        if off == 0 { with } else { format!("{with}, {} switched off", number(off as u64)) }
    };
    writeln!(to, "{BOLD}{}{BOLD:#} at {}: {summary}", asked.about, moment(asked.at))?;
    let head = |access: &Access<'_>| match of_somebody(asked) {
        true => access.to.to_string(),
        false => {
            let name = name(access).map_or_else(String::new, |name| format!("  {name}"));
            let to = if matches!(asked.about, Address::Role(_)) { format!("  {}", access.to) } else { String::new() };
            format!("{}{name}{to}", access.identity)
        }
    };
    let widest = found.iter().map(|access| width(&head(access))).max().unwrap_or(0);
    for access in found {
        let head = head(access);
        let pad = widest - width(&head);
        let off = if access.active { String::new() } else { format!("{OFF}switched off{OFF:#} ") };
        write!(to, "  {head}{:pad$}  {off}since {}", "", moment(access.since))?;
        if let Some(until) = access.object.until {
            write!(to, " until {}", moment(until))?;
        }
        if !access.through.is_empty() {
            let through: Vec<String> = access.through.iter().map(Address::to_string).collect();
            write!(to, "  through {}", through.join(", "))?;
        }
        writeln!(to)?;
        for reason in &access.object.why {
            writeln!(to, "    {DIM}{}{DIM:#}", because(reason))?;
        }
        writeln!(to, "    {DIM}{}{DIM:#}", given(access.run))?;
        for approved in &access.approvals {
            writeln!(to, "    {DIM}{}{DIM:#}", approval(approved))?;
        }
    }
    Ok(())
}

/// `Ada Lovelace`, as far as the record knows.
fn name(access: &Access<'_>) -> Option<String> {
    full_name(access.known?)
}

/// The name that attributes of a person or service give.
pub fn full_name(known: &Attributes) -> Option<String> {
    let text = |name: &str| Some(known.get(Symbol::new(name))?.as_text()?.as_str());
    let name = match (text("name"), text("given_name"), text("family_name")) {
        (Some(name), ..) => name.to_owned(),
        (None, Some(given), Some(family)) => format!("{given} {family}"),
        (None, Some(one), None) | (None, None, Some(one)) => one.to_owned(),
        (None, None, None) => return None,
    };
    Some(clean(&name).into_owned())
}

pub fn because(reason: &Reason) -> String {
    let place = reason.place.map_or_else(String::new, |place| format!(" ({})", clean(place.as_str())));
    format!("{}{place}", clean(reason.because.as_str()))
}

/// What gave it.
pub fn given(run: Option<(Symbol, Option<&RunStarted>)>) -> String {
    match run {
        None => "given before this state file began".to_owned(),
        Some((run, None)) => format!("run {}", clean(run.as_str())),
        Some((run, Some(started))) => {
            let commit = match (&started.commit, started.clean) {
                (Some(commit), Some(false)) => format!(", commit {} with changes that are not in it", clean(commit)),
                (Some(commit), _) => format!(", commit {}", clean(commit)),
                (None, _) => String::new(),
            };
            format!("run {} by {} on {}{commit}", clean(run.as_str()), clean(&started.actor), clean(&started.host))
        }
    }
}

/// `privileged-grant approved by ada, signed by bob: on call, ticket 4711`.
pub fn approval(approved: &Approved) -> String {
    let signed = match approved.signers.len() {
        0 => String::new(),
        _ => format!(", signed by {}", clean(&approved.signers.join(", "))),
    };
    format!("{} approved by {}{signed}: {}", approved.finding, clean(&approved.by), clean(&approved.reason))
}

/// One access for a program.
#[derive(Serialize)]
struct Told<'a> {
    at: Timestamp,
    identity: Address,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    account: Address,
    /// The group, or the account itself.
    access: Address,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    through: &'a [Address],
    active: bool,
    since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    why: &'a [Reason],
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Symbol>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clean: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    approvals: Vec<Approval<'a>>,
}

/// An approval for a program.
#[derive(Serialize)]
pub struct Approval<'a> {
    digest: Digest,
    finding: Code,
    by: &'a str,
    signers: &'a [String],
    reason: &'a str,
}

impl<'a> From<&'a Approved> for Approval<'a> {
    fn from(approved: &'a Approved) -> Approval<'a> {
        let Approved { approval, finding, by, signers, reason, .. } = approved;
        Approval { digest: *approval, finding: *finding, by, signers, reason }
    }
}

/// For programs: one object a line.
pub fn json(to: &mut dyn Write, found: &[Access<'_>], asked: &Asked) -> io::Result<()> {
    for access in found {
        let started = access.run.and_then(|(_, started)| started);
        let told = Told {
            at: asked.at,
            identity: access.identity,
            name: name(access),
            account: access.account,
            access: access.to,
            through: &access.through,
            active: access.active,
            since: access.since,
            until: access.object.until,
            why: &access.object.why,
            run: access.run.map(|(run, _)| run),
            actor: started.map(|started| started.actor.as_str()),
            host: started.map(|started| started.host.as_str()),
            commit: started.and_then(|started| started.commit.as_deref()),
            clean: started.and_then(|started| started.clean),
            approvals: access.approvals.iter().map(|approved| Approval::from(*approved)).collect(),
        };
        serde_json::to_writer(&mut *to, &told)?;
        writeln!(to)?;
    }
    Ok(())
}

/// For auditors: RFC 4180, a header and one access a line.
pub fn csv(to: &mut dyn Write, found: &[Access<'_>], asked: &Asked) -> io::Result<()> {
    write!(
        to,
        "at,identity,name,account,access,through,active,since,until,because,approvals,run,actor,host,commit\r\n"
    )?;
    for access in found {
        let started = access.run.and_then(|(_, started)| started);
        let list = |addresses: &[Address]| addresses.iter().map(Address::to_string).collect::<Vec<_>>().join("; ");
        let fields = [
            asked.at.to_string(),
            access.identity.to_string(),
            name(access).unwrap_or_default(),
            access.account.to_string(),
            access.to.to_string(),
            list(&access.through),
            access.active.to_string(),
            access.since.to_string(),
            access.object.until.map_or_else(String::new, |until| until.to_string()),
            access.object.why.iter().map(because).collect::<Vec<_>>().join("; "),
            access.approvals.iter().map(|approved| approval(approved)).collect::<Vec<_>>().join("; "),
            access.run.map_or_else(String::new, |(run, _)| run.to_string()),
            started.map_or_else(String::new, |started| started.actor.clone()),
            started.map_or_else(String::new, |started| started.host.clone()),
            started.and_then(|started| started.commit.clone()).unwrap_or_default(),
        ];
        write!(to, "{}\r\n", fields.map(field).join(","))?;
    }
    Ok(())
}

/// A field, quoted where it must be. What a spreadsheet would take for a formula is quoted and begins with `'`.
pub fn field(text: String) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text };
    csv_field(&text)
}
