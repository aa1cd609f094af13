//! What the record says of a system: for `plan --recorded`, and for asking after what an inventory lacks.

use rustc_hash::FxHashMap;
use state::record::Recorded;
use state::{Address, Complete, Grant, Membership, Object, Observed, Symbol, Target, Timestamp};

use super::book::Entry;
use super::planner::Planner;
use super::site::Site;
use super::site::part;
use super::world::{Place, Stand, Standing};

/// With fewer recorded objects than this, a system may well have lost all of them; each is then `vanished`.
const FEW: usize = 2;

/// The recorded objects of one system in the form of an inventory: its last known state.
pub fn observed_from_record(recorded: &Recorded, system: Symbol, now: Timestamp) -> Observed {
    let mut accounts = Vec::new();
    let mut groups = Vec::new();
    let mut memberships = Vec::new();
    let mut grants = Vec::new();
    let mut seen: FxHashMap<Symbol, ()> = FxHashMap::default();
    for (address, object) in &recorded.objects {
        if address.system() != Some(system) {
            continue;
        }
        let whole =
            || Object { id: object.id, active: object.active, attributes: object.attributes.clone(), version: None };
        match (*address, object.target) {
            (Address::Account { .. }, _) if seen.insert(object.id, ()).is_none() => accounts.push(whole()),
            (Address::Group { .. }, _) => groups.push(whole()),
            (Address::Membership { .. }, Some(Target::Membership { group, member, nested })) => {
                memberships.push(Membership { group, member, nested, attributes: object.attributes.clone() });
            }
            (Address::Grant { .. }, Some(Target::Grant { group, .. })) => {
                grants.push(Grant {
                    group,
                    attributes: object.attributes.clone(),
                    partial: None,
                    in_parts: false,
                    within: Vec::new(),
                });
            }
            _ => {}
        }
    }
    Observed::new(Complete::proved("from the record", now), accounts, groups, memberships, grants)
}

/// Accounts and groups of `system` that an inventory lacks, though they are recorded or the system said that it made them.
/// Their absence is to be confirmed by a direct read: one that answers after all, or hides, shows that the inventory was
/// not complete.
pub fn missing(recorded: &Recorded, system: Symbol, observed: &Observed) -> Vec<(Address, Target)> {
    let lacks = |objects: &[Object], id: Symbol| objects.binary_search_by_key(&id, |object| object.id).is_err();
    let mut missing: Vec<(Address, Target)> = recorded
        .objects
        .iter()
        .filter(|(address, _)| address.system() == Some(system))
        .filter_map(|(address, object)| match address {
            Address::Account { .. } if lacks(&observed.accounts, object.id) => {
                Some((*address, Target::Account(object.id)))
            }
            Address::Group { .. } if lacks(&observed.groups, object.id) => Some((*address, Target::Group(object.id))),
            _ => None,
        })
        .collect();
    let made = recorded.open.iter().filter(|open| open.change.address.system() == Some(system)).filter_map(|open| {
        let address = open.change.address;
        match (address, open.made?) {
            (Address::Account { .. }, id) if lacks(&observed.accounts, id) => Some((address, Target::Account(id))),
            (Address::Group { .. }, id) if lacks(&observed.groups, id) => Some((address, Target::Group(id))),
            _ => None,
        }
    });
    missing.extend(made);
    missing.sort_unstable();
    missing
}

/// Of each kind of what is `missing`, one that the inventory shows, those that the record knows first: read in the same
/// way it must answer. Where it does not, a read by id says nothing about the others either.
pub fn witnesses(
    recorded: &Recorded,
    system: Symbol,
    observed: &Observed,
    missing: &[(Address, Target)],
) -> Vec<Target> {
    let of = |account: bool| missing.iter().any(|(_, target)| matches!(target, Target::Account(_)) == account);
    let known = |account: bool| {
        let own = recorded.objects.iter().filter(|(address, _)| {
            address.system() == Some(system)
                && matches!((address, account), (Address::Account { .. }, true) | (Address::Group { .. }, false))
        });
        let ids = own.map(|(_, object)| object.id);
        let objects = if account { &observed.accounts } else { &observed.groups };
        let shown = |id: &Symbol| objects.binary_search_by_key(id, |object| object.id).is_ok();
        // The first by id, whatever the order of the table is.
        ids.filter(shown).min().or_else(|| objects.first().map(|object| object.id))
    };
    let account = of(true).then(|| known(true)).flatten().map(Target::Account);
    account.into_iter().chain(of(false).then(|| known(false)).flatten().map(Target::Group)).collect()
}

