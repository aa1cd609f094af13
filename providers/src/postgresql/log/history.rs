//! Which statements of a log took effect.
//!
//! With `log_statement` a statement is logged before it is carried out, and whether its transaction was committed is said
//! nowhere. What can be known:
//!
//! - A statement that came while its session was `idle` (so the process title says in the record) is a transaction of its
//!   own: it is committed where it succeeds, and where it does not, an error of the same session and transaction follows.
//! - Within a transaction it took effect where the log has the BEGIN before it and the COMMIT after it
//!   (`log_statement = 'all'`), and no error, ROLLBACK or savepoint of that transaction.
//! - All others may have been rolled back.

use rustc_hash::{FxHashMap, FxHashSet};
use state::Timestamp;

use super::deed::{Deed, Done};
use super::line::{Line, Stage, What, Zones, is_control};

/// What became of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Committed,
    /// It failed, and nothing of it was done.
    Failed,
    /// The log does not tell.
    Unknown,
}

/// A deed in a log.
#[derive(Debug)]
pub struct Event<'a> {
    pub at: Timestamp,
    pub line: &'a Line,
    pub command: &'static str,
    pub deed: &'a Deed,
    pub fate: Fate,
}

/// A server that starts within this time after a statement may have lost it with a crash.
const CRASH: i64 = 10_000;

/// All deeds up to the moment `until`, in the order of the log. `open` are the transactions that were open then.
pub fn events<'a>(lines: &'a [Line], zones: &Zones, open: &FxHashSet<String>, until: Timestamp) -> Vec<Event<'a>> {
    let mut transactions: FxHashMap<(&str, &str), Transaction> = FxHashMap::default();
    let mut last: FxHashMap<&str, usize> = FxHashMap::default();
    let mut starts: Vec<(usize, Timestamp)> = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        last.insert(&line.session, n);
        let of = transactions.entry((&line.session, &line.transaction)).or_default();
        match &line.what {
            What::Statement { done, .. } => {
                for (place, (_, deed)) in done.iter().enumerate() {
                    match deed {
                        Deed::Begin => of.begin = of.begin.or(Some((n, place))),
                        Deed::Commit => of.commit = Some((n, place)),
                        Deed::Undo => of.undone = true,
                        _ => {}
                    }
                }
            }
            What::Complaint { failed } => of.complaints.push((n, *failed)),
            What::Start => starts.extend(line.at(zones).map(|at| (n, at))),
        }
    }
    let mut events = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let What::Statement { stage, done } = &line.what else { continue };
        let Some(at) = line.at(zones).filter(|at| *at <= until) else { continue };
        let Some(of) = transactions.get(&(line.session.as_str(), line.transaction.as_str())) else { continue };
        // Nothing of the session comes later, and the server began anew.
        let alone = last.get(line.session.as_str()) == Some(&n);
        let crashed = |(start, when): &(usize, Timestamp)| *start > n && when.millis() - at.millis() <= CRASH;
        let lost = alone && starts.iter().any(crashed);
        let running = open.contains(&line.transaction);
        for (place, (command, deed)) in done.iter().enumerate().filter(|(_, (_, deed))| !is_control(deed)) {
            let fate = match lost || running || line.transaction.is_empty() {
                true => Fate::Unknown,
                false => of.fate((n, place), *stage, done),
            };
            events.push(Event { at, line, command, deed, fate });
        }
    }
    events
}

/// What the log says of one transaction of a session.
#[derive(Default)]
struct Transaction {
    begin: Option<(usize, usize)>,
    commit: Option<(usize, usize)>,
    undone: bool,
    /// The places of complaints, and whether something failed.
    complaints: Vec<(usize, bool)>,
}

impl Transaction {
    fn fate(&self, place: (usize, usize), stage: Stage, done: &[Done]) -> Fate {
        let own = stage == Stage::Idle && !done.iter().any(|(_, deed)| is_control(deed));
        if own {
            let after = self.complaints.iter().filter(|(n, _)| *n > place.0);
            return match after.map(|(_, failed)| *failed).reduce(|a, b| a || b) {
                None => Fate::Committed,
                Some(true) => Fate::Failed,
                Some(false) => Fate::Unknown,
            };
        }
        let within = self.begin.is_some_and(|begin| begin < place) && self.commit.is_some_and(|commit| commit > place);
        match within && !self.undone && self.complaints.is_empty() {
            true => Fate::Committed,
            false => Fate::Unknown,
        }
    }
}
