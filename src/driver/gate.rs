//! The last gate before a system: a writer that refuses what is only observed, whatever a plan says.

use std::sync::Arc;

use async_trait::async_trait;
use providers::{Announce, ConnectError, Writer};
use state::{Address, Order, Outcome};

/// Lets through what may be written.
pub struct Gate {
    /// None where nothing may be: then there is not even a connection.
    pub writer: Option<Arc<dyn Writer>>,
    /// Whether nothing may be written at an address.
    pub closed: Box<dyn Fn(Address) -> bool + Send + Sync>,
}

#[async_trait]
impl Writer for Gate {
    async fn execute(&self, orders: &[Order], announce: &dyn Announce) -> Vec<Outcome> {
        let refused = || Outcome::Refused {
            error: "its system is only observed (`manage = \"observe\"`): nothing is written to it".to_owned(),
            retry_after: None,
        };
        match &self.writer {
            // One call is carried out as a whole, or not at all.
            Some(writer) if !orders.iter().any(|order| (self.closed)(order.address)) => {
                writer.execute(orders, announce).await
            }
            _ => orders.iter().map(|_| refused()).collect(),
        }
    }

    async fn close(&self) -> Result<(), ConnectError> {
        match &self.writer {
            Some(writer) => writer.close().await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use providers::provider::Unannounced;
    use state::{Action, Kind};

    use super::*;

    #[derive(Default)]
    struct Seen(Mutex<Vec<Address>>);

    #[async_trait]
    impl Writer for Seen {
        async fn execute(&self, orders: &[Order], _: &dyn Announce) -> Vec<Outcome> {
            self.0.lock().unwrap().extend(orders.iter().map(|order| order.address));
            orders.iter().map(|_| Outcome::Unknown("seen".to_owned())).collect()
        }
    }

    #[tokio::test]
    async fn what_is_observed_never_reaches_the_system() {
        let order = |address: &str| Order {
            address: address.parse().unwrap(),
            action: Action::Grant,
            kind: Kind::Membership,
            target: None,
            before: Default::default(),
            after: Default::default(),
            secrets: Default::default(),
        };
        let seen = Arc::new(Seen::default());
        let open: Address = "group.chat.core".parse().unwrap();
        let gate =
            Gate { writer: Some(seen.clone()), closed: Box::new(move |address| address.parent_group() != Some(open)) };
        let (inside, outside) = (order("membership.chat.core.ada"), order("membership.chat.other.ada"));
        let answers = gate.execute(std::slice::from_ref(&outside), &Unannounced).await;
        assert!(matches!(&answers[..], [Outcome::Refused { .. }]), "{answers:?}");
        let answers = gate.execute(&[inside.clone(), outside], &Unannounced).await;
        assert!(matches!(&answers[..], [Outcome::Refused { .. }, Outcome::Refused { .. }]), "{answers:?}");
        assert!(seen.0.lock().unwrap().is_empty());
        gate.execute(std::slice::from_ref(&inside), &Unannounced).await;
        assert_eq!(*seen.0.lock().unwrap(), [inside.address]);
    }
}