/// A system that answers with nothing at all though the record holds several objects there is more likely a folder that
/// is not mounted, a wrong tenant or lost rights than an empty system: why nothing can be said about it, and nothing that
/// is in doubt there be settled by looking.
pub fn emptied(recorded: &Recorded, system: Symbol, observed: &Observed) -> Option<String> {
    // Whom tenure itself connects as is there wherever it gets in.
    let mut others = observed.accounts.iter().filter(|account| !observed.own.contains(&account.id));
    if others.next().is_some() || !observed.groups.is_empty() {
        return None;
    }
    let objects = recorded.objects.keys().filter(|address| address.system() == Some(system));
    let known = objects.filter(|address| matches!(address, Address::Account { .. } | Address::Group { .. })).count();
    let made = recorded.open.iter().filter(|open| open.change.address.system() == Some(system) && open.made.is_some());
    let known = known + made.count();
    (known >= FEW).then(|| format!("it holds nothing at all, though the record knows {known} objects there"))
}

fn held(place: Place) -> Stand {
    Stand { place, standing: Standing::Held, wanted: true, planned: Box::default() }
}

impl Planner<'_> {
    /// A system that could not be read: what the record knows of it is what others can refer to; what is to be made
    /// there waits, and whatever needs it with it.
    pub(super) fn stand_recorded(&mut self, system: Symbol) {
        for Entry { address, object } in self.book.on(system).iter().copied() {
            let stand = held(Place::Recorded(object.id));
            let world = self.world.systems.entry(system).or_default();
            match address {
                Address::Account { holder, .. } => {
                    world.recorded.insert(object.id, &object.attributes);
                    world.accounts.insert(holder, stand);
                }
                Address::Group { group, .. } => {
                    world.recorded.insert(object.id, &object.attributes);
                    world.groups.insert(group, stand);
                }
                _ => {}
            }
        }
        let configuration = self.inputs.configuration;
        for entry in part(&configuration.accounts, system, |entry| entry.system) {
            let address = Address::Account { system, holder: entry.holder };
            let known = self.world.systems.get(&system).is_some_and(|own| own.accounts.contains_key(&entry.holder));
            // What fails here fails again, and is told, when the system can be read.
            let wanted = || configuration.evaluate.wants_account(system, entry.holder, &self.world).unwrap_or(true);
            if !known && !self.unwanted(address) && wanted() {
                let world = self.world.systems.entry(system).or_default();
                world.accounts.insert(entry.holder, held(Place::Expected));
            }
        }
        for group in part(&configuration.groups, system, |group| group.system) {
            if !self.unwanted(Address::Group { system, group: group.name }) {
                let world = self.world.systems.entry(system).or_default();
                world.groups.entry(group.name).or_insert_with(|| held(Place::Expected));
            }
        }
    }

    /// Why nothing can be said about a system that [`emptied`] speaks of.
    pub(super) fn emptied(&self, site: &Site<'_>) -> Option<String> {
        if site.from_record { None } else { emptied(self.inputs.recorded, site.name, site.observed) }
    }

    /// What people call a holder: as the files say, or as the record knew them.
    pub(crate) fn display(&self, holder: Symbol) -> Option<String> {
        if let Some(identity) = self.identities.get(&holder) {
            return Some(identity.display.clone());
        }
        let known = self.book.identity(self.identity_address(holder))?;
        let text = |name: &str| known.get(Symbol::new(name)).and_then(|value| value.as_text());
        let name = match (text("name"), text("given_name"), text("family_name")) {
            (Some(name), ..) => name.to_string(),
            (None, Some(given), Some(family)) => format!("{given} {family}"),
            (None, Some(one), None) | (None, None, Some(one)) => one.to_string(),
            _ => return None,
        };
        Some(match text("email") {
            Some(email) => format!("{name} <{email}>"),
            None => name,
        })
    }
}
