//! Carrying out orders on the heart: each is judged against what stood there when the call began.

use std::collections::BTreeSet;

use state::object::ARCHIVED;
use state::owned::TO;
use state::{Action, Address, Attributes, Kind, Object, Order, Outcome, Symbol, Target, Value};

use super::heart::{Changed, Heart, Map, key_value};
use super::line::{Thing, held};
use super::settings::dotted;

/// What a call answers, and what it changed, in order.
#[derive(Debug, Default)]
pub struct Execution {
    pub outcomes: Vec<Outcome>,
    pub changed: Vec<Changed>,
}

/// Why an order was not carried out.
enum No {
    Refused(String),
    /// The key is another's.
    Taken(String),
    Stale(Option<Object>),
}

impl No {
    /// Of a change that can only be refused: whether it was carried out is told by what stands there.
    fn plain(self) -> No {
        match self {
            No::Taken(error) => No::Refused(error),
            other => other,
        }
    }
}

impl From<String> for No {
    fn from(error: String) -> No {
        No::Refused(error)
    }
}

impl From<No> for Outcome {
    fn from(no: No) -> Outcome {
        match no {
            No::Refused(error) => Outcome::Refused { error, retry_after: None },
            No::Taken(error) => Outcome::Taken(error),
            No::Stale(object) => Outcome::Stale(object),
        }
    }
}

impl Heart {
    /// Carries out orders as one call. Where calls are atomic ([`state::Capabilities::atomic`]) one order that is not
    /// done leaves all undone.
    pub fn execute(&mut self, orders: &[Order]) -> Execution {
        let mut call = Call { heart: self, at_start: Map::default(), changed: Vec::new(), memberships: None };
        let mut outcomes: Vec<Outcome> =
            orders.iter().map(|order| call.carry_out(order).map_or_else(Outcome::from, Outcome::Done)).collect();
        let mut changed = std::mem::take(&mut call.changed);
        let failed = outcomes.iter().position(|outcome| !matches!(outcome, Outcome::Done(_)));
        if let (true, Some(failed)) = (self.capabilities().atomic, failed) {
            self.roll_back(&changed);
            changed.clear();
            let culprit = orders.get(failed).map(|order| order.address.to_string()).unwrap_or_default();
            for outcome in outcomes.iter_mut().filter(|outcome| matches!(outcome, Outcome::Done(_))) {
                let error = format!("undone, because {culprit} in the same transaction was not done");
                *outcome = Outcome::Refused { error, retry_after: None };
            }
        }
        Execution { outcomes, changed }
    }

    /// Puts back what `changed` changed.
    pub fn roll_back(&mut self, changed: &[Changed]) {
        for Changed { target, was, .. } in changed.iter().rev() {
            self.put(*target, was.clone());
        }
    }
}

struct Call<'a> {
    heart: &'a mut Heart,
    /// What this call changed, as it was when the call began: preconditions are about that.
    at_start: Map<Target, Option<Object>>,
    changed: Vec<Changed>,
    /// By account, as they were when the first account of this call was deleted.
    memberships: Option<Map<Symbol, Vec<Target>>>,
}

