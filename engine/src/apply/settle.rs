//! Clearing up what an earlier run left in doubt, by looking: before a plan is made, under the lock.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};
use state::record::{Event, EventResult, OpenIntent, Recorded};
use state::{
    Action, Address, Attributes, Code, Finding, Kind, Object, Observed, Presence, Scope, Severity, Symbol, Target,
    Timestamp, TransactionState, Value,
};

use super::answers::CHANGED_BACK;
use super::compare::{Standing, managed, same_text, standing, standing_after};
use super::ids::kind;
use super::systems::Connected;
use super::transfer;
use super::work::has_secrets;
use crate::mutations::on;
use crate::seen::seen;

const READABLE: &str = "make the system readable and plan again";

/// What looking said about the intents without an outcome.
#[derive(Debug, Default)]
pub struct Settlement {
    /// Outcomes to be recorded.
    pub events: Vec<Event>,
    /// What is still in doubt: those addresses must not be planned.
    pub doubts: Vec<Doubt>,
}

/// An intent whose outcome is still not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    pub run: Symbol,
    pub intent: u32,
    pub address: Address,
    /// When looking will tell; none: it cannot be told by looking, or the system was not read.
    pub until: Option<Timestamp>,
    /// What was found.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

impl Doubt {
    /// The finding that holds the address.
    pub fn finding(&self) -> Finding {
        Finding {
            code: Code::InDoubt,
            severity: Severity::Holds,
            scope: Scope::Addresses,
            addresses: vec![self.address],
            message: self.message.clone(),
            hint: self.hint.clone(),
        }
    }
}

/// What is to be asked of systems directly about the open intents, besides their inventories, by system. Transactions
/// are asked for before the inventories are made, so that what was committed by then is seen in them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Questions {
    pub transactions: BTreeMap<Symbol, BTreeSet<Symbol>>,
    /// What accounts own: an inventory only counts it.
    pub targets: BTreeMap<Symbol, BTreeSet<Target>>,
}

/// What systems said, or why they could not be asked.
#[derive(Debug, Default)]
pub struct Answers {
    /// By system and transaction.
    pub transactions: BTreeMap<(Symbol, Symbol), Result<TransactionState, String>>,
    /// By system and target.
    pub targets: BTreeMap<(Symbol, Target), Result<Presence, String>>,
}

/// What is to be asked about the open intents.
pub fn questions(recorded: &Recorded) -> Questions {
    let mut questions = Questions::default();
    for open in &recorded.open {
        let Some(system) = open.change.address.system() else { continue };
        if let Some(transaction) = open.transaction {
            questions.transactions.entry(system).or_default().insert(transaction);
        }
        if let (Some(heir), Some(own)) = (transfer::heir(&open.change), open.target) {
            questions.targets.entry(system).or_default().extend([own, heir]);
        }
    }
    questions
}

/// Settles the open intents of `recorded` as far as the systems tell: what was a transaction by what became of it, the
/// rest by the inventories. Only what lies behind its `settle_after` is looked at without the word of its system; an
/// inventory that began before that moment says nothing. `systems` gives the rules of comparison.
///
/// A system that shows no account at all (or no group) has perhaps only lost the right to show them: a creation that is
/// looked for there stays in doubt, unless `again` says that its address is planned again, so that a system that has it
/// will say so, or that the files let go of it.
pub fn settle(
    recorded: &Recorded,
    observed: &BTreeMap<Symbol, &Observed>,
    answers: &Answers,
    systems: &BTreeMap<Symbol, Connected>,
    again: &dyn Fn(Address) -> bool,
    now: Timestamp,
) -> Settlement {
    let mut settlement = Settlement::default();
    let mut creations: FxHashMap<(Symbol, Kind), Creations> = FxHashMap::default();
    for open in &recorded.open {
        let address = open.change.address;
        let doubt = |until, message: String, hint: String| Doubt {
            run: open.run,
            intent: open.intent,
            address,
            until,
            message: format!("{} of {address} is in doubt: {message}", open.change.action.word()),
            hint,
        };
        let transaction = open.transaction.zip(address.system());
        let said = transaction
            .and_then(|(transaction, system)| Some((transaction, answers.transactions.get(&(system, transaction))?)));
        let committed = match said {
            Some((transaction, Ok(TransactionState::Aborted))) => {
                let result = not_done(open, &format!("transaction {transaction} was rolled back"));
                settlement.events.push(Event::Outcome { run: open.run, intent: open.intent, result });
                continue;
            }
            Some((transaction, Ok(TransactionState::InProgress))) => {
                let message = format!("its transaction {transaction} is still open");
                let hint = "plan again when it has ended; the system says who holds it up".to_owned();
                settlement.doubts.push(doubt(None, message, hint));
                continue;
            }
            Some((transaction, Err(error))) => {
                let message = format!("what became of its transaction {transaction} could not be asked: {error}");
                settlement.doubts.push(doubt(None, message, READABLE.to_owned()));
                continue;
            }
            Some((_, Ok(TransactionState::Committed))) => true,
            Some((_, Ok(TransactionState::Unknown))) | None => false,
        };
        let looked = address.system().and_then(|system| Some((system, *observed.get(&system)?)));
        let Some((system, inventory)) = looked else {
            let message = "its system could not be read".to_owned();
            settlement.doubts.push(doubt(None, message, READABLE.to_owned()));
            continue;
        };
        if on("settle-done") {
            let object =
                open.change.before.as_deref().cloned().unwrap_or_else(|| Object::new("lost", Attributes::new()));
            let result = EventResult::settled(object);
            settlement.events.push(Event::Outcome { run: open.run, intent: open.intent, result });
            continue;
        }
        if !committed && !on("settle-early") && (now < open.settle_after || inventory.complete.at < open.settle_after) {
            let message = format!("a call of run {} may still be under way", open.run);
            settlement.doubts.push(doubt(Some(open.settle_after), message, "plan again after that time".to_owned()));
            continue;
        }
        let unknown = Connected::default();
        let connected = systems.get(&system).unwrap_or(&unknown);
        let result = if let Some(heir) = transfer::heir(&open.change) {
            look_at_owned(open, system, heir, answers, committed)
        } else if open.change.action == Action::Create && open.target.is_none() {
            let index = creations
                .entry((system, open.kind))
                .or_insert_with(|| Creations::new(recorded, inventory, system, open.kind, connected));
            index.find(open, connected, committed, again)
        } else {
            look(open, inventory, connected, committed)
        };
        match result {
            Ok(result) => {
                settlement.events.push(Event::Outcome { run: open.run, intent: open.intent, result });
            }
            Err((message, hint)) => settlement.doubts.push(doubt(None, message, hint)),
        }
    }
    settlement
}

