//! What a call must not do, by what the files and the record say.

use engine::configuration::{Configuration, Identity};
use providers::twin::Shared;
use state::record::Recorded;
use state::{Action, Address, Code, Kind, Member, Order, Plan, Symbol, Target, Value};

use super::{
    ACCESS, DELETED, GIVEN, HELD, LOCKED_OUT, NAMES, ONE_ACCOUNT, OTHERS, STAGES, SUSPENDED, UNMANAGED, UNREAD,
};
use crate::session::prepare::Prepared;
use crate::simulate::world::World;

/// As often a system may fail within an apply before it is left alone: the default of `max_failures`.
const FAILURES: u32 = 5;

/// What a call is judged by.
struct Call<'a> {
    plan: &'a Plan,
    prepared: &'a Prepared,
    configuration: &'a Configuration,
    twin: &'a Shared,
    system: Symbol,
    order: &'a Order,
}

impl World {
    /// A call is about to leave.
    pub(in crate::simulate) fn promises_leaving(
        &mut self,
        plan: &Plan,
        prepared: &Prepared,
        system: Symbol,
        orders: &[Order],
    ) {
        let Some(shared) = self.twins.0.get(&system).cloned() else { return };
        self.limits_begin(plan, prepared);
        let failures = self.promises.failures.get(&system).copied().unwrap_or(0);
        self.promises.holds(super::BREAKER, failures < FAILURES, || {
            format!("system.{system} failed {failures} times, and is called again")
        });
        for order in orders {
            let call = Call { plan, prepared, configuration: &prepared.configuration, twin: &shared, system, order };
            if order.address.holder().is_some_and(|holder| call.leaves(holder, &self.promises.durable)) {
                self.promises.leaving.insert(order.address);
            }
            self.managed(&call);
            self.accounts(&call);
            self.stages(&call);
            self.groups(&call);
            self.waits(&call);
        }
    }

    /// Only what is managed is touched.
    fn managed(&mut self, call: &Call<'_>) {
        let order = call.order;
        let durable = &self.promises.durable;
        let bound = |address: Address, id: Symbol| durable.objects.get(&address).is_some_and(|known| known.id == id);
        let fine = match (order.kind, order.target) {
            (Kind::Account | Kind::Group, Some(target)) => {
                bound(order.address, target.remote()) || call.exclusive_system() && order.action == Action::Deactivate
            }
            (Kind::Membership, Some(Target::Membership { group, member, .. })) if order.action == Action::Grant => {
                let outer = order.address.parent_group().is_some_and(|address| bound(address, group));
                let inner = order.address.member().is_none_or(|address| {
                    bound(address, member) || matches!(address, Address::Person(_) | Address::Service(_))
                });
                outer && inner
            }
            (Kind::Membership | Kind::Grant, Some(_)) if order.action == Action::Revoke => {
                let leaves = order.address.holder().is_some_and(|holder| call.leaves(holder, durable));
                durable.objects.contains_key(&order.address) || call.exclusive() || leaves
            }
            _ => true,
        };
        let (word, address) = (order.action.word(), order.address);
        self.promises.holds(UNMANAGED, fine, || format!("{word} of {address}, which tenure does not manage"));
        let complete = call
            .prepared
            .readings
            .get(&call.system)
            .is_some_and(|reading| matches!(reading.inventory, engine::plan::Inventory::Complete(_)));
        let complete = complete && call.twin.with(|twin, _| twin.was_read());
        self.promises
            .holds(UNREAD, complete, || format!("{word} of {address}, and system.{} was not read", call.system));
        let open = self.promises.durable.open.iter().filter(|open| open.change.address == address).count();
        self.promises.holds(UNREAD, open <= 1, || format!("{word} of {address}, which is in doubt"));
    }

