//! `no-owner`: a service all of whose owners left: nobody answers for it. Shown.

use state::{Address, Code, Finding, Plan, Scope, Severity, Symbol, Value};

use super::count;
use crate::plan::planner::Planner;

/// Services in the files that name owners of whom none is there any more, sorted.
pub(crate) fn ownerless(planner: &Planner<'_>) -> Vec<Address> {
    let owners = Symbol::new("owners");
    let services = planner.inputs.configuration.identities.iter().filter(|identity| {
        matches!(identity.address, Address::Service(_)) && !planner.leavers.contains_key(&identity.key)
    });
    let left = services.filter(|service| {
        let owners = service.attributes.get(owners).and_then(Value::as_list).unwrap_or_default();
        !owners.is_empty() && !owners.iter().any(|owner| is_here(planner, owner))
    });
    left.map(|service| service.address).collect()
}

pub(super) fn judge(planner: &mut Planner<'_>, _: &Plan) -> Vec<Finding> {
    let addresses = ownerless(planner);
    if addresses.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = addresses.iter().map(Address::to_string).collect();
    let message = format!("{} whose owners all left: {}", count(addresses.len(), "service"), names.join(", "));
    let hint = "name somebody else in `owners`, or write `ends_with_owners = true`".to_owned();
    vec![Finding { code: Code::NoOwner, severity: Severity::Notice, scope: Scope::Plan, addresses, message, hint }]
}

/// Whether an owner is still there.
fn is_here(planner: &Planner<'_>, owner: &Value) -> bool {
    let address: Option<Address> = owner.as_text().and_then(|text| text.as_str().parse().ok());
    let holder = address.and_then(Address::holder);
    holder.is_some_and(|holder| planner.identities.contains_key(&holder) && !planner.leavers.contains_key(&holder))
}
