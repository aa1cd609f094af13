//! One call to a system, within its deadline.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use engine::apply::{Answer, Token};
use providers::{Reader, Unannounced, Writer};
use state::{Capabilities, Order, Outcome, Target};

/// Both halves of a system while a plan is applied.
#[derive(Clone)]
pub struct Connection {
    pub reader: Arc<dyn Reader>,
    pub writer: Arc<dyn Writer>,
    /// After which a call to the writer counts as lost.
    pub deadline: Duration,
}

/// Reads retry inside, so they are given longer than a call; a reader that never answers must not hold up the run.
const READ_FACTOR: u32 = 10;

impl Connection {
    /// A connection with the deadline that the system's capabilities say.
    pub fn new(reader: Box<dyn Reader>, writer: Box<dyn Writer>, capabilities: &Capabilities) -> Connection {
        let deadline = Duration::from_millis(capabilities.deadline.max(1));
        Connection { reader: Arc::from(reader), writer: Arc::from(writer), deadline }
    }

    /// Reads targets again.
    pub(super) fn read(&self, token: Token, targets: Vec<Target>) -> impl Future<Output = Answer> + Send + 'static {
        let (reader, limit) = (Arc::clone(&self.reader), self.deadline.saturating_mul(READ_FACTOR));
        async move {
            let result = match tokio::time::timeout(limit, reader.read(&targets)).await {
                Ok(Ok(presences)) => Ok(presences),
                Ok(Err(error)) if error.hint.is_empty() => Err(error.message),
                Ok(Err(error)) => Err(format!("{} ({})", error.message, error.hint)),
                Err(_) => Err(format!("no answer within {} s", limit.as_secs_f32())),
            };
            Answer::Read { token, result }
        }
    }

    /// Carries orders out, once. No answer within the deadline means that nobody knows.
    pub(super) fn execute(&self, token: Token, orders: Vec<Order>) -> impl Future<Output = Answer> + Send + 'static {
        let (writer, deadline) = (Arc::clone(&self.writer), self.deadline);
        async move {
            let outcomes = match tokio::time::timeout(deadline, writer.execute(&orders, &Unannounced)).await {
                Ok(outcomes) => outcomes,
                Err(_) => {
                    let error = format!("no answer within {} s", deadline.as_secs_f32());
                    vec![Outcome::Unknown(error); orders.len()]
                }
            };
            Answer::Executed { token, outcomes }
        }
    }
}
