//! Which run is meant.

use state::record::RunStarted;
use state::{Symbol, Timestamp};

/// A run as the record tells of it.
#[derive(Clone, Debug)]
pub struct Run {
    pub started: RunStarted,
    pub at: Timestamp,
    /// Whether it came to its end.
    pub finished: bool,
    /// Whether it changed anything on a system.
    pub changed: bool,
}

/// Runs that are named where one is not found.
const NAMED: usize = 5;

/// The run that `asked` names: its whole id, the beginning of it or of the part behind the `-`; or `last`: the last one
/// that changed something.
///
/// # Errors
/// Where there is none, or several are meant; with what to do.
pub fn find<'r>(runs: &'r [Run], asked: &str) -> Result<&'r Run, (String, String)> {
    let changed = || runs.iter().rev().filter(|run| run.changed);
    if asked == "last" {
        return changed().next().ok_or_else(|| {
            ("no run of this state file changed anything".to_owned(), "there is nothing to undo".to_owned())
        });
    }
    if let Some(run) = runs.iter().find(|run| run.started.run == asked) {
        return Ok(run);
    }
    let begins = |run: &&Run| {
        let id = run.started.run.as_str();
        id.starts_with(asked) || id.split_once('-').is_some_and(|(_, random)| random.starts_with(asked))
    };
    let meant: Vec<&Run> = runs.iter().filter(begins).collect();
    match meant[..] {
        [run] if !asked.is_empty() => Ok(run),
        [] => {
            let last: Vec<Symbol> = changed().take(NAMED).map(|run| run.started.run).collect();
            let last: Vec<&str> = last.iter().map(|run| run.as_str()).collect();
            let hint = match last[..] {
                [] => "`tenure history` lists the runs; what was archived is undone from no other file".to_owned(),
                _ => format!("the last runs that changed something: {}", last.join(", ")),
            };
            Err((format!("the record has no run `{asked}`"), hint))
        }
        _ => {
            let named: Vec<&str> = meant.iter().rev().take(NAMED).map(|run| run.started.run.as_str()).collect();
            let hint = format!("write more of it: {}", named.join(", "));
            Err((format!("{} runs begin with `{asked}`", meant.len()), hint))
        }
    }
}
