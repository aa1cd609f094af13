//! LDAP directories (RFC 4511): OpenLDAP, Active Directory, and others that keep to the RFCs.
//!
//! [`protocol`] is what goes over the wire, [`connection`] and [`client`] carry it; [`server`] finds out what a server is
//! and which [`dialect`] it speaks ([`openldap`], [`active_directory`]); [`schema`], [`mod@dn`], [`entry`], [`members`], [`parts`] and [`lookup`] turn what came
//! into tenure's words; [`reader`] and [`writer`] are the two halves, `listener` hears of changes. For people: `docs/providers/ldap.md`.

pub mod active_directory;
mod archive;
mod change;
pub mod client;
pub mod connection;
mod create;
mod delete;
pub mod dialect;
pub mod entry;
pub mod error;
mod fresh;
mod listener;
pub mod lookup;
pub mod members;
mod memberships;
mod moments;
pub mod openldap;
mod outcome;
mod own;
pub mod parts;
pub mod protocol;
pub mod reader;
pub mod schema;
pub mod server;
pub mod settings;
mod sign_in;
mod tls;
pub mod url;
pub mod writer;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
pub use state::dn;
use state::{Capabilities, Schema};

use crate::listener::Listener;
use crate::provider::{ConnectError, Provider, Reader, SettingSchema, Settings, Writer};
use crate::twin::{Manners, Reply};

use client::Client;
use settings::LdapSettings;

/// The `ldap` provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ldap;

#[async_trait]
impl Provider for Ldap {
    fn name(&self) -> &'static str {
        "ldap"
    }

    fn settings(&self) -> &'static [SettingSchema] {
        settings::SETTINGS
    }

    /// As compared with OpenLDAP. A value that is there already, or not any more, is what was wanted: the server's error is
    /// taken for done.
    fn manners(&self, _: &Settings) -> Manners {
        Manners { given_membership: Reply::Done, not_there: Reply::Done, absent: Reply::Refused, ..Manners::default() }
    }

    fn offline(&self, settings: &Settings) -> (Schema, Capabilities) {
        let open = Schema { account_open: true, group_open: true, ..Schema::default() };
        let capabilities = match LdapSettings::read(settings, false) {
            Ok(settings) => server::capabilities(&settings),
            // Wrong settings are told when the system is connected to; here they change nothing that matters.
            Err(_) => Capabilities { groups: true, nested_groups: true, deactivate: true, ..Capabilities::default() },
        };
        (open, capabilities)
    }

    async fn reader(&self, settings: Settings) -> Result<Box<dyn Reader>, ConnectError> {
        Ok(Box::new(reader::LdapReader::new(connect(&settings, false).await?)))
    }

    fn listener(&self) -> Option<Box<dyn Listener>> {
        Some(Box::new(listener::LdapListener::default()))
    }

    async fn writer(&self, settings: Settings) -> Result<Box<dyn Writer>, ConnectError> {
        Ok(Box::new(writer::LdapWriter::new(connect(&settings, true).await?)))
    }
}

async fn connect(settings: &Settings, writing: bool) -> Result<Arc<Client>, ConnectError> {
    let own = LdapSettings::read(settings, writing)?;
    let client = tokio::time::timeout(Duration::from_secs(60).max(own.timeout), Client::connect(own)).await;
    let named = |error: error::LdapError| ConnectError {
        message: format!("system.{}: {}", settings.system, error.message),
        hint: error.hint,
    };
    match client {
        Ok(client) => client.map(Arc::new).map_err(named),
        Err(_) => Err(named(error::LdapError::new(
            "the server did not say what it is in time",
            "check the server, or raise timeout",
        ))),
    }
}
