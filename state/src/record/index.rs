//! What stands below what: an account's memberships, a group's members and grants, a person's accounts, all that is on
//! a system. Built when the first thing is moved or forgotten with all that belongs to it, since most records never
//! do, and kept up from then on, since a renaming of a whole company moves a hundred thousand people.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::recorded::{ByAddress, RecordedObject};
use crate::{Address, Member};

type Below = HashMap<Address, Vec<Address>, BuildHasherDefault<rustc_hash::FxHasher>>;

/// Addresses by what they belong to. It may name what is no longer there; it never leaves out what is.
#[derive(Clone, Debug, Default)]
pub struct Index(Option<Below>);

impl Index {
    /// Notes a new address.
    pub(super) fn add(&mut self, address: Address) {
        if let Some(below) = &mut self.0 {
            add(below, address);
        }
    }

    /// Everything below `top`, and `top` itself, as far as it is in `objects`: in order, each once.
    pub(super) fn below(&mut self, top: Address, objects: &ByAddress<RecordedObject>) -> Vec<Address> {
        let index = self.0.get_or_insert_with(|| {
            let mut below = Below::default();
            objects.keys().for_each(|address| add(&mut below, *address));
            below
        });
        let mut found = index.remove(&unified(top)).unwrap_or_default();
        found.push(top);
        found.sort_unstable();
        found.dedup();
        found.retain(|address| objects.contains_key(address));
        if found.iter().any(|address| *address != top) {
            index.insert(unified(top), found.clone());
        }
        found
    }
}

fn add(below: &mut Below, address: Address) {
    for top in tops(address).into_iter().flatten() {
        below.entry(unified(top)).or_default().push(address);
    }
}

/// People and services share one space of keys.
fn unified(top: Address) -> Address {
    match top {
        Address::Service(holder) => Address::Person(holder),
        other => other,
    }
}

/// What `address` belongs to: its system, its person or service, its group, its account.
fn tops(address: Address) -> [Option<Address>; 4] {
    [
        address.system().map(Address::System),
        address.holder().map(Address::Person),
        address.parent_group(),
        address.member(),
    ]
}

/// What `address` is called once `former` is called `to`; the same where it does not belong to it.
pub fn renamed(address: Address, former: Address, to: Address) -> Address {
    if address == former {
        return to;
    }
    match (former, to) {
        (Address::Person(from) | Address::Service(from), Address::Person(to) | Address::Service(to)) => {
            holder_renamed(address, from, to)
        }
        (Address::Account { system, holder: from }, Address::Account { system: to_system, holder: to })
            if address.system() == Some(system) =>
        {
            on_system(holder_renamed(address, from, to), to_system)
        }
        (Address::Group { system, group: from }, Address::Group { system: to_system, group: to })
            if address.system() == Some(system) =>
        {
            let group_of = |group| if group == from { to } else { group };
            match address {
                Address::Membership { group, member, .. } => {
                    let member = match member {
                        Member::Group(nested) => Member::Group(group_of(nested)),
                        holder => holder,
                    };
                    Address::Membership { system: to_system, group: group_of(group), member }
                }
                Address::Grant { group, grant, .. } => {
                    Address::Grant { system: to_system, group: group_of(group), grant }
                }
                other => other,
            }
        }
        (Address::System(from), Address::System(to)) if address.system() == Some(from) => on_system(address, to),
        _ => address,
    }
}

fn holder_renamed(address: Address, from: crate::Symbol, to: crate::Symbol) -> Address {
    match address {
        Address::Account { system, holder } if holder == from => Address::Account { system, holder: to },
        Address::Membership { system, group, member: Member::Holder(holder) } if holder == from => {
            Address::Membership { system, group, member: Member::Holder(to) }
        }
        other => other,
    }
}

fn on_system(address: Address, system: crate::Symbol) -> Address {
    match address {
        Address::System(_) => Address::System(system),
        Address::Account { holder, .. } => Address::Account { system, holder },
        Address::Group { group, .. } => Address::Group { system, group },
        Address::Membership { group, member, .. } => Address::Membership { system, group, member },
        Address::Grant { group, grant, .. } => Address::Grant { system, group, grant },
        other => other,
    }
}
