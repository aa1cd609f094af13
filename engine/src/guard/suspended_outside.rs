//! `suspended-outside`: somebody else switched an account off; tenure gives back only what it took itself.

use state::{Address, Code, Finding, Scope, Symbol};

use super::holds;

pub(crate) fn finding(address: Address, id: Symbol) -> Finding {
    let message = format!("{address} (id {:?}) was switched off, and not by tenure", id.as_str());
    let hint = "ask whoever did it; once it is switched on again there, tenure goes on with it";
    holds(Code::SuspendedOutside, Scope::Addresses, vec![address], message, hint)
}
