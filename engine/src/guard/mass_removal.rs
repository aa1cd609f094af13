//! `mass-removal`: too many lose something at once, or within a day or a week, however it is split over runs.

use rustc_hash::{FxHashMap, FxHashSet};
use state::record::Removal;
use state::{Action, Address, Change, Code, Finding, Plan, Scope, Symbol, Timestamp};

use super::limits::InForce;
use super::past::{on_top, past};
use super::{count, holds};
use crate::plan::planner::Planner;
use crate::plan::world::Place;

const DAY: i64 = 86_400_000;

/// What is counted together: one kind of removal, on a system or in a group.
type Key = (Symbol, Option<Symbol>, Action);

#[derive(Default)]
struct Tally {
    planned: FxHashSet<Address>,
    day: FxHashSet<Address>,
    week: FxHashSet<Address>,
    /// Of the past those that are there still, or again.
    there: FxHashSet<Address>,
    /// Those of which nobody knows.
    doubts: FxHashSet<Address>,
}

pub(super) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    let now = planner.inputs.now;
    let mut tallies: FxHashMap<Key, Tally> = FxHashMap::default();
    // What `undone` holds does not happen, and the red button leaves no less for others to lose.
    let counts = |change: &&Change| {
        let aside = planner.locks_out(change) || (plan.undoes.is_none() && planner.comes_again(change).is_some());
        change.action.removes() && !announced(change, now) && !aside
    };
    for change in plan.changes.iter().filter(counts) {
        for key in keys(change.address, change.action) {
            tallies.entry(key).or_default().planned.insert(change.address);
        }
    }
    if tallies.is_empty() {
        return Vec::new();
    }
    let recorded = planner.inputs.recorded;
    let counts = |removal: &Removal| removal.action.removes() && !removal.announced;
    for (removal, in_doubt) in past(recorded).filter(|(removal, _)| counts(removal)) {
        let age = now.millis().saturating_sub(removal.at.millis());
        // What is in doubt is in the population still.
        let there = recorded.objects.get(&removal.address).is_some_and(|object| object.active);
        for key in keys(removal.address, removal.action) {
            if let Some(tally) = tallies.get_mut(&key).filter(|_| age <= 7 * DAY) {
                tally.week.insert(removal.address);
                if age <= DAY {
                    tally.day.insert(removal.address);
                }
                if there {
                    tally.there.insert(removal.address);
                }
                if in_doubt {
                    tally.doubts.insert(removal.address);
                }
            }
        }
    }
    let limits = InForce::new(planner);
    let present = Present::new(planner, plan, &tallies);
    let mut tallies: Vec<(Key, Tally)> = tallies.into_iter().collect();
    tallies.sort_unstable_by_key(|(key, _)| *key);
    tallies.into_iter().filter_map(|(key, tally)| finding(key, &tally, &limits, &present)).collect()
}

/// What ends by a time that was announced when it was given does not count.
fn announced(change: &Change, now: Timestamp) -> bool {
    change.until.is_some_and(|until| until <= now)
}

fn keys(address: Address, action: Action) -> impl Iterator<Item = Key> {
    let system = address.system();
    let group = address.group().map(Some);
    [Some(None), group].into_iter().flatten().filter_map(move |group| Some((system?, group, action)))
}

