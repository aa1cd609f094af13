//! `tenure state archive`: a new file that begins with a checkpoint and continues the chain of the old one.

use std::time::Duration;

use state::Symbol;
use state::record::{Chain, Event, FORMAT, checkpoint};

use super::{Clock, Failure, Holder, Record, Store};

/// What was archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    /// Where the former file is now.
    pub former: String,
    /// How many lines the new one has.
    pub lines: u64,
    /// Its end.
    pub chain: Chain,
}

/// Starts a new file in the place of the old one, which is kept beside it.
///
/// # Errors
/// Where the old one is missing, damaged, locked or written by a later version, or the new one cannot be written; the
/// old one stands.
pub fn archive(store: &dyn Store, holder: &Holder, wait: Duration, clock: &dyn Clock) -> Result<Archived, Failure> {
    let mut session = store.lock(holder, wait)?;
    let record = Record::lock(store, &mut *session, &[])?;
    if let Some(kind) = &record.recorded.later {
        return Err(Failure::new(format!(
            "{} holds events of a kind (`{kind}`) that a later version of tenure wrote: a checkpoint of this version \
             would leave them out",
            store.name()
        ))
        .hint("archive it with the version that wrote it, or a later one"));
    }
    let (mut chain, mut bytes) = (record.chain, Vec::new());
    let lineage = record.recorded.lineage.unwrap_or(Symbol::new(""));
    let opened = Event::Opened { format: FORMAT, lineage, former: Some(chain.head) };
    let now = clock.now();
    for event in std::iter::once(opened).chain(checkpoint(&record.recorded)) {
        chain.append(now, &event, &mut bytes).map_err(|error| Failure::new(error.to_string()))?;
    }
    // What is put in the old one's place must be as good as the old one.
    let again = Record::new("the new state file", &bytes, &[], None)?;
    if again.recorded.objects != record.recorded.objects || again.chain != chain {
        return Err(Failure::new("the checkpoint does not give what it was made from: this is an error in tenure")
            .hint("the state file stands as it was; please report this"));
    }
    let former = session.replace(&bytes)?;
    session.remember(&chain);
    Ok(Archived { former, lines: chain.line - record.chain.line, chain })
}
