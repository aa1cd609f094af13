//! The `ldap` provider on real OpenLDAP servers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

mod conformance;
mod helper;
#[path = "../servers/openldap.rs"]
mod openldap;
