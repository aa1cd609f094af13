//! What is kept of a record: who, when, and what it did to roles. No text of a statement goes beyond this file.

use std::collections::BTreeMap;

use state::Timestamp;

use super::deed::{Deed, Done, deeds};
use super::record::Record;

/// A record that says something of roles and transactions.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// By the clock on the wall there.
    local: Timestamp,
    /// `UTC`, `CET`, `+03`.
    zone: String,
    /// Whoever signed in, whatever role they had taken on.
    pub user: String,
    pub application: String,
    /// Where the session came from; without a port.
    pub from: String,
    pub session: String,
    /// Of one session: the statements of a transaction have the same.
    pub transaction: String,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A statement that was about to be carried out.
    Statement { stage: Stage, done: Vec<Done> },
    /// The server complained of what this transaction did: it failed, or only had no effect.
    Complaint { failed: bool },
    /// Processes began that begin when the server does, also after a crash.
    Start,
}

/// What the session was doing when the statement came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing: no transaction was open.
    Idle,
    /// In a transaction, or nobody knows: what comes by the extended protocol is told when it is carried out.
    Inside,
}

impl Line {
    /// What is to be kept of a record; none where that is nothing.
    pub fn of(record: &Record<'_>) -> Option<Line> {
        let what = what(record)?;
        let (local, zone) = moment(&record.time)?;
        let from = match record.from.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.is_empty() => host,
            _ => &record.from,
        };
        Some(Line {
            local,
            zone: zone.to_owned(),
            user: record.user.clone().into_owned(),
            application: record.application.clone().into_owned(),
            from: from.to_owned(),
            session: record.session.clone().into_owned(),
            transaction: record.transaction.clone().into_owned(),
            what,
        })
    }

    /// When, where the offset of its zone is known.
    pub fn at(&self, zones: &Zones) -> Option<Timestamp> {
        zones.moment(self.local, &self.zone)
    }
}

fn what(record: &Record<'_>) -> Option<What> {
    if record.user.is_empty() {
        // The first line of the process that looks at the data when a server starts; before PostgreSQL 13 any line of
        // a process that is nobody's may be of it.
        let starts = matches!(record.backend.as_ref(), "" | "startup");
        return starts.then_some(What::Start);
    }
    if record.state != "00000" {
        let class = record.state.get(..2)?;
        let failed = matches!(record.severity.as_ref(), "ERROR" | "FATAL" | "PANIC");
        // In another language than English, whether it failed is not known.
        return (failed || !matches!(class, "00" | "02")).then_some(What::Complaint { failed });
    }
    // What a function has logged (RAISE) is whatever somebody wrote.
    if !record.context.is_empty() {
        return None;
    }
    // `statement: ALTER ...`, in the language of the server; `execute <unnamed>: ALTER ...` in all of them.
    let (word, sql) = record.message.split_once(':')?;
    let executed = word.starts_with("execute ");
    let stage = match record.title.as_ref() {
        "idle" if !executed => Stage::Idle,
        "idle in transaction" if !executed => Stage::Inside,
        _ if executed => Stage::Inside,
        // A statement that comes finds its session idle: this is something else.
        _ => return None,
    };
    let done = deeds(sql);
    if done.is_empty() {
        return None;
    }
    Some(What::Statement { stage, done })
}

/// `2026-11-28 08:48:53.238 UTC` as the clock on the wall and its zone.
fn moment(text: &str) -> Option<(Timestamp, &str)> {
    let (clock, zone) = (text.get(..23)?, text.get(24..)?);
    let (date, time) = clock.split_once(' ')?;
    Some((format!("{date}T{time}Z").parse().ok()?, zone))
}

/// What zones are from UTC, in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Zones(BTreeMap<String, i64>);

impl Zones {
    /// Zones that are not known yet, each with a moment at which it was in force there: `2026-11-28 08:48:53.238`.
    pub fn unknown(&self, time: &str) -> Option<(String, String)> {
        let (clock, zone) = (time.get(..23)?, time.get(24..)?);
        let known = fixed(zone).is_some() || self.0.contains_key(zone);
        (!known && moment(time).is_some()).then(|| (zone.to_owned(), clock.to_owned()))
    }

    pub fn learn(&mut self, zone: String, offset: i64) {
        self.0.insert(zone, offset);
    }

    fn moment(&self, local: Timestamp, zone: &str) -> Option<Timestamp> {
        let offset = fixed(zone).or_else(|| self.0.get(zone).copied())?;
        Some(local.plus_millis(offset.checked_neg()?))
    }

    /// The moment of a record.
    pub fn of(&self, record: &Record<'_>) -> Option<Timestamp> {
        let (local, zone) = moment(&record.time)?;
        self.moment(local, zone)
    }
}

/// Zones that say themselves what they are: `UTC`, `+03`, `-0330`.
fn fixed(zone: &str) -> Option<i64> {
    if matches!(zone, "UTC" | "GMT") {
        return Some(0);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |range| digits.get(range).and_then(|part: &str| part.parse::<i64>().ok()).unwrap_or(0);
    Some(sign * (part(0..2) * 60 + part(2..4)) * 60_000)
}

impl What {
    /// What the statement does.
    pub fn done(&self) -> &[Done] {
        match self {
            What::Statement { done, .. } => done,
            _ => &[],
        }
    }
}

/// Whether it is about transactions and not about roles.
pub fn is_control(deed: &Deed) -> bool {
    matches!(deed, Deed::Begin | Deed::Commit | Deed::Undo)
}
