//! `watch`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::parse;

/// Stay in step: look again and again, and do what the files let go by themselves
///
/// Looks at once when a file of the configuration changes, when a system says that something changed there, when time alone
/// brings something (access that ends or begins, a stage of an offboarding), and otherwise at an interval. Every round reads everything and makes a plan; the kinds of
/// change that `settings { watch { apply = [...] } }` names are applied, through every safeguard and under the lock; all
/// others are told and wait for `tenure apply`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure watch                       until Ctrl-C or SIGTERM
  tenure watch --json >> watch.log   one JSON object a line
  tenure watch --once                one round, for a timer
  tenure watch --listen 127.0.0.1:8443
                                     also takes what identity providers push
  tenure watch --http 127.0.0.1:8080 also shows how it goes, to whoever has TENURE_WATCH_TOKEN

Exit codes: 0 ended as asked; 1 an error, of --once also a round that failed.")]
pub struct WatchArgs {
    /// One round, then end
    #[arg(long)]
    pub once: bool,
    /// At most this time between rounds; goes before the files' own `interval` (5m where neither says)
    #[arg(long, value_name = "DURATION", value_parser = parse::duration)]
    pub interval: Option<Duration>,
    /// Take what is pushed to systems that hold what others push; without a certificate on
    /// this machine only
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "once")]
    pub listen: Option<SocketAddr>,
    /// Show how it goes on a page, with metrics (/metrics) and health (/healthz, /readyz); the token
    /// is in TENURE_WATCH_TOKEN; without a certificate on this machine only
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "once")]
    pub http: Option<SocketAddr>,
    /// Send what happens there as a webhook, signed with TENURE_WEBHOOK_SECRET; may be given several times
    #[arg(long, value_name = "URL", conflicts_with = "once")]
    pub webhook: Vec<String>,
    /// PEM file of the certificate to listen with, and those that it rests on; read again when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// PEM file of its private key
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}
