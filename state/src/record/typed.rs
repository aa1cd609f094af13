//! The quick way to read a line: by the members that its kind of event has, from text that needs no checking twice.
//!
//! It knows only the kinds of which a record holds millions, only members that such a line has, and only the order in
//! which tenure writes the first three. Whatever else a line may be, and whatever is wrong with it, it leaves to
//! [`Line::parse`]: the two never understand a line differently.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::event::{CheckpointItem, Event, Result as EventResult};
use super::line::Line;
use crate::{Change, Fact, Kind, Reason, Symbol, Target, Timestamp, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IntentLine {
    n: u64,
    at: Timestamp,
    #[serde(rename = "event")]
    _event: IgnoredAny,
    run: Symbol,
    intent: u32,
    change: Box<Change>,
    kind: Kind,
    target: Option<Target>,
    key: Option<(Symbol, Value)>,
    settle_after: Timestamp,
    #[serde(default)]
    why: Vec<Reason>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutcomeLine {
    n: u64,
    at: Timestamp,
    #[serde(rename = "event")]
    _event: IgnoredAny,
    run: Symbol,
    intent: u32,
    result: EventResult,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactLine {
    n: u64,
    at: Timestamp,
    #[serde(rename = "event")]
    _event: IgnoredAny,
    run: Symbol,
    fact: Box<Fact>,
    #[serde(default)]
    why: Vec<Reason>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemLine {
    n: u64,
    at: Timestamp,
    #[serde(rename = "event")]
    _event: IgnoredAny,
    item: Box<CheckpointItem>,
}

/// The line, where it is one of the usual ones.
pub(super) fn parse(json: &[u8]) -> Option<Line> {
    let json = std::str::from_utf8(json).ok()?;
    let line = match kind(json)? {
        "intent" => {
            let IntentLine { n, at, run, intent, change, kind, target, key, settle_after, why, .. } = read(json)?;
            Line { n, at, event: Event::Intent { run, intent, change, kind, target, key, settle_after, why } }
        }
        "outcome" => {
            let OutcomeLine { n, at, run, intent, result, .. } = read(json)?;
            Line { n, at, event: Event::Outcome { run, intent, result } }
        }
        "fact" => {
            let FactLine { n, at, run, fact, why, .. } = read(json)?;
            Line { n, at, event: Event::Fact { run, fact, why } }
        }
        "checkpoint_item" => {
            let ItemLine { n, at, item, .. } = read(json)?;
            Line { n, at, event: Event::CheckpointItem { item } }
        }
        _ => return None,
    };
    Some(line)
}

fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Option<T> {
    serde_json::from_str(json).ok()
}

/// The kind of event of `{"n":7,"at":"...","event":"KIND",`.
fn kind(json: &str) -> Option<&str> {
    let rest = json.strip_prefix("{\"n\":")?.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let (_, rest) = rest.strip_prefix(",\"at\":\"")?.split_once('"')?;
    let (kind, _) = rest.strip_prefix(",\"event\":\"")?.split_once('"')?;
    Some(kind)
}