    /// Accounts: made once, switched by who may.
    fn accounts(&mut self, call: &Call<'_>) {
        let order = call.order;
        let Address::Account { system, holder } = order.address else { return };
        let address = order.address;
        let known = self.promises.durable.objects.get(&address).cloned();
        match order.action {
            Action::Create => {
                self.promises
                    .holds(OTHERS, known.is_none(), || format!("{address} is known, is gone, and is made again"));
                let twin = call.beside();
                self.promises.holds(ONE_ACCOUNT, twin.is_none(), || {
                    format!("{address} is made beside {}, which has the same key", twin.map_or("", |id| id.as_str()))
                });
                self.name(call);
            }
            Action::Rename | Action::Update => self.name(call),
            Action::Reactivate => {
                let ours = known.as_ref().is_some_and(|known| known.deactivated_by_us);
                self.promises.holds(OTHERS, ours, || format!("{address} was switched off by somebody else"));
            }
            Action::Deactivate => {
                let suspended = self.promises.durable.suspension(address).is_some();
                let there = self.promises.truth.there.contains(&(system, holder));
                let codes = [Code::SourceShrank, Code::ProbableRename, Code::MassRemoval];
                let approved = codes.iter().any(|code| self.promises.approved(*code, address));
                self.promises
                    .holds(LOCKED_OUT, suspended || approved || !there, || format!("{address} is still needed"));
                self.first(call);
            }
            _ => {}
        }
        if matches!(order.action, Action::Create | Action::Reactivate) {
            let held = self.promises.durable.suspension(address).is_some();
            self.promises.holds(SUSPENDED, !held, || format!("{} of {address}", order.action.word()));
        }
    }

    /// Until a deactivation was seen to last, one goes first.
    fn first(&mut self, call: &Call<'_>) {
        let address = call.order.address;
        let proved = call.prepared.recorded.objects.iter().any(|(own, known)| {
            own.system() == Some(call.system)
                && matches!(own, Address::Account { .. })
                && known.deactivated_by_us
                && !known.active
        });
        let aside = self.promises.durable.suspension(address).is_some()
            || self.promises.approved(Code::FirstDeactivation, address);
        if proved || aside {
            return;
        }
        let gone = self.promises.first.entry(call.system).or_default();
        gone.insert(address);
        let count = gone.len();
        self.promises.holds(HELD, count <= 1, || {
            format!("{count} accounts are switched off on system.{} before one was seen to last", call.system)
        });
    }

    /// A name that was somebody else's.
    fn name(&mut self, call: &Call<'_>) {
        let Some(key) = call.twin.with(|twin, _| twin.capabilities().account_key) else { return };
        let Some(name) = call.order.after.get(key.attribute).and_then(Value::as_text) else { return };
        let fold = |name: Symbol| if key.case_exact { name.to_string() } else { name.as_str().to_lowercase() };
        let holder = call.order.address.holder();
        let former = call.prepared.recorded.former.iter().find(|former| {
            let theirs = former.attributes.get(key.attribute).and_then(Value::as_text);
            former.address.system() == Some(call.system)
                && former.address.holder() != holder
                && theirs.is_some_and(|theirs| fold(theirs) == fold(name))
        });
        let approved = self.promises.approved(Code::ReusedIdentifier, call.order.address);
        let address = call.order.address;
        self.promises
            .holds(NAMES, former.is_none() || approved, || format!("{address} gets {name}, which was another's"));
    }

