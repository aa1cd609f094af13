//! What stands on a system now.

use std::cmp::Ordering;

use state::{Object, Observed, Schema, Symbol, Target};

/// What stands at `target` in an inventory.
pub(crate) fn seen(observed: &Observed, schema: &Schema, target: Target) -> Option<Object> {
    match target {
        Target::Account(id) => by_id(&observed.accounts, id).cloned(),
        Target::Group(id) => by_id(&observed.groups, id).cloned(),
        Target::Membership { group, member, nested } => {
            let order = |m: &state::Membership| (m.group, m.member, m.nested).cmp(&(group, member, nested));
            let found = observed.memberships.binary_search_by(order).ok()?;
            observed.memberships.get(found).map(|found| Object::new("", found.attributes.clone()))
        }
        Target::Grant { group, grant } => {
            let first = observed.grants.partition_point(|held| held.group < group);
            let of_group = observed.grants.iter().skip(first).take_while(|held| held.group == group);
            let mut same = of_group.filter(|held| schema.grant_text(&held.attributes) == grant);
            same.next().map(state::Grant::object)
        }
        // An inventory counts what is owned and does not name it.
        Target::Owned(_) => None,
    }
}

fn by_id(objects: &[Object], id: Symbol) -> Option<&Object> {
    // Most are equal or far apart: comparing texts is what costs.
    let order = |object: &Object| if object.id == id { Ordering::Equal } else { object.id.cmp(&id) };
    objects.get(objects.binary_search_by(order).ok()?)
}
