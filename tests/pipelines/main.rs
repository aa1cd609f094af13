//! The pipelines of `examples/ci`, run here: every step that they have, as it stands in the files that users copy. Each job
//! runs on a host of its own, in a fresh clone; hosts share only what runners of CI share: the record (S3 as moto has
//! it, or PostgreSQL), the system (a SCIM server), and the service's API, of which `api.py` has as much as is asked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

#[path = "../../providers/tests/servers/postgresql.rs"]
mod cluster;
#[path = "../run/mod.rs"]
mod run;
#[path = "../../providers/tests/servers/mod.rs"]
mod servers;

mod github;
mod gitlab;
mod runner;
mod world;
mod yaml;
