//! What the record holds: lists of addresses, everything about one of them, and how its check went.

use std::io::{self, Write};

use anstyle::{AnsiColor, Effects, Style};
use serde::Serialize;
use state::record::{HMAC, OpenIntent, Origin, Recorded, RecordedObject, Removal, Text};
use state::{Address, Attributes, Digest, Symbol, Target, Timestamp, Value};

use crate::commands::history::belongs;
use crate::edge::Record;
use crate::render::text::{clean, counted};

const BOLD: Style = Style::new().effects(Effects::BOLD);
const DIM: Style = Style::new().effects(Effects::DIMMED);
const GOOD: Style = AnsiColor::Green.on_default();
const DOUBT: Style = AnsiColor::Yellow.on_default();

/// Addresses, one a line; as JSON with what is recorded about each.
pub fn list(to: &mut dyn Write, recorded: &Recorded, addresses: &[Address], json: bool) -> io::Result<()> {
    #[derive(Serialize)]
    struct Listed<'a> {
        address: Address,
        #[serde(flatten)]
        object: &'a RecordedObject,
    }
    for address in addresses {
        let Some(object) = recorded.objects.get(address) else { continue };
        if json {
            serde_json::to_writer(&mut *to, &Listed { address: *address, object })?;
            writeln!(to)?;
        } else if object.active {
            writeln!(to, "{address}")?;
        } else {
            writeln!(to, "{address}  {DIM}(inactive){DIM:#}")?;
        }
    }
    Ok(())
}

/// Everything about one address.
#[derive(Serialize)]
pub struct Shown<'a> {
    address: Address,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a RecordedObject>,
    /// The recorded attributes of a person or service.
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<&'a Attributes>,
    /// What belongs to it: accounts, memberships, members, grants.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    holds: Vec<Address>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    in_doubt: Vec<&'a OpenIntent>,
    /// What was taken within the last seven days before the last line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    removals: Vec<&'a Removal>,
    /// Numbers that `next` gave, by system and attribute.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    numbers: Vec<(Symbol, Symbol, i64)>,
}

impl<'a> Shown<'a> {
    /// What `recorded` says about `address`.
    pub fn new(recorded: &'a Recorded, address: Address) -> Shown<'a> {
        let mut holds: Vec<Address> = recorded.objects.keys().filter(|own| belongs(**own, address)).copied().collect();
        holds.sort_unstable();
        holds.retain(|own| *own != address);
        let about = |own: Address| own == address || belongs(own, address);
        let holder = address.holder();
        let of_system = |system: Symbol| address.system().is_none_or(|own| own == system);
        Shown {
            address,
            object: recorded.objects.get(&address),
            attributes: recorded.identities.get(&address),
            holds,
            in_doubt: recorded.open.iter().filter(|open| about(open.change.address)).collect(),
            removals: recorded.removals.iter().filter(|removal| about(removal.address)).collect(),
            numbers: recorded
                .numbers
                .iter()
                .filter(|((system, _), _)| of_system(*system))
                .flat_map(|((system, attribute), given)| {
                    given
                        .iter()
                        .filter(|(_, own)| Some(**own) == holder && address.parent_group().is_none())
                        .map(|(number, _)| (*system, *attribute, *number))
                })
                .collect(),
        }
    }

    /// Whether nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.object.is_none()
            && self.attributes.is_none()
            && self.holds.is_empty()
            && self.in_doubt.is_empty()
            && self.removals.is_empty()
    }

    /// Writes it.
    pub fn write(&self, to: &mut dyn Write, json: bool) -> io::Result<()> {
        if json {
            serde_json::to_writer_pretty(&mut *to, self)?;
            return writeln!(to);
        }
        writeln!(to, "{BOLD}{}{BOLD:#}", self.address)?;
        if let Some(object) = self.object {
            write_object(to, object)?;
        }
        for (name, value) in self.attributes.into_iter().flat_map(Attributes::iter) {
            field(to, clean(name.as_str()).as_ref(), &shown(value))?;
        }
        for (system, attribute, number) in &self.numbers {
            let what = format!("{attribute} on {system}, given by next()");
            field(to, "number", &format!("{number}  {DIM}{}{DIM:#}", clean(&what)))?;
        }
        for (n, address) in self.holds.iter().enumerate() {
            field(to, if n == 0 { "holds" } else { "" }, &address.to_string())?;
        }
        for open in &self.in_doubt {
            let OpenIntent { change, run, at, error, .. } = open;
            let error = error.as_deref().map_or_else(|| "no answer".into(), clean);
            let words = format!("{} {}, run {run}, {at}: {error}", change.action.word(), change.address);
            field(to, "in doubt", &format!("{DOUBT}{words}{DOUBT:#}"))?;
        }
        for Removal { address, action, at, announced, approved } in
            self.removals.iter().filter(|counted| counted.action.removes())
        {
            let announced = match (announced, approved) {
                (true, _) => ", as announced",
                (_, true) => ", as approved",
                _ => "",
            };
            field(to, "taken", &format!("{at}  {} {address}{announced}", action.word()))?;
        }
        Ok(())
    }
}

