//! The `ldap` provider on real OpenLDAP servers, and on one that misbehaves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

mod bad_input;
mod conformance;
mod helper;
mod killed;
mod listener;
mod locks;
mod misbehaving;
#[path = "../servers/openldap.rs"]
mod openldap;
mod own;
mod parts;
mod reads;
mod stages;
mod tls;
mod writes;
