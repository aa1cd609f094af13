//! What became of a plan.

use std::collections::BTreeMap;

use state::{Address, Code, Symbol};

/// What became of one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Done and seen.
    Done,
    /// Done and seen, but something that belongs to it was not done.
    Noted { left: String },
    /// It was as wanted already when it was looked at again: no call was made.
    AlreadySo,
    /// The system refused; it did not happen.
    Refused { error: String },
    /// What stands there is no longer what the plan rests on (`stale-plan`); nothing was done. Plan again.
    Stale { seen: String },
    /// Nobody knows yet; the next run settles it by looking.
    Unknown { error: String },
    /// It was called, and what is there now is neither as before nor as wanted.
    Diverged { error: String },
    /// A safeguard holds it, or (`on`) what it depends on.
    Held { on: Option<Address> },
    /// A safeguard stopped it when it was looked at again right before; nothing was done.
    Guarded { code: Code, why: String },
    /// Its system is only observed: it was shown, and not begun.
    Observed,
    /// Not begun.
    NotDone(Why),
}

/// Why a change was not begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// What it depends on was not done.
    DependsOn(Address),
    /// The system had `failures` failures and was left alone.
    TooManyFailures { failures: u32 },
    /// Ctrl-C.
    Interrupted,
    /// The object could not be read again.
    NotRead(String),
    /// A value that is known only after apply, or a secret, could not be evaluated; or a remote id is missing.
    NotResolved(String),
    /// There is no writer for the system.
    NotConnected,
    /// The record could not be written.
    NotRecorded,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Why::DependsOn(address) => write!(f, "depends on {address}, which was not done"),
            Why::TooManyFailures { failures } => {
                write!(f, "{failures} changes failed on this system, so the rest of it was left alone")
            }
            Why::Interrupted => f.write_str("interrupted before it began"),
            Why::NotRead(error) => write!(f, "could not be read again before the change: {error}"),
            Why::NotResolved(error) => f.write_str(error),
            Why::NotConnected => f.write_str("there is no connection to the system"),
            Why::NotRecorded => f.write_str("the state file could not be written"),
        }
    }
}

impl Fate {
    /// The word under which it is counted.
    pub fn word(&self) -> &'static str {
        match self {
            Fate::Done | Fate::AlreadySo => "done",
            Fate::Noted { .. } => "noted",
            Fate::Refused { .. } => "refused",
            Fate::Stale { .. } => "stale",
            Fate::Unknown { .. } => "unknown",
            Fate::Diverged { .. } => "diverged",
            Fate::Held { .. } | Fate::Guarded { .. } => "held",
            Fate::Observed => "observed",
            Fate::NotDone(_) => "not_done",
        }
    }

    /// Whether the world is now as the change wants it.
    pub fn is_done(&self) -> bool {
        matches!(self, Fate::Done | Fate::Noted { .. } | Fate::AlreadySo)
    }

    /// Whether something went wrong: it was not done, or something that belongs to it was not, and no safeguard holds it.
    pub fn is_failure(&self) -> bool {
        matches!(self, Fate::Noted { .. }) || !self.is_done() && !self.is_held() && *self != Fate::Observed
    }

    /// Whether a safeguard holds it, since the plan was made or since it was looked at again.
    pub fn is_held(&self) -> bool {
        matches!(self, Fate::Held { .. } | Fate::Guarded { .. } | Fate::Stale { .. })
    }

    /// Whether somebody has to hear of it. What a safeguard holds in the plan was said before.
    pub fn is_news(&self) -> bool {
        !matches!(self, Fate::Done | Fate::AlreadySo | Fate::Held { .. } | Fate::Observed)
    }
}

impl std::fmt::Display for Fate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fate::Done => f.write_str("done"),
            Fate::Noted { left } => write!(f, "done, but {left}"),
            Fate::AlreadySo => f.write_str("done (was already so)"),
            Fate::Refused { error } => write!(f, "refused: {error}"),
            Fate::Stale { seen } => write!(f, "held: {}: it changed since the plan: {seen}", Code::StalePlan),
            Fate::Guarded { code, why } => write!(f, "held: {code}: {why}"),
            Fate::Unknown { error } => write!(f, "in doubt: {error}"),
            Fate::Diverged { error } => write!(f, "not as wanted: {error}"),
            Fate::Held { on: None } => f.write_str("held by a safeguard"),
            Fate::Held { on: Some(address) } => write!(f, "depends on {address}, which a safeguard holds"),
            Fate::Observed => f.write_str("its system is only observed"),
            Fate::NotDone(why) => write!(f, "not done: {why}"),
        }
    }
}

/// How a run ended, in one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Everything is done.
    Done,
    /// Something failed, is in doubt, was not done for another reason, or left something undone that belongs to it.
    Failed,
    /// Nothing failed, but safeguards hold something, or found it changed since the plan.
    Held,
    /// Stopped by Ctrl-C.
    Interrupted,
    /// The record could not be written, and why: what was under way is settled by the next run.
    Fatal(String),
}

impl Status {
    /// The word that the record keeps.
    pub fn word(&self) -> &'static str {
        match self {
            Status::Done => "done",
            Status::Held => "held",
            Status::Interrupted => "interrupted",
            Status::Failed | Status::Fatal(_) => "failed",
        }
    }
}

/// What became of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub status: Status,
    /// By number of the change in the plan.
    pub fates: Vec<Fate>,
    /// By word: done, noted, refused, stale, unknown, diverged, held, not_done; words without changes are left out.
    pub counts: BTreeMap<String, u64>,
    /// Systems that were left alone after too many failures.
    pub tripped: Vec<Symbol>,
}

impl Report {
    pub(super) fn new(fates: Vec<Fate>, interrupted: bool, fatal: Option<String>, tripped: Vec<Symbol>) -> Report {
        let mut counts = BTreeMap::new();
        for fate in &fates {
            match counts.get_mut(fate.word()) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(fate.word().to_owned(), 1);
                }
            }
        }
        let cut = |fate: &Fate| *fate == Fate::NotDone(Why::Interrupted);
        let status = if let Some(error) = fatal {
            Status::Fatal(error)
        } else if interrupted && fates.iter().any(cut) {
            Status::Interrupted
        } else if fates.iter().any(Fate::is_failure) {
            Status::Failed
        } else if fates.iter().any(Fate::is_held) {
            Status::Held
        } else {
            Status::Done
        };
        Report { status, fates, counts, tripped }
    }
}
