//! What happens to the account of somebody who left, after it was deactivated: handed over, put away, deleted; one
//! stage a run, each when its time has come.

use rustc_hash::FxHashSet;
use state::record::{Stage, StageKind};
use state::{
    Action, Address, Attributes, Fact, Member, Object, Owns, ReasonId, Symbol, Timestamp, Undo, Value, Wanted,
};

use super::planner::{Body, Phase, Planner};
use super::site::Site;
use super::world::{Place, Standing};
use crate::guard;

/// Attributes of a pre-image that are no attributes of the account itself: what it was a member of. No attribute of a
/// system begins like this.
pub(crate) const MEMBERSHIPS: &str = "@memberships";
/// The attribute under which the record keeps the `offboarding` blocks of the roles that somebody held.
pub(super) const ROLES: &str = "@offboarding";

/// What several `offboarding` blocks come to: the most conserving of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// The account stays as it is.
    pub(crate) keep: bool,
    /// The block that says to whom goes what the account owns.
    pub(crate) transfer: Option<Symbol>,
    /// Milliseconds from the deactivation to what comes next; 0 where no block says any.
    pub(crate) retention: i64,
    pub(crate) archive: bool,
    pub(crate) delete_after: Option<i64>,
}

/// The next stage of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Next {
    pub(crate) action: Action,
    pub(crate) due: Timestamp,
}

/// What an offboarding needs to know of an account and its system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Means {
    pub(crate) owns: bool,
    pub(crate) transfer: bool,
    pub(crate) archive: bool,
    pub(crate) delete: bool,
}

impl Policy {
    /// What comes after `stage`, and when; none where nothing does.
    pub(crate) fn next(&self, stage: Stage, means: Means) -> Option<Next> {
        let since = stage.since?;
        let hand_over = self.transfer.is_some() && means.transfer && means.owns;
        let archive = self.archive && means.archive;
        let delete = |from: i64| {
            let after = self.delete_after.filter(|_| means.delete)?;
            Some(Next { action: Action::Delete, due: since.plus_millis(from.saturating_add(after)) })
        };
        match stage.stage {
            StageKind::Deactivated if hand_over => {
                Some(Next { action: Action::Transfer, due: since.plus_millis(self.retention) })
            }
            StageKind::Deactivated if archive => {
                Some(Next { action: Action::Archive, due: since.plus_millis(self.retention) })
            }
            StageKind::Deactivated => delete(self.retention),
            StageKind::Transferred if archive => Some(Next { action: Action::Archive, due: since }),
            StageKind::Transferred | StageKind::Archived => delete(0),
        }
    }

    /// Whether anything comes after the deactivation.
    pub(crate) fn has_stages(&self, means: Means) -> bool {
        (self.transfer.is_some() && means.transfer)
            || (self.archive && means.archive)
            || (self.delete_after.is_some() && means.delete)
    }
}

impl<'a> Planner<'a> {
    /// The `offboarding` blocks that hold for a leaver on a system, as one; none where none does.
    pub(crate) fn policy(&self, holder: Symbol, system: Symbol) -> Option<Policy> {
        let mut names: Vec<Symbol> = Vec::new();
        match self.identities.get(&holder) {
            Some(identity) => {
                names.extend(identity.offboarding);
                names.extend(&identity.role_offboardings);
            }
            None => {
                let known = self.book.identity(self.identity_address(holder))?;
                let name = |value: &Value| value.as_text()?.as_str().strip_prefix("offboarding.").map(Symbol::new);
                names.extend(known.get(Symbol::new("offboarding")).and_then(name));
                let roles = known.get(Symbol::new(ROLES)).and_then(Value::as_list).unwrap_or_default();
                names.extend(roles.iter().filter_map(Value::as_text));
            }
        }
        names.extend(self.inputs.configuration.systems.get(&system).and_then(|system| system.offboarding));
        let blocks = &self.inputs.configuration.offboardings;
        let mut policy: Option<Policy> = None;
        for name in names {
            // A block that is gone says that nothing more is known than that they left.
            let one = match blocks.get(&name) {
                Some(block) => Policy {
                    keep: block.keep,
                    transfer: block.transfers.then_some(name),
                    retention: block.archive_after.unwrap_or(0),
                    archive: block.archive_after.is_some(),
                    delete_after: block.delete_after,
                },
                None => Policy { keep: false, transfer: None, retention: 0, archive: false, delete_after: None },
            };
            policy = Some(match policy {
                None => one,
                Some(other) => Policy {
                    keep: other.keep || one.keep,
                    transfer: other.transfer.or(one.transfer),
                    retention: other.retention.max(one.retention),
                    archive: other.archive && one.archive,
                    delete_after: other.delete_after.zip(one.delete_after).map(|(a, b)| a.max(b)),
                },
            });
        }
        policy
    }

