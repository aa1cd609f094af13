//! What each command does. Each file has one command; all of them end in an [`Exit`] or an [`Error`].

pub mod accept;
pub mod apply;
pub mod approve;
pub mod completions;
pub mod discover;
pub mod drift;
pub mod fmt;
pub mod graph;
pub mod history;
pub mod init;
pub mod man;
pub mod plan;
mod question;
pub mod record;
pub mod show;
pub mod simulate;
mod stale;
pub mod state;
pub mod status;
pub mod suspend;
pub mod test;
pub mod undo;
pub mod validate;
pub mod watch;
pub mod who;

use crate::cli::{Cli, Command};
use crate::{Error, Exit, telemetry};

/// Carries out what was typed.
pub fn run(cli: Cli) -> Result<Exit, Error> {
    if let Some(folder) = &cli.global.chdir {
        std::env::set_current_dir(folder).map_err(|error| {
            Error::new(format!("cannot go to the folder {}: {error}", folder.display()))
                .hint("--chdir names the folder with the configuration")
        })?;
    }
    let global = &cli.global;
    match cli.command {
        Command::Init(args) => init::run(global, &args),
        Command::Validate(_) => validate::run(global),
        Command::Fmt(args) => fmt::run(&args),
        Command::Discover(args) => discover::run(global, &args),
        Command::Plan(args) => traced("tenure plan", || plan::run(global, &args)),
        Command::Apply(args) => traced("tenure apply", || apply::run(global, &args)),
        Command::Accept(args) => accept::run(global, &args),
        Command::Watch(args) => watch::run(global, &args),
        Command::Drift(args) => traced("tenure drift", || drift::run(global, &args)),
        Command::Approve(args) => approve::run(&args),
        Command::Suspend(args) => traced("tenure suspend", || suspend::run(global, &args)),
        Command::Undo(args) => traced("tenure undo", || undo::run(global, &args)),
        Command::Status(args) => status::run(global, &args),
        Command::Simulate(args) => simulate::run(global, &args),
        Command::Test(args) => test::run(global, &args),
        Command::Show(args) => show::run(&args),
        Command::Graph(args) => graph::run(&args, || plan::make(global, false, &[], &[])),
        Command::History(args) => record::history(global, &args),
        Command::Who(args) => record::who(global, &args),
        Command::State(args) => record::state(global, &args),
        Command::Completions(args) => completions::run(&args),
        Command::Man => man::run(),
    }
}

/// A run that is traced as a whole. A watch has a trace for each of its rounds.
fn traced(name: &'static str, run: impl FnOnce() -> Result<Exit, Error>) -> Result<Exit, Error> {
    let mut span = telemetry::root(name);
    let exit = run();
    span.exit(&exit);
    exit
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
