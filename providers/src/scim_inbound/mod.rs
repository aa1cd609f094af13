//! People that are pushed: a SCIM 2.0 service provider (RFC 7643, RFC 7644) of tenure's own, whose inventory is what was
//! pushed to it.
//!
//! A request comes to `endpoint`. `filter` and `path` read what is written in one, `incoming` brings resources to one form
//! by the `schema`, `patch` changes them, `query` and `matching` find them, `outgoing` shows them; `resources` decides on
//! `contents`, and `store` keeps these in the file that `log` reads and writes; an `operation` is the same by whatever way
//! it comes, also by `bulk` and `events`. `reader` is the half that everybody else
//! sees, and `listener` tells that there is something to see. For people: `docs/providers/scim-inbound.md`.

mod bulk;
mod contents;
mod discovery;
mod endpoint;
mod events;
pub mod filter;
mod incoming;
mod listener;
mod log;
mod matching;
mod operation;
mod outgoing;
mod patch;
pub mod path;
mod query;
mod reader;
mod refusal;
mod resources;
mod schema;
mod settings;
mod store;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use state::{Capabilities, Schema};

use crate::endpoint::Endpoint;
use crate::listener::{Listener, Polling};
use crate::provider::{ConnectError, Provider, Reader, SettingError, SettingSchema, Settings, Writer};
use endpoint::Inbound;
use settings::{Options, token};

/// The provider `scim-inbound`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScimInbound;

#[async_trait]
impl Provider for ScimInbound {
    fn name(&self) -> &'static str {
        "scim-inbound"
    }

    fn settings(&self) -> &'static [SettingSchema] {
        settings::SETTINGS
    }

    fn only_to_listen(&self) -> &'static [&'static str] {
        &["token"]
    }

    fn check(&self, settings: &Settings) -> Vec<SettingError> {
        Options::new(settings).err().into_iter().collect()
    }

    fn offline(&self, _: &Settings) -> (Schema, Capabilities) {
        reader::described()
    }

    async fn reader(&self, settings: Settings) -> Result<Box<dyn Reader>, ConnectError> {
        let folder = Options::new(&settings)?.folder;
        Ok(Box::new(reader::InboundReader { system: settings.system, folder }))
    }

    async fn writer(&self, settings: Settings) -> Result<Box<dyn Writer>, ConnectError> {
        Err(ConnectError {
            message: format!("system.{} holds what others push, and is only read", settings.system),
            hint: "give access on other systems: take people from it by `people \"x\" { from = system... }`".to_owned(),
        })
    }

    fn listener(&self) -> Option<Box<dyn Listener>> {
        Some(Box::new(Polling::new(listener::Mark::default())))
    }

    fn endpoint(&self, settings: &Settings) -> Option<Result<Box<dyn Endpoint>, ConnectError>> {
        let open = || {
            let token = token(settings)?;
            Ok::<_, ConnectError>(Box::new(Inbound::open(Options::new(settings)?, token)?) as Box<dyn Endpoint>)
        };
        Some(open())
    }
}
