//! Accounts: created, updated, switched off and on again.

use rustc_hash::{FxHashMap, FxHashSet};
use state::record::RecordedObject;
use state::{Action, Address, AttributeSchema, Attributes, Fact, FactKind, Object, Owns, Symbol, Undo, Wanted};

use super::attributes::Checked;
use super::book::Entry;
use super::compare::{difference, fold, same};
use super::planner::{Body, Phase, Planner};
use super::site::Site;
use super::walk::Walk;
use super::world::{Place, Standing};
use crate::configuration::{AccountEntry, WantedAccount, WantedValue};
use crate::guard;
use crate::mutations::on;

/// Why something is taken that a `remove` block names.
pub(super) const REMOVED: &str = "a `remove` block";
/// Why somebody loses an account whom the files give something on its system all the same.
pub(super) const LEFT_OUT: &str = "`account.when` leaves it out";

impl<'a> Planner<'a> {
    /// Plans the accounts of one system.
    pub(super) fn plan_accounts(&mut self, site: &mut Site<'a>) {
        self.expect_accounts(site);
        let evaluate = &self.inputs.configuration.evaluate;
        let (nothing, on) = (Attributes::default(), self.book.on(site.name));
        let mut recorded = Walk::new(&on);
        for entry in &site.wanted_entries {
            let address = Address::Account { system: site.name, holder: entry.holder };
            let stand = self.world.systems.get(&site.name).and_then(|system| system.accounts.get(&entry.holder));
            let stand = stand.map(|stand| (stand.place, stand.standing));
            let seen = match stand {
                Some((Place::Observed(number), _)) => &site.account(number).attributes,
                _ => &nothing,
            };
            match evaluate.account_like(site.name, entry.holder, seen, &self.world) {
                Ok(Some(wanted)) => {
                    let recorded = recorded.find(address).map(|(_, object)| object);
                    self.plan_wanted(site, entry, stand, recorded, wanted);
                }
                Ok(None) => {}
                Err(diagnostic) => self.diagnostics.push(diagnostic),
            }
        }
        self.plan_unwanted(site);
        self.check_collisions(site);
        self.plan_unmanaged(site);
    }

    /// Accounts that will be created may be referred to by accounts that are planned before them (a manager's by that
    /// of somebody in the team).
    fn expect_accounts(&mut self, site: &Site<'a>) {
        for holder in &site.without {
            if !self.stands(site, *holder) {
                self.stand(site, *holder, Place::Expected, Standing::Managed);
            }
        }
    }

    /// Finds who is to have an account here: everybody whom the files give something on it, `account.when` applied.
    pub(super) fn find_wanted(&mut self, site: &mut Site<'a>) {
        let mut left_out = Vec::new();
        site.wanted.reserve(site.entries.len());
        for entry in site.entries {
            if self.unwanted(Address::Account { system: site.name, holder: entry.holder }) {
                continue;
            }
            match self.inputs.configuration.evaluate.wants_account(site.name, entry.holder, &self.world) {
                Ok(true) => {
                    site.wanted.insert(entry.holder);
                    site.wanted_entries.push(entry);
                }
                Ok(false) => {
                    site.left_out.insert(entry.holder);
                    left_out.push(self.identity_address(entry.holder));
                }
                Err(diagnostic) => self.diagnostics.push(diagnostic),
            }
        }
        if let Some(summary) = self.systems.get_mut(&site.name) {
            summary.left_out = left_out;
        }
    }

