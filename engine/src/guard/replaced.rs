//! `replaced`: a recorded account is gone, and another one matches its keys.

use state::{Address, Code, Finding, Scope, Symbol};

use super::holds;

pub(crate) fn finding(address: Address, recorded: Symbol, other: Symbol) -> Finding {
    let (recorded, other) = (recorded.as_str(), other.as_str());
    let message = format!("{address} (id {recorded:?}) is gone, and another account (id {other:?}) matches its keys");
    let hint = format!(
        "find out who made the other one; if it is to be taken, write `forget {{ address = \"{address}\" }}` for one apply, \
         then it is matched anew"
    );
    holds(Code::Replaced, Scope::Addresses, vec![address], message, hint)
}
