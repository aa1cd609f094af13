//! Everything that systems hold, against the files and the record: whose it is, and what no file explains. Pure, and
//! with the plan's own matching: what is told here is what a plan would rest on.
//!
//! `traits` says by what people are known on several systems, `alike` finds who is there twice.

mod alike;
pub mod traits;

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::Serialize;
use state::{Address, Code, Finding, Grant, Kind, Member, Object, Observed, Symbol, SystemRead, Timestamp};

use alike::Face;
pub use alike::{Alike, Verdict};
use traits::known_by;

use crate::configuration::System;
use crate::guard;
use crate::language::Diagnostic;
use crate::plan::accounts::{is_nobody, nobody, nobodys_group};
use crate::plan::planner::Planner;
use crate::plan::sight::Sight;
use crate::plan::world::Place;
use crate::plan::{Alone, Inputs, Inventory, waves};

/// What is told of systems.
pub struct Discovery {
    pub systems: Vec<Discovered>,
    /// Everything on them, by system, kind and address.
    pub items: Vec<Item>,
    pub alike: Vec<Alike>,
    /// What stands in the way of telling whose something is, or of taking it under management.
    pub findings: Vec<Finding>,
    /// What people and services of the items are called.
    pub names: BTreeMap<Address, String>,
}

/// A system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovered {
    pub name: Symbol,
    pub provider: Symbol,
    /// Why nothing can be said about it.
    pub unread: Option<String>,
    /// Only a source of people: read, never written.
    pub source: bool,
    /// Whether it tells when accounts signed in last.
    pub tells_sign_in: bool,
    /// How many there are.
    pub counts: BTreeMap<(Kind, Status), u64>,
}

/// One thing on a system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub system: Symbol,
    pub kind: Kind,
    pub status: Status,
    pub address: Address,
    /// The remote id; of memberships and grants empty.
    pub id: Symbol,
    /// What it is called on its system; of a membership or grant its group.
    pub name: Symbol,
    /// Of a membership, what the account or group in it is called there.
    pub member: Option<Symbol>,
    /// The person or service behind it, as files or record say.
    pub identity: Option<Address>,
    pub active: bool,
    pub signed_in: Option<Timestamp>,
    /// Of an account that could sign in: whether it has not for long.
    pub stale: bool,
}

/// How something stands to files and record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Files and record know it.
    Managed,
    /// The files want it, and it is there: the next apply takes it under management.
    Adoptable,
    /// An account or group of which no file speaks.
    Unmanaged,
    /// Access that no file explains.
    Unexplained,
    /// The record knows it, and no file wants it any more.
    Orphaned,
    /// The record knows it, and it is gone from its system.
    Missing,
    /// The `ignore` of its system covers it.
    Ignored,
    /// What tenure itself connects as.
    Own,
    /// An account out of which a person is made.
    Source,
}

impl Status {
    /// As it is shown.
    pub fn word(self) -> &'static str {
        match self {
            Status::Managed => "managed",
            Status::Adoptable => "adoptable",
            Status::Unmanaged => "unmanaged",
            Status::Unexplained => "unexplained",
            Status::Orphaned => "orphaned",
            Status::Missing => "missing",
            Status::Ignored => "ignored",
            Status::Own => "tenure's own",
            Status::Source => "source",
        }
    }
}

