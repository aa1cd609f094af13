//! What each command does. Each file has one command; all of them end in an [`Exit`] or an [`Error`].

pub mod apply;
pub mod completions;
pub mod fmt;
pub mod graph;
pub mod history;
pub mod man;
pub mod plan;
pub mod show;
mod stale;
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
        Command::Plan(args) => plan::run(&cli.global, &args),
        Command::Apply(args) => apply::run(&cli.global, &args),
        Command::Completions(args) => completions::run(&args),
        Command::Fmt(args) => fmt::run(&args),
        Command::Man => man::run(),
        Command::Show(args) => show::run(&args),
        Command::Graph(args) => graph::run(&args, || plan::make(&cli.global, false, &[])),
        Command::Init(_) => {
            let session = crate::session::Session::open(&cli.global)?;
            crate::edge::init::create(&session.folder.state_path(), session.folder.now)?;
            Ok(Exit::Done)
        }
        other => Err(Error::new(format!("`{other:?}` is not wired yet"))),
    }
}

/// What calls to systems run on: made only by commands that make some.
fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(format!("cannot start the threads for calls to systems: {error}")))
}
#[cfg(test)]
mod tests;
