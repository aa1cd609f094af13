//! The in-memory heart: what a directory holds, without files. It is also what a simulated system is made of.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;

use rustc_hash::FxHasher;
use state::{
    Attributes, Capabilities, Complete, Digest, Grant, Key, Membership, Object, Observed, Owned, Presence, Schema,
    Symbol, Target, Timestamp,
};

use super::line::Thing;

/// A map whose order of iteration is never looked at.
pub type Map<K, V> = HashMap<K, V, BuildHasherDefault<FxHasher>>;

/// Everything that a directory holds, in the order of [`Observed`] where it was sorted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents {
    pub accounts: Vec<Object>,
    pub groups: Vec<Object>,
    pub memberships: Vec<Membership>,
    pub grants: Vec<Grant>,
    /// By account.
    pub owned: Vec<Possession>,
}

/// What one account owns.
#[derive(Clone, Debug, PartialEq)]
pub struct Possession {
    pub account: Symbol,
    pub things: Vec<Thing>,
}

impl Possession {
    /// What the target [`Target::Owned`] of an account reads as.
    pub fn of(account: Symbol, object: &Object) -> Possession {
        Possession { account, things: Thing::all(&object.attributes) }
    }
}

/// Things that were only counted, with names of their own.
pub fn possessions(owned: &[Owned]) -> Vec<Possession> {
    let mut possessions: Vec<Possession> = Vec::new();
    for Owned { account, place, kind, count } in owned {
        let name = |n| Symbol::new(&format!("{kind} {n} of {account}"));
        let things = (1..=*count).map(|n| Thing { kind: *kind, name: name(n), place: *place });
        match possessions.iter_mut().find(|own| own.account == *account) {
            Some(own) => own.things.extend(things),
            None => possessions.push(Possession { account: *account, things: things.collect() }),
        }
    }
    possessions
}

impl Contents {
    /// How many things these are.
    pub fn len(&self) -> usize {
        self.accounts.len() + self.groups.len() + self.memberships.len() + self.grants.len() + self.owned.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// As an inventory, with its proof.
    pub fn observed(self, complete: Complete) -> Observed {
        let mut owned = Vec::new();
        for Possession { account, mut things } in self.owned {
            things.sort_unstable_by_key(|thing| (thing.place, thing.kind));
            owned.extend(things.chunk_by(|a, b| (a.place, a.kind) == (b.place, b.kind)).filter_map(|alike| {
                let Thing { place, kind, .. } = *alike.first()?;
                Some(Owned { account, place, kind, count: alike.len() as u64 })
            }));
        }
        Observed::new(complete, self.accounts, self.groups, self.memberships, self.grants).with_owned(owned)
    }
}

/// One thing before and after a change; none where it was not or is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub target: Target,
    pub was: Option<Object>,
    pub now: Option<Object>,
}

/// What a system holds, found by target, and its rules.
#[derive(Clone, Debug)]
pub struct Heart {
    schema: Schema,
    capabilities: Capabilities,
    /// Memberships and grants are objects with an empty id.
    things: Map<Target, Object>,
    /// The value of the natural key, folded, to the id; for accounts and groups.
    account_keys: Map<Symbol, Symbol>,
    group_keys: Map<Symbol, Symbol>,
    /// The groups that are members of a group.
    nested: Map<Symbol, HashSet<Symbol>>,
    /// The last number that was given as an id, where ids are numbers and not names.
    last_id: Option<u64>,
}

impl Heart {
    /// With nothing in it.
    pub fn new(schema: Schema, capabilities: Capabilities) -> Heart {
        Heart {
            schema,
            capabilities,
            things: Map::default(),
            account_keys: Map::default(),
            group_keys: Map::default(),
            nested: Map::default(),
            last_id: None,
        }
    }

    /// With `contents` in it.
    pub fn with(schema: Schema, capabilities: Capabilities, contents: Contents) -> Heart {
        let mut heart = Heart::new(schema, capabilities);
        heart.things.reserve(contents.len());
        for account in contents.accounts {
            heart.put(Target::Account(account.id), Some(account));
        }
        for group in contents.groups {
            heart.put(Target::Group(group.id), Some(group));
        }
        for Membership { group, member, nested, attributes } in contents.memberships {
            heart.put(Target::Membership { group, member, nested }, Some(Object::new("", attributes)));
        }
        for Grant { group, attributes, .. } in contents.grants {
            let grant = heart.schema.grant_text(&attributes);
            heart.put(Target::Grant { group, grant }, Some(Object::new("", attributes)));
        }
        for Possession { account, things } in contents.owned {
            heart.put(Target::Owned(account), Thing::object(things));
        }
        heart
    }

    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// From now on the ids of what is made are numbers, as servers give them: they tell nobody whose it is.
    pub fn number_ids(&mut self) {
        self.last_id.get_or_insert(0);
    }

    /// The next number as an id, where ids are numbers.
    pub(super) fn next_id(&mut self) -> Option<Symbol> {
        let last = self.last_id.as_mut()?;
        *last += 1;
        Some(Symbol::new(&format!("id-{last}")))
    }

    /// The thing at `target`.
    pub fn get(&self, target: Target) -> Option<&Object> {
        self.things.get(&target)
    }

    /// How many things there are.
    pub fn len(&self) -> usize {
        self.things.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.things.is_empty()
    }