/// Tells what systems hold. An account that last signed in before `stale` is stale.
///
/// # Errors
/// Everything that is wrong with the files in the light of what was observed, but for blocks that vanished.
pub fn discover(inputs: Inputs<'_>, stale: Timestamp) -> Result<Discovery, Vec<Diagnostic>> {
    let mut planner = Planner::new(Inputs { targets: &[], workers: &Alone, ..inputs });
    planner.sights = Some(BTreeMap::new());
    planner.find_leavers();
    waves::plan_systems(&mut planner);
    if !planner.diagnostics.is_empty() {
        return Err(planner.diagnostics);
    }
    let sights = planner.sights.take().unwrap_or_default();
    let groups = inputs.configuration.groups.iter();
    let groups =
        groups.map(|group| (Address::Group { system: group.system, group: group.name }, group.grants.is_some()));
    let groups = groups.collect();
    let mut telling =
        Telling { planner: &planner, groups, stale, items: Vec::new(), faces: Vec::new(), wrong: Vec::new() };
    let mut systems = vanished(inputs);
    for system in inputs.configuration.systems.values() {
        let before = telling.items.len();
        let (mut unread, mut tells_sign_in) = (None, false);
        match inputs.readings.get(&system.name).map(|reading| &reading.inventory) {
            Some(Inventory::Incomplete(error)) => unread = Some(error.clone()),
            Some(Inventory::Complete(observed) | Inventory::Recorded(observed)) => {
                tells_sign_in = observed.signed_in.is_some();
                match sights.get(&system.name) {
                    Some(sight) => telling.tell(system, observed, sight),
                    None if system.read_only => telling.tell_source(system, observed),
                    // The planner would not plan on what was read.
                    None => {
                        unread = planner.systems.get(&system.name).and_then(|summary| match &summary.read {
                            SystemRead::Incomplete { error } => Some(error.clone()),
                            SystemRead::Complete { .. } | SystemRead::Recorded => None,
                        });
                    }
                }
            }
            None => unread = Some("it was not read".to_owned()),
        }
        let mut counts = BTreeMap::new();
        for item in telling.items.get(before..).unwrap_or_default() {
            *counts.entry((item.kind, item.status)).or_default() += 1;
        }
        let (name, provider, source) = (system.name, system.provider, system.read_only);
        systems.push(Discovered { name, provider, unread, source, tells_sign_in, counts });
    }
    systems.sort_by_key(|system| system.name);
    let Telling { mut items, faces, wrong, .. } = telling;
    if !wrong.is_empty() {
        return Err(wrong);
    }
    items.sort_by_cached_key(|item| (item.system, item.kind, item.address));
    let mut identities: Vec<Address> = items.iter().filter_map(|item| item.identity).collect();
    identities.sort_unstable();
    identities.dedup();
    let names = identities.into_iter().filter_map(|one| Some((one, planner.display(one.holder()?)?))).collect();
    let told = [Code::Collision, Code::Vanished, Code::Replaced, Code::SuspendedOutside];
    let mut findings = std::mem::take(&mut planner.findings);
    findings.retain(|finding| told.contains(&finding.code));
    findings.sort();
    Ok(Discovery { systems, items, alike: alike::alike(&faces), findings, names })
}

/// Systems that the record knows and of which no file speaks any more.
fn vanished(inputs: Inputs<'_>) -> Vec<Discovered> {
    let mut known: BTreeMap<Symbol, usize> = BTreeMap::new();
    for name in inputs.recorded.objects.keys().filter_map(|address| address.system()) {
        if !inputs.configuration.systems.contains_key(&name) {
            *known.entry(name).or_default() += 1;
        }
    }
    let told = known.into_iter().map(|(name, count)| {
        let objects = guard::count(count, "object");
        let unread = format!("no file has a block for it any more, and the record knows {objects} there");
        let (provider, counts) = (Symbol::new(""), BTreeMap::new());
        Discovered { name, provider, unread: Some(unread), source: false, tells_sign_in: false, counts }
    });
    told.collect()
}

struct Telling<'p, 'a> {
    planner: &'p Planner<'a>,
    /// The groups of the files, and whether each says `grants`.
    groups: FxHashMap<Address, bool>,
    stale: Timestamp,
    items: Vec<Item>,
    faces: Vec<Face>,
    wrong: Vec<Diagnostic>,
}

