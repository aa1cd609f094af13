//! What the expressions of the files see: the scope that answers for other blocks and for the outside.

use std::sync::{Arc, LazyLock};

use state::{Address, Object, Symbol};

use super::calls;
use super::errors::{did_you_mean, follows};
use super::identities::{Record, Who};
use super::instances::{Each, Instances};
use super::world::{Run, World};
use crate::language::{Failure, Reference, Scope, Value};

/// A scope: the world, and what the place of the expression adds to it.
pub(super) struct View<'a> {
    pub world: &'a World,
    pub run: &'a Run<'a>,
    /// `self`.
    pub own: Option<(Who, &'a Record)>,
    /// `each`.
    pub each: Option<&'a Each>,
    /// `row`.
    pub row: Option<&'a Value>,
    /// `account`, in `match` and `ignore`.
    pub account: Option<&'a Object>,
    /// Where a number of `next` goes: only in `on_create`.
    pub next: Option<Next>,
    /// `self` of a leaver: the attributes that the record knows.
    pub leaver: Option<&'a Value>,
}

/// For whom `next` gives a number.
#[derive(Clone, Copy)]
pub(super) struct Next {
    pub system: Symbol,
    pub attribute: Symbol,
    pub holder: Symbol,
}

/// Names under which other blocks are reached, made once: they are asked for in every expression.
struct Paths {
    by_name: Vec<(&'static str, Arc<str>)>,
    own_accounts: Arc<str>,
}

const ROOTS: [&str; 9] = ["var", "local", "person", "people", "service", "system", "group", "role", "offboarding"];

static PATHS: LazyLock<Paths> = LazyLock::new(|| Paths {
    by_name: ROOTS.iter().chain(&["each", "account"]).map(|name| (*name, Arc::from(*name))).collect(),
    own_accounts: Arc::from("self.accounts"),
});

fn path(name: &str) -> Option<Value> {
    let (_, text) = PATHS.by_name.iter().find(|(own, _)| *own == name)?;
    Some(Value::Reference(Reference::Path(text.clone())))
}

fn to(address: Address) -> Value {
    Value::Reference(Reference::To(address))
}

fn below(path: &str, name: &str) -> Value {
    Value::Reference(Reference::Path(Arc::from(format!("{path}.{name}"))))
}

impl<'a> View<'a> {
    pub(super) fn new(world: &'a World, run: &'a Run<'a>) -> View<'a> {
        View { world, run, own: None, each: None, row: None, account: None, next: None, leaver: None }
    }

    /// A person by key.
    fn person(&self, key: &str) -> Result<Value, Failure> {
        let people = self.world.people(self.run)?;
        if let Some(record) = people.number(key).and_then(|number| people.items.get(number as usize)) {
            return Ok(to(record.address));
        }
        if people.incomplete {
            return Err(follows());
        }
        // Everybody's manager may be misspelled: nobody reads so many hints, and each takes a look at all keys.
        let known = if self.world.may_search() { &people.items[..] } else { &[] };
        let known = known.iter().map(|record| record.key.as_str());
        let hint = did_you_mean(key, known, || "no `person` or `people` block declares that key".to_owned());
        Err(Failure::new(format!("{} is not declared", Address::Person(Symbol::new(key)))).hint(hint))
    }

    /// What a block of that name is: itself, or the way to its instances.
    fn declared(&self, kind: &str, name: &str) -> Result<Value, Failure> {
        let program = &self.world.program;
        let (number, repeated) = match kind {
            "service" => {
                let number = program.service_numbers.get(name);
                let block = number.and_then(|number| program.services.get(*number as usize));
                (number.copied(), block.is_some_and(|block| block.expr("for_each").is_some()))
            }
            "system" | "role" => {
                let table = if kind == "system" { &program.systems } else { &program.roles };
                let found = table.get(name);
                (found.map(|(number, _)| number), found.is_some_and(|(_, block)| block.expr("for_each").is_some()))
            }
            _ => (None, false),
        };
        match (number, repeated) {
            (None, _) => {
                let known: Vec<&str> = match kind {
                    "service" => program.services.iter().map(|block| &*block.name).collect(),
                    "system" => program.systems.blocks.iter().map(|block| &*block.name).collect(),
                    _ => program.roles.blocks.iter().map(|block| &*block.name).collect(),
                };
                let hint = did_you_mean(name, known, || format!("declare it: {kind} {name:?} {{ ... }}"));
                Err(Failure::new(format!("{kind}.{name} is not declared")).hint(hint))
            }
            (Some(_), true) => Ok(below(kind, name)),
            (Some(_), false) => {
                let name = Symbol::new(name);
                Ok(to(match kind {
                    "service" => Address::Service(name),
                    "system" => Address::System(name),
                    _ => Address::Role(name),
                }))
            }
        }
    }

    /// The instance `key` of the block that `kind.name` leads to.
    fn instance(&self, kind: &str, name: &str, key: &str) -> Result<Value, Failure> {
        let missing = |known: Vec<&str>| {
            let hint = did_you_mean(key, known.iter().copied(), || match known.as_slice() {
                [] => "its for_each is empty".to_owned(),
                [only] => format!("its only instance is {kind}.{name}[{only:?}]"),
                [first, ..] => format!("it has {} instances, such as {kind}.{name}[{first:?}]", known.len()),
            });
            Failure::new(format!("{kind}.{name} has no instance {key:?}")).hint(hint)
        };
        if kind == "service" {
            let number = self.world.program.service_numbers.get(name).copied().ok_or_else(follows)?;
            let services = self.world.services(self.run, number)?;
            let full = state::address::instance(name, key);
            let found = services.number(full.as_str()).and_then(|number| services.items.get(number as usize));
            return found.map(|record| to(record.address)).ok_or_else(|| {
                missing(
                    services.items.iter().filter_map(|record| record.each.as_ref()).map(|each| &*each.key).collect(),
                )
            });
        }
        let instances = self.table(kind, name)?;
        let (_, item) = instances.get(key).ok_or_else(|| missing(instances.keys().collect()))?;
        Ok(to(if kind == "system" { Address::System(item.name) } else { Address::Role(item.name) }))
    }

    fn table(&self, kind: &str, name: &str) -> Result<&'a Instances, Failure> {
        let program = &self.world.program;
        let table = if kind == "system" { &program.systems } else { &program.roles };
        let (number, _) = table.get(name).ok_or_else(follows)?;
        if kind == "system" {
            self.world.system_instances(self.run, number)
        } else {
            self.world.role_instances(self.run, number)
        }
    }

