//! How many were given or changed within a day and within a week: what `mass-grant` and `mass-change` count.

use rustc_hash::{FxHashMap, FxHashSet};
use state::{Action, Address, Change, Code, Finding, Plan, Scope, Symbol};

use super::limits::InForce;
use super::past::{on_top, past};
use super::{count, holds};
use crate::plan::planner::Planner;

const DAY: i64 = 86_400_000;
/// So many are never too many.
const FEW: usize = 10;

/// What one safeguard counts.
pub(super) struct Counted {
    pub(super) code: Code,
    /// The name of its limit.
    pub(super) limit: &'static str,
    /// Which actions on which addresses, and what they are called, in the singular.
    pub(super) kind: fn(Address, Action) -> Option<&'static str>,
    pub(super) hint: &'static str,
}

#[derive(Default)]
struct Tally {
    planned: FxHashSet<Address>,
    day: FxHashSet<Address>,
    week: FxHashSet<Address>,
    /// Of the past those of which nobody knows.
    doubts: FxHashSet<Address>,
    population: usize,
}

/// What is counted together: on a system or in a group, of one kind.
type Place = (Symbol, Option<Symbol>, &'static str);

pub(super) fn judge(planner: &Planner<'_>, plan: &Plan, counted: &Counted) -> Vec<Finding> {
    let (now, recorded) = (planner.inputs.now, planner.inputs.recorded);
    let places = |address: Address, action: Action| {
        let what = (counted.kind)(address, action);
        let group = address.parent_group().and_then(Address::group);
        let groups = [Some(None), group.map(Some)].into_iter().flatten();
        let system = address.system();
        groups.filter_map(move |group| Some((system?, group, what?)))
    };
    // A system that has been known for less than a day is being filled.
    let settled = |system: Symbol| recorded.began.get(&system).is_some_and(|began| *began <= now.plus_millis(-DAY));
    let mut tallies: FxHashMap<Place, Tally> = FxHashMap::default();
    let announced = |change: &Change| change.until.is_some_and(|until| until <= now);
    // What `undone` holds does not happen.
    let counts =
        |change: &&Change| !announced(change) && (plan.undoes.is_some() || planner.comes_again(change).is_none());
    for change in plan.changes.iter().filter(counts) {
        for place in places(change.address, change.action).filter(|(system, ..)| settled(*system)) {
            tallies.entry(place).or_default().planned.insert(change.address);
        }
    }
    if tallies.values().all(|tally| tally.planned.is_empty()) {
        return Vec::new();
    }
    for (past, in_doubt) in past(recorded) {
        let age = now.millis().saturating_sub(past.at.millis());
        for place in places(past.address, past.action).filter(|_| age <= 7 * DAY) {
            if let Some(tally) = tallies.get_mut(&place) {
                tally.week.insert(past.address);
                if age <= DAY {
                    tally.day.insert(past.address);
                }
                if in_doubt {
                    tally.doubts.insert(past.address);
                }
            }
        }
    }
    // Small plans need no census.
    tallies.retain(|_, tally| tally.week.union(&tally.planned).count() > FEW);
    if tallies.is_empty() {
        return Vec::new();
    }
    let kinds = [Action::Create, Action::Grant, Action::Update];
    for (address, object) in recorded.objects.iter().filter(|(_, object)| object.active) {
        let mut seen: Vec<Place> = Vec::new();
        for place in kinds.into_iter().flat_map(|action| places(*address, action)) {
            // What was given within the window was not there when it opened.
            if let Some(tally) = tallies.get_mut(&place).filter(|_| !seen.contains(&place)) {
                seen.push(place);
                let new = counted.code == Code::MassGrant && object.since > now.plus_millis(-DAY);
                tally.population += usize::from(!new);
            }
        }
    }
    let limits = InForce::new(planner);
    let mut tallies: Vec<(Place, Tally)> = tallies.into_iter().collect();
    tallies.sort_unstable_by_key(|(place, _)| *place);
    tallies.into_iter().filter_map(|(place, tally)| finding(place, &tally, counted, &limits)).collect()
}

fn finding((system, group, what): Place, tally: &Tally, counted: &Counted, limits: &InForce<'_>) -> Option<Finding> {
    // A group that is new, or hardly begun, is being filled.
    if group.is_some() && tally.population < FEW {
        return None;
    }
    let share = limits.share(counted.limit, system, group);
    let once = ((tally.population as f64 * share).floor() as usize).max(FEW);
    let address = group.map_or(Address::System(system), |group| Address::Group { system, group });
    for (past, times, window) in [(&tally.day, 1, "24 h"), (&tally.week, 2, "7 days")] {
        let all = past.union(&tally.planned).count();
        if all <= once * times {
            continue;
        }
        let doubts = past.intersection(&tally.doubts).count();
        let more = on_top(past.difference(&tally.planned).count(), doubts, window);
        let (percent, twice) = ((share * 100.0).round(), if times == 2 { "twice " } else { "" });
        let message = format!(
            "{} on {address}, which has {}{more}: the limit is {} within {window} ({twice}{percent} %, at least {FEW})",
            count(tally.planned.len(), what),
            tally.population,
            once * times,
        );
        let scope = group.map_or(Scope::System(system), |_| Scope::Group(address));
        return Some(holds(counted.code, scope, tally.planned.iter().copied().collect(), message, counted.hint));
    }
    None
}
