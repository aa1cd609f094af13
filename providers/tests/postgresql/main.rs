//! The provider `postgresql` on real clusters.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

#[path = "../servers/postgresql.rs"]
mod cluster;
mod conformance;
mod connection;
mod helper;
mod later;
mod leavers;
mod listener;
mod ownership;
mod privileges;
mod roles;
mod sales;
mod trouble;
