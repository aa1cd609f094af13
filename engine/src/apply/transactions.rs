//! Transactions: announced to the record before they are committed, asked for when the answer was lost.

use std::collections::BTreeMap;

use state::record::{Event, EventResult};
use state::{Symbol, Timestamp, TransactionState};

use super::journal::Waiter;
use super::machine::{Apply, InFlight};
use super::report::Fate;
use super::step::{Step, Token};
use super::work::{Call, Transaction};
use crate::mutations::on;

/// How often a transaction is asked for within one run: at once, and once its deadline has passed.
const ASKS: u8 = 2;

impl Apply<'_> {
    /// A call says by what its system knows it: it goes on once that is durable.
    pub(super) fn on_announced(&mut self, token: Token, transaction: Symbol) {
        let unit = match self.in_flight.get(&token.0) {
            Some(InFlight::Call(unit)) => Some(*unit),
            _ => None,
        };
        let active = unit.and_then(|unit| self.active.get_mut(unit as usize)).and_then(Option::as_mut);
        let refused = match (&self.fatal, &active) {
            (Some(error), _) => Some(error.clone()),
            (None, None) => Some("the call is not awaited any more".to_owned()),
            (None, Some(active)) if active.calling.iter().any(|call| call.transaction != Transaction::None) => {
                Some("the call has announced another transaction before, and may have one only".to_owned())
            }
            (None, Some(_)) => None,
        };
        if let Some(error) = refused {
            return self.proceed.push((token, Err(error)));
        }
        let calls = active.into_iter().flat_map(|active| active.calling.iter_mut());
        let announced = calls.map(|call| {
            call.transaction = Transaction::Announced { transaction, asked: 0 };
            call.intent
        });
        let intents = announced.collect();
        self.journal.push(Event::Transaction { run: self.run, intents, transaction });
        if on("commit-unannounced") {
            return self.proceed.push((token, Ok(())));
        }
        self.journal.wait(Waiter::Call(token.0));
    }

    /// Asks for the transactions in doubt that have been asked for less than `asks` times.
    pub(super) fn ask(&mut self, asks: u8, steps: &mut Vec<Step>) {
        let to_ask = |call: &Call| match call.transaction {
            Transaction::Announced { transaction, asked } if asked < asks.min(ASKS) => Some(transaction),
            _ => None,
        };
        let doubts = std::mem::take(&mut self.doubts);
        let (asking, rest): (Vec<_>, Vec<_>) = doubts.into_iter().partition(|(_, call)| to_ask(call).is_some());
        self.doubts = rest;
        let mut by_system: BTreeMap<u32, Vec<Call>> = BTreeMap::new();
        for (system, call) in asking {
            by_system.entry(system).or_default().push(call);
        }
        for (place, calls) in by_system {
            let Some(system) = self.systems.get(place as usize).map(|system| system.name) else { continue };
            let mut transactions: Vec<Symbol> = calls.iter().filter_map(to_ask).collect();
            transactions.sort_unstable();
            transactions.dedup();
            let token = self.token(InFlight::Ask(place, calls));
            steps.push(Step::Ask { token, system, transactions });
        }
    }

    /// What became of the transactions of `calls`.
    pub(super) fn on_asked(
        &mut self,
        system: u32,
        calls: Vec<Call>,
        result: Result<Vec<TransactionState>, String>,
        now: Timestamp,
    ) {
        let mut transactions: Vec<Symbol> = calls.iter().filter_map(announced).collect();
        transactions.sort_unstable();
        transactions.dedup();
        let states = result.ok().filter(|states| states.len() == transactions.len());
        for mut call in calls {
            let Transaction::Announced { transaction, asked } = call.transaction else { continue };
            let place = transactions.binary_search(&transaction).ok();
            let state = states.as_ref().zip(place).and_then(|(states, place)| states.get(place).copied());
            match state {
                Some(TransactionState::Aborted) => {
                    self.rolled_back(call, transaction);
                    continue;
                }
                Some(TransactionState::Committed) => {
                    call.transaction = Transaction::Committed;
                    if call.target.is_none() {
                        let error =
                            format!("transaction {transaction} was committed; the next run looks for what it made");
                        self.fates.set(self.plan, call.change, Fate::Unknown { error });
                    }
                    call.settle_at = now;
                }
                Some(TransactionState::Unknown) => call.transaction = Transaction::None,
                // Where it could not be asked for, a look could come too early.
                Some(TransactionState::InProgress) | None => {
                    call.transaction = Transaction::Announced { transaction, asked: asked + 1 };
                }
            }
            self.doubts.push((system, call));
        }
    }

    fn rolled_back(&mut self, call: Call, transaction: Symbol) {
        let error = match self.fates.get(call.change) {
            Some(Fate::Unknown { error }) => format!("{error}; transaction {transaction} was rolled back"),
            _ => format!("transaction {transaction} was rolled back"),
        };
        self.record(call.intent, EventResult::NotDone { error: error.clone(), settled: true });
        self.fates.set(self.plan, call.change, Fate::Refused { error });
    }
}

fn announced(call: &Call) -> Option<Symbol> {
    match call.transaction {
        Transaction::Announced { transaction, .. } => Some(transaction),
        _ => None,
    }
}
