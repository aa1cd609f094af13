//! The two halves of a provider: whoever plans is handed a [`Reader`] and cannot write.

use std::path::PathBuf;

use async_trait::async_trait;
use state::{
    Attributes, Capabilities, Observed, Order, Outcome, Presence, Schema, Symbol, Target, Timestamp, Touched,
    TransactionState, Value,
};

use crate::endpoint::Endpoint;
use crate::listener::Listener;
use crate::twin::Manners;

/// The settings of one system block, evaluated. Sensitive ones are kept apart and never printed.
#[derive(Clone, Default)]
pub struct Settings {
    /// The system's name: `chat`, `k8s["kubernetes"]`.
    pub system: String,
    /// The configuration folder; relative paths start there.
    pub folder: PathBuf,
    /// Settings in the clear.
    pub values: Vec<(Symbol, Value)>,
    /// Sensitive settings (`token`, `password`).
    pub secrets: Vec<(Symbol, String)>,
}

/// Shows no secret.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let secrets: Vec<_> = self.secrets.iter().map(|(name, _)| name).collect();
        f.debug_struct("Settings")
            .field("system", &self.system)
            .field("folder", &self.folder)
            .field("values", &self.values)
            .field("secrets", &secrets)
            .finish()
    }
}

/// What a setting's value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingType {
    Text,
    Bool,
    Integer,
    /// Text that must be sensitive (from `env()`, `command()`, `sensitive()`): a plain literal is refused.
    Secret,
    Any,
}

/// One setting of a provider, checked offline by `validate`.
#[derive(Clone, Copy, Debug)]
pub struct SettingSchema {
    pub name: &'static str,
    pub value: SettingType,
    pub required: bool,
    /// One line of help.
    pub help: &'static str,
}

/// A kind of system.
#[async_trait]
pub trait Provider: Send + Sync {
    /// As written in `provider = "..."`.
    fn name(&self) -> &'static str;
    /// The settings that its system block takes.
    fn settings(&self) -> &'static [SettingSchema];
    /// Of its settings those that nobody but its [endpoint](Provider::endpoint) needs.
    fn only_to_listen(&self) -> &'static [&'static str] {
        &[]
    }
    /// Whether settings that are not listed are taken too (`directory` stands in for other providers).
    fn open_settings(&self) -> bool {
        false
    }
    /// What is wrong with settings, as far as they tell by themselves: nothing is contacted, no file is read, and what is
    /// not there (secrets that are not set yet) is not missed.
    fn check(&self, _settings: &Settings) -> Vec<SettingError> {
        Vec::new()
    }
    /// What is known of such systems without connecting: for `validate` and `plan --recorded`.
    fn offline(&self, settings: &Settings) -> (Schema, Capabilities);
    /// What such systems do that their schema and capabilities do not say: for their twins.
    fn manners(&self, _settings: &Settings) -> Manners {
        Manners::default()
    }
    /// A reader; nothing is read yet, but for what tells how the system is to be read.
    async fn reader(&self, settings: Settings) -> Result<Box<dyn Reader>, ConnectError>;
    /// A writer.
    async fn writer(&self, settings: Settings) -> Result<Box<dyn Writer>, ConnectError>;
    /// Who hears of changes in such a system, where that can be; nothing is contacted yet.
    fn listener(&self) -> Option<Box<dyn Listener>> {
        None
    }
    /// What takes requests for such a system, where others push what it holds. Opening it may take what only one
    /// process can have.
    fn endpoint(&self, _settings: &Settings) -> Option<Result<Box<dyn Endpoint>, ConnectError>> {
        None
    }
}

/// One of the registry, where others (the twins of a simulation) may stand too.
#[async_trait]
impl Provider for &'static dyn Provider {
    fn name(&self) -> &'static str {
        (**self).name()
    }
    fn settings(&self) -> &'static [SettingSchema] {
        (**self).settings()
    }
    fn only_to_listen(&self) -> &'static [&'static str] {
        (**self).only_to_listen()
    }
    fn open_settings(&self) -> bool {
        (**self).open_settings()
    }
    fn check(&self, settings: &Settings) -> Vec<SettingError> {
        (**self).check(settings)
    }
    fn offline(&self, settings: &Settings) -> (Schema, Capabilities) {
        (**self).offline(settings)
    }
    fn manners(&self, settings: &Settings) -> Manners {
        (**self).manners(settings)
    }
    async fn reader(&self, settings: Settings) -> Result<Box<dyn Reader>, ConnectError> {
        (**self).reader(settings).await
    }
    async fn writer(&self, settings: Settings) -> Result<Box<dyn Writer>, ConnectError> {
        (**self).writer(settings).await
    }
    fn listener(&self) -> Option<Box<dyn Listener>> {
        (**self).listener()
    }
    fn endpoint(&self, settings: &Settings) -> Option<Result<Box<dyn Endpoint>, ConnectError>> {
        (**self).endpoint(settings)
    }
}

/// A system could not be reached, or its settings are wrong.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ConnectError {
    /// What failed and where: `GET https://chat.acme.example/scim/v2/ServiceProviderConfig answered 401`.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