    /// Puts a thing in place, or takes it away, without asking whether that is allowed; what was there is returned.
    pub fn put(&mut self, target: Target, object: Option<Object>) -> Option<Object> {
        self.index(target, object.as_ref());
        match (self.things.entry(target), object) {
            (Entry::Occupied(mut there), Some(object)) => Some(there.insert(object)),
            (Entry::Occupied(there), None) => Some(there.remove()),
            (Entry::Vacant(place), Some(object)) => {
                place.insert(object);
                None
            }
            (Entry::Vacant(_), None) => None,
        }
    }

    fn index(&mut self, target: Target, now: Option<&Object>) {
        let was = self.things.get(&target);
        let (keys, key) = match target {
            Target::Account(_) => (&mut self.account_keys, self.capabilities.account_key),
            Target::Group(_) => (&mut self.group_keys, self.capabilities.group_key),
            Target::Membership { group, member, nested: true } => {
                let members = self.nested.entry(group).or_default();
                if now.is_some() {
                    members.insert(member)
                } else {
                    members.remove(&member)
                };
                return;
            }
            _ => return,
        };
        let Some(key) = key else { return };
        if let Some(value) = was.and_then(|was| key_value(&was.attributes, key)) {
            keys.remove(&value);
        }
        if let Some((value, now)) = now.and_then(|now| Some((key_value(&now.attributes, key)?, now.id))) {
            keys.insert(value, now);
        }
    }

    /// The memberships of accounts, by account.
    pub fn memberships(&self) -> Map<Symbol, Vec<Target>> {
        let mut memberships: Map<Symbol, Vec<Target>> = Map::default();
        for target in self.things.keys() {
            if let Target::Membership { member, nested: false, .. } = target {
                memberships.entry(*member).or_default().push(*target);
            }
        }
        memberships
    }

    /// The id of the account or group (as `target` says) whose natural key has this value.
    pub fn keyed(&self, target: Target, value: Symbol) -> Option<Symbol> {
        match target {
            Target::Account(_) => self.account_keys.get(&value).copied(),
            Target::Group(_) => self.group_keys.get(&value).copied(),
            _ => None,
        }
    }

    /// Whether the group `inner` is `outer` or lies, at any depth, in it.
    pub fn is_within(&self, inner: Symbol, outer: Symbol) -> bool {
        let mut seen = HashSet::from([outer]);
        let mut ahead = vec![outer];
        while let Some(group) = ahead.pop() {
            if group == inner {
                return true;
            }
            ahead.extend(self.nested.get(&group).into_iter().flatten().copied().filter(|member| seen.insert(*member)));
        }
        false
    }

    /// Looks directly at one thing.
    pub fn read(&self, target: Target) -> Presence {
        match self.get(target) {
            Some(object) => Presence::Here(self.versioned(target, object.clone())),
            None => Presence::Gone,
        }
    }

    /// Accounts and groups with the mark of their state; it tells any two states of a thing apart, so that an edit by
    /// hand moves it too.
    pub fn versioned(&self, target: Target, object: Object) -> Object {
        match target {
            Target::Account(_) | Target::Group(_) => {
                let version = Some(version(&object));
                Object { version, ..object }
            }
            _ => object,
        }
    }

    /// Everything, sorted.
    pub fn contents(&self) -> Contents {
        let mut contents = Contents::default();
        for (target, object) in &self.things {
            let attributes = &object.attributes;
            match *target {
                Target::Account(_) => contents.accounts.push(object.clone()),
                Target::Owned(account) => {
                    contents.owned.push(Possession { account, things: Thing::all(attributes) });
                }
                Target::Group(_) => contents.groups.push(object.clone()),
                Target::Membership { group, member, nested } => {
                    contents.memberships.push(Membership { group, member, nested, attributes: attributes.clone() });
                }
                Target::Grant { group, .. } => {
                    contents.grants.push(Grant {
                        group,
                        attributes: attributes.clone(),
                        partial: None,
                        in_parts: false,
                        within: Vec::new(),
                    });
                }
            }
        }
        contents.accounts.sort_unstable_by_key(|account| account.id);
        contents.owned.sort_unstable_by_key(|own| own.account);
        contents.groups.sort_unstable_by_key(|group| group.id);
        contents.memberships.sort_unstable_by_key(|place| (place.group, place.member, place.nested));
        contents.grants.sort_unstable_by(|a, b| (a.group, &a.attributes).cmp(&(b.group, &b.attributes)));
        contents
    }

    /// Everything as an inventory.
    pub fn observed(&self, now: Timestamp) -> Observed {
        self.contents().observed(Complete::proved(format!("{} things held in memory", self.len()), now))
    }
}

/// The natural key of an object, folded as it is compared; none where it has none.
pub fn key_value(attributes: &Attributes, key: Key) -> Option<Symbol> {
    let value = attributes.get(key.attribute).filter(|value| !value.is_empty())?;
    let text = value.as_text().unwrap_or_else(|| Symbol::new(&value.to_string()));
    let folded = key.case_exact || text.as_str().bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    Some(if folded { text } else { Symbol::new(&text.as_str().to_lowercase()) })
}

fn version(object: &Object) -> Symbol {
    // Serialising attributes into memory cannot fail; an empty answer would only make versions useless, and what they
    // guard is compared attribute by attribute as well.
    let bytes = serde_json::to_vec(&(object.id, object.active, &object.attributes)).unwrap_or_default();
    let digits = Digest::of(&bytes).to_string();
    Symbol::new(digits.get(..16).unwrap_or(&digits))
}
