//! `vanished`: what the record holds is gone from its system, and tenure did not take it.

use state::{Address, Code, Finding, Scope, Severity, Symbol};

use super::holds;

pub(crate) fn finding(address: Address, id: Symbol) -> Finding {
    let message = format!("{address} (id {:?}) is gone from its system, and not by tenure", id.as_str());
    let hint = format!(
        "find out who deleted it; to have it created anew, write `forget {{ address = \"{address}\" }}` for one apply"
    );
    holds(Code::Vanished, Scope::Addresses, vec![address], message, hint)
}

/// The account of somebody who is to have none: nothing is held, and nothing is let go of, since it was never seen
/// switched off.
pub(crate) fn unwanted(address: Address, id: Symbol) -> Finding {
    let message = format!(
        "{address} (id {:?}), which is not wanted any more, is gone from its system, and not by tenure: should it show \
         again, it is switched off",
        id.as_str()
    );
    let hint = format!("where it is gone for good, `forget {{ address = \"{address}\" }}` lets go of it");
    let (code, severity, scope) = (Code::Vanished, Severity::Notice, Scope::Addresses);
    Finding { code, severity, scope, addresses: vec![address], message, hint }
}
