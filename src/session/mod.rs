//! What most commands begin with: the files of the configuration (`folder`), given variables (`variables`), the state
//! file that they name, the systems that they connect to (`connect`), and what those answer (`read`).

pub mod approvals;
pub mod connect;
pub mod doubts;
pub mod folder;
pub mod prepare;
pub mod read;
pub mod rescue;
pub mod variables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::configuration::{Configuration, Facts, Loaded, Rejected, Settings, System};
use engine::language::{Diagnostic, Files};
use state::{Symbol, Timestamp};

use crate::cli::Global;
use crate::edge::{Clock, Head, Outside, Place, Record, SecretKey, Store, SystemClock};
use crate::{Error, session::connect::Connection, telemetry};

/// Where the state file is when no `settings` block says so.
const STATE: &str = "state/tenure.state";

/// What stays of a configuration when it is evaluated.
pub struct Folder {
    /// The configuration folder, links resolved.
    pub path: PathBuf,
    /// What places in diagnostics and reasons point into.
    pub files: Files,
    pub settings: Settings,
    pub systems: BTreeMap<Symbol, System>,
    /// The moment of the run, read once.
    pub now: Timestamp,
    /// Where the record is kept.
    pub place: Place,
    /// The key of the HMACs of secrets; none before `init`.
    key: Option<SecretKey>,
}

/// A configuration, loaded.
pub struct Session {
    pub folder: Folder,
    /// The systems that people come from.
    pub sources: Vec<Symbol>,
    pub configured: Configured,
}

/// A configuration, on its way.
pub enum Configured {
    Loaded(Box<Loaded>),
    /// Already, since nobody had to be asked for people.
    Evaluated(Box<Configuration>),
}

impl Configured {
    /// What it comes to.
    ///
    /// # Errors
    /// Everything that is wrong with the files.
    pub fn evaluate(self, facts: &Facts) -> Result<Box<Configuration>, Error> {
        let loaded = match self {
            Configured::Loaded(loaded) => loaded,
            Configured::Evaluated(configuration) => return Ok(configuration),
        };
        let mut span = telemetry::step("evaluate");
        let evaluated = loaded.evaluate(facts);
        match &evaluated {
            Ok(configuration) => span.say("tenure.identities", || configuration.identities.len()),
            Err(_) => span.fail(),
        }
        Ok(Box::new(evaluated?))
    }
}

impl Session {
    /// Reads and loads the configuration in the current folder.
    ///
    /// # Errors
    /// Everything that is wrong with the files.
    pub fn open(global: &Global) -> Result<Session, Error> {
        Session::with(global, true)
    }

    /// The same without credentials: secrets that are not set are unknown, and no program runs.
    ///
    /// # Errors
    /// Everything that is wrong with the files.
    pub fn offline(global: &Global) -> Result<Session, Error> {
        Session::with(global, false)
    }

    fn with(global: &Global, online: bool) -> Result<Session, Error> {
        let path = folder::here()?;
        let files = folder::read(&path)?;
        let given = variables::given(global)?;
        let outside = Outside::new(&path, global.operator.as_deref(), &global.allow_path)?;
        let outside = if online { outside } else { outside.offline() };
        let now = SystemClock.now();
        let loaded = Loaded::load(files, Arc::new(outside), &given, now)?;
        let place = place_of(&path, loaded.settings())?;
        let key = key_of(&place, &path, online)?;
        Session::of(loaded, path, now, key)
    }

    /// A configuration that was loaded at `now`, of the folder `path`.
    ///
    /// # Errors
    /// Where its settings name no place for the record that is understood.
    pub fn of(mut loaded: Loaded, path: PathBuf, now: Timestamp, key: Option<SecretKey>) -> Result<Session, Error> {
        let place = place_of(&path, loaded.settings())?;
        if let Some(key) = &key {
            loaded.set_key(key.bytes());
        }
        let (files, settings) = (loaded.files().clone(), loaded.settings().clone());
        let folder = Folder { path, files, settings, systems: loaded.systems().clone(), now, place, key };
        Ok(Session {
            folder,
            sources: loaded.sources_of_people().to_vec(),
            configured: Configured::Loaded(Box::new(loaded)),
        })
    }

