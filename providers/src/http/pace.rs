//! The rate of requests to one system.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// Hands out moments to send at: at most `rate` a second, and none while the server asked to be left alone.
#[derive(Debug)]
pub struct Pace {
    interval: Option<Duration>,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// At most `rate` requests a second; none: as many as come.
    pub fn new(rate: Option<u32>) -> Pace {
        Pace { interval: rate.map(|rate| Duration::from_secs(1) / rate.max(1)), next: Mutex::new(None) }
    }

    /// Waits until the next request may be sent.
    pub async fn wait(&self) {
        let moment = {
            let mut next = self.next.lock().await;
            let now = Instant::now();
            let moment = next.map_or(now, |next| next.max(now));
            *next = match self.interval {
                Some(interval) => Some(moment + interval),
                // A pause that is over need not be remembered.
                None => next.filter(|next| *next > now),
            };
            moment
        };
        tokio::time::sleep_until(moment).await;
    }

    /// Sends nothing for `pause`: the server said that it had enough (429, 503).
    pub async fn pause(&self, pause: Duration) {
        let mut next = self.next.lock().await;
        let until = Instant::now() + pause;
        *next = Some(next.map_or(until, |next| next.max(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ten_requests_at_five_a_second_take_two_seconds() {
        let pace = Pace::new(Some(5));
        let start = Instant::now();
        for _ in 0..11 {
            pace.wait().await;
        }
        assert_eq!(start.elapsed().as_millis(), 2000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_whoever_comes_and_ends() {
        let pace = Pace::new(None);
        let start = Instant::now();
        pace.wait().await;
        pace.pause(Duration::from_secs(3)).await;
        pace.wait().await;
        pace.wait().await;
        assert_eq!(start.elapsed().as_secs(), 3);
    }
}
