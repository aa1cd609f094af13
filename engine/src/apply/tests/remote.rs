//! One system of the small world.

use std::collections::BTreeMap;

use state::*;

/// One system: accounts and groups by id, memberships.
#[derive(Clone, Debug, Default)]
pub struct Remote {
    pub accounts: BTreeMap<Symbol, Object>,
    pub groups: BTreeMap<Symbol, Object>,
    pub memberships: BTreeMap<(Symbol, Symbol), Attributes>,
    /// What accounts own: tables of the database `sales`, by name.
    pub owned: BTreeMap<Symbol, Vec<&'static str>>,
    /// Of a transfer only so many are handed over.
    pub most_handed: Option<usize>,
    pub next: u32,
}

impl Remote {
    pub fn read(&self, target: Target) -> Presence {
        let found = match target {
            Target::Owned(id) => self
                .owned
                .get(&id)
                .filter(|names| !names.is_empty())
                .map(|names| Object::new("", [(Symbol::new("owned"), tables(names))].into_iter().collect())),
            Target::Account(id) => self.accounts.get(&id).cloned(),
            Target::Group(id) => self.groups.get(&id).cloned(),
            Target::Membership { group, member, .. } => {
                self.memberships.get(&(group, member)).map(|attributes| Object::new("", attributes.clone()))
            }
            Target::Grant { .. } => None,
        };
        found.map_or(Presence::Gone, Presence::Here)
    }

    pub fn execute(&mut self, order: &Order) -> Object {
        if let Some(Target::Membership { group, member, .. }) = order.target {
            assert!(self.groups.contains_key(&group) && self.accounts.contains_key(&member), "{}", order.address);
            match order.action {
                Action::Revoke => drop(self.memberships.remove(&(group, member))),
                _ => drop(self.memberships.insert((group, member), order.after.clone())),
            }
            return Object::new("", order.after.clone());
        }
        match (order.action, order.target) {
            (Action::Transfer, Some(Target::Owned(id))) => {
                let heir = order.after.get("to".into()).and_then(Value::as_text).unwrap();
                let named = order.after.get("owned".into()).and_then(Value::as_list).unwrap().len();
                // A part, where that is what a fault leaves.
                let own = self.owned.remove(&id).unwrap_or_default();
                let (gone, kept) = own.split_at(named.min(own.len()).min(self.most_handed.unwrap_or(usize::MAX)));
                self.owned.entry(heir).or_default().extend(gone);
                self.owned.insert(id, kept.to_vec());
                return Object::new(id, Attributes::new());
            }
            (Action::Delete, Some(Target::Account(id))) => {
                return self.accounts.remove(&id).unwrap();
            }
            _ => {}
        }
        let objects = if order.kind == Kind::Group { &mut self.groups } else { &mut self.accounts };
        let id = match order.target {
            Some(Target::Account(id) | Target::Group(id)) => id,
            _ => {
                self.next += 1;
                Symbol::from(format!("new-{}", self.next))
            }
        };
        let object = objects.entry(id).or_insert_with(|| Object::new(id, Attributes::new()));
        object.attributes = object.attributes.overlaid(&order.after);
        match order.action {
            Action::Deactivate => object.active = false,
            Action::Reactivate => object.active = true,
            Action::Archive => {
                object.active = false;
                let archived = [(Symbol::new("@archived"), Value::Bool(true))];
                object.attributes = object.attributes.overlaid(&archived.into_iter().collect());
            }
            _ => {}
        }
        if object.active {
            let own = object.attributes.iter().filter(|(name, _)| name.as_str() != "@archived");
            object.attributes = own.cloned().collect();
        }
        object.clone()
    }
}

/// As [`Target::Owned`] is read.
fn tables(names: &[&str]) -> Value {
    Value::list(names.iter().map(|name| {
        let pairs = [("place", "sales"), ("kind", "table"), ("name", name)];
        Value::map(pairs.map(|(name, value)| (Symbol::new(name), Value::text(value))))
    }))
}

pub fn pairs(attributes: &[(&str, &str)]) -> Attributes {
    attributes.iter().map(|(name, value)| (Symbol::new(name), Value::text(*value))).collect()
}