impl Call<'_> {
    fn carry_out(&mut self, order: &Order) -> Result<Object, No> {
        match (order.action, order.kind) {
            (Action::Create, Kind::Account | Kind::Group) => self.create(order),
            (Action::Grant, Kind::Membership | Kind::Grant) => self.grant(order),
            (Action::Update | Action::Rename, _) => self.update(order),
            (Action::Revoke, Kind::Membership | Kind::Grant) => self.revoke(order),
            (Action::Deactivate, Kind::Account) => self.switch(order, false),
            (Action::Reactivate, Kind::Account) => self.switch(order, true),
            (Action::Transfer, Kind::Account) => self.hand_over(order),
            (Action::Archive, Kind::Account) => self.archive(order),
            (Action::Delete, Kind::Account) => self.delete(order),
            (action, kind) => {
                Err(No::Refused(format!("a directory cannot `{}` an object of the kind {}", action.word(), word(kind))))
            }
        }
    }

    fn put(&mut self, target: Target, now: Option<Object>) -> Object {
        let was = self.heart.put(target, now.clone());
        self.at_start.entry(target).or_insert_with(|| was.clone());
        self.changed.push(Changed { target, was, now: now.clone() });
        now.map_or_else(|| Object::new("", Attributes::new()), |now| self.heart.versioned(target, now))
    }

    fn create(&mut self, order: &Order) -> Result<Object, No> {
        let account = order.kind == Kind::Account;
        let to = |id| if account { Target::Account(id) } else { Target::Group(id) };
        let attributes = held(order.after.clone());
        let id = self.free_id(order.address, to);
        self.check(to(id), &attributes)?;
        Ok(self.put(to(id), Some(Object::new(id, attributes))))
    }

    /// An id that tells people whose it is: the holder's key or the group's name, with a number behind it where that
    /// is taken.
    fn free_id(&mut self, address: Address, to: impl Fn(Symbol) -> Target) -> Symbol {
        let name = match address {
            Address::Account { holder, .. } => dotted(holder.as_str()),
            Address::Group { group, .. } => dotted(group.as_str()),
            other => other.to_string(),
        };
        while let Some(id) = self.heart.next_id() {
            if self.heart.get(to(id)).is_none() {
                return id;
            }
        }
        let is_free = |id: &Symbol| self.heart.get(to(*id)).is_none();
        let plain = Some(Symbol::new(&name)).filter(is_free);
        plain.or_else(|| (2u64..).map(|n| Symbol::new(&format!("{name}-{n}"))).find(is_free)).unwrap_or("".into())
    }

    fn update(&mut self, order: &Order) -> Result<Object, No> {
        let (target, there) = self.standing(order)?;
        let mut object = there.clone();
        object.attributes = laid_over(&there.attributes, &order.after);
        if let Target::Grant { grant, .. } = target
            && self.heart.schema().grant_text(&object.attributes) != grant
        {
            return Err(No::Refused("what a grant is about cannot be changed: revoke it and give another".into()));
        }
        self.check(target, &object.attributes).map_err(No::plain)?;
        Ok(self.put(target, Some(object)))
    }

    fn switch(&mut self, order: &Order, active: bool) -> Result<Object, No> {
        let (target, there) = self.standing(order)?;
        let mut attributes = laid_over(&there.attributes, &order.after);
        if active && attributes.get(Symbol::new(ARCHIVED)).is_some() {
            attributes = attributes.iter().filter(|(name, _)| name.as_str() != ARCHIVED).cloned().collect();
        }
        let object = Object { active, attributes, ..there };
        self.check(target, &object.attributes).map_err(No::plain)?;
        Ok(self.put(target, Some(object)))
    }

    /// Puts an account away: it keeps all that it has, until it is reactivated.
    fn archive(&mut self, order: &Order) -> Result<Object, No> {
        let (target, there) = self.standing(order)?;
        let archived = [(Symbol::new(ARCHIVED), Value::Bool(true))];
        let attributes = there.attributes.overlaid(&archived.into_iter().collect());
        Ok(self.put(target, Some(Object { active: false, attributes, ..there })))
    }

    /// Deletes an account that owns nothing, and its memberships with it.
    fn delete(&mut self, order: &Order) -> Result<Object, No> {
        let (target, _) = self.standing(order)?;
        let id = target.remote();
        if let Some(own) = self.heart.get(Target::Owned(id)) {
            let count = Thing::all(&own.attributes).len();
            return Err(No::Refused(format!("`{id}` owns {count} things: they are to be handed over first")));
        }
        let memberships = self.memberships.get_or_insert_with(|| self.heart.memberships());
        let known = memberships.remove(&id).unwrap_or_default();
        let given = self.changed.iter().map(|changed| changed.target);
        let given = given.filter(|at| matches!(at, Target::Membership { member, nested: false, .. } if *member == id));
        let mut places: Vec<Target> = known.into_iter().chain(given).collect();
        places.sort_unstable();
        places.dedup();
        for place in places.into_iter().filter(|place| self.heart.get(*place).is_some()).collect::<Vec<_>>() {
            self.put(place, None);
        }
        Ok(self.put(target, None))
    }

    /// Gives what the order names to another account.
    fn hand_over(&mut self, order: &Order) -> Result<Object, No> {
        let Some(Target::Owned(id)) = order.target else {
            return Err(No::Refused("the order does not say what is to be handed over".into()));
        };
        let (target, there) = self.standing(order)?;
        let heir = order.after.get(Symbol::new(TO)).and_then(Value::as_text);
        let heir = heir.filter(|heir| *heir != id && self.heart.get(Target::Account(*heir)).is_some());
        let Some(heir) = heir else {
            return Err(No::Refused("the account to which everything is to go is not there".into()));
        };
        let handed: BTreeSet<Thing> = Thing::all(&order.after).into_iter().collect();
        let (gone, kept): (Vec<Thing>, Vec<Thing>) =
            Thing::all(&there.attributes).into_iter().partition(|thing| handed.contains(thing));
        if handed.is_empty() || gone.len() != handed.len() {
            return Err(No::Stale(Some(there)));
        }
        let mut all = self.heart.get(Target::Owned(heir)).map(|own| Thing::all(&own.attributes)).unwrap_or_default();
        all.extend(gone);
        self.put(Target::Owned(heir), Thing::object(all));
        Ok(self.put(target, Thing::object(kept)))
    }

    fn grant(&mut self, order: &Order) -> Result<Object, No> {
        let attributes = held(order.after.clone());
        let target = match order.target {
            Some(target) if target.kind() == order.kind => target,
            _ => return Err(No::Refused("the order does not say which group is meant".into())),
        };
        let group = target.remote();
        if self.heart.get(Target::Group(group)).is_none() {
            return Err(No::Refused(format!("there is no group with the id `{group}`")));
        }
        match target {
            Target::Membership { member, nested: false, .. } => {
                if self.heart.get(Target::Account(member)).is_none() {
                    return Err(No::Refused(format!("there is no account with the id `{member}`")));
                }
            }
            Target::Membership { member, .. } => self.check_nesting(group, member)?,
            Target::Grant { grant, .. } => {
                let text = self.heart.schema().grant_text(&attributes);
                if text != grant {
                    return Err(No::Refused(format!("the grant is called `{grant}`, but what it says is `{text}`")));
                }
            }
            Target::Account(_) | Target::Owned(_) | Target::Group(_) => {}
        }
        if self.heart.get(target).is_some() {
            return Err(No::Refused(match target {
                Target::Membership { member, .. } => format!("`{member}` is in the group `{group}` already"),
                _ => format!("the group `{group}` holds this grant already"),
            }));
        }
        Ok(self.put(target, Some(Object::new("", attributes))))
    }

    fn check_nesting(&self, group: Symbol, member: Symbol) -> Result<(), No> {
        if !self.heart.capabilities().nested_groups {
            return Err(No::Refused("groups cannot be members of groups here".into()));
        }
        if self.heart.get(Target::Group(member)).is_none() {
            return Err(No::Refused(format!("there is no group with the id `{member}`")));
        }
        if self.heart.is_within(group, member) {
            return Err(No::Refused(format!("the group `{group}` is itself within `{member}`")));
        }
        Ok(())
    }

    fn revoke(&mut self, order: &Order) -> Result<Object, No> {
        let (target, _) = self.standing(order)?;
        Ok(self.put(target, None))
    }

    /// The thing that an order is about, if it stands there as the order says.
    fn standing(&self, order: &Order) -> Result<(Target, Object), No> {
        let target = match order.target {
            Some(target) if target.kind() == order.kind => target,
            _ => return Err(No::Refused(format!("the order does not say which {} is meant", word(order.kind)))),
        };
        let there = self.heart.get(target).ok_or(No::Stale(None))?;
        let at_start = self.at_start.get(&target).map_or(Some(there), Option::as_ref);
        if let (Some(before), Some(at_start)) = (&order.before, at_start) {
            let now = self.heart.versioned(target, at_start.clone());
            if !stands(before, &now, &order.after) {
                return Err(No::Stale(Some(now)));
            }
        }
        Ok((target, there.clone()))
    }

    /// Whether an account or group may have these attributes.
    fn check(&self, target: Target, attributes: &Attributes) -> Result<(), No> {
        let capabilities = self.heart.capabilities();
        let (id, key) = match target {
            Target::Account(id) => (id, capabilities.account_key),
            Target::Group(id) => (id, capabilities.group_key),
            _ => return Ok(()),
        };
        if let Some((key, value)) = key.and_then(|key| Some((key, key_value(attributes, key)?)))
            && let Some(other) = self.heart.keyed(target, value).filter(|other| *other != id)
        {
            let name = key.attribute;
            return Err(No::Taken(format!("`{name}` is to be unique, and `{value}` is that of `{other}` already")));
        }
        if let (Target::Group(id), Some(name)) = (target, capabilities.parent_attribute) {
            check_parent(self.heart, id, name, attributes)?;
        }
        Ok(())
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Account => "account",
        Kind::Group => "group",
        Kind::Membership => "membership",
        Kind::Grant => "grant",
    }
}

