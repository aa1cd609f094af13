//! The `ldap` provider on Active Directory: a real Samba domain controller, one for all tests here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

mod conformance;
mod domain;
mod quirks;
#[path = "../servers/mod.rs"]
mod servers;
mod wrong;
