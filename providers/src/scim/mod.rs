//! SCIM 2.0 (RFC 7643, RFC 7644; paging by cursor: RFC 9865).
//!
//! [`discovery`] asks what a server can do; [`paging`] reads whole lists and proves them; [`resource`], [`schema`] and
//! [`members`] turn what came into tenure's words; [`reader`] and [`writer`] are the two halves, `listener` hears of changes, and [`patch`] and
//! [`replace`] the two ways to change something. Servers differ more than the RFCs allow: `docs/providers/scim.md` says what was seen.

mod answered;
pub mod client;
pub mod discovery;
pub mod json;
mod listener;
pub mod members;
mod memberships;
pub mod message;
pub mod paging;
pub mod patch;
pub mod reader;
pub mod replace;
pub mod resource;
pub mod rfc;
pub mod schema;
pub mod writer;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use state::{Capabilities, Schema};

use crate::http::settings::{self, SETTINGS as HTTP, number};
use crate::http::{HttpError, HttpSettings};
use crate::listener::{Listener, Polling};
use crate::provider::{ConnectError, Provider, Reader, SettingError, SettingSchema, SettingType, Settings, Writer};
use crate::twin::{Manners, Reply};

/// The `scim` provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scim;

const OWN: [SettingSchema; 2] = [
    SettingSchema {
        name: "page_size",
        value: SettingType::Integer,
        required: false,
        help: "resources asked for at once [what the server allows, at most 500]",
    },
    SettingSchema {
        name: "visibility",
        value: SettingType::Integer,
        required: false,
        help: "seconds until a change shows when it is read, at most [10]",
    },
];

const SETTINGS: [SettingSchema; HTTP.len() + OWN.len()] = {
    let mut settings = [OWN[0]; HTTP.len() + OWN.len()];
    settings[HTTP.len() + 1] = OWN[1];
    let mut n = 0;
    while n < HTTP.len() {
        settings[n] = HTTP[n];
        n += 1;
    }
    settings
};

#[async_trait]
impl Provider for Scim {
    fn name(&self) -> &'static str {
        "scim"
    }

    fn settings(&self) -> &'static [SettingSchema] {
        &SETTINGS
    }

    fn check(&self, settings: &Settings) -> Vec<SettingError> {
        let own = [number(settings, "page_size", 1, 100_000).err(), visibility(settings).err()];
        settings::check(settings).into_iter().chain(own.into_iter().flatten()).collect()
    }

    /// As compared with scim2-server, which takes members that are not there (RFC 7644, section 3.5.2, leaves that open).
    fn manners(&self, _: &Settings) -> Manners {
        let manners = Manners { given_membership: Reply::Done, not_there: Reply::Done, ..Manners::default() };
        Manners { absent: Reply::Refused, ghosts: true, ..manners }
    }

    fn offline(&self, settings: &Settings) -> (Schema, Capabilities) {
        let service = discovery::Service::default();
        let (timeout, concurrency) = match HttpSettings::read(settings) {
            Ok(settings) => (settings.timeout, settings.concurrency),
            // Wrong settings are told when the system is connected to; here they change nothing that matters.
            Err(_) => (Duration::from_secs(30), 8),
        };
        let visibility = visibility(settings).unwrap_or(VISIBILITY);
        let capabilities = service.capabilities(timeout, visibility, concurrency);
        (service.schema(), capabilities)
    }

    async fn reader(&self, settings: Settings) -> Result<Box<dyn Reader>, ConnectError> {
        let page_size = number(&settings, "page_size", 1, 100_000)?;
        let visibility = visibility(&settings)?;
        Ok(Box::new(reader::ScimReader::new(connect(&settings).await?, page_size, visibility)))
    }

    fn listener(&self) -> Option<Box<dyn Listener>> {
        Some(Box::new(Polling::new(listener::Modified::default())))
    }

    async fn writer(&self, settings: Settings) -> Result<Box<dyn Writer>, ConnectError> {
        Ok(Box::new(writer::ScimWriter::new(connect(&settings).await?)))
    }
}

/// Until a change shows when it is read, where the settings do not say.
const VISIBILITY: Duration = Duration::from_secs(10);

fn visibility(settings: &Settings) -> Result<Duration, SettingError> {
    Ok(number(settings, "visibility", 0, 3600)?.map_or(VISIBILITY, Duration::from_secs))
}

async fn connect(settings: &Settings) -> Result<Arc<client::Client>, ConnectError> {
    let http = HttpSettings::read(settings)?;
    let named = |error: HttpError| ConnectError {
        message: format!("system.{}: {}", settings.system, error.message),
        hint: error.hint,
    };
    Ok(Arc::new(client::Client::connect(http).await.map_err(named)?))
}
