//! Who is in which group: given, requalified, taken.

use std::borrow::Cow;

use rustc_hash::{FxHashMap, FxHashSet};
use state::record::RecordedObject;
use state::{Action, Address, Fact, FactKind, Member, Object, Reason, Symbol, Wanted};

use super::accounts::{LEFT_OUT, REMOVED, nobody, nobodys_group};
use super::compare::same;
use super::expand::expand;
use super::planner::{Body, Phase, Planner};
use super::site::Site;
use super::walk::Walk;
use super::world::{Place, Stand, Standing};
use crate::configuration::{Membership, Why};
use crate::guard;

/// One end of a membership in the plan's hands.
#[derive(Clone, Copy)]
enum End {
    /// There, with this id.
    Here(Symbol),
    /// To be created by this plan.
    New,
    /// Adopted in this run: what is missing waits for the next.
    Adopted(Symbol),
    /// Not to be touched, or not there.
    Out,
}

impl<'a> Planner<'a> {
    /// Plans the memberships of one system; which of those that were observed the files want.
    pub(super) fn plan_memberships(&mut self, site: &Site<'a>) -> Vec<bool> {
        if !site.capabilities.groups {
            return vec![false; site.observed.memberships.len()];
        }
        let wanted = self.wanted_memberships(site);
        let observed: FxHashMap<(Symbol, Symbol), u32> =
            (0..).zip(&site.observed.memberships).map(|(n, seen)| ((seen.group, seen.member), n)).collect();
        let mut explained = vec![false; site.observed.memberships.len()];
        let on = self.book.on(site.name);
        let (mut recorded, mut kept) = (Walk::new(&on), vec![false; on.len()]);
        let mut near = Near::default();
        for membership in wanted.iter() {
            let address = address(site, membership);
            let member = match membership.member {
                Member::Holder(holder) => match self.account_stand(site, holder).filter(|stand| stand.wanted) {
                    Some(stand) => end(Some(stand), |number| site.account(number).id),
                    None => continue,
                },
                Member::Group(group) => self.group_end(site, group),
            };
            if self.unwanted(address) {
                continue;
            }
            let recorded = recorded.find(address).map(|(at, object)| {
                kept[at] = true; // numbers come from this very list
                object
            });
            let group = near.end(membership.group, || self.group_end(site, membership.group));
            let there = match (group, member) {
                (End::Here(group) | End::Adopted(group), End::Here(member) | End::Adopted(member)) => {
                    observed.get(&(group, member)).copied()
                }
                _ => None,
            };
            if let Some(number) = there {
                explained[number as usize] = true; // numbers come from this very list
            }
            self.plan_membership(site, membership, recorded, (group, member, there));
        }
        let seen = self.take_unexplained(site, &explained, &wanted);
        let mut kept = kept.into_iter();
        let gone = on.iter().map(|entry| entry.address).filter(|_| !kept.next().unwrap_or_default());
        self.forget_gone(gone, &seen);
        explained
    }

    /// Whether the files want a membership on this system after all. Whom `account.when` leaves out has no place in
    /// groups either.
    fn is_kept(&self, site: &Site<'a>, membership: &Membership) -> bool {
        let left_out = matches!(membership.member, Member::Holder(holder) if !site.wanted.contains(&holder));
        !left_out && !self.unwanted(address(site, membership))
    }