    fn plan_wanted(
        &mut self,
        site: &Site<'a>,
        entry: &AccountEntry,
        stand: Option<(Place, Standing)>,
        recorded: Option<&'a RecordedObject>,
        wanted: WantedAccount,
    ) {
        let address = Address::Account { system: site.name, holder: entry.holder };
        self.check_attributes(
            Checked {
                what: &address,
                system: site.name,
                group: false,
                span: site.system.span,
                schema: &site.schema.account,
                open: site.schema.account_open || site.from_record,
            },
            wanted.attributes.iter().chain(&wanted.on_create),
        );
        match stand {
            None => {}
            Some((Place::Expected, _)) => self.plan_create(site, entry, address, wanted),
            Some((place, standing)) => {
                let Place::Observed(number) = place else { return };
                let account = site.account(number);
                match standing {
                    Standing::Held => {}
                    Standing::Adopted if site.nobodys.contains(&account.id) => {
                        // It comes with what was done to it.
                        let former = Address::Account { system: site.name, holder: nobody(account.id) };
                        let reasons = self.reasons.why(&entry.why);
                        self.facts.push(Fact { former: Some(former), reasons, ..Fact::new(FactKind::Moved, address) });
                    }
                    Standing::Adopted => {
                        let names = wanted.attributes.iter().chain(&wanted.on_create).map(|(name, _)| *name);
                        let fact = Fact::new(FactKind::Adopted, address).object(managed(account, names));
                        let reasons = self.reasons.why(&entry.why);
                        self.facts.push(Fact { until: entry.until, reasons, ..fact });
                    }
                    Standing::Managed => {
                        if recorded.is_some_and(|recorded| {
                            // What is suspended outside is held, and its facts with it.
                            (account.active || recorded.deactivated_by_us) && recorded.until != entry.until
                        }) {
                            let fact = Fact::new(FactKind::Explained, address);
                            let reasons = self.reasons.why(&entry.why);
                            self.facts.push(Fact { until: entry.until, reasons, ..fact });
                        }
                        self.plan_existing(site, entry, account, recorded, wanted);
                    }
                }
            }
        }
    }

    fn plan_create(&mut self, site: &Site<'a>, entry: &AccountEntry, address: Address, wanted: WantedAccount) {
        let allocated: Vec<Symbol> = wanted
            .on_create
            .iter()
            .filter(|(name, _)| self.world.number(site.name, *name, entry.holder).is_some())
            .map(|(name, _)| *name)
            .collect();
        let mut after: Vec<(Symbol, Wanted)> = Vec::with_capacity(wanted.attributes.len() + wanted.on_create.len());
        for (name, value) in wanted.attributes.into_iter().chain(wanted.on_create) {
            if !after.iter().any(|(own, _)| *own == name) {
                let value = self.wanted(address, name, value);
                if !matches!(&value, Wanted::Known(value) if value.is_empty()) {
                    after.push((name, value));
                }
            }
        }
        after.sort_by_key(|(name, _)| *name);
        let after: Box<[_]> = after.into();
        self.stand(site, entry.holder, Place::New, Standing::Managed);
        self.planned(site.name, entry.holder, &after);
        let reasons = self.reasons.why(&entry.why);
        let body = Body { after, reasons, allocated: allocated.into(), until: entry.until, ..Body::default() };
        self.change(Phase::Account, address, Action::Create, body);
    }

    fn plan_existing(
        &mut self,
        site: &Site<'a>,
        entry: &AccountEntry,
        account: &Object,
        recorded: Option<&'a RecordedObject>,
        wanted: WantedAccount,
    ) {
        let address = Address::Account { system: site.name, holder: entry.holder };
        if !account.active {
            if !recorded.is_some_and(|recorded| recorded.deactivated_by_us) && !on("suspended-outside") {
                self.findings.push(guard::suspended_outside::finding(address, account.id));
                self.hold(site.name, address);
                return;
            }
            let before = Object { attributes: Attributes::new(), ..account.clone() };
            let reasons = self.reasons.why(&entry.why);
            let body = Body { before: Some(before), reasons, ..Body::default() };
            self.change(Phase::Account, address, Action::Reactivate, body);
        }
        let after = self.differing(address, account, &wanted.attributes, &site.schema.account);
        let names = wanted.attributes.iter().map(|(name, _)| *name);
        let names = names.filter(|name| !after.iter().any(|(changed, _)| changed == name));
        self.note_drift(site, address, account, recorded, names, &site.schema.account);
        if after.is_empty() {
            return;
        }
        let key = site.capabilities.account_key.map(|key| key.attribute);
        let renames = after.iter().any(|(name, _)| Some(*name) == key);
        let before = Object { active: true, ..managed(account, after.iter().map(|(name, _)| *name)) };
        let after: Box<[_]> = after.into();
        self.planned_of(address, &after);
        let reasons = self.reasons.why(&entry.why);
        let body = Body { before: Some(before), after, reasons, ..Body::default() };
        self.change(Phase::Account, address, if renames { Action::Rename } else { Action::Update }, body);
    }

