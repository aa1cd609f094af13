//! `plan` and `apply`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use state::Address;

/// Show what would change in every system, by person
///
/// Reads the configuration and every system, compares them with the state file, and shows what `tenure apply` would
/// do. Nothing is written to any system; plan is handed readers only.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure plan
  tenure plan --by system --target system.chat
  tenure plan --out acme.plan && tenure apply acme.plan
  tenure plan --out acme.plan --encrypt-to recipients.txt      for an artifact that others can download
  tenure plan --recorded --format markdown > comment.md    in a pull request, without credentials
  tenure plan --json | jq '.changes[] | select(.action == \"revoke\") | .address'

Exit codes: 0 nothing to change or shown; 1 error; with --detailed-exitcode 2 for changes; 3 a safeguard holds something.")]
pub struct PlanArgs {
    /// Keep the plan in this file, to apply exactly this one later
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Encrypt that file to the recipients in this one: `age1...`, one a line
    #[arg(long, value_name = "FILE", requires = "out")]
    pub encrypt_to: Option<PathBuf>,
    /// Take systems as the state file last saw them: needs no credentials and no network
    #[arg(long)]
    pub recorded: bool,
    /// Exit with 2 where there are changes, with 0 where there are none
    #[arg(long)]
    pub detailed_exitcode: bool,
    #[command(flatten)]
    pub shown: Shown,
    /// Only what these addresses need: person.ada, system.chat, group.chat.core; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<Address>,
    /// Show what would go with this approval, as `tenure approve` wrote it; may be repeated
    #[arg(long, value_name = "FILE")]
    pub approval: Vec<PathBuf>,
}

/// How a plan is shown: of `plan`, `show` and, as far as it asks, `apply`.
#[derive(Args, Clone, Debug, Default)]
pub struct Shown {
    /// Under which heading changes stand
    #[arg(long, value_enum, default_value_t = By::Person)]
    pub by: By,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Show everything: nothing of a large plan is folded
    #[arg(long)]
    pub full: bool,
    /// Of Markdown, at most this many bytes; what is cut is said. Without: 65000, which a comment on GitHub holds; with
    /// --full no bound
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1024..))]
    pub max_bytes: Option<u32>,
    /// In Markdown, show names of people and values of attributes too: they become readable for whoever reads that
    #[arg(long)]
    pub values: bool,
    /// The file in which the plan is kept, to name it in what can be done.
    #[arg(skip)]
    pub kept: Option<PathBuf>,
    /// The approvals that were handed in, for the same.
    #[arg(skip)]
    pub approvals: Vec<PathBuf>,
    /// Where the run that shows it can be looked at, for the same.
    #[arg(skip)]
    pub run_url: Option<String>,
}

/// Comments on GitHub hold 65,536 characters, those on GitLab 1,000,000; a pipeline may put lines of its own before.
const COMMENT: u32 = 65_000;

impl Shown {
    /// The bytes of Markdown that are allowed.
    pub fn limit(&self) -> usize {
        let limit = self.max_bytes.or((!self.full).then_some(COMMENT));
        limit.map_or(usize::MAX, |bytes| bytes as usize)
    }

    /// The form asked for.
    pub fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// Under which heading the changes of a plan stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// Under the system that they touch.
    System,
    /// Under the person or service; groups and grants under their system.
    #[default]
    Person,
}

/// Form of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal.
    #[default]
    Text,
    /// For a pull request.
    Markdown,
    /// For programs; docs/plan.schema.json says what stands in it.
    Json,
}

/// Carry out a plan, and record every step
///
/// With FILE exactly that plan, refused when what it rests on changed since. Without, plans, shows, and asks.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure apply                      plan, show, ask for `yes`, carry out
  tenure apply acme.plan            exactly the plan that was reviewed
  tenure apply acme.plan --identity key.txt
  tenure apply --auto-approve       do not ask; what a safeguard holds stays held
  tenure apply --target person.ada  only what person.ada needs
  tenure apply acme.plan --approval acme.plan.mass-removal.approval

The first Ctrl-C finishes what is under way and stops. What was not done is shown; running apply again goes on there.

Exit codes: 0 done; 1 error, or something was not done; 3 done, but a safeguard holds something.")]
pub struct ApplyArgs {
    /// A plan that `tenure plan --out FILE` kept
    pub file: Option<PathBuf>,
    /// Where the plan is encrypted: the file with the key of one of its recipients; `-` is standard input
    #[arg(long, value_name = "FILE", requires = "file")]
    pub identity: Option<PathBuf>,
    /// Do not ask; replaces the question, never a safeguard
    #[arg(long)]
    pub auto_approve: bool,
    /// What a safeguard holds and this file approves may go, as `tenure approve` wrote it; may be repeated
    #[arg(long, value_name = "FILE")]
    pub approval: Vec<PathBuf>,
    /// Calls in flight at once per system, at most; a system's own limit holds too
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub parallelism: Option<u16>,
    /// Only what these addresses need; may be repeated
    #[arg(long, value_name = "ADDRESS", conflicts_with = "file")]
    pub target: Vec<Address>,
    /// Under which heading changes stand
    #[arg(long, value_enum, default_value_t = By::Person)]
    pub by: By,
    /// Show everything: nothing of a large plan is folded
    #[arg(long)]
    pub full: bool,
}

impl ApplyArgs {
    /// How the plan is shown before the question.
    pub fn shown(&self) -> Shown {
        let (kept, approvals) = (self.file.clone(), self.approval.clone());
        Shown { by: self.by, full: self.full, kept, approvals, ..Shown::default() }
    }
}
