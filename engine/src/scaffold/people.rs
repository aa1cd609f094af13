//! Which accounts are one person's: those that share an employee number, an address of mail or a login, or whose login is the
//! name in the address of another, as long as nothing speaks against it. What is taken for one person's is said with its evidence.

use std::collections::{BTreeMap, BTreeSet};

use state::{Object, Symbol};

use super::Given;
use super::fields::{FIELDS, fields, text};
use crate::discover::traits::{Trait, known_by};

/// A person or service.
pub struct Someone<'a> {
    pub key: String,
    pub service: bool,
    /// Of each system (by number) the account.
    pub accounts: BTreeMap<usize, &'a Object>,
    /// What is known, by the names that people's attributes get.
    pub fields: BTreeMap<String, String>,
}

/// Accounts that were taken for one person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    pub person: String,
    /// Systems and the names of the accounts there.
    pub accounts: Vec<(Symbol, String)>,
    /// What they share.
    pub evidence: Vec<(Trait, String)>,
}

/// One set of accounts in the making.
#[derive(Default)]
struct Cluster {
    accounts: Vec<usize>,
    systems: BTreeSet<usize>,
    numbers: BTreeSet<String>,
    mails: BTreeSet<String>,
    evidence: Vec<(Trait, String)>,
}

impl Cluster {
    /// What speaks against one person behind both.
    fn contradicts(&self, other: &Cluster, by: Trait) -> Option<&'static str> {
        let differ = |a: &BTreeSet<String>, b: &BTreeSet<String>| !a.is_empty() && !b.is_empty() && a.is_disjoint(b);
        if !self.systems.is_disjoint(&other.systems) {
            return Some("there would be two accounts on one system");
        }
        if by != Trait::EmployeeNumber && differ(&self.numbers, &other.numbers) {
            return Some("the employee numbers differ");
        }
        (by >= Trait::Login && differ(&self.mails, &other.mails)).then_some("the addresses of mail differ")
    }
}