    /// The attributes that are not as they are wanted.
    pub(super) fn differing(
        &self,
        address: Address,
        object: &Object,
        wanted: &[(Symbol, WantedValue)],
        schema: &[AttributeSchema],
    ) -> Vec<(Symbol, Wanted)> {
        let change = |(name, wanted): &(Symbol, WantedValue)| match wanted {
            WantedValue::Known(value) => {
                let schema = schema.iter().find(|attribute| attribute.name == *name);
                difference(value, object.attributes.get(*name), schema).map(|value| (*name, Wanted::Known(value)))
            }
            WantedValue::Deferred { .. } => Some((*name, self.wanted(address, *name, wanted.clone()))),
            // Sensitive values stand in on_create only, so there is nothing to compare.
            WantedValue::Secret(_) => None,
        };
        wanted.iter().filter_map(change).collect()
    }

    /// What others changed so that it now is as the files want it, and whom they switched on again: the record learns
    /// it. `names` are the attributes that are enforced and not changed by this plan.
    pub(super) fn note_drift(
        &mut self,
        site: &Site<'a>,
        address: Address,
        object: &Object,
        recorded: Option<&RecordedObject>,
        names: impl Iterator<Item = Symbol> + Clone,
        schema: &[AttributeSchema],
    ) {
        let Some(recorded) = recorded.filter(|_| !site.from_record) else { return };
        let schema = |name: Symbol| schema.iter().find(|attribute| attribute.name == name);
        let drifted = |name: Symbol| match (recorded.attributes.get(name), object.attributes.get(name)) {
            (None, None) => false,
            (Some(known), Some(seen)) => !same(known, seen, schema(name)),
            (Some(one), None) | (None, Some(one)) => !one.is_empty(),
        };
        if (object.active && !recorded.active) || names.clone().any(drifted) {
            let names: Vec<Symbol> = names.collect();
            let known = recorded.attributes.iter().map(|(name, _)| *name);
            let others: Vec<Symbol> = known.filter(|name| !names.contains(name)).collect();
            let mut seen = managed(object, names.iter().copied().chain(others.iter().copied()));
            // What is written once is not looked at again, and may not be shown: it stays as it is known.
            let unseen = others.iter().filter(|name| seen.attributes.get(**name).is_none());
            let unseen = unseen.filter_map(|name| Some((*name, recorded.attributes.get(*name)?.clone())));
            seen.attributes = seen.attributes.iter().cloned().chain(unseen).collect();
            self.fact(FactKind::Drifted, address, Some(seen), Box::default());
        }
    }

    /// Others switched off what nobody wants any more: the record learns it.
    fn note_switched_off(&mut self, site: &Site<'a>, address: Address, account: &Object) {
        if let Some(recorded) = self.book.object(address).filter(|recorded| recorded.active && !site.from_record) {
            let names = recorded.attributes.iter().map(|(name, _)| *name);
            self.fact(FactKind::Drifted, address, Some(managed(account, names)), Box::default());
        }
    }

