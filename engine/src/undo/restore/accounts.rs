//! Accounts: switched on or off, made anew, with what they owned and where they were members.

use state::object::ARCHIVED;
use state::owned::{OWNED, OWNS, TO};
use state::{Action, Address, Attributes, LeftKind, Member, Mutability, Object, Schema, Symbol, Target, Value, Wanted};

use super::super::bars::barred;
use super::super::done::Deed;
use super::attributes::is_secret;
use super::{Restoration, Restoring, Subject};
use crate::plan::book::Entry;
use crate::plan::offboarding::MEMBERSHIPS;
use crate::plan::planner::{Body, Phase};

impl Restoring<'_, '_> {
    /// Whether the account is there and in use.
    pub(super) fn account(&mut self, subject: &Subject<'_>, schema: &Schema, capabilities: &state::Capabilities) {
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
    pub(super) fn transfer(&mut self, subject: &Subject<'_>) {
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
}

pub(super) fn is_archived(account: &Object) -> bool {
    account.attributes.get(Symbol::new(ARCHIVED)).is_some()
}

/// What takes an account out of the archive, switched off as it is.
fn taken_out(account: &Object) -> Body {
    let name = Symbol::new(ARCHIVED);
    let attributes = account.attributes.iter().filter(|(own, _)| *own == name).cloned().collect();
    let after = Box::from([(name, Wanted::Known(Value::text("")))]);
    Body { before: Some(Object { attributes, ..account.clone() }), after, ..Body::default() }
}
