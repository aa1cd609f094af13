//! The half that writes: nothing is sent twice whose answer was lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;
use state::{Action, Kind, Order, Outcome, Symbol, Target};
use tokio::sync::Semaphore;

use crate::provider::{Announce, Writer};

use super::client::Client;
use super::entry::dn_of;
use super::error::Failure;
use super::outcome::refused;
use super::protocol::message::Request;
use super::protocol::{Answer, Control};

/// Operations that are in flight on one connection at most: servers end connections that send ahead too far (OpenLDAP:
/// `conn_max_pending_auth`, 1000).
const IN_FLIGHT: usize = 64;

/// Writes to one system.
pub struct LdapWriter {
    pub(super) client: Arc<Client>,
    place: String,
    permits: Semaphore,
}

impl LdapWriter {
    /// A writer.
    pub fn new(client: Arc<Client>) -> LdapWriter {
        LdapWriter { place: client.settings.url.to_string(), client, permits: Semaphore::new(IN_FLIGHT) }
    }

    /// Where it writes, for messages.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Sends a write, once.
    pub(super) async fn send(&self, request: &Request, controls: &[Control]) -> Result<Answer, Failure> {
        let _permit = self.permits.acquire().await;
        let session = self.client.session().await.map_err(Failure::NotSent)?;
        session.call(request, controls).await
    }

    async fn single(&self, order: &Order) -> Outcome {
        let account = order.kind == Kind::Account;
        let outcome = match (order.kind, order.action, order.target) {
            (Kind::Account | Kind::Group, Action::Create, _) => self.create(account, order).await,
            (
                Kind::Account | Kind::Group,
                Action::Update | Action::Rename | Action::Deactivate | Action::Reactivate,
                Some(Target::Account(id) | Target::Group(id)),
            ) => self.change(account, id, order).await,
            (Kind::Account, Action::Archive, Some(Target::Account(id))) => self.change(true, id, order).await,
            (Kind::Account, Action::Delete, Some(Target::Account(id))) => self.delete(id, order).await,
            (kind, action, _) => refused(format!("{}: LDAP has no {} of a {kind:?}", order.address, action.word())),
        };
        if let Outcome::Done(object) | Outcome::Noted(object, _) = &outcome {
            self.client.remember(dn_of(object).map(|dn| (object.id, dn)));
        }
        outcome
    }
}

#[async_trait]
impl Writer for LdapWriter {
    async fn execute(&self, orders: &[Order], _announce: &dyn Announce) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = orders.iter().map(|_| None).collect();
        // Members of one group travel together; everything else by itself, all at the same time.
        let mut groups: BTreeMap<Symbol, Vec<(usize, &Order)>> = BTreeMap::new();
        let mut singles = Vec::new();
        for (number, order) in orders.iter().enumerate() {
            match order.target {
                Some(Target::Membership { group, .. }) => groups.entry(group).or_default().push((number, order)),
                _ => singles.push((number, order)),
            }
        }
        let singles =
            join_all(singles.into_iter().map(|(number, order)| async move { (number, self.single(order).await) }));
        let groups = join_all(groups.iter().map(|(group, orders)| self.change_members(*group, orders)));
        let (singles, groups) = futures_util::future::join(singles, groups).await;
        for (number, outcome) in singles.into_iter().chain(groups.into_iter().flatten()) {
            if let Some(place) = outcomes.get_mut(number) {
                *place = Some(outcome);
            }
        }
        let unanswered = || Outcome::Unknown("the writer lost this order".to_owned());
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(unanswered)).collect()
    }
}
