//! One call to a system, within its deadline.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use engine::apply::{Answer, Token};
use providers::{Announce, ReadError, Reader, Writer};
use state::{Capabilities, Order, Outcome, Symbol, Target, TransactionState};
use tokio::sync::{mpsc, oneshot};

use crate::telemetry::{self, Span};

/// Both halves of a system while a plan is applied.
#[derive(Clone)]
pub struct Connection {
    pub reader: Arc<dyn Reader>,
    pub writer: Arc<dyn Writer>,
    /// After which a call to the writer counts as lost.
    pub deadline: Duration,
}

/// A call says by what its system knows it, and waits until that is in the record.
pub(super) struct Announcement {
    pub(super) token: Token,
    pub(super) transaction: Symbol,
    pub(super) durable: oneshot::Sender<Result<(), String>>,
}

/// What a writer announces its transaction to: hands it to the loop.
struct Announcer {
    token: Token,
    to: mpsc::UnboundedSender<Announcement>,
}

#[async_trait::async_trait]
impl Announce for Announcer {
    async fn transaction(&self, transaction: Symbol) -> Result<(), String> {
        let gone = || "the run has ended: nothing may be committed any more".to_owned();
        let (durable, answer) = oneshot::channel();
        self.to.send(Announcement { token: self.token, transaction, durable }).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
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
        let (reader, limit) = (Arc::clone(&self.reader), self.read_limit());
        async move { Answer::Read { token, result: within(limit, reader.read(&targets)).await } }
    }

    /// Asks what became of transactions.
    pub(super) fn ask(&self, token: Token, transactions: Vec<Symbol>) -> impl Future<Output = Answer> + Send + 'static {
        let (reader, limit) = (Arc::clone(&self.reader), self.read_limit());
        async move {
            let mut states: Vec<TransactionState> = Vec::with_capacity(transactions.len());
            for transaction in transactions {
                match within(limit, reader.transaction(transaction)).await {
                    Ok(state) => states.push(state),
                    Err(error) => return Answer::Asked { token, result: Err(error) },
                }
            }
            Answer::Asked { token, result: Ok(states) }
        }
    }

    fn read_limit(&self) -> Duration {
        self.deadline.saturating_mul(READ_FACTOR)
    }

    /// Carries orders out, once. No answer within the deadline means that nobody knows.
    pub(super) fn execute(
        &self,
        token: Token,
        orders: Vec<Order>,
        to: mpsc::UnboundedSender<Announcement>,
    ) -> impl Future<Output = Answer> + Send + 'static {
        let (writer, deadline) = (Arc::clone(&self.writer), self.deadline);
        let spans = orders.iter().map(begun).collect();
        async move {
            let announcer = Announcer { token, to };
            let outcomes = match tokio::time::timeout(deadline, writer.execute(&orders, &announcer)).await {
                Ok(outcomes) => outcomes,
                Err(_) => {
                    let error = format!("no answer within {} s", deadline.as_secs_f32());
                    vec![Outcome::Unknown(error); orders.len()]
                }
            };
            tell(spans, &outcomes);
            Answer::Executed { token, outcomes }
        }
    }
}

/// A change that is called.
fn begun(order: &Order) -> Span {
    let mut span = telemetry::leaf(order.action.word());
    span.say("tenure.address", || order.address.to_string());
    span
}

/// What systems say of errors stays in the record: it may say anything.
fn tell(spans: Vec<Span>, outcomes: &[Outcome]) {
    for (mut span, outcome) in spans.into_iter().zip(outcomes) {
        let (word, failed) = match outcome {
            Outcome::Done(_) => ("done", false),
            Outcome::Noted(..) => ("noted", true),
            Outcome::Partly(..) => ("partly", true),
            Outcome::Refused { .. } | Outcome::Taken(_) => ("refused", true),
            Outcome::Later => ("later", false),
            Outcome::Stale(_) => ("stale", true),
            Outcome::Unknown(_) => ("unknown", true),
        };
        span.say("tenure.outcome", || word);
        if failed {
            span.fail();
        }
    }
}

async fn within<T>(limit: Duration, asked: impl Future<Output = Result<T, ReadError>>) -> Result<T, String> {
    match tokio::time::timeout(limit, asked).await {
        Ok(answer) => answer.map_err(|error| error.whole()),
        Err(_) => Err(format!("no answer within {} s", limit.as_secs_f32())),
    }
}
