//! What the loop of a watch is told by others while it waits or works. However much happens, no more is kept of it than
//! where something happened: hints do not pile up.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::watch::Source;
use state::Symbol;

use crate::serve::News;

/// The way to the loop; a clone is another way to the same one. Any thread may tell, also from within asynchronous code:
/// nothing waits.
#[derive(Clone, Default)]
pub struct Hints {
    shared: Arc<(Mutex<Heard>, Condvar)>,
}

/// What was told since it was last taken.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Where something changed.
    pub changed: BTreeSet<Source>,
    /// Systems that are heard from now on, and by what means; or why they are not.
    pub hearing: BTreeMap<Symbol, Result<&'static str, String>>,
    /// What the server has to tell, in its order.
    pub news: Vec<News>,
    /// How much more that was.
    pub more: u64,
    /// Somebody wants it to end.
    pub stop: bool,
}

impl Hints {
    /// Something changed there: a round is due.
    pub fn changed(&self, source: Source) {
        self.tell(|heard| heard.changed.extend([source]));
    }

    /// How changes of a system are heard of from now on; or why they are not until further notice.
    pub fn hearing(&self, system: Symbol, how: Result<&'static str, String>) {
        self.tell(|heard| heard.hearing.extend([(system, how)]));
    }

    /// The server has something to tell. Of what nobody takes for long only the number is kept in the end.
    pub fn news(&self, news: News) {
        const MOST: usize = 10_000;
        self.tell(|heard| match heard.news.len() < MOST {
            true => heard.news.push(news),
            false => heard.more += 1,
        });
    }

    /// It is to end.
    pub fn stop(&self) {
        self.tell(|heard| heard.stop = true);
    }

    /// What was told, as soon as there is something, at the latest after `wait`.
    pub fn take(&self, wait: Duration) -> Heard {
        let (heard, told) = &*self.shared;
        let nothing = |heard: &mut Heard| *heard == Heard::default();
        let (mut heard, _) =
            told.wait_timeout_while(lock(heard), wait, nothing).unwrap_or_else(PoisonError::into_inner);
        take(&mut *heard)
    }

    fn tell(&self, what: impl FnOnce(&mut Heard)) {
        let (heard, told) = &*self.shared;
        what(&mut lock(heard));
        told.notify_all();
    }
}

/// What is kept is whole after each step, so a thread that panicked left nothing half done.
fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_taken_once_and_does_not_pile_up() {
        let hints = Hints::default();
        let told = hints.clone();
        for _ in 0..10_000 {
            told.changed(Source::Files);
            told.changed(Source::System("hr".into()));
        }
        told.hearing("hr".into(), Err("the connection was closed".to_owned()));
        told.hearing("hr".into(), Ok("syncrepl"));
        let heard = hints.take(Duration::from_secs(60));
        assert_eq!(heard.hearing, BTreeMap::from([("hr".into(), Ok("syncrepl"))]));
        assert_eq!(heard.changed, BTreeSet::from([Source::Files, Source::System("hr".into())]));
        assert!(!heard.stop);
        assert_eq!(hints.take(Duration::ZERO), Heard::default());
    }

    #[test]
    fn who_waits_is_woken() {
        let hints = Hints::default();
        let told = hints.clone();
        let thread = std::thread::spawn(move || told.stop());
        assert!(hints.take(Duration::from_secs(60)).stop);
        thread.join().unwrap();
    }
}
