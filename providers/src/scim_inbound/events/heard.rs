//! What must be remembered of tokens: which were taken, since they may be sent again, and of when the newest word about
//! each resource is, since they may come in another order.

use std::collections::{BTreeSet, HashMap};

use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use super::super::incoming::Id;

/// Seconds that a token may be old. What is older is refused, so nothing needs to be remembered for longer.
pub const WINDOW: i64 = 7 * 86_400;

/// One token that was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// `jti`.
    pub token: Id,
    /// Of what it says.
    pub digest: String,
    /// The path of the resource that it is about, as the issuer knows it.
    pub about: Id,
    /// Seconds since 1970, when it happened.
    pub time: i64,
    /// What the log was given to tell of it: it is not lost where the process ends before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<String>,
}

/// All that is remembered.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    marks: HashMap<Id, Mark, FxBuildHasher>,
    /// By time.
    order: BTreeSet<(i64, Id)>,
    newest: HashMap<Id, i64, FxBuildHasher>,
}

impl Heard {
    /// The token of this name.
    pub fn token(&self, token: &str) -> Option<&Mark> {
        self.marks.get(token)
    }

    /// Of when the newest word about a resource is.
    pub fn newest(&self, about: &str) -> Option<i64> {
        self.newest.get(about).copied()
    }

    /// All, in the order of their times.
    pub fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.order.iter().filter_map(|(_, token)| self.marks.get(token))
    }

    /// Remembers one.
    pub fn add(&mut self, mark: &Mark) {
        self.order.insert((mark.time, mark.token.clone()));
        let newest = self.newest.entry(mark.about.clone()).or_insert(mark.time);
        *newest = mark.time.max(*newest);
        self.marks.insert(mark.token.clone(), mark.clone());
    }

    /// Whether there is something from before this second.
    pub fn has_before(&self, second: i64) -> bool {
        self.order.first().is_some_and(|(time, _)| *time < second)
    }

    /// Forgets what is from before this second.
    pub fn forget(&mut self, second: i64) {
        while self.has_before(second) {
            let Some((time, token)) = self.order.pop_first() else { return };
            if let Some(mark) = self.marks.remove(&token)
                && self.newest(&mark.about) == Some(time)
            {
                self.newest.remove(&mark.about);
            }
        }
    }
}
