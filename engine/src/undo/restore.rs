//! What gives back how an object was before a run: compared with how it stands now, object by object.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use state::object::ARCHIVED;
use state::observed::{KEEP, PARTIAL, PARTS};
use state::owned::{OWNED, OWNS, TO};
use state::{
    Action, Address, AttributeSchema, Attributes, Left, LeftKind, Member, Mutability, Object, Observed, Schema, Symbol,
    Target, Value, Wanted,
};

use super::bars::barred;
use super::done::{Deed, Done};
use crate::apply::compare::attributes_of;
use crate::plan::book::Entry;
use crate::plan::compare::same;
use crate::plan::offboarding::MEMBERSHIPS;
use crate::plan::planner::{Body, Phase, Planner};
use crate::seen::seen;

/// One thing to be done.
pub(super) struct Restoration {
    pub(super) address: Address,
    pub(super) phase: Phase,
    pub(super) action: Action,
    pub(super) body: Body,
    /// Where it is done; none where it is made anew.
    pub(super) target: Option<Target>,
}

/// All that is to be done, and what is left as it is.
#[derive(Default)]
pub(super) struct Restored {
    pub(super) all: Vec<Restoration>,
    pub(super) left: Vec<Left>,
}

/// One object that the run changed, with what stands there now.
struct Subject<'d> {
    address: Address,
    deeds: Vec<&'d Deed>,
    target: Option<Target>,
    now: Option<Object>,
}

/// What gives back what `done` took, changed and gave.
pub(super) fn restored(planner: &Planner<'_>, done: &Done) -> Restored {
    let mut by_address: BTreeMap<Address, Vec<&Deed>> = BTreeMap::new();
    for deed in &done.deeds {
        by_address.entry(planner.book.present(deed.change.address)).or_default().push(deed);
    }
    let mut restoring = Restoring {
        planner,
        done,
        restored: Restored::default(),
        made: FxHashSet::default(),
        reactivated: FxHashSet::default(),
    };
    // Accounts and groups go first: whether they are made anew decides about what is in them.
    let (parts, wholes): (Vec<_>, Vec<_>) =
        by_address.into_iter().partition(|(address, _)| address.parent_group().is_some());
    for (address, deeds) in wholes.into_iter().chain(parts) {
        restoring.restore(address, deeds);
    }
    for address in &done.adopted {
        let why = "was taken under management, which changed nothing there; a `forget` block lets go of it".to_owned();
        restoring.leave(LeftKind::Lost, planner.book.present(*address), why);
    }
    restoring.restored.left.sort();
    restoring.restored.left.dedup();
    restoring.restored
}

struct Restoring<'p, 'a> {
    planner: &'p Planner<'a>,
    done: &'p Done,
    restored: Restored,
    /// Accounts that are made anew.
    made: FxHashSet<Address>,
    reactivated: FxHashSet<Address>,
}

impl<'p, 'a> Restoring<'p, 'a> {
    fn leave(&mut self, kind: LeftKind, address: Address, why: impl Into<String>) {
        self.restored.left.push(Left { kind, address, why: why.into() });
    }

    fn system(&self, address: Address) -> Option<(&'a Observed, &'a Schema, &'a state::Capabilities)> {
        let reading = self.planner.inputs.readings.get(&address.system()?)?;
        Some((reading.inventory.observed()?, &reading.schema, &reading.capabilities))
    }

