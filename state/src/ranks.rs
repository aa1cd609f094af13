//! Addresses by number instead of by text: for sorting a million of them.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::{Address, Member, Symbol};

/// Where the texts of some addresses stand among each other. Comparing two addresses by text takes several visits to
/// distant memory; the texts are compared once here, and numbers from then on.
#[derive(Debug, Default)]
pub struct Ranks {
    ranks: FxHashMap<Symbol, u32>,
}

impl Ranks {
    /// Of everything that these addresses are made of.
    pub fn of(addresses: impl IntoIterator<Item = Address>) -> Ranks {
        let mut met: FxHashSet<Symbol> = FxHashSet::default();
        // Neighbours mostly stand on the same system, in the same group.
        let mut last = [None; 3];
        for address in addresses {
            let parts = parts(address);
            for (part, last) in parts.into_iter().zip(&mut last) {
                if part != *last {
                    met.extend(part);
                    *last = part;
                }
            }
        }
        let mut sorted: Vec<(&'static str, Symbol)> = met.into_iter().map(|symbol| (symbol.as_str(), symbol)).collect();
        sorted.sort_unstable();
        Ranks { ranks: (0u32..).zip(sorted).map(|(rank, (_, symbol))| (symbol, rank)).collect() }
    }

    /// A number that stands to those of other addresses as the address to them. Only for addresses that were given to
    /// [`Ranks::of`].
    pub fn key(&self, address: Address) -> u128 {
        let rank = |symbol: &Symbol| u128::from(self.ranks.get(symbol).copied().unwrap_or_default());
        // The kind, three parts of 32 bits, and before the last of them whether it is a group.
        let key = |kind: u128, first: &Symbol, second: u128, third: u128| {
            kind << 104 | rank(first) << 72 | second << 40 | third
        };
        match &address {
            Address::Person(symbol) => key(0, symbol, 0, 0),
            Address::Service(symbol) => key(1, symbol, 0, 0),
            Address::System(symbol) => key(2, symbol, 0, 0),
            Address::Role(symbol) => key(3, symbol, 0, 0),
            Address::Account { system, holder } => key(4, system, rank(holder), 0),
            Address::Group { system, group } => key(5, system, rank(group), 0),
            Address::Membership { system, group, member: Member::Holder(member) } => {
                key(6, system, rank(group), rank(member))
            }
            Address::Membership { system, group, member: Member::Group(member) } => {
                key(6, system, rank(group), 1 << 32 | rank(member))
            }
            Address::Grant { system, group, grant } => key(7, system, rank(group), rank(grant)),
        }
    }

    /// A number that stands to those of other symbols in these addresses as the symbol to them.
    pub fn symbol(&self, symbol: Symbol) -> u32 {
        self.ranks.get(&symbol).copied().unwrap_or_default()
    }
}

fn parts(address: Address) -> [Option<Symbol>; 3] {
    match address {
        Address::Person(symbol) | Address::Service(symbol) | Address::System(symbol) | Address::Role(symbol) => {
            [Some(symbol), None, None]
        }
        Address::Account { system, holder: second } | Address::Group { system, group: second } => {
            [Some(system), Some(second), None]
        }
        Address::Membership { system, group, member: Member::Holder(third) | Member::Group(third) }
        | Address::Grant { system, group, grant: third } => [Some(system), Some(group), Some(third)],
    }
}

/// Sorts `items` by their addresses.
pub fn sort_by_address<T>(items: &mut [T], address: impl Fn(&T) -> Address) {
    // What is in order already needs no tables, and what is little is not worth them.
    const FEW: usize = 64;
    if items.len() < FEW || items.is_sorted_by_key(&address) {
        items.sort_by_key(address);
        return;
    }
    let ranks = Ranks::of(items.iter().map(&address));
    items.sort_by_cached_key(|item| ranks.key(address(item)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn addresses() -> impl Strategy<Value = Address> {
        let symbol = || "[a-cA-C\u{e4}\u{1F600}]{0,3}".prop_map(Symbol::from);
        (0..9u8, symbol(), symbol(), symbol()).prop_map(|(kind, a, b, c)| match kind {
            0 => Address::Person(a),
            1 => Address::Service(a),
            2 => Address::System(a),
            3 => Address::Role(a),
            4 => Address::Account { system: a, holder: b },
            5 => Address::Group { system: a, group: b },
            6 => Address::Membership { system: a, group: b, member: Member::Holder(c) },
            7 => Address::Membership { system: a, group: b, member: Member::Group(c) },
            _ => Address::Grant { system: a, group: b, grant: c },
        })
    }

    proptest! {
        #[test]
        fn numbers_are_in_the_order_of_the_texts(addresses in proptest::collection::vec(addresses(), 0..200)) {
            let ranks = Ranks::of(addresses.iter().copied());
            for (a, b) in addresses.iter().zip(addresses.iter().skip(1)) {
                prop_assert_eq!(ranks.key(*a).cmp(&ranks.key(*b)), a.cmp(b));
            }
            let mut sorted = addresses.clone();
            sort_by_address(&mut sorted, |address| *address);
            let mut expected = addresses;
            expected.sort();
            prop_assert_eq!(sorted, expected);
        }
    }
}
