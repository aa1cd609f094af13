//! Groups in groups, for systems that cannot nest: every group gets the accounts that its member groups hold.

use std::collections::{BTreeMap, BTreeSet};

use state::{Member, Symbol};

use crate::configuration::Membership;

/// The memberships of accounts that come to the same as `memberships` with its nested groups, sorted, and the groups
/// that had groups in them. Chains were checked for cycles when the configuration was read; a group is entered once
/// all the same.
pub(super) fn expand(memberships: &[Membership]) -> (Vec<Membership>, BTreeSet<Symbol>) {
    let mut by_group: BTreeMap<Symbol, Vec<&Membership>> = BTreeMap::new();
    for membership in memberships {
        by_group.entry(membership.group).or_default().push(membership);
    }
    let mut expanded: BTreeMap<(Symbol, Member), Membership> = BTreeMap::new();
    let mut nesting = BTreeSet::new();
    for (group, direct) in &by_group {
        if direct.iter().any(|membership| matches!(membership.member, Member::Group(_))) {
            nesting.insert(*group);
        }
        let mut entered = BTreeSet::from([*group]);
        let mut left: Vec<(&Membership, Option<state::Timestamp>, Option<&Membership>)> =
            direct.iter().map(|membership| (*membership, membership.until, None)).collect();
        while let Some((membership, until, through)) = left.pop() {
            match membership.member {
                Member::Holder(_) => add(&mut expanded, *group, membership, until, through),
                Member::Group(inner) if entered.insert(inner) => {
                    let inner = by_group.get(&inner).map_or(&[][..], Vec::as_slice);
                    left.extend(
                        inner
                            .iter()
                            .map(|member| (*member, earlier(until, member.until), Some(through.unwrap_or(membership)))),
                    );
                }
                Member::Group(_) => {}
            }
        }
    }
    (expanded.into_values().collect(), nesting)
}

/// The earlier of two ends; none is never.
fn earlier(a: Option<state::Timestamp>, b: Option<state::Timestamp>) -> Option<state::Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

fn add(
    expanded: &mut BTreeMap<(Symbol, Member), Membership>,
    group: Symbol,
    membership: &Membership,
    until: Option<state::Timestamp>,
    through: Option<&Membership>,
) {
    let why = through.map_or(&membership.why, |outer| &outer.why);
    expanded
        .entry((group, membership.member))
        .and_modify(|known| {
            // Permanent beats `until`; of two ends the later holds.
            known.until = match (known.until, until) {
                (Some(a), Some(b)) => Some(a.max(b)),
                _ => None,
            };
            for why in why {
                if !known.why.contains(why) {
                    known.why.push(why.clone());
                }
            }
        })
        .or_insert_with(|| Membership { group, until, why: why.clone(), ..membership.clone() });
}
