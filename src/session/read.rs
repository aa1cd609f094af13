//! Systems read: to inventories that are complete, or to the reason why nothing can be said.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::apply::Answers;
use engine::apply::settle::{self, Questions};
use engine::configuration::Configuration;
use engine::mutations::on;
use engine::plan::{Inventory, Reading, emptied, missing, observed_from_record, witnesses};
use providers::{ReadError, Reader};
use state::record::Recorded;
use state::{Address, Attributes, Complete, Observed, Presence, Symbol, Target, Timestamp};

use super::connect::Connection;
use crate::driver::inventory::Readers;
use crate::driver::{Progress, describe_all, read_all};

/// Targets that are read at once to confirm that they are gone.
const CONFIRM: usize = 200;

/// Systems, connected to.
pub struct Connected {
    pub readers: Readers,
    /// Why the others could not be.
    errors: BTreeMap<Symbol, String>,
}

/// Connects to all systems at the same time. One that fails does not keep the others from being read.
pub async fn connect(connections: &[Connection]) -> Connected {
    let mut readers = Readers::new();
    let mut errors: BTreeMap<Symbol, String> = BTreeMap::new();
    let mut connecting = tokio::task::JoinSet::new();
    for connection in connections {
        let (name, provider, settings) =
            (connection.name, Arc::clone(&connection.provider), connection.settings.clone());
        connecting.spawn(async move { (name, provider.reader(settings).await) });
    }
    while let Some(Ok((name, connected))) = connecting.join_next().await {
        match connected {
            Ok(reader) => drop(readers.insert(name, Arc::from(reader))),
            Err(error) => drop(errors.insert(name, error.whole())),
        }
    }
    Connected { readers, errors }
}

/// Reads these systems at the same time. `configuration` is none while it is not known who its people are.
pub async fn read(
    connections: &[&Connection],
    connected: &Connected,
    configuration: Option<&Configuration>,
    recorded: &Recorded,
    now: Timestamp,
    progress: &Arc<Progress>,
) -> BTreeMap<Symbol, Reading> {
    let own = |(name, reader): (&Symbol, &Arc<dyn Reader>)| {
        connections.iter().any(|connection| connection.name == *name).then(|| (*name, Arc::clone(reader)))
    };
    let readers: Readers = connected.readers.iter().filter_map(own).collect();
    let mut described = describe_all(&readers).await;
    let mut inventories =
        read_all(&readers, now, &grants(configuration, recorded), &accounts(recorded), progress).await;
    let mut readings = BTreeMap::new();
    for connection in connections {
        let name = connection.name;
        let offline = connection.provider.offline(&connection.settings);
        let (schema, capabilities, inventory) = match (described.remove(&name), inventories.remove(&name)) {
            (Some(Ok((schema, capabilities))), Some(Ok(observed))) => {
                let emptied =
                    emptied(recorded, name, &observed).filter(|_| !on("emptied-settles") && !on("unread-is-empty"));
                let doubt = match (emptied, readers.get(&name)) {
                    _ if on("confirm-skipped") => Ok(None),
                    (Some(doubt), _) => Ok(Some(doubt)),
                    (None, Some(reader)) => confirm(&**reader, recorded, name, &observed).await,
                    (None, None) => Ok(None),
                };
                let inventory = match doubt {
                    Ok(None) => Inventory::Complete(observed),
                    Ok(Some(doubt)) => Inventory::Incomplete(doubt),
                    Err(error) => Inventory::Incomplete(error.whole()),
                };
                (schema, capabilities, inventory)
            }
            (Some(Ok((schema, capabilities))), _) if on("unread-is-empty") => {
                let proof = Complete::proved("none", now);
                let nothing = Observed::new(proof, Vec::new(), Vec::new(), Vec::new(), Vec::new());
                (schema, capabilities, Inventory::Complete(nothing))
            }
            (Some(Err(error)), _) | (_, Some(Err(error))) => {
                (offline.0, offline.1, Inventory::Incomplete(error.whole()))
            }
            _ => {
                let error = connected.errors.get(&name).cloned().unwrap_or_else(|| "its provider failed".to_owned());
                (offline.0, offline.1, Inventory::Incomplete(error))
            }
        };
        readings.insert(name, Reading { schema, capabilities, inventory });
    }
    readings
}

