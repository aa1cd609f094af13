//! `tenure init`: the first line of a record, and its key.

use std::path::Path;

use state::record::{Chain, Event, FORMAT};
use state::{Symbol, Timestamp};

use super::filesystem::folder_of;
use super::{Failure, SecretKey, Store};

/// What was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// A state file, and its key where there was none.
    Record,
    /// A key for the state file that is there: its own was lost.
    Key,
}

/// Creates the record at `store` with its first line, and at `key` a key for the HMACs of secrets where there is none
/// yet; folders are made where they are missing.
///
/// # Errors
/// Where there is a record with its key already, or one of them cannot be written.
pub fn create(store: &dyn Store, key: &Path, now: Timestamp) -> Result<Created, Failure> {
    let has_key = std::fs::symlink_metadata(key).is_ok();
    if !has_key && store.exists()? {
        return make_key(key).map(|()| Created::Key);
    }
    let mut lineage = [0; 16];
    getrandom::fill(&mut lineage)
        .map_err(|error| Failure::new(format!("the operating system gives no random numbers: {error}")))?;
    let lineage: String = lineage.iter().map(|byte| format!("{byte:02x}")).collect();
    let opened = Event::Opened { format: FORMAT, lineage: Symbol::new(&lineage), former: None };
    let (mut chain, mut bytes) = (Chain::default(), Vec::new());
    chain.append(now, &opened, &mut bytes).map_err(|error| Failure::new(error.to_string()))?;
    store.create(&bytes)?;
    // A record without a key gets one when `init` is called again.
    make_key(key)?;
    Ok(Created::Record)
}

fn make_key(key: &Path) -> Result<(), Failure> {
    let folder = folder_of(key);
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::new(format!("cannot create the folder {}: {error}", folder.display())))?;
    SecretKey::create(key)
}
