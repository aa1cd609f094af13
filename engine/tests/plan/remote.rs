//! A system in memory: read from lines of text, listed as an inventory, written by orders.

use std::collections::BTreeMap;

use state::object::ARCHIVED;
use state::*;
use tenure_engine::plan::{Inventory, Reading};

/// What stands on a system, and how it is.
#[derive(Clone, Debug, Default)]
pub struct Remote {
    pub schema: Schema,
    pub capabilities: Capabilities,
    pub accounts: BTreeMap<Symbol, Object>,
    pub groups: BTreeMap<Symbol, Object>,
    pub memberships: BTreeMap<(Symbol, Symbol, bool), Attributes>,
    pub grants: BTreeMap<(Symbol, Symbol), Attributes>,
    /// Grants that have nothing to stand on.
    pub dangling: Vec<Dangling>,
    pub owned: Vec<Owned>,
    /// When accounts signed in last, where it tells.
    pub signed_in: Option<Vec<(Symbol, Timestamp)>>,
    /// The account whose credential tenure uses.
    pub own: Vec<Symbol>,
    /// Why it cannot be read.
    pub unreadable: Option<String>,
    made: u32,
}

impl Remote {
    /// A system that can do everything, in batches of ten. `options`: `flat` (no groups in groups), `exact` (case
    /// matters), `keep` (accounts cannot be switched off), `no-groups`, `no-grants`, `single` (one change a call),
    /// `set=NAME` and `keyed=NAME/KEY` (lists of accounts), `stronger=QUALIFIER/VALUE/VALUE` (strongest last).
    pub fn new(options: &str) -> Remote {
        let mut remote = Remote::default();
        let key = |attribute: &str| {
            Some(Key { attribute: attribute.into(), unique: true, case_exact: options.contains("exact") })
        };
        remote.capabilities = Capabilities {
            groups: true,
            nested_groups: true,
            grants: true,
            deactivate: true,
            account_key: key("userName"),
            group_key: key("displayName"),
            batch: 10,
            batch_objects: true,
            ..Capabilities::default()
        };
        remote.schema = Schema { account_open: true, group_open: true, ..Schema::default() };
        for option in options.split_whitespace() {
            let (word, value) = option.split_once('=').unwrap_or((option, ""));
            let mut parts = value.split('/');
            let name: Symbol = parts.next().unwrap_or("").into();
            match word {
                "transfer" => remote.capabilities.transfer = true,
                "archive" => remote.capabilities.archive = true,
                "delete" => remote.capabilities.delete = true,
                "flat" => remote.capabilities.nested_groups = false,
                "exact" => {}
                "keep" => remote.capabilities.deactivate = false,
                "no-groups" => remote.capabilities.groups = false,
                "no-grants" => remote.capabilities.grants = false,
                "single" => (remote.capabilities.batch, remote.capabilities.batch_objects) = (1, false),
                "set" => remote.schema.account.push(list(name, Shape::Set)),
                "keyed" => remote.schema.account.push(list(name, Shape::Keyed(parts.next().unwrap().into()))),
                "stronger" => remote.schema.qualifiers.push((name, parts.map(Symbol::new).collect())),
                "grant" => remote.schema.grant_key.push(name),
                "overlap" => remote.schema.grant_overlap.push(name),
                other => panic!("there is no option {other}"),
            }
        }
        let case_exact = options.contains("exact");
        remote.schema.account.push(AttributeSchema { case_exact, ..list("userName".into(), Shape::One) });
        remote.schema.group.push(AttributeSchema { case_exact, ..list("displayName".into(), Shape::One) });
        remote
    }

