//! A record in a bucket, for hosts that share it: the same lines, a flushed batch an object.
//!
//! [`bucket`] is the address and the way there; [`pieces`] says which objects are a record, [`read`] fetches them. A
//! writer holds a [`lease`], and each batch is created under the number of its first line, only if nobody did before
//! ([`append`]): whoever lost the lease cannot append any more, since somebody else has the next number. [`seal`] puts
//! small objects together; [`probe`] finds out, once, whether the service keeps these conditions at all.

mod append;
mod bucket;
mod lease;
mod objects;
mod pieces;
mod probe;
mod profile;
mod read;
mod seal;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::store::{Session, Store};
use super::{Failure, Head, Holder, head};

pub use bucket::Bucket;
use objects::Objects;

/// A record in a bucket.
pub struct S3Store {
    objects: Objects,
    /// Whether a record was seen there: it does not have to be looked for again.
    seen: AtomicBool,
}

impl S3Store {
    /// The store at `bucket`; nothing is contacted yet.
    ///
    /// # Errors
    /// Where credentials are missing or cannot be read.
    pub fn new(bucket: Bucket) -> Result<S3Store, Failure> {
        Ok(S3Store { objects: Objects::new(bucket)?, seen: AtomicBool::new(false) })
    }
}

impl Store for S3Store {
    fn name(&self) -> String {
        self.objects.name()
    }

    fn exists(&self) -> Result<bool, Failure> {
        if self.seen.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let objects = self.objects.clone();
        let seen = self.objects.background.run(async move { read::exists(&objects).await })?;
        self.seen.store(seen, Ordering::Relaxed);
        Ok(seen)
    }

    fn create(&self, record: &[u8]) -> Result<(), Failure> {
        let (objects, record) = (self.objects.clone(), record.to_vec());
        self.objects.background.run(async move {
            probe::conditions(&objects).await?;
            append::create(&objects, record).await
        })
    }

    fn load(&self) -> Result<Vec<u8>, Failure> {
        let objects = self.objects.clone();
        self.objects.background.run(async move { read::record(&objects).await.map(|record| record.bytes) })
    }

    fn remembered(&self) -> Option<Head> {
        head::read(&head::elsewhere(&self.name())?)
    }

    fn lock(&self, holder: &Holder, wait: Duration) -> Result<Box<dyn Session>, Failure> {
        // Without a record there is nothing to lock.
        if !self.exists()? {
            return Err(read::missing(&self.objects));
        }
        let (objects, holder) = (self.objects.clone(), holder.clone());
        let lease = self.objects.background.run(async move { lease::take(&objects, &holder, wait).await })?;
        Ok(Box::new(append::S3Session::new(self.objects.clone(), lease)))
    }
}
