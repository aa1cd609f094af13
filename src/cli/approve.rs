//! `approve`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use state::{Address, Code};

use super::parse;

/// Approve what a safeguard holds in a plan: exactly that, once, for a while
///
/// Writes a file that `tenure apply --approval FILE` takes. It names one finding, its addresses, and what stands there
/// before and after: it holds for any plan that asks for a part of the same, and for nothing else.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure plan --out acme.plan
  tenure approve acme.plan --finding mass-removal --reason \"the sales team was sold, ticket 4711\"
  tenure approve acme.plan --finding mass-removal --address account.chat.ada --reason \"left, ticket 4712\" --expires 2h
  ssh-keygen -Y sign -n tenure -f ~/.ssh/id_ed25519 acme.plan.mass-removal.approval
  tenure apply acme.plan --approval acme.plan.mass-removal.approval

What has been read only in part, is in doubt, or belongs to two cannot be approved.")]
pub struct ApproveArgs {
    /// A plan that `tenure plan --out FILE` kept
    pub plan: PathBuf,
    /// Where the plan is encrypted: the file with the key of one of its recipients; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
    /// The code of the finding: mass-removal, source-shrank, ...
    #[arg(long, value_name = "CODE", value_parser = code)]
    pub finding: Code,
    /// Only this address of what the finding holds; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub address: Vec<Address>,
    /// Why; stands in the record
    #[arg(long, value_name = "TEXT", value_parser = parse::reason)]
    pub reason: String,
    /// How long it is good: 2h, 7d
    #[arg(long, value_name = "DURATION", value_parser = parse::duration, default_value = "24h")]
    pub expires: Duration,
    /// Write it to this file; without, PLAN.CODE.approval
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

fn code(text: &str) -> Result<Code, String> {
    serde_json::from_value(serde_json::Value::from(text))
        .map_err(|_| "there is no such code: take it from what the plan says is held, such as mass-removal".to_owned())
}
