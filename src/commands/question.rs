//! The question before anything is changed. Only a person at a terminal can answer it.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use state::{Address, Plan, Undo};

use crate::render::text::counted;
use crate::{Error, render};

/// Asks whether to carry the plan out: a typed `yes` does, and where something cannot be undone, then also the number
/// of the objects that this is about.
///
/// # Errors
/// Where there is nobody to ask.
pub fn confirmed(plan: &Plan) -> Result<bool, Error> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::new("there is nobody to ask: standard input is not a terminal")
            .hint("give --auto-approve, or a plan that was kept and reviewed: tenure apply FILE"));
    }
    if ask("\nCarry this out? Only `yes` does: ")? != "yes" {
        return Ok(false);
    }
    let lost = irreversible(plan);
    if lost.is_empty() {
        return Ok(true);
    }
    let objects = counted(lost.len(), "object", "objects");
    anstream::eprintln!("\nThis cannot be undone for {objects}:");
    for (address, what) in &lost {
        anstream::eprintln!("  ! {address}  {}", render::text::clean(what));
    }
    let answer = ask("Type how many they are to go on: ")?;
    let right = answer.parse() == Ok(lost.len());
    if !right {
        render::note(&format!("{answer:?} is not their number"));
    }
    Ok(right)
}

/// What would be changed for good, each object once, with what would be lost; without what is held.
fn irreversible(plan: &Plan) -> Vec<(Address, String)> {
    let held = plan.held();
    let going = (0u32..).zip(&plan.changes).filter(|(number, _)| held.binary_search(number).is_err());
    let lost = going.filter_map(|(_, change)| match &change.undo {
        Undo::Never { lost } => Some((change.address, format!("{}: lost is {lost}", change.action.word()))),
        Undo::AnyTime | Undo::Until(_) => None,
    });
    let mut lost: Vec<(Address, String)> = lost.collect();
    lost.sort();
    lost.dedup_by_key(|(address, _)| *address);
    lost
}

fn ask(question: &str) -> Result<String, Error> {
    anstream::eprint!("{question}");
    std::io::stderr().flush().map_err(Error::Output)?;
    let mut answer = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Error::new(format!("cannot read the answer: {error}")))?;
    Ok(answer.trim().to_owned())
}
