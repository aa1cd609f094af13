//! `status`.

use std::time::Duration;

use clap::Args;

use super::parse;

/// What is to come, and what is held: without asking any system
///
/// Stages of offboarding, access that ends, people who leave, accounts whose person is gone, who is suspended, what an
/// undo keeps as it is, approvals that are not used up, and calls whose outcome is in doubt.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure status
  tenure status --within 90d
  tenure status --json | jq '.stages[] | select(.action == \"delete\")'")]
pub struct StatusArgs {
    /// Of what is to come, only what comes within this time
    #[arg(long, value_name = "DURATION", value_parser = parse::duration, default_value = "30d")]
    pub within: Duration,
    /// As JSON, everything whenever it comes
    #[arg(long)]
    pub json: bool,
}
