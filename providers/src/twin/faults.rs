//! What can go wrong at the boundary of a system, and when.

use std::collections::BTreeMap;

use state::Timestamp;

use super::Rng;

/// Kinds of faults of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// What was changed is seen later.
    Delay,
    /// A read answers as it was some time ago.
    StaleRead,
    /// The answer to a change is lost; it was carried out, or it was not.
    LostAnswer,
    /// A change arrives twice.
    Duplicate,
    /// 429: later, please.
    Busy,
    /// 5xx: nobody knows what it did.
    ServerError,
    /// A listing lacks some of its objects.
    PartialPages,
    /// The order changes between two pages of a listing.
    ReorderedPages,
    /// The rights to read are lost for a while.
    RightsLost,
    /// Somebody else changes something.
    Meddling,
    /// The system stores something else than it was told.
    Mismatch,
    /// Somebody else deletes an account or a group.
    Vanish,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 12] = [
        Kind::Delay,
        Kind::StaleRead,
        Kind::LostAnswer,
        Kind::Duplicate,
        Kind::Busy,
        Kind::ServerError,
        Kind::PartialPages,
        Kind::ReorderedPages,
        Kind::RightsLost,
        Kind::Meddling,
        Kind::Mismatch,
        Kind::Vanish,
    ];

    /// As written in `kind = "..."`.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Delay => "delay",
            Kind::StaleRead => "stale-read",
            Kind::LostAnswer => "lost-answer",
            Kind::Duplicate => "duplicate",
            Kind::Busy => "busy",
            Kind::ServerError => "server-error",
            Kind::PartialPages => "partial-pages",
            Kind::ReorderedPages => "reordered-pages",
            Kind::RightsLost => "rights-lost",
            Kind::Meddling => "meddling",
            Kind::Mismatch => "mismatch",
            Kind::Vanish => "vanish",
        }
    }
}

/// A fault that strikes now and then.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault<K> {
    /// What the files call it.
    pub name: String,
    pub kind: K,
    /// In how many of all cases, 0.0 to 1.0.
    pub rate: f64,
    /// How long it lasts, in milliseconds, where it lasts: from, to.
    pub between: (i64, i64),
    /// Only at or after this moment, and before that one.
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// A script: only these times of all those at which it could strike, counted from 1; the rate does not matter then.
    pub at: Vec<u64>,
}

impl<K> Fault<K> {
    /// A fault of this rate, at any time.
    pub fn new(name: impl Into<String>, kind: K, rate: f64, between: (i64, i64)) -> Fault<K> {
        Fault { name: name.into(), kind, rate, between, from: None, until: None, at: Vec::new() }
    }
}

/// The faults of one place, and the randomness by which they strike.
#[derive(Clone, Debug)]
pub struct Faults<K> {
    faults: Vec<Fault<K>>,
    /// How often each could have struck.
    asked: Vec<u64>,
    /// At which times of these each did.
    hits: Vec<Vec<u64>>,
    rng: Rng,
    /// How often each kind struck, by the word for it.
    pub struck: BTreeMap<&'static str, u64>,
}

impl<K: Copy + PartialEq> Faults<K> {
    /// These faults, struck by `rng`.
    pub fn new(faults: Vec<Fault<K>>, rng: Rng) -> Faults<K> {
        Faults {
            asked: vec![0; faults.len()],
            hits: vec![Vec::new(); faults.len()],
            faults,
            rng,
            struck: BTreeMap::new(),
        }
    }

    /// Whether a fault of this kind strikes now, and how long it lasts.
    pub fn strikes(&mut self, kind: K, word: &'static str, now: Timestamp) -> Option<i64> {
        let mut found = None;
        for ((fault, asked), hits) in self.faults.iter().zip(&mut self.asked).zip(&mut self.hits) {
            let due = fault.from.is_none_or(|from| now >= from) && fault.until.is_none_or(|until| now < until);
            if fault.kind != kind || !due {
                continue;
            }
            *asked += 1;
            // A script draws too, so that what is drawn behind it stays the same.
            let drawn = self.rng.chance(fault.rate);
            let hit = if fault.at.is_empty() { drawn } else { fault.at.contains(asked) };
            if hit && found.is_none() {
                hits.push(*asked);
                found = Some(self.rng.between(fault.between.0, fault.between.1));
            }
        }
        if found.is_some() {
            *self.struck.entry(word).or_default() += 1;
        }
        found
    }

    /// Of each fault the times at which it struck, counted from 1 of those at which it could have.
    pub fn hits(&self) -> &[Vec<u64>] {
        &self.hits
    }

    /// Randomness for what a fault does.
    pub fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    /// No fault strikes any more.
    pub fn stop(&mut self) {
        self.faults.clear();
        self.asked.clear();
    }
}

impl<K> Default for Faults<K> {
    fn default() -> Faults<K> {
        Faults { faults: Vec::new(), asked: Vec::new(), hits: Vec::new(), rng: Rng::new(0), struck: BTreeMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_strikes_where_it_says() {
        let script = Fault { at: vec![2, 4], ..Fault::new("late", Kind::Delay, 0.0, (5, 5)) };
        let mut faults = Faults::new(vec![script], Rng::new(1));
        let mut strikes = |kind| faults.strikes(kind, "x", Timestamp::from_millis(0));
        assert_eq!([0, 1, 2, 3, 4].map(|_| strikes(Kind::Delay)), [None, Some(5), None, Some(5), None]);
        assert_eq!(strikes(Kind::Busy), None);
    }

    #[test]
    fn a_window_is_kept_to() {
        let (from, until) = (Some(Timestamp::from_millis(10)), Some(Timestamp::from_millis(20)));
        let fault = Fault { from, until, ..Fault::new("busy", Kind::Busy, 1.0, (0, 0)) };
        let mut faults = Faults::new(vec![fault], Rng::new(1));
        let mut strikes = |at| faults.strikes(Kind::Busy, "busy", Timestamp::from_millis(at)).is_some();
        assert_eq!([9, 10, 19, 20].map(&mut strikes), [false, true, true, false]);
        faults.stop();
        assert_eq!(faults.strikes(Kind::Busy, "busy", Timestamp::from_millis(15)), None);
    }
}
