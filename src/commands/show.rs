//! `tenure show FILE`.

use crate::cli::ShowArgs;
use crate::cli::plan::Shown;
use crate::edge::provenance;
use crate::{Error, Exit, planfile, render};

/// Shows a plan that was kept in a file. Nothing is read but the file.
pub fn run(args: &ShowArgs) -> Result<Exit, Error> {
    let plan = planfile::read(&args.file, args.identity.as_deref())?;
    render::plan::print(
        &plan,
        &Shown { kept: Some(args.file.clone()), run_url: provenance::run_url(), ..args.shown.clone() },
    )?;
    Ok(Exit::Done)
}
