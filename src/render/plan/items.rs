//! What is shown of a plan: its changes, and those facts that someone wants to know.

use std::collections::HashMap;

use state::observed::PARTIAL;
use state::{Action, Address, Change, Code, Fact, FactKind, Owns, Plan, Reason, ReasonId, Severity, Symbol, Wanted};

use crate::render::text::clean;

/// One thing to show.
#[derive(Clone, Copy)]
pub enum Item<'a> {
    Change(&'a Change),
    /// Adopted, moved, forgotten or drifted.
    Fact(&'a Fact),
}

impl<'a> Item<'a> {
    pub fn address(self) -> Address {
        match self {
            Item::Change(change) => change.address,
            Item::Fact(fact) => fact.address,
        }
    }

    /// The sign before it; a blank for what others did, since tenure does nothing about it.
    pub fn symbol(self) -> char {
        match self {
            Item::Change(change) => change.action.symbol(),
            Item::Fact(fact) => match fact.kind {
                FactKind::Adopted => Action::Adopt.symbol(),
                FactKind::Moved => Action::Rename.symbol(),
                FactKind::Forgotten => Action::Forget.symbol(),
                _ => ' ',
            },
        }
    }

    /// What the sign alone does not say: which taking, which giving.
    pub fn remark(self) -> Option<String> {
        match self {
            Item::Change(change) => match change.action {
                Action::Grant | Action::Revoke => {
                    let partial = change.before.as_ref()?.attributes.get(Symbol::new(PARTIAL))?.as_text()?;
                    Some(format!("held {}", clean(partial.as_str())))
                }
                Action::Create | Action::Update | Action::Adopt | Action::Forget => None,
                action => Some(action.word().to_owned()),
            },
            Item::Fact(fact) => match (fact.kind, fact.former) {
                (FactKind::Moved, Some(former)) => Some(format!("moved from {former}")),
                (FactKind::Drifted, _) => Some("changed by others".to_owned()),
                _ => None,
            },
        }
    }

    pub fn reason_ids(self) -> &'a [ReasonId] {
        match self {
            Item::Change(change) => &change.reasons,
            Item::Fact(fact) => &fact.reasons,
        }
    }

    /// Whether it only gives or adopts: what may be folded first.
    pub fn gives(self) -> bool {
        matches!(self.symbol(), '+' | '=')
    }

    /// Order in a section: what takes comes first, then what changes, then what gives.
    pub fn rank(self) -> u8 {
        match self.symbol() {
            '!' => 0,
            '-' => 1,
            '>' => 2,
            '~' => 3,
            ' ' => 4,
            '+' => 5,
            '=' => 6,
            _ => 7,
        }
    }
}

/// Looks things up that a plan says in other places.
pub struct Lookup<'a> {
    pub plan: &'a Plan,
    held: HashMap<Address, Vec<Code>>,
    identities: HashMap<Symbol, Address>,
}

impl<'a> Lookup<'a> {
    pub fn new(plan: &'a Plan) -> Lookup<'a> {
        let mut held: HashMap<Address, Vec<Code>> = HashMap::new();
        for finding in
            plan.findings.iter().filter(|finding| matches!(finding.severity, Severity::Holds | Severity::Observes))
        {
            for address in &finding.addresses {
                let codes = held.entry(*address).or_default();
                if !codes.contains(&finding.code) {
                    codes.push(finding.code);
                }
            }
        }
        let named = plan.names.keys().filter_map(|address| Some((address.holder()?, *address)));
        Lookup { plan, held, identities: named.collect() }
    }

    /// The safeguard that holds a change, the first of them.
    pub fn held(&self, item: Item<'_>) -> Option<Code> {
        self.all_held(item).first().copied()
    }

    /// All safeguards that hold a change.
    fn all_held(&self, item: Item<'_>) -> &[Code] {
        match item {
            Item::Change(change) => self.held.get(&change.address).map_or(&[], Vec::as_slice),
            Item::Fact(_) => &[],
        }
    }

    /// Their codes, for reading: `mass-removal, last-admin`; none where nothing holds it.
    pub fn held_words(&self, item: Item<'_>) -> Option<String> {
        let codes: Vec<&str> = self.all_held(item).iter().map(|code| code.as_str()).collect();
        (!codes.is_empty()).then(|| codes.join(", "))
    }

    /// What a deactivation does not stop.
    pub fn outlasts(&self, change: &Change) -> Option<Symbol> {
        let system = change.address.system().filter(|_| change.action == Action::Deactivate)?;
        self.plan.systems.get(&system)?.outlasts
    }

    /// What is to be known about a change besides its attributes: what its account owns, and what goes on after a
    /// deactivation.
    pub fn remarks(&self, change: &Change) -> Vec<String> {
        let owns = change.before.as_deref().map(Owns::of).unwrap_or_default();
        let owns = (!owns.is_empty()).then(|| format!("owns {}", clean(&Owns::shown(&owns))));
        let outlasts = self.outlasts(change).map(|what| format!("does not stop {}", clean(what.as_str())));
        owns.into_iter().chain(outlasts).chain(not_back(change)).collect()
    }

    pub fn reasons(&self, item: Item<'_>) -> impl Iterator<Item = &'a Reason> {
        let plan = self.plan;
        item.reason_ids().iter().filter_map(|id| plan.reasons.get(id.0 as usize))
    }

    /// The identity that something is about: a person where the plan does not know better.
    pub fn identity(&self, address: Address) -> Option<Address> {
        let holder = address.holder()?;
        Some(match address {
            Address::Person(_) | Address::Service(_) => address,
            _ => self.identities.get(&holder).copied().unwrap_or(Address::Person(holder)),
        })
    }

    /// `Ada Lovelace <ada@acme.example>`, where the plan knows more than the key.
    pub fn name(&self, identity: Address) -> Option<&'a str> {
        let name = self.plan.names.get(&identity)?;
        let key = identity.holder()?;
        (name != key.as_str()).then_some(name)
    }
}

/// Everything of a plan that is shown, in the plan's order.
pub fn items(plan: &Plan) -> impl Iterator<Item = Item<'_>> {
    let facts = plan.facts.iter().filter(|fact| {
        matches!(fact.kind, FactKind::Adopted | FactKind::Moved | FactKind::Forgotten | FactKind::Drifted)
    });
    plan.changes.iter().map(Item::Change).chain(facts.map(Item::Fact))
}

/// The attributes of a change whose former values are secrets, which an undo does not bring back.
pub fn former_secrets(change: &Change) -> Vec<String> {
    let replaces = matches!(change.action, Action::Update | Action::Rename);
    let secret = |(name, wanted): &(Symbol, Wanted)| match wanted {
        Wanted::Secret { .. } if replaces => Some(clean(name.as_str()).into_owned()),
        _ => None,
    };
    change.after.iter().filter_map(secret).collect()
}

/// What an undo of a change that can be undone does not bring back.
fn not_back(change: &Change) -> Option<String> {
    let names = former_secrets(change);
    (!names.is_empty())
        .then(|| format!("an undo does not bring back the former {}: nobody keeps secrets", names.join(", ")))
}