    fn restore(&mut self, address: Address, deeds: Vec<&'p Deed>) {
        let known = address.system().is_some_and(|system| self.planner.world.systems.contains_key(&system));
        let Some((observed, schema, capabilities)) = self.system(address).filter(|_| known) else {
            return self.leave(
                LeftKind::Unread,
                address,
                "its system was not read completely, or has no block any more",
            );
        };
        if self.planner.in_doubt(address) {
            return self.leave(LeftKind::Unread, address, "a later call about it is in doubt");
        }
        let target = deeds.iter().rev().find_map(|deed| deed.target);
        let now = target.and_then(|target| seen(observed, schema, target));
        let subject = Subject { address, deeds, target, now };
        match address {
            Address::Membership { .. } | Address::Grant { .. } => self.part(&subject),
            Address::Account { .. } => {
                self.account(&subject, schema, capabilities);
                self.transfer(&subject);
                self.attributes(&subject, schema, capabilities.account_key);
            }
            Address::Group { .. } => {
                if subject.deeds.iter().any(|deed| deed.change.action == Action::Create) {
                    self.leave(LeftKind::Lost, address, "was made by the run, and stays: groups are not deleted");
                } else {
                    self.attributes(&subject, schema, capabilities.group_key);
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, subject: &Subject<'_>, phase: Phase, action: Action, body: Body) {
        let gives = matches!(action, Action::Grant | Action::Reactivate | Action::Create);
        if gives
            && let Some(holder) = subject.address.holder()
            && let Some(why) = barred(self.planner, holder)
        {
            return self.leave(LeftKind::Barred, subject.address, why);
        }
        if action == Action::Reactivate {
            self.reactivated.insert(subject.address);
        }
        let target = subject.target.filter(|_| action != Action::Create);
        self.restored.all.push(Restoration { address: subject.address, phase, action, body, target });
    }

    /// Left alone: a later run, or somebody else, changed it.
    fn changed(&mut self, address: Address, by: Option<Symbol>, what: &str) {
        let why = match by {
            Some(run) => format!("run {run} changed it since"),
            None => format!("others changed it since: {what}"),
        };
        self.leave(LeftKind::Changed, address, why);
    }

    /// A place in a group, or a grant.
    fn part(&mut self, subject: &Subject<'_>) {
        let Subject { address, deeds, target: Some(target), now } = subject else { return };
        let (Some(first), Some(last)) = (deeds.first(), deeds.last()) else { return };
        let image = first.change.before.as_deref().map(|before| &before.attributes);
        if image.is_some_and(|image| image.get(Symbol::new(PARTIAL)).is_some()) {
            return self.in_part(subject, *target, (first, last));
        }
        let before = match first.change.action {
            Action::Grant => None,
            _ => image,
        };
        let after = match last.change.action {
            Action::Revoke => None,
            _ => Some(last.object.attributes.overlaid(&known(&last.change.after))),
        };
        let later = self.done.changed_by(*address, |_| true);
        let is = now.as_ref().map(|now| &now.attributes);
        match (before, after, is) {
            (None, None, _) => {}
            (Some(before), _, Some(is)) if alike(before, is) && alike(is, before) => {
                self.leave(LeftKind::AsBefore, *address, "is as it was before");
            }
            (None, _, None) => self.leave(LeftKind::AsBefore, *address, "is as it was before"),
            _ if later.is_some() => self.changed(*address, later, ""),
            (Some(before), None, None) => self.give_back(subject, *target, first, before),
            (None, Some(after), Some(is)) if alike(&after, is) => {
                let object = Some(Object::new("", is.clone()));
                self.add(subject, Phase::Take, Action::Revoke, Body { before: object, ..Body::default() });
            }
            (Some(before), Some(after), Some(is)) if alike(&after, is) => {
                let after = set_back(before, is, deeds, &[]);
                let object = Some(Object::new("", is.clone()));
                self.add(subject, Phase::Give, Action::Update, Body { before: object, after, ..Body::default() });
            }
            (_, None, Some(_)) => self.changed(*address, None, "it is there again"),
            (_, Some(_), None) => self.changed(*address, None, "it is gone"),
            (_, Some(_), Some(_)) => self.changed(*address, None, "its qualifiers are others"),
        }
    }

    /// A grant that was held in part before: its parts come back, or stay, and nothing else.
    fn in_part(&mut self, subject: &Subject<'_>, target: Target, (first, last): (&Deed, &Deed)) {
        let address = subject.address;
        let Address::Grant { system, group, .. } = address else { return };
        let Some((observed, schema, _)) = self.system(address) else { return };
        let image = first.change.before.as_deref().and_then(|before| before.attributes.get(Symbol::new(PARTS)));
        let parts: Vec<Attributes> = image
            .and_then(Value::as_list)
            .unwrap_or_default()
            .iter()
            .filter_map(|part| Some(part.as_map()?.iter().cloned().collect()))
            .collect();
        let later = self.done.changed_by(address, |_| true);
        let partly = subject.now.as_ref().map(|now| now.attributes.get(Symbol::new(PARTIAL)).is_some());
        match (last.change.action, partly) {
            _ if later.is_some() => self.changed(address, later, ""),
            _ if parts.is_empty() => {
                let why = "was held in part before, and the record does not say which part: it stays as it is";
                self.leave(LeftKind::Lost, address, why);
            }
            (Action::Revoke, None) => {
                for part in parts {
                    let grant = schema.grant_text(&part);
                    let place = Target::Grant { group: target.remote(), grant };
                    if seen(observed, schema, place).is_some() {
                        continue;
                    }
                    let address = Address::Grant { system, group, grant };
                    if let Some(why) = self.elsewhere(address, place) {
                        self.leave(LeftKind::Changed, address, why);
                        continue;
                    }
                    let after = part.iter().map(|(name, value)| (*name, Wanted::Known(value.clone()))).collect();
                    let (phase, action, body) = (Phase::Give, Action::Grant, Body { after, ..Body::default() });
                    self.restored.all.push(Restoration { address, phase, action, body, target: Some(place) });
                }
            }
            (Action::Revoke, Some(_)) => self.changed(address, None, "it is there again"),
            (_, Some(false)) => {
                let keep = Value::list(parts.iter().map(|part| Value::map(part.iter().cloned())));
                let after = Box::from([(Symbol::new(KEEP), Wanted::Known(keep))]);
                let body = Body { before: subject.now.clone(), after, ..Body::default() };
                self.add(subject, Phase::Take, Action::Revoke, body);
            }
            (_, Some(true)) => self.changed(address, None, "it is held in part again"),
            (_, None) => self.changed(address, None, "it is gone"),
        }
    }

    fn give_back(&mut self, subject: &Subject<'_>, target: Target, deed: &Deed, before: &Attributes) {
        let until = deed.change.until;
        if let Some(over) = until.filter(|until| *until <= self.planner.inputs.now) {
            return self.leave(LeftKind::Barred, subject.address, format!("its time was over {over}"));
        }
        if let Some(why) = self.elsewhere(subject.address, target) {
            return self.leave(LeftKind::Changed, subject.address, why);
        }
        // A right over others that was not there needs no word: nobody is given it unasked.
        let system = subject.address.system();
        let reading = system.and_then(|system| self.planner.inputs.readings.get(&system));
        let privileged = reading.map_or(&[][..], |reading| &reading.schema.privileged);
        let says = |(name, value): &&(Symbol, Value)| *value != Value::Bool(false) || !privileged.contains(name);
        let after = before.iter().filter(says).map(|(name, value)| (*name, Wanted::Known(value.clone()))).collect();
        self.add(subject, Phase::Give, Action::Grant, Body { after, until, ..Body::default() });
    }

    /// Why a membership or grant cannot be given again where it was: one of its ends is another by now.
    fn elsewhere(&self, address: Address, target: Target) -> Option<String> {
        let ends = match target {
            Target::Membership { group, member, .. } => [Some(group), Some(member)],
            Target::Grant { group, .. } => [Some(group), None],
            _ => [None, None],
        };
        let addresses = [address.parent_group(), address.member()];
        addresses.into_iter().zip(ends).find_map(|(end, id)| {
            let (end, id) = (end?, id?);
            if self.made.contains(&end) || end.holder().or(end.group())?.as_str() == format!("id:{id}") {
                return None;
            }
            match self.planner.book.object(end) {
                Some(object) if object.id == id => None,
                Some(_) => Some(format!("{end} is another by now")),
                None => Some(format!("{end} is not managed any more")),
            }
        })
    }

    /// Whether the account is there and in use.
    fn account(&mut self, subject: &Subject<'_>, schema: &Schema, capabilities: &state::Capabilities) {
        let lives = |deed: &&&Deed| {
            matches!(
                deed.change.action,
                Action::Create | Action::Deactivate | Action::Reactivate | Action::Archive | Action::Delete
            )
        };
        let Some(first) = subject.deeds.iter().find(lives) else { return };
        let address = subject.address;
        if first.change.action == Action::Create {
            self.numbers(address, first);
        }
        // None: it was not there.
        let was = match first.change.action {
            Action::Create => None,
            Action::Deactivate => Some(true),
            Action::Reactivate => Some(false),
            _ => first.change.before.as_deref().map(|before| before.active),
        };
        let is = subject.now.as_ref().map(|now| now.active);
        // What was put away since comes back whole when it is reactivated.
        let away = |later: Action| later == Action::Archive && first.change.action == Action::Deactivate;
        let by = self.done.changed_by(address, |later| {
            !matches!(later.action, Action::Update | Action::Rename | Action::Transfer) && !away(later.action)
        });
        let body = |now: &Object| Body {
            before: Some(Object { attributes: Attributes::new(), ..now.clone() }),
            ..Body::default()
        };
        match (was, is, &subject.now) {
            (Some(false), Some(false), Some(now)) if first.change.action == Action::Archive && is_archived(now) => {
                match by {
                    Some(_) => self.changed(address, by, ""),
                    None => self.add(subject, Phase::Stage, Action::Update, taken_out(now)),
                }
            }
            (None | Some(false), Some(false), _) | (Some(true), Some(true), _) | (None, None, _) => {
                self.leave(LeftKind::AsBefore, address, "is as it was before");
            }
            _ if by.is_some() => self.changed(address, by, ""),
            (Some(_), None, _) => self.gone(subject, first, schema, capabilities),
            (None | Some(false), _, Some(_)) if !capabilities.deactivate => {
                self.leave(LeftKind::Lost, address, "stays: accounts cannot be switched off there");
            }
            (None | Some(false), _, Some(now)) => self.add(subject, Phase::Take, Action::Deactivate, body(now)),
            (Some(true), _, Some(now)) => {
                if self.planner.book.object(address).is_some_and(|known| known.deactivated_by_us) {
                    self.add(subject, Phase::Account, Action::Reactivate, body(now));
                } else {
                    self.changed(address, None, "it was switched off by others");
                }
            }
            (_, Some(_), None) => {}
        }
    }

    /// What the account owned goes back to it, by name.
    fn transfer(&mut self, subject: &Subject<'_>) {
        let address = subject.address;
        let handed = subject.deeds.iter().rev().find(|deed| deed.change.action == Action::Transfer);
        let Some((deed, system)) = handed.zip(address.system()) else { return };
        let known = |name: &str| deed.change.after.iter().find(|(own, _)| own.as_str() == name).map(|(_, own)| own);
        let (Some(Wanted::Known(Value::Text(heir))), Some(Wanted::Known(owned))) = (known(TO), known(OWNED)) else {
            return self.leave(LeftKind::Lost, address, "the record does not say by name what was handed over");
        };
        if let by @ Some(_) = self.done.changed_by(address, |later| later.action == Action::Transfer) {
            return self.changed(address, by, "");
        }
        let planner = self.planner;
        let on = planner.book.on(system);
        let holds = |own: &&Entry| matches!(own.address, Address::Account { .. }) && own.object.id == *heir;
        let Some(from) = on.iter().find(holds).map(|own| own.address) else {
            let why = format!("whoever got what it owned (account {heir}) is not managed any more");
            return self.leave(LeftKind::Lost, address, why);
        };
        let to = match planner.book.object(address) {
            _ if self.made.contains(&address) => {
                Wanted::Deferred { expression: format!("{address}.id").into(), needs: vec![address] }
            }
            Some(object) => Wanted::Known(Value::Text(object.id)),
            None => {
                return self.leave(LeftKind::Lost, address, "is not managed any more, so nothing can go back to it");
            }
        };
        let active = planner.book.object(from).is_some_and(|object| object.active);
        let after = Box::from([(OWNED.into(), Wanted::Known(owned.clone())), (TO.into(), to)]);
        let before = Some(Object { active, ..Object::new(*heir, Attributes::new()) });
        let body = Body { before, after, ..Body::default() };
        let (phase, action, target) = (Phase::Give, Action::Transfer, Some(Target::Owned(*heir)));
        self.restored.all.push(Restoration { address: from, phase, action, body, target });
    }

    /// An account that is not there any more: made anew where the run deleted it, and switched off where it was: a leaver
    /// must not get back in by an undo.
    fn gone(&mut self, subject: &Subject<'_>, deed: &Deed, schema: &Schema, capabilities: &state::Capabilities) {
        let address = subject.address;
        let image = deed.change.before.as_deref().filter(|_| deed.change.action == Action::Delete);
        let Some(image) = image else { return self.changed(address, None, "it is gone") };
        if self.planner.book.object(address).is_some() {
            return self.leave(LeftKind::Changed, address, "another account stands there now");
        }
        if !image.active && !capabilities.deactivate {
            let why = "was switched off when it was deleted, and a new account could not be switched off there";
            return self.leave(LeftKind::Barred, address, why);
        }
        let (secrets, plain): (Vec<_>, Vec<_>) = image.attributes.iter().partition(|(_, value)| is_secret(value));
        for (name, _) in secrets {
            self.leave(LeftKind::Lost, address, format!("{name} is a secret: nobody kept it"));
        }
        self.leave(LeftKind::Lost, address, "comes back as a new account: its id and what was only there are lost");
        let writable = |name: Symbol| {
            let one = schema.account.iter().find(|one| one.name == name);
            let kept = name.as_str().starts_with('@') || name.as_str() == OWNS;
            !kept && one.is_none_or(|one| one.mutability != Mutability::ReadOnly)
        };
        let plain = plain.into_iter().filter(|(name, value)| writable(*name) && !value.is_empty());
        let after: Box<[_]> = plain.map(|(name, value)| (*name, Wanted::Known(value.clone()))).collect();
        let body = Body { after, ..Body::default() };
        if image.active {
            let before = self.restored.all.len();
            self.add(subject, Phase::Account, Action::Create, body);
            if self.restored.all.len() == before {
                return;
            }
        } else {
            // Whatever bars somebody from access does not bar an account that nobody can use.
            let restoration = |phase, action, body| Restoration { address, phase, action, body, target: None };
            self.restored.all.push(restoration(Phase::Account, Action::Create, body));
            let made = Body { before: Some(Object::new("", Attributes::new())), ..Body::default() };
            self.restored.all.push(restoration(Phase::Account, Action::Deactivate, made));
        }
        self.made.insert(address);
        self.memberships(address, image);
    }

    /// Where a deleted account was a member.
    fn memberships(&mut self, account: Address, image: &Object) {
        let (Some(system), Some(holder)) = (account.system(), account.holder()) else { return };
        let bar = barred(self.planner, holder);
        let listed = image.attributes.get(Symbol::new(MEMBERSHIPS)).and_then(Value::as_list).unwrap_or_default();
        for one in listed {
            let group = one.get(Symbol::new("group")).and_then(Value::as_text);
            let known = group.and_then(|text| text.as_str().parse().ok()).map(|group| self.planner.book.present(group));
            let object = known.and_then(|group| Some((group.group()?, self.planner.book.object(group)?.id)));
            let Some((group, id)) = object else {
                let group = group.map_or_else(String::new, |group| format!(" {group}"));
                self.leave(LeftKind::Lost, account, format!("was a member of{group}, which is not managed"));
                continue;
            };
            let qualifiers = one.as_map().unwrap_or_default().iter().filter(|(name, _)| name.as_str() != "group");
            let after = qualifiers.map(|(name, value)| (*name, Wanted::Known(value.clone()))).collect();
            let address = Address::Membership { system, group, member: Member::Holder(holder) };
            let target = Some(Target::Membership { group: id, member: image.id, nested: false });
            let body = Body { after, ..Body::default() };
            let restoration = Restoration { address, phase: Phase::Give, action: Action::Grant, body, target };
            if let Some(why) = &bar {
                self.leave(LeftKind::Barred, address, why.clone());
                continue;
            }
            // What the run revoked itself comes back with its own pre-image.
            if !self.done.deeds.iter().any(|deed| self.planner.book.present(deed.change.address) == address) {
                self.restored.all.push(restoration);
            }
        }
    }

    /// Numbers are given once.
    fn numbers(&mut self, address: Address, deed: &Deed) {
        for name in &deed.change.allocated {
            let given = deed.change.after.iter().find(|(own, _)| own == name);
            if let Some((_, Wanted::Known(number))) = given {
                let number = number.to_string();
                let why = format!("{name} {} stays given: a number is never given again", number.trim_matches('"'));
                self.leave(LeftKind::Lost, address, why);
            }
        }
    }

    /// Attributes of accounts and groups, each for itself.
    fn attributes(&mut self, subject: &Subject<'_>, schema: &Schema, key: Option<state::Key>) {
        let address = subject.address;
        let updates: Vec<&Deed> = subject
            .deeds
            .iter()
            .copied()
            .filter(|deed| matches!(deed.change.action, Action::Update | Action::Rename))
            .collect();
        if updates.is_empty() || subject.deeds.iter().any(|deed| deed.change.action == Action::Create) {
            return;
        }
        let Some(now) = &subject.now else { return self.changed(address, None, "it is gone") };
        let kind = subject.target.map_or(state::Kind::Account, Target::kind);
        let schemas = attributes_of(schema, kind);
        let mut before: BTreeMap<Symbol, Option<Value>> = BTreeMap::new();
        let mut after: BTreeMap<Symbol, Option<Value>> = BTreeMap::new();
        for deed in &updates {
            for (name, was) in Done::set_by(deed) {
                before.entry(name).or_insert(was);
                after.insert(name, deed.object.attributes.get(name).cloned());
            }
        }
        let mut back: Vec<(Symbol, Option<Value>)> = Vec::new();
        if before.remove(&Symbol::new(ARCHIVED)).is_some() {
            // An undo took it out of the archive.
            match self.done.changed_by(address, |later| matches!(later.action, Action::Archive | Action::Reactivate)) {
                by @ Some(_) => self.changed(address, by, ""),
                None if is_archived(now) => self.leave(LeftKind::AsBefore, address, "is as it was before"),
                None if now.active => self.changed(address, None, "it is in use"),
                None => {
                    let before = Some(Object { attributes: Attributes::new(), ..now.clone() });
                    self.add(subject, Phase::Stage, Action::Archive, Body { before, ..Body::default() });
                }
            }
        }
        for (name, was) in before {
            let one = schemas.iter().find(|one| one.name == name);
            let is = now.attributes.get(name);
            let by = self.done.changed_by(address, |later| later.names.contains(&name));
            if equal(was.as_ref(), is, one) {
                self.leave(LeftKind::AsBefore, address, format!("{name} is as it was before"));
            } else if by.is_some() {
                self.changed(address, by, "");
            } else if was.as_ref().is_some_and(is_secret) {
                self.leave(LeftKind::Lost, address, format!("{name} is a secret: nobody kept it"));
            } else if equal(after.get(&name).and_then(Option::as_ref), is, one) {
                back.push((name, was));
            } else {
                self.changed(
                    address,
                    None,
                    &format!("{name} is {}", is.map_or("not set".to_owned(), Value::to_string)),
                );
            }
        }
        if back.is_empty() {
            return;
        }
        let names: Vec<Symbol> = back.iter().map(|(name, _)| *name).collect();
        let was: Attributes = back.into_iter().filter_map(|(name, was)| Some((name, was?))).collect();
        let after = set_back(&was, &now.attributes, &updates, &names);
        let renames = key.is_some_and(|key| names.contains(&key.attribute));
        let reactivated = self.reactivated.contains(&address);
        let seen = names.iter().filter_map(|name| Some((*name, now.attributes.get(*name)?.clone())));
        let object = Object { attributes: seen.collect(), active: now.active || reactivated, ..now.clone() };
        let (phase, action) = match address {
            Address::Group { .. } => (Phase::Group, if renames { Action::Rename } else { Action::Update }),
            _ => (Phase::Account, if renames { Action::Rename } else { Action::Update }),
        };
        self.add(subject, phase, action, Body { before: Some(object), after, ..Body::default() });
    }
}

fn is_archived(account: &Object) -> bool {
    account.attributes.get(Symbol::new(ARCHIVED)).is_some()
}

/// What takes an account out of the archive, switched off as it is.
fn taken_out(account: &Object) -> Body {
    let name = Symbol::new(ARCHIVED);
    let attributes = account.attributes.iter().filter(|(own, _)| *own == name).cloned().collect();
    let after = Box::from([(name, Wanted::Known(Value::text("")))]);
    Body { before: Some(Object { attributes, ..account.clone() }), after, ..Body::default() }
}

fn is_secret(value: &Value) -> bool {
    value.as_text().is_some_and(|text| text.as_str().starts_with(state::record::HMAC))
}

/// The values of a change that are known.
fn known(after: &[(Symbol, Wanted)]) -> Attributes {
    let known = after.iter().filter_map(|(name, wanted)| match wanted {
        Wanted::Known(value) if !value.is_empty() => Some((*name, value.clone())),
        _ => None,
    });
    known.collect()
}

/// Whether `is` has all that `was` had.
fn alike(was: &Attributes, is: &Attributes) -> bool {
    was.iter().all(|(name, value)| is.get(*name).is_some_and(|is| same(value, is, None)) || value.is_empty())
}

fn equal(a: Option<&Value>, b: Option<&Value>, schema: Option<&AttributeSchema>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(one), None) | (None, Some(one)) => one.is_empty(),
        (Some(a), Some(b)) => same(a, b, schema) && same(b, a, schema),
    }
}

/// What sets the attributes of `deeds` (only `names`, where some are given) back to what they `was`, given what they are
/// now: what was not set is cleared.
fn set_back(was: &Attributes, is: &Attributes, deeds: &[&Deed], names: &[Symbol]) -> Box<[(Symbol, Wanted)]> {
    let mut after: BTreeMap<Symbol, Value> = BTreeMap::new();
    let set = deeds.iter().flat_map(|deed| deed.change.after.iter());
    for (name, wanted) in set.filter(|(name, _)| names.is_empty() || names.contains(name)) {
        let value = match (was.get(*name), is.get(*name), wanted) {
            // Of objects only the keys that the run set.
            (was, Some(Value::Map(is)), Wanted::Known(Value::Map(set))) => {
                let before = |key: Symbol| was.and_then(|was| was.get(key)).cloned();
                let keys = set.iter().map(|(key, _)| *key);
                let former = after.remove(name);
                let former = former.as_ref().and_then(Value::as_map).unwrap_or_default().to_vec();
                let back = keys.map(|key| {
                    let now = is.iter().find(|(own, _)| *own == key).map(|(_, value)| value);
                    (key, before(key).unwrap_or_else(|| cleared(now)))
                });
                let mut pairs: BTreeMap<Symbol, Value> = former.into_iter().collect();
                back.for_each(|(key, value)| drop(pairs.insert(key, value)));
                Value::map(pairs)
            }
            (Some(was), ..) => was.clone(),
            (None, is, _) => cleared(is),
        };
        after.insert(*name, value);
    }
    after.into_iter().map(|(name, value)| (name, Wanted::Known(value))).collect()
}

/// The empty value of the same kind: it clears.
fn cleared(is: Option<&Value>) -> Value {
    match is {
        Some(Value::List(_)) => Value::list([]),
        _ => Value::text(""),
    }
}
