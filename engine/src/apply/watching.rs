//! What safeguards saw when the plan was made, looked at again right before it counts: who stays in a protected group
//! before somebody is taken out of it, and what an account owns before it is put away or deleted.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};
use state::owned::OWNED;
use state::{Action, Address, Change, Code, Owns, Plan, Presence, Severity, Symbol, Target, Value};

use super::machine::Apply;
use super::report::{Fate, Why};
use super::work::Seen;
use crate::guard::Watch;

/// The attribute of a pre-image that names what the account owned when it was put away or deleted. No attribute of a
/// system begins like this.
pub(super) const INVENTORY: &str = "@owned";

/// So many of those who stay are looked at, where fewer are enough.
const LOOKED_AT: usize = 50;

/// The protected groups of a plan, and the units that wait for somebody to come into one.
#[derive(Default)]
pub(super) struct Watching {
    watches: Vec<Watch>,
    held: FxHashSet<Address>,
    /// By change: the groups (places in `watches`) out of which it takes somebody.
    guarded: FxHashMap<u32, Vec<usize>>,
    /// The changes by which somebody comes in, by address.
    gives: FxHashMap<Address, u32>,
    /// Units that wait until these are decided.
    aside: Vec<u32>,
    /// Units that wait no longer: nothing else moves.
    insist: FxHashSet<u32>,
}

/// What is read beside the objects of a unit, and what came of it.
#[derive(Default)]
pub(super) struct Beside {
    groups: Vec<(usize, Vec<(Symbol, usize)>)>,
    owners: Vec<u32>,
    pub(super) asked: usize,
    present: FxHashMap<usize, BTreeSet<Symbol>>,
    owned: FxHashMap<u32, Result<Vec<Value>, String>>,
}

/// Whether a change may still be made.
pub(super) enum Again {
    Open,
    /// Somebody is to come into the group first.
    Wait,
    Stop(Fate),
}

impl Watching {
    fn new(plan: &Plan, watches: Vec<Watch>) -> Watching {
        let of = |severity, code: Option<Code>| -> FxHashSet<Address> {
            let these = plan.findings.iter().filter(|own| own.severity == severity);
            let these = these.filter(|own| code.is_none_or(|code| own.code == code));
            these.flat_map(|finding| finding.addresses.iter().copied()).collect()
        };
        let approved = of(Severity::Approved, Some(Code::LastAdmin));
        let mut takes: FxHashMap<Address, Vec<usize>> = FxHashMap::default();
        for (place, watch) in watches.iter().enumerate() {
            let free = watch.takes.iter().filter(|address| !approved.contains(address));
            free.for_each(|address| takes.entry(*address).or_default().push(place));
        }
        if takes.is_empty() {
            return Watching::default();
        }
        let mut watching = Watching { held: of(Severity::Holds, None), ..Watching::default() };
        for (n, change) in (0u32..).zip(&plan.changes) {
            if matches!(change.action, Action::Grant | Action::Create | Action::Reactivate) {
                watching.gives.insert(change.address, n);
            }
            if let Some(places) = takes.get(&change.address).filter(|_| change.action.removes()) {
                watching.guarded.insert(n, places.clone());
            }
        }
        watching.watches = watches;
        watching
    }
}

impl Beside {
    /// Takes the answers, which come in the order in which they were asked for.
    pub(super) fn take(&mut self, presences: Vec<Presence>) {
        let mut presences = presences.into_iter();
        for (place, holders) in std::mem::take(&mut self.groups) {
            let mut present = BTreeSet::new();
            for (holder, parts) in holders {
                // The account comes first: it must be in use.
                let seen: Vec<Presence> = presences.by_ref().take(parts).collect();
                let here = |presence: &Presence| matches!(presence, Presence::Here(object) if object.active);
                if seen.len() == parts && seen.iter().all(here) {
                    present.insert(holder);
                }
            }
            self.present.insert(place, present);
        }
        for change in std::mem::take(&mut self.owners) {
            let owned = match presences.next() {
                Some(Presence::Here(object)) => {
                    let list = object.attributes.get(Symbol::new(OWNED)).and_then(Value::as_list);
                    Ok(list.unwrap_or_default().to_vec())
                }
                Some(Presence::Gone) => Ok(Vec::new()),
                Some(Presence::Hidden(why)) => Err(why),
                None => Err("not answered".to_owned()),
            };
            self.owned.insert(change, owned);
        }
        self.asked = 0;
    }
}

