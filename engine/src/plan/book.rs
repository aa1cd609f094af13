//! The record as the plan sees it: former names given their present ones, forgotten things left out.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use state::record::{Recorded, RecordedObject};
use state::{Address, Fact, FactKind, Member, Symbol, sort_by_address};

use super::waves::{Task, Workers};
use crate::configuration::{Configuration, Move};

/// Recorded objects under their present addresses.
pub(crate) struct Book<'a> {
    recorded: &'a Recorded,
    /// Objects on each system, sorted by address.
    on: FxHashMap<Symbol, Arc<Vec<Entry<'a>>>>,
    /// Identities that the record knows, under their present addresses, sorted.
    pub(crate) identities: Vec<Address>,
    /// What the record calls them, by present addresses: of those that it calls otherwise.
    former: FxHashMap<Address, Address>,
    /// What `forget` blocks cover, under present addresses.
    forgotten: FxHashSet<Address>,
    renames: Renames,
    /// Addresses whose outcome is in doubt.
    pub(crate) in_doubt: FxHashSet<Address>,
}

/// A recorded object under its present address.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) address: Address,
    pub(crate) object: &'a RecordedObject,
}

impl<'a> Book<'a> {
    /// Reads the record under the names of `configuration`; `facts` gets what was moved and forgotten.
    pub(crate) fn new(
        recorded: &'a Recorded,
        configuration: &Configuration,
        workers: &dyn Workers,
        facts: &mut Vec<Fact>,
    ) -> Book<'a> {
        let renames = Renames::new(recorded, configuration);
        let mut book = Book {
            recorded,
            on: FxHashMap::default(),
            identities: Vec::with_capacity(recorded.identities.len()),
            former: FxHashMap::default(),
            forgotten: FxHashSet::default(),
            in_doubt: recorded.open.iter().map(|open| renames.present(open.change.address)).collect(),
            renames,
        };
        // In the order of a hash table: whatever comes of it is sorted, here or with the plan's facts.
        for old in recorded.identities.keys().filter(|old| !recorded.objects.contains_key(*old)).copied() {
            let now = book.now(old, configuration, facts);
            book.identities.extend(now);
        }
        let mut on: FxHashMap<Symbol, Vec<Entry>> = FxHashMap::default();
        for (old, object) in &recorded.objects {
            let Some(address) = book.now(*old, configuration, facts) else { continue };
            if let Some(system) = address.system() {
                on.entry(system).or_default().push(Entry { address, object });
            }
        }
        let sort = |entries: &mut Vec<Entry<'a>>| sort_by_address(entries, |entry| entry.address);
        workers.all(on.values_mut().map(|entries| -> Task<'_> { Box::new(move || sort(entries)) }).collect());
        book.on = on.into_iter().map(|(system, entries)| (system, Arc::new(entries))).collect();
        sort_by_address(&mut book.identities, |address| *address);
        book
    }

    /// The present address of what the record calls `old`, unless a `forget` block covers it; `facts` gets what was
    /// moved and forgotten.
    fn now(&mut self, old: Address, configuration: &Configuration, facts: &mut Vec<Fact>) -> Option<Address> {
        if forgets(configuration, old) {
            facts.push(fact(FactKind::Forgotten, old, None));
            self.forgotten.insert(old);
            return None;
        }
        let now = self.renames.present(old);
        if now != old {
            facts.push(fact(FactKind::Moved, now, Some(old)));
            self.former.insert(now, old);
        }
        Some(now)
    }

    /// What the files call by now what the record calls `address`.
    pub(crate) fn present(&self, address: Address) -> Address {
        self.renames.present(address)
    }

    /// What the record knows of `address`.
    pub(crate) fn object(&self, address: Address) -> Option<&'a RecordedObject> {
        if self.former.is_empty() && self.forgotten.is_empty() {
            return self.recorded.objects.get(&address);
        }
        if let Some(old) = self.former.get(&address) {
            return self.recorded.objects.get(old);
        }
        // What moved away is not there any more, nor what is forgotten.
        let here = self.renames.present(address) == address && !self.forgotten.contains(&address);
        self.recorded.objects.get(&address).filter(|_| here)
    }

    /// What is recorded on a system, sorted by address.
    pub(crate) fn on(&self, system: Symbol) -> Arc<Vec<Entry<'a>>> {
        self.on.get(&system).cloned().unwrap_or_default()
    }

    /// Accounts and groups on a system that are members of recorded groups.
    pub(crate) fn members(&self, system: Symbol) -> FxHashSet<Address> {
        self.on(system).iter().filter_map(|entry| entry.address.member()).collect()
    }

    /// Groups on a system that hold recorded memberships or grants.
    pub(crate) fn parents(&self, system: Symbol) -> FxHashSet<Address> {
        self.on(system).iter().filter_map(|entry| entry.address.parent_group()).collect()
    }

    /// Systems that the record holds something on, sorted.
    pub(crate) fn systems(&self) -> Vec<Symbol> {
        let mut systems: Vec<Symbol> = self.on.keys().copied().collect();
        systems.sort_unstable();
        systems
    }

    /// The recorded attributes of an identity.
    pub(crate) fn identity(&self, address: Address) -> Option<&'a state::Attributes> {
        let old = self.former.get(&address).copied().unwrap_or(address);
        self.recorded.identities.get(&old)
    }
}

