//! A plan under headings: people and systems, or systems alone.

use std::collections::HashMap;

use state::{Address, Member, Ranks};

use super::items::{Item, Lookup, items};
use crate::cli::By;

/// What stands under one heading, what takes first.
pub struct Section<'a> {
    /// A person, a service or a system.
    pub heading: Address,
    pub items: Vec<Item<'a>>,
}

/// How much attention a section or a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Weight {
    /// Something is taken or held.
    Takes,
    /// Something changes.
    Changes,
    /// Something is given or adopted, nothing else.
    Gives,
}

impl Weight {
    /// Of one line.
    pub fn of(item: Item<'_>, lookup: &Lookup<'_>) -> Weight {
        match item.symbol() {
            '-' | '!' | '>' => Weight::Takes,
            _ if lookup.held(item).is_some() => Weight::Takes,
            _ if item.gives() => Weight::Gives,
            _ => Weight::Changes,
        }
    }
}

impl Section<'_> {
    /// Of its weightiest line.
    pub fn weight(&self, lookup: &Lookup<'_>) -> Weight {
        self.items.iter().map(|item| Weight::of(*item, lookup)).min().unwrap_or(Weight::Gives)
    }

    /// Whether it is about a person or service.
    pub fn is_identity(&self) -> bool {
        matches!(self.heading, Address::Person(_) | Address::Service(_))
    }
}

/// The whole plan under headings: people and services before systems, those who lose something first.
pub fn sections<'a>(lookup: &Lookup<'a>, by: By) -> Vec<Section<'a>> {
    let mut found: HashMap<Address, Vec<Item<'a>>> = HashMap::new();
    for item in items(lookup.plan) {
        found.entry(heading(item.address(), lookup, by)).or_default().push(item);
    }
    let addresses = items(lookup.plan).map(Item::address).chain(found.keys().copied());
    let ranks = Ranks::of(addresses);
    let mut sections: Vec<Section<'a>> = found
        .into_iter()
        .map(|(heading, mut items)| {
            items.sort_by_cached_key(|item| {
                let system = item.address().system().map(|system| ranks.symbol(system));
                (item.rank(), lookup.held(*item).is_none(), system, ranks.key(item.address()))
            });
            Section { heading, items }
        })
        .collect();
    sections.sort_by_cached_key(|section| (!section.is_identity(), section.weight(lookup), ranks.key(section.heading)));
    sections
}

fn heading(address: Address, lookup: &Lookup<'_>, by: By) -> Address {
    match (by, lookup.identity(address), address.system()) {
        (By::Person, Some(identity), _) => identity,
        (_, _, Some(system)) => Address::System(system),
        (By::System, Some(identity), None) => identity,
        (_, None, None) => address,
    }
}

/// How a thing is called below a heading: under a person as the files write it (`account.chat`,
/// `group.chat.engineering`), else by its whole address.
pub fn subject(address: Address, heading: Address) -> String {
    match (address, heading) {
        (Address::Account { system, .. }, Address::Person(_) | Address::Service(_)) => format!("account.{system}"),
        (
            Address::Membership { system, group, member: Member::Holder(_) },
            Address::Person(_) | Address::Service(_),
        ) => Address::Group { system, group }.to_string(),
        _ => address.to_string(),
    }
}