    /// One line: `signed-in ACCOUNT MOMENT`, `owns ACCOUNT COUNT KIND`, `own ACCOUNT`, `account ID [off] {...}`, `group ID {...}`, `member GROUP ACCOUNT [{...}]`, `nested GROUP GROUP`,
    /// `grant GROUP {...}` (with `partial`, where it is held in part, and `within`), `nothing {...}` (a grant that has
    /// nothing to stand on, with `why` and `named`), `unreadable: WHY`, `readable`; `remove` before it takes away.
    pub fn line(&mut self, line: &str) {
        if let Some(why) = line.strip_prefix("unreadable: ") {
            self.unreadable = Some(why.to_owned());
            return;
        }
        let (words, json) = line.split_at(line.find('{').unwrap_or(line.len()));
        let attributes: Attributes =
            if json.is_empty() { Attributes::new() } else { serde_json::from_str(json).unwrap() };
        let words: Vec<&str> = words.split_whitespace().collect();
        let object = |id: &str| Object::new(id, attributes.clone());
        match words[..] {
            ["readable"] => self.unreadable = None,
            ["owns", account, count, kind] => {
                self.owned.retain(|owned| owned.account != account || owned.kind != kind);
                let count: u64 = count.parse().unwrap();
                let owned = Owned { account: account.into(), place: "sales".into(), kind: kind.into(), count };
                self.owned.extend((count > 0).then_some(owned));
            }
            ["signed-in", account, at] => {
                self.signed_in.get_or_insert_default().push((account.into(), at.parse().unwrap()));
            }
            ["own", account] => self.own.push(account.into()),
            ["account", id] => drop(self.accounts.insert(id.into(), object(id))),
            ["account", id, "off"] => {
                self.accounts.insert(id.into(), Object { active: false, ..object(id) });
            }
            ["group", id] => drop(self.groups.insert(id.into(), object(id))),
            ["member", group, member] => {
                self.memberships.insert((group.into(), member.into(), false), attributes);
            }
            ["nested", group, member] => {
                self.memberships.insert((group.into(), member.into(), true), attributes);
            }
            ["nothing"] => {
                let pair = |name: &str| attributes.get(name.into()).cloned();
                let own = |(name, _): &&(Symbol, Value)| name.as_str() != "why" && name.as_str() != "named";
                self.dangling.push(Dangling {
                    grant: attributes.iter().filter(own).cloned().collect(),
                    why: pair("why").and_then(|why| why.as_text()).unwrap(),
                    named: pair("named").is_some(),
                });
            }
            ["remove", "nothing"] => self.dangling.clear(),
            ["grant", group] => {
                self.grants.insert((group.into(), self.schema.grant_text(&attributes)), attributes);
            }
            ["remove", "account", id] => {
                self.accounts.remove(&Symbol::new(id)).expect("an account that is there");
                self.memberships.retain(|(_, member, nested), _| *nested || *member != id);
            }
            ["remove", "group", id] => {
                self.groups.remove(&Symbol::new(id)).expect("a group that is there");
                self.memberships.retain(|(group, member, nested), _| *group != id && !(*nested && *member == id));
                self.grants.retain(|(group, _), _| *group != id);
            }
            ["remove", "member", group, member] => {
                self.memberships.remove(&(group.into(), member.into(), false)).expect("a membership that is there");
            }
            ["remove", "grant", group] => {
                let key = (group.into(), self.schema.grant_text(&attributes));
                self.grants.remove(&key).expect("a grant that is there");
            }
            _ => panic!("what is {line:?}?"),
        }
    }

    /// What it answers.
    pub fn reading(&self, now: Timestamp, reversed: bool) -> Reading {
        let inventory = match &self.unreadable {
            Some(why) => Inventory::Incomplete(why.clone()),
            None if reversed => {
                let Observed { complete, mut accounts, mut groups, mut memberships, mut grants, .. } =
                    self.observed(now);
                accounts.reverse();
                groups.reverse();
                memberships.reverse();
                grants.reverse();
                let observed = Observed::new(complete, accounts, groups, memberships, grants);
                Inventory::Complete(observed.with_dangling(self.dangling.clone()))
            }
            None => Inventory::Complete(self.observed(now)),
        };
        Reading { schema: self.schema.clone(), capabilities: self.capabilities.clone(), inventory }
    }

    pub fn observed(&self, now: Timestamp) -> Observed {
        let told = self.inventory(now);
        match &self.signed_in {
            Some(signed_in) => told.with_signed_in(signed_in.clone()),
            None => told,
        }
    }

    fn inventory(&self, now: Timestamp) -> Observed {
        let memberships = self.memberships.iter().map(|((group, member, nested), attributes)| Membership {
            group: *group,
            member: *member,
            nested: *nested,
            attributes: attributes.clone(),
        });
        let grants = self.grants.iter().map(|((group, _), attributes)| {
            let own = |(name, _): &&(Symbol, Value)| name.as_str() != "partial" && name.as_str() != "within";
            let within = attributes.get("within".into()).and_then(Value::as_list).unwrap_or_default();
            Grant {
                group: *group,
                attributes: attributes.iter().filter(own).cloned().collect(),
                partial: attributes.get("partial".into()).and_then(Value::as_text),
                in_parts: attributes.get("partial".into()).is_some(),
                within: within.iter().filter_map(Value::as_text).collect(),
            }
        });
        Observed::new(
            Complete::proved("test", now),
            self.accounts.values().cloned().collect(),
            self.groups.values().cloned().collect(),
            memberships.collect(),
            grants.collect(),
        )
        .with_dangling(self.dangling.clone())
        .with_owned(self.owned.clone())
        .with_own(self.own.clone())
    }

    pub fn read(&self, target: Target) -> Presence {
        let found = match target {
            Target::Owned(_) => None,
            Target::Account(id) => self.accounts.get(&id).cloned(),
            Target::Group(id) => self.groups.get(&id).cloned(),
            Target::Membership { group, member, nested } => {
                self.memberships.get(&(group, member, nested)).map(|attributes| Object::new("", attributes.clone()))
            }
            Target::Grant { group, grant } => {
                self.grants.get(&(group, grant)).map(|attributes| Object::new("", attributes.clone()))
            }
        };
        found.map_or(Presence::Gone, Presence::Here)
    }

