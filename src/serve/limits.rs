//! How much of everything.

use std::time::Duration;

/// Connections at once; more wait until one ends.
pub const CONNECTIONS: usize = 1_024;
/// Requests whose bodies are in memory at once; more wait.
pub const WORK: usize = 32;
/// Bytes of the head of a request.
pub const HEAD: usize = 64 << 10;
/// Lines of the head of a request.
pub const HEADERS: usize = 100;
/// For the head of a request to come, also for the first one of a connection to begin.
pub const HEAD_TIME: Duration = Duration::from_secs(15);
/// For the TLS handshake.
pub const HANDSHAKE: Duration = Duration::from_secs(10);
/// For the body of a request to come.
pub const BODY_TIME: Duration = Duration::from_secs(30);
/// A connection takes no new request after so long.
pub const AGE: Duration = Duration::from_secs(300);
/// For the requests that are under way, when the server stops or a connection is too old.
pub const STOP: Duration = Duration::from_secs(10);
