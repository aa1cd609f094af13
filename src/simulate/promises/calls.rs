//! Each call, when it arrives, and what it did.

use providers::twin::{By, Deed};
use state::{Action, Address, Order, Symbol, Target};

use super::{ANNOUNCED, ONE_ACCOUNT, PROTECTED, TIMELY};
use crate::simulate::world::World;

impl World {
    /// A call is on its way.
    pub(in crate::simulate) fn promises_sent(&mut self, system: Symbol, orders: &[Order]) {
        // Elsewhere a call ends with its process, and nobody looks as long as that holds the lock.
        let outlives = self.twins.0.get(&system).is_some_and(|twin| twin.with(|t, _| t.capabilities().outlives > 0));
        if !outlives {
            return;
        }
        let now = self.told_now();
        for order in orders {
            let open = self.promises.durable.open.iter().find(|open| open.change.address == order.address);
            let late = open.filter(|open| open.settle_after < now).map(|open| open.settle_after);
            self.promises.holds(TIMELY, late.is_none(), || {
                let after = late.map_or(String::new(), |after| after.to_string());
                format!("{} of {} at {now}, and looked for after {after}", order.action.word(), order.address)
            });
        }
    }

    /// A call is about to take effect.
    pub(in crate::simulate) fn promises_arriving(
        &mut self,
        system: Symbol,
        orders: &[Order],
        transaction: Option<Symbol>,
    ) {
        for order in orders {
            let announced = self.promises.durable.open.iter().any(|open| {
                let same = open.change.address == order.address && open.change.action == order.action;
                same && open.transaction == transaction
            });
            let address = order.address;
            self.promises.holds(ANNOUNCED, announced, || format!("{} of {address} on {system}", order.action.word()));
        }
    }

    /// A call took effect, or did not: what changed.
    pub(in crate::simulate) fn promises_arrived(&mut self, system: Symbol, orders: &[Order]) {
        let Some(shared) = self.twins.0.get(&system).cloned() else { return };
        let deeds = shared.with(|twin, _| twin.take_deeds());
        for deed in &deeds {
            let target = deed.changed.target;
            let Some((address, action)) = deed.order else { continue };
            if deed.by == By::Call {
                self.as_planned(deed, address, action);
            }
            if let (Action::Create, Target::Account(id)) = (action, target) {
                if deed.by == By::Duplicate {
                    // The network made it, and nothing but its key tells: it is there beside the other one.
                    self.promises.ghosts.insert((system, id));
                    continue;
                }
                let before = self.promises.made.get(&address).cloned().unwrap_or_default();
                let second =
                    before.iter().find(|own| shared.with(|twin, _| twin.get(Target::Account(**own)).is_some()));
                self.promises.holds(ONE_ACCOUNT, second.is_none(), || {
                    format!("{address} has the account {} already, and got {id}", second.map_or("", |id| id.as_str()))
                });
                self.promises.made.entry(address).or_default().push(id);
            }
            if deed.by == By::Call {
                // The record, and so its windows, go by the clock of whoever applies.
                self.count(system, address, action, deed.at.plus_millis(self.skew));
            }
        }
        self.protected(system, orders);
    }

    /// What stood there when a call changed it is what the plan was made from.
    fn as_planned(&mut self, deed: &Deed, address: Address, action: Action) {
        let planned = self.promises.images.get(&(address, action)).cloned().flatten();
        let (Some(planned), Some(was)) = (planned, &deed.changed.was) else { return };
        if !matches!(deed.changed.target, Target::Account(_) | Target::Group(_)) || planned.id != was.id {
            return;
        }
        let plain = |name: &Symbol| !name.as_str().starts_with('@') && name.as_str() != "owns";
        let differs = planned
            .attributes
            .iter()
            .filter(|(name, _)| plain(name))
            .find(|(name, value)| was.attributes.get(*name).map_or(!value.is_empty(), |there| there != value));
        let fine = differs.is_none() && planned.active == was.active;
        self.promises.holds(super::UNSEEN, fine, || format!("{} of {address}", action.word()));
    }

    /// Others changed something.
    pub(in crate::simulate) fn promises_others(&mut self, system: Symbol) {
        let Some(shared) = self.twins.0.get(&system).cloned() else { return };
        for deed in shared.with(|twin, _| twin.take_deeds()) {
            if deed.by == By::Others {
                self.promises.meddled = true;
                self.promises.touched.insert((system, deed.changed.target));
            }
        }
    }

