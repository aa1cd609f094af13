//! What became of each change so far, and which changes that stops.

use rustc_hash::FxHashMap;
use state::{Action, Address, Change, Plan, Symbol, Wanted};

use super::report::{Fate, Why};
use crate::mutations::on;

/// Whether a change may begin.
#[derive(Debug, PartialEq)]
pub(super) enum Gate {
    Open,
    /// Something that it depends on is still under way.
    Wait,
    /// It is not to be done.
    Closed(Fate),
}

/// Fates by number of the change.
#[derive(Default)]
pub(super) struct Fates {
    fates: Vec<Option<Fate>>,
    /// Changes that make an account or group usable: what leans on that address waits for them.
    makers: FxHashMap<Address, u32>,
    /// The first change at an address that was not done.
    failed: FxHashMap<Address, u32>,
    /// Access of somebody that was not taken.
    kept: FxHashMap<Symbol, Vec<u32>>,
    decided: u64,
}

fn makes(change: &Change) -> bool {
    matches!(change.action, Action::Create | Action::Reactivate)
        && matches!(change.address, Address::Account { .. } | Address::Group { .. })
}

/// What must be there before a change can be made.
pub(super) fn leans(change: &Change) -> impl Iterator<Item = Address> + '_ {
    let needs = change.after.iter().flat_map(|(_, wanted)| match wanted {
        Wanted::Deferred { needs, .. } => needs.iter(),
        _ => [].iter(),
    });
    change.address.parent_group().into_iter().chain(change.address.member()).chain(needs.copied())
}

impl Fates {
    pub(super) fn new(plan: &Plan) -> Fates {
        let makers = (0u32..).zip(&plan.changes).filter(|(_, change)| makes(change));
        Fates {
            fates: vec![None; plan.changes.len()],
            makers: makers.map(|(n, change)| (change.address, n)).collect(),
            failed: FxHashMap::default(),
            kept: FxHashMap::default(),
            decided: 0,
        }
    }

    /// The change that makes `address`, if this plan makes it.
    pub(super) fn maker(&self, address: Address) -> Option<u32> {
        self.makers.get(&address).copied()
    }

    pub(super) fn get(&self, n: u32) -> Option<&Fate> {
        self.fates.get(n as usize)?.as_ref()
    }

    /// States what became of change `n`; a later word replaces an earlier one (what was in doubt is settled).
    pub(super) fn set(&mut self, plan: &Plan, n: u32, fate: Fate) {
        let (Some(slot), Some(change)) = (self.fates.get_mut(n as usize), plan.changes.get(n as usize)) else { return };
        if !fate.is_done() {
            self.failed.entry(change.address).or_insert(n);
            if let (true, Some(holder)) = (change.action.removes(), change.address.holder()) {
                self.kept.entry(holder).or_default().push(n);
            }
        }
        self.decided += u64::from(slot.is_none());
        *slot = Some(fate);
    }

    /// Whether change `n` may begin. It may not when an earlier change of the same address, what makes the account or
    /// group that it leans on, or what a deferred value needs was not done; nor, when it gives access, if the batch
    /// right before it was to take access of the same person and did not.
    pub(super) fn gate(&self, plan: &Plan, n: u32, after: &[u32]) -> Gate {
        let Some(change) = plan.changes.get(n as usize).filter(|_| !on("gate-open")) else { return Gate::Open };
        let earlier = self.failed.get(&change.address).filter(|earlier| **earlier < n);
        if earlier.is_some() {
            return self.closed(change.address, earlier.copied());
        }
        for address in leans(change).filter(|_| !change.action.removes()) {
            let Some(maker) = self.maker(address).filter(|maker| *maker != n) else {
                // Nothing makes it here; a deferred value may still need an update that failed.
                match self.failed.get(&address) {
                    Some(failed) if needs(change, address) => return self.closed(address, Some(*failed)),
                    _ => continue,
                }
            };
            match self.get(maker) {
                None => return Gate::Wait,
                Some(fate) if fate.is_done() => {}
                Some(_) => return self.closed(address, Some(maker)),
            }
        }
        let kept =
            change.address.holder().filter(|_| !change.action.removes()).and_then(|holder| self.kept.get(&holder));
        let directly_before = |earlier: &&u32| {
            after
                .iter()
                .any(|batch| plan.batches.get(*batch as usize).is_some_and(|batch| batch.changes.contains(*earlier)))
        };
        match kept.into_iter().flatten().find(directly_before) {
            Some(earlier) => {
                let address = plan.changes.get(*earlier as usize).map_or(change.address, |change| change.address);
                self.closed(address, Some(*earlier))
            }
            None => Gate::Open,
        }
    }

    fn closed(&self, on: Address, by: Option<u32>) -> Gate {
        Gate::Closed(match by.and_then(|by| self.get(by)) {
            Some(Fate::Held { .. } | Fate::Guarded { .. } | Fate::Observed) => Fate::Held { on: Some(on) },
            _ => Fate::NotDone(Why::DependsOn(on)),
        })
    }

    /// How many changes are decided.
    pub(super) fn decided(&self) -> u64 {
        self.decided
    }

    /// All fates; changes without one get `rest`.
    pub(super) fn into_all(self, rest: Fate) -> Vec<Fate> {
        self.fates.into_iter().map(|fate| fate.unwrap_or_else(|| rest.clone())).collect()
    }
}

fn needs(change: &Change, address: Address) -> bool {
    change.after.iter().any(|(_, wanted)| matches!(wanted, Wanted::Deferred { needs, .. } if needs.contains(&address)))
}