    /// Recorded accounts that nobody wants any more: leavers, and who lost the last access.
    fn plan_unwanted(&mut self, site: &Site<'a>) {
        let mut members: Option<FxHashSet<Address>> = None;
        for Entry { address, .. } in self.book.on(site.name).iter().copied() {
            let Address::Account { holder, .. } = address else { continue };
            if site.wanted.contains(&holder) {
                continue;
            }
            let stand = self.world.systems.get(&site.name).and_then(|system| system.accounts.get(&holder));
            let (Some(Place::Observed(number)), Some(Standing::Managed)) =
                (stand.map(|stand| stand.place), stand.map(|stand| stand.standing))
            else {
                continue;
            };
            let account = site.account(number);
            let removed = self.removed(address);
            let leaves = self.leavers.contains_key(&holder);
            if !account.active && !removed {
                self.note_switched_off(site, address, account);
            }
            if leaves && self.policy(holder, site.name).is_some_and(|policy| policy.keep) {
                continue;
            }
            if !account.active && leaves && !removed {
                self.continue_offboarding(site, address, account);
                continue;
            }
            if !account.active {
                let members = members.get_or_insert_with(|| self.book.members(site.name));
                if removed && !members.contains(&address) {
                    self.fact(FactKind::Forgotten, address, None, Box::default());
                }
                continue;
            }
            if !site.capabilities.deactivate {
                self.note(
                    site.name,
                    format!("{address} is not wanted any more, but accounts cannot be switched off here"),
                );
                continue;
            }
            let (because, phase) = match self.leavers.get(&holder) {
                Some(leaver) => (Symbol::new(&leaver.because), Phase::Lockout),
                None if removed => (Symbol::new(REMOVED), Phase::Take),
                None if site.left_out.contains(&holder) => (Symbol::new(LEFT_OUT), Phase::Take),
                None => (Symbol::new(&format!("no longer has any access on {}", site.name)), Phase::Take),
            };
            let undo = self.begin_offboarding(site, address, account);
            self.deactivate(site, address, account, (because, phase), undo);
        }
    }

    fn deactivate(
        &mut self,
        site: &Site<'a>,
        address: Address,
        account: &Object,
        (because, phase): (Symbol, Phase),
        undo: Undo,
    ) {
        // What the account owns is said for whoever reads the plan.
        let owns = Owns::attribute(&site.observed.owns(account.id));
        let before = Object { attributes: owns.into_iter().collect(), ..account.clone() };
        let reasons = Box::from([self.reasons.plain(because)]);
        let ended = |recorded: &RecordedObject| recorded.until.filter(|until| *until <= self.inputs.now);
        let ended = self.book.object(address).and_then(ended);
        let until = ended.or_else(|| address.holder().and_then(|holder| self.announced_end(holder)));
        let body = Body { before: Some(before), reasons, until, ..Body::default() };
        self.undoable(phase, address, Action::Deactivate, body, undo);
    }

    /// Accounts that no file explains: counted; switched off only where the system is `exclusive`.
    fn plan_unmanaged(&mut self, site: &Site<'a>) {
        let mut unmanaged = 0;
        for (account, holder) in site.observed.accounts.iter().zip(&site.holders) {
            // Whom tenure itself connects as is there because of tenure.
            let own = site.capabilities.own_fixed && site.observed.own.contains(&account.id);
            if holder.is_some() || own || self.ignored(site, account) {
                continue;
            }
            unmanaged += 1;
            let address = Address::Account { system: site.name, holder: nobody(account.id) };
            if site.system.exclusive && account.active && site.capabilities.deactivate && !self.in_doubt(address) {
                let because = Symbol::new("no file explains it, and the system is exclusive");
                self.deactivate(site, address, account, (because, Phase::Take), Undo::AnyTime);
            }
        }
        if let Some(summary) = self.systems.get_mut(&site.name) {
            summary.unmanaged = unmanaged;
        }
    }

    pub(super) fn ignored(&mut self, site: &Site<'a>, account: &Object) -> bool {
        self.inputs.configuration.evaluate.ignored(site.name, account).unwrap_or_else(|diagnostic| {
            if !self.diagnostics.contains(&diagnostic) {
                self.diagnostics.push(diagnostic);
            }
            true
        })
    }

