//! How far it is: a bar on terminals, a line every few seconds elsewhere, on standard error.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use state::Address;
use state::record::Recorded;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A bar that moves.
    Bar,
    /// A plain line every few seconds.
    Lines,
    /// Nothing.
    Silent,
}

impl Look {
    /// A bar where standard error is a terminal, else lines.
    pub fn detect() -> Look {
        if std::io::stderr().is_terminal() { Look::Bar } else { Look::Lines }
    }
}

/// Between two plain lines.
const EVERY: Duration = Duration::from_secs(3);

/// Something that counts up. Cheap to tell: a look at the clock at most.
pub struct Progress {
    what: &'static str,
    look: Look,
    bar: ProgressBar,
    began: Instant,
    /// Milliseconds since `began` at which the next plain line is due.
    due: AtomicU64,
}

impl Progress {
    /// What reading systems shows: what the record knows of them says how far it is.
    pub fn reading(recorded: &Recorded, look: Look) -> Progress {
        let known = recorded.objects.keys();
        let known = known.filter(|address| matches!(address, Address::Account { .. } | Address::Group { .. })).count();
        Progress::new("objects read", Some(known as u64).filter(|known| *known > 0), look)
    }

    /// `what` is counted: `changes`, `objects read`. Without a `total` there is no end in sight; where more come than
    /// that, there is none either.
    pub fn new(what: &'static str, total: Option<u64>, look: Look) -> Progress {
        let bar = match look {
            Look::Bar => ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(10)),
            Look::Lines | Look::Silent => ProgressBar::hidden(),
        };
        let template = match total {
            Some(_) => "{wide_bar} {pos}/{len} {msg} ({per_sec}, {eta} left)",
            None => "{spinner} {pos} {msg} ({per_sec})",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what);
        if let Some(total) = total {
            bar.set_length(total);
        }
        Progress { what, look, bar, began: Instant::now(), due: AtomicU64::new(EVERY.as_millis() as u64) }
    }

    /// So many by now.
    pub fn set(&self, count: u64) {
        match self.look {
            Look::Silent => {}
            Look::Bar => {
                if self.bar.length().is_some_and(|total| count > total) {
                    self.bar.set_length(count);
                }
                self.bar.set_position(count);
            }
            Look::Lines => {
                let passed = self.began.elapsed();
                let (now, due) = (passed.as_millis() as u64, self.due.load(Ordering::Relaxed));
                let next = now + EVERY.as_millis() as u64;
                let mine =
                    now >= due && self.due.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
                if mine {
                    anstream::eprintln!("{}", line(self.what, count, self.bar.length(), passed));
                }
            }
        }
    }

    /// Something to be read in passing, above the bar.
    pub fn say(&self, text: &str) {
        match self.look {
            Look::Bar => self.bar.println(text),
            Look::Lines | Look::Silent => anstream::eprintln!("{text}"),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// `1200 of 5000 changes (400/s, 9 s left)`.
fn line(what: &str, count: u64, total: Option<u64>, passed: Duration) -> String {
    let rate = count as f64 / passed.as_secs_f64().max(0.001);
    match total.filter(|total| count <= *total) {
        Some(total) if rate > 0.0 => {
            let left = total.saturating_sub(count) as f64 / rate;
            format!("{count} of {total} {what} ({rate:.0}/s, {left:.0} s left)")
        }
        Some(total) => format!("{count} of {total} {what}"),
        None => format!("{count} {what} ({rate:.0}/s)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_line_says_how_far_how_fast_and_how_long() {
        let passed = Duration::from_secs(3);
        assert_eq!(line("changes", 1200, Some(5000), passed), "1200 of 5000 changes (400/s, 10 s left)");
        assert_eq!(line("changes", 0, Some(5000), passed), "0 of 5000 changes");
        assert_eq!(line("objects read", 900, None, passed), "900 objects read (300/s)");
        assert_eq!(line("objects read", 900, Some(800), passed), "900 objects read (300/s)");
    }
}
