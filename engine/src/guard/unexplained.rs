//! `unexplained`: access that no file gives. Shown; taken only where the group is exclusive.

use state::{Address, Code, Finding, Scope, Severity, Symbol};

use super::count;

/// Memberships.
pub(crate) fn finding(system: Symbol, addresses: Vec<Address>) -> Finding {
    of(system, addresses, "membership", "in")
}

/// Grants of groups whose blocks say `grants`.
pub(crate) fn grants(system: Symbol, addresses: Vec<Address>) -> Finding {
    of(system, addresses, "grant", "of")
}

fn of(system: Symbol, mut addresses: Vec<Address>, what: &str, preposition: &str) -> Finding {
    addresses.sort_unstable();
    let groups: std::collections::BTreeSet<Option<Symbol>> = addresses.iter().map(|address| address.group()).collect();
    let message = format!(
        "{} {preposition} {} of system.{system} that no file explains",
        count(addresses.len(), what),
        count(groups.len(), "group")
    );
    let hint = "give it in the files, or make the group `exclusive = true` to have it taken".to_owned();
    let (code, severity, scope) = (Code::Unexplained, Severity::Notice, Scope::System(system));
    Finding { code, severity, scope, addresses, message, hint }
}
