//! `unexplained`: access that no file gives. Shown; taken only where the group is exclusive.

use state::{Address, Code, Finding, Scope, Severity, Symbol};

use super::count;

pub(crate) fn finding(system: Symbol, mut addresses: Vec<Address>) -> Finding {
    addresses.sort_unstable();
    let groups: std::collections::BTreeSet<Option<Symbol>> = addresses.iter().map(|address| address.group()).collect();
    let message = format!(
        "{} in {} of system.{system} that no file explains",
        count(addresses.len(), "membership"),
        count(groups.len(), "group")
    );
    let hint = "give it in the files, or make the group `exclusive = true` to have it taken".to_owned();
    let (code, severity, scope) = (Code::Unexplained, Severity::Notice, Scope::System(system));
    Finding { code, severity, scope, addresses, message, hint }
}
