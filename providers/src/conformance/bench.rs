//! Carries orders out on a system and keeps the world as it is expected.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use state::object::ARCHIVED;
use state::{
    Action, Address, Attributes, Capabilities, Kind, Member, Object, Observed, Order, Outcome, Presence, Schema,
    Symbol, Target, Timestamp,
};

use super::subject::{Subject, System};
use crate::{Ask, Unannounced};

/// How often a system is looked at again while a change is not seen yet.
const AGAIN: Duration = Duration::from_millis(50);

/// A system under test, and what it is expected to hold.
pub struct Bench<'s> {
    pub subject: &'s dyn Subject,
    pub system: System,
    pub schema: Schema,
    pub capabilities: Capabilities,
    /// Of each thing the attributes that must be as they are here; an empty value stands for none. A system may add
    /// attributes of its own to accounts and groups, but no things.
    expected: BTreeMap<Target, Object>,
}

impl<'s> Bench<'s> {
    /// A fresh system; what it holds already is expected to stay.
    pub async fn new(subject: &'s dyn Subject) -> Result<Bench<'s>, String> {
        let system = subject.fresh().await?;
        let (schema, capabilities) = system.reader.describe().await.map_err(|error| error.to_string())?;
        let mut bench = Bench { subject, system, schema, capabilities, expected: BTreeMap::new() };
        let observed = bench.inventory().await?;
        bench.expected = things(&bench.schema, &observed);
        bench.expected.values_mut().for_each(|object| object.attributes = Attributes::new());
        Ok(bench)
    }

    /// Everything that the system holds.
    pub async fn inventory(&self) -> Result<Observed, String> {
        let inventory = self
            .system
            .reader
            .inventory(&Ask { now: Timestamp::default(), grants: &[], accounts: &[], progress: &|_| {} })
            .await;
        let mut observed = inventory.map_err(|error| format!("inventory: {error}"))?;
        // Whom tenure itself connects as is there whatever the checks do.
        let Observed { own, accounts, memberships, .. } = &mut observed;
        accounts.retain(|account| !own.contains(&account.id));
        memberships.retain(|place| place.nested || !own.contains(&place.member));
        Ok(observed)
    }

    /// An order about the account `name`.
    pub fn account(&self, action: Action, name: &str, target: Option<Target>, after: Attributes) -> Order {
        let address = Address::Account { system: "conformance".into(), holder: name.into() };
        order(address, action, Kind::Account, target, after)
    }

    /// An order about the group `name`.
    pub fn group(&self, action: Action, name: &str, target: Option<Target>, after: Attributes) -> Order {
        let address = Address::Group { system: "conformance".into(), group: name.into() };
        order(address, action, Kind::Group, target, after)
    }

    /// An order about a membership, by ids.
    pub fn membership(&self, action: Action, group: Symbol, member: Symbol, after: Attributes) -> Order {
        let target = Target::Membership { group, member, nested: false };
        let address = Address::Membership { system: "conformance".into(), group, member: Member::Holder(member) };
        order(address, action, Kind::Membership, Some(target), after)
    }

    /// An order about a group in a group, by ids.
    pub fn nesting(&self, action: Action, group: Symbol, member: Symbol) -> Order {
        let target = Target::Membership { group, member, nested: true };
        let address = Address::Membership { system: "conformance".into(), group, member: Member::Group(member) };
        order(address, action, Kind::Membership, Some(target), Attributes::new())
    }

    /// An order about a grant of a group, by id.
    pub fn grant(&self, action: Action, group: Symbol, attributes: &Attributes, after: Attributes) -> Order {
        let grant = self.schema.grant_text(attributes);
        let address = Address::Grant { system: "conformance".into(), group, grant };
        order(address, action, Kind::Grant, Some(Target::Grant { group, grant }), after)
    }

    /// Creates an account with `more` attributes; its id.
    pub async fn create_account(&mut self, name: &str, more: &Attributes) -> Result<Symbol, String> {
        let after = self.subject.account(name).overlaid(more);
        Ok(self.done(self.account(Action::Create, name, None, after)).await?.id)
    }

    /// Creates a group with `more` attributes; its id.
    pub async fn create_group(&mut self, name: &str, more: &Attributes) -> Result<Symbol, String> {
        let after = self.subject.group(name).overlaid(more);
        Ok(self.done(self.group(Action::Create, name, None, after)).await?.id)
    }

    /// The order with the thing as it is now in `before`.
    pub async fn fresh(&self, order: Order) -> Result<Order, String> {
        let Some(target) = order.target else { return Ok(order) };
        match self.look(target).await? {
            Presence::Here(object) => Ok(Order { before: Some(object), ..order }),
            other => Err(format!("{target:?} is to be there, and is {other:?}")),
        }
    }

    /// Looks at one thing.
    pub async fn look(&self, target: Target) -> Result<Presence, String> {
        let read = self.system.reader.read(&[target]).await.map_err(|error| format!("read: {error}"))?;
        <[Presence; 1]>::try_from(read).map(|[one]| one).map_err(|all| format!("{} answers to one question", all.len()))
    }

    /// Carries out one order and gives the answer. Nothing is expected of it yet.
    pub async fn answer(&self, order: &Order) -> Result<Outcome, String> {
        let outcomes = self.system.writer.execute(std::slice::from_ref(order), &Unannounced).await;
        <[Outcome; 1]>::try_from(outcomes).map(|[one]| one).map_err(|all| format!("{} answers to one order", all.len()))
    }

    /// Carries out an order that must be done, with the pre-image where it has a target that is there, and reads back
    /// until it is seen; what the system says that it holds now.
    pub async fn done(&mut self, order: Order) -> Result<Object, String> {
        let order = match (order.action, &order.before) {
            (Action::Create | Action::Grant, _) | (_, Some(_)) => order,
            _ => self.fresh(order).await?,
        };
        match self.answer(&order).await? {
            Outcome::Done(object) => {
                let target = self.expect(&order, &object)?;
                self.seen(target).await?;
                Ok(object)
            }
            other => Err(format!("{} of {}: {other:?}", order.action.word(), order.address)),
        }
    }

    /// Carries out an order that must not be done; the final comparison shows whether it had an effect.
    pub async fn not_done(&self, order: &Order) -> Result<Outcome, String> {
        match self.answer(order).await? {
            outcome @ (Outcome::Refused { .. } | Outcome::Taken(_) | Outcome::Stale(_)) => Ok(outcome),
            other => Err(format!("{} of {} is not to be done: {other:?}", order.action.word(), order.address)),
        }
    }

    /// Lays an order that was done over what is expected; its target.
    pub fn expect(&mut self, order: &Order, answered: &Object) -> Result<Target, String> {
        let target = match (order.target, order.kind) {
            (Some(target), _) => target,
            (None, Kind::Group) => Target::Group(answered.id),
            (None, _) => Target::Account(answered.id),
        };
        if order.action == Action::Create && (answered.id.as_str().is_empty() || self.expected.contains_key(&target)) {
            return Err(format!("create of {}: `{}` is no id of its own", order.address, answered.id));
        }
        if order.action == Action::Revoke {
            self.expected.remove(&target);
            return Ok(target);
        }
        match (order.action, target) {
            (Action::Delete, _) => {
                self.expected.remove(&target);
                let of = |target: &Target| matches!(target, Target::Membership { member, nested: false, .. } if *member == order.target.map_or("".into(), Target::remote));
                self.expected.retain(|target, _| !of(target));
                return Ok(target);
            }
            (Action::Transfer, Target::Owned(id)) => return Ok(Target::Account(id)),
            _ => {}
        }
        let id = if matches!(order.kind, Kind::Account | Kind::Group) { target.remote() } else { "".into() };
        let thing = self.expected.entry(target).or_insert_with(|| Object::new(id, Attributes::new()));
        thing.attributes = thing.attributes.overlaid(&order.after);
        if order.action == Action::Archive {
            thing.attributes = thing.attributes.iter().filter(|(name, _)| name.as_str() != ARCHIVED).cloned().collect();
        }
        match order.action {
            Action::Deactivate | Action::Archive => thing.active = false,
            Action::Reactivate => thing.active = true,
            _ => {}
        }
        Ok(target)
    }

    /// Waits until the thing is read as expected, at most as long as the system declares that it may take.
    async fn seen(&self, target: Target) -> Result<(), String> {
        let until = self.patience();
        loop {
            let presence = self.look(target).await?;
            let difference = match (&presence, self.expected.get(&target)) {
                (Presence::Gone, None) => None,
                (Presence::Here(object), Some(expected)) => difference(expected, object),
                _ => Some("is not as expected".into()),
            };
            match difference {
                None => return Ok(()),
                Some(difference) if Instant::now() > until => {
                    return Err(format!("{target:?} read back {difference}: {presence:?}"));
                }
                Some(_) => tokio::time::sleep(AGAIN).await,
            }
        }
    }

    fn patience(&self) -> Instant {
        Instant::now() + Duration::from_millis(self.capabilities.visibility)
    }

    /// Closes the system and compares all that it holds with all that is expected.
    pub async fn finish(self) -> Result<(), String> {
        self.system.writer.close().await.map_err(|error| format!("close: {error}"))?;
        let until = self.patience();
        loop {
            match self.compare(&self.inventory().await?) {
                Err(_) if Instant::now() <= until => tokio::time::sleep(AGAIN).await,
                result => return result,
            }
        }
    }

    fn compare(&self, observed: &Observed) -> Result<(), String> {
        sorted(observed)?;
        let things = things(&self.schema, observed);
        let listed =
            observed.accounts.len() + observed.groups.len() + observed.memberships.len() + observed.grants.len();
        if listed != things.len() {
            return Err(format!("{listed} things are listed, but only {} different ones", things.len()));
        }
        for (target, expected) in &self.expected {
            let object = things.get(target).ok_or_else(|| format!("{target:?} is not listed"))?;
            if let Some(difference) = difference(expected, object) {
                return Err(format!("{target:?} is listed {difference}: {object:?}"));
            }
        }
        match things.keys().find(|target| !self.expected.contains_key(target)) {
            Some(target) => Err(format!("{target:?} is listed, which nobody made")),
            None => Ok(()),
        }
    }
}

fn order(address: Address, action: Action, kind: Kind, target: Option<Target>, after: Attributes) -> Order {
    Order { address, action, target, kind, before: None, after, secrets: Default::default() }
}

/// How an object differs from what is expected of it.
fn difference(expected: &Object, found: &Object) -> Option<String> {
    if expected.id != found.id {
        return Some(format!("with another id than `{}`", expected.id));
    }
    if expected.active != found.active {
        return Some(if found.active { "active".into() } else { "inactive".into() });
    }
    expected.attributes.iter().find_map(|(name, value)| match found.attributes.get(*name) {
        None if value.is_empty() => None,
        Some(found) if found == value || found.is_empty() && value.is_empty() => None,
        Some(found) => Some(format!("with {name} = {found} for {value}")),
        None => Some(format!("without {name} = {value}")),
    })
}

/// Everything in an inventory by target.
fn things(schema: &Schema, observed: &Observed) -> BTreeMap<Target, Object> {
    let accounts = observed.accounts.iter().map(|account| (Target::Account(account.id), account.clone()));
    let groups = observed.groups.iter().map(|group| (Target::Group(group.id), group.clone()));
    let memberships = observed.memberships.iter().map(|place| {
        let target = Target::Membership { group: place.group, member: place.member, nested: place.nested };
        (target, Object::new("", place.attributes.clone()))
    });
    let grants = observed.grants.iter().map(|grant| {
        let target = Target::Grant { group: grant.group, grant: schema.grant_text(&grant.attributes) };
        (target, Object::new("", grant.attributes.clone()))
    });
    accounts.chain(groups).chain(memberships).chain(grants).collect()
}

fn sorted(observed: &Observed) -> Result<(), String> {
    let place = |it: &state::Membership| (it.group, it.member, it.nested);
    let parts = [
        ("accounts", observed.accounts.is_sorted_by_key(|account| account.id)),
        ("groups", observed.groups.is_sorted_by_key(|group| group.id)),
        ("memberships", observed.memberships.is_sorted_by_key(place)),
        ("grants", observed.grants.is_sorted_by(|a, b| (a.group, &a.attributes) <= (b.group, &b.attributes))),
    ];
    match parts.iter().find(|(_, sorted)| !sorted) {
        Some((part, _)) => Err(format!("the {part} of the inventory are not in order")),
        None => Ok(()),
    }
}
