//! `discover`: what systems hold, as a table, as JSON, as CSV.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Effects, Style};
use engine::discover::{Alike, Discovered, Discovery, Item, Status, Verdict};
use serde::Serialize;
use serde_json::json;
use state::{Address, Kind, Timestamp};

use super::text::{clean, counted, number, width};
use super::who::{field, moment};
use crate::cli::By;

const BOLD: Style = Style::new().effects(Effects::BOLD);
const DIM: Style = Style::new().effects(Effects::DIMMED);
const WARN: Style = AnsiColor::Yellow.on_default();

/// The form of the JSON.
const FORMAT: u32 = 1;
/// Lines under one heading, unless everything is asked for.
const MOST: usize = 20;

/// How it is shown.
pub struct Shown {
    pub by: By,
    /// What is managed too, and whole lists.
    pub full: bool,
    pub now: Timestamp,
}

/// For a terminal.
pub fn text(to: &mut dyn Write, discovery: &Discovery, shown: &Shown) -> io::Result<()> {
    for system in &discovery.systems {
        heading(to, system)?;
        if shown.by == By::System {
            let items = of(discovery, system);
            sections(to, items, discovery, shown)?;
        }
    }
    if shown.by == By::Person {
        people(to, discovery, shown)?;
    }
    alike(to, discovery, shown)?;
    for finding in &discovery.findings {
        write!(to, "\n{WARN}{}{WARN:#}: {}\n", finding.code, clean(&finding.message))?;
        writeln!(to, "  {DIM}hint: {}{DIM:#}", clean(&finding.hint))?;
    }
    Ok(())
}

/// Those of one system: all items are sorted by system.
fn of<'d>(discovery: &'d Discovery, system: &Discovered) -> &'d [Item] {
    let from = discovery.items.partition_point(|item| item.system < system.name);
    let rest = &discovery.items[from..];
    &rest[..rest.partition_point(|item| item.system == system.name)]
}

/// `system.chat (scim)  5 accounts: 4 managed, 1 unmanaged; 2 groups: 2 managed`.
fn heading(to: &mut dyn Write, system: &Discovered) -> io::Result<()> {
    write!(to, "{BOLD}system.{}{BOLD:#}", system.name)?;
    if let Some(why) = &system.unread {
        return writeln!(to, "  {WARN}nothing can be said{WARN:#}: {}", clean(why));
    }
    write!(to, " ({})", system.provider)?;
    let mut parts = Vec::new();
    for (kind, one, many) in KINDS {
        let of_kind: Vec<(Status, u64)> =
            system.counts.iter().filter(|((own, _), _)| *own == kind).map(|((_, status), n)| (*status, *n)).collect();
        // What is gone is not there.
        let there = of_kind.iter().filter(|(status, _)| *status != Status::Missing).map(|(_, n)| n).sum::<u64>();
        if of_kind.is_empty() {
            continue;
        }
        let of_kind: Vec<String> =
            of_kind.iter().map(|(status, n)| format!("{} {}", number(*n), status.word())).collect();
        parts.push(format!("{}: {}", counted(there as usize, one, many), of_kind.join(", ")));
    }
    match parts.is_empty() {
        true => writeln!(to, "  holds nothing"),
        false => writeln!(to, "  {}", parts.join("; ")),
    }
}

const KINDS: [(Kind, &str, &str); 4] = [
    (Kind::Account, "account", "accounts"),
    (Kind::Group, "group", "groups"),
    (Kind::Membership, "membership", "memberships"),
    (Kind::Grant, "grant", "grants"),
];

fn is_told(status: Status, shown: &Shown) -> bool {
    shown.full || !matches!(status, Status::Managed | Status::Source | Status::Ignored | Status::Own)
}

/// The things of one system by kind and status, and its stale accounts.
fn sections(to: &mut dyn Write, items: &[Item], discovery: &Discovery, shown: &Shown) -> io::Result<()> {
    let mut by: BTreeMap<(Kind, Status), Vec<&Item>> = BTreeMap::new();
    for item in items.iter().filter(|item| is_told(item.status, shown)) {
        by.entry((item.kind, item.status)).or_default().push(item);
    }
    for ((kind, status), items) in by {
        let many = KINDS.iter().find(|(own, ..)| *own == kind).map_or("", |(.., many)| many);
        writeln!(to, "  {BOLD}{} {many}{BOLD:#}", status.word())?;
        rows(to, "    ", &items, discovery, shown, head)?;
    }
    let stale: Vec<&Item> = items.iter().filter(|item| item.stale).collect();
    if !stale.is_empty() {
        writeln!(to, "  {BOLD}stale accounts{BOLD:#}")?;
        rows(to, "    ", &stale, discovery, shown, head)?;
    }
    Ok(())
}

