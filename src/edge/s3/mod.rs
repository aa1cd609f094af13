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
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::store::{Session, Store};
use super::{Failure, Head, Holder, head};

pub use bucket::Bucket;
use objects::Objects;

/// A record in a bucket.
pub struct S3Store {
    objects: Objects,
    /// Whether a record was seen there: it does not have to be looked for again.
    seen: AtomicBool,
    /// The objects that were seen when it was looked for, until somebody makes use of that.
    listed: Mutex<Option<(Instant, Vec<String>)>>,
}

/// A listing is as good as a new one for so long: what is written meanwhile is found by its name.
const FRESH: Duration = Duration::from_millis(250);

impl S3Store {
    /// The store at `bucket`; nothing is contacted yet.
    ///
    /// # Errors
    /// Where credentials are missing or cannot be read.
    pub fn new(bucket: Bucket) -> Result<S3Store, Failure> {
        Ok(S3Store { objects: Objects::new(bucket)?, seen: AtomicBool::new(false), listed: Mutex::new(None) })
    }

    /// The listing that was made just now.
    fn listed(&self) -> Option<Vec<String>> {
        let listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner).take();
        listed.filter(|(at, _)| at.elapsed() < FRESH).map(|(_, names)| names)
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
        let at = Instant::now();
        let names = self.objects.background.run(async move { objects.list("").await })?;
        let seen = !read::pieces(&names).is_empty();
        self.seen.store(seen, Ordering::Relaxed);
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, names));
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
        let listed = self.listed();
        self.objects.background.run(async move {
            if let Some(names) = listed
                // Whoever put objects together meanwhile is why one is missing.
                && let Ok(record) = read::listed(&objects, &names, read::Fetched::new()).await
            {
                return Ok(record.bytes);
            }
            read::record(&objects, read::Fetched::new()).await.map(|record| record.bytes)
        })
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
        let listed = self.listed();
        let (lease, fetched) = self.objects.background.run(async move {
            let names = match listed {
                Some(names) => names,
                None => objects.list("").await?,
            };
            // Reading what is known to be there takes no longer than writing the lock. What fails is read again.
            let (lease, fetched) = futures_util::future::join(
                lease::take(&objects, &holder, wait, names.clone()),
                read::ahead(&objects, &names),
            )
            .await;
            Ok((lease?, fetched.unwrap_or_default()))
        })?;
        Ok(Box::new(append::S3Session::new(self.objects.clone(), lease, fetched)))
    }
}