impl Telling<'_, '_> {
    fn tell(&mut self, system: &System, observed: &Observed, sight: &Sight) {
        let name = system.name;
        for (account, holder) in observed.accounts.iter().zip(&sight.holders) {
            let address = Address::Account { system: name, holder: holder.unwrap_or_else(|| nobody(account.id)) };
            let status = match holder {
                Some(holder) => self.of_holder(name, *holder, address),
                None => self.of_nobody(system, observed, account, address),
            };
            self.account(system, observed, account, (address, *holder), status);
        }
        let mut groups: FxHashMap<Symbol, Symbol> = FxHashMap::default();
        for (group, known) in observed.groups.iter().zip(&sight.groups) {
            let address = Address::Group { system: name, group: known.unwrap_or_else(|| nobodys_group(group.id)) };
            let status = match known {
                None => Status::Unmanaged,
                Some(_) if self.planner.book.object(address).is_none() => Status::Adoptable,
                Some(_) if !self.groups.contains_key(&address) => Status::Orphaned,
                Some(_) => Status::Managed,
            };
            let called = self.called(system, group, false);
            groups.insert(group.id, called);
            self.items.push(Item { id: group.id, name: called, ..item(name, Kind::Group, status, address) });
        }
        let numbers = |objects: &[Object], id: Symbol| objects.binary_search_by_key(&id, |object| object.id).ok();
        let group_of = |id: Symbol| {
            let known = numbers(&observed.groups, id).and_then(|n| sight.groups.get(n).copied().flatten());
            known.unwrap_or_else(|| nobodys_group(id))
        };
        for (seen, explained) in observed.memberships.iter().zip(&sight.explained) {
            let member = if seen.nested {
                Member::Group(group_of(seen.member))
            } else {
                let holder = numbers(&observed.accounts, seen.member);
                let holder = holder.and_then(|n| sight.holders.get(n).copied().flatten());
                Member::Holder(holder.unwrap_or_else(|| nobody(seen.member)))
            };
            let address = Address::Membership { system: name, group: group_of(seen.group), member };
            let status = self.of_access(address, *explained);
            let called = groups.get(&seen.group).copied().unwrap_or(seen.group);
            let member = match seen.nested {
                true => groups.get(&seen.member).copied(),
                false => numbers(&observed.accounts, seen.member)
                    .and_then(|n| observed.accounts.get(n))
                    .map(|account| self.called(system, account, true)),
            };
            let identity = address.holder().and_then(|holder| self.identity(holder));
            self.items.push(Item { name: called, member, identity, ..item(name, Kind::Membership, status, address) });
        }
        for grant in &observed.grants {
            self.grant(system, grant, group_of(grant.group), sight, groups.get(&grant.group).copied());
        }
        self.tell_missing(name);
    }

    fn grant(&mut self, system: &System, grant: &Grant, group: Symbol, sight: &Sight, called: Option<Symbol>) {
        let Some(reading) = self.planner.inputs.readings.get(&system.name) else { return };
        let address =
            Address::Grant { system: system.name, group, grant: reading.schema.grant_text(&grant.attributes) };
        let group = Address::Group { system: system.name, group };
        let says = self.groups.get(&group).copied().unwrap_or(false);
        let recorded = self.planner.book.object(address).is_some();
        // What is told in parts, or is part of another, says nothing of its own.
        if !recorded && (grant.in_parts || !grant.within.is_empty()) {
            return;
        }
        let explained = says && !sight.unexplained.contains(&address);
        let status = self.of_access(address, explained);
        self.items
            .push(Item { name: called.unwrap_or(grant.group), ..item(system.name, Kind::Grant, status, address) });
    }

    fn tell_source(&mut self, system: &System, observed: &Observed) {
        for account in &observed.accounts {
            let address = Address::Account { system: system.name, holder: nobody(account.id) };
            self.account(system, observed, account, (address, None), Status::Source);
        }
    }