    /// Before anything is created: does the name belong to somebody here, under the system's own case rules?
    fn check_collisions(&mut self, site: &Site<'a>) {
        let Some(key) = site.capabilities.account_key else { return };
        let shown = |name: Symbol| if key.case_exact { name.as_str().to_owned() } else { fold(name) };
        let creates: Vec<(Address, String)> = self
            .drafts
            .iter()
            .skip(site.first_draft)
            .filter(|draft| draft.change.action == Action::Create && draft.change.address.system() == Some(site.name))
            .filter(|draft| matches!(draft.change.address, Address::Account { .. }))
            .filter_map(|draft| {
                let (_, wanted) = draft.change.after.iter().find(|(name, _)| *name == key.attribute)?;
                let Wanted::Known(value) = wanted else { return None };
                Some((draft.change.address, shown(value.as_text()?)))
            })
            .collect();
        if creates.is_empty() || on("collision") {
            return;
        }
        let mut taken: FxHashMap<String, Symbol> = FxHashMap::default();
        for account in &site.observed.accounts {
            if let Some(name) = account.attributes.get(key.attribute).and_then(|value| value.as_text()) {
                taken.insert(shown(name), account.id);
            }
        }
        let mut first: FxHashMap<&str, Address> = FxHashMap::default();
        let mut collided = Vec::new();
        for (address, name) in &creates {
            if let Some(id) = taken.get(name) {
                self.findings.push(guard::collision::name_taken(*address, key.attribute, name, *id));
                collided.push(*address);
            } else if let Some(other) = first.insert(name, *address) {
                self.findings.push(guard::collision::same_name(*address, other, key.attribute, name));
                collided.extend([*address, other]);
            }
        }
        if collided.is_empty() {
            return;
        }
        let collided: FxHashSet<Address> = collided.into_iter().collect();
        self.drafts.retain(|draft| draft.change.action != Action::Create || !collided.contains(&draft.change.address));
        collided.into_iter().for_each(|address| self.hold(site.name, address));
    }

    /// Nothing is given to this account in this run.
    fn hold(&mut self, system: Symbol, address: Address) {
        let Address::Account { holder, .. } = address else { return };
        if let Some(stand) = self.world.systems.get_mut(&system).and_then(|system| system.accounts.get_mut(&holder)) {
            stand.standing = Standing::Held;
        }
    }

    pub(super) fn note(&mut self, system: Symbol, note: String) {
        if let Some(summary) = self.systems.get_mut(&system) {
            summary.notes.push(note);
        }
    }

    fn planned(&mut self, system: Symbol, holder: Symbol, after: &[(Symbol, Wanted)]) {
        if let Some(stand) = self.world.systems.get_mut(&system).and_then(|system| system.accounts.get_mut(&holder)) {
            stand.planned = after.into();
        }
    }

    fn planned_of(&mut self, address: Address, after: &[(Symbol, Wanted)]) {
        if let Address::Account { system, holder } = address {
            self.planned(system, holder, after);
        }
    }
}

/// The holder that stands in the address of an account that is nobody's. No identity can have this key: keys that
/// begin with `id:` are refused for people.
pub(crate) fn nobody(id: Symbol) -> Symbol {
    Symbol::new(&format!("id:{id}"))
}

/// The name that stands in addresses for a group of which no file speaks.
pub(crate) fn nobodys_group(id: Symbol) -> Symbol {
    state::address::instance(NOBODYS, id.as_str())
}

/// The remote id of such a group.
pub(crate) fn nobodys_group_id(group: Symbol) -> Option<Symbol> {
    state::address::instance_key(NOBODYS, group).map(|id| Symbol::new(&id))
}

const NOBODYS: &str = "_id";

/// Whether a holder is such a one.
pub fn is_nobody(holder: Symbol) -> bool {
    holder.as_str().starts_with("id:")
}

/// The object with only these attributes.
pub(super) fn managed(object: &Object, names: impl Iterator<Item = Symbol>) -> Object {
    let attributes = names.filter_map(|name| Some((name, object.attributes.get(name)?.clone()))).collect();
    Object { attributes, ..object.clone() }
}
