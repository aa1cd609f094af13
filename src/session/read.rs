//! Systems read: to inventories that are complete, or to the reason why nothing can be said.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::configuration::Configuration;
use engine::plan::{Inventory, Reading, missing, observed_from_record};
use providers::{ReadError, Reader};
use state::record::Recorded;
use state::{Address, Attributes, Observed, Presence, Symbol, Timestamp};

use super::connect::Connection;
use crate::driver::inventory::Readers;
use crate::driver::{Progress, describe_all, read_all};

/// Targets that are read at once to confirm that they are gone.
const CONFIRM: usize = 200;

/// Systems, read.
pub struct Read {
    pub readings: BTreeMap<Symbol, Reading>,
    /// Of the systems that could be connected to.
    pub readers: Readers,
}

/// Reads all systems at the same time. One that fails does not keep the others from being read.
pub async fn read(
    connections: &[Connection],
    configuration: Option<&Configuration>,
    recorded: &Recorded,
    now: Timestamp,
    progress: &Arc<Progress>,
) -> Read {
    let mut readers = Readers::new();
    let mut errors: BTreeMap<Symbol, String> = BTreeMap::new();
    let mut connecting = tokio::task::JoinSet::new();
    for connection in connections {
        let (name, provider, settings) = (connection.name, connection.provider, connection.settings.clone());
        connecting.spawn(async move { (name, provider.reader(settings).await) });
    }
    while let Some(Ok((name, connected))) = connecting.join_next().await {
        match connected {
            Ok(reader) => drop(readers.insert(name, Arc::from(reader))),
            Err(error) => drop(errors.insert(name, with_hint(&error.message, &error.hint))),
        }
    }
    let mut described = describe_all(&readers).await;
    let mut inventories = read_all(&readers, now, &grants(configuration, recorded), progress).await;
    let mut readings = BTreeMap::new();
    for connection in connections {
        let name = connection.name;
        let offline = connection.provider.offline(&connection.settings);
        let (schema, capabilities, inventory) = match (described.remove(&name), inventories.remove(&name)) {
            (Some(Ok((schema, capabilities))), Some(Ok(observed))) => {
                let doubt = match readers.get(&name) {
                    Some(reader) => confirm(&**reader, recorded, name, &observed).await,
                    None => Ok(None),
                };
                let inventory = match doubt {
                    Ok(None) => Inventory::Complete(observed),
                    Ok(Some(doubt)) => Inventory::Incomplete(doubt),
                    Err(error) => Inventory::Incomplete(with_hint(&error.message, &error.hint)),
                };
                (schema, capabilities, inventory)
            }
            (Some(Err(error)), _) | (_, Some(Err(error))) => {
                (offline.0, offline.1, Inventory::Incomplete(with_hint(&error.message, &error.hint)))
            }
            _ => {
                let error = errors.remove(&name).unwrap_or_else(|| "its provider failed".to_owned());
                (offline.0, offline.1, Inventory::Incomplete(error))
            }
        };
        readings.insert(name, Reading { schema, capabilities, inventory });
    }
    Read { readings, readers }
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
/// the inventory was not whole.
async fn confirm(
    reader: &dyn Reader,
    recorded: &Recorded,
    system: Symbol,
    observed: &Observed,
) -> Result<Option<String>, ReadError> {
    for part in missing(recorded, system, observed).chunks(CONFIRM) {
        let targets: Vec<_> = part.iter().map(|(_, target)| *target).collect();
        for ((address, _), presence) in part.iter().zip(reader.read(&targets).await?) {
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

fn with_hint(message: &str, hint: &str) -> String {
    if hint.is_empty() { message.to_owned() } else { format!("{message} ({hint})") }
}
