//! `init`, `validate`, `fmt`: commands about the configuration's own files.

use std::path::PathBuf;

use clap::Args;

/// Start the state file; in an empty folder first write a small working configuration
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure init                 in a folder with a configuration, starts its state file; in an empty one, writes one
  tenure -C access init

Nothing is ever overwritten.")]
pub struct InitArgs {}

/// Check the configuration without contacting any system
///
/// Parses and evaluates all files, and checks references, types and the settings of every provider. All errors are
/// shown.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure validate
  tenure validate --var domain=acme.example")]
pub struct ValidateArgs {}

/// Bring configuration files into the one form
///
/// Two spaces of indentation, `=` aligned, at most one blank line. Comments stay. Nothing else about a file changes.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure fmt                     all *.hcl files below this folder
  tenure fmt teams/data.hcl
  tenure fmt --check --diff      in CI: shows what is not in form, exits with 2
  tenure fmt - < in.hcl          from standard input to standard output")]
pub struct FmtArgs {
    /// Files and folders; `-` is standard input
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Write nothing; exit with 2 where a file is not in form
    #[arg(long)]
    pub check: bool,
    /// Show what changes
    #[arg(long)]
    pub diff: bool,
}
