//! What the machine asks for, and what it is told.

use state::record::Event;
use state::{Order, Outcome, Presence, Symbol, Target, Timestamp, TransactionState};

use super::Report;

/// Tells which step an answer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(pub u32);

/// Something for the driver to do. Steps of one answer may run at the same time; the answers may come in any order.
#[derive(Debug)]
pub enum Step {
    /// Write these events, in this order, and make them durable before answering. One is under way at a time.
    Record { token: Token, events: Vec<Event> },
    /// Read these targets directly.
    Read { token: Token, system: Symbol, targets: Vec<Target> },
    /// Carry these orders out as one call. Never to be repeated by the driver.
    Execute { token: Token, system: Symbol, orders: Vec<Order> },
    /// Ask what became of these transactions.
    Ask { token: Token, system: Symbol, transactions: Vec<Symbol> },
    /// The transaction that the call `token` announced is durable in the record, and the call goes on; or it is not,
    /// and the call must not commit.
    Proceed { token: Token, result: Result<(), String> },
    /// Ask again at this moment, or earlier when an answer comes.
    Wait { until: Timestamp },
    /// There is nothing more to do; the last step.
    Finished(Box<Report>),
}

/// What came of a step, or from outside.
#[derive(Debug)]
pub enum Answer {
    /// The events are durable, or they could not be written: then nothing more is begun.
    Recorded { token: Token, result: Result<(), String> },
    /// One presence for each target, in the same order.
    Read { token: Token, result: Result<Vec<Presence>, String> },
    /// One outcome for each order, in the same order. A call that was lost or took longer than its deadline is
    /// `Unknown` for each of them.
    Executed { token: Token, outcomes: Vec<Outcome> },
    /// A call that is under way says by what its system knows it, and waits for [`Step::Proceed`].
    Announced { token: Token, transaction: Symbol },
    /// What became of each transaction, in the same order.
    Asked { token: Token, result: Result<Vec<TransactionState>, String> },
    /// Finish what is under way, begin nothing new.
    Interrupt,
}
