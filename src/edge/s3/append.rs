//! Lines added to a record under a lease.

use std::sync::Arc;
use std::time::Duration;

use state::record::Chain;

use super::lease::Lease;
use super::objects::Objects;
use super::pieces::{self, Piece};
use super::{read, seal};
use crate::edge::Failure;
use crate::edge::head;
use crate::edge::store::{Guard, Repair, Session, first_number};

/// A record under a lease.
pub struct S3Session {
    objects: Objects,
    lease: Lease,
    /// What was read of it while the lock was taken.
    fetched: read::Fetched,
    /// What it holds; none before it was read.
    known: Option<Known>,
    /// What failed once: nothing is appended any more.
    broken: Option<Failure>,
}

/// What is known of a record that nobody else writes to.
struct Known {
    /// The number of the line that comes next.
    next: u64,
    /// The objects that hold its lines, in order.
    pieces: Vec<Piece>,
}

impl S3Session {
    pub(super) fn new(objects: Objects, lease: Lease, fetched: read::Fetched) -> S3Session {
        S3Session { objects, lease, fetched, known: None, broken: None }
    }

    fn known(&mut self) -> Result<&mut Known, Failure> {
        let unread = || Failure::new(format!("{} was not read yet", self.objects.name()));
        self.known.as_mut().ok_or_else(unread)
    }

    /// Creates the object of these lines, unless somebody else has their number.
    fn write(&mut self, batch: &[u8]) -> Result<(), Failure> {
        let piece = Piece::Loose { first: self.known()?.next };
        self.lease.guard()()?;
        let name = piece.name();
        let (objects, bytes, object) = (self.objects.clone(), batch.to_vec(), name.clone());
        if !self.objects.background.run(async move { objects.create(&object, &bytes).await })? {
            return Err(Failure::new(format!(
                "somebody else has written {name} of {}: the lock was lost, and nothing more is called",
                self.objects.name()
            ))
            .hint("what is in doubt is looked at first by the next apply"));
        }
        let known = self.known()?;
        known.next = known.next.saturating_add(memchr::memchr_iter(b'\n', batch).count() as u64);
        known.pieces.push(piece);
        Ok(())
    }
}

impl Session for S3Session {
    fn name(&self) -> String {
        self.objects.name()
    }

    fn load(&mut self) -> Result<Vec<u8>, Failure> {
        let (objects, fetched) = (self.objects.clone(), std::mem::take(&mut self.fetched));
        let record = self.objects.background.run(async move { read::record(&objects, fetched).await })?;
        self.known = Some(Known { next: record.next, pieces: record.pieces });
        Ok(record.bytes)
    }

    /// An object is there whole or not at all: there is nothing to repair.
    fn repair(&mut self, _: Repair) {}

    fn append(&mut self, batch: &[u8]) -> Result<(), Failure> {
        if let Some(failure) = &self.broken {
            return Err(failure.clone());
        }
        let written = self.write(batch);
        self.broken = written.clone().err();
        written
    }

    fn replace(&mut self, bytes: &[u8]) -> Result<String, Failure> {
        let next = self.known()?.next;
        // The mark counts only once there are lines behind it.
        let (objects, mark) = (self.objects.clone(), pieces::begin(next));
        self.objects.background.run(async move { objects.create(&mark, b"").await })?;
        self.append(bytes)?;
        self.known()?.pieces.retain(|piece| piece.first() >= next);
        Ok(format!("the objects of {} with lines before {next}", self.objects.name()))
    }

    fn remember(&mut self, chain: &Chain) {
        if let Some(path) = head::elsewhere(&self.name()) {
            head::keep(&path, chain.line, chain.head);
        }
        if self.broken.is_none()
            && self.lease.guard()().is_ok()
            && let Some(Known { pieces, .. }) = &self.known
        {
            let (objects, pieces) = (self.objects.clone(), pieces.clone());
            // A help for whoever reads next; the lines stand either way.
            let _ = self.objects.background.run(async move { seal::small_objects(&objects, &pieces).await });
        }
    }

    fn guard(&self) -> Guard {
        Arc::clone(self.lease.guard())
    }

    fn latency(&self) -> Duration {
        self.lease.latency
    }
}

/// Creates a record that is not there yet.
pub async fn create(objects: &Objects, record: Vec<u8>) -> Result<(), Failure> {
    let exists = || {
        Failure::new(format!("there is a record already at {}", objects.name()))
            .hint("`tenure state archive` starts a new one that continues it")
    };
    if !read::pieces(&objects.list("").await?).is_empty() {
        return Err(exists());
    }
    let first = first_number(&record).unwrap_or(1);
    if first > 1 {
        objects.create(&pieces::begin(first), b"").await?;
    }
    if objects.create(&Piece::Loose { first }.name(), &record).await? { Ok(()) } else { Err(exists()) }
}
