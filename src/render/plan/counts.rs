//! The line that counts a plan.

use std::fmt;

use state::{Code, FactKind, Plan};

use super::items::{Item, Lookup, items};
use crate::render::text::number;

/// How many things a plan does, by sign, and how many of them are held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub give: u64,
    pub change: u64,
    pub take: u64,
    pub hand_over: u64,
    pub destroy: u64,
    pub adopt: u64,
    pub forget: u64,
    /// Of those above.
    pub held: u64,
    /// Of those that are held: only since their system is only observed.
    pub observed: u64,
}

impl Counts {
    /// Of a whole plan.
    pub fn of(plan: &Plan) -> Counts {
        let lookup = Lookup::new(plan);
        let mut counts = Counts::default();
        items(plan).for_each(|item| counts.add(item, &lookup));
        counts
    }

    pub(super) fn add(&mut self, item: Item<'_>, lookup: &Lookup<'_>) {
        match item.symbol() {
            '+' => self.give += 1,
            '~' => self.change += 1,
            '-' => self.take += 1,
            '>' => self.hand_over += 1,
            '!' => self.destroy += 1,
            '=' => self.adopt += 1,
            '.' => self.forget += 1,
            _ => {}
        }
        let held = lookup.held(item);
        self.held += u64::from(held.is_some());
        self.observed += u64::from(held == Some(Code::Observed));
    }

    /// With their words, in the order in which they are said; none that are zero.
    pub(super) fn words(&self) -> impl Iterator<Item = (u64, &'static str)> {
        [
            (self.give, "to give"),
            (self.change, "to change"),
            (self.take, "to take"),
            (self.hand_over, "to hand over"),
            (self.destroy, "to destroy"),
            (self.adopt, "to adopt"),
            (self.forget, "to forget"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
    }
}

/// `12 to give, 3 to change, 1 to take, 2 to adopt; 4 held; 2 only observed`, or `nothing to change`.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.words().map(|(count, word)| format!("{} {word}", number(count))).collect();
        match words.is_empty() {
            true => f.write_str("nothing to change")?,
            false => f.write_str(&words.join(", "))?,
        }
        match self.held - self.observed {
            0 => {}
            held => write!(f, "; {} held", number(held))?,
        }
        match self.observed {
            0 => Ok(()),
            observed => write!(f, "; {} only observed", number(observed)),
        }
    }
}

/// Facts that go into the record without being shown: reasons, attributes of identities, what sources had.
pub fn unseen_facts(plan: &Plan) -> usize {
    let shown = [FactKind::Adopted, FactKind::Moved, FactKind::Forgotten, FactKind::Drifted];
    plan.facts.iter().filter(|fact| !shown.contains(&fact.kind)).count()
}
