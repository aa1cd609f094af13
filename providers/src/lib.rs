//! Touches systems: for each kind of system a reader and a writer, what it can do, and what its settings are.
//!
//! Adding a provider touches its own folder, one line of [`registry`], its dependency lines and its example.

pub mod conformance;
pub mod directory;
pub mod endpoint;
pub mod http;
pub mod ldap;
pub mod listener;
mod mark;
pub mod postgresql;
pub mod provider;
pub mod registry;
pub mod scim;
pub mod scim_inbound;
pub mod twin;

/// Sessions with PostgreSQL servers, for whoever keeps something of their own in one.
pub mod sql {
    pub use crate::postgresql::connection::{Client, Session};
    pub use crate::postgresql::failure::Failure;
    pub use crate::postgresql::quote::identifier as quote_identifier;
    pub use crate::postgresql::settings::Options;
}

pub use endpoint::{Endpoint, Token, Told, Unread};
pub use listener::{Beginning, Listener};
pub use mark::Mark;
pub use provider::{
    Announce, Ask, Authors, ConnectError, Difference, Outside, Provider, ReadError, Reader, SettingError,
    SettingSchema, SettingType, Settings, Unannounced, Writer,
};
pub use registry::{credentials, find, names};
