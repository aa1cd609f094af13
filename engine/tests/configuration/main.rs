//! The configuration: HCL in, what it says out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests
#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)] // a test reads files

mod support;

mod access;
mod accounts;
mod authority;
mod blocks;
mod kubernetes;
mod people;
mod startup;
mod values;
