//! What goes back and forth, in few words.

use state::record::{Event, EventResult};
use state::*;

pub fn at(target: Target) -> String {
    match target {
        Target::Owned(id) => format!("owned by {id}"),
        Target::Account(id) | Target::Group(id) => id.to_string(),
        Target::Membership { group, member, .. } => format!("{group}/{member}"),
        Target::Grant { group, grant } => format!("{group}/{grant}"),
    }
}

pub fn is(presence: &Presence) -> String {
    match presence {
        Presence::Here(object) if object.attributes.is_empty() => "here".into(),
        Presence::Here(object) => format!("{:?}", object.attributes),
        Presence::Gone => "gone".into(),
        Presence::Hidden(why) => format!("hidden ({why})"),
    }
}

pub fn answered(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Noted(_, what) => format!("noted: {what}"),
        Outcome::Partly(_, what) => format!("partly: {what}"),
        Outcome::Done(object) if object.id.as_str() == "" => "done".into(),
        Outcome::Done(object) => format!("done {}", object.id),
        Outcome::Refused { error, retry_after: None } => format!("refused ({error})"),
        Outcome::Refused { error, retry_after: Some(wait) } => format!("refused ({error}), again after {wait} ms"),
        Outcome::Stale(_) => "stale".into(),
        Outcome::Later => "later".into(),
        Outcome::Taken(error) => format!("taken ({error})"),
        Outcome::Unknown(error) => format!("lost ({error})"),
    }
}

pub fn brief(event: &Event) -> String {
    match event {
        Event::RunStarted(_) => "run started".into(),
        Event::Fact { fact, .. } => format!("fact {:?} {}", fact.kind, fact.address),
        Event::Intent { intent, change, key, .. } => {
            let key = key.as_ref().map_or(String::new(), |(name, value)| format!(" by {name} = {value}"));
            format!("intent {intent}: {} {}{key}", change.action.word(), change.address)
        }
        Event::Transaction { intents, transaction, .. } => format!("transaction {transaction} of {intents:?}"),
        Event::Outcome { intent, result, .. } => format!("outcome {intent}: {}", result_brief(result)),
        Event::RunFinished { status, .. } => format!("run finished: {status}"),
        other => format!("{other:?}"),
    }
}

pub fn result_brief(result: &EventResult) -> String {
    let settled = |settled: &bool| if *settled { " (settled)" } else { "" };
    match result {
        EventResult::Done { object, settled: by_look, note } => {
            let note = note.as_ref().map_or(String::new(), |note| format!(", but {note}"));
            format!("done {}{:?}{}{note}", object.id, object.attributes, settled(by_look))
        }
        EventResult::NotDone { error, settled: by_look } => format!("not done: {error}{}", settled(by_look)),
        EventResult::Unknown { error, .. } => format!("unknown: {error}"),
        EventResult::Diverged { error, .. } => format!("diverged: {error}"),
    }
}