    /// `group.SYSTEM.NAME`.
    fn group(&self, system: &str, name: &str) -> Result<Value, Failure> {
        let groups = &self.world.program.groups;
        let full = format!("{system}.{name}");
        let Some((number, block)) = groups.get(&full) else {
            let prefix = format!("{system}.");
            let known = groups.numbers.keys().filter_map(|full| full.strip_prefix(prefix.as_str()));
            let mut known: Vec<&str> = known.collect();
            known.sort_unstable();
            let hint = did_you_mean(name, known, || format!("declare it: group {system:?} {name:?} {{ ... }}"));
            return Err(Failure::new(format!("group.{full} is not declared")).hint(hint));
        };
        if block.expr("for_each").is_some() {
            return Ok(below("group", &full));
        }
        let instances = self.world.group_instances(self.run, number)?;
        match (instances.systems.first(), instances.instances.items.first()) {
            (Some(system), Some(item)) => Ok(to(Address::Group { system: *system, group: item.name })),
            _ => Err(follows()),
        }
    }

    fn group_instance(&self, full: &str, key: &str) -> Result<Value, Failure> {
        let (number, _) = self.world.program.groups.get(full).ok_or_else(follows)?;
        let groups = self.world.group_instances(self.run, number)?;
        let found = groups.instances.get(key).and_then(|(at, item)| Some((*groups.systems.get(at)?, item.name)));
        found.map(|(system, group)| to(Address::Group { system, group })).ok_or_else(|| {
            let hint = did_you_mean(key, groups.instances.keys(), || match groups.instances.keys().next() {
                None => "its for_each is empty".to_owned(),
                Some(first) => format!("it has instances such as group.{full}[{first:?}]"),
            });
            Failure::new(format!("group.{full} has no instance {key:?}")).hint(hint)
        })
    }

