//! Those who change a system beside tenure.

use state::{Membership, Object, Symbol, Target, Timestamp, Value};

use super::system::with;
use super::{By, Kind, Twin};
use crate::directory::Changed;

impl Twin {
    /// Gives others their chance: what they did, in a few words.
    pub fn others(&mut self, now: Timestamp) -> Vec<String> {
        let mut done = Vec::new();
        if self.faults.strikes(Kind::Meddling, Kind::Meddling.word(), now).is_some() {
            done.extend(self.meddle(now));
        }
        if self.faults.strikes(Kind::Vanish, Kind::Vanish.word(), now).is_some() {
            done.extend(self.vanish(now));
        }
        done
    }

    /// From now on nothing can be read.
    pub fn cannot_be_read(&mut self) {
        self.hidden = Some((Timestamp::from_millis(i64::MAX), false));
    }

    /// Somebody puts something in place, or takes it away.
    pub fn put(&mut self, now: Timestamp, target: Target, object: Option<Object>) {
        let was = self.heart.put(target, object.clone());
        if was != object {
            self.note(now, By::Others, None, Changed { target, was, now: object }, now);
        }
    }

    /// Somebody takes an account away, and its places in groups with it.
    pub fn delete_account(&mut self, now: Timestamp, id: Symbol) {
        for place in self.heart.contents().memberships.iter().filter(|place| place.member == id && !place.nested) {
            let Membership { group, member, nested, .. } = *place;
            self.put(now, Target::Membership { group, member, nested }, None);
        }
        self.put(now, Target::Account(id), None);
    }

    fn meddle(&mut self, now: Timestamp) -> Option<String> {
        let contents = self.heart.contents();
        let rng = self.faults.rng();
        let (what, account) = (rng.below(4), rng.pick(&contents.accounts).cloned());
        let (place, group) = (rng.pick(&contents.memberships).cloned(), rng.pick(&contents.groups).cloned());
        match what {
            0 => {
                let account = account?;
                let key = self.capabilities().account_key.map(|key| key.attribute);
                let texts = account.attributes.iter().filter(|(name, value)| {
                    value.as_text().is_some() && Some(*name) != key && !name.as_str().starts_with('@')
                });
                let names: Vec<Symbol> = texts.map(|(name, _)| *name).collect();
                let name = self.faults.rng().pick(&names).copied()?;
                let attributes = with(&account.attributes, name, Value::text("somebody else's"));
                let id = account.id;
                self.put(now, Target::Account(id), Some(Object { attributes, ..account }));
                Some(format!("somebody changes `{name}` of the account {id}"))
            }
            1 if self.capabilities().deactivate => {
                let account = account?;
                let (id, active) = (account.id, !account.active);
                if account.attributes.get(Symbol::new(state::object::ARCHIVED)).is_some() {
                    return None;
                }
                self.put(now, Target::Account(id), Some(Object { active, ..account }));
                Some(format!("somebody switches the account {id} {}", if active { "on" } else { "off" }))
            }
            2 => {
                let Membership { group, member, nested, .. } = place?;
                self.put(now, Target::Membership { group, member, nested }, None);
                Some(format!("somebody takes {member} out of the group {group}"))
            }
            _ => {
                let (group, member) = (group?.id, account?.id);
                let target = Target::Membership { group, member, nested: false };
                if self.heart.get(target).is_some() {
                    return None;
                }
                self.put(now, target, Some(Object::new("", state::Attributes::new())));
                Some(format!("somebody puts {member} into the group {group}"))
            }
        }
    }

    fn vanish(&mut self, now: Timestamp) -> Option<String> {
        let accounts = self.heart.contents().accounts;
        let id = self.faults.rng().pick(&accounts)?.id;
        if self.heart.get(Target::Owned(id)).is_some() {
            return None;
        }
        self.delete_account(now, id);
        Some(format!("somebody deletes the account {id}"))
    }
}
