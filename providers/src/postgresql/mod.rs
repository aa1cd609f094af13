//! PostgreSQL: accounts are LOGIN roles, groups NOLOGIN roles, memberships `GRANT role TO role`.
//!
//! `settings` says where the cluster is, `tls` and `connection` lead there, `failure` is what may come back, `quote`
//! puts names into statements. `schema` says what roles have, `role` and `catalog` how the catalog tells of them;
//! `reader` takes everything in one snapshot. `judge` makes an order into statements by `statement`, `writer` carries
//! them out in one transaction, and `sessions` ends what leavers have open; `listener` hears of changes. `databases`
//! goes through what stands in databases: `privileges` and `ownership`; `elsewhere` carries out orders there. For people: `docs/providers/postgresql.md`.

pub mod catalog;
pub mod connection;
pub mod databases;
mod elsewhere;
pub mod failure;
mod judge;
mod listener;
pub mod log;
pub mod ownership;
pub mod privileges;
pub mod quote;
mod reader;
pub mod role;
mod schema;
mod sessions;
pub mod settings;
mod statement;
mod tls;
mod writer;

use std::sync::Arc;

use async_trait::async_trait;
use state::{Capabilities, Schema};

pub use connection::{Client, Session};
pub use failure::Failure;
pub use settings::Options;

use crate::listener::{Listener, Polling};
use crate::provider::{ConnectError, Provider, Reader, SettingError, SettingSchema, Settings, Writer};
use crate::twin::{Manners, Reply};
use reader::PostgresqlReader;
use writer::PostgresqlWriter;

/// The provider `postgresql`.
pub struct Postgresql;

#[async_trait]
impl Provider for Postgresql {
    fn name(&self) -> &'static str {
        "postgresql"
    }

    fn settings(&self) -> &'static [SettingSchema] {
        &settings::SETTINGS
    }

    fn check(&self, settings: &Settings) -> Vec<SettingError> {
        settings::check(settings)
    }

    /// As compared with PostgreSQL. GRANT of a privilege that is held does nothing; roles are read again under a lock.
    fn manners(&self, _: &Settings) -> Manners {
        let manners = Manners { given_membership: Reply::Stale, given_grant: Reply::Done, ..Manners::default() };
        Manners { transactions: true, ..manners }
    }

    fn offline(&self, settings: &Settings) -> (Schema, Capabilities) {
        // What is wrong with the settings is told by `check`, and when a reader is asked for.
        let options = Options::read(settings).ok();
        (schema::schema(options.as_ref(), None), schema::capabilities(options.as_ref()))
    }

    async fn reader(&self, settings: Settings) -> Result<Box<dyn Reader>, ConnectError> {
        let options = Arc::new(Options::read(&settings)?);
        Ok(Box::new(PostgresqlReader::new(Client::reading(options)?)))
    }

    fn listener(&self) -> Option<Box<dyn Listener>> {
        Some(Box::new(Polling::new(listener::Catalogs::default())))
    }

    async fn writer(&self, settings: Settings) -> Result<Box<dyn Writer>, ConnectError> {
        let options = Arc::new(Options::read(&settings)?);
        Ok(Box::new(PostgresqlWriter::new(Client::writing(options)?)))
    }
}
