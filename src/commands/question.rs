//! The question before anything is changed. Only a person at a terminal can answer it.

use std::io::{BufRead, IsTerminal as _, Write};

use state::{Address, Plan, Undo};

use crate::Error;
use crate::render::text::{clean, counted};

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
    asked(plan, &mut std::io::stdin().lock(), &mut anstream::stderr().lock())
}

/// Asks on `to`, and is answered on `from`.
fn asked(plan: &Plan, from: &mut dyn BufRead, to: &mut dyn Write) -> Result<bool, Error> {
    if ask("\nCarry this out? Only `yes` does: ", from, to)? != "yes" {
        return Ok(false);
    }
    let lost = irreversible(plan);
    if lost.is_empty() {
        return Ok(true);
    }
    writeln!(to, "\nThis cannot be undone for {}:", counted(lost.len(), "object", "objects"))?;
    for (address, what) in &lost {
        writeln!(to, "  ! {address}  {}", clean(what))?;
    }
    let answer = ask("Type how many they are to go on: ", from, to)?;
    let right = answer == lost.len().to_string();
    if !right {
        writeln!(to, "{:?} is not their number", clean(&answer))?;
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

fn ask(question: &str, from: &mut dyn BufRead, to: &mut dyn Write) -> Result<String, Error> {
    write!(to, "{question}")?;
    to.flush()?;
    let mut answer = String::new();
    from.read_line(&mut answer).map_err(|error| Error::new(format!("cannot read the answer: {error}")))?;
    Ok(answer.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::plan::sample::company;
    use state::Symbol;

    fn answered(plan: &Plan, answers: &str) -> (bool, String) {
        let mut told = Vec::new();
        let right = asked(plan, &mut answers.as_bytes(), &mut told).unwrap();
        (right, String::from_utf8(told).unwrap())
    }

    #[test]
    fn a_typed_yes_is_enough_where_all_can_be_undone() {
        let mut plan = company();
        plan.changes.iter_mut().for_each(|change| change.undo = Undo::AnyTime);
        for (answers, right) in
            [("yes\n", true), ("yes", true), ("y\n", false), ("YES\n", false), ("\n", false), ("", false)]
        {
            assert_eq!(
                answered(&plan, answers),
                (right, "\nCarry this out? Only `yes` does: ".to_owned()),
                "{answers:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_undone_asks_for_its_number_and_what_is_held_does_not_count() {
        let mut plan = company();
        plan.changes.iter_mut().for_each(|change| change.undo = Undo::AnyTime);
        let held = plan.held();
        let number = |n: usize| u32::try_from(n).unwrap();
        let free: Vec<usize> = (0..plan.changes.len()).filter(|n| !held.contains(&number(*n))).take(2).collect();
        for n in free.iter().copied().chain(held.first().map(|n| *n as usize)) {
            plan.changes[n].undo = Undo::Never { lost: Symbol::new("its mail") };
        }
        assert!(!held.is_empty() && free.len() == 2);
        for (answers, right) in [
            ("yes\n2\n", true),
            ("yes\n 2 \n", true),
            ("yes\n3\n", false),
            ("yes\nyes\n", false),
            ("yes\n02\n", false),
            ("yes\n", false),
            ("2\n2\n", false),
        ] {
            assert_eq!(answered(&plan, answers).0, right, "{answers:?}");
        }
        let (_, told) = answered(&plan, "yes\n3\n");
        let address = |n: usize| plan.changes[n].address.to_string();
        assert!(told.contains("This cannot be undone for 2 objects:\n  ! "), "{told}");
        assert!(free.iter().all(|n| told.contains(&address(*n))) && told.contains("lost is its mail"), "{told}");
        assert!(told.ends_with("Type how many they are to go on: \"3\" is not their number\n"), "{told}");
    }
}
