//! The attributes of a change, one by one.

use similar::{ChangeTag, TextDiff};
use state::object::ARCHIVED;
use state::{Action, Change, Symbol, Value, Wanted};

use super::value::{self, AFTER_APPLY, CLEARED, NONE, SENSITIVE};

/// One attribute of a change.
pub struct Detail {
    /// In the system's own name, fit to be shown.
    pub name: String,
    pub what: What,
}

/// What happens to it.
pub enum What {
    /// It gets this.
    Set(String),
    /// It has the first and gets the second.
    Replaced(String, String),
    /// It changes within: signs (`-`, `+`, ` `, or `…` for lines left out) and lines.
    Diff(Vec<(char, String)>),
}

/// Lines around a difference that stay.
const CONTEXT: usize = 2;

/// What is said about the attributes of a change. Of what takes, nothing: the line itself says it.
pub fn details(change: &Change) -> Vec<Detail> {
    let replaces = matches!(change.action, Action::Update | Action::Rename);
    if change.action.removes() {
        return Vec::new();
    }
    change
        .after
        .iter()
        .map(|(name, wanted)| {
            if name.as_str() == ARCHIVED {
                let what = What::Replaced("true".to_owned(), "false".to_owned());
                return Detail { name: "archived".to_owned(), what };
            }
            let name_shown = value::key(name.as_str()).into_owned();
            let what =
                if replaces { replaced(before(change, *name), wanted) } else { What::Set(value::wanted(wanted)) };
            Detail { name: name_shown, what }
        })
        .collect()
}

/// Names of the attributes that a change is about.
pub fn names(change: &Change) -> Vec<String> {
    change.after.iter().map(|(name, _)| value::key(name.as_str()).into_owned()).collect()
}

fn before(change: &Change, name: Symbol) -> Option<&Value> {
    change.before.as_ref()?.attributes.get(name)
}

fn replaced(before: Option<&Value>, wanted: &Wanted) -> What {
    match (before, wanted) {
        (Some(before), Wanted::Known(after)) if value::is_long(before) || value::is_long(after) => {
            What::Diff(diff(&value::lines(before), &value::lines(after)))
        }
        (before, wanted) => {
            let was = before.map_or_else(|| NONE.to_owned(), value::line);
            let becomes = match wanted {
                Wanted::Known(after) if after.is_empty() => CLEARED.to_owned(),
                Wanted::Known(after) => value::line(after),
                Wanted::Deferred { .. } => AFTER_APPLY.to_owned(),
                // What was there is as secret as what comes.
                Wanted::Secret { .. } => return What::Replaced(SENSITIVE.to_owned(), SENSITIVE.to_owned()),
            };
            What::Replaced(was, becomes)
        }
    }
}

fn diff(before: &[String], after: &[String]) -> Vec<(char, String)> {
    let before: Vec<&str> = before.iter().map(String::as_str).collect();
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    let diff = TextDiff::from_slices(&before, &after);
    let mut lines = Vec::new();
    for (at, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if at > 0 {
            lines.push(('…', String::new()));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            lines.push((sign, change.value().to_string()));
        }
    }
    lines
}