/// Everybody with an account that may sign in, and which accounts of theirs were guessed to belong together.
pub(super) fn people<'a>(systems: &[Given<'a>], notes: &mut Vec<String>) -> (Vec<Someone<'a>>, Vec<Join>) {
    let mut accounts: Vec<(usize, &Object)> = Vec::new();
    for (number, system) in systems.iter().enumerate() {
        let own = |account: &&Object| system.observed.own.binary_search(&account.id).is_err();
        let (active, off): (Vec<&Object>, Vec<&Object>) =
            system.observed.accounts.iter().filter(own).partition(|account| account.active);
        if !off.is_empty() {
            let names: Vec<String> = off.iter().take(5).map(|account| name_of(system, account)).collect();
            let more = if off.len() > names.len() { ", ..." } else { "" };
            notes.push(format!(
                "system.{}: accounts that are switched off are left out, {} in all: {}{more}",
                system.name,
                off.len(),
                names.join(", ")
            ));
        }
        accounts.extend(active.into_iter().map(|account| (number, account)));
    }
    let clusters = clusters(systems, &accounts, notes);
    let mut everybody: Vec<(Someone<'a>, Cluster)> = clusters
        .into_iter()
        .map(|cluster| {
            let own = cluster.accounts.iter().filter_map(|n| accounts.get(*n)).map(|(n, account)| (*n, *account));
            let own: BTreeMap<usize, &Object> = own.collect();
            let fields = known(systems, &own);
            (Someone { key: String::new(), service: false, accounts: own, fields }, cluster)
        })
        .collect();
    tell_services(&mut everybody, notes);
    tidy_names(&mut everybody);
    name(systems, &mut everybody);
    everybody.sort_by(|(a, _), (b, _)| (a.service, &a.key).cmp(&(b.service, &b.key)));
    let joins = everybody.iter().filter(|(one, _)| one.accounts.len() > 1);
    let joins = joins.map(|(one, cluster)| Join {
        person: one.key.clone(),
        accounts: one
            .accounts
            .iter()
            .filter_map(|(n, account)| systems.get(*n).map(|system| (system.name, name_of(system, account))))
            .collect(),
        evidence: cluster.evidence.clone(),
    });
    let joins = joins.collect();
    (everybody.into_iter().map(|(one, _)| one).collect(), joins)
}

/// What an account is called on its system.
pub(super) fn name_of(system: &Given<'_>, account: &Object) -> String {
    let key = system.capabilities.account_key.and_then(|key| account.attributes.get(key.attribute));
    key.and_then(text).unwrap_or(account.id.as_str()).to_owned()
}

fn clusters(systems: &[Given<'_>], accounts: &[(usize, &Object)], notes: &mut Vec<String>) -> Vec<Cluster> {
    let mut bearers: BTreeMap<(Trait, String), Vec<usize>> = BTreeMap::new();
    let mut sets: Vec<Cluster> = Vec::with_capacity(accounts.len());
    for (number, (system, account)) in accounts.iter().enumerate() {
        let mut cluster = Cluster { accounts: vec![number], systems: [*system].into(), ..Cluster::default() };
        for one in systems.get(*system).map(|system| traits_of(system, account)).unwrap_or_default() {
            match one.0 {
                Trait::EmployeeNumber => drop(cluster.numbers.insert(one.1.clone())),
                Trait::Mail => drop(cluster.mails.insert(one.1.clone())),
                Trait::Login | Trait::MailName => {}
            }
            bearers.entry(one).or_default().push(number);
        }
        sets.push(cluster);
    }
    let mut of: Vec<usize> = (0..accounts.len()).collect();
    // Names in addresses that say nothing, since the address or the login does not, which was told.
    let mut useless: BTreeSet<String> = BTreeSet::new();
    for (one, numbers) in bearers {
        let mut on: Vec<usize> = numbers.iter().filter_map(|n| accounts.get(*n)).map(|(system, _)| *system).collect();
        on.sort_unstable();
        let weak = one.0 == Trait::MailName;
        let name = one.1.split('@').next().unwrap_or_default();
        if on.array_windows().any(|[a, b]| a == b) {
            // Of what is a guess already, nobody needs to know that it was not made, where no other system is about.
            if weak && (on.first() == on.last() || useless.contains(name)) {
                continue;
            }
            useless.insert(name.to_owned());
            notes.push(format!(
                "{} {:?} is shared by {} accounts, and says nothing about whose they are",
                one.0.word(),
                one.1,
                numbers.len()
            ));
            continue;
        }
        let Some((first, others)) = numbers.split_first() else { continue };
        for other in others {
            // Numbers come from this very list.
            let (to, from) = (of[*first], of[*other]);
            if to == from {
                if !weak && !sets[to].evidence.contains(&one) {
                    sets[to].evidence.push(one.clone());
                }
                continue;
            }
            if let Some(why) = sets[to].contradicts(&sets[from], one.0) {
                if weak && useless.contains(name) {
                    continue;
                }
                useless.insert(name.to_owned());
                notes.push(format!("{} {:?} does not make one person of two: {why}", one.0.word(), one.1));
                continue;
            }
            let taken = std::mem::take(&mut sets[from]);
            taken.accounts.iter().for_each(|account| of[*account] = to);
            let into = &mut sets[to];
            into.accounts.extend(taken.accounts);
            into.systems.extend(taken.systems);
            into.numbers.extend(taken.numbers);
            into.mails.extend(taken.mails);
            into.evidence.extend(taken.evidence);
            if !into.evidence.contains(&one) {
                into.evidence.push(one.clone());
            }
        }
    }
    sets.retain(|set| !set.accounts.is_empty());
    sets
}

/// By what an account may be known: where its system's block says so, by that alone.
fn traits_of(system: &Given<'_>, account: &Object) -> BTreeSet<(Trait, String)> {
    let Some((name, attribute)) = system.declared else {
        return known_by(account, system.capabilities.account_key.map(|key| key.attribute));
    };
    let kind = match name.as_str() {
        "email" => Trait::Mail,
        "login" => Trait::Login,
        _ => Trait::EmployeeNumber,
    };
    let value = account.attributes.get(attribute).and_then(text);
    value.map(|value| (kind, value.trim().to_lowercase())).into_iter().collect()
}

/// What accounts say of whoever has them: the system with most accounts is believed first.
fn known(systems: &[Given<'_>], accounts: &BTreeMap<usize, &Object>) -> BTreeMap<String, String> {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut order: Vec<usize> = accounts.keys().copied().collect();
    order.sort_by_key(|n| (std::cmp::Reverse(systems.get(*n).map_or(0, |s| s.observed.accounts.len())), *n));
    for number in &order {
        let (Some(system), Some(account)) = (systems.get(*number), accounts.get(number)) else { continue };
        if let Some((name, attribute)) = system.declared
            && let Some(value) = account.attributes.get(attribute).and_then(text)
        {
            known.insert(name.to_string(), value.to_owned());
        }
    }
    for number in order {
        let (Some(system), Some(account)) = (systems.get(number), accounts.get(&number)) else { continue };
        for (field, value) in fields(account, system.capabilities.account_key.map(|key| key.attribute)) {
            known.entry(field.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    known
}

/// An account of which nothing says that a human has it is a service's, where others have such signs.
fn tell_services(everybody: &mut [(Someone<'_>, Cluster)], notes: &mut Vec<String>) {
    let signs = ["email", "given_name", "family_name", "employee_number"];
    let human = |one: &Someone<'_>| one.accounts.len() > 1 || signs.iter().any(|field| one.fields.contains_key(*field));
    let humans = everybody.iter().filter(|(one, _)| human(one)).count();
    if humans * 2 < everybody.len() {
        return;
    }
    let mut services = 0;
    for (one, _) in everybody.iter_mut().filter(|(one, _)| !human(one)) {
        one.service = true;
        services += 1;
    }
    if services > 0 {
        notes.push(format!(
            "{services} account{} neither mail nor a person's name, and were taken for services: see services.hcl",
            if services == 1 { " has" } else { "s have" }
        ));
    }
}

/// Where everybody's name is made of the two others, it says nothing more.
fn tidy_names(everybody: &mut [(Someone<'_>, Cluster)]) {
    let whole = |one: &Someone<'_>| {
        let field = |name: &str| one.fields.get(name);
        match (field("name"), field("given_name"), field("family_name")) {
            (Some(name), Some(given), Some(family)) => *name == format!("{given} {family}"),
            (None, ..) => true,
            _ => false,
        }
    };
    if everybody.iter().all(|(one, _)| whole(one)) {
        everybody.iter_mut().for_each(|(one, _)| drop(one.fields.remove("name")));
    }
}

/// Gives everybody a key: an employee number where all people have one, else a login, else what an account is called.
fn name(systems: &[Given<'_>], everybody: &mut [(Someone<'_>, Cluster)]) {
    let people = || everybody.iter().filter(|(one, _)| !one.service);
    let numbered = people().all(|(one, _)| one.fields.contains_key("employee_number"));
    let mut keys: Vec<String> = Vec::with_capacity(everybody.len());
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for (one, _) in everybody.iter() {
        let own = |field: &str| one.fields.get(field).cloned();
        let called = || {
            let (number, account) = one.accounts.iter().next()?;
            Some(name_of(systems.get(*number)?, account))
        };
        let key = if numbered && !one.service { own("employee_number") } else { None };
        let key = key.or_else(|| own("login")).or_else(|| own("email")).or_else(called).unwrap_or_default();
        // Of an address of mail only what stands before the `@`: the rest may change.
        let key = key.split('@').next().unwrap_or_default().trim().to_owned();
        let key = if one.service { super::write::slug(&key) } else { key };
        let key =
            if key.is_empty() || key.starts_with("id:") { format!("p-{}", key.trim_start_matches("id:")) } else { key };
        keys.push(super::write::unique(key, '-', &mut taken));
    }
    for ((one, _), key) in everybody.iter_mut().zip(keys) {
        one.key = key;
    }
}

/// The fields that anybody has, in the order in which they are written.
pub(super) fn columns(everybody: &[&Someone<'_>]) -> Vec<String> {
    let all: BTreeSet<&String> = everybody.iter().flat_map(|one| one.fields.keys()).collect();
    let known = FIELDS.iter().map(|(name, _)| (*name).to_owned()).filter(|name| all.contains(name));
    let others = all.iter().filter(|name| !FIELDS.iter().any(|(own, _)| own == *name)).map(|name| (*name).clone());
    known.chain(others).collect()
}
