//! `tenure graph [FILE]`.

use std::io::{BufWriter, Write as _};

use state::Plan;

use crate::cli::GraphArgs;
use crate::{Error, Exit, planfile, render};

/// Draws a plan: the kept one, or the one that `make` makes.
pub fn run(args: &GraphArgs, make: impl FnOnce() -> Result<Plan, Error>) -> Result<Exit, Error> {
    let plan = match &args.file {
        Some(file) => planfile::read(file, args.identity.as_deref())?,
        None => make()?,
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    render::graph::write(&mut out, &plan, args.format)?;
    out.flush()?;
    Ok(Exit::Done)
}
