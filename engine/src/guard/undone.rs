//! `undone`: the files would do again what somebody undid. Held until they change, or somebody approves just that.

use std::collections::BTreeMap;

use state::record::Undone;
use state::{Action, Address, Change, Code, Fact, FactKind, Finding, Member, Plan, Scope, Severity, Symbol, Timestamp};

use super::{count, holds};
use crate::plan::planner::Planner;

/// What to write into the files, at most so many.
const NAMED: usize = 4;

pub(super) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    if plan.undoes.is_some() {
        return Vec::new();
    }
    let mut by_run: BTreeMap<(Symbol, Symbol, Timestamp), Vec<&Change>> = BTreeMap::new();
    for change in &plan.changes {
        if let Some(undone) = planner.comes_again(change) {
            by_run.entry((undone.run, undone.by, undone.at)).or_default().push(change);
        }
    }
    by_run
        .into_iter()
        .map(|((run, by, at), changes)| {
            let addresses = changes.iter().map(|change| change.address).collect();
            let message = format!(
                "the files would do {} again that run {by} undid at {at} (of run {run}): held until the files change",
                count(changes.len(), "change")
            );
            let mut write: Vec<String> = changes.iter().map(|change| write(planner, change)).collect();
            write.sort();
            write.dedup();
            let more = write.len().saturating_sub(NAMED);
            write.truncate(NAMED);
            let more = if more > 0 { format!("; and {more} more") } else { String::new() };
            let hint = format!("to keep it, write it into the files: {}{more}", write.join("; "));
            holds(Code::Undone, Scope::Addresses, addresses, message, hint)
        })
        .collect()
}

/// What in the files would say what was given back.
fn write(planner: &Planner<'_>, change: &Change) -> String {
    let gone = |holder: Symbol| planner.leavers.get(&holder).is_some_and(|leaver| leaver.gone);
    let address = change.address;
    let who = address.holder().map(|holder| planner.identity_address(holder));
    match (address, change.action) {
        (Address::Account { holder, .. } | Address::Membership { member: Member::Holder(holder), .. }, action)
            if action.removes() && gone(holder) =>
        {
            format!("{} again", planner.identity_address(holder))
        }
        (Address::Membership { system, group, .. }, Action::Revoke) => {
            let group = Address::Group { system, group };
            let who = who.or(address.member()).map_or_else(String::new, |who| who.to_string());
            format!("{who} in the `members` of {group}, or in a role that has it")
        }
        (Address::Membership { system, group, .. }, Action::Grant) => {
            let group = Address::Group { system, group };
            let who = who.or(address.member()).map_or_else(String::new, |who| who.to_string());
            format!("{who} not in {group} (`except`)")
        }
        (Address::Grant { system, group, grant }, Action::Revoke) => {
            format!("the grant {grant} in {}", Address::Group { system, group })
        }
        (Address::Grant { system, group, grant }, Action::Grant) => {
            format!("{} without the grant {grant}", Address::Group { system, group })
        }
        (Address::Account { system, .. }, action) if action.removes() => {
            format!("access on system.{system} for {}", who.map_or_else(String::new, |who| who.to_string()))
        }
        (Address::Account { system, .. }, Action::Reactivate | Action::Create) => {
            format!("nothing on system.{system} for {}", who.map_or_else(String::new, |who| who.to_string()))
        }
        _ => {
            let before = |name: Symbol| change.before.as_ref().and_then(|before| before.attributes.get(name));
            let values: Vec<String> = change
                .after
                .iter()
                .map(|(name, _)| match before(*name) {
                    Some(value) => format!("{name} = {value}"),
                    None => format!("no {name}"),
                })
                .collect();
            format!("for {address} {}", values.join(", "))
        }
    }
}

impl Planner<'_> {
    /// What was undone and comes again by this change.
    pub(crate) fn comes_again(&self, change: &Change) -> Option<&'_ Undone> {
        self.undone.get(&change.address).copied().filter(|undone| undone.covers(change))
    }

    /// Lets go of what was undone where the files do not want it any more.
    pub(crate) fn release_undone(&mut self) {
        if self.undone.is_empty() {
            return;
        }
        let mut drafts: rustc_hash::FxHashMap<Address, Vec<&Change>> = rustc_hash::FxHashMap::default();
        for draft in self.drafts.iter().filter(|draft| self.undone.contains_key(&draft.change.address)) {
            drafts.entry(draft.change.address).or_default().push(&draft.change);
        }
        let stuck: rustc_hash::FxHashSet<Address> = self
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Holds)
            .flat_map(|finding| finding.addresses.iter().copied())
            .collect();
        let mut released = Vec::new();
        for (now, undone) in self.undone.iter() {
            let now = *now;
            let read = now.system().and_then(|system| self.world.systems.get(&system));
            let parts = [Some(now), now.member(), now.parent_group()];
            let looked_at = read.is_some_and(|world| world.observed.is_some())
                && !parts.into_iter().flatten().any(|part| stuck.contains(&part) || self.in_doubt(part));
            let again = drafts.get(&now).is_some_and(|changes| changes.iter().any(|change| undone.covers(change)));
            if looked_at && !again {
                released.push(Fact::new(FactKind::Released, now));
            }
        }
        self.facts.extend(released);
    }
}
