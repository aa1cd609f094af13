//! A plan as people and programs read it.
//!
//! `items` picks what is shown of a plan and says why and whether it is held; `sections` puts it under headings, by
//! person or by system; `fold` shortens what is long, and `summary` tells it in numbers; `text` and `markdown` write that. `json` streams the plan itself.

mod counts;
mod details;
mod findings;
mod fold;
mod items;
mod json;
mod markdown;
mod sections;
mod summary;
mod systems;
mod text;
pub(crate) mod value;

#[cfg(test)]
pub mod sample;
#[cfg(test)]
mod tests;

use std::io::{self, BufWriter, Write};

use state::Plan;

pub use counts::Counts;
pub use text::style;

use crate::cli::Format;
use crate::cli::plan::Shown;

/// Writes a plan in the form that was asked for. Text comes with colours: the stream drops them where they have no
/// place.
pub fn write(to: &mut dyn Write, plan: &Plan, shown: &Shown) -> io::Result<()> {
    match shown.format() {
        Format::Text => text::write(to, plan, shown),
        Format::Markdown => markdown::write(to, plan, shown),
        Format::Json => json::write(to, plan),
    }
}

/// Whether a plan has facts that people should see: adoptions, moves, what others did.
pub fn shows_facts(plan: &Plan) -> bool {
    plan.facts.len() > counts::unseen_facts(plan)
}

/// Writes only what the safeguards hold of a plan that was kept as `saved` to standard output, for a terminal.
pub fn print_held(plan: &Plan, saved: &Plan, shown: &Shown) -> io::Result<()> {
    let mut out = BufWriter::new(anstream::stdout().lock());
    findings::write_held(&mut out, plan, saved, shown)?;
    out.flush()
}

/// Writes a plan to standard output.
pub fn print(plan: &Plan, shown: &Shown) -> io::Result<()> {
    match shown.format() {
        Format::Text => {
            let mut out = BufWriter::new(anstream::stdout().lock());
            write(&mut out, plan, shown)?;
            out.flush()
        }
        Format::Markdown | Format::Json => {
            let mut out = BufWriter::new(io::stdout().lock());
            write(&mut out, plan, shown)?;
            out.flush()
        }
    }
}