/// A setting that cannot be as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("system.{system}: {setting} {what}")]
pub struct SettingError {
    /// The system's name.
    pub system: String,
    /// The setting's name.
    pub setting: String,
    /// What is wrong with it, to be read behind its name: `is plain http to chat.acme.example`.
    pub what: String,
    /// What to do next.
    pub hint: String,
}

impl From<SettingError> for ConnectError {
    fn from(error: SettingError) -> ConnectError {
        ConnectError { message: error.to_string(), hint: error.hint }
    }
}

/// An inventory that is not complete.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    /// What failed and where.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

impl ReadError {
    /// What failed and what to do next, on one line.
    pub fn whole(&self) -> String {
        whole(&self.message, &self.hint)
    }
}

impl ConnectError {
    /// What failed and what to do next, on one line.
    pub fn whole(&self) -> String {
        whole(&self.message, &self.hint)
    }
}

fn whole(message: &str, hint: &str) -> String {
    if hint.is_empty() { message.to_owned() } else { format!("{message} ({hint})") }
}

/// The half that reads. Reads are retried inside, with backoff; what comes out is final.
#[async_trait]
pub trait Reader: Send + Sync {
    /// The live schema and capabilities.
    async fn describe(&self) -> Result<(Schema, Capabilities), ReadError>;
    /// Everything that the system holds, or an error: there is nothing between.
    async fn inventory(&self, ask: &Ask<'_>) -> Result<Observed, ReadError>;
    /// Reads these targets directly, in the same order.
    async fn read(&self, targets: &[Target]) -> Result<Vec<Presence>, ReadError>;
    /// What became of a transaction that a writer [announced](Announce).
    async fn transaction(&self, _transaction: Symbol) -> Result<TransactionState, ReadError> {
        Ok(TransactionState::Unknown)
    }
    /// What the system's own log tells of these differences, in the same order. Nothing is ever told beyond what the log
    /// shows: better nobody than somebody who did not do it.
    async fn touched(&self, differences: &[Difference]) -> Result<Authors, ReadError> {
        Ok(Authors::nothing(differences))
    }
}

/// What differs from what the record knows, of which a system's own log is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The account or group whose last change it may be: of a membership or grant its group; none where it is gone.
    pub object: Option<Target>,
    /// What differs itself, where its ids are known.
    pub target: Option<Target>,
    pub what: Outside,
    /// Its attributes in the record; empty where it does not know it.
    pub recorded: Attributes,
    /// Since when the record knows it.
    pub since: Option<Timestamp>,
}

/// What others did.
#[derive(Clone, Debug, PartialEq)]
pub enum Outside {
    /// An attribute or qualifier has this value now; none where it has none.
    Changed {
        attribute: Symbol,
        after: Option<Value>,
    },
    SwitchedOff,
    SwitchedOn,
    Gone,
    Given,
    Taken,
}

/// What a system's own log tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Authors {
    /// One for each difference, in their order; none where the log does not tell.
    pub touched: Vec<Option<Touched>>,
    /// Why no more is told, where there is something to be done about it; one line.
    pub limits: Option<String>,
}

impl Authors {
    /// Of none of them anything.
    pub fn nothing(differences: &[Difference]) -> Authors {
        Authors { touched: vec![None; differences.len()], limits: None }
    }
}

/// What an inventory is asked for.
pub struct Ask<'a> {
    /// Goes into the proof of completeness.
    pub now: Timestamp,
    /// Grants that files or record speak of, sorted, each once. A system whose privileges have no natural unit (on all
    /// tables of a schema) tells of each of these whether a group holds it; what is held beside them it lists in units
    /// of its own.
    pub grants: &'a [Attributes],
    /// Ids of the accounts that the record knows there, in no order, each once. Where a system does not itself tell
    /// accounts from groups for good (PostgreSQL: a role that may not log in is either), these are accounts.
    pub accounts: &'a [Symbol],
    /// Told how many objects have been read.
    pub progress: &'a (dyn Fn(u64) + Sync),
}

/// By what a call is known at its system, told before it can take effect: the record holds it then, so that a lost
/// answer is settled by asking for it.
#[async_trait]
pub trait Announce: Send + Sync {
    /// The call's orders are one transaction, known to the system as `transaction` from now on. Durable once this
    /// answers; where it fails, the transaction must not be committed.
    async fn transaction(&self, transaction: Symbol) -> Result<(), String>;
}

/// Keeps no record: for tests.
pub struct Unannounced;

#[async_trait]
impl Announce for Unannounced {
    async fn transaction(&self, _transaction: Symbol) -> Result<(), String> {
        Ok(())
    }
}

/// The half that writes. Nothing is retried inside.
#[async_trait]
pub trait Writer: Send + Sync {
    /// Carries the orders out as one call where the system has batches (at most [`Capabilities::batch`] of them), and
    /// answers each, in the same order. A transaction with an id is told to `announce` before it is committed.
    async fn execute(&self, orders: &[Order], announce: &dyn Announce) -> Vec<Outcome>;
    /// Called once at the end of a run: tidies up. What `execute` answered stands whether or not this succeeds.
    async fn close(&self) -> Result<(), ConnectError> {
        Ok(())
    }
}
