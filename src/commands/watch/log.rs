//! What `tenure watch` tells: a line for each thing that happens.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use serde::Serialize;
use state::{Address, Symbol, Timestamp};

use super::board::Board;
use super::webhook::Hooks;
use crate::Error;
use crate::edge::{Clock as _, SystemClock};
use crate::render::text::clean;
use crate::render::who::moment;
use crate::serve::News;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Entry {
    Started {
        /// Milliseconds.
        interval: i64,
    },
    /// The page is shown here.
    Serving {
        address: String,
    },
    /// What is pushed is taken here.
    Listening {
        address: String,
    },
    /// What there is to say of what was pushed to a system.
    Pushed {
        system: String,
        what: String,
    },
    /// Another certificate is shown from now on; or why the one from before still is.
    Certificate {
        path: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// So much more was to be told than could be kept.
    Untold {
        lines: u64,
    },
    /// A round saw this much.
    Round {
        why: String,
        changes: usize,
        held: usize,
        drift: usize,
    },
    /// Others changed this.
    Drift {
        address: Address,
        what: &'static str,
        fate: &'static str,
    },
    /// A change of a kind that the files do not let go by itself, or that a safeguard holds.
    Waits {
        address: Address,
        action: &'static str,
        held: bool,
    },
    /// Changes of a system are heard of from now on.
    Hears {
        system: String,
        how: &'static str,
    },
    /// They are not, until further notice: what changes there is seen by the next round.
    Deaf {
        system: String,
        error: String,
    },
    /// A system could not be read.
    Unread {
        system: String,
        error: String,
    },
    /// These were applied, and these not, though they were to be; how it ended.
    Applied {
        addresses: Vec<Address>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        left: Vec<Address>,
        exit: u8,
    },
    /// The patch that accepts what others changed was written.
    Proposed {
        path: String,
    },
    Failed {
        error: String,
    },
    Stopped,
}

/// Where it is told.
pub struct Log {
    json: bool,
    /// What stands as it was told: not told again as long as it does.
    standing: BTreeSet<Entry>,
    /// Whether systems are heard, as it was told.
    hearing: BTreeMap<Symbol, bool>,
    /// When the lock on the record was free, where something was in doubt.
    pub locked: Option<Timestamp>,
    /// For whoever asks while it runs.
    pub board: Board,
    hooks: Hooks,
}

impl Log {
    pub fn new(json: bool, board: Board, hooks: Hooks) -> Log {
        Log { json, standing: BTreeSet::new(), hearing: BTreeMap::new(), locked: None, board, hooks }
    }

    /// Tells one thing.
    pub fn tell(&mut self, entry: Entry) -> Result<(), Error> {
        let now = SystemClock.now();
        self.board.told(&entry);
        self.hooks.tell(&entry);
        let mut out = anstream::stdout().lock();
        if self.json {
            #[derive(Serialize)]
            struct Line<'a> {
                at: state::Timestamp,
                #[serde(flatten)]
                entry: &'a Entry,
            }
            let line = serde_json::to_string(&Line { at: now, entry: &entry })
                .map_err(|error| Error::new(format!("cannot write a line of the log: {error}")))?;
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "{}  {}", moment(now), text(&entry))?;
        }
        out.flush()?;
        Ok(())
    }

    /// Sends what was told since to whoever is sent it: once for all of it.
    pub fn send(&mut self) {
        self.hooks.send(SystemClock.now());
    }

    /// Tells whether a system is heard, where that is not as it was told.
    pub fn hearing(&mut self, system: Symbol, how: Result<&'static str, String>) -> Result<(), Error> {
        self.board.hears(system, how.clone());
        if self.hearing.insert(system, how.is_ok()) == Some(how.is_ok()) {
            return Ok(());
        }
        let system = system.to_string();
        self.tell(match how {
            Ok(how) => Entry::Hears { system, how },
            Err(error) => Entry::Deaf { system, error },
        })
    }

    /// Tells what the server has to tell.
    pub fn news(&mut self, news: Vec<News>, more: u64) -> Result<(), Error> {
        for news in news {
            self.tell(match news {
                News::Pushed { system, what } => Entry::Pushed { system, what },
                News::Certificate { path, error } => Entry::Certificate { path, error },
            })?;
        }
        match more {
            0 => Ok(()),
            lines => self.tell(Entry::Untold { lines }),
        }
    }

    /// Tells what stands now, as far as it did not before.
    pub fn stand(&mut self, entries: Vec<Entry>) -> Result<(), Error> {
        self.board.stands(&entries);
        let standing = std::mem::take(&mut self.standing);
        for entry in entries.iter().filter(|entry| !standing.contains(entry)) {
            self.tell(entry.clone())?;
        }
        self.standing = entries.into_iter().collect();
        Ok(())
    }
}

fn text(entry: &Entry) -> String {
    match entry {
        Entry::Started { interval } => format!("watching; a round at least every {} s", interval / 1_000),
        Entry::Serving { address } => format!("shows how it goes on {address}"),
        Entry::Listening { address } => format!("listening on {address}"),
        Entry::Pushed { system, what } => format!("pushed: system.{system}: {}", clean(what)),
        Entry::Certificate { path, error: None } => format!("certificate: the new one in {} is shown", clean(path)),
        Entry::Certificate { path: _, error: Some(error) } => {
            format!("certificate: the one from before is still shown: {}", clean(error))
        }
        Entry::Untold { lines } => format!("untold: {lines} lines more about what was pushed"),
        Entry::Round { why, changes, held, drift } => {
            format!("round ({why}): {changes} changes, {held} of them held; {drift} differences that others made")
        }
        Entry::Drift { address, what, fate } => {
            format!("drift: {address} {} ({})", what.replace('_', " "), fate.replace('_', " "))
        }
        Entry::Waits { address, action, held: true } => format!("held: {action} {address}"),
        Entry::Waits { address, action, held: false } => format!("waits for `tenure apply`: {action} {address}"),
        Entry::Hears { system, how } => format!("hears: system.{system} ({how})"),
        Entry::Deaf { system, error } => {
            format!("not heard: system.{system}: {}; the next round sees what changes there", clean(error))
        }
        Entry::Unread { system, error } => format!("unread: system.{system}: {}", clean(error)),
        Entry::Applied { addresses, left, exit: _ } => {
            let list = |addresses: &[Address]| addresses.iter().map(Address::to_string).collect::<Vec<_>>().join(", ");
            match (addresses.as_slice(), left.as_slice()) {
                (done, []) => format!("applied: {}", list(done)),
                ([], left) => format!("not applied: {}", list(left)),
                (done, left) => format!("applied: {}; not applied: {}", list(done), list(left)),
            }
        }
        Entry::Proposed { path } => format!("proposed: {}", clean(path)),
        Entry::Failed { error } => format!("failed: {}", clean(error)),
        Entry::Stopped => "stopped".to_owned(),
    }
}
