//! Options that every command takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};

use super::parse;

/// Options that every command takes.
#[derive(Args, Clone, Debug)]
pub struct Global {
    /// Go to this folder first; the configuration and all paths are looked for there
    #[arg(short = 'C', long, value_name = "DIR", global = true, help_heading = "Global options")]
    pub chdir: Option<PathBuf>,
    /// Set a variable of the configuration; may be repeated
    #[arg(long, value_name = "NAME=VALUE", global = true, value_parser = parse::assignment)]
    #[arg(help_heading = "Global options")]
    pub var: Vec<Assignment>,
    /// Read variables from a file: `name = value` lines in HCL, or JSON where it ends in .json; may be repeated
    #[arg(long, value_name = "FILE", global = true, help_heading = "Global options")]
    pub var_file: Vec<PathBuf>,
    /// Wait this long for the lock on the state file: 30s, 5m
    #[arg(long, value_name = "DURATION", global = true, value_parser = parse::duration, default_value = "0s")]
    #[arg(help_heading = "Global options", hide_default_value = true)]
    pub lock_timeout: Duration,
    /// No colours
    #[arg(long, global = true, help_heading = "Global options")]
    pub no_color: bool,
    /// What the operator allows: programs for command(), names for env(), origins of systems
    #[arg(long, value_name = "FILE", global = true, help_heading = "Global options")]
    pub operator: Option<PathBuf>,
    /// Let file functions read below this folder too; may be repeated
    #[arg(long, value_name = "PATH", global = true, help_heading = "Global options")]
    pub allow_path: Vec<PathBuf>,
    /// Say more on standard error; twice says even more
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Global options")]
    pub verbose: u8,
}

/// `--var NAME=VALUE`.
#[derive(Clone, PartialEq, Eq)]
pub struct Assignment {
    pub name: String,
    pub value: String,
}

/// Shows no value: the variable may be a sensitive one.
impl std::fmt::Debug for Assignment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}=...", self.name)
    }
}
