//! `incomplete-read`: a system could not be read whole, so nothing can be said about it.

use state::{Address, Code, Finding, Scope, Symbol};

use super::holds;

pub(crate) fn finding(system: Symbol, error: &str) -> Finding {
    let address = Address::System(system);
    let message = format!("{address} could not be read completely, so nothing is planned there: {error}");
    let hint = "make it readable and plan again; the other systems go on";
    holds(Code::IncompleteRead, Scope::System(system), vec![address], message, hint)
}