/// What a thing is called where its system is known: `ada`, `ada in core`, `core: database=sales`.
fn head(item: &Item) -> String {
    let name = clean(item.name.as_str());
    match (item.address, item.member) {
        (Address::Membership { .. }, Some(member)) => format!("{} in {name}", clean(member.as_str())),
        (Address::Grant { grant, .. }, _) => format!("{name}: {}", clean(grant.as_str())),
        (Address::Membership { .. }, None) => clean(&item.address.to_string()).into_owned(),
        _ => name.into_owned(),
    }
}

fn rows(
    to: &mut dyn Write,
    indent: &str,
    items: &[&Item],
    discovery: &Discovery,
    shown: &Shown,
    head: impl Fn(&Item) -> String,
) -> io::Result<()> {
    let most = if shown.full { usize::MAX } else { MOST };
    let heads: Vec<String> = items.iter().take(most).map(|item| head(item)).collect();
    let widest = heads.iter().map(|head| width(head)).max().unwrap_or(0);
    for (head, item) in heads.iter().zip(items) {
        let words = words(item, discovery);
        let pad = if words.is_empty() { 0 } else { widest - width(head) + 2 };
        writeln!(to, "{indent}{head}{:pad$}{DIM}{words}{DIM:#}", "")?;
    }
    if items.len() > most {
        writeln!(to, "{indent}{DIM}... and {} more (--full shows them){DIM:#}", number((items.len() - most) as u64))?;
    }
    Ok(())
}

/// What is to be known of a thing beside its name.
fn words(item: &Item, discovery: &Discovery) -> String {
    let mut words = Vec::new();
    match item.identity {
        Some(identity) => {
            let name = discovery.names.get(&identity).map_or_else(String::new, |name| format!(" {}", clean(name)));
            words.push(format!("{identity}{name}"));
        }
        None if item.kind == Kind::Account => words.push(format!("id {:?}", item.id.as_str())),
        None => {}
    }
    if item.kind == Kind::Account {
        if !item.active && item.status != Status::Missing {
            words.push("switched off".to_owned());
        }
        match (item.signed_in, item.stale) {
            (Some(at), _) => words.push(format!("last signed in {}", moment(at))),
            (None, true) => words.push("never signed in".to_owned()),
            (None, false) => {}
        }
    }
    words.join("  ")
}

/// By whose it is: everybody who has anything to be told of, then what is nobody's.
fn people(to: &mut dyn Write, discovery: &Discovery, shown: &Shown) -> io::Result<()> {
    let mut by: BTreeMap<Address, Vec<&Item>> = BTreeMap::new();
    let mut nobodys: Vec<&Item> = Vec::new();
    for item in &discovery.items {
        match item.identity {
            Some(identity) => by.entry(identity).or_default().push(item),
            None if is_told(item.status, shown) => nobodys.push(item),
            None => {}
        }
    }
    by.retain(|_, items| items.iter().any(|item| is_told(item.status, shown) || item.stale));
    let most = if shown.full { usize::MAX } else { MOST * 5 };
    for (identity, items) in by.iter().take(most) {
        let name = discovery.names.get(identity).map_or_else(String::new, |name| format!("  {}", clean(name)));
        writeln!(to, "\n{BOLD}{identity}{BOLD:#}{name}")?;
        stands(to, items)?;
    }
    if by.len() > most {
        writeln!(
            to,
            "\n{DIM}... and {} more (--full shows them){DIM:#}",
            counted(by.len() - most, "person", "people")
        )?;
    }
    if !nobodys.is_empty() {
        writeln!(to, "\n{BOLD}nobody's{BOLD:#}")?;
        let most = if shown.full { usize::MAX } else { MOST };
        stands(to, nobodys.get(..most.min(nobodys.len())).unwrap_or_default())?;
        if nobodys.len() > most {
            writeln!(to, "  {DIM}... and {} more (--full shows them){DIM:#}", number((nobodys.len() - most) as u64))?;
        }
    }
    Ok(())
}

/// `managed  account.chat  ada`, one a line.
fn stands(to: &mut dyn Write, items: &[&Item]) -> io::Result<()> {
    let widest = items.iter().map(|item| item.status.word().len()).max().unwrap_or(0);
    for item in items {
        let kind = KINDS.iter().find(|(kind, ..)| *kind == item.kind).map_or("", |(_, one, _)| one);
        let what = match item.identity {
            // Whose it is stands above.
            Some(_) if item.kind == Kind::Membership => format!("group.{} {}", item.system, clean(item.name.as_str())),
            _ => format!("{kind}.{} {}", item.system, head(item)),
        };
        let off = if item.active || item.status == Status::Missing { "" } else { "  switched off" };
        let signed_in = match (item.signed_in, item.stale) {
            (Some(at), true) => format!("  stale: last signed in {}", moment(at)),
            (None, true) => "  stale: never signed in".to_owned(),
            _ => String::new(),
        };
        writeln!(to, "  {:widest$}  {what}{DIM}{off}{signed_in}{DIM:#}", item.status.word())?;
    }
    Ok(())
}