fn finding(key: Key, tally: &Tally, limits: &InForce<'_>, present: &Present) -> Option<Finding> {
    let (system, group, action) = key;
    let share = limits.mass_removal(system, group);
    let what = match (action, group) {
        (Action::Revoke, _) => "revocation",
        (Action::Deactivate, _) => "deactivation",
        (Action::Archive, _) => "archived account",
        _ => "deletion",
    };
    let place = match group {
        Some(group) => Address::Group { system, group }.to_string(),
        None => Address::System(system).to_string(),
    };
    let population = present.get(key);
    let scope = group.map_or(Scope::System(system), |group| Scope::Group(Address::Group { system, group }));
    let hint = "check the source and the commit that this comes from; what is right can be applied in smaller steps, \
                the rest stays as it is";
    let held = |message: String| {
        let addresses = tally.planned.iter().copied().collect();
        Some(holds(Code::MassRemoval, scope, addresses, message, hint))
    };
    for (past, days, window) in [(&tally.day, 1, "24 h"), (&tally.week, 2, "7 days")] {
        let lost = past.union(&tally.planned).count();
        let gone = past.difference(&tally.planned).filter(|address| !tally.there.contains(*address)).count();
        let before = population + gone;
        let limit = limit(before, share) * days;
        if group.is_some() && action == Action::Revoke {
            let members = |set: &FxHashSet<Address>| set.iter().filter(|address| address.member().is_some()).count();
            let planned = members(&tally.planned);
            let lost = planned + past.difference(&tally.planned).filter(|address| address.member().is_some()).count();
            let before = present.members(key) + lost - planned;
            if planned > 0 && lost == before && before >= 2 {
                return held(format!("{place} would lose all of its {before} members within {window}"));
            }
            if planned > 0 && lost * 2 >= before && before >= 4 {
                return held(format!(
                    "{place} would lose {lost} of its {before} members within {window}: half or more"
                ));
            }
        }
        if lost > limit {
            let planned = count(tally.planned.len(), what);
            let doubts = past.intersection(&tally.doubts).count();
            let more = on_top(past.difference(&tally.planned).count(), doubts, window);
            let percent = (share * 100.0).round();
            let twice = if days == 2 { "twice " } else { "" };
            return held(format!(
                "{planned} of {before} on {place}{more}: the limit is {limit} within {window} ({twice}{percent} %, at least 3, at most 100)"
            ));
        }
    }
    None
}

/// `max(3, min(share of N, 100))`.
fn limit(population: usize, share: f64) -> usize {
    ((population as f64 * share).floor() as usize).clamp(3, 100)
}

/// How many there are now.
struct Present {
    counts: FxHashMap<Key, usize>,
    members: FxHashMap<(Symbol, Symbol), usize>,
}

impl Present {
    /// Counts only where something is taken: a record of a million objects is gone through once, and nothing is kept.
    fn new(planner: &Planner<'_>, plan: &Plan, tallies: &FxHashMap<Key, Tally>) -> Present {
        let mut counts: FxHashMap<Key, usize> = tallies.keys().map(|key| (*key, 0)).collect();
        let mut count = |address: Address, action: Action| {
            for key in keys(address, action) {
                if let Some(count) = counts.get_mut(&key) {
                    *count += 1;
                }
            }
        };
        for (address, object) in &planner.inputs.recorded.objects {
            if let Some(action) = taking(*address).filter(|_| object.active) {
                count(*address, action);
            }
        }
        // What is taken and was not recorded (of exclusive systems and groups) is part of the population too.
        for change in plan.changes.iter().filter(|change| change.action.removes()) {
            let recorded = planner.inputs.recorded.objects.get(&change.address);
            let counted = taking(change.address) == Some(change.action) && recorded.is_some_and(|known| known.active);
            if !counted {
                count(change.address, change.action);
            }
        }
        let mut members: FxHashMap<(Symbol, Symbol), usize> = FxHashMap::default();
        for (system, group, _) in tallies.keys() {
            if let (Some(group), Some(world)) = (group, planner.world.systems.get(system))
                && let Some(Place::Observed(number)) = world.groups.get(group).map(|stand| stand.place)
                && let Some(observed) = world.observed
                && let Some(id) = observed.groups.get(number as usize).map(|group| group.id)
            {
                // Sorted by group.
                let start = observed.memberships.partition_point(|membership| membership.group < id);
                let of_group = observed.memberships[start..].iter().take_while(|membership| membership.group == id);
                members.insert((*system, *group), of_group.count());
            }
        }
        Present { counts, members }
    }

    fn get(&self, key: Key) -> usize {
        self.counts.get(&key).copied().unwrap_or(0)
    }

    fn members(&self, (system, group, _): Key) -> usize {
        group.and_then(|group| self.members.get(&(system, group))).copied().unwrap_or(0)
    }
}

/// The action by which something is taken away.
fn taking(address: Address) -> Option<Action> {
    match address {
        Address::Account { .. } => Some(Action::Deactivate),
        Address::Membership { .. } | Address::Grant { .. } => Some(Action::Revoke),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::limit;

    #[test]
    fn limits() {
        for (population, share, expected) in
            [(0, 0.1, 3), (30, 0.1, 3), (39, 0.1, 3), (40, 0.1, 4), (1_000, 0.1, 100), (5_000, 0.1, 100), (100, 0.0, 3)]
        {
            assert_eq!(limit(population, share), expected, "{population} at {share}");
        }
    }
}
