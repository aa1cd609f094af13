//! Orders that belong to databases and not to the cluster: grants, and what is handed over.
//!
//! Each database's are a transaction of their own. All transactions of a call are done before the first is committed, and
//! announced together (`731+733`): a lost answer is settled by asking after each, and where they ended differently by
//! looking.

use async_trait::async_trait;
use state::{Kind, Order, Outcome, Symbol, Target, TransactionState};
use tokio::sync::OnceCell;

use super::Client;
use super::ownership::transfer;
use super::privileges::write;
use crate::provider::Announce;

/// Whether an order belongs to databases.
pub fn belongs(order: &Order) -> bool {
    order.kind == Kind::Grant || matches!(order.target, Some(Target::Owned(_)))
}

/// Announces transactions together with that of the cluster, if there is one.
pub struct Joined<'a> {
    announce: &'a dyn Announce,
    others: Vec<Symbol>,
    told: OnceCell<Result<(), String>>,
}

impl Joined<'_> {
    async fn tell(&self, first: Option<Symbol>) -> Result<(), String> {
        let ids: Vec<&str> = first.iter().chain(&self.others).map(|id| id.as_str()).collect();
        let tell = || async {
            if ids.is_empty() { Ok(()) } else { self.announce.transaction(Symbol::new(&ids.join("+"))).await }
        };
        self.told.get_or_init(tell).await.clone()
    }
}

#[async_trait]
impl Announce for Joined<'_> {
    async fn transaction(&self, transaction: Symbol) -> Result<(), String> {
        self.tell(Some(transaction)).await
    }
}

/// The transactions that were announced together.
pub fn apart(transactions: Symbol) -> impl Iterator<Item = Symbol> {
    transactions.as_str().split('+').map(Symbol::new)
}

/// What became of several: what became of all of them.
pub fn together(states: &[TransactionState]) -> TransactionState {
    match states {
        [] => TransactionState::Unknown,
        [first, rest @ ..] if rest.iter().all(|state| state == first) => *first,
        _ if states.contains(&TransactionState::InProgress) => TransactionState::InProgress,
        _ => TransactionState::Unknown,
    }
}

/// Carries out the orders of a call; `roles` those that belong to the cluster. Of all an answer, in the same order.
pub async fn execute<'a>(
    client: &Client,
    orders: &'a [Order],
    announce: &'a dyn Announce,
    roles: impl AsyncFnOnce(&[Order], &Joined<'a>) -> Vec<Outcome>,
) -> Vec<Outcome> {
    let numbered = || orders.iter().enumerate();
    let grants: Vec<(usize, &Order)> = numbered().filter(|(_, order)| order.kind == Kind::Grant).collect();
    let mut prepared = write::prepare(client, &grants).await;
    let mut outcomes = std::mem::take(&mut prepared.answered);
    let mut transfers = Vec::new();
    for (number, order) in numbered().filter(|(_, order)| matches!(order.target, Some(Target::Owned(_)))) {
        match transfer::prepare(client, order).await {
            Ok(ready) => transfers.push((number, ready)),
            Err(outcome) => outcomes.push((number, outcome)),
        }
    }
    let of_grants = prepared.parts.iter().map(|part| part.transaction);
    let of_transfers = transfers.iter().flat_map(|(_, ready)| ready.transactions.iter().copied());
    let joined = Joined { announce, others: of_grants.chain(of_transfers).collect(), told: OnceCell::new() };
    let (places, of_roles): (Vec<usize>, Vec<Order>) =
        numbered().filter(|(_, order)| !belongs(order)).map(|(number, order)| (number, order.clone())).unzip();
    if !of_roles.is_empty() {
        outcomes.extend(places.into_iter().zip(roles(&of_roles, &joined).await));
    }
    match joined.tell(None).await {
        Ok(()) => {
            for part in prepared.parts {
                outcomes.extend(part.commit(client).await);
            }
            for (number, ready) in transfers {
                outcomes.push((number, ready.commit().await));
            }
        }
        Err(error) => {
            for part in prepared.parts {
                outcomes.extend(part.roll_back(&error).await);
            }
            for (number, ready) in transfers {
                outcomes.push((number, ready.roll_back(&error).await));
            }
        }
    }
    outcomes.sort_by_key(|(number, _)| *number);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_that_ended_differently_are_looked_at() {
        use TransactionState::{Aborted, Committed, InProgress, Unknown};
        for (states, all) in [
            (vec![], Unknown),
            (vec![Committed], Committed),
            (vec![Committed, Committed], Committed),
            (vec![Aborted, Aborted], Aborted),
            (vec![Committed, Aborted], Unknown),
            (vec![Committed, InProgress], InProgress),
            (vec![Unknown, Committed], Unknown),
        ] {
            assert_eq!(together(&states), all, "{states:?}");
        }
        let ids: Vec<Symbol> = apart("731+733".into()).collect();
        assert_eq!(ids, ["731", "733"]);
    }
}