fn write_object(to: &mut dyn Write, object: &RecordedObject) -> io::Result<()> {
    if !object.id.as_str().is_empty() {
        field(to, "id", &clean(object.id.as_str()))?;
    }
    match object.target {
        Some(Target::Membership { group, member, .. }) => {
            let (group, member) = (clean(group.as_str()), clean(member.as_str()));
            field(to, "at", &format!("{member} in {group}  {DIM}remote ids{DIM:#}"))?;
        }
        Some(Target::Grant { group, grant }) => {
            let (group, grant) = (clean(group.as_str()), clean(grant.as_str()));
            field(to, "at", &format!("{grant} of {group}  {DIM}remote id{DIM:#}"))?;
        }
        Some(Target::Account(_) | Target::Owned(_) | Target::Group(_)) | None => {}
    }
    let origin = match object.origin {
        Origin::Made => "made by tenure",
        Origin::Adopted => "adopted",
    };
    field(to, "since", &format!("{}  {DIM}{origin}{DIM:#}", object.since))?;
    match (object.active, object.deactivated_by_us) {
        (true, _) => {}
        (false, true) => field(to, "active", "no: deactivated by tenure")?,
        (false, false) => field(to, "active", "no: deactivated by others")?,
    }
    if let Some(until) = object.until {
        field(to, "until", &until.to_string())?;
    }
    for reason in &object.why {
        let place = reason.place.map_or_else(String::new, |place| format!("  {DIM}{}{DIM:#}", clean(place.as_str())));
        field(to, "because", &format!("{}{place}", clean(reason.because.as_str())))?;
    }
    object.attributes.iter().try_for_each(|(name, value)| field(to, &clean(name.as_str()), &shown(value)))
}

fn field(to: &mut dyn Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(to, "  {name:<12} {value}")
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) if text.as_str().starts_with(HMAC) => "(sensitive)".to_owned(),
        value => clean(&value.to_string()).into_owned(),
    }
}

/// A check that found nothing wrong.
pub fn verified(
    to: &mut dyn Write,
    name: &str,
    record: &Record,
    text: &Text,
    found: Option<u64>,
    json: bool,
) -> io::Result<()> {
    #[derive(Serialize)]
    struct Verified<'a> {
        file: &'a str,
        format: u32,
        lineage: Option<Symbol>,
        lines: usize,
        head: Digest,
        head_line: u64,
        last: Timestamp,
        #[serde(skip_serializing_if = "Option::is_none")]
        head_found_at_line: Option<u64>,
        in_doubt: usize,
        torn_bytes: usize,
        oddities: &'a [String],
    }
    let recorded = &record.recorded;
    if json {
        let verified = Verified {
            file: name,
            format: record.format,
            lineage: recorded.lineage,
            lines: text.lines.len(),
            head: record.chain.head,
            head_line: record.chain.line,
            last: recorded.last,
            head_found_at_line: found,
            in_doubt: recorded.open.len(),
            torn_bytes: record.torn.map_or(0, |(_, bytes)| bytes),
            oddities: &recorded.oddities,
        };
        serde_json::to_writer(&mut *to, &verified)?;
        return writeln!(to);
    }
    let lines = counted(text.lines.len(), "line", "lines");
    writeln!(to, "{GOOD}{name}: {lines}, each as it was written{GOOD:#}")?;
    field(to, "head", &format!("{}  {DIM}line {}, {}{DIM:#}", record.chain.head, record.chain.line, recorded.last))?;
    if let Some(line) = found {
        field(to, "", &format!("the given head is line {line}"))?;
    }
    if let Some((line, bytes)) = record.torn {
        let bytes = counted(bytes, "byte", "bytes");
        let words =
            format!("line {line} was being written when that was interrupted: {bytes}, kept aside by the next write");
        field(to, "torn", &format!("{DOUBT}{words}{DOUBT:#}"))?;
    }
    if !recorded.open.is_empty() {
        let open = counted(recorded.open.len(), "change is", "changes are");
        field(to, "in doubt", &format!("{DOUBT}{open} looked at by the next apply{DOUBT:#}"))?;
    }
    for oddity in &recorded.oddities {
        field(to, "odd", &format!("{DOUBT}{}{DOUBT:#}", clean(oddity)))?;
    }
    if found.is_none() {
        let words = "a chain does not show that its end was cut: keep the head elsewhere, and compare with --head";
        writeln!(to, "{DIM}{words}{DIM:#}")?;
    }
    Ok(())
}
