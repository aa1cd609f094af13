//! What is to be said about systems besides their changes: accounts that no file explains, people left out, notes,
//! and how the reading went where it did not go well.

use std::io::{self, Write};

use state::{Address, Code, Plan, Scope, Symbol, SystemRead, SystemSummary};

use super::text::{BOLD, HELD};
use crate::render::text::{clean_lines, counted};

/// Identities named of those that `account.when` leaves out.
const NAMED: usize = 5;

/// Remarks about a system; none where there is nothing to say, or where a finding says it.
pub fn remarks(plan: &Plan, name: Symbol, summary: &SystemSummary) -> Vec<String> {
    let mut remarks = Vec::new();
    let found = |code| plan.findings.iter().any(|finding| finding.code == code && finding.scope == Scope::System(name));
    match &summary.read {
        SystemRead::Complete { .. } => {}
        SystemRead::Incomplete { .. } if found(Code::IncompleteRead) => {}
        SystemRead::Incomplete { error } => remarks.push(format!("could not be read: {}", clean_lines(error))),
        SystemRead::Recorded => remarks.push("taken from the state file, not read".to_owned()),
    }
    if summary.unmanaged > 0 && !found(Code::Unmanaged) {
        let accounts = counted(summary.unmanaged as usize, "account", "accounts");
        remarks.push(format!("{accounts} unmanaged: no file explains them, nothing is done about them"));
    }
    if !summary.left_out.is_empty() {
        remarks.push(format!("{} left out by account.when", named(&summary.left_out)));
    }
    remarks.extend(summary.notes.iter().map(|note| clean_lines(note).into_owned()));
    remarks
}

fn named(addresses: &[Address]) -> String {
    let named: Vec<String> = addresses.iter().take(NAMED).map(Address::to_string).collect();
    match addresses.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// Writes what there is to say about each system.
pub fn write(to: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    let mut said = false;
    for (name, summary) in &plan.systems {
        let unread = matches!(summary.read, SystemRead::Incomplete { .. });
        for (at, remark) in remarks(plan, *name, summary).iter().enumerate() {
            said = true;
            let remark = remark.replace('\n', "\n  ");
            match (at, unread) {
                (0, true) => writeln!(to, "{BOLD}system.{name}{BOLD:#}  {HELD}{remark}{HELD:#}")?,
                (0, false) => writeln!(to, "{BOLD}system.{name}{BOLD:#}  {remark}")?,
                _ => writeln!(to, "{:1$}  {remark}", "", "system.".len() + crate::render::text::width(name.as_str()))?,
            }
        }
    }
    if said { writeln!(to) } else { Ok(()) }
}
