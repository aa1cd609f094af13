//! `tenure who`: who had access when, why, since when, and by which run and commit. Read off the state file.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use state::record::{Approved, Past, RecordedObject, RunStarted, Text};
use state::{Address, Attributes, Symbol, Timestamp};

use super::history::belongs;
use crate::edge::record::damaged;
use crate::edge::{Record, Store};
use crate::render::who as render;
use crate::{Error, Exit};

/// How the answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// For a terminal.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
    /// RFC 4180, with a header line.
    Csv,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// A group, a system, a grant, a role: who has it. A person, a service, an account: what they have.
    pub about: Address,
    pub at: Timestamp,
    pub form: Form,
}

/// One person's or service's access to one thing.
#[derive(Debug)]
pub struct Access<'a> {
    /// The person or service; the account itself where the record knows nobody behind it.
    pub identity: Address,
    /// Attributes of the identity.
    pub known: Option<&'a Attributes>,
    pub account: Address,
    /// A group, or the account where access is the account itself.
    pub to: Address,
    /// Through which groups, from the account outward; empty for what is held directly.
    pub through: Vec<Address>,
    /// The membership (or account) that gives it.
    pub by: Address,
    /// That, as it is recorded.
    pub object: &'a RecordedObject,
    /// Whether the account could be used.
    pub active: bool,
    /// Since when it has been so.
    pub since: Timestamp,
    /// The run that gave it, where this file says so.
    pub run: Option<(Symbol, Option<&'a RunStarted>)>,
    /// The approvals without which that run could not have given it.
    pub approvals: Vec<&'a Approved>,
}

/// Prints who had access.
///
/// # Errors
/// Where the record is missing, damaged, or begins later than what is asked about; or where it does not know the
/// address.
pub fn run(store: &dyn Store, asked: &Asked, to: &mut dyn Write) -> Result<Exit, Error> {
    let bytes = store.load()?;
    let now = Record::new(&store.name(), &bytes, &[], None)?;
    let text = Text::new(&bytes).map_err(|damage| damaged(&store.name(), &damage))?;
    let past = text.at(asked.at).map_err(|damage| damaged(&store.name(), &damage))?;
    if asked.at < past.begins {
        let hint = match past.continued {
            true => "the archived file beside it has what was before: name it with --state FILE",
            false => "ask about a later moment: what was before tenure, no record says",
        };
        let begins = render::moment(past.begins);
        return Err(Error::new(format!("{} begins at {begins}: it says nothing of before", store.name())).hint(hint));
    }
    let mut found = collect(&past, asked.about);
    if found.is_empty() && !knows(&past, asked.about) {
        let later = knows_of(&now.recorded, asked.about);
        let hint = match later {
            true => "it is there now: `tenure history` tells since when",
            false => "`tenure state list` lists the addresses that are managed",
        };
        let at = render::moment(asked.at);
        return Err(Error::new(format!("the record knew no {} at {at}", asked.about)).hint(hint));
    }
    found.sort_by_cached_key(|access| (access.identity, access.account, access.to, access.through.clone()));
    match asked.form {
        Form::Text => render::text(to, &found, asked)?,
        Form::Json => render::json(to, &found, asked)?,
        Form::Csv => render::csv(to, &found, asked)?,
    }
    Ok(Exit::Done)
}

fn knows(past: &Past, about: Address) -> bool {
    knows_of(&past.recorded, about)
}

fn knows_of(recorded: &state::record::Recorded, about: Address) -> bool {
    recorded.identities.contains_key(&about)
        || recorded.objects.keys().any(|address| *address == about || belongs(*address, about))
        || matches!(about, Address::Role(_)) && recorded.objects.values().any(|object| of_role(object, about))
}

/// Whether a role is among the reasons of something: `role.analyst > role.basic` is of both.
fn of_role(object: &RecordedObject, role: Address) -> bool {
    let role = role.to_string();
    let names = |because: &str| because.split(" > ").any(|part| part.split(' ').next() == Some(role.as_str()));
    object.why.iter().any(|reason| names(reason.because.as_str()))
}

