//! `no-heir`: nobody is there to whom a leaver's things could go, so that all but the deactivation waits.

use state::{Action, Address, Code, Finding, Scope, Symbol};

use super::holds;

/// `action` was due on `due`, and `why` there is nobody.
pub(crate) fn finding(address: Address, action: Action, due: Symbol, why: &str) -> Finding {
    let message = format!("{} of {address} is due since {due}, and there is no heir: {why}", action.word());
    let hint = "give the heir an account there, or name somebody who is active in `transfer_to` or as the manager; until \
                then the account stays deactivated, and keeps what it owns";
    holds(Code::NoHeir, Scope::Addresses, vec![address], message, hint)
}
