//! Who is suspended has nothing: what the files would give waits, and what is in use is switched off first of all.

use state::{Action, Address, Attributes, Object};

use super::planner::{Body, Phase, Planner};
use super::world::{Place, Standing};

impl Planner<'_> {
    /// Applies the suspensions of the record to what was planned.
    pub(crate) fn suspend(&mut self) {
        if self.suspensions.is_empty() || crate::mutations::on("suspended") {
            return;
        }
        let held = |planner: &Self, address: Address| {
            address.holder().is_some_and(|holder| planner.suspensions.contains_key(&holder))
        };
        let drafts = std::mem::take(&mut self.drafts);
        for draft in drafts {
            let address = draft.change.address;
            if draft.change.action.removes() || draft.change.action == Action::Transfer || !held(self, address) {
                self.drafts.push(draft);
                continue;
            }
            if let (Address::Account { system, holder }, Action::Create) = (address, draft.change.action)
                && let Some(stand) =
                    self.world.systems.get_mut(&system).and_then(|world| world.accounts.get_mut(&holder))
            {
                // What refers to it waits with it.
                stand.standing = Standing::Held;
            }
        }
        for (holder, suspension) in self.suspensions.clone().iter().map(|(holder, hold)| (*holder, *hold)) {
            let reason = self.reasons.plain(format!("suspended: {}", suspension.reason));
            let mut systems: Vec<_> = self.world.systems.keys().copied().collect();
            systems.sort_unstable();
            for system in systems {
                let address = Address::Account { system, holder };
                let Some(account) = self.in_use(address) else { continue };
                let planned = |planner: &Self| {
                    let same = |draft: &super::planner::Draft| draft.change.address == address;
                    planner.drafts.iter().any(|draft| same(draft) && draft.change.action == Action::Deactivate)
                };
                if planned(self) {
                    continue;
                }
                let can = self.inputs.readings.get(&system).is_some_and(|reading| reading.capabilities.deactivate);
                if !can {
                    self.note(system, format!("{address} is suspended, but accounts cannot be switched off here"));
                    continue;
                }
                let before = Some(Object { attributes: Attributes::new(), ..account });
                let body = Body { before, reasons: Box::from([reason]), ..Body::default() };
                self.change(Phase::Lockout, address, Action::Deactivate, body);
            }
        }
    }

    /// A managed account that was seen to be in use.
    fn in_use(&self, address: Address) -> Option<Object> {
        let Address::Account { system, holder } = address else { return None };
        self.book.object(address)?;
        let world = self.world.systems.get(&system)?;
        let Place::Observed(number) = world.accounts.get(&holder)?.place else { return None };
        world.observed?.accounts.get(number as usize).filter(|account| account.active).cloned()
    }
}
