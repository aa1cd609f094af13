//! `tenure init`: the first line of a record, and the key beside it.

use std::io;
use std::path::Path;

use state::record::{Chain, Event, FORMAT};
use state::{Symbol, Timestamp};

use super::filesystem::{beside, flush_folder, folder_of, network_file_system};
use super::{Failure, SecretKey};

/// What was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// A state file, and its key where there was none.
    Record,
    /// A key for the state file that is there: its own was lost.
    Key,
}

/// Creates the state file at `path` with its first line, and a key for the HMACs of secrets where there is none yet;
/// folders are made where they are missing.
///
/// # Errors
/// Where there is one already, or it cannot be written.
pub fn create(path: &Path, now: Timestamp) -> Result<Created, Failure> {
    let cannot = |error: io::Error| Failure::new(format!("cannot create the state file {}: {error}", path.display()));
    let exists = || {
        Failure::new(format!("there is a state file already: {}", path.display()))
            .hint("`tenure state archive` starts a new one that continues it")
    };
    let key = beside(path, ".key");
    if std::fs::symlink_metadata(path).is_ok() {
        if std::fs::symlink_metadata(&key).is_ok() {
            return Err(exists());
        }
        return SecretKey::create(&key).map(|()| Created::Key);
    }
    let folder = folder_of(path);
    std::fs::create_dir_all(folder).map_err(cannot)?;
    if let Some(kind) = network_file_system(folder) {
        return Err(Failure::new(format!("{} is on a network file system ({kind})", folder.display()))
            .hint("keep the state file on a disk of this host: `state` in the settings block names it"));
    }
    let mut lineage = [0; 16];
    getrandom::fill(&mut lineage)
        .map_err(|error| Failure::new(format!("the operating system gives no random numbers: {error}")))?;
    let lineage: String = lineage.iter().map(|byte| format!("{byte:02x}")).collect();
    let opened = Event::Opened { format: FORMAT, lineage: Symbol::new(&lineage), former: None };
    let (mut chain, mut bytes) = (Chain::default(), Vec::new());
    chain.append(now, &opened, &mut bytes).map_err(|error| Failure::new(error.to_string()))?;

    SecretKey::create(&key)?;
    // A head that an earlier file of this name left behind says nothing about the new one.
    let _ = std::fs::remove_file(beside(path, ".head"));
    // Whole before it has its name: a crash leaves no empty state file behind.
    let file = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(super::filesystem::PRIVATE))
        .tempfile_in(folder)
        .map_err(cannot)?;
    io::Write::write_all(&mut file.as_file(), &bytes).and_then(|()| file.as_file().sync_all()).map_err(cannot)?;
    file.persist_noclobber(path).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => exists(),
        _ => cannot(error.error),
    })?;
    flush_folder(folder).map_err(cannot)?;
    Ok(Created::Record)
}
