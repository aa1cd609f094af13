//! What an earlier run left in doubt, as whoever holds the lock sees it: when looking will tell, and the wait until then.

use std::collections::BTreeMap;
use std::time::Duration;

use state::record::{OpenIntent, Recorded};
use state::{Symbol, Timestamp};

use super::Session;
use super::connect::Connection;
use crate::edge::{Clock, SystemClock};
use crate::render;

/// Doubts that can be settled within this time, in milliseconds, are waited for; others hold their addresses. A system
/// with the usual deadlines is always waited for.
const PATIENCE: i64 = 150_000;

/// The lock was taken at `locked`: the process that left something in doubt is dead by then, and has called nothing since.
/// So what it called has had its effect, or never will, once its system's [`state::Capabilities::outlives`] has passed.
/// That may be long before the deadline of the call, which is what the record knows. Only systems that the configuration
/// still has are known; what was a transaction is settled by asking for it.
pub fn hasten(recorded: &mut Recorded, connections: &[Connection], locked: Timestamp) {
    let bounds: BTreeMap<Symbol, Timestamp> = connections
        .iter()
        .map(|connection| {
            let (_, capabilities) = connection.provider.offline(&connection.settings);
            let bound = capabilities.outlives.saturating_add(capabilities.visibility);
            (connection.name, locked.plus_millis(i64::try_from(bound).unwrap_or(i64::MAX)))
        })
        .collect();
    for open in recorded.open.iter_mut() {
        if let Some(bound) = open.change.address.system().and_then(|system| bounds.get(&system)) {
            open.settle_after = open.settle_after.min(*bound);
        }
    }
}

/// Milliseconds until what is in doubt can be settled by looking, where that is worth waiting for.
pub fn patience(recorded: &Recorded, now: Timestamp) -> Option<i64> {
    let until = waiting(recorded, now).map(|open| open.settle_after).max()?;
    Some(until.millis() - now.millis())
}

/// What is waited for: what was a transaction is settled by asking for it, at once.
fn waiting(recorded: &Recorded, now: Timestamp) -> impl Iterator<Item = &OpenIntent> {
    let waiting = recorded.open.iter().filter(move |open| open.transaction.is_none() && open.settle_after >= now);
    waiting.filter(move |open| open.settle_after <= now.plus_millis(PATIENCE))
}

/// Waits for calls of an earlier run that may still have an effect, and says for what and how long.
pub async fn wait(session: &mut Session, recorded: &Recorded) {
    let now = SystemClock.now();
    let waiting: Vec<&OpenIntent> = waiting(recorded, now).collect();
    let Some(until) = waiting.iter().map(|open| open.settle_after).max() else { return };
    let mut systems: BTreeMap<Symbol, usize> = BTreeMap::new();
    for system in waiting.iter().filter_map(|open| open.change.address.system()) {
        *systems.entry(system).or_default() += 1;
    }
    let calls =
        systems.iter().map(|(system, count)| format!("{count} on system.{system}")).collect::<Vec<_>>().join(", ");
    let rest = until.millis() - now.millis();
    let seconds = rest / 1000 + 1;
    render::note(&format!(
        "waiting {seconds} s: an earlier run ended in the middle of changes ({calls}), and until then a server may still be \
         at them; then looking tells which happened"
    ));
    tokio::time::sleep(Duration::from_millis(rest as u64 + 1)).await;
    session.folder.now = SystemClock.now();
}