impl Apply<'_> {
    /// Protected groups are looked at again before anybody is taken out of them. To be called before the first step is
    /// asked for.
    pub fn watch(&mut self, watches: Vec<Watch>) {
        if !crate::mutations::on("not-watched") {
            self.watching = Watching::new(self.plan, watches);
        }
    }

    /// What is to be read beside the objects of a unit.
    pub(super) fn beside(&mut self, unit: u32) -> Vec<Target> {
        let Some(active) = self.active.get(unit as usize).and_then(Option::as_ref) else { return Vec::new() };
        let unread = active.todo.iter().filter(|todo| matches!(todo.seen, Seen::Unread)).map(|todo| todo.change);
        let unread: Vec<u32> = unread.collect();
        let guarded = |n: &u32| self.watching.guarded.get(n).into_iter().flatten().copied();
        let places: BTreeSet<usize> = unread.iter().flat_map(guarded).collect();
        let (mut beside, mut targets) = (Beside::default(), Vec::new());
        for place in places {
            let Some(watch) = self.watching.watches.get(place) else { continue };
            let mut holders = Vec::new();
            for one in self.looked_at(watch) {
                let parts: Option<Vec<Target>> =
                    std::iter::once(&one.account).chain(&one.through).map(|address| self.target_of(*address)).collect();
                // Whoever cannot be looked at is not there yet.
                if let Some(parts) = parts {
                    holders.push((one.holder, parts.len()));
                    targets.extend(parts);
                }
            }
            beside.groups.push((place, holders));
        }
        let transfers =
            self.system_of(unit).and_then(|system| self.capabilities(system)).is_some_and(|own| own.transfer);
        for n in unread.into_iter().filter(|_| transfers && !crate::mutations::on("not-watched")) {
            let ends = self.plan.changes.get(n as usize).filter(|own| is_end(own));
            if let Some(Target::Account(id)) = ends.and_then(|own| self.ids.target(own, self.resolver.as_ref())) {
                beside.owners.push(n);
                targets.push(Target::Owned(id));
            }
        }
        beside.asked = targets.len();
        if let Some(active) = self.active.get_mut(unit as usize).and_then(Option::as_mut) {
            active.beside = beside;
        }
        targets
    }

    /// Of those who stay in a group as many as say enough, those first who must.
    fn looked_at<'w>(&self, watch: &'w Watch) -> impl Iterator<Item = &'w crate::guard::Stays> {
        let must = |holder: Symbol| watch.always.iter().any(|always| always.holder() == Some(holder));
        let mut all: Vec<_> = watch.left(&self.watching.held).map(|one| one.holder).collect();
        all.sort_by_key(|holder| !must(*holder));
        all.truncate(LOOKED_AT.max(watch.minimum.saturating_mul(2)));
        let all: BTreeSet<Symbol> = all.into_iter().collect();
        watch.stay.iter().filter(move |one| all.contains(&one.holder))
    }

    /// The remote thing at an address, as far as its ids are known by now.
    fn target_of(&self, address: Address) -> Option<Target> {
        let id = |address: Address| self.ids.id(address, self.resolver.as_ref());
        match address {
            Address::Account { .. } => id(address).map(Target::Account),
            Address::Membership { member, .. } => {
                let (group, inner) = (id(address.parent_group()?)?, id(address.member()?)?);
                Some(Target::Membership { group, member: inner, nested: matches!(member, state::Member::Group(_)) })
            }
            _ => None,
        }
    }

    /// What the safeguards say now about a change that was read again.
    pub(super) fn look_again(&self, unit: u32, n: u32) -> Again {
        let Some(active) = self.active.get(unit as usize).and_then(Option::as_ref) else { return Again::Open };
        if let Some(Err(why)) = active.beside.owned.get(&n) {
            return Again::Stop(Fate::NotDone(Why::NotRead(format!("what it owns: {why}"))));
        }
        if let Some(owned) = active
            .beside
            .owned
            .get(&n)
            .and_then(|owned| owned.as_ref().ok())
            .filter(|own| !own.is_empty() && !crate::mutations::on("owned-data"))
        {
            let attributes = [(Symbol::new(OWNED), Value::list(owned.iter().cloned()))].into_iter().collect();
            let counted = Owns::counted(&attributes).unwrap_or_default();
            let why = format!("it owns {} by now", Owns::shown(&counted));
            return Again::Stop(Fate::Guarded { code: Code::OwnedData, why });
        }
        for place in self.watching.guarded.get(&n).into_iter().flatten() {
            let Some(watch) = self.watching.watches.get(*place) else { continue };
            let none = BTreeSet::new();
            let present = active.beside.present.get(place).unwrap_or(&none);
            let Some(why) = watch.short(present, &self.watching.held) else { continue };
            if !self.watching.insist.contains(&unit) && self.awaited(n) {
                return Again::Wait;
            }
            return Again::Stop(Fate::Guarded { code: Code::LastAdmin, why });
        }
        Again::Open
    }

    /// What the account of an archive or a deletion owns, for its intent; none where that is not told.
    pub(super) fn inventory(&self, n: u32) -> Option<Value> {
        let active = self.graph.unit_of(n).and_then(|unit| self.active.get(unit as usize)?.as_ref())?;
        let owned = active.beside.owned.get(&n)?.as_ref().ok()?;
        Some(Value::list(owned.iter().cloned()))
    }

    /// Whether somebody is still to come into a group out of which change `n` takes somebody.
    fn awaited(&self, n: u32) -> bool {
        let watches = self.watching.guarded.get(&n).into_iter().flatten();
        let stay = watches.filter_map(|place| self.watching.watches.get(*place)).flat_map(|watch| &watch.stay);
        let mut gives = stay.flat_map(|one| &one.gives).filter_map(|address| self.watching.gives.get(address));
        gives.any(|give| self.fates.get(*give).is_none())
    }

    /// A unit waits for somebody to come into a group: it gives its place and its objects back, and begins again later.
    pub(super) fn put_aside(&mut self, unit: u32, system: u32) {
        let parked = self.active.get_mut(unit as usize).and_then(Option::take).is_some_and(|active| active.parked);
        if let (Some(system), false) = (self.systems.get_mut(system as usize), parked) {
            system.busy = system.busy.saturating_sub(1);
        }
        let free = self.graph.give_back(unit);
        self.make_ready(free);
        self.watching.aside.push(unit);
    }

    /// Lets those begin again for whom nothing is awaited any more; all of them where nothing else moves. Whether any did.
    pub(super) fn resume(&mut self, idle: bool) -> bool {
        let aside = std::mem::take(&mut self.watching.aside);
        let mut free = Vec::new();
        for unit in aside {
            let changes = self.graph.units.get(unit as usize).map(|own| own.changes.clone()).unwrap_or_default();
            let awaited = changes.into_iter().any(|n| self.fates.get(n).is_none() && self.awaited(n));
            let stopped = self.system_of(unit).is_some_and(|system| self.stopped(system).is_some());
            if idle {
                self.watching.insist.insert(unit);
            }
            if idle || stopped || !awaited {
                free.push(unit);
            } else {
                self.watching.aside.push(unit);
            }
        }
        let any = !free.is_empty();
        self.make_ready(free);
        any
    }

    /// Whether units wait for somebody to come in.
    pub(super) fn has_aside(&self) -> bool {
        !self.watching.aside.is_empty()
    }
}

/// Whether an account is put away or deleted.
fn is_end(change: &Change) -> bool {
    matches!(change.action, Action::Archive | Action::Delete)
}