    /// Whose accounts `self.accounts` or `person.ada.accounts` are.
    fn holder(&self, whose: &str) -> Result<Symbol, Failure> {
        if whose == "self"
            && let Some((_, record)) = self.own
        {
            return Ok(record.key);
        }
        whose.parse::<Address>().ok().and_then(Address::holder).ok_or_else(follows)
    }

    /// An attribute of an account or group as far as it is known.
    fn made(&self, address: Address, name: &str) -> Result<Value, Failure> {
        // What is on other systems changes from plan to apply.
        self.run.volatile();
        let Some(known) = self.run.known else {
            return Ok(Value::unknown(vec![address], false));
        };
        let object = match address {
            Address::Account { system, holder } => known.account(system, holder),
            Address::Group { system, group } => known.group(system, group),
            _ => None,
        };
        let Some(object) = object else { return Ok(Value::Null) };
        if name == "id" {
            return Ok(match object.id {
                Some(id) => Value::string(id.as_str()),
                None => Value::unknown(vec![address], false),
            });
        }
        let symbol = Symbol::new(name);
        if object.deferred.contains(&symbol) {
            return Ok(Value::unknown(vec![address], false));
        }
        Ok(match object.attributes.get(symbol) {
            Some(value) => Value::from_state(value),
            None if object.unplanned => Value::unknown(vec![address], false),
            None => Value::Null,
        })
    }

    /// An attribute of the account that `match` and `ignore` look at.
    fn account_attribute(&self, name: &str) -> Value {
        let Some(account) = self.account else { return Value::Null };
        if let Some(value) = account.attributes.get(Symbol::new(name)) {
            return Value::from_state(value);
        }
        match name {
            "id" => Value::string(account.id.as_str()),
            "active" => Value::Bool(account.active),
            _ => Value::Null,
        }
    }
}

impl Scope for View<'_> {
    fn root(&self, name: &str) -> Option<Value> {
        match name {
            "self" => self.leaver.cloned().or_else(|| self.own.map(|(_, record)| to(record.address))),
            "row" => self.row.cloned(),
            "each" if self.each.is_none() => None,
            "account" if self.account.is_none() => None,
            name => path(name),
        }
    }

    fn roots(&self) -> Vec<String> {
        let own = [
            ("self", self.own.is_some() || self.leaver.is_some()),
            ("row", self.row.is_some()),
            ("each", self.each.is_some()),
            ("account", self.account.is_some()),
        ];
        let own = own.into_iter().filter(|(_, here)| *here).map(|(name, _)| name);
        own.chain(ROOTS).map(str::to_owned).collect()
    }

