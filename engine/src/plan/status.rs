//! What is coming without anybody doing anything: stages of offboarding, access that ends; and what nobody looks after
//! any more: accounts whose person is gone, services whose owners left.

use state::{Action, Address, Symbol, Timestamp, Value};

use super::inputs::Inputs;
use super::offboarding::Means;
use super::planner::Planner;
use crate::guard;

/// For `tenure status`. Everything sorted: what has a time by that, the rest by address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The next stage of each account that is being offboarded.
    pub coming: Vec<Coming>,
    /// Access in force that ends by itself; renewed by a later `until` in the files.
    pub expiries: Vec<Expiry>,
    /// Managed accounts whose person or service is gone from the files.
    pub orphans: Vec<Address>,
    /// Services all of whose owners left.
    pub ownerless: Vec<Address>,
}

/// A stage that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coming {
    pub due: Timestamp,
    pub address: Address,
    pub action: Action,
    /// Whether a legal hold stands in the way.
    pub legal_hold: bool,
}

/// Access that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expiry {
    pub until: Timestamp,
    pub address: Address,
    /// What gave it.
    pub because: Option<Symbol>,
}

/// What the record and the files come to; the systems need not have been read.
pub fn status(inputs: Inputs<'_>) -> Status {
    let mut planner = Planner::new(inputs);
    planner.find_leavers();
    let mut status = Status { ownerless: guard::no_owner::ownerless(&planner), ..Status::default() };
    for system in planner.book.systems() {
        for address in planner.book.on(system) {
            let Some(known) = planner.book.object(*address) else { continue };
            if let Some(until) = known.until.filter(|_| known.active) {
                status.expiries.push(Expiry {
                    until,
                    address: *address,
                    because: known.why.first().map(|why| why.because),
                });
            }
            let Address::Account { holder, .. } = *address else { continue };
            if !planner.identities.contains_key(&holder) {
                status.orphans.push(*address);
            }
            status.coming.extend(coming(&planner, *address, known.id, known.stage));
        }
    }
    status.coming.sort_unstable();
    status.expiries.sort_unstable();
    status.orphans.sort_unstable();
    status
}

fn coming(planner: &Planner<'_>, address: Address, id: Symbol, stage: Option<state::record::Stage>) -> Option<Coming> {
    let Address::Account { system, holder } = address else { return None };
    let policy = planner.leavers.get(&holder).and_then(|_| planner.policy(holder, system))?;
    let reading = planner.inputs.readings.get(&system)?;
    let owned = reading.inventory.observed().map_or(&[][..], |observed| &observed.owned);
    let means = Means {
        owns: owned.iter().any(|owned| owned.account == id && owned.count > 0),
        transfer: reading.capabilities.transfer,
        archive: reading.capabilities.archive,
        delete: reading.capabilities.delete,
    };
    let next = policy.next(stage?, means).filter(|_| !policy.keep)?;
    let legal_hold = guard::is_on_legal_hold(planner, holder);
    Some(Coming { due: next.due, address, action: next.action, legal_hold })
}

/// Whether an owner is still there.
pub(crate) fn is_here(planner: &Planner<'_>, owner: &Value) -> bool {
    let address: Option<Address> = owner.as_text().and_then(|text| text.as_str().parse().ok());
    let holder = address.and_then(Address::holder);
    holder.is_some_and(|holder| planner.identities.contains_key(&holder) && !planner.leavers.contains_key(&holder))
}
