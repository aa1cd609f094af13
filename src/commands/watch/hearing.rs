//! Listens to the systems, each in a task of its own: what they say is a hint that a round is due.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use engine::watch::Source;
use providers::{Beginning, Listener, Settings};
use state::Symbol;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::hints::Hints;
use crate::Error;
use crate::session::connect::Connection;

/// Before a system that is not heard is tried again; each failure doubles it.
const RETRY: Duration = Duration::from_secs(1);
/// The longest that it grows to. So long a system must have been heard for the next failure to be the first again.
const LONGEST: Duration = Duration::from_secs(60);

/// The systems that are listened to.
pub struct Hearing {
    systems: UnboundedSender<Vec<Connection>>,
}

impl Hearing {
    /// Listens to nothing yet.
    ///
    /// # Errors
    /// Where the machine gives no thread for it.
    pub fn start(hints: Hints) -> Result<Hearing, Error> {
        let cannot = |error: std::io::Error| Error::new(format!("cannot listen to systems: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
        let (systems, follow) = unbounded_channel();
        let thread = std::thread::Builder::new().name("hearing".to_owned());
        thread.spawn(move || runtime.block_on(listen_to_all(follow, hints))).map_err(cannot)?;
        Ok(Hearing { systems })
    }

    /// Listens to these from now on, and to no others. One whose connection is as before goes on; what is secret may have
    /// changed, and counts when it connects again.
    pub fn follow(&self, systems: Vec<Connection>) {
        // The thread ends with the process alone.
        let _ = self.systems.send(systems);
    }
}

/// One system that is listened to.
struct Followed {
    settings: Arc<Mutex<Settings>>,
    task: JoinHandle<()>,
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen_to_all(mut follow: UnboundedReceiver<Vec<Connection>>, hints: Hints) {
    let mut followed: BTreeMap<Symbol, Followed> = BTreeMap::new();
    while let Some(systems) = follow.recv().await {
        followed.retain(|name, _| systems.iter().any(|system| system.name == *name));
        for Connection { name, provider, settings, .. } in systems {
            if let Some(known) = followed.get(&name) {
                let mut own = known.settings.lock().unwrap_or_else(PoisonError::into_inner);
                if own.values == settings.values && own.folder == settings.folder {
                    *own = settings;
                    continue;
                }
            }
            // A provider that is another one has other settings.
            let Some(listener) = provider.listener() else {
                hints.hearing(name, Err("systems of this kind tell of no changes".to_owned()));
                continue;
            };
            let settings = Arc::new(Mutex::new(settings));
            let listening = tokio::spawn(listen(name, listener, Arc::clone(&settings), hints.clone()));
            let task = tokio::spawn(ended(name, listening, hints.clone()));
            followed.insert(name, Followed { settings, task });
        }
    }
}

/// Nobody falls silent unnoticed: a defect in a listener is told.
async fn ended(name: Symbol, listening: JoinHandle<()>, hints: Hints) {
    /// Ends the task within when this one is ended.
    struct End(tokio::task::AbortHandle);
    impl Drop for End {
        fn drop(&mut self) {
            self.0.abort();
        }
    }
    let _end = End(listening.abort_handle());
    if let Err(error) = listening.await
        && error.is_panic()
    {
        hints.hearing(name, Err("the listener broke down (report this as a defect of tenure)".to_owned()));
    }
}

/// Listens to one system as long as it can be listened to at all.
async fn listen(name: Symbol, mut listener: Box<dyn Listener>, settings: Arc<Mutex<Settings>>, hints: Hints) {
    let mut failures: u32 = 0;
    loop {
        let now = settings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match listener.begin(&now).await {
            Ok(Beginning::Hears { how, changed }) => {
                hints.hearing(name, Ok(how));
                if changed {
                    hints.changed(Source::System(name));
                }
                let began = Instant::now();
                while listener.changed().await.is_ok() {
                    hints.changed(Source::System(name));
                }
                // A connection that was cut is made again at once; what is wrong with it is told where that fails.
                failures = if began.elapsed() > LONGEST { 0 } else { failures.saturating_add(1) };
                if failures <= 1 {
                    continue;
                }
            }
            Ok(Beginning::Never(why)) => return hints.hearing(name, Err(why)),
            Err(error) => {
                failures = failures.saturating_add(1);
                hints.hearing(name, Err(error.whole()));
            }
        }
        tokio::time::sleep(RETRY.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use async_trait::async_trait;
    use providers::ConnectError;

    use super::*;

    /// Begins and hears as it is told: `h` begins, `c` a change, `!` an error, `n` never, `p` a defect.
    struct Scripted(std::vec::IntoIter<char>);

    #[async_trait]
    impl Listener for Scripted {
        async fn begin(&mut self, _: &Settings) -> Result<Beginning, ConnectError> {
            match self.0.next() {
                Some('h') => Ok(Beginning::Hears { how: "test", changed: false }),
                Some('n') => Ok(Beginning::Never("no way".to_owned())),
                Some('p') => panic!("a defect"),
                Some(_) => Err(ConnectError { message: "refused".to_owned(), hint: String::new() }),
                None => std::future::pending().await,
            }
        }
        async fn changed(&mut self) -> Result<(), ConnectError> {
            match self.0.next() {
                Some('c') => Ok(()),
                Some(_) => Err(ConnectError { message: "cut".to_owned(), hint: String::new() }),
                None => std::future::pending().await,
            }
        }
    }

    /// What is told after `seconds`, by a clock that runs as soon as nobody has anything to do.
    async fn heard(script: &str, seconds: u64) -> (usize, Option<Result<&'static str, String>>) {
        let hints = Hints::default();
        let listener = Box::new(Scripted(script.chars().collect::<Vec<_>>().into_iter()));
        let name = Symbol::new("hr");
        let listening = tokio::spawn(listen(name, listener, Arc::default(), hints.clone()));
        let task = tokio::spawn(ended(name, listening, hints.clone()));
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        task.abort();
        let heard = hints.take(Duration::ZERO);
        assert!(heard.changed.is_subset(&BTreeSet::from([Source::System(name)])));
        (heard.changed.len(), heard.hearing.into_iter().next().map(|(_, how)| how))
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_lost_is_made_again_and_what_stays_lost_is_told() {
        let err = |why: &str| Some(Err(why.to_owned()));
        // Cut, and made again at once.
        assert_eq!(heard("h!hc", 0).await, (0, None));
        assert_eq!(heard("h!hc", 1).await, (1, Some(Ok("test"))));
        // Away for 1 + 2 + 4 seconds.
        assert_eq!(heard("!!!hc", 6).await, (0, err("refused")));
        assert_eq!(heard("!!!hc", 8).await, (1, Some(Ok("test"))));
        // Cut as often as it is made: not again and again without a pause.
        assert_eq!(heard(&"h!".repeat(1_000), 60).await, (0, Some(Ok("test"))));
        assert_eq!(heard("n", 1).await, (0, err("no way")));
        assert_eq!(heard("p", 1).await, (0, err("the listener broke down (report this as a defect of tenure)")));
    }
}