    fn wanted_memberships(&mut self, site: &Site<'a>) -> Cow<'a, [Membership]> {
        if site.capabilities.nested_groups
            || !site.memberships.iter().any(|membership| matches!(membership.member, Member::Group(_)))
        {
            return Cow::Borrowed(site.memberships);
        }
        let (expanded, groups) = expand(site.memberships);
        for group in groups {
            let group = Address::Group { system: site.name, group };
            self.note(
                site.name,
                format!("groups cannot hold groups here: the members of those in {group} are expanded"),
            );
        }
        Cow::Owned(expanded)
    }

    fn plan_membership(
        &mut self,
        site: &Site<'a>,
        membership: &Membership,
        recorded: Option<&'a RecordedObject>,
        (group, member, there): (End, End, Option<u32>),
    ) {
        let address = address(site, membership);
        if self.in_doubt(address) {
            return;
        }
        match (group, member, there) {
            (End::Out, ..) | (_, End::Out, _) => {}
            (_, _, Some(number)) => self.keep_membership(site, membership, recorded, number),
            (End::Adopted(_), ..) | (_, End::Adopted(_), _) => {}
            _ => {
                let mut reasons = self.reasons.why(&membership.why).into_vec();
                if recorded.is_some() {
                    reasons.push(self.reasons.plain("was taken outside tenure"));
                }
                let after =
                    membership.qualifiers.iter().map(|(name, value)| (*name, Wanted::Known(value.clone()))).collect();
                let body = Body { after, reasons: reasons.into(), until: membership.until, ..Body::default() };
                self.change(Phase::Give, address, Action::Grant, body);
            }
        }
    }

    /// The membership is there: requalified where its qualifiers differ, recorded where the record lacks it.
    fn keep_membership(
        &mut self,
        site: &Site<'a>,
        membership: &Membership,
        recorded: Option<&'a RecordedObject>,
        number: u32,
    ) {
        let address = address(site, membership);
        let seen = &site.observed.memberships[number as usize]; // numbers come from this very list
        let after: Box<[(Symbol, Wanted)]> = membership
            .qualifiers
            .iter()
            .filter(|(name, value)| !seen.attributes.get(*name).is_some_and(|seen| same(value, seen, None)))
            .map(|(name, value)| (*name, Wanted::Known(value.clone())))
            .collect();
        let Some(recorded) = recorded else {
            let object = Object::new("", seen.attributes.clone());
            let reasons = self.reasons.why(&membership.why);
            let until = membership.until;
            self.facts.push(Fact { until, reasons, ..Fact::new(FactKind::Explained, address).object(object) });
            return;
        };
        if recorded.until != membership.until || !self.explains(&recorded.why, &membership.why) {
            let (until, reasons) = (membership.until, self.reasons.why(&membership.why));
            self.facts.push(Fact { until, reasons, ..Fact::new(FactKind::Explained, address) });
        }
        if !after.is_empty() {
            let before = Some(Object::new("", seen.attributes.clone()));
            let reasons = self.reasons.why(&membership.why);
            let body = Body { before, after, reasons, until: membership.until, ..Body::default() };
            self.change(Phase::Give, address, Action::Update, body);
        }
    }

    /// Whether the recorded reasons are those of the files; where in the files they stand does not count, nor what no
    /// block says.
    fn explains(&self, recorded: &[Reason], why: &[Why]) -> bool {
        let given = recorded.iter().filter(|reason| reason.place.is_some());
        given.map(|reason| reason.because).eq(why.iter().map(|why| why.because))
    }

    /// Observed memberships that the files do not want: taken where tenure gave them or the group is exclusive, else
    /// shown. Returns the addresses that were seen.
    fn take_unexplained(&mut self, site: &Site<'a>, explained: &[bool], wanted: &[Membership]) -> FxHashSet<Address> {
        let mut kept: Option<FxHashSet<Address>> = None;
        let exclusive: FxHashSet<Symbol> =
            site.wanted_groups.iter().filter(|group| group.exclusive).map(|group| group.name).collect();
        let mut seen_addresses = FxHashSet::default();
        let mut unexplained: Vec<Address> = Vec::new();
        for (seen, _) in site.observed.memberships.iter().zip(explained).filter(|(_, explained)| !**explained) {
            let known = site.group_numbers.get(&seen.group).and_then(|n| site.groups[*n as usize]);
            let by_hand = self.leaves_with_all(site, seen);
            let Some(group) = known.or_else(|| by_hand.then(|| nobodys_group(seen.group))) else { continue };
            let member = self.member_of(site, seen);
            let address = Address::Membership { system: site.name, group, member };
            seen_addresses.insert(address);
            let adopted = self.group_stand(site, group).is_none_or(|stand| stand.standing != Standing::Managed);
            let kept = kept.get_or_insert_with(|| {
                let kept = wanted.iter().filter(|membership| self.is_kept(site, membership));
                kept.map(|membership| self::address(site, membership)).collect()
            });
            if self.in_doubt(address) || kept.contains(&address) {
                continue;
            }
            let recorded = self.book.object(address);
            if recorded.is_none() && !by_hand && (adopted || !exclusive.contains(&group)) {
                unexplained.push(address);
                continue;
            }
            let holder = address.holder();
            let leaver = holder.and_then(|holder| self.leavers.get(&holder));
            let (because, phase) = match leaver {
                Some(leaver) => (leaver.because.clone(), Phase::Leaver),
                None if recorded.is_none() => {
                    ("no file explains it, and the group is exclusive".to_owned(), Phase::Take)
                }
                None if recorded
                    .is_some_and(|recorded| recorded.until.is_some_and(|until| until <= self.inputs.now)) =>
                {
                    ("its time is over".to_owned(), Phase::Take)
                }
                None => (self.was_given_by(site, address), Phase::Take),
            };
            let before = Some(Object::new("", seen.attributes.clone()));
            let announced = holder.and_then(|holder| self.announced_end(holder));
            let until = recorded.and_then(|recorded| recorded.until).or(announced);
            let reasons = Box::from([self.reasons.plain(because.as_str())]);
            let undo = self.undo_of_leaver(site, member);
            self.undoable(phase, address, Action::Revoke, Body { before, reasons, until, ..Body::default() }, undo);
        }
        if !unexplained.is_empty() {
            self.findings.push(guard::unexplained::finding(site.name, unexplained));
        }
        seen_addresses
    }

    fn was_given_by(&self, site: &Site<'a>, address: Address) -> String {
        if address.holder().is_some_and(|holder| site.left_out.contains(&holder)) {
            return LEFT_OUT.to_owned();
        }
        if self.removed(address) {
            return REMOVED.to_owned();
        }
        let recorded = self.book.object(address);
        match recorded.and_then(|recorded| recorded.why.first()) {
            Some(reason) => format!("no longer given by {}", reason.because),
            None => "no file gives it any more".to_owned(),
        }
    }

    /// Recorded memberships that are neither wanted nor there: the record lets go of them.
    fn forget_gone(&mut self, unwanted: impl Iterator<Item = Address>, seen: &FxHashSet<Address>) {
        for address in unwanted {
            if matches!(address, Address::Membership { .. })
                && !seen.contains(&address)
                && !self.in_doubt(address)
                && !self.is_out_of_sight(address)
            {
                let reason = self.reasons.plain("gone from the system");
                self.fact(FactKind::Forgotten, address, None, Box::from([reason]));
            }
        }
    }

    /// Whether the account of a member cannot be seen, and was never seen switched off: it may show again, and then its
    /// places in groups with it.
    fn is_out_of_sight(&self, membership: Address) -> bool {
        let (Some(system), Some(holder)) = (membership.system(), membership.holder()) else { return false };
        let stand = self.world.systems.get(&system).and_then(|world| world.accounts.get(&holder));
        stand.is_some_and(|stand| matches!(stand.place, Place::Recorded(_)))
            && self.book.object(Address::Account { system, holder }).is_some_and(|account| account.active)
    }

    fn member_of(&self, site: &Site<'a>, seen: &state::Membership) -> Member {
        if seen.nested {
            let group = site.group_numbers.get(&seen.member).and_then(|n| site.groups[*n as usize]);
            Member::Group(group.unwrap_or_else(|| nobodys_group(seen.member)))
        } else {
            let holder = site.account_numbers.get(&seen.member).and_then(|n| site.holders[*n as usize]);
            Member::Holder(holder.unwrap_or_else(|| nobody(seen.member)))
        }
    }

    /// Whether a member is a leaver whose offboarding takes all access, also what was given by hand.
    fn leaves_with_all(&self, site: &Site<'a>, seen: &state::Membership) -> bool {
        if seen.nested || self.leavers.is_empty() {
            return false;
        }
        let holder = site.account_numbers.get(&seen.member).and_then(|n| site.holders[*n as usize]);
        let Some(holder) = holder else { return false };
        self.leavers.contains_key(&holder) && self.policy(holder, site.name).is_some_and(|policy| !policy.keep)
    }

    fn account_stand(&self, site: &Site<'a>, holder: Symbol) -> Option<&Stand> {
        self.world.systems.get(&site.name)?.accounts.get(&holder)
    }

    fn group_end(&self, site: &Site<'a>, group: Symbol) -> End {
        end(self.group_stand(site, group), |number| site.group(number).id)
    }
}

fn address(site: &Site<'_>, membership: &Membership) -> Address {
    Address::Membership { system: site.name, group: membership.group, member: membership.member }
}

/// The group that was asked for last: memberships come in the order of their groups.
#[derive(Default)]
struct Near(Option<(Symbol, End)>);

impl Near {
    fn end(&mut self, group: Symbol, end: impl FnOnce() -> End) -> End {
        match self.0 {
            Some((known, end)) if known == group => end,
            _ => self.0.insert((group, end())).1,
        }
    }
}

fn end(stand: Option<&Stand>, id: impl Fn(u32) -> Symbol) -> End {
    match stand.map(|stand| (stand.standing, stand.place)) {
        Some((Standing::Managed, Place::Observed(number))) => End::Here(id(number)),
        Some((Standing::Managed, Place::New)) => End::New,
        Some((Standing::Adopted, Place::Observed(number))) => End::Adopted(id(number)),
        _ => End::Out,
    }
}
