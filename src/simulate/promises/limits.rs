//! How much is taken, changed and given, counted from what the calls did.

use std::collections::{BTreeMap, BTreeSet};

use state::{Action, Address, Code, Symbol, Timestamp};

use super::LIMITS;
use crate::session::prepare::Prepared;
use crate::simulate::world::World;

const DAY: i64 = 86_400_000;

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taken {
    Deactivated,
    Revoked,
    Deleted,
    Given,
    Changed,
}

impl Taken {
    fn of(address: Address, action: Action) -> Option<(Taken, u8)> {
        let kind = match address {
            Address::Account { .. } => 0,
            Address::Group { .. } => 1,
            Address::Membership { .. } => 2,
            _ => 3,
        };
        match action {
            Action::Deactivate => Some((Taken::Deactivated, 0)),
            Action::Revoke => Some((Taken::Revoked, 0)),
            Action::Archive | Action::Delete => Some((Taken::Deleted, if action == Action::Delete { 1 } else { 0 })),
            Action::Create | Action::Reactivate | Action::Grant if kind != 1 => Some((Taken::Given, kind)),
            Action::Update | Action::Rename => Some((Taken::Changed, kind)),
            _ => None,
        }
    }
}

#[derive(Default)]
pub(super) struct Limits {
    /// What calls did: when, on which system, what.
    done: Vec<(Timestamp, Symbol, (Taken, u8), Address)>,
    /// When this apply began to call: how many there were then.
    population: BTreeMap<(Symbol, (Taken, u8)), usize>,
    /// Members of groups then.
    members: BTreeMap<Address, usize>,
    /// Shares in force: of what is taken, changed, given.
    shares: [f64; 3],
    /// Systems that have been known for a day.
    settled: BTreeSet<Symbol>,
    /// What ends by a time that was announced, and what a suspension takes.
    aside: BTreeSet<Address>,
    began: Option<Timestamp>,
}

impl World {
    /// What there is when an apply begins to call.
    pub(super) fn limits_begin(&mut self, plan: &state::Plan, prepared: &Prepared) {
        let limits = engine::guard::limits(&prepared.configuration);
        let recorded = &prepared.recorded;
        let share = |name: &str, otherwise: f64| {
            let configured = limits.get(name).copied().unwrap_or(otherwise);
            recorded.limits.get(name).map_or(configured, |known| known.min(configured))
        };
        let own = &mut self.promises.limits;
        if own.began == Some(plan.made) {
            return;
        }
        own.began = Some(plan.made);
        let images =
            plan.changes.iter().map(|change| ((change.address, change.action), change.before.as_deref().cloned()));
        self.promises.images = images.collect();
        self.promises.failures.clear();
        self.count_members();
        let own = &mut self.promises.limits;
        own.shares = [share("mass_removal", 0.1), share("mass_change", 0.3), share("mass_grant", 0.2)];
        if let Some(truth) = self.promises.truth.share {
            own.shares[0] = own.shares[0].min(truth);
        }
        own.population.clear();
        own.members.clear();
        for (address, object) in recorded.objects.iter().filter(|(_, object)| object.active) {
            let Some(system) = address.system() else { continue };
            let actions: &[Action] = match address {
                Address::Account { .. } => &[Action::Deactivate, Action::Create, Action::Update],
                Address::Group { .. } => &[Action::Update],
                _ => &[Action::Revoke, Action::Grant, Action::Update],
            };
            for kind in actions.iter().filter_map(|action| Taken::of(*address, *action)) {
                let new = kind.0 == Taken::Given && object.since > plan.made.plus_millis(-DAY);
                *own.population.entry((system, kind)).or_default() += usize::from(!new);
            }
        }
        for (system, reading) in &prepared.readings {
            let Some(observed) = reading.inventory.observed() else { continue };
            for (address, object) in &recorded.objects {
                if let Address::Group { system: of, .. } = address
                    && of == system
                {
                    let count = observed.memberships.iter().filter(|place| place.group == object.id).count();
                    own.members.insert(*address, count);
                }
            }
        }
        own.settled = recorded
            .began
            .iter()
            .filter(|(_, began)| **began <= plan.made.plus_millis(-DAY))
            .map(|(system, _)| *system)
            .collect();
        let announced = plan.changes.iter().filter(|change| change.until.is_some_and(|until| until <= plan.made));
        own.aside = announced.map(|change| change.address).collect();
        let suspended = plan.changes.iter().filter(|change| recorded.suspension(change.address).is_some());
        own.aside.extend(suspended.map(|change| change.address));
    }

    /// A call did something.
    pub(super) fn count(&mut self, system: Symbol, address: Address, action: Action, at: Timestamp) {
        let Some(kind) = Taken::of(address, action) else { return };
        let (code, share, few) = match kind.0 {
            Taken::Given => (Code::MassGrant, 2, 10),
            Taken::Changed => (Code::MassChange, 1, 10),
            _ => (Code::MassRemoval, 0, 3),
        };
        let promises = &mut self.promises;
        if promises.limits.aside.contains(&address) || promises.approved(code, address) {
            return;
        }
        // What is changed or given on the first day is the filling of a system.
        let own = &mut promises.limits;
        if few == 10 && !own.settled.contains(&system) || kind.0 == Taken::Deleted {
            return;
        }
        own.done.push((at, system, kind, address));
        own.done.retain(|(then, ..)| *then > at.plus_millis(-7 * DAY));
        let began = own.began.unwrap_or(at);
        for (days, times) in [(1, 1), (7, 2)] {
            let same = own
                .done
                .iter()
                .filter(|(then, of, what, _)| *of == system && *what == kind && *then > began.plus_millis(-days * DAY));
            let all: BTreeSet<Address> = same.clone().map(|(.., address)| *address).collect();
            let now: BTreeSet<Address> =
                same.filter(|(then, ..)| *then >= began).map(|(.., address)| *address).collect();
            let past = all.difference(&now).count();
            let population = own.population.get(&(system, kind)).copied().unwrap_or(0);
            // What is taken now was there before; what was taken within the window was, too.
            let before = if few == 3 { population + past } else { population };
            let allowed = (before as f64 * own.shares[share]).floor() as usize;
            let most = if few == 3 { allowed.clamp(3, 100) } else { allowed.max(few) } * times;
            let count = all.len();
            promises.checked.entry(LIMITS).and_modify(|count| *count += 1).or_insert(1);
            if count > most {
                let what = format!("{count} {:?} on system.{system} within {days} days: {most} are allowed", kind.0);
                return promises.broken(LIMITS, what);
            }
        }
        let Some(group) = address.parent_group().filter(|_| action == Action::Revoke && address.member().is_some())
        else {
            return;
        };
        let of_group = own.done.iter().filter(|(then, _, what, address)| {
            *what == kind && *then > began.plus_millis(-DAY) && address.parent_group() == Some(group)
        });
        let all: BTreeSet<Address> = of_group.clone().map(|(.., address)| *address).collect();
        let past = of_group.filter(|(then, ..)| *then < began).map(|(.., address)| *address).collect::<BTreeSet<_>>();
        let past = past.len();
        let before = own.members.get(&group).copied().unwrap_or(0) + past;
        let emptied = all.len() >= before && before >= 2;
        let halved = all.len() * 2 >= before && before >= 4;
        promises.holds(LIMITS, !emptied && !halved, || {
            format!("{group} lost {} of its {before} members within a day", all.len())
        });
    }
}
