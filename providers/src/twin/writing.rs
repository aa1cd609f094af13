//! Calls to a twin.

use state::{
    Action, Attributes, Kind as Thing, Object, Order, Outcome, Symbol, Target, Timestamp, TransactionState, Value,
};

use super::system::with;
use super::{By, Kind, Reply, Twin};
use crate::directory::{Changed, Execution};

impl Twin {
    /// A call arrives: carries it out, or not, as the faults of the system have it. Of a transaction the answer to
    /// [`Twin::transaction`] changes with it.
    pub fn execute(&mut self, now: Timestamp, orders: &[Order], transaction: Option<Symbol>) -> Vec<Outcome> {
        let strikes = |twin: &mut Twin, kind: Kind| twin.faults.strikes(kind, kind.word(), now);
        if let Some(wait) = strikes(self, Kind::Busy) {
            self.end(transaction, false);
            let retry_after = Some(u64::try_from(wait).unwrap_or(0));
            return vec![Outcome::Refused { error: "429 too many requests".to_owned(), retry_after }; orders.len()];
        }
        let lost = if strikes(self, Kind::LostAnswer).is_some() {
            Some("connection reset")
        } else if strikes(self, Kind::ServerError).is_some() {
            Some("502 bad gateway")
        } else {
            None
        };
        if let Some(error) = lost
            && self.faults.rng().chance(0.5)
        {
            self.end(transaction, false);
            return vec![Outcome::Unknown(error.to_owned()); orders.len()];
        }
        let mismatch = strikes(self, Kind::Mismatch).is_some();
        let mut outcomes = self.carry_out(now, orders, By::Call, mismatch);
        self.end(transaction, true);
        if transaction.is_none() && strikes(self, Kind::Duplicate).is_some() {
            // A request without a name of its own can be delivered twice; whoever sent it gets one of the answers.
            let again = self.carry_out(now, orders, By::Duplicate, false);
            if self.faults.rng().chance(0.5) {
                outcomes = again;
            }
        }
        match lost {
            Some(error) => vec![Outcome::Unknown(error.to_owned()); orders.len()],
            None => outcomes,
        }
    }

    fn end(&mut self, transaction: Option<Symbol>, committed: bool) {
        if let Some(transaction) = transaction {
            let state = if committed { TransactionState::Committed } else { TransactionState::Aborted };
            self.transactions.insert(transaction, state);
        }
    }

    fn carry_out(&mut self, now: Timestamp, orders: &[Order], by: By, mismatch: bool) -> Vec<Outcome> {
        let late = self.faults.strikes(Kind::Delay, Kind::Delay.word(), now);
        let seen = now.plus_millis(late.unwrap_or(0));
        let mut outcomes: Vec<Option<Outcome>> =
            orders.iter().map(|order| self.by_manners(now, order, by, seen)).collect();
        let asked: Vec<Order> = orders
            .iter()
            .zip(&outcomes)
            .filter(|(_, outcome)| outcome.is_none())
            .map(|(order, _)| self.as_taken(order, mismatch))
            .collect();
        let Execution { outcomes: mut answers, changed } = self.heart.execute(&asked);
        if mismatch && self.capabilities().visibility > 0 && self.faults.rng().chance(0.5) {
            // A server that answers with what it was told, whatever it stored: where changes are seen later, nobody
            // believes it unread.
            for (order, answer) in orders.iter().filter(|order| order.kind == Thing::Account).zip(&mut answers) {
                if let Outcome::Done(object) = answer {
                    object.attributes = object.attributes.overlaid(&order.after);
                    object.version = None;
                }
            }
        }
        for changed in changed {
            let order = asked.iter().zip(&answers).find(|(order, answer)| concerns(order, answer, changed.target));
            let order = order.map(|(order, _)| (order.address, order.action));
            self.note(now, by, order, changed, seen);
        }
        let mut answers = answers.into_iter();
        for outcome in &mut outcomes {
            if outcome.is_none() {
                *outcome = answers.next();
            }
        }
        let lost = || Outcome::Unknown("not answered".to_owned());
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(lost)).collect()
    }

    /// What this system answers of its own; none where a directory would do the same.
    fn by_manners(&mut self, now: Timestamp, order: &Order, by: By, seen: Timestamp) -> Option<Outcome> {
        let target = order.target?;
        let nothing = || Object::new("", Attributes::new());
        let manners = self.manners;
        let kind = order.kind;
        match (order.action, self.heart.get(target)) {
            (Action::Grant, Some(there)) => {
                let reply = if kind == Thing::Grant { manners.given_grant } else { manners.given_membership };
                answer(reply, Reply::Refused, there.clone(), "it is there already")
            }
            (Action::Revoke, None) => answer(manners.not_there, Reply::Stale, nothing(), "it is not there"),
            (_, None) if matches!(kind, Thing::Account | Thing::Group) => {
                answer(manners.absent, Reply::Stale, nothing(), "it is not there")
            }
            (Action::Grant, None) => {
                let Target::Membership { group, member, nested: false } = target else { return None };
                let absent = self.heart.get(Target::Account(member)).is_none();
                let ghost = absent && self.manners.ghosts && self.heart.get(Target::Group(group)).is_some();
                ghost.then(|| {
                    let object = Object::new("", order.after.clone());
                    let was = self.heart.put(target, Some(object.clone()));
                    let changed = Changed { target, was, now: Some(object.clone()) };
                    self.note(now, by, Some((order.address, order.action)), changed, seen);
                    Outcome::Done(object)
                })
            }
            _ => None,
        }
    }

    /// The order as the system understands it.
    fn as_taken(&mut self, order: &Order, mismatch: bool) -> Order {
        let mut order = order.clone();
        if !self.manners.notices_changes
            && let Some(before) = &mut order.before
        {
            before.version = None;
            before.attributes = Attributes::new();
        }
        let key = match order.kind {
            Thing::Account => self.capabilities().account_key,
            Thing::Group => self.capabilities().group_key,
            _ => None,
        };
        let texts = order.after.iter().filter(|(name, value)| {
            value.as_text().is_some()
                && key.is_none_or(|key| key.attribute != *name)
                && name.as_str() != state::owned::TO
        });
        let names: Vec<Symbol> = texts.map(|(name, _)| *name).collect();
        if mismatch
            && matches!(order.kind, Thing::Account | Thing::Group)
            && let Some(name) = self.faults.rng().pick(&names).copied()
        {
            let text = order.after.get(name).and_then(Value::as_text).unwrap_or("".into());
            let stored = if self.faults.rng().chance(0.5) { String::new() } else { format!("{text} ") };
            order.after = with(&order.after, name, Value::text(stored.as_str()));
        }
        order
    }
}

/// Whether a change is what this order asked for.
fn concerns(order: &Order, answer: &Outcome, changed: Target) -> bool {
    let Outcome::Done(object) = answer else { return false };
    match order.target {
        Some(target) => target == changed || order.action == Action::Transfer && target.kind() == changed.kind(),
        None => match order.kind {
            Thing::Account => changed == Target::Account(object.id),
            Thing::Group => changed == Target::Group(object.id),
            _ => false,
        },
    }
}

/// The answer of a system; none where a directory answers like that.
fn answer(reply: Reply, usual: Reply, there: Object, why: &str) -> Option<Outcome> {
    match reply {
        reply if reply == usual => None,
        Reply::Done => Some(Outcome::Done(there)),
        Reply::Refused => Some(Outcome::Refused { error: why.to_owned(), retry_after: None }),
        Reply::Stale => Some(Outcome::Stale(None)),
    }
}
