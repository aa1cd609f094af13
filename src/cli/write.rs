//! `init`, `validate`, `fmt`: commands about the configuration's own files.

use std::path::PathBuf;

use clap::Args;

/// Start the state file; in an empty folder first write a small working configuration
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure init                 in a folder with a configuration, starts its state file; in an empty one, writes one
  tenure -C access init

  tenure init --from ../connections.hcl
                              out of system blocks alone: people, groups, memberships and roles as they are on the
                              systems, with a first plan that takes everything over and changes nothing

Nothing is ever overwritten.")]
pub struct InitArgs {
    /// A file with system blocks, without people or groups: the systems are read, and a configuration of what they hold is
    /// written into this folder
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
}

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
