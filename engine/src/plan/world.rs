//! What stands on the systems as far as the plan has got: what expressions see of `self.accounts` and of `REF.id`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;
use state::record::Recorded;
use state::{Attributes, Object, Observed, Symbol, Value, Wanted};

use crate::configuration::{Known, KnownObject};

/// Where an object of the plan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Number in the inventory.
    Observed(u32),
    /// To be created by this plan, as soon as it comes to it: what refers to it before must wait for it.
    Expected,
    /// To be created by this plan.
    New,
    /// Only the record knows it: its system could not be read, or the object is gone.
    Recorded(Symbol),
}

/// What may happen around an object in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Managed: changes are planned.
    Managed,
    /// Taken under management in this run: everything about it waits for the next.
    Adopted,
    /// A finding, or doubt, stands in the way: nothing is given, nothing is changed.
    Held,
}

/// One account or group of the plan.
#[derive(Clone, Debug)]
pub(crate) struct Stand {
    pub(crate) place: Place,
    pub(crate) standing: Standing,
    /// Of an account whether the files give it to somebody, after `account.when`.
    pub(crate) wanted: bool,
    /// What the plan sets.
    pub(crate) planned: Box<[(Symbol, Wanted)]>,
}

/// One system.
#[derive(Clone, Default)]
pub(crate) struct SystemWorld<'a> {
    pub(crate) observed: Option<&'a Observed>,
    pub(crate) accounts: FxHashMap<Symbol, Stand>,
    pub(crate) groups: FxHashMap<Symbol, Stand>,
    /// Attributes of what only the record knows, by id.
    pub(crate) recorded: FxHashMap<Symbol, &'a Attributes>,
}

/// Systems by name.
pub(crate) type Systems<'a> = FxHashMap<Symbol, SystemWorld<'a>>;

/// All systems that were planned so far.
pub(crate) struct World<'a> {
    pub(crate) systems: Systems<'a>,
    /// Of the world of one system that is planned beside others: what was planned before all of these.
    pub(super) before: Arc<Systems<'a>>,
    /// Of such a world its own system, and the others that were looked at.
    own: Option<Symbol>,
    looked_at: Mutex<Vec<Symbol>>,
    recorded: &'a Recorded,
    numbers: Mutex<FxHashMap<(Symbol, Symbol), Numbers>>,
}

/// The numbers of one attribute on one system.
#[derive(Default)]
struct Numbers {
    used: BTreeSet<i64>,
    /// Below these, from the lower bounds on, everything is used.
    full: BTreeMap<i64, i64>,
    of: BTreeMap<Symbol, i64>,
}

impl<'a> World<'a> {
    pub(crate) fn new(recorded: &'a Recorded) -> World<'a> {
        World {
            systems: FxHashMap::default(),
            before: Arc::default(),
            own: None,
            looked_at: Mutex::default(),
            recorded,
            numbers: Mutex::default(),
        }
    }

    /// The world of one system that is planned beside others.
    pub(super) fn part(recorded: &'a Recorded, own: Symbol, before: Arc<Systems<'a>>) -> World<'a> {
        World { before, own: Some(own), ..World::new(recorded) }
    }

    /// Whether somebody asked after something on one of these systems.
    pub(super) fn looked_at_any(&self, systems: &[Symbol]) -> bool {
        self.looked_at.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|system| systems.contains(system))
    }

    /// Takes over what another world knows.
    pub(super) fn extend(&mut self, other: World<'a>) {
        self.systems.extend(other.systems);
        let numbers = other.numbers.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.numbers.get_mut().unwrap_or_else(PoisonError::into_inner).extend(numbers);
    }

    /// A system as it is seen from expressions.
    fn seen(&self, system: Symbol) -> Option<&SystemWorld<'a>> {
        if self.own.is_some_and(|own| own != system) {
            let mut looked_at = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
            if !looked_at.contains(&system) {
                looked_at.push(system);
            }
        }
        self.systems.get(&system).or_else(|| self.before.get(&system))
    }

    fn look(&self, system: Symbol, stand: Option<&Stand>, of: fn(&'a Observed) -> &'a [Object]) -> Option<KnownObject> {
        let stand = stand?;
        let system = self.seen(system)?;
        let (id, attributes) = match stand.place {
            Place::Observed(n) => {
                let object = of(system.observed?).get(n as usize)?;
                (Some(object.id), object.attributes.clone())
            }
            Place::New | Place::Expected => (None, Attributes::new()),
            Place::Recorded(id) => (Some(id), system.recorded.get(&id).copied().cloned().unwrap_or_default()),
        };
        let known = |(name, wanted): &(Symbol, Wanted)| match wanted {
            Wanted::Known(value) => Some((*name, value.clone())),
            Wanted::Deferred { .. } | Wanted::Secret { .. } => None,
        };
        let planned: Attributes = stand.planned.iter().filter_map(known).collect();
        let deferred = stand.planned.iter().filter(|pair| known(pair).is_none()).map(|(name, _)| *name).collect();
        Some(KnownObject {
            id,
            attributes: attributes.overlaid(&planned),
            deferred,
            unplanned: matches!(stand.place, Place::Expected | Place::Recorded(_)),
        })
    }

    /// The number that `next` gave a holder for an attribute, if it gave one.
    pub(crate) fn number(&self, system: Symbol, attribute: Symbol, holder: Symbol) -> Option<i64> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner).get(&(system, attribute))?.of.get(&holder).copied()
    }

    /// Numbers that are taken: by the record, for good, and by what was observed.
    fn taken(&self, system: Symbol, attribute: Symbol) -> Numbers {
        let mut numbers = Numbers::default();
        for (number, holder) in self.recorded.numbers.get(&(system, attribute)).into_iter().flatten() {
            numbers.used.insert(*number);
            numbers.of.insert(*holder, *number);
        }
        let observed = self.seen(system).and_then(|system| system.observed);
        for account in observed.map_or(&[][..], |observed| &observed.accounts) {
            match account.attributes.get(attribute) {
                Some(Value::Integer(number)) => {
                    numbers.used.insert(*number);
                }
                Some(Value::Text(text)) => numbers.used.extend(text.as_str().parse::<i64>().ok()),
                _ => {}
            }
        }
        numbers
    }
}

impl Known for World<'_> {
    fn account(&self, system: Symbol, holder: Symbol) -> Option<KnownObject> {
        self.look(system, self.seen(system)?.accounts.get(&holder), |observed| &observed.accounts)
    }

    fn group(&self, system: Symbol, group: Symbol) -> Option<KnownObject> {
        self.look(system, self.seen(system)?.groups.get(&group), |observed| &observed.groups)
    }

    fn next(&self, system: Symbol, attribute: Symbol, holder: Symbol, low: i64, high: i64) -> Option<i64> {
        let mut all = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = all.entry((system, attribute)).or_insert_with(|| self.taken(system, attribute));
        if let Some(number) = numbers.of.get(&holder).filter(|number| (low..=high).contains(*number)) {
            return Some(*number);
        }
        let mut free = numbers.full.get(&low).copied().unwrap_or(low);
        for used in numbers.used.range(free..=high.max(free)) {
            if *used != free {
                break;
            }
            free = free.checked_add(1)?;
        }
        if free > high {
            return None;
        }
        numbers.used.insert(free);
        numbers.full.insert(low, free);
        numbers.of.insert(holder, free);
        Some(free)
    }
}
