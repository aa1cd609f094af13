//! The red button: the plan that switches one person or service off everywhere, made from the record alone.
//!
//! It needs no configuration: addresses and remote ids are recorded. No safeguard delays it but `last-admin`, which is
//! judged here by the protections in force and the memberships that the record knows.

use std::collections::{BTreeMap, BTreeSet};

use state::record::Recorded;
use state::{
    Action, Address, Attributes, Capabilities, Change, Code, Digest, Fact, Finding, Member, Object, Plan, Presence,
    Reason, ReasonId, Scope, Severity, Symbol, Timestamp, Undo,
};

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
/// switched off.
pub fn plan(
    recorded: &Recorded,
    who: Address,
    because: &str,
    facts: Vec<Fact>,
    looked: &[Looked],
    now: Timestamp,
) -> Plan {
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
    let findings = last_admin(recorded, who, &changes);
    let reasons = vec![Reason { because: Symbol::new(&format!("suspended: {because}")), place: None }];
    let mut plan = Plan {
        digest: Digest::ZERO,
        made: now,
        inputs: BTreeMap::new(),
        lineage: recorded.lineage.unwrap_or_else(|| Symbol::new("")),
        head: recorded.head.unwrap_or(Digest::ZERO),
        head_line: recorded.head_line,
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
    plan
}

fn name(recorded: &Recorded, who: Address) -> Option<String> {
    let known = recorded.identities.get(&who)?;
    let text = |name: &str| known.get(Symbol::new(name)).and_then(|value| value.as_text());
    let full = || Some(format!("{} {}", text("given_name")?, text("family_name")?));
    text("name").map(|name| name.to_string()).or_else(full).or_else(|| text("given_name").map(|name| name.to_string()))
}

/// What `last-admin` says: a protected group would have too few active members, or lose one that it must always have.
fn last_admin(recorded: &Recorded, who: Address, changes: &[Change]) -> Vec<Finding> {
    let Some(holder) = who.holder() else { return Vec::new() };
    let mut findings = Vec::new();
    for (name, protection) in &recorded.in_force.protections {
        for group in &protection.groups {
            let Some(system) = group.system() else { continue };
            let account = Address::Account { system, holder };
            let planned = changes.iter().any(|change| change.address == account);
            let members = holders(recorded, *group);
            if !planned || !members.contains(&holder) {
                continue;
            }
            let active = |holder: &&Symbol| {
                let account = Address::Account { system, holder: **holder };
                recorded.objects.get(&account).is_some_and(|account| account.active)
            };
            let left = members.iter().filter(|own| **own != holder).filter(active).count();
            let always = protection.always.contains(&who);
            if !always && left >= protection.minimum_members as usize {
                continue;
            }
            let message = match always {
                true => format!("{group} must always have {who} (protect {name})"),
                false => format!(
                    "{group} would have {left} active members: protect {name} wants {}",
                    protection.minimum_members
                ),
            };
            let hint = "make somebody else a member, and apply: the hold stands, and the account is switched off then. \
                        Or approve it: `tenure plan --out FILE`, `tenure approve FILE --finding last-admin`";
            findings.push(Finding {
                code: Code::LastAdmin,
                severity: Severity::Holds,
                scope: Scope::Group(*group),
                addresses: vec![account],
                message,
                hint: hint.to_owned(),
            });
        }
    }
    findings
}

/// Who is in a group, through groups in groups too.
fn holders(recorded: &Recorded, group: Address) -> BTreeSet<Symbol> {
    let mut within: BTreeMap<Address, Vec<Member>> = BTreeMap::new();
    for address in recorded.objects.keys() {
        if let (Address::Membership { member, .. }, Some(parent)) = (address, address.parent_group()) {
            within.entry(parent).or_default().push(*member);
        }
    }
    let (mut holders, mut seen, mut open) = (BTreeSet::new(), BTreeSet::from([group]), vec![group]);
    while let Some(group) = open.pop() {
        for member in within.get(&group).into_iter().flatten() {
            match (member, group.system()) {
                (Member::Holder(holder), _) => drop(holders.insert(*holder)),
                (Member::Group(inner), Some(system)) => {
                    let inner = Address::Group { system, group: *inner };
                    if seen.insert(inner) {
                        open.push(inner);
                    }
                }
                (Member::Group(_), None) => {}
            }
        }
    }
    holders
}