fn fact(kind: FactKind, address: Address, former: Option<Address>) -> Fact {
    Fact { former, ..Fact::new(kind, address) }
}

/// Whether a `forget` block covers `address`.
pub fn forgets(configuration: &Configuration, address: Address) -> bool {
    configuration.forgets.iter().any(|(forgotten, _)| covers(*forgotten, address))
}

/// Whether `wide` (of a `forget` or `remove` block) is `address` or what it belongs to.
pub(crate) fn covers(wide: Address, address: Address) -> bool {
    wide == address
        || match wide {
            Address::System(system) => address.system() == Some(system),
            Address::Person(holder) | Address::Service(holder) => address.holder() == Some(holder),
            Address::Group { .. } => address.parent_group() == Some(wide) || address.member() == Some(wide),
            Address::Account { .. } => address.member() == Some(wide),
            _ => false,
        }
}

fn account_holder(address: Address) -> Option<Symbol> {
    match address {
        Address::Account { holder, .. } => Some(holder),
        _ => None,
    }
}

/// Former names, and what they are called now.
struct Renames {
    holders: FxHashMap<Symbol, Symbol>,
    groups: FxHashMap<(Symbol, Symbol), (Symbol, Symbol)>,
}

impl Renames {
    /// A former name counts only where the record holds it, no block has it now, and the new name is not recorded
    /// yet: `previously` may stay in the files for good.
    fn new(recorded: &Recorded, configuration: &Configuration) -> Renames {
        let declared: FxHashSet<Address> = configuration
            .identities
            .iter()
            .map(|identity| identity.address)
            .chain(configuration.groups.iter().map(|group| Address::Group { system: group.system, group: group.name }))
            .collect();
        let known =
            |address: Address| recorded.objects.contains_key(&address) || recorded.identities.contains_key(&address);
        let mut renames = Renames { holders: FxHashMap::default(), groups: FxHashMap::default() };
        renames.add_respelled(recorded, &declared);
        let holders: FxHashSet<Symbol> = match configuration.moves[..] {
            [] => FxHashSet::default(),
            _ => recorded.objects.keys().filter_map(|address| account_holder(*address)).collect(),
        };
        // Whoever has no account yet may have been recorded before somebody said who that is.
        let taken = |address: Address| match address {
            Address::Person(holder) | Address::Service(holder) => holders.contains(&holder),
            other => known(other),
        };
        for Move { from, to, .. } in &configuration.moves {
            if !known(*from) || taken(*to) || declared.contains(from) {
                continue;
            }
            match (*from, *to) {
                (Address::Person(from) | Address::Service(from), Address::Person(to) | Address::Service(to)) => {
                    renames.holders.insert(from, to);
                }
                (Address::Group { system, group }, Address::Group { system: to_system, group: to }) => {
                    renames.groups.insert((system, group), (to_system, to));
                }
                _ => {}
            }
        }
        renames
    }

    /// Keys are compared without case: one that is only written in another way is the same identity.
    fn add_respelled(&mut self, recorded: &Recorded, declared: &FxHashSet<Address>) {
        let mut lost = recorded.identities.keys().filter(|known| !declared.contains(*known)).peekable();
        if lost.peek().is_none() {
            return;
        }
        let fold = |key: Symbol| key.as_str().to_lowercase();
        let mut spelled: FxHashMap<String, Symbol> = FxHashMap::default();
        for address in declared {
            if let Address::Person(key) | Address::Service(key) = *address
                && !recorded.identities.contains_key(address)
            {
                spelled.insert(fold(key), key);
            }
        }
        for address in lost {
            if let Address::Person(key) | Address::Service(key) = *address
                && let Some(now) = spelled.get(&fold(key)).filter(|now| **now != key)
            {
                self.holders.insert(key, *now);
            }
        }
    }

    fn holder(&self, holder: Symbol) -> Symbol {
        self.holders.get(&holder).copied().unwrap_or(holder)
    }

    fn group(&self, system: Symbol, group: Symbol) -> (Symbol, Symbol) {
        self.groups.get(&(system, group)).copied().unwrap_or((system, group))
    }

    fn present(&self, old: Address) -> Address {
        match old {
            Address::Person(key) => Address::Person(self.holder(key)),
            Address::Service(name) => Address::Service(self.holder(name)),
            Address::Account { system, holder } => Address::Account { system, holder: self.holder(holder) },
            Address::Group { system, group } => {
                let (system, group) = self.group(system, group);
                Address::Group { system, group }
            }
            Address::Membership { system, group, member } => {
                let member = match member {
                    Member::Holder(holder) => Member::Holder(self.holder(holder)),
                    Member::Group(group) => Member::Group(self.group(system, group).1),
                };
                let (system, group) = self.group(system, group);
                Address::Membership { system, group, member }
            }
            Address::Grant { system, group, grant } => {
                let (system, group) = self.group(system, group);
                Address::Grant { system, group, grant }
            }
            Address::System(_) | Address::Role(_) => old,
        }
    }
}
