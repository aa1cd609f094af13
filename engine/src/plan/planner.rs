//! The state of a plan in the making.

use std::collections::BTreeMap;

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use rustc_hash::{FxHashMap, FxHashSet};
use sha2::Sha256;
use state::record::{Suspension, Undone};
use state::{Action, Address, Change, Fact, FactKind, Finding, Object, ReasonId, Symbol, SystemSummary, Undo, Wanted};

use super::book::Book;
use super::inputs::Inputs;
use super::reasons::Reasons;
use super::sight::Sight;
use super::world::{Systems, World};
use crate::configuration::{Identity, WantedValue};
use crate::language::Diagnostic;

/// Where in a system's turn a change comes; within one depth, lower phases go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// A leaver's deactivation: first of all.
    Lockout,
    /// What a leaver held.
    Leaver,
    Account,
    Group,
    Give,
    Take,
    /// What comes after a leaver's deactivation.
    Stage,
}

/// A change before it has its place in the order.
pub(crate) struct Draft {
    pub(crate) change: Change,
    pub(crate) phase: Phase,
}

/// Why someone is a leaver.
pub(crate) struct Leaver {
    pub(crate) because: String,
    /// Gone from the files, not only ended in them.
    pub(crate) gone: bool,
    /// The `people` block that the identity comes (or came) from.
    pub(crate) source: Option<Symbol>,
}

/// Something that is taken from a leaver.
pub(crate) struct Leaving {
    pub(crate) address: Address,
    /// The `people` block that the leaver was in.
    pub(crate) source: Symbol,
    /// The leaver, where its row is not in the source any more.
    pub(crate) gone: Option<Symbol>,
}

