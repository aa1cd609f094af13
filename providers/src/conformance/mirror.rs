//! A system with its twin beside it: whatever the list asks of the one is asked of the other, and the answers are compared.
//! Where they differ, the twin is wrong: see [`crate::twin`].

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use state::{
    Action, Attributes, Capabilities, Kind, Object, Observed, Order, Outcome, Presence, Schema, Symbol, Target,
    Timestamp, TransactionState,
};

use super::{Subject, System};
use crate::twin::{Manners, Twin};
use crate::{Announce, Ask, Authors, ConnectError, Difference, ReadError, Reader, Writer};

/// A subject whose systems have twins with these manners.
pub struct Mirrored<'s> {
    subject: &'s dyn Subject,
    manners: Manners,
    differences: Arc<Mutex<BTreeSet<String>>>,
}

impl<'s> Mirrored<'s> {
    pub fn new(subject: &'s dyn Subject, manners: Manners) -> Mirrored<'s> {
        Mirrored { subject, manners, differences: Arc::default() }
    }

    /// In what the systems and their twins differed, each once.
    pub fn differences(&self) -> Vec<String> {
        lock(&self.differences).iter().cloned().collect()
    }
}

#[async_trait]
impl Subject for Mirrored<'_> {
    async fn fresh(&self) -> Result<System, String> {
        let System { reader, writer } = self.subject.fresh().await?;
        let (schema, capabilities) = reader.describe().await.map_err(|error| error.to_string())?;
        let ask = Ask { now: Timestamp::default(), grants: &[], accounts: &[], progress: &|_| {} };
        let observed = reader.inventory(&ask).await.map_err(|error| error.to_string())?;
        let twin = Twin::of(schema, capabilities, self.manners, &observed);
        let differences = Arc::clone(&self.differences);
        let both = Arc::new(Both { reader, writer, twin: Mutex::new(twin), differences });
        Ok(System { reader: Box::new(Half(Arc::clone(&both))), writer: Box::new(Half(both)) })
    }

    fn account(&self, name: &str) -> Attributes {
        self.subject.account(name)
    }
    fn group(&self, name: &str) -> Attributes {
        self.subject.group(name)
    }
    fn account_text(&self) -> Symbol {
        self.subject.account_text()
    }
    fn group_text(&self) -> Option<Symbol> {
        self.subject.group_text()
    }
    fn grant(&self, n: usize) -> Attributes {
        self.subject.grant(n)
    }
    fn grant_change(&self) -> Attributes {
        self.subject.grant_change()
    }
    async fn give(&self, system: &System, account: Symbol, name: &str) -> Result<(), String> {
        self.subject.give(system, account, name).await
    }
    fn odd_texts(&self) -> Vec<&'static str> {
        self.subject.odd_texts()
    }
    fn misses_stale(&self) -> Option<&'static str> {
        self.subject.misses_stale()
    }
    fn takes_absent_members(&self) -> Option<&'static str> {
        self.subject.takes_absent_members()
    }
    fn many(&self) -> usize {
        self.subject.many()
    }
}

/// A system and its twin.
struct Both {
    reader: Box<dyn Reader>,
    writer: Box<dyn Writer>,
    twin: Mutex<Twin>,
    differences: Arc<Mutex<BTreeSet<String>>>,
}

struct Half(Arc<Both>);

#[async_trait]
impl Reader for Half {
    async fn describe(&self) -> Result<(Schema, Capabilities), ReadError> {
        self.0.reader.describe().await
    }
    async fn inventory(&self, ask: &Ask<'_>) -> Result<Observed, ReadError> {
        self.0.reader.inventory(ask).await
    }
    async fn read(&self, targets: &[Target]) -> Result<Vec<Presence>, ReadError> {
        self.0.reader.read(targets).await
    }
    async fn transaction(&self, transaction: Symbol) -> Result<TransactionState, ReadError> {
        self.0.reader.transaction(transaction).await
    }
    async fn touched(&self, differences: &[Difference]) -> Result<Authors, ReadError> {
        self.0.reader.touched(differences).await
    }
}