    fn attribute(&self, of: &Reference, name: &str) -> Result<Value, Failure> {
        let world = self.world;
        let text = match of {
            Reference::To(address @ (Address::Person(_) | Address::Service(_))) => {
                let who = match self.own {
                    Some((who, record)) if record.address == *address => who,
                    _ => world.who(self.run, *address).ok_or_else(follows)?,
                };
                if name == "accounts" {
                    let own = self.own.is_some_and(|(own, _)| own == who);
                    return Ok(Value::Reference(Reference::Path(if own {
                        PATHS.own_accounts.clone()
                    } else {
                        Arc::from(format!("{address}.accounts"))
                    })));
                }
                if let Some(system) = world.deciding(self.run, name) {
                    let holder = world.identity(who).map(|record| record.key).ok_or_else(follows)?;
                    return self.made(Address::Account { system, holder }, name);
                }
                return world.identity_attribute(self.run, who, name);
            }
            Reference::To(address @ (Address::Account { .. } | Address::Group { .. })) => {
                return self.made(*address, name);
            }
            Reference::To(address) => {
                return Err(Failure::new(format!("{address} has no attribute {name:?}"))
                    .hint("it stands in lists of access and members only"));
            }
            Reference::Path(text) => &**text,
        };
        match text {
            "var" => {
                let Some((number, _)) = world.program.variables.get(name) else {
                    let known = world.program.variables.blocks.iter().map(|variable| &*variable.name);
                    let hint = did_you_mean(name, known, || format!("declare it: variable {name:?} {{}}"));
                    return Err(Failure::new(format!("var.{name} is not declared")).hint(hint));
                };
                world.variable(self.run, number)
            }
            "local" => {
                let Some(number) = world.program.local_numbers.get(name) else {
                    let known = world.program.locals.iter().map(|local| &*local.name);
                    let hint = did_you_mean(name, known, || format!("declare it: locals {{ {name} = ... }}"));
                    return Err(Failure::new(format!("local.{name} is not declared")).hint(hint));
                };
                world.local(self.run, *number)
            }
            "person" => self.person(name),
            "service" | "system" | "role" => self.declared(text, name),
            "offboarding" => match world.program.offboardings.get(name) {
                // It is nothing that stands anywhere: its name is all that there is of it.
                Some(_) => Ok(Value::string(format!("offboarding.{name}"))),
                None => {
                    let known = world.program.offboardings.blocks.iter().map(|block| &*block.name);
                    let hint = did_you_mean(name, known, || format!("declare it: offboarding {name:?} {{ ... }}"));
                    Err(Failure::new(format!("offboarding.{name} is not declared")).hint(hint))
                }
            },
            "group" => {
                let groups = &world.program.groups.blocks;
                let systems = groups.iter().filter_map(|group| group.block.labels.first()).map(|(label, _)| &**label);
                if world.program.systems.get(name).is_some() || systems.clone().any(|system| system == name) {
                    return Ok(below("group", name));
                }
                let hint = did_you_mean(name, systems, || "write group.SYSTEM.NAME".to_owned());
                Err(Failure::new(format!("there are no groups on a system {name:?}")).hint(hint))
            }
            "each" => match (name, self.each) {
                ("key", Some(each)) => Ok(Value::String(each.key.clone())),
                ("value", Some(each)) => Ok(each.value.clone()),
                _ => {
                    Err(Failure::new(format!("each has no attribute {name:?}")).hint("it has each.key and each.value"))
                }
            },
            "account" => Ok(self.account_attribute(name)),
            _ => {
                if let Some(system) = text.strip_prefix("group.")
                    && !system.contains('.')
                {
                    return self.group(system, name);
                }
                if let Some(whose) = text.strip_suffix(".accounts") {
                    let Some((_, block)) = world.program.systems.get(name) else {
                        let known = world.program.systems.blocks.iter().map(|system| &*system.name);
                        let hint = did_you_mean(name, known, || format!("declare it: system {name:?} {{ ... }}"));
                        return Err(Failure::new(format!("system.{name} is not declared")).hint(hint));
                    };
                    if block.expr("for_each").is_some() {
                        return Ok(below(text, name));
                    }
                    return Ok(to(Address::Account { system: Symbol::new(name), holder: self.holder(whose)? }));
                }
                Err(Failure::new(format!("{text} has several instances, and none is called {name} without brackets"))
                    .hint(format!("write {text}[{name:?}]")))
            }
        }
    }

