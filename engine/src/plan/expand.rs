//! Groups in groups, for systems that cannot nest: every group gets the accounts that its member groups hold.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use state::{Member, Symbol, Timestamp};

use crate::configuration::{Membership, Why};

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
        // A group may be reached on several ways: it is entered again where it lasts longer than on those before.
        let mut entered: BTreeMap<Symbol, End> = BTreeMap::from([(*group, End::Never)]);
        let mut left: VecDeque<(&Membership, Option<Timestamp>, Option<&Membership>)> =
            direct.iter().map(|membership| (*membership, membership.until, None)).collect();
        while let Some((membership, until, through)) = left.pop_front() {
            let end = until.map_or(End::Never, End::At);
            match membership.member {
                Member::Holder(_) => add(&mut expanded, *group, membership, until, through),
                Member::Group(inner) if entered.get(&inner).is_none_or(|known| *known < end) => {
                    entered.insert(inner, end);
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

/// When something ends; the later is the greater.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum End {
    At(Timestamp),
    Never,
}

/// The earlier of two ends; none is never.
fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

fn add(
    expanded: &mut BTreeMap<(Symbol, Member), Membership>,
    group: Symbol,
    membership: &Membership,
    until: Option<Timestamp>,
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
            let more: Vec<&Why> = why.iter().filter(|why| !known.why.contains(why)).collect();
            if !more.is_empty() {
                known.why = known.why.iter().chain(more).cloned().collect();
            }
        })
        .or_insert_with(|| Membership {
            group,
            until,
            why: why.clone(),
            // Whoever maintains an inner group does not maintain the outer one.
            qualifiers: through.unwrap_or(membership).qualifiers.clone(),
            ..membership.clone()
        });
}
