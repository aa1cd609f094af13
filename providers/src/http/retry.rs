//! When a read is tried again, and after how long.

use std::time::Duration;

/// Backoff for reads: each wait twice the one before, with jitter, so that many clients do not come back at once.
#[derive(Debug, Clone, Copy)]
pub struct Retry {
    /// How often a read is sent at most.
    pub attempts: u32,
    /// The first wait.
    pub first: Duration,
    /// The longest wait that a server's `Retry-After` is granted; where it asks for more, the read fails and says so.
    pub longest: Duration,
}

impl Default for Retry {
    fn default() -> Retry {
        Retry { attempts: 5, first: Duration::from_millis(200), longest: Duration::from_secs(60) }
    }
}

impl Retry {
    /// Statuses that tell of a passing trouble: too many requests, and gateways whose server is away.
    pub fn transient(status: u16) -> bool {
        matches!(status, 429 | 502 | 503 | 504)
    }

    /// The wait after the failed attempt number `attempt` (from 1): half of it sure, half of it by chance.
    pub fn wait(&self, attempt: u32) -> Duration {
        let full = self.first * 2u32.saturating_pow(attempt.saturating_sub(1)).min(64);
        full / 2 + full.mul_f64(fastrand::f64() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_within_their_jitter() {
        let retry = Retry::default();
        for (attempt, full) in [(1, 200), (2, 400), (3, 800), (4, 1600), (40, 12_800)] {
            let wait = retry.wait(attempt).as_millis();
            assert!((full / 2..=full).contains(&wait), "attempt {attempt}: {wait} ms");
        }
    }
}