    pub fn execute(&mut self, name: Symbol, order: &Order) -> Outcome {
        match (order.action, order.target) {
            (Action::Delete, Some(Target::Account(id))) => {
                self.memberships.retain(|(_, member, nested), _| *nested || *member != id);
                Outcome::Done(self.accounts.remove(&id).expect("an account that is there"))
            }
            (Action::Revoke, Some(Target::Membership { group, member, nested })) => {
                self.memberships.remove(&(group, member, nested));
                Outcome::Done(Object::new("", Attributes::new()))
            }
            (Action::Revoke, Some(Target::Grant { group, grant })) => {
                let whole = self.grants.remove(&(group, grant)).unwrap_or_default();
                // Grants that stay cover some of it, and are told by themselves now.
                let keep = order.after.get(observed::KEEP.into()).and_then(Value::as_list).unwrap_or_default();
                for kept in keep {
                    let kept: Attributes = kept.as_map().unwrap().iter().cloned().collect();
                    let key = (group, self.schema.grant_text(&kept));
                    if !self.grants.contains_key(&key) {
                        let within = [("within".into(), Value::list([Value::Text(grant)]))].into_iter().collect();
                        self.grants.insert(key, kept.overlaid(&within));
                        let partial = [("partial".into(), Value::text("in part"))].into_iter().collect();
                        self.grants.insert((group, grant), whole.overlaid(&partial));
                    }
                }
                Outcome::Done(Object::new("", Attributes::new()))
            }
            (_, Some(Target::Membership { group, member, nested })) => {
                let known = self.memberships.entry((group, member, nested)).or_default();
                *known = known.overlaid(&order.after);
                Outcome::Done(Object::new("", known.clone()))
            }
            (_, Some(Target::Grant { group, grant })) => {
                let known = self.grants.entry((group, grant)).or_default();
                // Its parts are told no more.
                let own: Attributes = known
                    .overlaid(&order.after)
                    .iter()
                    .filter(|(name, _)| name.as_str() != "partial")
                    .cloned()
                    .collect();
                *known = own.clone();
                let part = |attributes: &Attributes| {
                    let within = attributes.get("within".into()).and_then(Value::as_list).unwrap_or_default();
                    within.contains(&Value::Text(grant))
                };
                self.grants.retain(|(own, _), attributes| *own != group || !part(attributes));
                Outcome::Done(Object::new("", own))
            }
            _ => Outcome::Done(self.write(name, order)),
        }
    }

    fn write(&mut self, name: Symbol, order: &Order) -> Object {
        let id = match order.target {
            Some(Target::Account(id) | Target::Group(id)) => id,
            _ => {
                self.made += 1;
                format!("{name}-{}", self.made).into()
            }
        };
        let objects = if order.kind == Kind::Group { &mut self.groups } else { &mut self.accounts };
        let object = objects.entry(id).or_insert_with(|| Object::new(id, Attributes::new()));
        let secrets = order.secrets.0.iter().map(|(name, _)| (*name, Value::text("(secret)")));
        let after: Attributes = order.after.iter().cloned().chain(secrets).collect();
        object.attributes = object.attributes.overlaid(&merged(&object.attributes, &after));
        object.attributes = object.attributes.iter().filter(|(_, value)| !value.is_empty()).cloned().collect();
        match order.action {
            Action::Deactivate => object.active = false,
            Action::Archive => {
                object.active = false;
                let mark = [(Symbol::new(ARCHIVED), Value::Bool(true))].into_iter().collect();
                object.attributes = object.attributes.overlaid(&mark);
            }
            Action::Reactivate => {
                object.active = true;
                let whole = object.attributes.iter().filter(|(name, _)| name.as_str() != ARCHIVED);
                object.attributes = whole.cloned().collect();
            }
            _ => {}
        }
        object.clone()
    }
}

/// Of objects only some keys are sent; the others stay.
fn merged(own: &Attributes, after: &Attributes) -> Attributes {
    let pair = |(name, value): &(Symbol, Value)| match (own.get(*name), value) {
        (Some(Value::Map(old)), Value::Map(new)) => {
            let kept = old.iter().filter(|(key, _)| !new.iter().any(|(other, _)| other == key));
            (*name, Value::map(new.iter().chain(kept).cloned()))
        }
        _ => (*name, value.clone()),
    };
    after.iter().map(pair).collect()
}

fn list(name: Symbol, shape: Shape) -> AttributeSchema {
    AttributeSchema {
        name,
        value: AttributeType::Any,
        shape,
        mutability: Mutability::ReadWrite,
        case_exact: true,
        required: false,
    }
}
