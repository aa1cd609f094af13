//! The lock on a record in a bucket: an object with a lease that its holder renews.
//!
//! Each taking is an object of its own, `lock/NUMBER`, created only if nobody has created one under that number; the
//! highest counts. It may be taken from a holder who gave no sign of life for the length of the lease, told by the
//! service's own clock alone. It is a courtesy that keeps runs from planning side by side; what keeps two of them from
//! ever writing is the condition under which each batch is created.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::objects::{Found, Objects};
use crate::edge::lock::held_by;
use crate::edge::store::Guard;
use crate::edge::{Failure, Holder};

/// Written to learn what time it is at the service.
const CLOCK: &str = "clock";
/// Times of objects are told in whole seconds.
const GRAIN: i64 = 1_000;

/// What an object says.
#[derive(Debug, Serialize, Deserialize)]
struct Paper {
    /// Nobody: it was given back.
    holder: Option<Holder>,
    /// Tells one taking from another.
    token: String,
    lease_millis: u64,
}

/// A lease that is held and renewed; given back when dropped.
pub struct Lease {
    objects: Objects,
    number: u64,
    token: String,
    standing: Arc<Mutex<Standing>>,
    guard: Guard,
    /// How long it took to write it.
    pub latency: Duration,
}

/// How a lease stands.
struct Standing {
    /// Until when it is certainly ours, by this host's clock that never jumps.
    until: Instant,
    lost: bool,
    /// Whoever held it gives it back: it is renewed no more.
    ended: bool,
}

impl Standing {
    fn holds(&self) -> bool {
        !self.lost && Instant::now() < self.until
    }
}

fn locked(standing: &Mutex<Standing>) -> std::sync::MutexGuard<'_, Standing> {
    standing.lock().unwrap_or_else(PoisonError::into_inner)
}

fn name(number: u64) -> String {
    format!("lock/{number:020}")
}

/// Takes the lock, and waits up to `wait` where somebody holds it. `names` is a listing of just now.
///
/// # Errors
/// Where somebody still holds it (the message says who), or the service fails.
pub async fn take(objects: &Objects, holder: &Holder, wait: Duration, names: Vec<String>) -> Result<Lease, Failure> {
    let token = token()?;
    let paper = paper(objects, Some(holder), &token)?;
    let begun = Instant::now();
    let mut names = Some(names);
    loop {
        let asked = Instant::now();
        let names = match names.take() {
            Some(names) => names.into_iter().filter(|name| name.starts_with("lock/")).collect(),
            None => objects.list("lock/").await?,
        };
        let last = names.iter().filter_map(|name| name.strip_prefix("lock/")?.parse::<u64>().ok()).max();
        let found = match last {
            Some(last) => objects.get(&name(last)).await?,
            None => None,
        };
        let last = last.unwrap_or(0);
        let standing = match found {
            Some(found) => standing_holder(objects, &found).await?,
            None => None,
        };
        match standing {
            Some(other) if begun.elapsed() >= wait => {
                return Err(held_by(
                    &objects.name(),
                    &other,
                    wait,
                    "where it was killed, its lease runs out by itself",
                ));
            }
            Some(_) => {
                tokio::time::sleep(Duration::from_secs(1).min(wait.saturating_sub(begun.elapsed()))).await;
            }
            None => {
                let writing = Instant::now();
                if objects.create(&name(last + 1), &paper).await? {
                    let lease = Lease::new(objects.clone(), (last + 1, token, paper), asked, writing.elapsed());
                    let own = objects.clone();
                    // Nobody looks at those any more; whoever takes the lock next removes what is left.
                    objects.background.begin(async move { own.remove(names).await });
                    return Ok(lease);
                }
                // Somebody else was faster: look again.
            }
        }
    }
}

/// Who holds the lock; none where it was given back, or its lease ran out by the service's clock.
async fn standing_holder(objects: &Objects, found: &Found) -> Result<Option<String>, Failure> {
    // What is not understood is held by somebody whom a later version knows; it runs out all the same.
    let paper: Option<Paper> = serde_json::from_slice(&found.bytes).ok();
    let (holder, lease) = match paper {
        Some(Paper { holder: None, .. }) => return Ok(None),
        Some(Paper { holder: Some(holder), lease_millis, .. }) => (holder.to_string(), lease_millis),
        None => ("another process".to_owned(), objects.bucket.lease.as_millis() as u64),
    };
    objects.overwrite(CLOCK, b"what time is it?").await?;
    let now = objects.written(CLOCK).await?;
    let age = now.saturating_sub(found.written);
    let over = age > i64::try_from(lease).unwrap_or(i64::MAX).saturating_add(GRAIN);
    Ok((!over).then_some(holder))
}

fn paper(objects: &Objects, holder: Option<&Holder>, token: &str) -> Result<Vec<u8>, Failure> {
    let lease_millis = objects.bucket.lease.as_millis() as u64;
    let paper = Paper { holder: holder.cloned(), token: token.to_owned(), lease_millis };
    serde_json::to_vec(&paper).map_err(|error| Failure::new(format!("the lock cannot be written: {error}")))
}

fn token() -> Result<String, Failure> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)
        .map_err(|error| Failure::new(format!("the operating system gives no random numbers: {error}")))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Lease {
    fn new(
        objects: Objects,
        (number, token, paper): (u64, String, Vec<u8>),
        asked: Instant,
        latency: Duration,
    ) -> Lease {
        let length = objects.bucket.lease;
        let until = asked + length - length / 10;
        let standing = Arc::new(Mutex::new(Standing { until, lost: false, ended: false }));
        objects.background.begin(renew(objects.clone(), number, Arc::clone(&standing), paper));
        let (own, record) = (Arc::clone(&standing), objects.name());
        let guard: Guard = Arc::new(move || match locked(&own).holds() {
            true => Ok(()),
            false => {
                Err(Failure::new(format!("the lock on {record} was lost: its lease could not be renewed in time"))
                    .hint("nothing more is called; what is in doubt is looked at first by the next apply"))
            }
        });
        Lease { objects, number, token, standing, guard, latency }
    }

    /// Tells whether the lease still stands.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }
}

/// Renews a lease, three times in its length, until it is given back or lost.
async fn renew(objects: Objects, number: u64, standing: Arc<Mutex<Standing>>, paper: Vec<u8>) {
    let length = objects.bucket.lease;
    loop {
        tokio::time::sleep(length / 3).await;
        {
            let mut standing = locked(&standing);
            if standing.ended || !standing.holds() {
                // What ran out is not taken up again: somebody else may have it.
                standing.lost |= !standing.ended;
                return;
            }
        }
        let asked = Instant::now();
        // Where this fails the lease stands until it runs out, and the next attempt may go through.
        let renewed = objects.overwrite(&name(number), &paper).await.is_ok();
        match objects.get(&name(number + 1)).await {
            Ok(Some(_)) => {
                locked(&standing).lost = true;
                return;
            }
            Ok(None) if renewed => locked(&standing).until = asked + length - length / 10,
            _ => {}
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        {
            let mut standing = locked(&self.standing);
            standing.ended = true;
            if !standing.holds() {
                return;
            }
        }
        let Ok(paper) = paper(&self.objects, None, &self.token) else { return };
        let (objects, own) = (self.objects.clone(), name(self.number));
        // Where it cannot be given back, it runs out.
        let _ = self.objects.background.run(async move { objects.overwrite(&own, &paper).await });
    }
}