/// What systems say of what is in doubt when they are asked directly: before they are read.
pub async fn ask(connected: &Connected, recorded: &Recorded) -> Answers {
    let mut answers = Answers::default();
    let Questions { transactions, targets } = settle::questions(recorded);
    for (system, transactions) in transactions {
        let Some(reader) = connected.readers.get(&system) else { continue };
        for transaction in transactions {
            let state = reader.transaction(transaction).await.map_err(|error| error.whole());
            answers.transactions.insert((system, transaction), state);
        }
    }
    for (system, targets) in targets {
        let Some(reader) = connected.readers.get(&system) else { continue };
        for target in targets {
            let presence = reader.read(&[target]).await.map_err(|error| error.whole());
            let presence = presence.and_then(|mut read| read.pop().ok_or_else(|| "not answered".to_owned()));
            answers.targets.insert((system, target), presence);
        }
    }
    answers
}

/// The grants that files and record speak of, by system, sorted, each once.
fn grants(configuration: Option<&Configuration>, recorded: &Recorded) -> BTreeMap<Symbol, Arc<[Attributes]>> {
    let mut grants: BTreeMap<Symbol, BTreeSet<Attributes>> = BTreeMap::new();
    for group in configuration.into_iter().flat_map(|configuration| &configuration.groups) {
        for grant in group.grants.iter().flatten() {
            grants.entry(group.system).or_default().insert(grant.clone());
        }
    }
    for (address, object) in &recorded.objects {
        if let Address::Grant { system, .. } = *address {
            grants.entry(system).or_default().insert(object.attributes.clone());
        }
    }
    grants.into_iter().map(|(system, grants)| (system, grants.into_iter().collect())).collect()
}

/// The ids of the accounts that the record knows, by system.
fn accounts(recorded: &Recorded) -> BTreeMap<Symbol, Arc<[Symbol]>> {
    let mut accounts: BTreeMap<Symbol, Vec<Symbol>> = BTreeMap::new();
    for (address, object) in &recorded.objects {
        if let Address::Account { system, .. } = *address {
            accounts.entry(system).or_default().push(object.id);
        }
    }
    accounts.into_iter().map(|(system, ids)| (system, ids.into())).collect()
}

/// What the record knows of each system, without asking any.
pub fn recorded(connections: &[Connection], recorded: &Recorded, now: Timestamp) -> BTreeMap<Symbol, Reading> {
    let reading = |connection: &Connection| {
        let (schema, capabilities) = connection.provider.offline(&connection.settings);
        let inventory = Inventory::Recorded(observed_from_record(recorded, connection.name, now));
        (connection.name, Reading { schema, capabilities, inventory })
    };
    connections.iter().map(reading).collect()
}

/// Absence of what the record knows is confirmed by a direct read: whatever answers after all, or hides, shows that
/// the inventory was not whole. Whoever lost the right to read is told of everything that it is gone: what the listing
/// shows is read along, and must be there.
async fn confirm(
    reader: &dyn Reader,
    recorded: &Recorded,
    system: Symbol,
    observed: &Observed,
) -> Result<Option<String>, ReadError> {
    let missing = missing(recorded, system, observed);
    let witnesses = if on("witness-skipped") { Vec::new() } else { witnesses(recorded, system, observed, &missing) };
    for part in missing.chunks(CONFIRM) {
        let targets: Vec<_> = part.iter().map(|(_, target)| *target).chain(witnesses.iter().copied()).collect();
        let read = reader.read(&targets).await?;
        if read.len() != targets.len() {
            let message = format!("{} of {} reads by id were answered", read.len(), targets.len());
            return Err(ReadError { message, hint: "this is a bug of the provider: please report it".to_owned() });
        }
        let (asked, shown) = read.split_at(part.len());
        if let Some((witness, _)) = witnesses.iter().zip(shown).find(|(_, one)| !matches!(one, Presence::Here(_))) {
            let what = if matches!(witness, Target::Group(_)) { "group" } else { "account" };
            return Ok(Some(format!(
                "the {what} with the id {:?} is listed, and is not found when it is read by its id, so that nothing is \
                 known of {}, which the listing lacks",
                witness.remote().as_str(),
                part.first().map_or(String::new(), |(address, _)| address.to_string()),
            )));
        }
        for ((address, _), presence) in part.iter().zip(asked) {
            match presence {
                Presence::Gone => {}
                Presence::Here(_) => {
                    return Ok(Some(format!("{address} is there when it is read by its id, but the listing lacks it")));
                }
                Presence::Hidden(why) => {
                    return Ok(Some(format!(
                        "the listing lacks {address}, and reading it by its id tells nothing: {why}"
                    )));
                }
            }
        }
    }
    Ok(None)
}
