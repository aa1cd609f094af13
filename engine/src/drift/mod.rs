//! Drift: where systems hold something else than the record last saw there, and what the files make of it.
//!
//! [`drift`] compares inventories with the record (`compare`), takes from the plan what no record knows (access that was
//! given by hand), and says of each difference whether the plan puts it back, agrees with it, or holds ([`Fate`]).

mod compare;

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use state::record::Recorded;
use state::{
    Action, Address, Attributes, Code, FactKind, Member, Plan, Severity, Symbol, SystemRead, Target, Value, Wanted,
};

use crate::configuration::Configuration;
use crate::plan::book::{Book, covers};
use crate::plan::{Inputs, Planned};
use crate::seen::seen;

/// What others did to one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    pub address: Address,
    pub what: What,
    pub fate: Fate,
    /// The remote object whose own log may tell who and when: the account, or the group of a membership or grant; none
    /// where it is gone.
    pub object: Option<Target>,
    /// What differs itself by its ids, where they are known: a log may tell who did just that.
    pub target: Option<Target>,
    /// What a grant that was given is made of, as the system says it.
    pub held: Option<Attributes>,
}

/// What is different.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// An attribute (of a membership a qualifier) has another value; none where it is not there.
    Changed { attribute: Symbol, before: Option<Value>, after: Option<Value> },
    /// An account was switched off.
    SwitchedOff,
    /// An account was switched on.
    SwitchedOn,
    /// An account or group is not there any more.
    Gone,
    /// A membership or grant was given, and tenure did not give it. Since when, the record does not tell.
    Given,
    /// A membership or grant that tenure gave is not there any more.
    Taken,
}

impl What {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            What::Changed { .. } => "changed",
            What::SwitchedOff => "switched_off",
            What::SwitchedOn => "switched_on",
            What::Gone => "gone",
            What::Given => "given",
            What::Taken => "taken",
        }
    }
}

/// What comes of it as the files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The plan puts it back.
    PutBack,
    /// The files want it as it is now: the next apply records that.
    Agrees,
    /// These safeguards hold it; sorted, each once.
    Held(Vec<Code>),
    /// The files say nothing about it: it stays.
    Stays,
}

impl Fate {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Fate::PutBack => "put_back",
            Fate::Agrees => "agrees",
            Fate::Held(_) => "held",
            Fate::Stays => "stays",
        }
    }
}

/// Everything that others did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drifts {
    /// Sorted by person or service, then by address.
    pub drifts: Vec<Drift>,
    /// Systems of which nothing can be said, and why.
    pub unread: BTreeMap<Symbol, String>,
    /// What to call people: `person.ada` to `Ada Lovelace <ada@acme.example>`.
    pub names: BTreeMap<Address, String>,
    /// Of `only` what neither files nor record nor systems know.
    pub unknown: Vec<Address>,
}

/// What others did since the record last saw the systems; of what `only` covers, everything where it is empty. `planned`
/// is the plan of the same inputs, without targets.
pub fn drift(inputs: Inputs<'_>, planned: &Planned<'_>, only: &[Address]) -> Drifts {
    let book = Book::new(inputs.recorded, inputs.configuration, inputs.workers, &mut Vec::new());
    let plan = &planned.plan;
    let mut found = compare::compare(&inputs, &planned.resolver.world, &book);
    found.extend(given(plan, &book, &inputs));
    let fates = Fates::new(plan);
    let mut drifts: Vec<Drift> = found
        .into_iter()
        .filter(|found| !book.in_doubt.contains(&found.address))
        .filter(|found| only.is_empty() || only.iter().any(|only| covers(*only, found.address)))
        .map(|compare::Found { address, what, object, target }| {
            let fate = fates.of(address, &what);
            Drift { address, fate, what, object, target, held: None }
        })
        .collect();
    for drift in drifts.iter_mut().filter(|drift| drift.what == What::Given) {
        drift.held = held(&inputs, drift.address, drift.object);
    }
    let who = |address: Address| address.holder().map(|holder| identity(inputs.configuration, inputs.recorded, holder));
    drifts.sort_by_cached_key(|drift| (who(drift.address).is_none(), who(drift.address), drift.address));
    let unread = plan.systems.iter().filter_map(|(name, summary)| match &summary.read {
        SystemRead::Incomplete { error } => Some((*name, error.clone())),
        SystemRead::Complete { .. } | SystemRead::Recorded => None,
    });
    let names = drifts.iter().filter_map(|drift| who(drift.address)).filter_map(|who| {
        let named = inputs.configuration.identity(who.holder()?).filter(|identity| identity.address == who);
        Some((who, plan.names.get(&who).cloned().or_else(|| Some(named?.display.clone()))?))
    });
    let unknown = only.iter().copied().filter(|only| !is_known(*only, &inputs, &drifts)).collect();
    Drifts { names: names.collect(), unread: unread.collect(), unknown, drifts }
}

/// `person.ada` or `service.deployer` of a holder.
pub fn identity(configuration: &Configuration, recorded: &Recorded, holder: Symbol) -> Address {
    match configuration.identity(holder) {
        Some(identity) => identity.address,
        None if recorded.identities.contains_key(&Address::Service(holder)) => Address::Service(holder),
        None => Address::Person(holder),
    }
}

