//! What a watch knows right now, for whoever asks while it runs: the page, metrics, health.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use state::{Digest, Finding, Symbol, Timestamp};

use super::log::Entry;

/// A clone is another way to the same board.
#[derive(Clone)]
pub struct Board {
    known: Arc<Mutex<Known>>,
    /// Whether anybody can ask.
    asked: bool,
}

/// Everything that is known.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub started: Timestamp,
    /// At most so many milliseconds between rounds.
    pub interval: i64,
    /// Rounds that ended, by what they came from.
    pub rounds: BTreeMap<String, u64>,
    /// How many of them failed.
    pub failed: u64,
    /// Milliseconds that they took: all, and the last one.
    pub took: (i64, i64),
    /// Addresses that were applied.
    pub applied: u64,
    /// When the last round ended, and when the last one that read and did everything.
    pub ended: Option<Timestamp>,
    pub whole: Option<Timestamp>,
    /// Why the last round failed, where it came to nothing.
    pub error: Option<String>,
    /// What the last round saw that came to something.
    pub sight: Option<Sight>,
    /// Drift, and what waits.
    pub standing: Vec<Entry>,
    /// Whether systems are heard, and how; or why not.
    pub hearing: BTreeMap<Symbol, Result<&'static str, String>>,
    /// Deliveries of webhooks that were taken, and that were given up.
    pub delivered: (u64, u64),
}

/// What a round saw.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    pub changes: usize,
    pub held: usize,
    pub drift: usize,
    pub systems: Vec<System>,
    /// What safeguards say, what holds first.
    pub findings: Vec<Finding>,
    /// What time alone brings, by when.
    pub coming: Vec<(String, String)>,
    /// People and services on record, and things that are managed.
    pub identities: usize,
    pub objects: usize,
    /// The last line of the record.
    pub line: u64,
    pub head: Option<Digest>,
}

/// A system as a round read it.
#[derive(Clone, Debug)]
pub struct System {
    pub name: Symbol,
    pub provider: Symbol,
    /// Accounts, groups and memberships; or why it could not be read.
    pub read: Result<[usize; 3], String>,
}

impl Board {
    /// `asked`: whether anybody can ask.
    pub fn new(started: Timestamp, interval: i64, asked: bool) -> Board {
        Board { known: Arc::new(Mutex::new(Known { started, interval, ..Known::default() })), asked }
    }

    /// All of it, as it is now.
    pub fn known(&self) -> Known {
        self.lock().clone()
    }

    /// A round ended.
    pub fn round(&self, why: String, (began, ended): (Timestamp, Timestamp), failed: bool) {
        let mut known = self.lock();
        *known.rounds.entry(why).or_default() += 1;
        known.failed += u64::from(failed);
        let took = (ended.millis() - began.millis()).max(0);
        known.took = (known.took.0 + took, took);
        known.ended = Some(ended);
        if !failed {
            known.whole = Some(ended);
        }
    }

    /// What a round saw: made only where anybody can ask for it.
    pub fn saw(&self, sight: impl FnOnce() -> Sight) {
        if !self.asked {
            return;
        }
        let sight = sight();
        let mut known = self.lock();
        known.sight = Some(sight);
        known.error = None;
    }

    /// How a webhook was delivered.
    pub fn delivered(&self, taken: bool) {
        let mut known = self.lock();
        let (delivered, given_up) = known.delivered;
        known.delivered = (delivered + u64::from(taken), given_up + u64::from(!taken));
    }

    /// What stands.
    pub fn stands(&self, entries: &[Entry]) {
        self.lock().standing = entries.to_vec();
    }

    /// Something was told.
    pub fn told(&self, entry: &Entry) {
        let mut known = self.lock();
        match entry {
            Entry::Failed { error } => known.error = Some(error.clone()),
            Entry::Applied { addresses, .. } => known.applied += addresses.len() as u64,
            _ => {}
        }
    }

    /// Whether a system is heard.
    pub fn hears(&self, system: Symbol, how: Result<&'static str, String>) {
        self.lock().hearing.insert(system, how);
    }

    /// What is kept is whole after each step.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Why it is not well, where it is not: rounds stay away, or the last one failed.
    pub fn unwell(&self, now: Timestamp) -> Option<String> {
        // A round that is under way may take as long as the longest so far did, twice.
        let patience = self.interval.saturating_mul(2).saturating_add(60_000).saturating_add(self.took.1 * 2);
        let since = self.ended.unwrap_or(self.started);
        if since.plus_millis(patience) < now {
            return Some(format!("no round ended since {since}"));
        }
        match (&self.error, &self.sight) {
            (Some(error), _) => Some(format!("the last round failed: {error}")),
            (None, None) => Some("no round has ended yet".to_owned()),
            (None, Some(sight)) => {
                let unread: Vec<&str> = sight
                    .systems
                    .iter()
                    .filter(|system| system.read.is_err())
                    .map(|system| system.name.as_str())
                    .collect();
                (!unread.is_empty()).then(|| format!("not read: {}", unread.join(", ")))
            }
        }
    }
}
