//! `vanished`: what the record holds is gone from its system, and tenure did not take it.

use state::{Address, Code, Finding, Scope, Symbol};

use super::holds;

pub(crate) fn finding(address: Address, id: Symbol) -> Finding {
    let message = format!("{address} (id {:?}) is gone from its system, and not by tenure", id.as_str());
    let hint = format!(
        "find out who deleted it; to have it created anew, write `forget {{ address = \"{address}\" }}` for one apply"
    );
    holds(Code::Vanished, Scope::Addresses, vec![address], message, hint)
}