/// Whether the group that `parent` names is there, and neither `id` itself nor below it.
fn check_parent(heart: &Heart, id: Symbol, parent: Symbol, attributes: &Attributes) -> Result<(), String> {
    let mut above = attributes.get(parent).cloned();
    let mut steps = 0;
    while let Some(value) = above {
        let Some(name) = value.as_text().filter(|name| heart.get(Target::Group(*name)).is_some()) else {
            return if steps == 0 { Err(format!("`{parent}` is {value}, which is no group's id")) } else { Ok(()) };
        };
        if name == id {
            return Err(format!("`{parent}` leads from the group `{id}` back to it"));
        }
        steps += 1;
        if steps > heart.len() {
            return Ok(());
        }
        above = heart.get(Target::Group(name)).and_then(|group| group.attributes.get(parent).cloned());
    }
    Ok(())
}

/// Whether `now` is as `before` says: its attributes, that it is active, its version where one is given, and that
/// what `after` is to set was not set by somebody else meanwhile.
fn stands(before: &Object, now: &Object, after: &Attributes) -> bool {
    (before.version.is_none() || before.version == now.version || now.version.is_none())
        && before.active == now.active
        && before
            .attributes
            .iter()
            .all(|(name, value)| now.attributes.get(*name).map_or(value.is_empty(), |there| agrees(value, there)))
        && after.iter().all(|(name, _)| before.attributes.get(*name).is_some() || now.attributes.get(*name).is_none())
}

