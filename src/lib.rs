//! The command line of tenure: composes the configuration, the systems, the record and the planner.
//!
//! `cli` says what can be typed, `commands` does it, `render` shows it.

pub mod approvalfile;
pub mod cli;
pub mod commands;
pub mod driver;
pub mod edge;
pub mod error;
pub mod exit;
pub mod format;
pub mod page;
pub mod planfile;
pub mod render;
pub mod serve;
pub mod session;
pub mod simulate;
pub mod telemetry;

pub use error::Error;
pub use exit::Exit;

use clap::Parser as _;

/// Reads the command line, carries it out, shows what failed, and answers with the exit code.
pub fn main() -> std::process::ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap's own exit code for a wrong command line is 2, which here means "there are changes".
            let shown = error.print();
            let exit = if error.use_stderr() { Exit::Failed } else { Exit::Done };
            return shown.map_or(Exit::Unread, |()| exit).into();
        }
    };
    if cli.global.no_color {
        anstream::ColorChoice::Never.write_global();
    }
    telemetry::start();
    let exit = match commands::run(cli) {
        Ok(exit) => exit,
        Err(error) => error.report(&mut anstream::stderr().lock()),
    };
    telemetry::end();
    exit.into()
}
