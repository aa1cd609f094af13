//! The embedded default: a folder with one sorted file of JSON lines per kind and a write-ahead log.
//!
//! `settings` says where and by which rules; `heart` is what a directory holds, in memory, and `execute` carries orders
//! out on it; `line`, `files` and `log` are how it stands on disk; `folder` joins files and log to one state, which
//! `check` looks over; `writer` is the half that writes, `listener` hears of changes. For people: `docs/providers/directory.md`.

mod check;
mod execute;
mod files;
mod folder;
mod heart;
mod line;
mod listener;
mod log;
mod problem;
mod settings;
mod writer;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use state::{Capabilities, Complete, Observed, Order, Outcome, Presence, Schema, Target};

pub use execute::Execution;
pub(crate) use files::sync_folder;
pub use heart::{Changed, Contents, Heart, Possession, possessions};
pub use line::Thing;
pub(crate) use log::digits;
pub use settings::{capabilities, schema};
pub(crate) use settings::{inside, safe};
pub(crate) use writer::lock;

use crate::listener::{Listener, Polling};
use crate::provider::{Announce, Ask, ConnectError, Provider, ReadError, Reader, SettingSchema, Settings, Writer};
use folder::View;
pub use problem::Problem;
use settings::Options;
use writer::Store;

/// What the files in `folder` say that a directory holds; a file that is not there says nothing.
///
/// # Errors
/// The first line that is not understood, with file and line.
pub fn read(folder: &std::path::Path, schema: &Schema) -> Result<Contents, Problem> {
    files::read(folder, schema)
}

/// The provider `directory`.
pub struct Directory;

#[async_trait]
impl Provider for Directory {
    fn name(&self) -> &'static str {
        "directory"
    }

    fn settings(&self) -> &'static [SettingSchema] {
        settings::SETTINGS
    }

    fn open_settings(&self) -> bool {
        true
    }

    fn offline(&self, settings: &Settings) -> (Schema, Capabilities) {
        match Options::new(settings) {
            Ok(options) => (options.schema, options.capabilities),
            // What is wrong with the settings is told when a reader is asked for.
            Err(_) => (schema(None, None, Vec::new()), capabilities(None, None, true)),
        }
    }

    async fn reader(&self, settings: Settings) -> Result<Box<dyn Reader>, ConnectError> {
        Ok(Box::new(DirectoryReader {
            options: Arc::new(Options::new(&settings)?),
            seen: Arc::default(),
            view: Arc::default(),
        }))
    }

    fn listener(&self) -> Option<Box<dyn Listener>> {
        Some(Box::new(Polling::new(listener::Marks::default())))
    }

    async fn writer(&self, settings: Settings) -> Result<Box<dyn Writer>, ConnectError> {
        let options = Options::new(&settings)?;
        // Nothing is made before there is something to write; but a directory that is there is locked at once.
        let store = match folder::marker(&options.folder)? {
            Some(_) => Some(
                blocking({
                    let options = options.clone();
                    move || Store::open(options)
                })
                .await??,
            ),
            None => None,
        };
        Ok(Box::new(DirectoryWriter { options, store: Arc::new(Mutex::new(store)) }))
    }
}

/// Runs work on files where it does not hold up other systems' calls.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    if tokio::runtime::Handle::try_current().is_err() {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        Problem::new(format!("the directory's work was broken off: {error}"), "report this as a defect of tenure")
    })
}

struct DirectoryReader {
    options: Arc<Options>,
    /// Whether this reader has seen the directory: if so, it cannot be one that never was there.
    seen: Arc<AtomicBool>,
    /// For direct reads: loaded at the first, followed from then on.
    view: Arc<Mutex<Option<View>>>,
}

/// What was read; an error where a directory that was there is not there any more.
fn still_there<T>(seen: &AtomicBool, found: Option<T>, options: &Options) -> Result<Option<T>, Problem> {
    match seen.fetch_or(found.is_some(), Ordering::Relaxed) {
        true if found.is_none() => Err(folder::gone(&options.folder)),
        _ => Ok(found),
    }
}

#[async_trait]
impl Reader for DirectoryReader {
    async fn describe(&self) -> Result<(Schema, Capabilities), ReadError> {
        Ok((self.options.schema.clone(), self.options.capabilities.clone()))
    }

    async fn inventory(&self, ask: &Ask<'_>) -> Result<Observed, ReadError> {
        let Ask { now, progress, .. } = *ask;
        let (options, seen) = (Arc::clone(&self.options), Arc::clone(&self.seen));
        let observed = blocking(move || {
            let Some(snapshot) = still_there(&seen, folder::snapshot(&options)?, &options)? else {
                let proof = format!("{} was never written to", options.folder.display());
                return Ok(Contents::default().observed(Complete::proved(proof, now)));
            };
            let contents = snapshot.contents(&options)?;
            let proof = format!(
                "4 whole files, {} accounts, {} groups, {} memberships, {} grants",
                contents.accounts.len(),
                contents.groups.len(),
                contents.memberships.len(),
                contents.grants.len()
            );
            Ok::<_, Problem>(contents.observed(Complete::proved(proof, now)))
        })
        .await??;
        progress((observed.accounts.len() + observed.groups.len()) as u64);
        Ok(observed)
    }

    async fn read(&self, targets: &[Target]) -> Result<Vec<Presence>, ReadError> {
        let (options, seen) = (Arc::clone(&self.options), Arc::clone(&self.seen));
        let (view, targets) = (Arc::clone(&self.view), targets.to_vec());
        let presences = blocking(move || {
            let mut view = view.lock().unwrap_or_else(PoisonError::into_inner);
            let follows = match view.as_mut() {
                Some(view) => view.follow(&options)?,
                None => false,
            };
            if !follows {
                *view = None;
                *view = still_there(&seen, View::load(&options)?, &options)?;
            }
            let look = |target| view.as_ref().map_or(Presence::Gone, |view| view.heart.read(target));
            Ok::<_, Problem>(targets.into_iter().map(look).collect())
        })
        .await??;
        Ok(presences)
    }
}

struct DirectoryWriter {
    options: Options,
    store: Arc<Mutex<Option<Store>>>,
}

#[async_trait]
impl Writer for DirectoryWriter {
    async fn execute(&self, orders: &[Order], _announce: &dyn Announce) -> Vec<Outcome> {
        let (options, store, own) = (self.options.clone(), Arc::clone(&self.store), orders.to_vec());
        let outcomes = blocking(move || {
            let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
            if store.is_none() {
                match Store::open(options) {
                    Ok(opened) => *store = Some(opened),
                    Err(Problem { message, hint }) => {
                        let error = format!("{message} ({hint})");
                        return own
                            .iter()
                            .map(|_| Outcome::Refused { error: error.clone(), retry_after: None })
                            .collect();
                    }
                }
            }
            store.as_mut().map(|store| store.execute(&own)).unwrap_or_default()
        })
        .await;
        outcomes.unwrap_or_else(|problem| orders.iter().map(|_| Outcome::Unknown(problem.message.clone())).collect())
    }

    async fn close(&self) -> Result<(), ConnectError> {
        let store = Arc::clone(&self.store);
        blocking(move || match store.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(mut store) => store.fold(),
            None => Ok(()),
        })
        .await??;
        Ok(())
    }
}
