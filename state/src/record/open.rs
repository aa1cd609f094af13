//! Intents without a final outcome.

use std::collections::btree_map::Values;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;

use super::recorded::OpenIntent;
use crate::Symbol;

/// The open intents, in the order in which they were recorded; found by run and number without a search, since a run
/// may announce a great many before the first is answered.
#[derive(Clone, Debug, Default)]
pub struct OpenIntents {
    intents: BTreeMap<u64, Box<OpenIntent>>,
    places: HashMap<(Symbol, u32), u64, BuildHasherDefault<rustc_hash::FxHasher>>,
    next: u64,
}

impl OpenIntents {
    /// Adds one; of two with the same run and number the later stands.
    pub fn push(&mut self, open: OpenIntent) {
        if let Some(place) = self.places.insert((open.run, open.intent), self.next) {
            self.intents.remove(&place);
        }
        self.intents.insert(self.next, Box::new(open));
        self.next += 1;
    }

    /// The one with this run and number.
    pub fn get_mut(&mut self, run: Symbol, intent: u32) -> Option<&mut OpenIntent> {
        self.intents.get_mut(self.places.get(&(run, intent))?).map(Box::as_mut)
    }

    /// Takes the one with this run and number out.
    pub fn take(&mut self, run: Symbol, intent: u32) -> Option<OpenIntent> {
        self.intents.remove(&self.places.remove(&(run, intent))?).map(|open| *open)
    }

    /// All, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &OpenIntent> {
        self.intents.values().map(Box::as_ref)
    }

    /// All, oldest first, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut OpenIntent> {
        self.intents.values_mut().map(Box::as_mut)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.intents.len()
    }

    /// Whether nothing is in doubt.
    pub fn is_empty(&self) -> bool {
        self.intents.is_empty()
    }
}

/// Equal where the same intents stand in the same order.
impl PartialEq for OpenIntents {
    fn eq(&self, other: &OpenIntents) -> bool {
        self.iter().eq(other.iter())
    }
}

impl FromIterator<OpenIntent> for OpenIntents {
    fn from_iter<I: IntoIterator<Item = OpenIntent>>(intents: I) -> OpenIntents {
        let mut open = OpenIntents::default();
        intents.into_iter().for_each(|intent| open.push(intent));
        open
    }
}

impl From<Vec<OpenIntent>> for OpenIntents {
    fn from(intents: Vec<OpenIntent>) -> OpenIntents {
        intents.into_iter().collect()
    }
}

impl<'a> IntoIterator for &'a OpenIntents {
    type Item = &'a OpenIntent;
    type IntoIter = std::iter::Map<Values<'a, u64, Box<OpenIntent>>, fn(&Box<OpenIntent>) -> &OpenIntent>;
    fn into_iter(self) -> Self::IntoIter {
        self.intents.values().map(|open| open)
    }
}
