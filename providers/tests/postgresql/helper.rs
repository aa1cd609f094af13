//! How the tests come to a system.

use std::sync::Arc;

use state::{
    Action, Address, Attributes, Kind, Object, Observed, Order, Outcome, Presence, Symbol, Target, Timestamp, Value,
};
use tenure_providers::postgresql::{Client, Options, Postgresql};
use tenure_providers::{Ask, Provider, Reader, Settings, Unannounced, Writer};

use crate::cluster::{Cluster, PASSWORD};

/// The settings of a system block that leads to a cluster as its superuser, and some more.
pub fn settings(cluster: &Cluster, more: &[(&str, Value)]) -> Settings {
    let mut values = vec![(Symbol::new("url"), Value::text(cluster.url.as_str()))];
    for (name, value) in more {
        let name = Symbol::new(name);
        values.retain(|(own, _)| *own != name);
        values.push((name, value.clone()));
    }
    Settings {
        system: "warehouse".into(),
        values,
        secrets: vec![(Symbol::new("password"), PASSWORD.to_owned())],
        ..Settings::default()
    }
}

/// A client that reads.
pub fn client(settings: &Settings) -> Client {
    Client::reading(Arc::new(Options::read(settings).unwrap())).unwrap()
}

/// A reader and a writer of one system.
pub struct Scene {
    pub reader: Box<dyn Reader>,
    pub writer: Box<dyn Writer>,
}

impl Scene {
    /// Of the settings.
    pub async fn of(settings: &Settings) -> Scene {
        Scene {
            reader: Postgresql.reader(settings.clone()).await.unwrap(),
            writer: Postgresql.writer(settings.clone()).await.unwrap(),
        }
    }

    /// The cluster as its superuser.
    pub async fn on(cluster: &Cluster) -> Scene {
        Scene::of(&settings(cluster, &[])).await
    }

    /// Carries out one order.
    pub async fn execute(&self, order: &Order) -> Outcome {
        let mut outcomes = self.writer.execute(std::slice::from_ref(order), &Unannounced).await;
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }

    /// Carries out an order that must be done, as it is now; what stands there then.
    pub async fn done(&self, order: Order) -> Object {
        let order = self.fresh(order).await;
        match self.execute(&order).await {
            Outcome::Done(object) | Outcome::Noted(object, _) => object,
            other => panic!("{order:?}: {other:?}"),
        }
    }

    /// The order with its object as it is now.
    pub async fn fresh(&self, order: Order) -> Order {
        let Some(target) = order.target else { return order };
        let before = match self.look(target).await {
            Presence::Here(object) => Some(object),
            _ => None,
        };
        Order { before, ..order }
    }

    pub async fn look(&self, target: Target) -> Presence {
        self.reader.read(&[target]).await.unwrap().remove(0)
    }

    /// Everything; `accounts` are known to the record.
    pub async fn inventory(&self, accounts: &[Symbol]) -> Observed {
        let ask = Ask { now: Timestamp::default(), grants: &[], accounts, progress: &|_| {} };
        self.reader.inventory(&ask).await.unwrap()
    }

    /// An account; its id.
    pub async fn account(&self, name: &str) -> Symbol {
        self.done(create(Kind::Account, name, &[])).await.id
    }

    /// A group; its id.
    pub async fn group(&self, name: &str) -> Symbol {
        self.done(create(Kind::Group, name, &[])).await.id
    }
}

/// Attributes.
pub fn attributes(pairs: &[(&str, Value)]) -> Attributes {
    pairs.iter().map(|(name, value)| (Symbol::new(name), value.clone())).collect()
}

fn order(action: Action, kind: Kind, target: Option<Target>, after: Attributes) -> Order {
    let address = Address::Account { system: "warehouse".into(), holder: "somebody".into() };
    Order { address, action, target, kind, before: None, after, secrets: Default::default() }
}

pub fn create(kind: Kind, name: &str, more: &[(&str, Value)]) -> Order {
    let after = attributes(&[("name", Value::text(name))]).overlaid(&attributes(more));
    order(Action::Create, kind, None, after)
}

pub fn account(action: Action, id: Symbol, after: &[(&str, Value)]) -> Order {
    order(action, Kind::Account, Some(Target::Account(id)), attributes(after))
}

pub fn membership(action: Action, group: Symbol, member: Symbol, nested: bool, after: &[(&str, Value)]) -> Order {
    order(action, Kind::Membership, Some(Target::Membership { group, member, nested }), attributes(after))
}

/// An order with a sensitive attribute.
pub fn secret(mut order: Order, name: &str, text: &str) -> Order {
    order.secrets.0.push((Symbol::new(name), text.to_owned()));
    order
}