#[async_trait]
impl Writer for Half {
    async fn execute(&self, orders: &[Order], announce: &dyn Announce) -> Vec<Outcome> {
        let both = &self.0;
        // What others did in the meantime is not what is compared.
        let targets: Vec<Target> = orders.iter().flat_map(around).collect();
        if let Ok(presences) = both.reader.read(&targets).await {
            both.take(&targets, presences);
        }
        let outcomes = both.writer.execute(orders, announce).await;
        let twins: Vec<Order> = orders.iter().map(unversioned).collect();
        let answers = lock(&both.twin).execute(Timestamp::default(), &twins, None);
        let mut seen = Vec::new();
        for (n, ((order, outcome), answer)) in orders.iter().zip(&outcomes).zip(&answers).enumerate() {
            let (own, twins) = (word(outcome), word(answer));
            both.compared(order, own == twins, || format!("{own}, and {twins} by the twin"));
            seen.extend(both.renamed(order, outcome, answer).map(|target| (n, target)));
        }
        let targets: Vec<Target> = seen.iter().map(|(_, target)| *target).collect();
        let Ok(presences) = both.reader.read(&targets).await else { return outcomes };
        for ((n, target), presence) in seen.iter().zip(&presences) {
            let Some(order) = orders.get(*n).filter(|_| outcomes.get(*n).is_some_and(|o| word(o) == "done")) else {
                continue;
            };
            let held = lock(&both.twin).get(*target).cloned();
            let fine = alike(order, presence, held.as_ref());
            both.compared(order, fine, || format!("then holds {presence:?}, and the twin {held:?}"));
        }
        both.take(&targets, presences);
        outcomes
    }

    async fn close(&self) -> Result<(), ConnectError> {
        self.0.writer.close().await
    }
}

impl Both {
    fn compared(&self, order: &Order, alike: bool, what: impl FnOnce() -> String) {
        if !alike {
            lock(&self.differences).insert(format!("{} of {}: {}", order.action.word(), order.address, what()));
        }
    }

    /// The twin holds from now on what the system holds there.
    fn take(&self, targets: &[Target], presences: Vec<Presence>) {
        let mut twin = lock(&self.twin);
        for (target, presence) in targets.iter().zip(presences) {
            let object = match presence {
                Presence::Here(object) => Some(Object { version: None, ..object }),
                Presence::Gone => None,
                Presence::Hidden(_) => continue,
            };
            twin.put(Timestamp::default(), *target, object);
        }
        twin.take_deeds();
    }

    /// What was made has the id that the system gave it; where an order is to be looked at afterwards.
    fn renamed(&self, order: &Order, outcome: &Outcome, answer: &Outcome) -> Option<Target> {
        let target = |id| match order.kind {
            Kind::Account => Target::Account(id),
            _ => Target::Group(id),
        };
        if let (Action::Create, Outcome::Done(made)) = (order.action, answer) {
            let mut twin = lock(&self.twin);
            let held = twin.get(target(made.id)).cloned();
            twin.put(Timestamp::default(), target(made.id), None);
            if let Outcome::Done(own) = outcome {
                let held = held.map(|held| Object { id: own.id, ..held });
                twin.put(Timestamp::default(), target(own.id), held);
            }
        }
        match outcome {
            Outcome::Done(own) if order.action == Action::Create => Some(target(own.id)),
            _ => order.target,
        }
    }
}

/// An order and the things around it.
fn around(order: &Order) -> Vec<Target> {
    match order.target {
        Some(target @ Target::Membership { group, member, nested }) => {
            let inner = if nested { Target::Group(member) } else { Target::Account(member) };
            vec![Target::Group(group), inner, target]
        }
        Some(target @ Target::Grant { group, .. }) => vec![Target::Group(group), target],
        Some(target @ Target::Account(id)) => vec![target, Target::Owned(id)],
        other => other.into_iter().collect(),
    }
}

/// The twin counts versions of its own.
fn unversioned(order: &Order) -> Order {
    let before = order.before.clone().map(|before| Object { version: None, ..before });
    Order { before, ..order.clone() }
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done(_) | Outcome::Noted(..) => "done",
        Outcome::Partly(..) => "done in part",
        Outcome::Refused { retry_after: None, .. } | Outcome::Taken(_) => "refused",
        Outcome::Refused { .. } => "refused for now",
        Outcome::Stale(_) => "stale",
        Outcome::Later => "left for the next call",
        Outcome::Unknown(_) => "unknown",
    }
}

/// Whether both hold what the order was about alike.
fn alike(order: &Order, presence: &Presence, held: Option<&Object>) -> bool {
    match (presence, held) {
        (Presence::Here(own), Some(held)) => {
            let active = order.kind != Kind::Account || own.active == held.active;
            let named = order.after.iter().all(|(name, _)| own.attributes.get(*name) == held.attributes.get(*name));
            active && (named || order.action == Action::Transfer)
        }
        (Presence::Gone, None) | (Presence::Hidden(_), _) => true,
        _ => false,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
