//! The list itself: a directory that lies in one way is caught in that way. What no check catches is not checked.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use state::{
    Action, Attributes, Capabilities, Kind, Object, Observed, Order, Outcome, Presence, Schema, Symbol, Target,
};
use tenure_providers::conformance::{self, Subject, System, Verdict};
use tenure_providers::{Announce, Ask, ReadError, Reader, Writer};

use crate::directory::Folder;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    /// Says that a revoke is done, and does nothing.
    RevokesNothing,
    /// Does each create twice.
    CreatesTwice,
    /// Leaves the last account out of the inventory.
    ForgetsTheLast,
    /// Lists one account twice.
    ListsTwice,
    /// Does not look at what is expected to stand there.
    IgnoresBefore,
    /// Switches no account off.
    KeepsActive,
    /// Writes a cleared attribute as a blank.
    ClearsToBlank,
    /// Answers a read in the order of the ids.
    SortsReads,
    /// Stops listing at 1,000 accounts.
    CapsAtThousand,
    /// Says that what is absent is there.
    InventsAccounts,
}

struct Broken {
    inner: Folder,
    lie: Lie,
}

struct BrokenReader(Box<dyn Reader>, Lie);
struct BrokenWriter(Box<dyn Writer>, Lie, AtomicUsize);

#[async_trait]
impl Subject for Broken {
    async fn fresh(&self) -> Result<System, String> {
        let System { reader, writer } = self.inner.fresh().await?;
        Ok(System {
            reader: Box::new(BrokenReader(reader, self.lie)),
            writer: Box::new(BrokenWriter(writer, self.lie, AtomicUsize::new(0))),
        })
    }
    fn account(&self, name: &str) -> Attributes {
        self.inner.account(name)
    }
    fn group(&self, name: &str) -> Attributes {
        self.inner.group(name)
    }
    fn account_text(&self) -> Symbol {
        self.inner.account_text()
    }
    fn group_text(&self) -> Option<Symbol> {
        self.inner.group_text()
    }
    fn grant(&self, n: usize) -> Attributes {
        self.inner.grant(n)
    }
    fn many(&self) -> usize {
        1_001
    }
}

#[async_trait]
impl Reader for BrokenReader {
    async fn describe(&self) -> Result<(Schema, Capabilities), ReadError> {
        let (schema, capabilities) = self.0.describe().await?;
        Ok((schema, Capabilities { visibility: 20, ..capabilities }))
    }
    async fn inventory(&self, ask: &Ask<'_>) -> Result<Observed, ReadError> {
        let mut observed = self.0.inventory(ask).await?;
        match self.1 {
            Lie::ForgetsTheLast => drop(observed.accounts.pop()),
            Lie::ListsTwice => observed.accounts.extend(observed.accounts.last().cloned()),
            Lie::CapsAtThousand => observed.accounts.truncate(1_000),
            _ => {}
        }
        Ok(observed)
    }
    async fn read(&self, targets: &[Target]) -> Result<Vec<Presence>, ReadError> {
        let mut targets = targets.to_vec();
        if self.1 == Lie::SortsReads {
            targets.sort();
        }
        let mut read = self.0.read(&targets).await?;
        if self.1 == Lie::InventsAccounts {
            for (target, presence) in targets.iter().zip(&mut read) {
                if let (Target::Account(id), Presence::Gone) = (target, &presence) {
                    *presence = Presence::Here(Object::new(*id, Attributes::new()));
                }
            }
        }
        Ok(read)
    }
}

#[async_trait]
impl Writer for BrokenWriter {
    async fn execute(&self, orders: &[Order], announce: &dyn Announce) -> Vec<Outcome> {
        let mut orders = orders.to_vec();
        for order in &mut orders {
            match self.1 {
                Lie::RevokesNothing if order.action == Action::Revoke => {
                    return vec![Outcome::Done(Object::new("", Attributes::new()))];
                }
                Lie::CreatesTwice
                    if (order.action, order.kind) == (Action::Create, Kind::Account)
                        && self.2.fetch_add(1, Ordering::Relaxed) == 0 =>
                {
                    self.0.execute(std::slice::from_ref(order), announce).await;
                }
                Lie::IgnoresBefore => order.before = None,
                Lie::KeepsActive if order.action == Action::Deactivate => order.action = Action::Update,
                Lie::ClearsToBlank => {
                    let blank = |value: &state::Value| if value.is_empty() { " ".into() } else { value.clone() };
                    order.after = order.after.iter().map(|(name, value)| (*name, blank(value))).collect();
                }
                _ => {}
            }
        }
        self.0.execute(&orders, announce).await
    }
}

#[tokio::test]
async fn a_system_that_lies_is_caught() {
    for (lie, check) in [
        (Lie::RevokesNothing, "a membership is given and taken"),
        (Lie::CreatesTwice, "an account is created, listed and read back"),
        (Lie::ForgetsTheLast, "an account is created, listed and read back"),
        (Lie::ListsTwice, "an account is created, listed and read back"),
        (Lie::IgnoresBefore, "an account that others changed is stale"),
        (Lie::KeepsActive, "an account is deactivated and reactivated"),
        (Lie::ClearsToBlank, "an attribute is set, changed and cleared, others stay"),
        (Lie::SortsReads, "targets are read in the order in which they are asked for"),
        (Lie::CapsAtThousand, "many objects are all listed, in order"),
        (Lie::InventsAccounts, "an order about an absent account is not done"),
    ] {
        let broken = conformance::run_one(&Broken { inner: Folder::new(&[]), lie }, check).await;
        let honest = conformance::run_one(&Folder::new(&[]), check).await;
        assert!(matches!(broken, Some(Verdict::Failed(_))), "{lie:?}: {broken:?}");
        assert_eq!(honest, Some(Verdict::Passed), "{check}");
    }
}
