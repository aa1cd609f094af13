//! Records in places that hosts share: an S3 bucket (moto) and a table of a PostgreSQL database. Each host is a folder
//! of its own with the same configuration and the key in its environment.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

#[path = "../../providers/tests/servers/postgresql.rs"]
mod cluster;
#[path = "../run/mod.rs"]
mod run;
#[path = "../../providers/tests/servers/mod.rs"]
mod servers;

mod at_once;
mod copies;
mod damage;
mod host;
mod killed;
mod proxy;
mod trouble;