    /// What the system can do for this account, and whether it owns something.
    pub(super) fn means(&self, site: &Site<'a>, id: Symbol) -> Means {
        Means {
            owns: site.observed.owned.iter().any(|owned| owned.account == id && owned.count > 0),
            transfer: site.capabilities.transfer,
            archive: site.capabilities.archive,
            delete: site.capabilities.delete,
        }
    }

    /// A leaver's account is to be deactivated: from when on the clock of the next stage runs. Returns whether, and
    /// until when, that can be undone.
    pub(super) fn begin_offboarding(&mut self, site: &Site<'a>, address: Address, account: &Object) -> Undo {
        let Some(holder) = address.holder().filter(|holder| self.leavers.contains_key(holder)) else {
            return Undo::AnyTime;
        };
        let Some(policy) = self.policy(holder, site.name) else { return Undo::AnyTime };
        let means = self.means(site, account.id);
        let recorded = self.book.object(address);
        if policy.has_stages(means) && recorded.is_some_and(|recorded| recorded.stage.is_none()) {
            self.facts.push(Fact::stage(address, StageKind::Deactivated));
        }
        self.undone_until(&policy, means, self.inputs.now.plus_millis(policy.retention))
    }

    /// Until when something can be given back that is taken of a member.
    pub(super) fn undo_of_leaver(&self, site: &Site<'a>, member: Member) -> Undo {
        let Member::Holder(holder) = member else { return Undo::AnyTime };
        let policy = self.leavers.contains_key(&holder).then(|| self.policy(holder, site.name)).flatten();
        let Some(policy) = policy else { return Undo::AnyTime };
        let stand = self.world.systems.get(&site.name).and_then(|system| system.accounts.get(&holder));
        let Some(Place::Observed(number)) = stand.map(|stand| stand.place) else { return Undo::AnyTime };
        let means = self.means(site, site.account(number).id);
        self.undone_until(&policy, means, self.inputs.now.plus_millis(policy.retention))
    }

    /// What is taken of a leaver can be given back as long as the account is there.
    fn undone_until(&self, policy: &Policy, means: Means, from: Timestamp) -> Undo {
        match policy.delete_after.filter(|_| means.delete) {
            Some(after) => Undo::Until(self.day(from.plus_millis(after))),
            None => Undo::AnyTime,
        }
    }

    /// The next stage of an account that is deactivated, where it is due.
    pub(super) fn continue_offboarding(&mut self, site: &Site<'a>, address: Address, account: &'a Object) {
        let Address::Account { holder, .. } = address else { return };
        let Some(recorded) = self.book.object(address) else { return };
        let Some(policy) = self.policy(holder, site.name).filter(|policy| !policy.keep) else { return };
        let means = self.means(site, account.id);
        if !policy.has_stages(means) || site.from_record {
            return;
        }
        let Some(stage) = recorded.stage.filter(|stage| stage.since.is_some()) else {
            // Others deactivated it, or it was before anybody said what is to come: the clock starts now.
            return self.facts.push(Fact::stage(address, StageKind::Deactivated));
        };
        let Some(next) = policy.next(stage, means).filter(|next| next.due <= self.inputs.now) else { return };
        let found = match stage.stage {
            StageKind::Deactivated => self.find_heir(site, &policy, holder),
            StageKind::Transferred | StageKind::Archived => Ok(None),
        };
        let heir = match found {
            Ok(heir) => heir,
            Err(_) if crate::mutations::on("no-heir") => None,
            Err(why) => {
                return self.findings.push(guard::no_heir::finding(address, next.action, self.day(next.due), &why));
            }
        };
        self.plan_stage(site, address, account, &policy, next, heir);
    }

    fn plan_stage(
        &mut self,
        site: &Site<'a>,
        address: Address,
        account: &Object,
        policy: &Policy,
        next: Next,
        heir: Option<(Address, Symbol)>,
    ) {
        let because = address.holder().and_then(|holder| self.leavers.get(&holder));
        let because = because.map_or("left", |leaver| &leaver.because);
        let due = format!("{because}; due since {}", self.day(next.due));
        let reasons: Box<[ReasonId]> = Box::from([self.reasons.plain(due.as_str())]);
        let owns = owned(site, account.id);
        let means = self.means(site, account.id);
        let (before, after, undo) = match next.action {
            Action::Transfer => {
                let Some((_, id)) = heir else { return };
                let attributes: Attributes = [(Symbol::new("owns"), owns)].into_iter().collect();
                let after: Box<[_]> = Box::from([(Symbol::new("to"), Wanted::Known(Value::Text(id)))]);
                let undo = self.undone_until(policy, means, self.inputs.now);
                (Object { attributes, ..account.clone() }, after, undo)
            }
            Action::Archive => {
                let undo = self.undone_until(policy, means, self.inputs.now);
                (self.whole(site, account), Box::default(), undo)
            }
            _ => {
                let lost = format!("the account {} and whatever else the system keeps with it", account.id);
                (self.whole(site, account), Box::default(), Undo::Never { lost: Symbol::new(&lost) })
            }
        };
        let body = Body { before: Some(before), after, reasons, ..Body::default() };
        self.undoable(Phase::Stage, address, next.action, body, undo);
    }

