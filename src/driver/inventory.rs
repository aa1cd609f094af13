//! Reading whole systems side by side: one that fails does not stop the others.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use providers::{Ask, ReadError, Reader};
use state::{Attributes, Capabilities, Observed, Schema, Symbol, Timestamp};
use tokio::task::JoinSet;

use super::Progress;
use crate::telemetry;

/// Readers by system.
pub type Readers = BTreeMap<Symbol, Arc<dyn Reader>>;

/// The live schema and capabilities of each system.
pub async fn describe_all(readers: &Readers) -> BTreeMap<Symbol, Result<(Schema, Capabilities), ReadError>> {
    all(readers, |_, reader| async move { reader.describe().await }).await
}

/// The inventory of each system, or why there is none. `now` goes into the proofs; `grants` are those that files and
/// record speak of, `accounts` the ids of those that the record knows; `progress` counts objects of all systems together.
pub async fn read_all(
    readers: &Readers,
    now: Timestamp,
    grants: &BTreeMap<Symbol, Arc<[Attributes]>>,
    accounts: &BTreeMap<Symbol, Arc<[Symbol]>>,
    progress: &Arc<Progress>,
) -> BTreeMap<Symbol, Result<Observed, ReadError>> {
    let total = Arc::new(AtomicU64::new(0));
    all(readers, |system, reader| {
        let grants = grants.get(&system).cloned().unwrap_or_default();
        let accounts = accounts.get(&system).cloned().unwrap_or_default();
        let (total, progress) = (Arc::clone(&total), Arc::clone(progress));
        async move {
            let own = AtomicU64::new(0);
            let read = |count: u64| {
                let before = own.swap(count, Ordering::Relaxed);
                let more = count.wrapping_sub(before);
                progress.set(total.fetch_add(more, Ordering::Relaxed).wrapping_add(more));
            };
            let mut span = telemetry::leaf("read");
            span.say("tenure.system", || system.as_str());
            let read = reader.inventory(&Ask { now, grants: &grants, accounts: &accounts, progress: &read }).await;
            match &read {
                Ok(observed) => {
                    span.say("tenure.accounts", || observed.accounts.len());
                    span.say("tenure.groups", || observed.groups.len());
                }
                Err(_) => span.fail(),
            }
            read
        }
    })
    .await
}

/// Asks all readers at once. A reader that panics is a reader that failed.
async fn all<T, F>(
    readers: &Readers,
    ask: impl Fn(Symbol, Arc<dyn Reader>) -> F,
) -> BTreeMap<Symbol, Result<T, ReadError>>
where
    T: Send + 'static,
    F: Future<Output = Result<T, ReadError>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for (system, reader) in readers {
        let (system, asked) = (*system, ask(*system, Arc::clone(reader)));
        tasks.spawn(async move { (system, asked.await) });
    }
    let mut answers = BTreeMap::new();
    while let Some(joined) = tasks.join_next().await {
        if let Ok((system, answer)) = joined {
            answers.insert(system, answer);
        }
    }
    for system in readers.keys() {
        answers.entry(*system).or_insert_with(|| {
            Err(ReadError {
                message: format!("reading system {system} ended by an error in its provider"),
                hint: "this is a bug: please report it".to_owned(),
            })
        });
    }
    answers
}
