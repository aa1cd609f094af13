//! PostgreSQL: accounts are LOGIN roles, groups NOLOGIN roles, memberships `GRANT role TO role`.
//!
//! `settings` says where the cluster is, `tls` and `connection` lead there, `failure` is what may come back, `quote`
//! puts names into statements. For people: `docs/providers/postgresql.md`.

pub mod connection;
pub mod failure;
pub mod quote;
pub mod settings;
mod tls;

pub use connection::{Client, Session};
pub use failure::Failure;
pub use settings::Options;
