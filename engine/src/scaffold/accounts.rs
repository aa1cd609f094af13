//! How people look on a system: by what their accounts are found, and which attributes follow from what is known of
//! them. Only what holds for every account is enforced, so that nothing changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use state::{Mutability, Object, Symbol, Value};

use super::fields::{FIELDS, text};
use super::people::Someone;
use super::write::account_reference;
use super::{Extent, Given};
use crate::discover::traits::of_name;
use crate::language::write::{key, quoted};

/// An expression over a person, and what it comes to.
struct Candidate {
    expression: String,
    value: fn(&Someone<'_>, &str) -> Option<String>,
    field: String,
}

impl Candidate {
    fn of(&self, one: &Someone<'_>) -> Option<String> {
        (self.value)(one, &self.field)
    }
}

/// What is added to the block of a system: `match` and `account {}`. What cannot be matched is adopted one by one.
pub(super) fn block(
    system: &Given<'_>,
    number: usize,
    all: &mut [Someone<'_>],
    extent: Extent,
    adopts: &mut String,
) -> String {
    let mut text = String::new();
    let matched = match system.declared {
        Some((_, attribute)) => Some(attribute),
        None => matched(system, number, all, &mut text, adopts),
    };
    if system.has_account {
        return text;
    }
    let here: Vec<(&Someone<'_>, &Object)> =
        all.iter().filter_map(|one| Some((one, *one.accounts.get(&number)?))).collect();
    let candidates = candidates(&here);
    let (mut plain, mut odd): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut enforced: BTreeSet<Symbol> = BTreeSet::new();
    let names: BTreeSet<Symbol> =
        here.iter().flat_map(|(_, account)| account.attributes.iter().map(|(name, _)| *name)).collect();
    for name in names.into_iter().filter(|name| extent.attributes && writable(system, *name)) {
        let Some(expression) = enforce(&here, &candidates, name) else { continue };
        enforced.insert(name);
        match state::address::is_identifier(name.as_str())
            && !["when", "attributes", "authority"].contains(&name.as_str())
        {
            true => plain.push(format!("{name} = {expression}")),
            false => odd.push(format!("{} = {expression}", quoted(name.as_str()))),
        }
    }
    let create = created(system, &here, &candidates, &enforced, matched);
    text.push_str("account {\n");
    plain.iter().for_each(|line| text.push_str(&format!("{line}\n")));
    if !odd.is_empty() {
        let _ = writeln!(text, "attributes = {{\n{}\n}}", odd.join("\n"));
    }
    if !create.is_empty() {
        let _ = writeln!(text, "on_create {{\n{}\n}}", create.join("\n"));
    }
    text.push_str("}\n");
    text
}

/// Writes `match`; which attribute it compares.
fn matched(
    system: &Given<'_>,
    number: usize,
    all: &mut [Someone<'_>],
    to: &mut String,
    adopts: &mut String,
) -> Option<Symbol> {
    let key = system.capabilities.account_key.map(|key| key.attribute);
    let named = || {
        let accounts = all.iter().filter_map(|one| one.accounts.get(&number));
        let names = accounts.flat_map(|account| account.attributes.iter().map(|(name, _)| *name));
        names.filter(|name| key != Some(*name) && of_name(name.as_str()).is_some()).collect::<BTreeSet<Symbol>>()
    };
    for attribute in key.into_iter().chain(named()) {
        let values = Values::of(system, attribute);
        let here = || all.iter().filter_map(|one| Some((one, *one.accounts.get(&number)?)));
        let fits = |field: &str| {
            here().all(|(one, account)| {
                let value = values.single(account);
                value.is_some() && one.fields.get(field).map(String::as_str) == value
            })
        };
        if let Some(field) = ["login", "email", "employee_number"].into_iter().find(|field| fits(field)) {
            let _ = writeln!(to, "match = self.{field} == account{}", attribute_step(attribute));
            return Some(attribute);
        }
    }
    let here = || all.iter().filter_map(|one| Some((one, *one.accounts.get(&number)?)));
    if let Some(key) = key {
        // What only this system calls people.
        let values = Values::of(system, key);
        let own: Option<Vec<String>> = here().map(|(_, account)| values.single(account).map(str::to_owned)).collect();
        if let Some(own) = own {
            let field = format!("{}_login", super::write::slug(system.name.as_str()));
            let _ = writeln!(to, "match = self.{field} == account{}", attribute_step(key));
            let holders = all.iter_mut().filter(|one| one.accounts.contains_key(&number));
            for (one, value) in holders.zip(own) {
                one.fields.insert(field.clone(), value);
            }
            return Some(key);
        }
    }
    for (one, account) in here() {
        let reference = account_reference(system.name, &one.key);
        let _ = writeln!(adopts, "adopt {{\naccount = {reference}\nid = {}\n}}\n", quoted(account.id.as_str()));
    }
    None
}

/// What accounts have for an attribute, and how many of them: a value that two have says nothing, and accounts that are
/// switched off count too.
struct Values {
    attribute: Symbol,
    seen: BTreeMap<&'static str, u32>,
}

impl Values {
    fn of(system: &Given<'_>, attribute: Symbol) -> Values {
        let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
        for account in &system.observed.accounts {
            if let Some(value) = account.attributes.get(attribute).and_then(text) {
                *seen.entry(value).or_default() += 1;
            }
        }
        Values { attribute, seen }
    }

    /// The value of an account, where no other has it.
    fn single(&self, account: &Object) -> Option<&'static str> {
        match account.attributes.get(self.attribute) {
            Some(Value::Text(own)) if self.seen.get(own.as_str()) == Some(&1) => Some(own.as_str()),
            _ => None,
        }
    }
}

/// `.uid`, or `["user name"]`.
fn attribute_step(name: Symbol) -> String {
    match state::address::is_identifier(name.as_str()) {
        true => format!(".{name}"),
        false => format!("[{}]", quoted(name.as_str())),
    }
}

fn candidates(here: &[(&Someone<'_>, &Object)]) -> Vec<Candidate> {
    let has = |field: &str| here.iter().any(|(one, _)| one.fields.contains_key(field));
    let all = |field: &str| here.iter().all(|(one, _)| one.fields.contains_key(field));
    let field = |name: &str| Candidate {
        expression: format!("self.{name}"),
        value: |one, field| one.fields.get(field).cloned(),
        field: name.to_owned(),
    };
    let mut candidates: Vec<Candidate> =
        FIELDS.iter().filter(|(name, _)| has(name)).map(|(name, _)| field(name)).collect();
    // A template cannot hold what is not there.
    if all("given_name") && all("family_name") {
        candidates.push(Candidate {
            expression: "\"${self.given_name} ${self.family_name}\"".to_owned(),
            value: |one, _| Some(format!("{} {}", one.fields.get("given_name")?, one.fields.get("family_name")?)),
            field: String::new(),
        });
    }
    candidates
}

/// Whether an attribute can be set again and again.
fn writable(system: &Given<'_>, name: Symbol) -> bool {
    match system.schema.account.iter().find(|attribute| attribute.name == name) {
        Some(attribute) => attribute.mutability == Mutability::ReadWrite && !system.schema.privileged.contains(&name),
        None => system.schema.account_open,
    }
}

/// The expression that comes to what every account has there.
fn enforce(here: &[(&Someone<'_>, &Object)], candidates: &[Candidate], name: Symbol) -> Option<String> {
    let single = |value: &Value| matches!(value, Value::Text(_)) || value.as_list().is_some_and(|list| list.len() == 1);
    if here.iter().all(|(_, account)| account.attributes.get(name).is_none_or(single)) {
        let found = |account: &Object| account.attributes.get(name).and_then(text).map(str::to_owned);
        let candidate = candidates.iter().find(|candidate| {
            here.iter().all(|(one, account)| match candidate.of(one) {
                Some(value) => found(account).as_ref() == Some(&value),
                None => true,
            }) && here.iter().any(|(one, _)| candidate.of(one).is_some())
        })?;
        return Some(candidate.expression.clone());
    }
    // Of objects every part that follows: only where all have it.
    let maps: Option<Vec<&[(Symbol, Value)]>> =
        here.iter().map(|(_, account)| account.attributes.get(name)?.as_map()).collect();
    let parts: BTreeSet<Symbol> = maps?.iter().flat_map(|map| map.iter().map(|(part, _)| *part)).collect();
    let mut lines = Vec::new();
    for part in parts {
        let found = |account: &Object| {
            account.attributes.get(name).and_then(|map| map.get(part)?.as_text()).map(|text| text.to_string())
        };
        let fits = |candidate: &&Candidate| {
            here.iter().all(|(one, account)| candidate.of(one).is_some() && candidate.of(one) == found(account))
        };
        if let Some(candidate) = candidates.iter().find(fits) {
            lines.push(format!("{} = {}", key(part.as_str()), candidate.expression));
        }
    }
    (!lines.is_empty()).then(|| format!("{{ {} }}", lines.join(", ")))
}

/// What a new account needs besides: as most of those that are there have it.
fn created(
    system: &Given<'_>,
    here: &[(&Someone<'_>, &Object)],
    candidates: &[Candidate],
    enforced: &BTreeSet<Symbol>,
    matched: Option<Symbol>,
) -> Vec<String> {
    let needed = system.schema.account.iter().filter(|attribute| {
        attribute.required
            && attribute.mutability != Mutability::ReadOnly
            && !enforced.contains(&attribute.name)
            && matched != Some(attribute.name)
            && state::address::is_identifier(attribute.name.as_str())
    });
    needed
        .filter_map(|attribute| {
            let agree = |candidate: &&Candidate| {
                let same = here.iter().filter(|(one, account)| {
                    let found = account.attributes.get(attribute.name).and_then(text);
                    found.is_some() && candidate.of(one).as_deref() == found
                });
                same.count()
            };
            let best = candidates.iter().max_by_key(agree).filter(|best| agree(best) * 2 > here.len())?;
            Some(format!("{} = {}", attribute.name, best.expression))
        })
        .collect()
}
