//! The half that writes.

use std::sync::Arc;

use async_trait::async_trait;
use state::{Order, Outcome};

use crate::provider::Writer;

use super::client::Client;

/// Members that one call adds or removes at most.
pub const MEMBERS_PER_CALL: usize = 100;

/// Writes to one system.
pub struct ScimWriter {
    client: Arc<Client>,
}

impl ScimWriter {
    /// A writer.
    pub fn new(client: Arc<Client>) -> ScimWriter {
        ScimWriter { client }
    }
}

#[async_trait]
impl Writer for ScimWriter {
    async fn execute(&self, orders: &[Order]) -> Vec<Outcome> {
        let _ = &self.client;
        orders.iter().map(|_| Outcome::Unknown(String::new())).collect()
    }
}
