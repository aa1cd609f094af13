//! `drift`: what others changed, by person, with before and after, who and when.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Effects, Style};
use engine::drift::{Drift, Drifts, Fate, What};
use serde_json::{Value as Json, json};
use state::{Address, Symbol, Timestamp, Touched};

use super::plan::value::{self, key};
use super::text::{clean, counted};
use super::who::moment;

const BOLD: Style = Style::new().effects(Effects::BOLD);
const DIM: Style = Style::new().effects(Effects::DIMMED);
const GIVEN: Style = AnsiColor::Green.on_default();
const TAKEN: Style = AnsiColor::Red.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();

/// The form of the JSON.
const FORMAT: u32 = 1;

/// Everything that is shown.
pub struct Shown<'a> {
    pub drifts: &'a Drifts,
    /// One for each of the drifts, in their order.
    pub touched: &'a [Option<Touched>],
    pub now: Timestamp,
}

impl Shown<'_> {
    /// For a terminal.
    pub fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        let mut heading: Option<String> = None;
        for (n, drift) in self.drifts.drifts.iter().enumerate() {
            let own = self.heading(drift.address);
            if heading.as_ref() != Some(&own) {
                let gap = if heading.is_some() { "\n" } else { "" };
                writeln!(to, "{gap}{BOLD}{own}{BOLD:#}")?;
                heading = Some(own);
            }
            self.line(to, drift, self.touched(n))?;
        }
        for (system, error) in &self.drifts.unread {
            let gap = if heading.is_some() { "\n" } else { "" };
            writeln!(to, "{gap}{TAKEN}unread:{TAKEN:#} system.{system}: {}", clean(error))?;
            heading = Some(String::new());
        }
        let all = &self.drifts.drifts;
        if all.is_empty() {
            let gap = if heading.is_some() { "\n" } else { "" };
            let scope = if self.drifts.unread.is_empty() { "." } else { " where systems were read." };
            return writeln!(to, "{gap}No drift{scope}");
        }
        if let Some(silent) = self.silent() {
            writeln!(to, "\n{DIM}who and when: {silent}{DIM:#}")?;
        }
        let count = |fate: fn(&Fate) -> bool| all.iter().filter(|drift| fate(&drift.fate)).count();
        let parts = [
            (count(|fate| *fate == Fate::PutBack), "that apply puts back"),
            (count(|fate| matches!(fate, Fate::Held(_))), "held"),
            (count(|fate| *fate == Fate::Agrees), "as the files want it"),
            (count(|fate| *fate == Fate::Stays), "that stays"),
        ];
        let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        writeln!(to, "\nDrift: {}: {}", counted(all.len(), "difference", "differences"), parts.join(", "))
    }

    /// Which systems tell nothing of their drift, and which not of all of it.
    fn silent(&self) -> Option<String> {
        let mut systems: BTreeMap<Symbol, (usize, bool)> = BTreeMap::new();
        for (n, drift) in self.drifts.drifts.iter().enumerate() {
            let Some(system) = drift.address.system() else { continue };
            let (unknown, known) = systems.entry(system).or_default();
            match self.touched(n) {
                Some(_) => *known = true,
                None => *unknown += 1,
            }
        }
        systems.retain(|_, (unknown, _)| *unknown > 0);
        let of_all = systems.iter().filter(|(_, (_, known))| !known).map(|(system, _)| format!("system.{system}"));
        let of_all: Vec<String> = of_all.collect();
        let of_all = (!of_all.is_empty()).then(|| format!("{} does not tell", of_all.join(", ")));
        let some = systems.iter().filter(|(_, (_, known))| *known);
        let some = some.map(|(system, (unknown, _))| {
            format!("system.{system} does not tell of {}", counted(*unknown, "difference", "differences"))
        });
        let all: Vec<String> = of_all.into_iter().chain(some).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    fn touched(&self, n: usize) -> Option<&Touched> {
        self.touched.get(n)?.as_ref()
    }

    fn heading(&self, address: Address) -> String {
        let Some(holder) = address.holder() else {
            return address.system().map_or_else(|| address.to_string(), |system| format!("system.{system}"));
        };
        let known = |who: Address| self.drifts.names.get_key_value(&who);
        let named = known(Address::Person(holder)).or_else(|| known(Address::Service(holder)));
        match named {
            Some((who, name)) => format!("{who}  {}", clean(name)),
            None => Address::Person(holder).to_string(),
        }
    }

    fn line(&self, to: &mut dyn Write, drift: &Drift, touched: Option<&Touched>) -> io::Result<()> {
        let (style, sign) = match drift.what {
            What::Changed { .. } => (CHANGED, '~'),
            What::SwitchedOn | What::Given => (GIVEN, '+'),
            What::SwitchedOff | What::Taken | What::Gone => (TAKEN, '-'),
        };
        write!(to, "  {style}{sign}{style:#} {}", short(drift.address))?;
        match &drift.what {
            What::Changed { attribute, before, after } => {
                let shown =
                    |value: &Option<state::Value>| value.as_ref().map_or_else(|| value::NONE.to_owned(), value::line);
                write!(to, "  {} = {} -> {}", key(attribute.as_str()), shown(before), shown(after))?;
            }
            What::SwitchedOff => write!(to, "  switched off")?,
            What::SwitchedOn => write!(to, "  switched on")?,
            What::Gone => write!(to, "  gone")?,
            What::Given | What::Taken => {}
        }
        let fate = match &drift.fate {
            Fate::PutBack => "apply puts it back".to_owned(),
            Fate::Agrees => "as the files want it".to_owned(),
            Fate::Held(codes) => {
                let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
                format!("held: {}", codes.join(", "))
            }
            Fate::Stays => "no file explains it: it stays".to_owned(),
        };
        writeln!(to, "  {DIM}{fate}{DIM:#}")?;
        let Some(touched) = touched else { return Ok(()) };
        let by = touched.by.as_ref().map(|by| format!(" by {}", clean(by))).unwrap_or_default();
        let at = touched.at.map(|at| format!(" at {}", moment(at))).unwrap_or_default();
        if let Some(command) = &touched.command {
            let client = touched.client.as_ref().map(|client| format!(" ({})", clean(client))).unwrap_or_default();
            let before = match touched.before.is_empty() {
                true => String::new(),
                false => format!("; before that by {}", clean(&touched.before.join(", "))),
            };
            return writeln!(to, "      {DIM}by the system's log: {}{by}{at}{client}{before}{DIM:#}", clean(command));
        }
        let what = match drift.address {
            Address::Account { .. } => "the account",
            _ => "the group",
        };
        writeln!(to, "      {DIM}{what} was last changed{by}{at}{DIM:#}")
    }

    /// For programs: one object.
    pub fn json(&self, to: &mut dyn Write) -> io::Result<()> {
        let drift = |(n, drift): (usize, &Drift)| {
            let mut one = json!({
                "address": drift.address, "what": drift.what.word(), "fate": drift.fate.word(),
                "last_changed": self.touched(n),
            });
            let Some(fields) = one.as_object_mut() else { return one };
            if let What::Changed { attribute, before, after } = &drift.what {
                fields.insert("attribute".to_owned(), json!(attribute));
                fields.insert("before".to_owned(), json!(before));
                fields.insert("after".to_owned(), json!(after));
            }
            if let Fate::Held(codes) = &drift.fate {
                fields.insert("held_by".to_owned(), json!(codes));
            }
            one
        };
        let whole = json!({
            "format_version": FORMAT,
            "at": self.now,
            "drift": self.drifts.drifts.iter().enumerate().map(drift).collect::<Vec<Json>>(),
            "unread": self.drifts.unread,
            "names": self.drifts.names,
        });
        serde_json::to_writer_pretty(&mut *to, &whole)?;
        writeln!(to)
    }
}

/// Below a heading: `account.chat`, `group.chat.core`; of systems the whole address.
fn short(address: Address) -> String {
    match address {
        Address::Account { system, .. } => format!("account.{system}"),
        Address::Membership { system, group, member: state::Member::Holder(_) } => format!("group.{system}.{group}"),
        other => other.to_string(),
    }
}
