//! `collision`: an account or a name that would belong to two.

use state::{Address, Code, Finding, Scope, Symbol};

use super::holds;

/// Several people match one account.
pub(crate) fn several_claim(system: Symbol, holders: &[Symbol], id: Symbol) -> Finding {
    let addresses: Vec<Address> = holders.iter().map(|holder| Address::Account { system, holder: *holder }).collect();
    let names: Vec<String> = addresses.iter().map(Address::to_string).collect();
    let message = format!("{} all match the account with the id {:?}", names.join(", "), id.as_str());
    holds(
        Code::Collision,
        Scope::Addresses,
        addresses,
        message,
        "make `match` tell them apart, or write an `adopt` block",
    )
}

/// Several accounts (or groups) match one address.
pub(crate) fn several_match(address: Address, ids: &[Symbol]) -> Finding {
    let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
    let message = format!("{address} is matched by {} objects: their ids are {}", ids.len(), ids.join(", "));
    let hint =
        format!("remove the duplicate there, or say which one it is: `adopt {{ account = \"{address}\", id = ... }}`");
    let hint = if matches!(address, Address::Group { .. }) { hint.replace("account =", "group =") } else { hint };
    holds(Code::Collision, Scope::Addresses, vec![address], message, hint)
}

/// A newcomer matches the account of somebody who is still there.
pub(crate) fn taken_by(system: Symbol, holder: Symbol, other: Symbol, id: Symbol) -> Finding {
    let (address, other) = (Address::Account { system, holder }, Address::Account { system, holder: other });
    let message = format!("{address} matches the account with the id {:?}, which is {other}", id.as_str());
    holds(
        Code::Collision,
        Scope::Addresses,
        vec![address],
        message,
        "two people cannot share an account: correct one of them",
    )
}

/// The name of an account to be created belongs to an account that nobody was matched with.
pub(crate) fn name_taken(address: Address, attribute: Symbol, name: &str, id: Symbol) -> Finding {
    let message = format!(
        "{address} cannot be created: {attribute} {name:?} is taken by the account with the id {:?}",
        id.as_str()
    );
    let hint = "if it is theirs, make `match` find it or write an `adopt` block; if not, choose another name";
    holds(Code::Collision, Scope::Addresses, vec![address], message, hint)
}

/// Two accounts to be created have the same name.
pub(crate) fn same_name(address: Address, other: Address, attribute: Symbol, name: &str) -> Finding {
    let message = format!("{address} and {other} would both be created with {attribute} {name:?}");
    holds(Code::Collision, Scope::Addresses, vec![address, other], message, "give one of them another name")
}