fn alike(to: &mut dyn Write, discovery: &Discovery, shown: &Shown) -> io::Result<()> {
    for (verdict, heading) in
        [(Verdict::SamePerson, "One person, it seems, and no file says so"), (Verdict::Shared, "Shared by several")]
    {
        let found: Vec<&Alike> = discovery.alike.iter().filter(|alike| alike.verdict == verdict).collect();
        if found.is_empty() {
            continue;
        }
        writeln!(to, "\n{BOLD}{heading}{BOLD:#}")?;
        let most = if shown.full { usize::MAX } else { MOST };
        for alike in found.iter().take(most) {
            let evidence = alike.evidence.iter().map(|(kind, text)| format!("{} {}", kind.word(), clean(text)));
            let accounts = alike.accounts.iter().take(most).map(Address::to_string).collect::<Vec<_>>().join(", ");
            let more = alike.accounts.len().saturating_sub(most);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            writeln!(to, "  {}  {DIM}{}{more}{DIM:#}", evidence.collect::<Vec<_>>().join(", "), clean(&accounts))?;
        }
        if found.len() > most {
            writeln!(to, "  {DIM}... and {} more (--full shows them){DIM:#}", number((found.len() - most) as u64))?;
        }
    }
    Ok(())
}

/// An item for a program.
#[derive(Serialize)]
struct Told<'a> {
    system: state::Symbol,
    kind: Kind,
    address: Address,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<&'a str>,
    name: state::Symbol,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<state::Symbol>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<state::Symbol>,
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sign_in: Option<Timestamp>,
    stale: bool,
}

fn told<'a>(item: &Item, discovery: &'a Discovery) -> Told<'a> {
    Told {
        system: item.system,
        kind: item.kind,
        address: item.address,
        status: item.status,
        identity: item.identity,
        display: item.identity.and_then(|identity| discovery.names.get(&identity)).map(String::as_str),
        name: item.name,
        member: item.member,
        id: Some(item.id).filter(|id| !id.is_blank()),
        active: item.active,
        last_sign_in: item.signed_in,
        stale: item.stale,
    }
}

/// For programs: one object, an item a line.
pub fn json(to: &mut dyn Write, discovery: &Discovery, shown: &Shown) -> io::Result<()> {
    let systems: Vec<_> = discovery
        .systems
        .iter()
        .map(|system| {
            json!({
                "system": system.name, "provider": system.provider, "read": system.unread.is_none(),
                "error": system.unread, "source": system.source, "tells_sign_in": system.tells_sign_in,
            })
        })
        .collect();
    write!(to, "{{\"format_version\":{FORMAT},\"at\":\"{}\",\"systems\":{},\"items\":[", shown.now, json!(systems))?;
    for (at, item) in discovery.items.iter().enumerate() {
        writeln!(to, "{}", if at == 0 { "" } else { "," })?;
        serde_json::to_writer(&mut *to, &told(item, discovery))?;
    }
    let alike: Vec<_> = discovery
        .alike
        .iter()
        .map(|alike| {
            let evidence: Vec<_> =
                alike.evidence.iter().map(|(kind, text)| json!({ "trait": kind, "value": text })).collect();
            json!({
                "verdict": alike.verdict, "evidence": evidence, "accounts": alike.accounts, "people": alike.people,
            })
        })
        .collect();
    let findings: Vec<_> = discovery
        .findings
        .iter()
        .map(|finding| {
            json!({
                "code": finding.code, "addresses": finding.addresses, "message": finding.message, "hint": finding.hint,
            })
        })
        .collect();
    writeln!(to, "\n],\"alike\":{},\"findings\":{}}}", json!(alike), json!(findings))
}

/// For spreadsheets: RFC 4180, a header and one thing a line. A system of which nothing can be said has a line of its own.
pub fn csv(to: &mut dyn Write, discovery: &Discovery) -> io::Result<()> {
    write!(to, "system,kind,address,status,identity,display,name,member,id,active,last_sign_in,stale\r\n")?;
    for system in &discovery.systems {
        if let Some(why) = &system.unread {
            let fields = [system.name.to_string(), "system".into(), format!("system.{}", system.name), "unread".into()];
            let rest = [String::new(), String::new(), why.clone()];
            write!(to, "{},,,,,\r\n", fields.into_iter().chain(rest).map(field).collect::<Vec<_>>().join(","))?;
        }
    }
    for item in &discovery.items {
        let told = told(item, discovery);
        let kind = KINDS.iter().find(|(kind, ..)| *kind == item.kind).map_or("", |(_, one, _)| one);
        let fields = [
            told.system.to_string(),
            kind.to_owned(),
            told.address.to_string(),
            told.status.word().to_owned(),
            told.identity.map_or_else(String::new, |identity| identity.to_string()),
            told.display.unwrap_or_default().to_owned(),
            told.name.to_string(),
            told.member.map_or_else(String::new, |member| member.to_string()),
            item.id.to_string(),
            told.active.to_string(),
            told.last_sign_in.map_or_else(String::new, |at| at.to_string()),
            told.stale.to_string(),
        ];
        write!(to, "{}\r\n", fields.map(field).join(","))?;
    }
    Ok(())
}