/// Of an object only those keys are compared that `before` has.
fn agrees(before: &Value, now: &Value) -> bool {
    match (before.as_map(), now.as_map()) {
        (Some(before), Some(_)) => {
            before.iter().all(|(name, value)| now.get(*name).map_or(value.is_empty(), |there| agrees(value, there)))
        }
        _ => before == now,
    }
}

/// Attributes with changes laid over them: an empty value clears, objects are laid over key by key.
fn laid_over(attributes: &Attributes, changes: &Attributes) -> Attributes {
    let merged = changes.iter().map(|(name, value)| (*name, merged(attributes.get(*name), value)));
    let rest = attributes.iter().filter(|(name, _)| changes.get(*name).is_none()).cloned();
    merged.chain(rest).filter(|(_, value)| !value.is_empty()).collect()
}

fn merged(there: Option<&Value>, change: &Value) -> Value {
    match (there.and_then(Value::as_map), change.as_map()) {
        (Some(there), Some(change)) if !change.is_empty() => Value::map(
            change
                .iter()
                .map(|(name, value)| {
                    (*name, merged(there.iter().find(|(own, _)| own == name).map(|(_, own)| own), value))
                })
                .chain(there.iter().filter(|(name, _)| change.iter().all(|(own, _)| own != name)).cloned())
                .filter(|(_, value)| !value.is_empty()),
        ),
        _ => change.clone(),
    }
}
