//! The table of reasons: each text stands in a plan once.

use rustc_hash::FxHashMap;
use state::{Reason, ReasonId, Symbol};

use crate::configuration::Why;
use crate::language::{Files, Places, Span};

/// Reasons, numbered in the order in which they are first given.
pub(crate) struct Reasons<'a> {
    files: Places<'a>,
    numbers: FxHashMap<Reason, ReasonId>,
    table: Vec<Reason>,
    places: FxHashMap<Span, Symbol>,
    /// What was given with a block before.
    known: FxHashMap<(Symbol, Span), ReasonId>,
}

impl<'a> Reasons<'a> {
    pub(crate) fn new(files: &'a Files) -> Reasons<'a> {
        Reasons {
            files: Places::new(files),
            numbers: FxHashMap::default(),
            table: Vec::new(),
            places: FxHashMap::default(),
            known: FxHashMap::default(),
        }
    }

    pub(super) fn number(&mut self, reason: Reason) -> ReasonId {
        let next = ReasonId(self.table.len() as u32);
        *self.numbers.entry(reason).or_insert_with_key(|reason| {
            self.table.push(reason.clone());
            next
        })
    }

    /// Why an entry of the configuration wants something.
    pub(crate) fn why(&mut self, why: &[Why]) -> Box<[ReasonId]> {
        why.iter().map(|why| self.at(why.because, why.span)).collect()
    }

    /// A reason with the block that asks for it.
    pub(crate) fn at(&mut self, because: Symbol, span: Span) -> ReasonId {
        if let Some(known) = self.known.get(&(because, span)) {
            return *known;
        }
        let files = &mut self.files;
        let place = *self.places.entry(span).or_insert_with(|| Symbol::new(&files.place(span)));
        let id = self.number(Reason { because, place: Some(place) });
        self.known.insert((because, span), id);
        id
    }

    /// A reason that no block gives (any more).
    pub(crate) fn plain(&mut self, because: impl Into<Symbol>) -> ReasonId {
        self.number(Reason { because: because.into(), place: None })
    }

    pub(crate) fn into_table(self) -> Vec<Reason> {
        self.table
    }
}
