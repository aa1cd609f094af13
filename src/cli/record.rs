//! `history` and `state`: what the state file says.

use clap::{Args, Subcommand};
use state::{Address, Digest};

/// Who did what, when, from which commit, and what the system answered
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure history
  tenure history account.chat.ada
  tenure history group.chat.admins --since 30d
  tenure history person.ada                      the life of a person's access
  tenure history --since 2026-11-01 --json | jq .
  tenure history person.ada --csv > ada.csv")]
pub struct HistoryArgs {
    /// Only what is about this address: a person, an account, a group, a membership, a system
    pub address: Option<Address>,
    /// Only from then on: a date (2026-11-01), a moment (2026-11-01T09:00:00Z), or how long ago (36h, 30d)
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// One JSON object a line
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// As CSV, with a header line
    #[arg(long)]
    pub csv: bool,
    /// This state file, instead of the one that the configuration names; no configuration is read then
    #[arg(long, value_name = "FILE")]
    pub state: Option<String>,
}

/// Who had access at a moment: why, since when, by which run and commit
///
/// Of a group, a system, a grant or a role it lists who has it, through groups in groups too; of a person, a service or
/// an account, what they have. The answer is what the state file says, so it covers what tenure manages.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure who group.corp.admins
  tenure who group.corp.admins --at 2026-03-01
  tenure who person.ada --at 30d
  tenure who system.chat --csv > access.csv")]
pub struct WhoArgs {
    /// group.corp.admins, person.ada, system.chat, role.analyst, ...
    pub address: Address,
    /// At a date (2026-03-01: as that day began), a moment (2026-03-01T09:00:00Z), or how long ago (36h, 30d); now where it is left out
    #[arg(long, value_name = "WHEN")]
    pub at: Option<String>,
    /// One JSON object a line
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// As CSV, with a header line
    #[arg(long)]
    pub csv: bool,
    /// This state file, instead of the one that the configuration names; no configuration is read then
    #[arg(long, value_name = "FILE")]
    pub state: Option<String>,
}

/// Look into the state file, check it, or start a new one
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure state list system.chat
  tenure state show account.chat.ada
  tenure state verify --head 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
  tenure state archive
  tenure state copy state/acme.tenure s3://acme-access/prod")]
pub struct StateArgs {
    /// This state file, instead of the one that the configuration names; no configuration is read then
    #[arg(long, value_name = "FILE", global = true)]
    pub state: Option<String>,
    #[command(subcommand)]
    pub command: StateCommand,
}

/// What can be done with the state file.
#[derive(Debug, Subcommand)]
pub enum StateCommand {
    /// List the addresses that are managed
    List {
        /// Only those of this system, person, group, ...
        address: Option<Address>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Show everything that is recorded about one address
    Show {
        /// account.chat.ada, group.chat.core, person.ada, ...
        address: Address,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Check every line of the state file against its chain of digests
    Verify {
        /// A head that was kept elsewhere, as 64 hex digits: must be in the file
        #[arg(long, value_name = "DIGEST")]
        head: Option<Digest>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Start a new state file with a checkpoint; the former one is kept beside it
    Archive,
    /// Copy the record to another place, digits unchanged, or bring a copy there up to date
    ///
    /// Places are paths, s3://BUCKET/PREFIX or postgres://HOST/DATABASE?table=NAME. Afterwards `state` in the settings
    /// block names the new one.
    Copy {
        /// Where the record is
        from: String,
        /// Where it is to be
        to: String,
    },
}
