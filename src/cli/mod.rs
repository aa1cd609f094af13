//! What can be typed: the commands, their options and their help.

pub mod accept;
pub mod approve;
pub mod discover;
pub mod drift;
pub mod global;
pub mod parse;
pub mod plan;
pub mod record;
pub mod show;
pub mod simulate;
pub mod status;
pub mod undo;
pub mod watch;
pub mod write;

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::{Parser, Subcommand};

pub use accept::AcceptArgs;
pub use approve::ApproveArgs;
pub use discover::DiscoverArgs;
pub use drift::DriftArgs;
pub use global::{Assignment, Global};
pub use plan::{ApplyArgs, By, Format, PlanArgs};
pub use record::{HistoryArgs, StateArgs, StateCommand, WhoArgs};
pub use show::{CompletionsArgs, GraphArgs, GraphFormat, ShowArgs};
pub use simulate::{SimulateArgs, TestArgs};
pub use status::StatusArgs;
pub use undo::{SuspendArgs, UndoArgs};
pub use watch::WatchArgs;
pub use write::{FmtArgs, InitArgs, ValidateArgs};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const AFTER_HELP: &str = "\
Examples:
  tenure init                        start here: a small working configuration, and its state file
  tenure discover                    what the systems hold, and what no file explains
  tenure plan                        what would change, by person
  tenure plan --out acme.plan        keep the plan, to apply exactly this one
  tenure apply acme.plan             carry it out
  tenure undo last                   give back how it was before the last run
  tenure history account.chat.ada    who did what, when, from which commit
  tenure who group.corp.admins       who has access, why, since when
  tenure drift                       what others changed by hand
  tenure accept account.chat.ada     write that into the files, instead of putting it back
  tenure status                      what is to come, and what is held
  tenure simulate --until 2027-01-31 rehearse it in twins of the systems

Exit codes:
  0  done, or nothing to change
  1  an error; nothing that was not said has been done
  2  there are changes (plan --detailed-exitcode) or drift (drift --detailed-exitcode), or files to format (fmt --check)
  3  a safeguard holds something

Environment:
  TENURE_VAR_NAME  the value of variable NAME; --var-file and --var go before it
  NO_COLOR         no colours, as --no-color";

/// Access as code: people and the access they hold, planned, applied and recorded
///
/// People, systems, groups and roles are written in HCL files. `tenure plan` shows what would change in every
/// connected system, by person; `tenure apply` carries it out and records every step in the state file.
#[derive(Debug, Parser)]
#[command(name = "tenure", bin_name = "tenure", version = env!("TENURE_VERSION"), styles = STYLES)]
#[command(after_help = AFTER_HELP, disable_help_subcommand = true, max_term_width = 100, propagate_version = false)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// The commands, in the order in which one meets them.
#[derive(Debug, Subcommand)]
pub enum Command {
    Init(InitArgs),
    Validate(ValidateArgs),
    Fmt(FmtArgs),
    Discover(DiscoverArgs),
    Plan(Box<PlanArgs>),
    Apply(Box<ApplyArgs>),
    Drift(DriftArgs),
    Accept(AcceptArgs),
    Watch(WatchArgs),
    Approve(ApproveArgs),
    Undo(UndoArgs),
    Suspend(SuspendArgs),
    Status(StatusArgs),
    Simulate(SimulateArgs),
    Test(TestArgs),
    Show(ShowArgs),
    Graph(GraphArgs),
    History(HistoryArgs),
    Who(WhoArgs),
    State(StateArgs),
    Completions(CompletionsArgs),
    /// Print the manual page (roff)
    ///
    /// Without --out one page with all commands goes to standard output: `tenure man > tenure.1`.
    Man,
}