    /// Protected groups still have as many as they must have, and those who must always be in them.
    fn protected(&mut self, system: Symbol, orders: &[Order]) {
        if self.promises.meddled || !orders.iter().any(|order| order.action.removes()) {
            return;
        }
        let protections = self.promises.durable.in_force.protections.clone();
        for protection in protections.values() {
            for group in protection.groups.iter().filter(|group| group.system() == Some(system)) {
                let Some(id) = self.promises.durable.objects.get(group).map(|known| known.id) else { continue };
                let took = orders.iter().filter(|order| order.action.removes()).any(|order| match order.target {
                    Some(Target::Membership { group, .. }) => group == id,
                    _ => matches!(order.address, Address::Account { .. }),
                });
                let approved = orders.iter().any(|order| self.promises.approved(state::Code::LastAdmin, order.address));
                if !took || approved {
                    continue;
                }
                let active = self.active_members(system, id);
                let taken = orders.iter().filter_map(|order| order.target).filter(|target| match target {
                    Target::Membership { group, .. } => *group == id,
                    _ => true,
                });
                let gone: Vec<Symbol> = taken
                    .filter_map(|target| match target {
                        Target::Membership { member, nested: false, .. } => Some(member),
                        Target::Account(id) => Some(id),
                        _ => None,
                    })
                    .filter(|member| !active.contains(member) && self.promises.was_in(system, id, *member))
                    .collect();
                // Whoever left is locked out at once, whether somebody follows or not.
                let leaves = orders.iter().any(|order| self.promises.leaving.contains(&order.address));
                // Where it has too few already, it does not get fewer.
                let before = self.promises.members.get(group).copied().unwrap_or(usize::MAX);
                let minimum = before.min(protection.minimum_members as usize);
                let enough = gone.is_empty() || leaves || active.len() >= minimum;
                self.promises.holds(PROTECTED, enough, || {
                    format!("{group} has {} active members, and at least {minimum} are to be in it", active.len())
                });
                for always in &protection.always {
                    let lost = orders.iter().any(|order| {
                        order.action.removes()
                            && order.address.holder() == always.holder()
                            && order.address.system() == Some(system)
                            && (order.address.parent_group() == Some(*group)
                                || matches!(order.address, Address::Account { .. }))
                    });
                    self.promises
                        .holds(PROTECTED, !lost, || format!("{always} must always be in {group}, and lost it"));
                }
            }
        }
    }

    /// How many are in protected groups when an apply begins to call.
    pub(super) fn count_members(&mut self) {
        let protections = self.promises.durable.in_force.protections.clone();
        for group in protections.values().flat_map(|protection| &protection.groups) {
            let known = self.promises.durable.objects.get(group).map(|known| known.id);
            if let (Some(system), Some(id)) = (group.system(), known) {
                let count = self.active_members(system, id).len();
                self.promises.members.insert(*group, count);
            }
        }
    }

    fn active_members(&self, system: Symbol, group: Symbol) -> Vec<Symbol> {
        let Some(shared) = self.twins.0.get(&system) else { return Vec::new() };
        shared.with(|twin, _| {
            let contents = twin.contents();
            let mut groups = vec![group];
            let mut n = 0;
            while let Some(outer) = groups.get(n).copied() {
                let inner = contents.memberships.iter().filter(|place| place.group == outer && place.nested);
                let new: Vec<Symbol> = inner.map(|place| place.member).filter(|one| !groups.contains(one)).collect();
                groups.extend(new);
                n += 1;
            }
            let members = contents.memberships.iter().filter(|place| groups.contains(&place.group) && !place.nested);
            let active = |id: &Symbol| twin.get(Target::Account(*id)).is_some_and(|account| account.active);
            members.map(|place| place.member).filter(active).collect()
        })
    }
}

impl super::Promises {
    /// A process hears of a call.
    pub(in crate::simulate) fn answered(&mut self, system: Symbol, answer: &engine::apply::Answer) {
        let engine::apply::Answer::Executed { outcomes, .. } = answer else { return };
        let failed = outcomes.iter().filter(|outcome| {
            matches!(
                outcome,
                state::Outcome::Unknown(_)
                    | state::Outcome::Taken(_)
                    | state::Outcome::Refused { retry_after: None, .. }
            )
        });
        *self.failures.entry(system).or_default() += u32::try_from(failed.count()).unwrap_or(u32::MAX);
    }

    /// What a system said to orders.
    pub(in crate::simulate) fn said(&mut self, orders: &[Order], outcomes: &[state::Outcome]) {
        let answers = orders.iter().zip(outcomes);
        let changed = answers.filter(|(_, outcome)| matches!(outcome, state::Outcome::Stale(_)));
        self.changed.extend(changed.map(|(order, _)| order.address));
    }

    /// Whether the record knows a member of a group, or knew it until this call.
    fn was_in(&self, system: Symbol, group: Symbol, member: Symbol) -> bool {
        let target = Target::Membership { group, member, nested: false };
        let known = self
            .durable
            .objects
            .iter()
            .any(|(address, object)| address.system() == Some(system) && object.target == Some(target));
        known || self.durable.open.iter().any(|open| open.target == Some(target))
    }
}
