//! Objects under new names, and objects that are managed no more, each with all that belongs to it.

use super::index::renamed;
use super::recorded::{Recorded, RecordedObject};
use crate::{Address, Attributes};

/// What another object's new name pushed out of its place, until the next line says where it went: names may be
/// swapped, or handed on from one to the next.
#[derive(Clone, Debug)]
pub struct Displaced {
    address: Address,
    objects: Vec<(Address, RecordedObject)>,
    attributes: Option<Attributes>,
}

impl Recorded {
    /// `former` is called `to` from now on, and everything that belongs to it with it: a person's accounts and
    /// memberships, a group's members and grants, all that is on a system.
    pub(super) fn moved(&mut self, former: Address, to: Address) {
        if former == to {
            return;
        }
        let displaced = self.displaced.iter().position(|displaced| displaced.address == former);
        let moving = match displaced {
            Some(at) => self.displaced.swap_remove(at),
            None => self.lift(former),
        };
        if moving.objects.is_empty() && moving.attributes.is_none() {
            return;
        }
        let pushed_out = self.lift(to);
        if !pushed_out.objects.is_empty() || pushed_out.attributes.is_some() {
            self.displaced.push(pushed_out);
        }
        for (address, object) in moving.objects {
            self.insert(renamed(address, former, to), object);
        }
        if let Some(attributes) = moving.attributes {
            self.identities.insert(to, attributes);
        }
        self.rename_windows(former, to);
    }

    /// No longer managed, and neither is what belongs to it.
    pub(super) fn forget(&mut self, address: Address) {
        if address.parent_group().is_some() {
            self.objects.swap_remove(&address);
        } else {
            self.lift(address);
        }
    }

    /// Takes `top` out, with what belongs to it.
    fn lift(&mut self, top: Address) -> Displaced {
        let below = self.index.below(top, &self.objects);
        let objects =
            below.into_iter().filter_map(|address| Some((address, self.objects.swap_remove(&address)?))).collect();
        Displaced { address: top, objects, attributes: self.identities.swap_remove(&top) }
    }

    /// The windows of the safeguards, the numbers and what is in doubt follow a new name: a renaming must not empty
    /// the window in which removals are counted.
    fn rename_windows(&mut self, former: Address, to: Address) {
        for known in &mut self.former {
            known.address = renamed(known.address, former, to);
        }
        for removal in &mut self.removals {
            removal.address = renamed(removal.address, former, to);
        }
        rename_keys(&mut self.undone, former, to);
        rename_keys(&mut self.suspensions, former, to);
        for open in self.open.iter_mut() {
            open.change.address = renamed(open.change.address, former, to);
        }
        let top = |address: Address| matches!(address, Address::Group { .. } | Address::System(_));
        if top(former) {
            let populations = std::mem::take(&mut self.populations);
            for (address, counts) in populations {
                self.populations.entry(renamed(address, former, to)).or_default().extend(counts);
            }
        }
        if !self.numbers.is_empty() {
            self.rename_numbers(former, to);
        }
    }

    fn rename_numbers(&mut self, former: Address, to: Address) {
        if let (Address::System(from), Address::System(to)) = (former, to) {
            let numbers = std::mem::take(&mut self.numbers);
            for ((system, attribute), given) in numbers {
                let system = if system == from { to } else { system };
                self.numbers.entry((system, attribute)).or_default().extend(given);
            }
            return;
        }
        let name = |address: Address| address.holder().or(address.group());
        let (Some(from), Some(holder)) = (name(former), name(to)) else { return };
        if from == holder || former.parent_group().is_some() {
            return;
        }
        for ((system, _), given) in &mut self.numbers {
            if former.system().is_none_or(|own| own == *system) {
                given.values_mut().filter(|own| **own == from).for_each(|own| *own = holder);
            }
        }
    }
}

/// What is held stays held under another name.
fn rename_keys<T>(held: &mut std::collections::BTreeMap<Address, T>, former: Address, to: Address) {
    if held.keys().any(|address| renamed(*address, former, to) != *address) {
        let renamed = std::mem::take(held).into_iter().map(|(address, held)| (renamed(address, former, to), held));
        *held = renamed.collect();
    }
}
