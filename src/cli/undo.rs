//! `undo` and `suspend`.

use std::path::PathBuf;

use clap::Args;
use state::Address;

use super::plan::{ApplyArgs, By, Shown};

/// Give back how things were before a run
///
/// Makes a plan out of what the state file kept of that run: reactivates what it deactivated, gives back memberships,
/// grants and attributes, takes back what it gave. What others or later runs changed since is left alone. The plan goes
/// through the same safeguards as any other. What it gives back against the files is held until they change: docs/undo.md.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure undo last                           the last run that changed something; plans, shows, asks for `yes`
  tenure undo 20261123T09 --target person.ada
  tenure undo last --out undo.plan && tenure apply undo.plan

RUN is the id that `tenure apply` and `tenure history` show; its beginning is enough where only one has it.

Exit codes: 0 done; 1 error, something was not done, or is not as it was to be; 3 a safeguard holds something.")]
pub struct UndoArgs {
    /// The run: its id, the beginning of it, or `last`
    pub run: String,
    /// Only what these addresses need: person.ada, system.chat, group.chat.core; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<Address>,
    /// Keep the plan in this file instead of carrying it out; `tenure apply FILE` does that later
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Encrypt that file to the recipients in this one: `age1...`, one a line
    #[arg(long, value_name = "FILE", requires = "out")]
    pub encrypt_to: Option<PathBuf>,
    /// Do not ask; replaces the question, never a safeguard
    #[arg(long, conflicts_with = "out")]
    pub auto_approve: bool,
    /// The plan as JSON, and how it went as one more JSON object
    #[arg(long)]
    pub json: bool,
    /// Let this approval lift what a safeguard holds of it; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    pub approval: Vec<PathBuf>,
    /// Calls in flight at once per system, at most; a system's own limit holds too
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub parallelism: Option<u16>,
    /// Under which heading changes stand
    #[arg(long, value_enum, default_value_t = By::Person)]
    pub by: By,
    /// Show everything: nothing of a large plan is folded
    #[arg(long)]
    pub full: bool,
}

impl UndoArgs {
    /// How the plan is shown.
    pub fn shown(&self) -> Shown {
        let (by, full, json) = (self.by, self.full, self.json);
        Shown { by, json, full, kept: self.out.clone(), ..Shown::default() }
    }

    /// How the plan is carried out.
    pub fn apply(&self) -> ApplyArgs {
        ApplyArgs {
            file: None,
            identity: None,
            auto_approve: self.auto_approve,
            parallelism: self.parallelism,
            target: self.target.clone(),
            by: self.by,
            full: self.full,
            approval: self.approval.clone(),
        }
    }
}

/// Switch one person or service off everywhere, at once
///
/// Records a hold, and deactivates every account that the state file knows of them. While the hold stands nothing is
/// given to them; systems that are down are done by the next apply, first of all. No safeguard delays it but last-admin.
/// It needs neither a clean git tree nor files that evaluate: docs/undo.md says how far it goes without them.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure suspend person.ada --reason \"stolen laptop, ticket 4711\"
  tenure suspend --lift person.ada --reason \"new laptop\"      the next apply gives back what the files say
  tenure suspend --list

Exit codes: 0 done; 1 error, or an account could not be reached; 3 last-admin holds one.")]
pub struct SuspendArgs {
    /// person.KEY or service.NAME
    #[arg(required_unless_present = "list")]
    pub address: Option<Address>,
    /// Why; one line, kept in the record
    #[arg(long, value_name = "TEXT", required_unless_present = "list")]
    pub reason: Option<String>,
    /// End a suspension
    #[arg(long, conflicts_with = "list")]
    pub lift: bool,
    /// List who is suspended
    #[arg(long, conflicts_with_all = ["address", "reason"])]
    pub list: bool,
    /// Do not ask
    #[arg(long)]
    pub auto_approve: bool,
    /// This state file, where the configuration cannot be read as far as it names one
    #[arg(long, value_name = "FILE")]
    pub state: Option<String>,
}

impl SuspendArgs {
    /// How what is done is shown.
    pub fn shown(&self) -> Shown {
        Shown { full: true, ..Shown::default() }
    }
}
