//! What each command does. Each file has one command; all of them end in an [`Exit`] or an [`Error`].

pub mod completions;
pub mod fmt;
pub mod graph;
pub mod history;
pub mod man;
pub mod show;
pub mod state;

use crate::cli::{Cli, Command};
use crate::{Error, Exit};

/// Carries out what was typed.
pub fn run(cli: Cli) -> Result<Exit, Error> {
    if let Some(folder) = &cli.global.chdir {
        std::env::set_current_dir(folder).map_err(|error| {
            Error::new(format!("cannot go to the folder {}: {error}", folder.display()))
                .hint("--chdir names the folder with the configuration")
        })?;
    }
    match cli.command {
        Command::Completions(args) => completions::run(&args),
        Command::Fmt(args) => fmt::run(&args),
        Command::Man => man::run(),
        Command::Show(args) => show::run(&args),
        Command::Graph(args) => graph::run(&args, || Err(Error::new("name a plan file: tenure graph acme.plan"))),
        other => Err(Error::new(format!("`{other:?}` is not wired yet"))),
    }
}

#[cfg(test)]
mod tests;
