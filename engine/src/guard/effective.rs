//! Who is in a group before and after a plan, nested groups counted.

use std::collections::VecDeque;

use rustc_hash::{FxHashMap, FxHashSet};
use state::{Action, Address, Member, Observed, Plan, Symbol};

use crate::plan::accounts::{nobody, nobodys_group, nobodys_group_id};
use crate::plan::planner::Planner;
use crate::plan::world::Place;

/// Memberships and accounts of one system, before and after a plan.
pub(super) struct Effective<'a> {
    system: Symbol,
    observed: Option<&'a Observed>,
    /// Holder and whether the account is active, by remote id.
    accounts: FxHashMap<Symbol, (Symbol, bool)>,
    /// Whether the account is active, by holder.
    holders: FxHashMap<Symbol, bool>,
    /// Names of groups by remote id, and back.
    groups: FxHashMap<Symbol, Symbol>,
    ids: FxHashMap<Symbol, Symbol>,
    given: FxHashMap<Symbol, Vec<Member>>,
    taken: FxHashSet<Address>,
    /// What the plan does to accounts: whether they are active after it.
    switched: FxHashMap<Symbol, bool>,
}

/// Who is in a group.
#[derive(Default)]
pub(super) struct Members {
    /// Holders of the accounts in it; unmanaged ones as `id:...`.
    pub(super) holders: FxHashSet<Symbol>,
    /// The group itself and all groups within.
    pub(super) groups: FxHashSet<Symbol>,
}

/// When to look.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum When {
    Before,
    After,
}

impl<'a> Effective<'a> {
    pub(super) fn new(planner: &Planner<'a>, plan: &Plan, system: Symbol) -> Effective<'a> {
        let world = planner.world.systems.get(&system);
        let observed = world.and_then(|world| world.observed);
        let mut effective = Effective {
            system,
            observed,
            accounts: FxHashMap::default(),
            holders: FxHashMap::default(),
            groups: FxHashMap::default(),
            ids: FxHashMap::default(),
            given: FxHashMap::default(),
            taken: FxHashSet::default(),
            switched: FxHashMap::default(),
        };
        if let (Some(world), Some(observed)) = (world, observed) {
            for (holder, stand) in &world.accounts {
                if let Place::Observed(number) = stand.place
                    && let Some(account) = observed.accounts.get(number as usize)
                {
                    effective.accounts.insert(account.id, (*holder, account.active));
                    effective.holders.insert(*holder, account.active);
                }
            }
            for (group, stand) in &world.groups {
                if let Place::Observed(number) = stand.place
                    && let Some(object) = observed.groups.get(number as usize)
                {
                    effective.groups.insert(object.id, *group);
                    effective.ids.insert(*group, object.id);
                }
            }
        }
        for change in plan.changes.iter().filter(|change| change.address.system() == Some(system)) {
            match (change.address, change.action) {
                (Address::Membership { group, member, .. }, Action::Grant) => {
                    effective.given.entry(group).or_default().push(member);
                }
                (Address::Membership { .. }, Action::Revoke) => drop(effective.taken.insert(change.address)),
                (Address::Account { holder, .. }, Action::Create | Action::Reactivate) => {
                    effective.switched.insert(holder, true);
                }
                (Address::Account { holder, .. }, Action::Deactivate | Action::Archive | Action::Delete) => {
                    effective.switched.insert(holder, false);
                }
                _ => {}
            }
        }
        effective
    }

    /// The holder of the account with a remote id; one that is nobody's as `id:...`.
    pub(super) fn holder(&self, id: Symbol) -> Symbol {
        self.accounts.get(&id).map_or_else(|| nobody(id), |(holder, _)| *holder)
    }

    /// Everybody in `group`, directly or through groups within.
    pub(super) fn members(&self, group: Symbol, when: When) -> Members {
        let mut members = Members::default();
        let mut left = vec![group];
        while let Some(group) = left.pop() {
            if !members.groups.insert(group) {
                continue;
            }
            for member in self.direct(group, when) {
                match member {
                    Member::Holder(holder) => drop(members.holders.insert(holder)),
                    Member::Group(inner) => left.push(inner),
                }
            }
        }
        members
    }

    /// By which memberships each holder is in `group` after the plan, the nearest way.
    pub(super) fn ways(&self, group: Symbol) -> FxHashMap<Symbol, Vec<Address>> {
        let system = self.system;
        let (mut ways, mut seen) = (FxHashMap::default(), FxHashSet::from_iter([group]));
        let mut left: VecDeque<(Symbol, Vec<Address>)> = VecDeque::from([(group, Vec::new())]);
        while let Some((group, way)) = left.pop_front() {
            for member in self.direct(group, When::After) {
                let own = Address::Membership { system, group, member };
                let on = || way.iter().copied().chain([own]).collect::<Vec<Address>>();
                match member {
                    Member::Holder(holder) => drop(ways.entry(holder).or_insert_with(on)),
                    Member::Group(inner) if seen.insert(inner) => left.push_back((inner, on())),
                    Member::Group(_) => {}
                }
            }
        }
        ways
    }

    fn direct(&self, group: Symbol, when: When) -> Vec<Member> {
        let id = self.ids.get(&group).copied().or_else(|| nobodys_group_id(group));
        let mut members = Vec::new();
        if let (Some(observed), Some(id)) = (self.observed, id) {
            // Sorted by group.
            let start = observed.memberships.partition_point(|membership| membership.group < id);
            let own = observed.memberships[start..].iter().take_while(|membership| membership.group == id);
            members.extend(own.map(|seen| match seen.nested {
                true => {
                    Member::Group(self.groups.get(&seen.member).copied().unwrap_or_else(|| nobodys_group(seen.member)))
                }
                false => Member::Holder(self.holder(seen.member)),
            }));
        }
        if when == When::After {
            let system = self.system;
            members.retain(|member| !self.taken.contains(&Address::Membership { system, group, member: *member }));
            members.extend(self.given.get(&group).into_iter().flatten());
        }
        members
    }

    /// Holders of managed accounts that may be used.
    pub(super) fn active<'m>(&self, members: &'m Members, when: When) -> FxHashSet<&'m Symbol> {
        let active = |holder: &&Symbol| {
            let switched = self.switched.get(*holder).filter(|_| when == When::After);
            switched.or_else(|| self.holders.get(*holder)).copied().unwrap_or(false)
        };
        members.holders.iter().filter(active).collect()
    }
}
