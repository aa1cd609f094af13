//! `tenure completions SHELL`.

use std::io::Write as _;

use clap::CommandFactory as _;

use crate::cli::{Cli, CompletionsArgs};
use crate::{Error, Exit};

/// Prints completions for a shell.
pub fn run(args: &CompletionsArgs) -> Result<Exit, Error> {
    // Into memory first: the generator panics where its output cannot be written.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "tenure", &mut script);
    std::io::stdout().lock().write_all(&script)?;
    Ok(Exit::Done)
}
