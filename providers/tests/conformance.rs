//! The conformance list, run over each provider. What is skipped is asserted, so that a check cannot quietly go away.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so by failing")]

#[path = "conformance/broken.rs"]
mod broken;
#[path = "conformance/directory.rs"]
mod directory;
#[path = "conformance/scim.rs"]
mod scim;
mod servers;