fn is_known(only: Address, inputs: &Inputs<'_>, drifts: &[Drift]) -> bool {
    let configuration = inputs.configuration;
    let Configuration { identities, systems, groups, memberships, accounts, .. } = configuration;
    let declared = match only {
        Address::Person(_) | Address::Service(_) => identities.iter().any(|identity| identity.address == only),
        Address::System(system) => systems.contains_key(&system),
        Address::Group { system, group } => groups.iter().any(|own| (own.system, own.name) == (system, group)),
        Address::Account { system, holder } => {
            accounts.iter().any(|entry| (entry.system, entry.holder) == (system, holder))
        }
        Address::Membership { system, group, member } => {
            memberships.iter().any(|own| (own.system, own.group, own.member) == (system, group, member))
        }
        Address::Grant { .. } | Address::Role(_) => false,
    };
    declared
        || drifts.iter().any(|drift| covers(only, drift.address))
        || inputs.recorded.objects.keys().any(|known| covers(only, *known))
}

/// Memberships and grants that the plan found and the record does not know, in groups that it does know.
fn given(plan: &Plan, book: &Book<'_>, inputs: &Inputs<'_>) -> Vec<compare::Found> {
    let told = plan.findings.iter().filter(|finding| finding.code == Code::Unexplained);
    let told = told.flat_map(|finding| finding.addresses.iter().copied());
    let taken = plan.changes.iter().filter(|change| change.action == Action::Revoke).map(|change| change.address);
    let explained = plan.facts.iter().filter(|fact| fact.kind == FactKind::Explained).map(|fact| fact.address);
    let mut all: Vec<Address> = told.chain(taken).chain(explained).collect();
    all.sort_unstable();
    all.dedup();
    let group = |address: Address| address.parent_group().and_then(|group| book.object(group)).map(|group| group.id);
    let read = |address: Address| {
        let reading = address.system().and_then(|system| inputs.readings.get(&system));
        reading.is_some_and(|reading| reading.inventory.observed().is_some())
    };
    all.into_iter()
        .filter(|address| matches!(address, Address::Membership { .. } | Address::Grant { .. }))
        .filter(|address| book.object(*address).is_none() && read(*address))
        .filter_map(|address| {
            let group = group(address)?;
            let target = given_target(address, group, book);
            Some(compare::Found { address, what: What::Given, object: Some(Target::Group(group)), target })
        })
        .collect()
}

/// A membership or grant of the group with the id `group`, by its ids.
fn given_target(address: Address, group: Symbol, book: &Book<'_>) -> Option<Target> {
    let (member, nested) = match address {
        Address::Grant { grant, .. } => return Some(Target::Grant { group, grant }),
        Address::Membership { system, member: Member::Holder(holder), .. } => {
            (Address::Account { system, holder }, false)
        }
        Address::Membership { system, member: Member::Group(group), .. } => (Address::Group { system, group }, true),
        _ => return None,
    };
    Some(Target::Membership { group, member: book.object(member)?.id, nested })
}

/// A grant as its system holds it.
fn held(inputs: &Inputs<'_>, address: Address, object: Option<Target>) -> Option<Attributes> {
    let (Address::Grant { system, grant, .. }, Some(Target::Group(group))) = (address, object) else { return None };
    let reading = inputs.readings.get(&system)?;
    let held = seen(reading.inventory.observed()?, &reading.schema, Target::Grant { group, grant })?;
    Some(held.attributes)
}

/// What a plan does about addresses.
struct Fates<'a> {
    /// The changes of an address, and whether they are held.
    changes: FxHashMap<Address, Vec<&'a state::Change>>,
    holds: FxHashMap<Address, Vec<Code>>,
    facts: FxHashMap<Address, FactKind>,
}

impl<'a> Fates<'a> {
    fn new(plan: &'a Plan) -> Fates<'a> {
        let mut changes: FxHashMap<Address, Vec<&state::Change>> = FxHashMap::default();
        for change in &plan.changes {
            changes.entry(change.address).or_default().push(change);
        }
        let mut holds: FxHashMap<Address, Vec<Code>> = FxHashMap::default();
        for finding in plan.findings.iter().filter(|finding| finding.severity == Severity::Holds) {
            for address in &finding.addresses {
                let codes = holds.entry(*address).or_default();
                if !codes.contains(&finding.code) {
                    codes.push(finding.code);
                }
            }
        }
        holds.values_mut().for_each(|codes| codes.sort_unstable());
        let facts = plan.facts.iter().map(|fact| (fact.address, fact.kind)).collect();
        Fates { changes, holds, facts }
    }

    fn of(&self, address: Address, what: &What) -> Fate {
        let changes = self.changes.get(&address).map_or(&[][..], Vec::as_slice);
        let undone = |change: &&&state::Change| match what {
            What::Changed { attribute, .. } => {
                let named = |(name, _): &(Symbol, Wanted)| name == attribute;
                change.after.iter().any(named) || change.action == Action::Grant
            }
            What::SwitchedOff => change.action == Action::Reactivate,
            What::SwitchedOn => change.action == Action::Deactivate,
            What::Gone => change.action == Action::Create,
            What::Given => change.action == Action::Revoke,
            What::Taken => change.action == Action::Grant,
        };
        let puts_back = changes.iter().find(undone).is_some();
        match (puts_back, self.holds.get(&address), self.facts.get(&address)) {
            (true, Some(codes), _) => Fate::Held(codes.clone()),
            (true, None, _) => Fate::PutBack,
            (false, Some(codes), _) if changes.is_empty() => Fate::Held(codes.clone()),
            (false, _, Some(FactKind::Drifted | FactKind::Explained | FactKind::Forgotten)) => Fate::Agrees,
            // A leaver's account that somebody switched off is as it would be anyhow.
            (false, ..) if *what == What::SwitchedOff => Fate::Agrees,
            (false, ..) => Fate::Stays,
        }
    }
}