/// What happened; or why that cannot be told, and what to do next.
type Looked = Result<EventResult, (String, String)>;

fn not_done(open: &OpenIntent, why: &str) -> EventResult {
    let error = open.error.as_deref().unwrap_or("no answer was recorded");
    EventResult::NotDone { error: format!("{error}; {why}"), settled: true }
}

/// As before: it did not happen; or, where it was committed, somebody else changed it back.
fn as_before(open: &OpenIntent, committed: bool, seen: Option<Object>) -> EventResult {
    match committed {
        true => EventResult::Diverged { error: CHANGED_BACK.to_owned(), seen },
        false => not_done(open, "looked at later: it did not happen"),
    }
}

/// Looks at the target of an intent.
fn look(open: &OpenIntent, inventory: &Observed, connected: &Connected, committed: bool) -> Looked {
    let Some(target) = open.target else {
        return Err((
            "its remote id is not known".to_owned(),
            "look at the system by hand, then adopt or remove it".to_owned(),
        ));
    };
    let seen = seen(inventory, &connected.schema, target);
    let secret = has_secrets(&open.change) && open.change.action != Action::Create && !committed;
    Ok(match (standing_after(&open.change, open.kind, seen.as_ref(), &connected.schema), seen) {
        (Standing::AsWanted, _) if secret => {
            EventResult::Diverged { error: "a secret cannot be looked at: it will be set again".to_owned(), seen: None }
        }
        (Standing::AsWanted, seen) => {
            let seen = seen.unwrap_or_else(|| Object::new("", Attributes::new()));
            EventResult::settled(managed(&open.change, &seen))
        }
        (Standing::AsBefore, seen) => as_before(open, committed, seen),
        (Standing::Other(error), seen) => EventResult::Diverged { error, seen },
    })
}

/// Looks at what two accounts own.
fn look_at_owned(open: &OpenIntent, system: Symbol, heir: Target, answers: &Answers, committed: bool) -> Looked {
    let unsure = |why: &str| {
        (format!("what its accounts own cannot be told: {why}"), "make it readable and plan again".to_owned())
    };
    let seen = |target: Option<Target>| match target.and_then(|target| answers.targets.get(&(system, target))) {
        Some(Ok(Presence::Here(object))) => Ok(Some(object)),
        Some(Ok(Presence::Gone)) => Ok(None),
        Some(Ok(Presence::Hidden(why)) | Err(why)) => Err(unsure(why)),
        None => Err(unsure("it was not read")),
    };
    let (own, heir) = (seen(open.target)?, seen(Some(heir))?);
    Ok(match transfer::standing(&open.change, own, heir) {
        Standing::AsWanted => {
            let id = open.target.map_or(Symbol::new(""), Target::remote);
            EventResult::settled(Object::new(id, Attributes::new()))
        }
        Standing::AsBefore => as_before(open, committed, own.cloned()),
        Standing::Other(error) => EventResult::Diverged { error, seen: own.cloned() },
    })
}

