//! `simulate` and `test`.

use std::path::PathBuf;

use clap::Args;
use state::Timestamp;

use crate::simulate::words::parse_moment;

fn moment(text: &str) -> Result<Timestamp, String> {
    parse_moment(text).ok_or_else(|| "write it as 2027-01-31".to_owned())
}

/// Rehearse: what would happen today and until a date, in twins of the systems
///
/// Makes a twin of every system in memory, and applies there day by day, through the same safeguards, on a clock that
/// runs ahead. The systems themselves are only read. What goes wrong on the way is said by `fault` blocks in *.fault.hcl
/// files beside the configuration; with --runs and no such file, every kind of fault strikes now and then.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure simulate                            what would happen today
  tenure simulate --until 2027-01-31         who ends, starts and is put away until then
  tenure simulate --recorded --runs 1000     a thousand worlds in which things go wrong, from the record alone
  tenure simulate --recorded --seed 4711     the one world that broke a promise, again
  tenure simulate --world worlds/monday      systems as these files say: worlds/monday/chat/accounts.jsonl, ...

Exit codes: 0 every promise was kept; 1 an error, or a promise broke.")]
pub struct SimulateArgs {
    /// Go on until this day
    #[arg(long, value_name = "DATE", value_parser = moment)]
    pub until: Option<Timestamp>,
    /// So many worlds, each with faults of its own
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub runs: Option<u32>,
    /// The world, or the first of them: the same number gives the same world
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Take systems as the state file last saw them: needs no credentials and no network
    #[arg(long)]
    pub recorded: bool,
    /// Take systems from files, one folder each, as the directory provider keeps them
    #[arg(long, value_name = "DIR", conflicts_with = "recorded")]
    pub world: Option<PathBuf>,
    /// Begin at this moment and not now
    #[arg(long, value_name = "DATE", value_parser = moment)]
    pub from: Option<Timestamp>,
    /// Nothing goes wrong, whatever fault files say
    #[arg(long, conflicts_with = "runs")]
    pub calm: bool,
    /// Tell everything that happened, step by step
    #[arg(long, conflicts_with = "runs")]
    pub story: bool,
}

/// Run the tests that stand beside the configuration, without any network
///
/// Each *.test.hcl file says, in `test` blocks, what is given, what happens, and what is expected of the plan, the
/// safeguards and the systems afterwards. The systems are twins in memory.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure test
  tenure test leaver                         tests with `leaver` in their name

Exit codes: 0 all passed; 1 one failed, or there is none.")]
pub struct TestArgs {
    /// Only tests with this in their name
    #[arg(value_name = "TEXT")]
    pub filter: Option<String>,
}