/// Everything that the steps of planning write to.
pub(crate) struct Planner<'a> {
    pub(crate) inputs: Inputs<'a>,
    pub(crate) book: Arc<Book<'a>>,
    pub(crate) reasons: Reasons<'a>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) drafts: Vec<Draft>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) world: World<'a>,
    pub(crate) systems: BTreeMap<Symbol, SystemSummary>,
    pub(crate) leavers: Arc<FxHashMap<Symbol, Leaver>>,
    pub(crate) identities: Arc<FxHashMap<Symbol, &'a Identity>>,
    /// What is taken from leavers, once everything is drafted.
    pub(crate) leaving: Vec<Leaving>,
    /// Who vanished, who came and matches the same account, and which account that is.
    pub(crate) renames: BTreeMap<(Address, Address), String>,
    /// Who may have no access now.
    pub(crate) suspensions: Arc<BTreeMap<Symbol, &'a Suspension>>,
    /// What undos gave back against the files.
    pub(crate) undone: Arc<FxHashMap<Address, &'a Undone>>,
    /// Attributes that were looked up in the schema of their system, of accounts or (true) of groups.
    pub(crate) known_attributes: FxHashSet<(Symbol, bool, Symbol)>,
    /// Those of the last object that were looked up, in their order.
    pub(crate) last_attributes: Vec<(Symbol, bool, Symbol)>,
    /// What was seen of each system, where it is asked for; only where systems are planned one after the other.
    pub(crate) sights: Option<BTreeMap<Symbol, Sight>>,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(inputs: Inputs<'a>) -> Planner<'a> {
        let mut facts = Vec::new();
        let book = Book::new(inputs.recorded, inputs.configuration, inputs.workers, &mut facts);
        let suspended = inputs.recorded.suspensions.iter();
        let suspensions: BTreeMap<Symbol, &Suspension> =
            suspended.filter_map(|(address, hold)| Some((book.present(*address).holder()?, hold))).collect();
        let undone = inputs.recorded.undone.iter();
        let undone: FxHashMap<Address, &Undone> =
            undone.map(|(address, undone)| (book.present(*address), undone)).collect();
        let identities: FxHashMap<Symbol, &Identity> =
            inputs.configuration.identities.iter().map(|identity| (identity.key, identity)).collect();
        Planner {
            inputs,
            book: Arc::new(book),
            reasons: Reasons::new(inputs.files),
            facts,
            drafts: Vec::new(),
            findings: Vec::new(),
            diagnostics: Vec::new(),
            world: World::new(inputs.recorded),
            systems: BTreeMap::new(),
            leavers: Arc::default(),
            leaving: Vec::new(),
            identities: Arc::new(identities),
            renames: BTreeMap::new(),
            suspensions: Arc::new(suspensions),
            undone: Arc::new(undone),
            known_attributes: FxHashSet::default(),
            last_attributes: Vec::new(),
            sights: None,
        }
    }

    /// A plan of its own for one system, which knows what this one knows, and what was found `before`.
    pub(super) fn part(&self, system: Symbol, before: Arc<Systems<'a>>) -> Planner<'a> {
        Planner {
            inputs: self.inputs,
            book: self.book.clone(),
            reasons: Reasons::new(self.inputs.files),
            facts: Vec::new(),
            drafts: Vec::new(),
            findings: Vec::new(),
            diagnostics: Vec::new(),
            world: World::part(self.inputs.recorded, system, before),
            systems: BTreeMap::new(),
            leavers: self.leavers.clone(),
            leaving: Vec::new(),
            identities: self.identities.clone(),
            renames: BTreeMap::new(),
            suspensions: self.suspensions.clone(),
            undone: self.undone.clone(),
            known_attributes: FxHashSet::default(),
            last_attributes: Vec::new(),
            sights: None,
        }
    }

    /// A change at its phase that can be undone at any time: what is taken is recorded with its pre-image.
    pub(crate) fn change(&mut self, phase: Phase, address: Address, action: Action, body: Body) {
        self.undoable(phase, address, action, body, Undo::AnyTime);
    }

    /// A change at its phase, and until when it can be undone.
    pub(crate) fn undoable(&mut self, phase: Phase, address: Address, action: Action, body: Body, undo: Undo) {
        let Body { before, after, reasons, allocated, until } = body;
        let change = Change { address, action, before: before.map(Box::new), after, reasons, allocated, until, undo };
        self.drafts.push(Draft { change, phase });
    }

    /// A fact about an object.
    pub(crate) fn fact(&mut self, kind: FactKind, address: Address, object: Option<Object>, reasons: Box<[ReasonId]>) {
        self.facts.push(Fact { object: object.map(Box::new), reasons, ..Fact::new(kind, address) });
    }

    /// A value of the configuration as a plan keeps it: of a secret only its HMAC.
    pub(crate) fn wanted(&self, address: Address, name: Symbol, value: WantedValue) -> Wanted {
        match value {
            WantedValue::Known(value) => Wanted::Known(value),
            WantedValue::Deferred { expression, needs } => Wanted::Deferred { expression, needs },
            WantedValue::Secret(secret) => {
                Wanted::Secret { hmac: seal_secret(self.inputs.hmac_key, address, name, &secret) }
            }
        }
    }

    /// Whether a finding or a doubt already covers this address.
    pub(crate) fn in_doubt(&self, address: Address) -> bool {
        self.book.in_doubt.contains(&address)
    }

    /// `person.ada` or `service.deployer`; of someone who is gone as the record knows it.
    pub(crate) fn identity_address(&self, holder: Symbol) -> Address {
        match self.identities.get(&holder) {
            Some(identity) => identity.address,
            None if self.book.identity(Address::Service(holder)).is_some() => Address::Service(holder),
            None => Address::Person(holder),
        }
    }
}

/// The parts of a change that most changes leave empty.
#[derive(Default)]
pub(crate) struct Body {
    pub(crate) before: Option<Object>,
    pub(crate) after: Box<[(Symbol, Wanted)]>,
    pub(crate) reasons: Box<[ReasonId]>,
    pub(crate) allocated: Box<[Symbol]>,
    pub(crate) until: Option<state::Timestamp>,
}

/// The HMAC-SHA-256 (RFC 2104) that a sensitive attribute leaves; bound to its address and name, so that equal
/// secrets of two people do not look equal.
pub fn seal_secret(key: &[u8], address: Address, name: Symbol, secret: &str) -> Symbol {
    use std::fmt::Write as _;
    let mut text = String::from(state::record::HMAC);
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) {
        for part in [address.to_string().as_bytes(), b"\0", name.as_str().as_bytes(), b"\0", secret.as_bytes()] {
            mac.update(part);
        }
        for byte in mac.finalize().into_bytes() {
            let _ = write!(text, "{byte:02x}");
        }
    }
    Symbol::new(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's `hmac` module over `account.corp.ada`, 0, `password`, 0, `secret`.
    #[test]
    fn a_secret_leaves_an_hmac_of_its_place_and_value() {
        let sealed = |address: &str, name: &str, secret: &str| {
            seal_secret(&[0x0b; 32], address.parse().unwrap(), Symbol::new(name), secret)
        };
        let one = sealed("account.corp.ada", "password", "secret");
        assert_eq!(one, "hmac-sha256:459361a0b73f0950e7f755d64e734ef0b0b883ab3b4fc9e7aca431695705cf7d");
        for other in [("account.corp.bo", "password", "secret"), ("account.corp.ada", "pin", "secret")] {
            assert_ne!(one, sealed(other.0, other.1, other.2));
        }
    }
}
