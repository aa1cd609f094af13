//! `drift`.

use clap::Args;
use state::Address;

/// Show what others changed in the systems since the last run, by person
///
/// Reads every system and compares it with the state file: attributes, accounts that were switched off or on or are
/// gone, memberships and grants that were given or taken. Says of each whether the files agree, whether `tenure apply`
/// would put it back, or what holds it; and who it was and when, where the system's own log tells. Reads only.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure drift
  tenure drift person.ada group.corp.admins
  tenure drift --json | jq '.drift[] | select(.fate == \"stays\") | .address'

Exit codes: 0 no drift, or shown; 1 error; with --detailed-exitcode 2 for drift; 3 a system could not be read.")]
pub struct DriftArgs {
    /// Only these and what belongs to them: person.ada, system.chat, group.chat.core
    #[arg(value_name = "ADDRESS")]
    pub only: Vec<Address>,
    /// Exit with 2 where there is drift, with 0 where there is none
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}