    /// Stages of offboarding.
    fn stages(&mut self, call: &Call<'_>) {
        let order = call.order;
        if !matches!(order.action, Action::Transfer | Action::Archive | Action::Delete) {
            return;
        }
        let (word, address) = (order.action.word(), order.address);
        if order.action == Action::Delete {
            let approved = self.promises.approved(Code::Irreversible, address);
            self.promises.holds(DELETED, approved, || format!("{address} is deleted, and nobody approved that"));
        }
        let holder = address.holder().unwrap_or("".into());
        let identity = call.identity(holder);
        let hold = identity.is_some_and(|identity| identity.legal_hold);
        self.promises.holds(STAGES, !hold, || format!("{word} of {address}, on legal hold"));
        if order.action == Action::Transfer {
            return;
        }
        let id = order.target.map_or("".into(), Target::remote);
        let owns = call.twin.with(|twin, _| twin.get(Target::Owned(id)).is_some());
        let fine = !owns || self.promises.meddled;
        self.promises.holds(STAGES, fine, || format!("{word} of {address}, which owns something"));
        let policy = identity.and_then(|identity| identity.offboarding);
        let own = identity.map(|identity| identity.attributes.clone());
        if let (Some(policy), Some(own)) = (policy, own)
            && call.configuration.offboardings.get(&policy).is_some_and(|block| block.transfers)
            && call.twin.with(|twin, _| twin.capabilities().transfer)
        {
            let heir = call.configuration.evaluate.heir(policy, &own).ok().flatten();
            let active = heir.and_then(Address::holder).is_some_and(|heir| {
                let account = Address::Account { system: call.system, holder: heir };
                self.promises.durable.objects.get(&account).is_some_and(|known| known.active)
            });
            let handed = call.prepared.recorded.objects.get(&address).and_then(|known| known.stage);
            let handed = handed.is_some_and(|stage| stage.stage != state::record::StageKind::Deactivated);
            // Somebody further up may be the heir: only where there is nobody at all is it certain.
            self.promises
                .holds(STAGES, heir.is_some() || active || handed, || format!("{word} of {address} without an heir"));
        }
    }

    /// Memberships: conflicts, protected groups, suspension.
    fn groups(&mut self, call: &Call<'_>) {
        let order = call.order;
        if order.action != Action::Grant {
            return;
        }
        let address = order.address;
        let held = self.promises.durable.suspension(address).is_some();
        self.promises.holds(SUSPENDED, !held, || format!("grant of {address}"));
        let (Some(group), Some(holder)) = (address.parent_group(), address.holder()) else {
            return self.nested(call);
        };
        for conflict in &call.configuration.conflicts {
            let Some(own) = conflict.roles.iter().find(|role| role.groups.contains(&group)) else { continue };
            let others = conflict.roles.iter().filter(|role| role.role != own.role);
            let both = others.flat_map(|role| &role.groups).find(|other| {
                let (Some(system), Some(name)) = (other.system(), other.group()) else { return false };
                let place = Address::Membership { system, group: name, member: Member::Holder(holder) };
                self.promises.durable.objects.contains_key(&place)
            });
            let both = both.copied();
            self.promises.holds(ACCESS, both.is_none(), || {
                format!(
                    "{holder} comes into {group} and is in {}",
                    both.map_or(String::new(), |other| other.to_string())
                )
            });
        }
        let recorded = &call.prepared.recorded.in_force.protections;
        let protected = recorded.values().any(|protection| protection.groups.contains(&group))
            || call.configuration.protects.iter().any(|protect| protect.groups.contains(&group));
        if protected {
            let approved = self.promises.approved(Code::PrivilegedGrant, address);
            self.promises.holds(GIVEN, approved, || format!("{address}, and nobody approved that"));
        }
    }

    /// A group that others can fill, in one that is protected or exclusive.
    fn nested(&mut self, call: &Call<'_>) {
        let address = call.order.address;
        let (Some(outer), Some(inner)) = (address.parent_group(), address.member()) else { return };
        let exclusive = |group: Address| call.is_exclusive_group(group);
        let guarded =
            exclusive(outer) || call.configuration.protects.iter().any(|protect| protect.groups.contains(&outer));
        if guarded {
            let fine = exclusive(inner) || self.promises.approved(Code::OpenNesting, address);
            self.promises.holds(GIVEN, fine, || format!("{inner}, which others can fill, comes into {outer}"));
        }
    }

