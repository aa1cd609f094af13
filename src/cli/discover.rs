//! `discover`.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::parse;
use super::plan::By;

/// What the systems hold, against the files and the record: whose it is, and what no file explains
///
/// Reads every system and writes nothing, neither there nor into the record. Accounts and groups are managed (files and
/// record know them), adoptable (the files want them, and the next apply takes them under management), unmanaged (no
/// file speaks of them), orphaned (the record knows them, and no file wants them any more) or missing (the record knows
/// them, and they are gone); access that no file gives is unexplained.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure discover                         every system
  tenure discover chat --full             everything that one system holds
  tenure discover --by person             by whose it is
  tenure discover --stale 180d
  tenure discover --format csv > access.csv
  tenure discover --json | jq '.items[] | select(.status == \"unmanaged\") | .address'

Exit codes: 0 all systems were read; 1 error; 3 a system could not be read completely: nothing is said about it.")]
pub struct DiscoverArgs {
    /// Only what stands on this system: chat, or system.chat
    pub system: Option<String>,
    /// Under which heading it stands
    #[arg(long, value_enum, default_value_t = By::System)]
    pub by: By,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = DiscoverFormat::Text)]
    pub format: DiscoverFormat,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Show everything: what is managed too, and no list is cut
    #[arg(long)]
    pub full: bool,
    /// An account whose last sign-in is longer ago than this is stale, where its system tells
    #[arg(long, value_name = "DURATION", value_parser = parse::duration, default_value = "90d")]
    pub stale: Duration,
}

/// Form of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DiscoverFormat {
    /// For a terminal.
    #[default]
    Text,
    /// For programs: one object.
    Json,
    /// For spreadsheets: RFC 4180, a header and one thing a line.
    Csv,
}

impl DiscoverArgs {
    /// The form asked for.
    pub fn format(&self) -> DiscoverFormat {
        if self.json { DiscoverFormat::Json } else { self.format }
    }
}
