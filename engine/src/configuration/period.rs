//! Spans of time, and reasons, as roles and groups hand them on.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use state::{Symbol, Timestamp};

use super::Why;
use crate::language::Span;

/// From a moment (inclusive) until another (exclusive), in milliseconds since 1970; open ends are those of `i64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Period {
    pub from: i64,
    pub until: i64,
}

impl Period {
    pub(super) const ALWAYS: Period = Period { from: i64::MIN, until: i64::MAX };

    pub(super) fn new(from: Option<Timestamp>, until: Option<Timestamp>) -> Period {
        Period { from: from.map_or(i64::MIN, Timestamp::millis), until: until.map_or(i64::MAX, Timestamp::millis) }
    }

    /// What both have.
    pub(super) fn and(self, other: Period) -> Period {
        Period { from: self.from.max(other.from), until: self.until.min(other.until) }
    }

    pub(super) fn is_empty(self) -> bool {
        self.from >= self.until
    }

    pub(super) fn contains(self, now: Timestamp) -> bool {
        self.from <= now.millis() && now.millis() < self.until
    }

    pub(super) fn begins(self) -> Option<Timestamp> {
        (self.from != i64::MIN).then(|| Timestamp::from_millis(self.from))
    }

    pub(super) fn ends(self) -> Option<Timestamp> {
        (self.until != i64::MAX).then(|| Timestamp::from_millis(self.until))
    }

    /// All of `periods` that hang together with one that contains `now`: where access that stands now begins and ends.
    pub(super) fn around(now: Timestamp, periods: &[Period]) -> Option<Period> {
        let mut whole = periods
            .iter()
            .copied()
            .filter(|period| period.contains(now))
            .reduce(|a, b| Period { from: a.from.min(b.from), until: a.until.max(b.until) })?;
        let mut others: Vec<Period> = periods.iter().copied().filter(|period| !period.contains(now)).collect();
        others.sort_unstable();
        for later in &others {
            if later.from > now.millis() && later.from <= whole.until {
                whole.until = whole.until.max(later.until);
            }
        }
        others.sort_unstable_by_key(|period| std::cmp::Reverse(period.until));
        for former in others {
            if former.until <= now.millis() && former.until >= whole.from {
                whole.from = whole.from.min(former.from);
            }
        }
        Some(whole)
    }
}

/// A way with a further link; of a long one the middle is left out, since roles may be nested thousands deep.
fn lengthened(way: &str, link: &str) -> String {
    const LONG: usize = 600;
    let whole = format!("{way}{link}");
    let links: Vec<&str> = whole.split(" > ").collect();
    match links[..] {
        [first, second, .., last] if whole.len() > LONG && links.len() > 3 => {
            format!("{first} > {second} > ... > {last}")
        }
        _ => whole,
    }
}

/// Number of a [`Why`] in [`Whys`].
pub(super) type WhyId = u32;

/// Reasons, each once, so that a holding carries a number.
#[derive(Default)]
pub(super) struct Whys {
    /// Each as a list of its own, which all share whom it alone gives something.
    table: Vec<Arc<[Why]>>,
    numbers: FxHashMap<Why, WhyId>,
    extended: FxHashMap<(WhyId, Symbol, Span), WhyId>,
}

impl Whys {
    pub(super) fn add(&mut self, because: Symbol, span: Span) -> WhyId {
        let why = Why { because, span };
        let next = self.table.len() as WhyId;
        *self.numbers.entry(why).or_insert_with_key(|why| {
            self.table.push(Arc::from([why.clone()]));
            next
        })
    }

    /// The reason with a further link, ` > role.basic` or ` until 2026-12-31`; it then points at the block of `span`.
    pub(super) fn extend(&mut self, id: WhyId, link: Symbol, span: Span) -> WhyId {
        if let Some(known) = self.extended.get(&(id, link, span)) {
            return *known;
        }
        let because = Symbol::from(lengthened(self.get(id).because.as_str(), link.as_str()));
        let added = self.add(because, span);
        self.extended.insert((id, link, span), added);
        added
    }

    pub(super) fn get(&self, id: WhyId) -> Why {
        // Numbers are given out by `add` alone, and every list has one.
        self.table[id as usize][0].clone()
    }

    /// The reason as the only one.
    pub(super) fn alone(&self, id: WhyId) -> Arc<[Why]> {
        self.table[id as usize].clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_ways_are_told_in_part() {
        let ways = (1..100).scan("role.a0".to_owned(), |way, n| {
            *way = lengthened(way, &format!(" > role.a{n}"));
            Some(way.clone())
        });
        let ways: Vec<String> = ways.collect();
        assert_eq!(ways[1], "role.a0 > role.a1 > role.a2");
        assert!(ways.iter().all(|way| way.len() < 620 && way.starts_with("role.a0 > role.a1")));
        assert!(ways.iter().zip(1..).all(|(way, n)| way.ends_with(&format!(" > role.a{n}"))));
    }

    #[test]
    fn periods_that_touch_are_one() {
        let period = |from, until| Period { from, until };
        let around = |periods: &[Period]| Period::around(Timestamp::from_millis(10), periods);
        for (periods, expected) in [
            (vec![period(0, 20)], Some(period(0, 20))),
            (vec![period(0, 10)], None),
            (vec![period(10, 11)], Some(period(10, 11))),
            (vec![period(5, 12), period(30, 40), period(12, 20), period(20, 25)], Some(period(5, 25))),
            (vec![period(5, 12), period(1, 5), period(0, 1), period(-9, -8)], Some(period(0, 12))),
            (vec![period(5, 12), Period::ALWAYS], Some(Period::ALWAYS)),
        ] {
            assert_eq!(around(&periods), expected, "{periods:?}");
        }
    }
}