    /// What waits for an approval because it is new.
    fn waits(&mut self, call: &Call<'_>) {
        let order = call.order;
        let address = order.address;
        // The red button is delayed by nothing.
        let locked_out = order.action == Action::Deactivate && self.promises.durable.suspension(address).is_some();
        if self.promises.truth.moved.contains(&call.system) && !locked_out {
            // What was approved of a system once is in force for whoever comes after.
            let approvals = self.promises.durable.approvals.values();
            let approved = approvals.filter(|approval| approval.finding == Code::OriginChanged).any(|approval| {
                let mut addresses = approval.open.keys().chain(approval.used.keys());
                addresses.any(|own| own.system() == Some(call.system))
            });
            self.promises.holds(HELD, approved, || format!("{address}, on a system that is another one by now"));
        }
        let unexplained = !self.promises.durable.objects.contains_key(&address);
        let leaves = address.holder().is_some_and(|holder| call.leaves(holder, &self.promises.durable));
        if order.action.removes() && unexplained && !leaves {
            let place = address.parent_group().unwrap_or(Address::System(call.system));
            let before = call.prepared.recorded.in_force.exclusive.contains(&place)
                || call.prepared.recorded.in_force.exclusive.contains(&Address::System(call.system));
            let approved = self.promises.approved(Code::FirstExclusive, address);
            self.promises
                .holds(HELD, before || approved, || format!("{address} is taken, and {place} is newly exclusive"));
        }
        if let Some(undone) = self.promises.durable.undone.get(&address) {
            let again = call
                .plan
                .changes
                .iter()
                .any(|change| change.address == address && change.action == order.action && undone.covers(change));
            let fine = !again || self.promises.approved(Code::Undone, address) || call.plan.undoes.is_some();
            self.promises.holds(SUSPENDED, fine, || format!("{address} is done again after it was undone"));
        }
    }
}

impl<'a> Call<'a> {
    fn identity(&self, holder: Symbol) -> Option<&'a Identity> {
        self.configuration.identity(holder)
    }

    /// Whether somebody left, or is suspended.
    fn leaves(&self, holder: Symbol, durable: &Recorded) -> bool {
        let suspended = durable.suspension(Address::Person(holder)).is_some();
        // Whoever nobody knows never came.
        let nobody = engine::plan::is_nobody(holder);
        !nobody && (suspended || self.identity(holder).is_none_or(|identity| identity.leaver.is_some()))
    }

    fn exclusive_system(&self) -> bool {
        self.configuration.systems.get(&self.system).is_some_and(|system| system.exclusive)
    }

    fn is_exclusive_group(&self, group: Address) -> bool {
        let of = |one: &engine::configuration::Group| Address::Group { system: one.system, group: one.name } == group;
        self.configuration.groups.iter().any(|one| one.exclusive && of(one))
    }

    fn exclusive(&self) -> bool {
        self.exclusive_system() || self.order.address.parent_group().is_some_and(|group| self.is_exclusive_group(group))
    }

    /// An account that was there when the plan was made, with the key of the one that is to be made.
    fn beside(&self) -> Option<Symbol> {
        let key = self.twin.with(|twin, _| twin.capabilities().account_key)?;
        let fold = |value: &Value| if key.case_exact { value.to_string() } else { value.to_string().to_lowercase() };
        let wanted = fold(self.order.after.get(key.attribute)?);
        let observed = self.prepared.readings.get(&self.system)?.inventory.observed()?;
        let same = observed
            .accounts
            .iter()
            .find(|account| account.attributes.get(key.attribute).map(fold).as_ref() == Some(&wanted))?;
        // Another change of this plan may take the key off it first.
        let freed = self.plan.changes.iter().any(|change| {
            change.before.as_ref().is_some_and(|before| before.id == same.id)
                && (change.action == Action::Delete || change.after.iter().any(|(name, _)| *name == key.attribute))
        });
        (!freed).then_some(same.id)
    }
}
