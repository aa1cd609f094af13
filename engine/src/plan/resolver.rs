//! Evaluates again, during apply, what a plan left open.

use std::collections::BTreeMap;

use state::{Address, Attributes, Object, Symbol, Value};

use super::accounts::nobodys_group_id;
use super::world::World;
use crate::apply::Resolve;
use crate::configuration::{Configuration, Evaluate, Known, KnownObject, WantedValue};

/// What apply needs of the planner: the configuration and the world as it was observed.
pub struct Resolver<'a> {
    pub(crate) configuration: &'a Configuration,
    pub(crate) world: World<'a>,
}

impl Resolver<'_> {
    fn attributes(
        &self,
        address: Address,
        made: &dyn Fn(Address) -> Option<Object>,
    ) -> Result<BTreeMap<Symbol, WantedValue>, String> {
        let known = Now { world: &self.world, made };
        let evaluate: &dyn Evaluate = &*self.configuration.evaluate;
        let found = match address {
            Address::Account { system, holder } => match evaluate.account(system, holder, &known) {
                Ok(Some(wanted)) => Ok(wanted.on_create.into_iter().chain(wanted.attributes).collect()),
                Ok(None) => Err("`account.when` leaves it out by now".to_owned()),
                Err(diagnostic) => Err(diagnostic.message),
            },
            Address::Group { system, group } => match evaluate.group(system, group, &known) {
                Ok(wanted) => Ok(wanted.into_iter().collect()),
                Err(diagnostic) => Err(diagnostic.message),
            },
            _ => Err("only accounts and groups have attributes that are known after apply".to_owned()),
        };
        found.map_err(|error| format!("{address}: {error}"))
    }
}

impl Resolve for Resolver<'_> {
    fn resolve(
        &self,
        address: Address,
        attributes: &[Symbol],
        made: &dyn Fn(Address) -> Option<Object>,
    ) -> Result<Vec<Value>, String> {
        let mut all = self.attributes(address, made)?;
        let value = |name: &Symbol| match all.remove(name) {
            Some(WantedValue::Known(value)) => Ok(value),
            // What it waited for turned out to be null: it says nothing.
            None => Ok(Value::Null),
            Some(WantedValue::Deferred { needs, .. }) => {
                let needs: Vec<String> = needs.iter().map(Address::to_string).collect();
                Err(format!("{address}: `{name}` still waits for {}", needs.join(", ")))
            }
            Some(WantedValue::Secret(_)) => Err(format!("{address}: `{name}` became sensitive")),
        };
        attributes.iter().map(value).collect()
    }

    fn secrets(
        &self,
        address: Address,
        attributes: &[Symbol],
        made: &dyn Fn(Address) -> Option<Object>,
    ) -> Result<Vec<String>, String> {
        let mut all = self.attributes(address, made)?;
        let secret = |name: &Symbol| match all.remove(name) {
            Some(WantedValue::Secret(secret)) => Ok(secret),
            _ => Err(format!("{address}: `{name}` has no sensitive value any more: plan again")),
        };
        attributes.iter().map(secret).collect()
    }

    fn remote_id(&self, address: Address) -> Option<Symbol> {
        let unmanaged = |holder: Symbol| holder.as_str().strip_prefix("id:").map(Symbol::new);
        match address {
            Address::Account { system, holder } => unmanaged(holder).or_else(|| self.world.account(system, holder)?.id),
            Address::Group { system, group } => nobodys_group_id(group).or_else(|| self.world.group(system, group)?.id),
            _ => None,
        }
    }
}

/// The planner's world with what was made since laid over it.
struct Now<'a> {
    world: &'a World<'a>,
    made: &'a dyn Fn(Address) -> Option<Object>,
}

impl Now<'_> {
    fn over(&self, planned: Option<KnownObject>, address: Address) -> Option<KnownObject> {
        let Some(made) = (self.made)(address) else { return planned };
        let attributes = planned.map_or_else(Attributes::new, |planned| planned.attributes);
        Some(KnownObject {
            id: Some(made.id),
            attributes: attributes.overlaid(&made.attributes),
            deferred: Vec::new(),
            unplanned: false,
        })
    }
}

impl Known for Now<'_> {
    fn account(&self, system: Symbol, holder: Symbol) -> Option<KnownObject> {
        self.over(self.world.account(system, holder), Address::Account { system, holder })
    }

    fn group(&self, system: Symbol, group: Symbol) -> Option<KnownObject> {
        self.over(self.world.group(system, group), Address::Group { system, group })
    }

    fn next(&self, system: Symbol, attribute: Symbol, holder: Symbol, low: i64, high: i64) -> Option<i64> {
        self.world.next(system, attribute, holder, low, high)
    }
}
