//! Hearing of changes, so that somebody looks before the next interval is over.
//!
//! A listener tells that something may have changed, never what: whoever hears of it reads the system as always. So a
//! change that is missed, told twice or told for nothing costs time and nothing else. A listener never writes.

use std::time::Duration;

use async_trait::async_trait;

use crate::provider::{ConnectError, Settings};

/// One system, listened to.
#[async_trait]
pub trait Listener: Send {
    /// Begins to listen, and begins again after an error. The settings are those of now: a token may be another one.
    ///
    /// # Errors
    /// What may be otherwise in a while.
    async fn begin(&mut self, settings: &Settings) -> Result<Beginning, ConnectError>;

    /// Waits until something may have changed. May be dropped while it waits, and called again.
    ///
    /// # Errors
    /// Nothing is heard any more, until it has begun again.
    async fn changed(&mut self) -> Result<(), ConnectError>;
}

/// How listening began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beginning {
    Hears {
        /// By what means, for people: `syncrepl`.
        how: &'static str,
        /// Whether something may have changed since it was last listened to: at first it may.
        changed: bool,
    },
    /// This system gives no way to hear of changes, and why.
    Never(String),
}

/// A mark that is another one after each change; looking at it costs the system little.
#[async_trait]
pub trait Probe: Send {
    /// Connects, again after an error; gives the means, or why there is none.
    ///
    /// # Errors
    /// What may be otherwise in a while.
    async fn open(&mut self, settings: &Settings) -> Result<Result<&'static str, String>, ConnectError>;

    /// The mark as it is now.
    ///
    /// # Errors
    /// It cannot be looked at; it is opened again then.
    async fn mark(&mut self) -> Result<String, ConnectError>;

    /// Between two looks.
    fn every(&self) -> Duration;
}

/// Listens by looking at a mark again and again.
#[derive(Debug)]
pub struct Polling<P> {
    probe: P,
    /// The mark as it was last seen, also before a connection was lost.
    last: Option<String>,
}

impl<P: Probe> Polling<P> {
    pub fn new(probe: P) -> Polling<P> {
        Polling { probe, last: None }
    }

    /// Whether the mark is another one than before.
    async fn moved(&mut self) -> Result<bool, ConnectError> {
        let mark = Some(self.probe.mark().await?);
        let moved = mark != self.last;
        self.last = mark;
        Ok(moved)
    }
}

#[async_trait]
impl<P: Probe> Listener for Polling<P> {
    async fn begin(&mut self, settings: &Settings) -> Result<Beginning, ConnectError> {
        match self.probe.open(settings).await? {
            Ok(how) => Ok(Beginning::Hears { how, changed: self.moved().await? }),
            Err(why) => Ok(Beginning::Never(why)),
        }
    }

    async fn changed(&mut self) -> Result<(), ConnectError> {
        loop {
            tokio::time::sleep(self.probe.every()).await;
            if self.moved().await? {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marks, one after the other; `!` is an error.
    struct Marks(Vec<&'static str>);

    #[async_trait]
    impl Probe for Marks {
        async fn open(&mut self, _: &Settings) -> Result<Result<&'static str, String>, ConnectError> {
            Ok(Ok("marks"))
        }
        async fn mark(&mut self) -> Result<String, ConnectError> {
            match self.0.pop() {
                Some("!") | None => Err(ConnectError { message: "gone".to_owned(), hint: String::new() }),
                Some(mark) => Ok(mark.to_owned()),
            }
        }
        fn every(&self) -> Duration {
            Duration::from_secs(1)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_changed_while_nobody_listened_is_told_when_it_begins_again() {
        let mut heard = Polling::new(Marks(vec!["d", "c", "!", "c", "!", "b", "a", "a", "a"]));
        let settings = Settings::default();
        let begun = |changed| Beginning::Hears { how: "marks", changed };
        assert_eq!(heard.begin(&settings).await.unwrap(), begun(true));
        assert!(heard.changed().await.is_ok(), "b after two looks at a");
        assert!(heard.changed().await.is_err());
        assert_eq!(heard.begin(&settings).await.unwrap(), begun(true), "c");
        assert!(heard.changed().await.is_err());
        assert_eq!(heard.begin(&settings).await.unwrap(), begun(false), "still c");
        assert!(heard.changed().await.is_ok(), "d");
        assert!(heard.changed().await.is_err());
    }
}
