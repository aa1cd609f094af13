//! The two halves of a twin, as of any provider.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use state::{Capabilities, Observed, Order, Outcome, Presence, Schema, Symbol, Target, Timestamp, TransactionState};

use super::Twin;
use crate::{Announce, Ask, ReadError, Reader, Writer};

/// A twin that its halves share, and the clock of its world.
#[derive(Clone)]
pub struct Shared {
    twin: Arc<Mutex<Twin>>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Shared {
    /// A twin in a world with this clock.
    pub fn new(twin: Twin, clock: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Shared {
        Shared { twin: Arc::new(Mutex::new(twin)), clock }
    }

    /// Does something with the twin, at the present of its world.
    pub fn with<T>(&self, act: impl FnOnce(&mut Twin, Timestamp) -> T) -> T {
        let now = (self.clock)();
        act(&mut self.twin.lock().unwrap_or_else(PoisonError::into_inner), now)
    }

    /// The half that reads.
    pub fn reader(&self) -> TwinReader {
        TwinReader(self.clone())
    }

    /// The half that writes.
    pub fn writer(&self) -> TwinWriter {
        TwinWriter(self.clone())
    }
}

/// Reads a twin.
pub struct TwinReader(Shared);

#[async_trait]
impl Reader for TwinReader {
    async fn describe(&self) -> Result<(Schema, Capabilities), ReadError> {
        Ok(self.0.with(|twin, _| (twin.schema().clone(), twin.capabilities().clone())))
    }

    async fn inventory(&self, ask: &Ask<'_>) -> Result<Observed, ReadError> {
        let observed = self.0.with(|twin, now| twin.inventory(now, ask.now))?;
        (ask.progress)((observed.accounts.len() + observed.groups.len()) as u64);
        Ok(observed)
    }

    async fn read(&self, targets: &[Target]) -> Result<Vec<Presence>, ReadError> {
        self.0.with(|twin, now| twin.read(now, targets))
    }

    async fn transaction(&self, transaction: Symbol) -> Result<TransactionState, ReadError> {
        Ok(self.0.with(|twin, _| twin.transaction(transaction)))
    }
}

/// Writes to a twin.
pub struct TwinWriter(Shared);

#[async_trait]
impl Writer for TwinWriter {
    async fn execute(&self, orders: &[Order], _announce: &dyn Announce) -> Vec<Outcome> {
        self.0.with(|twin, now| twin.execute(now, orders, None))
    }
}
