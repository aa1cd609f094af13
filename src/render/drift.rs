//! `drift`: what others changed, by person, with before and after, who and when.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use anstyle::{AnsiColor, Effects, Style};
use engine::drift::{Drift, Drifts, Fate, What};
use serde_json::{Value as Json, json};
use state::{Address, Symbol, Target, Timestamp, Touched};

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
    pub touched: &'a BTreeMap<(Symbol, Target), Touched>,
    pub now: Timestamp,
}

impl Shown<'_> {
    /// For a terminal.
    pub fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        let mut heading: Option<String> = None;
        for drift in &self.drifts.drifts {
            let own = self.heading(drift.address);
            if heading.as_ref() != Some(&own) {
                let gap = if heading.is_some() { "\n" } else { "" };
                writeln!(to, "{gap}{BOLD}{own}{BOLD:#}")?;
                heading = Some(own);
            }
            self.line(to, drift)?;
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
        let silent = self.silent();
        if !silent.is_empty() {
            let names: Vec<String> = silent.iter().map(|system| format!("system.{system}")).collect();
            writeln!(to, "\n{DIM}who and when: {} does not tell{DIM:#}", names.join(", "))?;
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

    /// Systems of whose drift nothing is known beside it.
    fn silent(&self) -> BTreeSet<Symbol> {
        let silent = |drift: &&Drift| self.touched(drift).is_none();
        self.drifts.drifts.iter().filter(silent).filter_map(|drift| drift.address.system()).collect()
    }

    fn touched(&self, drift: &Drift) -> Option<&Touched> {
        self.touched.get(&(drift.address.system()?, drift.object?))
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

    fn line(&self, to: &mut dyn Write, drift: &Drift) -> io::Result<()> {
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
        let Some(touched) = self.touched(drift) else { return Ok(()) };
        let by = touched.by.as_ref().map(|by| format!(" by {}", clean(by))).unwrap_or_default();
        let at = touched.at.map(|at| format!(" at {}", moment(at))).unwrap_or_default();
        let what = match drift.address {
            Address::Account { .. } => "the account",
            _ => "the group",
        };
        writeln!(to, "      {DIM}{what} was last changed{by}{at}{DIM:#}")
    }

    /// For programs: one object.
    pub fn json(&self, to: &mut dyn Write) -> io::Result<()> {
        let drift = |drift: &Drift| {
            let mut one = json!({
                "address": drift.address, "what": drift.what.word(), "fate": drift.fate.word(),
                "last_changed": self.touched(drift),
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
            "drift": self.drifts.drifts.iter().map(drift).collect::<Vec<Json>>(),
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
