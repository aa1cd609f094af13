//! Group commit: many tasks hand in events, one thread writes them as batches, each flushed once, and answers each
//! task when its events are durable.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use state::record::{Chain, Event};
use tokio::sync::oneshot;

use super::store::Guard;
use super::{Clock, Failure, Session};

/// A batch is written when it has grown to this many bytes, or when nobody hands in more.
const BATCH: usize = 1 << 20;

/// Writes events to a locked store. Cheap to share between tasks by reference.
pub struct Journal {
    entries: Sender<Entry>,
    writer: JoinHandle<Written>,
    guard: Guard,
    /// How long a write takes, as far as that is known.
    pub latency: Duration,
}

struct Entry {
    events: Vec<Event>,
    /// Answered when the events are durable, with the number of the last line; none where nobody waits.
    durable: Option<oneshot::Sender<Result<u64, Failure>>>,
}

struct Written {
    session: Box<dyn Session>,
    chain: Chain,
    failed: Option<Failure>,
}

impl Journal {
    /// Starts the writing thread. `chain` is the end of what `session` holds.
    ///
    /// # Errors
    /// Where the operating system gives no thread.
    pub fn start(session: Box<dyn Session>, chain: Chain, clock: Arc<dyn Clock>) -> Result<Journal, Failure> {
        let (entries, handed_in) = channel();
        let (guard, latency) = (session.guard(), session.latency());
        let writer = Writer { written: Written { session, chain, failed: None }, clock, handed_in, batch: Vec::new() };
        let writer = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| Failure::new(format!("cannot start a thread for the state file: {error}")))?;
        Ok(Journal { entries, writer, guard, latency })
    }

    /// Whether the lock still stands: asked before each call.
    ///
    /// # Errors
    /// Where it was lost: nothing may be called any more.
    pub fn held(&self) -> Result<(), Failure> {
        (self.guard)()
    }

    /// Hands events in, in this order and next to each other; the answer comes when they are durable, with the number
    /// of the last line. An intent's call must wait for it.
    ///
    /// # Errors
    /// Where they could not be written: nothing may be called any more.
    pub async fn record(&self, events: Vec<Event>) -> Result<u64, Failure> {
        let (durable, answer) = oneshot::channel();
        self.entries.send(Entry { events, durable: Some(durable) }).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// The same for whoever is not a task.
    ///
    /// # Errors
    /// As [`Journal::record`].
    pub fn record_blocking(&self, events: Vec<Event>) -> Result<u64, Failure> {
        let (durable, answer) = oneshot::channel();
        self.entries.send(Entry { events, durable: Some(durable) }).map_err(|_| gone())?;
        answer.blocking_recv().map_err(|_| gone())?
    }

    /// Hands events in and does not wait: they become durable with the next batch, in the order in which they were
    /// handed in. For outcomes: no call rests on them. What fails is said by the next [`Journal::record`] and by
    /// [`Journal::close`].
    ///
    /// # Errors
    /// Where the writing thread is gone.
    pub fn hand_in(&self, events: Vec<Event>) -> Result<(), Failure> {
        self.entries.send(Entry { events, durable: None }).map_err(|_| gone())
    }

    /// Waits until everything that was handed in is durable, notes the head beside the record, and gives the lock
    /// back. The answer is the end of the record.
    ///
    /// # Errors
    /// The first failure of the journal's whole life.
    pub fn close(self) -> Result<Chain, Failure> {
        drop(self.entries);
        let Written { mut session, chain, failed } =
            self.writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        match failed {
            Some(failure) => Err(failure),
            None => {
                session.remember(&chain);
                Ok(chain)
            }
        }
    }
}

fn gone() -> Failure {
    Failure::new("the thread that writes the state file has ended: nothing more is called")
}

struct Writer {
    written: Written,
    clock: Arc<dyn Clock>,
    handed_in: Receiver<Entry>,
    batch: Vec<u8>,
}

type Waiting = Vec<(oneshot::Sender<Result<u64, Failure>>, Result<u64, Failure>)>;

impl Writer {
    fn run(mut self) -> Written {
        let mut waiting: Waiting = Vec::new();
        while let Ok(entry) = self.handed_in.recv() {
            self.batch.clear();
            self.take(entry, &mut waiting);
            while self.batch.len() < BATCH
                && let Some(entry) = self.more()
            {
                self.take(entry, &mut waiting);
            }
            self.flush();
            for (durable, answer) in waiting.drain(..) {
                let answer = self.written.failed.clone().map_or(answer, Err);
                // Who no longer waits was interrupted; the line stands all the same.
                let _ = durable.send(answer);
            }
        }
        self.written
    }

    /// What else was handed in. Tasks that were answered together come back one after the other, so give them a
    /// moment: a flush takes longer.
    fn more(&self) -> Option<Entry> {
        for _ in 0..3 {
            if let Ok(entry) = self.handed_in.try_recv() {
                return Some(entry);
            }
            std::thread::yield_now();
        }
        None
    }

    /// Adds an entry to the batch; one that cannot be written as lines is left out whole.
    fn take(&mut self, entry: Entry, waiting: &mut Waiting) {
        let (before, length) = (self.written.chain, self.batch.len());
        let now = self.clock.now();
        let added = entry.events.iter().try_for_each(|event| self.written.chain.append(now, event, &mut self.batch));
        let answer = match added {
            Ok(()) => Ok(self.written.chain.line),
            Err(error) => {
                self.written.chain = before;
                self.batch.truncate(length);
                let failure = Failure::new(error.to_string());
                if entry.durable.is_none() {
                    self.written.failed.get_or_insert_with(|| failure.clone());
                }
                Err(failure)
            }
        };
        if let Some(durable) = entry.durable {
            waiting.push((durable, answer));
        }
    }

    fn flush(&mut self) {
        if self.written.failed.is_none()
            && !self.batch.is_empty()
            && let Err(failure) = self.written.session.append(&self.batch)
        {
            self.written.failed = Some(failure);
        }
    }
}
