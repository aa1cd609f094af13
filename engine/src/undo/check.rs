//! After an undo: what was to be, against what the systems answer.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use state::observed::PARTIAL;
use state::owned::{OWNED, TO};
use state::record::Recorded;
use state::{Action, Address, Change, Plan, Presence, Schema, Symbol, Target, Value, Wanted};

use crate::apply::Report;
use crate::apply::compare::{Standing, keeps, standing};
use crate::apply::ids::kind;

/// One object that an undo changed, and where to look at it.
#[derive(Clone, Debug)]
pub struct Expected<'p> {
    pub system: Symbol,
    pub target: Target,
    pub change: Cow<'p, Change>,
}

/// An object that is not as it was to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub address: Address,
    pub what: String,
}

/// What `plan` was to give back, as far as `report` says that it did, by the ids that `recorded` knows afterwards; and
/// how much of it was not done.
pub fn expected<'p>(plan: &'p Plan, report: &Report, recorded: &Recorded) -> (Vec<Expected<'p>>, usize) {
    let mut all = Vec::new();
    let mut missing = 0;
    let done = || plan.changes.iter().zip(&report.fates).filter(|(_, fate)| fate.is_done());
    let off = done().filter(|(change, _)| change.action == Action::Deactivate);
    let off: BTreeSet<Address> = off.map(|(change, _)| change.address).collect();
    for (change, fate) in plan.changes.iter().zip(&report.fates) {
        let target = target(change, recorded).filter(|_| fate.is_done());
        let switched = change.action == Action::Create && off.contains(&change.address);
        let change = match switched {
            // It was made and then switched off: its attributes are to be as they were made.
            true => Cow::Owned(Change { action: Action::Update, ..change.clone() }),
            false => Cow::Borrowed(change),
        };
        match (change.address.system(), target) {
            (Some(system), Some(target)) => all.push(Expected { system, target, change }),
            _ => missing += 1,
        }
    }
    (all, missing)
}

fn target(change: &Change, recorded: &Recorded) -> Option<Target> {
    let id = |address: Address| {
        let unmanaged = |name: Symbol| name.as_str().strip_prefix("id:").map(Symbol::new);
        let known = recorded.objects.get(&address).map(|object| object.id);
        known.or_else(|| unmanaged(address.holder().or(address.group())?))
    };
    match change.address {
        Address::Account { .. } if change.action == Action::Transfer => {
            let to = change.after.iter().find(|(name, _)| name.as_str() == TO).map(|(_, to)| to)?;
            match to {
                Wanted::Known(Value::Text(to)) => Some(Target::Owned(*to)),
                Wanted::Deferred { needs, .. } => id(*needs.first()?).map(Target::Owned),
                _ => None,
            }
        }
        Address::Account { .. } => id(change.address).map(Target::Account),
        Address::Group { .. } => id(change.address).map(Target::Group),
        Address::Membership { member, .. } => {
            let nested = matches!(member, state::Member::Group(_));
            let (group, member) = (id(change.address.parent_group()?)?, id(change.address.member()?)?);
            Some(Target::Membership { group, member, nested })
        }
        Address::Grant { grant, .. } => Some(Target::Grant { group: id(change.address.parent_group()?)?, grant }),
        _ => None,
    }
}

/// What of that which was to go back did not arrive.
fn owned(change: &Change, seen: &Presence) -> Option<String> {
    let named = |one: &Value| {
        let text = |name: &str| one.get(Symbol::new(name)).and_then(Value::as_text);
        Some((text("place")?, text("kind")?, text("name")?))
    };
    let there: BTreeSet<_> = match seen {
        Presence::Here(object) => {
            let list = object.attributes.get(Symbol::new(OWNED)).and_then(Value::as_list).unwrap_or_default();
            list.iter().filter_map(named).collect()
        }
        Presence::Gone => BTreeSet::new(),
        Presence::Hidden(why) => return Some(format!("cannot be looked at: {why}")),
    };
    let wanted = change.after.iter().find_map(|(name, wanted)| match wanted {
        Wanted::Known(Value::List(list)) if name.as_str() == OWNED => Some(list),
        _ => None,
    });
    let missing = wanted.into_iter().flat_map(|list| list.iter()).filter_map(named).filter(|one| !there.contains(one));
    match missing.count() {
        0 => None,
        count => Some(format!("{count} of what was to go back did not arrive")),
    }
}

/// Compares object by object; `presences` are the answers for all of `expected`, in their order.
pub fn differences(
    expected: &[Expected<'_>],
    presences: &[Presence],
    schemas: &BTreeMap<Symbol, &Schema>,
) -> Vec<Difference> {
    let none = Schema::default();
    let mut differences = Vec::new();
    for (n, one) in expected.iter().enumerate() {
        let address = one.change.address;
        let Some(kind) = kind(address) else { continue };
        if one.change.action == Action::Transfer {
            let what =
                presences.get(n).map_or_else(|| Some("was not answered".to_owned()), |seen| owned(&one.change, seen));
            differences.extend(what.map(|what| Difference { address, what }));
            continue;
        }
        let schema = schemas.get(&one.system).copied().unwrap_or(&none);
        let partly = |object: &state::Object| object.attributes.get(Symbol::new(PARTIAL)).is_some();
        let what = match presences.get(n) {
            // What stays of it covers some of it still.
            Some(Presence::Here(object)) if keeps(&one.change) && partly(object) => continue,
            Some(Presence::Here(object)) => match standing(&one.change, kind, Some(object), schema) {
                Standing::AsWanted => continue,
                Standing::AsBefore => "is as before the undo".to_owned(),
                Standing::Other(what) => what,
            },
            Some(Presence::Gone) => match standing(&one.change, kind, None, schema) {
                Standing::AsWanted => continue,
                _ => "is not there".to_owned(),
            },
            Some(Presence::Hidden(why)) => format!("cannot be looked at: {why}"),
            None => "was not answered".to_owned(),
        };
        differences.push(Difference { address, what });
    }
    differences
}
