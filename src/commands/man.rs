//! `tenure man`.

use std::io::Write as _;

use clap::CommandFactory as _;

use crate::cli::Cli;
use crate::{Error, Exit};

/// Prints the manual: the page of the program, then those of its commands, one after the other.
pub fn run() -> Result<Exit, Error> {
    let mut manual = Vec::new();
    let mut command = Cli::command();
    command.build();
    page(&command, &mut manual)?;
    std::io::stdout().lock().write_all(&manual)?;
    Ok(Exit::Done)
}

fn page(command: &clap::Command, to: &mut Vec<u8>) -> Result<(), Error> {
    let title = command.get_bin_name().unwrap_or("tenure").replace(' ', "-");
    clap_mangen::Man::new(command.clone()).title(title).render(to)?;
    command.get_subcommands().filter(|command| command.get_name() != "help").try_for_each(|command| page(command, to))
}
