//! Entries that are deleted, and taken out of the groups that list them: a later entry of the same name must not come into
//! their place.

use state::{Attributes, Object, Order, Outcome, Symbol};

use super::outcome::{not_begun, success};
use super::protocol::message::Request;
use super::writer::LdapWriter;

impl LdapWriter {
    /// Deletes an account that is as it was read again before the order.
    pub(super) async fn delete(&self, id: Symbol, order: &Order) -> Outcome {
        let fresh = match self.fresh(true, id, order).await {
            Ok(fresh) => fresh,
            Err(outcome) => return outcome,
        };
        let version = fresh.object.version;
        let read = order.before.as_ref().map(|before| before.version);
        if read.is_some_and(|read| read != version) {
            return Outcome::Stale(Some(fresh.object));
        }
        let references = match self.references(true, &fresh).await {
            Ok(references) => references,
            Err(error) => return not_begun(&error),
        };
        let answer = self.send(&Request::delete(&fresh.dn), &self.assertion(id, version)).await;
        if let Err(outcome) = success(self.place(), &format!("delete {}", fresh.dn), answer) {
            return outcome;
        }
        let gone = Object::new("", Attributes::new());
        match self.take_out(references).await {
            Ok(()) => Outcome::Done(gone),
            Err(left) => Outcome::Noted(gone, left),
        }
    }
}