    /// Everything that the system tells about an account: attributes, memberships, what it owns.
    fn whole(&self, site: &Site<'a>, account: &Object) -> Object {
        let memberships = site.observed.memberships.iter().filter(|seen| !seen.nested && seen.member == account.id);
        let memberships: Vec<Value> = memberships
            .map(|seen| {
                let group = site.group_numbers.get(&seen.group).and_then(|n| site.groups[*n as usize]);
                let name = group.map(|group| Address::Group { system: site.name, group }.to_string());
                let group = (Symbol::new("group"), name.map_or(Value::Text(seen.group), Value::text));
                Value::map(seen.attributes.iter().cloned().chain([group]))
            })
            .collect();
        let owns = Owns::attribute(&site.observed.owns(account.id));
        let memberships = (!memberships.is_empty()).then(|| (Symbol::new(MEMBERSHIPS), Value::list(memberships)));
        Object {
            attributes: account.attributes.iter().cloned().chain(memberships).chain(owns).collect(),
            ..account.clone()
        }
    }

    /// To whom goes what a leaver owns here: address and remote id. None where the policy hands nothing over; an error
    /// says why there is nobody.
    fn find_heir(
        &mut self,
        site: &Site<'a>,
        policy: &Policy,
        holder: Symbol,
    ) -> Result<Option<(Address, Symbol)>, String> {
        let Some(name) = policy.transfer.filter(|_| site.capabilities.transfer) else { return Ok(None) };
        let address = self.identity_address(holder);
        let own = self.book.identity(address).or_else(|| self.identities.get(&holder).map(|known| &known.attributes));
        let first = match self.inputs.configuration.evaluate.heir(name, own.unwrap_or(&Attributes::new())) {
            Ok(heir) => heir,
            Err(diagnostic) => {
                let message = diagnostic.message.clone();
                if !self.diagnostics.contains(&diagnostic) {
                    self.diagnostics.push(diagnostic);
                }
                return Err(message);
            }
        };
        let first = first.ok_or_else(|| format!("`transfer_to` of offboarding.{name} names nobody for {address}"))?;
        let heir =
            self.first_active(first).ok_or_else(|| format!("{first} is not active, nor is any manager above"))?;
        let wanted = heir.holder().filter(|heir| site.wanted.contains(heir));
        let stand = wanted.and_then(|heir| self.world.systems.get(&site.name)?.accounts.get(&heir));
        match stand.map(|stand| (stand.place, stand.standing)) {
            Some((Place::Observed(number), Standing::Managed)) if site.account(number).active => {
                Ok(Some((heir, site.account(number).id)))
            }
            _ => Err(format!("{heir} has no account on system.{} that could take it", site.name)),
        }
    }

    /// The first of `from` and the managers above who is there and not leaving.
    fn first_active(&self, from: Address) -> Option<Address> {
        let mut seen = FxHashSet::default();
        let mut next = Some(from);
        while let Some(address) = next.filter(|address| seen.insert(*address)) {
            let holder = address.holder()?;
            let identity = self.identities.get(&holder).filter(|identity| identity.address == address);
            if identity.is_some_and(|identity| !identity.starts_later && !self.leavers.contains_key(&holder)) {
                return Some(address);
            }
            let known = identity.map(|identity| &identity.attributes).or_else(|| self.book.identity(address))?;
            next =
                known.get(Symbol::new("manager")).and_then(Value::as_text).and_then(|text| text.as_str().parse().ok());
        }
        None
    }

    /// The day of a moment in the time zone of the settings.
    pub(crate) fn day(&self, at: Timestamp) -> Symbol {
        day(at, self.inputs.configuration.settings.timezone)
    }
}

/// The day of a moment in a time zone (an IANA name).
pub(crate) fn day(at: Timestamp, zone: Symbol) -> Symbol {
    let zone = jiff::tz::TimeZone::get(zone.as_str()).unwrap_or(jiff::tz::TimeZone::UTC);
    Symbol::new(&at.to_jiff().to_zoned(zone).date().to_string())
}

/// What an account owns, counted by place and kind.
fn owned(site: &Site<'_>, id: Symbol) -> Value {
    let own = site.observed.owned.iter().filter(|owned| owned.account == id);
    Value::list(own.map(|owned| {
        let count = i64::try_from(owned.count).unwrap_or(i64::MAX);
        Value::map([
            (Symbol::new("place"), Value::Text(owned.place)),
            (Symbol::new("kind"), Value::Text(owned.kind)),
            (Symbol::new("count"), Value::Integer(count)),
        ])
    }))
}