    fn index(&self, of: &Reference, key: &Value) -> Result<Value, Failure> {
        let key = key.to_text().map_err(|_| {
            Failure::new(format!("{} cannot be the key of an instance", key.describe())).hint("keys are strings")
        })?;
        let text = match of {
            Reference::To(Address::Person(_) | Address::Service(_) | Address::Account { .. }) => {
                return self.attribute(of, &key);
            }
            Reference::To(address) => {
                return Err(Failure::new(format!("{address} has no instances")).hint("its block has no for_each"));
            }
            Reference::Path(text) => &**text,
        };
        match text.split_once('.') {
            None => match text {
                "people" => {
                    Err(Failure::new("people are a list, and have no keys").hint(format!("write person[{key:?}]")))
                }
                _ => self.attribute(of, &key),
            },
            Some((kind @ ("service" | "system" | "role"), name)) => self.instance(kind, name, &key),
            Some(("group", rest)) if rest.contains('.') => self.group_instance(rest, &key),
            Some(("group", _)) => self.attribute(of, &key),
            Some(_) => {
                let Some((whose, system)) = text.rsplit_once(".accounts.") else { return self.attribute(of, &key) };
                match self.instance("system", system, &key)? {
                    Value::Reference(Reference::To(Address::System(system))) => {
                        Ok(to(Address::Account { system, holder: self.holder(whose)? }))
                    }
                    _ => Err(follows()),
                }
            }
        }
    }

    fn items(&self, of: &Reference) -> Result<Value, Failure> {
        let text = match of {
            Reference::To(address) => {
                return Err(Failure::new(format!("{address} is one thing, not several"))
                    .hint(format!("make a list of it: [{address}]")));
            }
            Reference::Path(text) => &**text,
        };
        let world = self.world;
        match text {
            "people" => Ok(world.people(self.run)?.list()),
            "person" => {
                let people = world.people(self.run)?;
                let pairs = people.items.iter().map(|record| (Arc::from(record.key.as_str()), to(record.address)));
                Ok(Value::object(pairs))
            }
            "var" => {
                let blocks = (0u32..).zip(&world.program.variables.blocks);
                let pairs = blocks.map(|(number, own)| Ok((own.name.clone(), world.variable(self.run, number)?)));
                Ok(Value::object(pairs.collect::<Result<Vec<_>, Failure>>()?))
            }
            "each" => match self.each {
                Some(each) => Ok(Value::object([
                    (Arc::from("key"), Value::String(each.key.clone())),
                    (Arc::from("value"), each.value.clone()),
                ])),
                None => Err(follows()),
            },
            "account" => {
                let account = self.account.ok_or_else(follows)?;
                let attributes = account.attributes.iter();
                Ok(Value::object(attributes.map(|(name, value)| (Arc::from(name.as_str()), Value::from_state(value)))))
            }
            _ => match text.split_once('.') {
                Some(("service", name)) => {
                    let number = world.program.service_numbers.get(name).copied().ok_or_else(follows)?;
                    let services = world.services(self.run, number)?;
                    let pairs = services.items.iter().filter_map(|record| Some((record.each.as_ref()?, record)));
                    Ok(Value::object(pairs.map(|(each, record)| (each.key.clone(), to(record.address)))))
                }
                Some((kind @ ("system" | "role"), name)) => {
                    let pairs = self.table(kind, name)?.items.iter().filter_map(|item| {
                        let address =
                            if kind == "system" { Address::System(item.name) } else { Address::Role(item.name) };
                        Some((item.each.as_ref()?.key.clone(), to(address)))
                    });
                    Ok(Value::object(pairs))
                }
                Some(("group", full)) if full.contains('.') => {
                    let (number, _) = world.program.groups.get(full).ok_or_else(follows)?;
                    let groups = world.group_instances(self.run, number)?;
                    let pairs = groups.instances.items.iter().zip(&groups.systems).filter_map(|(item, system)| {
                        let address = Address::Group { system: *system, group: item.name };
                        Some((item.each.as_ref()?.key.clone(), to(address)))
                    });
                    Ok(Value::object(pairs))
                }
                _ => Err(Failure::new(format!("{text} cannot be listed"))
                    .hint("what can be: people, service.N, system.N, group.SYSTEM.N and role.N with for_each")),
            },
        }
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Failure>> {
        calls::call(self, name, arguments)
    }

    fn calls(&self) -> Vec<&'static str> {
        calls::NAMES.to_vec()
    }
}