    /// The systems with their providers.
    ///
    /// # Errors
    /// All that is wrong with their settings.
    pub fn connections(&self) -> Result<Vec<Connection>, Error> {
        connect::connections(self.folder.systems.values(), &self.folder.path)
            .map_err(|diagnostics| self.folder.rejected(diagnostics))
    }

    /// The record as it is now, to look at it; none where `init` has not been run. While it is read, which may take a while,
    /// the configuration is evaluated, unless systems have to be asked for people first.
    ///
    /// # Errors
    /// Where the record is damaged; everything that is wrong with the files.
    pub fn with_record(self) -> Result<(Session, Option<Record>), Error> {
        self.beside(|folder| folder.record(&[]))
    }

    /// Evaluates the configuration beside `work`, which may take a while, unless systems have to be asked for people first.
    ///
    /// # Errors
    /// Those of `work`; everything that is wrong with the files.
    pub fn beside<T: Send>(self, work: impl FnOnce(&Folder) -> Result<T, Error> + Send) -> Result<(Session, T), Error> {
        if !self.sources.is_empty() {
            let done = work(&self.folder)?;
            return Ok((self, done));
        }
        let connections = self.connections();
        let Session { folder, sources, configured } = self;
        let (done, evaluated) = std::thread::scope(|scope| {
            let working = scope.spawn(|| work(&folder));
            let evaluated = connections.and_then(|connections| {
                let schemas = prepare::schemas(&connections);
                configured.evaluate(&prepare::facts(&schemas, BTreeMap::new(), &connections))
            });
            (working.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), evaluated)
        });
        let done = done?;
        Ok((Session { folder, sources, configured: Configured::Evaluated(evaluated?) }, done))
    }
}

impl Folder {
    /// The store of the record.
    ///
    /// # Errors
    /// Where credentials for it are missing or cannot be read.
    pub fn store(&self) -> Result<Box<dyn Store>, Error> {
        Ok(self.place.store()?)
    }

    /// There is no record where one is needed.
    pub fn no_state(&self) -> Error {
        Error::new(format!("there is no state file at {}", self.place))
    }

    /// The key of the HMACs of secrets.
    pub fn key(&self) -> Option<SecretKey> {
        self.key.clone()
    }

    /// The bytes of the key; of no use to anybody before `init`, so none stand for it then.
    pub fn key_bytes(&self) -> &[u8] {
        self.key.as_ref().map_or(&[], SecretKey::bytes)
    }

    /// The record as it is now, to look at it; none where `init` has not been run.
    ///
    /// # Errors
    /// Where it is damaged, or lacks a line of `expected`.
    pub fn record(&self, expected: &[Head]) -> Result<Option<Record>, Error> {
        let store = self.store()?;
        if !store.exists()? {
            return Ok(None);
        }
        Ok(Some(Record::read(&*store, expected)?))
    }

    /// Errors with their places in these files.
    pub fn rejected(&self, diagnostics: Vec<Diagnostic>) -> Error {
        Error::Configuration { files: self.files.clone(), diagnostics }
    }
}

fn place_of(folder: &Path, settings: &Settings) -> Result<Place, Error> {
    Ok(Place::parse(settings.state.as_deref().unwrap_or(STATE), folder)?)
}

/// The key of the record at `place`: a record without its key could not tell a changed secret from an unchanged one.
fn key_of(place: &Place, folder: &Path, online: bool) -> Result<Option<SecretKey>, Error> {
    if let Some(key) = SecretKey::given()? {
        return Ok(Some(key));
    }
    let path = place.key(folder);
    let needed = match place {
        _ if path.exists() => true,
        Place::File(state) => online && state.exists(),
        // Whoever made the record has its key; others need it before they look.
        _ => online && place.store()?.exists()?,
    };
    Ok(needed.then(|| SecretKey::read(&path)).transpose()?)
}

impl From<Rejected> for Error {
    fn from(rejected: Rejected) -> Error {
        Error::Configuration { files: rejected.files, diagnostics: rejected.diagnostics }
    }
}