/// Accounts or groups of a system that no recorded address is bound to, by their natural key.
struct Creations<'a> {
    /// The system shows none but the account that tenure connects as.
    nothing: bool,
    unbound: Vec<&'a Object>,
    by_key: FxHashMap<String, Vec<usize>>,
    /// Taken by an intent of this settlement.
    taken: FxHashSet<Symbol>,
}

impl<'a> Creations<'a> {
    fn new(
        recorded: &Recorded,
        inventory: &'a Observed,
        system: Symbol,
        of: Kind,
        connected: &Connected,
    ) -> Creations<'a> {
        let own = |address: &Address| address.system() == Some(system) && kind(*address) == Some(of);
        let bound: FxHashSet<Symbol> =
            recorded.objects.iter().filter(|(address, _)| own(address)).map(|(_, object)| object.id).collect();
        let objects = if of == Kind::Group { &inventory.groups } else { &inventory.accounts };
        let nothing = objects.iter().all(|object| inventory.own.contains(&object.id));
        let unbound: Vec<&Object> = objects.iter().filter(|object| !bound.contains(&object.id)).collect();
        let mut by_key: FxHashMap<String, Vec<usize>> = FxHashMap::default();
        if let Some(attribute) = natural_key(connected, of) {
            for (place, object) in unbound.iter().enumerate() {
                if let Some(Value::Text(text)) = object.attributes.get(attribute) {
                    by_key.entry(text.as_str().to_lowercase()).or_default().push(place);
                }
            }
        }
        Creations { nothing, unbound, by_key, taken: FxHashSet::default() }
    }

    /// The object that a creation in doubt made.
    fn find(
        &mut self,
        open: &OpenIntent,
        connected: &Connected,
        committed: bool,
        again: &dyn Fn(Address) -> bool,
    ) -> Looked {
        let made = open.made.and_then(|id| {
            let found = self.unbound.binary_search_by_key(&id, |object| object.id);
            self.unbound.get(found.ok()?).copied()
        });
        let found: Vec<&Object> = match open.key {
            _ if on("settle-not-done") => Vec::new(),
            // Its system said that this is it.
            _ if made.is_some() => made.into_iter().filter(|object| !self.taken.contains(&object.id)).collect(),
            Some((attribute, Value::Text(text))) if natural_key(connected, open.kind) == Some(attribute) => {
                let case_exact = key_of(connected, open.kind).is_some_and(|key| key.case_exact);
                let places = self.by_key.get(&text.as_str().to_lowercase()).map_or(&[][..], Vec::as_slice);
                let candidates = places.iter().filter_map(|place| self.unbound.get(*place).copied());
                let same = |object: &&Object| match object.attributes.get(attribute) {
                    Some(Value::Text(own)) => *own == text || !case_exact && same_text(*own, text),
                    _ => false,
                };
                candidates.filter(same).filter(|object| !self.taken.contains(&object.id)).collect()
            }
            _ => {
                let same = |object: &&Object| {
                    standing(&open.change, open.kind, Some(object), &connected.schema) == Standing::AsWanted
                };
                let candidates = self.unbound.iter().copied();
                candidates.filter(same).filter(|object| !self.taken.contains(&object.id)).collect()
            }
        };
        match found.as_slice() {
            [] if self.nothing && !committed && !on("nothing-settles") && !again(open.change.address) => {
                let what = if open.kind == Kind::Group { "group" } else { "account" };
                let address = open.change.address;
                let hint = format!(
                    "each run looks again, until the system shows one; where it is empty, `forget {{ address = \
                     \"{address}\" }}` lets go of it"
                );
                Err((format!("the system shows no {what} at all, so it does not tell"), hint))
            }
            [] => Ok(as_before(open, committed, None)),
            // Whoever else came first and has the key may be anybody.
            [one]
                if open.taken
                    && standing(&open.change, open.kind, Some(one), &connected.schema) != Standing::AsWanted =>
            {
                Ok(not_done(open, "looked at later: it is another's"))
            }
            [one] => {
                self.taken.insert(one.id);
                Ok(EventResult::settled(managed(&open.change, one)))
            }
            several => {
                let ids: Vec<&str> = several.iter().take(5).map(|object| object.id.as_str()).collect();
                let more = if several.len() > ids.len() { ", ..." } else { "" };
                let message = format!("{} objects could be it: {}{more}", several.len(), ids.join(", "));
                Err((message, "say which one it is with an `adopt` block".to_owned()))
            }
        }
    }
}

fn key_of(connected: &Connected, kind: Kind) -> Option<state::Key> {
    match kind {
        Kind::Account => connected.capabilities.account_key,
        Kind::Group => connected.capabilities.group_key,
        _ => None,
    }
}

fn natural_key(connected: &Connected, kind: Kind) -> Option<Symbol> {
    key_of(connected, kind).map(|key| key.attribute)
}
