//! One line: its number, its time and its event, as JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::approval::{ApprovalRules, Approved};
use super::event::{CheckpointItem, Event, Result as EventResult, RunStarted};
use crate::{Address, Change, Code, Digest, Fact, FactKind, Kind, Reason, Symbol, Target, Timestamp, Value};

/// One line: when, and what.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Number of the line, from 1, without gaps; goes on after `state archive`.
    pub n: u64,
    /// When it was written.
    pub at: Timestamp,
    #[serde(flatten)]
    pub event: Event,
}

/// The members of all events in one: serde's own tagged and flattened enums would copy each line before they
/// understand it, and take three times as long.
#[derive(Deserialize)]
struct Members<'a> {
    n: u64,
    at: Timestamp,
    #[serde(borrow)]
    event: Cow<'a, str>,
    format: Option<u32>,
    lineage: Option<Symbol>,
    former: Option<Digest>,
    run: Option<Symbol>,
    actor: Option<String>,
    host: Option<String>,
    version: Option<String>,
    command: Option<Vec<String>>,
    commit: Option<String>,
    clean: Option<bool>,
    plan: Option<Digest>,
    undoes: Option<Symbol>,
    limits: Option<BTreeMap<String, f64>>,
    populations: Option<BTreeMap<Address, u64>>,
    approvals: Option<ApprovalRules>,
    approval: Option<Digest>,
    finding: Option<Code>,
    addresses: Option<Vec<Address>>,
    #[serde(default)]
    at_once: Vec<Address>,
    reason: Option<String>,
    by: Option<String>,
    #[serde(default)]
    signers: Vec<String>,
    expires: Option<Timestamp>,
    fact: Option<Box<Fact>>,
    #[serde(default)]
    why: Vec<Reason>,
    intent: Option<u32>,
    intents: Option<Vec<u32>>,
    transaction: Option<Symbol>,
    change: Option<Box<Change>>,
    kind: Option<Kind>,
    target: Option<Target>,
    key: Option<(Symbol, Value)>,
    settle_after: Option<Timestamp>,
    result: Option<EventResult>,
    counts: Option<BTreeMap<String, u64>>,
    status: Option<String>,
    in_force: Option<super::InForce>,
    item: Option<Box<CheckpointItem>>,
    items: Option<u64>,
}

/// What even a line that a later version wrote has.
#[derive(Deserialize)]
struct Outline<'a> {
    n: u64,
    at: Timestamp,
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    fact: Option<FactOutline<'a>>,
}

#[derive(Deserialize)]
struct FactOutline<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
}

impl Line {
    /// Reads the JSON of a line. Members that this version does not know are passed over, and so are whole events and
    /// facts of a kind that it does not know ([`Event::Later`]).
    ///
    /// # Errors
    /// What is not understood, in words.
    pub fn parse(json: &[u8]) -> Result<Line, String> {
        if let Some(line) = super::typed::parse(json) {
            return Ok(line);
        }
        Line::parse_any(json)
    }

    /// As [`Line::parse`], for lines of any kind and form.
    pub(super) fn parse_any(json: &[u8]) -> Result<Line, String> {
        let told = match serde_json::from_slice::<Members>(json) {
            Ok(members) => members.line(),
            Err(error) => Err(format!("the text of the line is not an event of a state file ({error})")),
        };
        told.or_else(|error| later(json).ok_or(error))
    }
}

/// A line of a kind that only later versions know.
fn later(json: &[u8]) -> Option<Line> {
    const KNOWN: [&str; 11] = [
        "opened",
        "run_started",
        "approved",
        "fact",
        "intent",
        "transaction",
        "outcome",
        "run_finished",
        "checkpoint_begin",
        "checkpoint_item",
        "checkpoint_end",
    ];
    let outline: Outline = serde_json::from_slice(json).ok()?;
    let kind = match &outline.fact {
        _ if !KNOWN.contains(&outline.event.as_ref()) => outline.event.into_owned(),
        Some(fact) if outline.event == "fact" => {
            let known: Result<FactKind, _> = serde_json::from_value(serde_json::Value::from(fact.kind.as_ref()));
            if known.is_ok() {
                return None;
            }
            format!("fact {}", fact.kind)
        }
        _ => return None,
    };
    Some(Line { n: outline.n, at: outline.at, event: Event::Later { kind } })
}

impl Members<'_> {
    fn line(self) -> Result<Line, String> {
        let event = &*self.event;
        fn need<T>(member: Option<T>, event: &str, name: &str) -> Result<T, String> {
            member.ok_or_else(|| format!("the line is a `{event}` without `{name}`"))
        }
        macro_rules! need {
            ($name:ident) => {
                need(self.$name, event, stringify!($name))?
            };
        }
        let told = match event {
            "opened" => Event::Opened { format: need!(format), lineage: need!(lineage), former: self.former },
            "run_started" => Event::RunStarted(Box::new(RunStarted {
                run: need!(run),
                actor: need!(actor),
                host: need!(host),
                version: need!(version),
                command: need!(command),
                commit: self.commit,
                clean: self.clean,
                plan: need!(plan),
                undoes: self.undoes,
                limits: self.limits.unwrap_or_default(),
                populations: self.populations.unwrap_or_default(),
                in_force: self.in_force,
                approvals: self.approvals,
            })),
            "approved" => Event::Approved(Box::new(Approved {
                run: need!(run),
                approval: need!(approval),
                finding: need!(finding),
                addresses: need!(addresses),
                at_once: self.at_once,
                reason: need!(reason),
                by: need!(by),
                signers: self.signers,
                expires: need!(expires),
            })),
            "fact" => Event::Fact { run: need!(run), fact: need!(fact), why: self.why },
            "intent" => Event::Intent {
                run: need!(run),
                intent: need!(intent),
                change: need!(change),
                kind: need!(kind),
                target: self.target,
                key: self.key,
                settle_after: need!(settle_after),
                why: self.why,
            },
            "transaction" => {
                Event::Transaction { run: need!(run), intents: need!(intents), transaction: need!(transaction) }
            }
            "outcome" => Event::Outcome { run: need!(run), intent: need!(intent), result: need!(result) },
            "run_finished" => Event::RunFinished { run: need!(run), counts: need!(counts), status: need!(status) },
            "checkpoint_begin" => Event::CheckpointBegin {},
            "checkpoint_item" => Event::CheckpointItem { item: need!(item) },
            "checkpoint_end" => Event::CheckpointEnd { items: need!(items) },
            other => return Err(format!("the line is of an unknown kind, `{other}`")),
        };
        Ok(Line { n: self.n, at: self.at, event: told })
    }
}
