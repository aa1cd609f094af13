//! The red button: the plan that switches one person or service off everywhere, made from the record alone.
//!
//! It needs no configuration: addresses and remote ids are recorded. No safeguard delays it but `last-admin`, which is
//! judged here by the protections in force and the memberships that the record knows, and looked at again before the
//! account is switched off.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rustc_hash::FxHashSet;
use state::record::Recorded;
use state::{
    Action, Address, Attributes, Capabilities, Change, Digest, Fact, Finding, Member, Object, Plan, Presence, Reason,
    ReasonId, Severity, Symbol, Timestamp, Undo,
};

use crate::guard::{Stays, Watch};
use crate::plan::order;
use crate::plan::planner::{Draft, Phase};

/// One account, looked at.
#[derive(Clone, Debug)]
pub struct Looked {
    pub address: Address,
    pub presence: Presence,
    pub capabilities: Capabilities,
}

/// The accounts that the record knows of `holder`, with their remote ids, in order.
pub fn accounts(recorded: &Recorded, holder: Symbol) -> Vec<(Address, Symbol)> {
    let own = |address: &Address| matches!(address, Address::Account { holder: own, .. } if *own == holder);
    let mut accounts: Vec<(Address, Symbol)> =
        recorded.objects.iter().filter(|(address, _)| own(address)).map(|(address, own)| (*address, own.id)).collect();
    accounts.sort_unstable();
    accounts
}

/// The plan: `facts` is the hold (or its end), `looked` are the accounts that could be looked at. Those in use are
/// switched off. Beside it the protected groups as it leaves them.
pub fn plan(
    recorded: &Recorded,
    who: Address,
    because: &str,
    facts: Vec<Fact>,
    looked: &[Looked],
    now: Timestamp,
) -> (Plan, Vec<Watch>) {
    let mut drafts = Vec::new();
    for one in looked.iter().filter(|one| one.capabilities.deactivate) {
        let Presence::Here(object) = &one.presence else { continue };
        if object.active {
            let before = Object { attributes: Attributes::new(), ..object.clone() };
            let change = Change {
                address: one.address,
                action: Action::Deactivate,
                before: Some(Box::new(before)),
                after: Box::default(),
                reasons: Box::from([ReasonId(0)]),
                allocated: Box::default(),
                until: None,
                undo: Undo::AnyTime,
            };
            drafts.push(Draft { change, phase: Phase::Lockout });
        }
    }
    let capabilities = |system: Symbol| {
        let of = looked.iter().find(|one| one.address.system() == Some(system));
        of.map(|one| one.capabilities.clone()).unwrap_or_default()
    };
    // Deactivations need nothing of each other, so there is no circle.
    let (changes, batches) = order::order(drafts, &[], |_| true, &[], capabilities).unwrap_or_default();
    let watches = watches(recorded, who, &changes);
    let findings = last_admin(&watches);
    let reasons = vec![Reason { because: Symbol::new(&format!("suspended: {because}")), place: None }];
    let mut plan = Plan {
        digest: Digest::ZERO,
        made: now,
        inputs: BTreeMap::new(),
        lineage: recorded.lineage.unwrap_or_else(|| Symbol::new("")),
        head: recorded.head.unwrap_or(Digest::ZERO),
        head_line: recorded.head_line,
        commit: None,
        undoes: None,
        systems: BTreeMap::new(),
        names: name(recorded, who).map(|name| (who, name)).into_iter().collect(),
        reasons,
        facts,
        changes,
        batches,
        findings,
    };
    plan.seal();
    (plan, watches)
}

fn name(recorded: &Recorded, who: Address) -> Option<String> {
    let known = recorded.identities.get(&who)?;
    let text = |name: &str| known.get(Symbol::new(name)).and_then(|value| value.as_text());
    let full = || Some(format!("{} {}", text("given_name")?, text("family_name")?));
    text("name").map(|name| name.to_string()).or_else(full).or_else(|| text("given_name").map(|name| name.to_string()))
}

/// The protected groups that would lose somebody by `changes`, as far as the record knows who is in them.
fn watches(recorded: &Recorded, who: Address, changes: &[Change]) -> Vec<Watch> {
    let Some(own) = who.holder() else { return Vec::new() };
    let mut watches = Vec::new();
    for protection in recorded.in_force.protections.values() {
        for group in &protection.groups {
            let Some(system) = group.system() else { continue };
            let account = |holder| Address::Account { system, holder };
            let planned = changes.iter().any(|change| change.address == account(own));
            let mut members = holders(recorded, *group);
            if !planned || !members.contains_key(&own) {
                continue;
            }
            members.retain(|holder, _| recorded.objects.get(&account(*holder)).is_some_and(|known| known.active));
            let had = members.keys().copied().collect();
            members.remove(&own);
            let stays = |(holder, through)| Stays { holder, account: account(holder), through, gives: Vec::new() };
            watches.push(Watch {
                group: *group,
                minimum: protection.minimum_members as usize,
                always: protection.always.iter().copied().filter(|always| *always == who).collect(),
                had,
                stay: members.into_iter().map(stays).collect(),
                takes: vec![account(own)],
            });
        }
    }
    watches
}

/// What `last-admin` says about them.
fn last_admin(watches: &[Watch]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = watches.iter().flat_map(|watch| watch.findings(&FxHashSet::default())).collect();
    findings.retain(|finding| finding.severity == Severity::Holds);
    for finding in &mut findings {
        finding.hint =
            "make somebody else a member, and apply: the hold stands, and the account is switched off then. \
                        Or approve it: `tenure plan --out FILE`, `tenure approve FILE --finding last-admin`"
                .to_owned();
    }
    findings.sort();
    findings
}

/// Who is in a group, through groups in groups too, and by which memberships.
fn holders(recorded: &Recorded, group: Address) -> BTreeMap<Symbol, Vec<Address>> {
    let mut within: BTreeMap<Address, Vec<(Member, Address)>> = BTreeMap::new();
    for address in recorded.objects.keys() {
        if let (Address::Membership { member, .. }, Some(parent)) = (address, address.parent_group()) {
            within.entry(parent).or_default().push((*member, *address));
        }
    }
    let (mut holders, mut seen) = (BTreeMap::new(), BTreeSet::from([group]));
    let mut open = VecDeque::from([(group, Vec::new())]);
    while let Some((group, way)) = open.pop_front() {
        let mut members = within.remove(&group).unwrap_or_default();
        members.sort_unstable();
        for (member, own) in members {
            let on = || way.iter().copied().chain([own]).collect::<Vec<Address>>();
            match (member, group.system()) {
                (Member::Holder(holder), _) => drop(holders.entry(holder).or_insert_with(on)),
                (Member::Group(inner), Some(system)) => {
                    let inner = Address::Group { system, group: inner };
                    if seen.insert(inner) {
                        open.push_back((inner, on()));
                    }
                }
                (Member::Group(_), None) => {}
            }
        }
    }
    holders
}