    /// What the record knows and the system lacks.
    fn tell_missing(&mut self, system: Symbol) {
        let Some(world) = self.planner.world.systems.get(&system) else { return };
        let gone = |place: Place| if let Place::Recorded(id) = place { Some(id) } else { None };
        let accounts = world.accounts.iter().filter_map(|(holder, stand)| {
            Some((Kind::Account, Address::Account { system, holder: *holder }, gone(stand.place)?))
        });
        let groups = world.groups.iter().filter_map(|(group, stand)| {
            Some((Kind::Group, Address::Group { system, group: *group }, gone(stand.place)?))
        });
        let missing: Vec<_> = accounts.chain(groups).collect();
        for (kind, address, id) in missing {
            let identity = address.holder().and_then(|holder| self.identity(holder));
            self.items.push(Item {
                id,
                name: id,
                identity,
                active: false,
                ..item(system, kind, Status::Missing, address)
            });
        }
    }

    fn of_holder(&self, system: Symbol, holder: Symbol, address: Address) -> Status {
        let world = self.planner.world.systems.get(&system);
        let wanted = world.and_then(|world| world.accounts.get(&holder)).is_some_and(|stand| stand.wanted);
        match (wanted, self.planner.book.object(address).is_some()) {
            (true, true) => Status::Managed,
            (true, false) => Status::Adoptable,
            (false, _) => Status::Orphaned,
        }
    }

    fn of_nobody(&mut self, system: &System, observed: &Observed, account: &Object, address: Address) -> Status {
        if observed.own.binary_search(&account.id).is_ok() {
            return Status::Own;
        }
        if self.planner.book.object(address).is_some() {
            return Status::Orphaned;
        }
        match self.planner.inputs.configuration.evaluate.ignored(system.name, account) {
            Ok(true) => Status::Ignored,
            Ok(false) => Status::Unmanaged,
            Err(diagnostic) => {
                // One expression fails alike for all accounts.
                if !self.wrong.contains(&diagnostic) {
                    self.wrong.push(diagnostic);
                }
                Status::Unmanaged
            }
        }
    }

    fn of_access(&self, address: Address, explained: bool) -> Status {
        match (explained, self.planner.book.object(address).is_some()) {
            (true, true) => Status::Managed,
            (true, false) => Status::Adoptable,
            (false, true) => Status::Orphaned,
            (false, false) => Status::Unexplained,
        }
    }

    fn account(
        &mut self,
        system: &System,
        observed: &Observed,
        account: &Object,
        (address, holder): (Address, Option<Symbol>),
        status: Status,
    ) {
        let identity = holder.and_then(|holder| self.identity(holder));
        let signed_in = observed.signed_in(account.id);
        let stale =
            account.active && observed.signed_in.is_some() && signed_in.is_none_or(|signed_in| signed_in < self.stale);
        let name = self.called(system, account, true);
        let kind = Kind::Account;
        let (id, active) = (account.id, account.active);
        self.items.push(Item {
            id,
            name,
            identity,
            active,
            signed_in,
            stale,
            ..item(system.name, kind, status, address)
        });
        if !matches!(status, Status::Ignored | Status::Own) {
            let key = self.planner.inputs.readings.get(&system.name);
            let key = key.and_then(|reading| reading.capabilities.account_key).map(|key| key.attribute);
            let (system, traits) = (system.name, known_by(account, key));
            self.faces.push(Face { address, system, identity, traits });
        }
    }

    /// What an object is called on its system: by the attribute that tells such objects apart for humans, else its id.
    fn called(&self, system: &System, object: &Object, account: bool) -> Symbol {
        let capabilities = self.planner.inputs.readings.get(&system.name).map(|reading| &reading.capabilities);
        let key = capabilities.and_then(|all| if account { all.account_key } else { all.group_key });
        let name = key.and_then(|key| object.attributes.get(key.attribute)).and_then(|value| value.as_text());
        name.unwrap_or(object.id)
    }

    fn identity(&self, holder: Symbol) -> Option<Address> {
        (!is_nobody(holder)).then(|| self.planner.identity_address(holder))
    }
}

fn item(system: Symbol, kind: Kind, status: Status, address: Address) -> Item {
    let (id, name) = (Symbol::new(""), Symbol::new(""));
    Item {
        system,
        kind,
        status,
        address,
        id,
        name,
        member: None,
        identity: None,
        active: true,
        signed_in: None,
        stale: false,
    }
}
