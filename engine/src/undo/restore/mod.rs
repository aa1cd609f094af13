//! What gives back how an object was before a run: compared with how it stands now, object by object; `accounts`, `parts`
//! (memberships and grants), and the `attributes` of accounts and groups.

mod accounts;
mod attributes;
mod parts;

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use state::{Action, Address, Left, LeftKind, Object, Observed, Schema, Symbol, Target};

use super::bars::barred;
use super::done::{Deed, Done};
use crate::plan::planner::{Body, Phase, Planner};
use crate::seen::seen;

/// One thing to be done.
pub(super) struct Restoration {
    pub(super) address: Address,
    pub(super) phase: Phase,
    pub(super) action: Action,
    pub(super) body: Body,
    /// Where it is done; none where it is made anew.
    pub(super) target: Option<Target>,
}

/// All that is to be done, and what is left as it is.
#[derive(Default)]
pub(super) struct Restored {
    pub(super) all: Vec<Restoration>,
    pub(super) left: Vec<Left>,
}

/// One object that the run changed, with what stands there now.
struct Subject<'d> {
    address: Address,
    deeds: Vec<&'d Deed>,
    target: Option<Target>,
    now: Option<Object>,
}

/// What gives back what `done` took, changed and gave.
pub(super) fn restored(planner: &Planner<'_>, done: &Done) -> Restored {
    let mut by_address: BTreeMap<Address, Vec<&Deed>> = BTreeMap::new();
    for deed in &done.deeds {
        by_address.entry(planner.book.present(deed.change.address)).or_default().push(deed);
    }
    let mut restoring = Restoring {
        planner,
        done,
        restored: Restored::default(),
        made: FxHashSet::default(),
        reactivated: FxHashSet::default(),
    };
    // Accounts and groups go first: whether they are made anew decides about what is in them.
    let (parts, wholes): (Vec<_>, Vec<_>) =
        by_address.into_iter().partition(|(address, _)| address.parent_group().is_some());
    for (address, deeds) in wholes.into_iter().chain(parts) {
        restoring.restore(address, deeds);
    }
    for address in &done.adopted {
        let why = "was taken under management, which changed nothing there; a `forget` block lets go of it".to_owned();
        restoring.leave(LeftKind::Lost, planner.book.present(*address), why);
    }
    restoring.restored.left.sort();
    restoring.restored.left.dedup();
    restoring.restored
}

struct Restoring<'p, 'a> {
    planner: &'p Planner<'a>,
    done: &'p Done,
    restored: Restored,
    /// Accounts that are made anew.
    made: FxHashSet<Address>,
    reactivated: FxHashSet<Address>,
}

impl<'p, 'a> Restoring<'p, 'a> {
    fn leave(&mut self, kind: LeftKind, address: Address, why: impl Into<String>) {
        self.restored.left.push(Left { kind, address, why: why.into() });
    }

    fn system(&self, address: Address) -> Option<(&'a Observed, &'a Schema, &'a state::Capabilities)> {
        let reading = self.planner.inputs.readings.get(&address.system()?)?;
        Some((reading.inventory.observed()?, &reading.schema, &reading.capabilities))
    }

    fn restore(&mut self, address: Address, deeds: Vec<&'p Deed>) {
        let known = address.system().is_some_and(|system| self.planner.world.systems.contains_key(&system));
        let Some((observed, schema, capabilities)) = self.system(address).filter(|_| known) else {
            return self.leave(
                LeftKind::Unread,
                address,
                "its system was not read completely, or has no block any more",
            );
        };
        if self.planner.in_doubt(address) {
            return self.leave(LeftKind::Unread, address, "a later call about it is in doubt");
        }
        let target = deeds.iter().rev().find_map(|deed| deed.target);
        let now = target.and_then(|target| seen(observed, schema, target));
        let subject = Subject { address, deeds, target, now };
        match address {
            Address::Membership { .. } | Address::Grant { .. } => self.part(&subject),
            Address::Account { .. } => {
                self.account(&subject, schema, capabilities);
                self.transfer(&subject);
                self.attributes(&subject, schema, capabilities.account_key);
            }
            Address::Group { .. } => {
                if subject.deeds.iter().any(|deed| deed.change.action == Action::Create) {
                    self.leave(LeftKind::Lost, address, "was made by the run, and stays: groups are not deleted");
                } else {
                    self.attributes(&subject, schema, capabilities.group_key);
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, subject: &Subject<'_>, phase: Phase, action: Action, body: Body) {
        let gives = matches!(action, Action::Grant | Action::Reactivate | Action::Create);
        if gives
            && let Some(holder) = subject.address.holder()
            && let Some(why) = barred(self.planner, holder)
        {
            return self.leave(LeftKind::Barred, subject.address, why);
        }
        if action == Action::Reactivate {
            self.reactivated.insert(subject.address);
        }
        let target = subject.target.filter(|_| action != Action::Create);
        self.restored.all.push(Restoration { address: subject.address, phase, action, body, target });
    }

    /// Left alone: a later run, or somebody else, changed it.
    fn changed(&mut self, address: Address, by: Option<Symbol>, what: &str) {
        let why = match by {
            Some(run) => format!("run {run} changed it since"),
            None => format!("others changed it since: {what}"),
        };
        self.leave(LeftKind::Changed, address, why);
    }
}