/// All access that `about` asks for.
pub fn collect(past: &Past, about: Address) -> Vec<Access<'_>> {
    // Members by group, groups by member: what is nested is followed in both directions.
    let mut members: BTreeMap<Address, Vec<Address>> = BTreeMap::new();
    let mut groups: BTreeMap<Address, Vec<Address>> = BTreeMap::new();
    let objects = &past.recorded.objects;
    for address in objects.keys() {
        if let (Some(group), Some(member)) = (address.parent_group(), address.member()) {
            members.entry(group).or_default().push(*address);
            groups.entry(member).or_default().push(*address);
        }
    }
    let mut found = Vec::new();
    match about {
        Address::Group { .. } => below(past, about, &members, &mut found),
        Address::Grant { .. } => {
            if let Some(group) = about.parent_group().filter(|_| objects.contains_key(&about)) {
                below(past, group, &members, &mut found);
            }
        }
        Address::System(system) => {
            let accounts = objects
                .iter()
                .filter(|(address, _)| matches!(address, Address::Account { .. }) && address.system() == Some(system));
            found.extend(
                accounts.map(|(address, object)| access(past, *address, *address, Vec::new(), *address, object)),
            );
        }
        Address::Role(_) => {
            for (address, object) in objects.iter().filter(|(_, object)| of_role(object, about)) {
                match (address.member(), address.parent_group()) {
                    (Some(account @ Address::Account { .. }), Some(group)) => {
                        found.push(access(past, account, group, Vec::new(), *address, object));
                    }
                    (None, None) if matches!(address, Address::Account { .. }) => {
                        found.push(access(past, *address, *address, Vec::new(), *address, object));
                    }
                    _ => {}
                }
            }
        }
        Address::Membership { .. } => {
            if let (Some(account @ Address::Account { .. }), Some(group), Some(object)) =
                (about.member(), about.parent_group(), objects.get(&about))
            {
                found.push(access(past, account, group, Vec::new(), about, object));
            }
        }
        Address::Person(_) | Address::Service(_) | Address::Account { .. } => {
            let own = |address: &Address| *address == about || belongs(*address, about);
            let accounts = objects.iter().filter(|(address, _)| matches!(address, Address::Account { .. }));
            for (account, object) in accounts.filter(|(address, _)| own(address)) {
                found.push(access(past, *account, *account, Vec::new(), *account, object));
                above(past, *account, &groups, &mut found);
            }
        }
    }
    found
}

/// Whoever is in a group, directly or through groups in it.
fn below<'a>(past: &'a Past, group: Address, members: &BTreeMap<Address, Vec<Address>>, found: &mut Vec<Access<'a>>) {
    let mut open = vec![(group, Vec::new())];
    let mut seen = BTreeSet::from([group]);
    while let Some((inner, through)) = open.pop() {
        for membership in members.get(&inner).into_iter().flatten() {
            let Some(object) = past.recorded.objects.get(membership) else { continue };
            match membership.member() {
                Some(account @ Address::Account { .. }) => {
                    found.push(access(past, account, group, through.clone(), *membership, object));
                }
                Some(nested) if seen.insert(nested) => {
                    open.push((nested, std::iter::once(nested).chain(through.iter().copied()).collect()));
                }
                _ => {}
            }
        }
    }
}

/// Every group that an account is in, directly or because its groups are in others.
fn above<'a>(past: &'a Past, account: Address, groups: &BTreeMap<Address, Vec<Address>>, found: &mut Vec<Access<'a>>) {
    let mut open: Vec<(Address, Vec<Address>, Option<Address>)> = vec![(account, Vec::new(), None)];
    let mut seen = BTreeSet::new();
    while let Some((inner, through, first)) = open.pop() {
        for membership in groups.get(&inner).into_iter().flatten() {
            let Some(group) = membership.parent_group().filter(|group| seen.insert(*group)) else { continue };
            let by = first.unwrap_or(*membership);
            let Some(object) = past.recorded.objects.get(&by) else { continue };
            found.push(access(past, account, group, through.clone(), by, object));
            open.push((group, through.iter().copied().chain([group]).collect(), Some(by)));
        }
    }
}

fn access<'a>(
    past: &'a Past,
    account: Address,
    to: Address,
    through: Vec<Address>,
    by: Address,
    object: &'a RecordedObject,
) -> Access<'a> {
    let recorded = &past.recorded;
    let identity = account.holder().and_then(|holder| {
        let candidates = [Address::Person(holder), Address::Service(holder)];
        candidates.into_iter().find(|address| recorded.identities.contains_key(address))
    });
    let given = past.given(by);
    Access {
        identity: identity.unwrap_or(account),
        known: identity.and_then(|identity| recorded.identities.get(&identity)),
        account,
        to,
        through,
        by,
        object,
        active: recorded.objects.get(&account).is_some_and(|account| account.active),
        since: given.map_or(object.since, |given| given.at),
        run: given.map(|given| (given.run, past.runs.get(&given.run))),
        approvals: given.map(|given| past.approvals(given.run, by).collect()).unwrap_or_default(),
    }
}
