//! The record as it was at a moment, and which run gave what stood there.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::index::renamed;
use super::{Approved, Damage, Event, EventResult, Recorded, RunStarted, Text};
use crate::{Action, Address, FactKind, Symbol, Timestamp};

/// The record as it was at a moment.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// The fold of everything that had been recorded by then.
    pub recorded: Recorded,
    /// The runs of this file that had begun by then.
    pub runs: BTreeMap<Symbol, RunStarted>,
    /// The approvals that those runs made use of.
    approvals: Vec<Approved>,
    /// When the first line of this file was written. What was before stands in no line, or in an archived file.
    pub begins: Timestamp,
    /// Whether this file continues an archived one.
    pub continued: bool,
    /// By address and by how many renamings there had been: names may be handed on.
    given: FxHashMap<(Address, usize), Given>,
    /// Former and new address, in order.
    moves: Vec<(Address, Address)>,
}

/// What gave access, or found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
    pub run: Symbol,
    pub at: Timestamp,
    /// Number of the line that says so.
    pub line: u64,
    /// Whether it was there and only recorded.
    pub found: bool,
}

impl Past {
    /// What gave that which stands at `address`, also under a former name; none where an archived file says it.
    pub fn given(&self, address: Address) -> Option<Given> {
        let mut name = address;
        for epoch in (0..=self.moves.len()).rev() {
            if let Some(given) = self.given.get(&(name, epoch)) {
                return Some(*given);
            }
            if let Some((former, to)) = epoch.checked_sub(1).and_then(|before| self.moves.get(before)) {
                name = renamed(name, *to, *former);
            }
        }
        None
    }

    /// The approvals that `run` made use of for `address`.
    pub fn approvals(&self, run: Symbol, address: Address) -> impl Iterator<Item = &Approved> {
        self.approvals.iter().filter(move |used| used.run == run && used.addresses.contains(&address))
    }

    fn remember(&mut self, address: Address, given: Given) {
        self.given.insert((address, self.moves.len()), given);
    }
}

impl Text<'_> {
    /// The fold of the lines that were written until `moment`, this one included. The digits are not checked here, see
    /// [`Text::verify`].
    ///
    /// # Errors
    /// The first line that makes no sense.
    pub fn at(&self, moment: Timestamp) -> Result<Past, Damage> {
        let mut past = Past::default();
        let mut first = true;
        for line in self.read() {
            let (number, line) = line?;
            if first {
                (past.begins, past.continued) = (line.at, self.first > 1);
            }
            // The first line is never left out: without it nothing can be said.
            if line.at > moment && !first {
                break;
            }
            first = false;
            let (at, n) = (line.at, line.n);
            match &line.event {
                Event::RunStarted(started) => drop(past.runs.insert(started.run, (**started).clone())),
                Event::Approved(approved) => past.approvals.push((**approved).clone()),
                Event::Outcome { run, intent, result: EventResult::Done { .. } } => {
                    let change = past.recorded.open.get_mut(*run, *intent).map(|open| &open.change);
                    let gives = |action| {
                        matches!(action, Action::Create | Action::Grant | Action::Reactivate | Action::Deactivate)
                    };
                    if let Some(address) = change.filter(|change| gives(change.action)).map(|change| change.address) {
                        past.remember(address, Given { run: *run, at, line: n, found: false });
                    }
                }
                Event::Fact { run, fact, .. } => {
                    let given = Given { run: *run, at, line: n, found: true };
                    match (fact.kind, fact.former) {
                        (FactKind::Moved, Some(former)) => past.moves.push((former, fact.address)),
                        (FactKind::Adopted, _) => past.remember(fact.address, given),
                        (FactKind::Explained, _) if !past.recorded.objects.contains_key(&fact.address) => {
                            past.remember(fact.address, given);
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
            past.recorded.apply(line).map_err(|fault| Damage { line: number, fault })?;
        }
        Ok(past)
    }
}
