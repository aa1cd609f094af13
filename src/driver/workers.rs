//! The processors of the machine, for what the engine says may be done side by side.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread;

use engine::plan::{Task, Workers};

/// More threads than this only wait for memory.
const MOST: usize = 8;

/// A thread for each processor, this one among them.
pub struct Threads;

fn count() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get).min(MOST)
}

impl Workers for Threads {
    fn all(&self, tasks: Vec<Task<'_>>) {
        let others = count().min(tasks.len()).saturating_sub(1);
        let tasks = Mutex::new(tasks.into_iter());
        let work = || {
            // The lock is let go of before the task begins.
            let next = || tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
            while let Some(task) = next() {
                task();
            }
        };
        thread::scope(|scope| {
            for _ in 0..others {
                scope.spawn(work);
            }
            work();
        });
    }

    fn are_several(&self) -> bool {
        count() > 1
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn each_is_done_once_before_it_goes_on() {
        for number in [0, 1, 2, 3, 100] {
            let done: Vec<AtomicUsize> = (0..number).map(|_| AtomicUsize::new(0)).collect();
            let tasks = done.iter().map(|done| -> Task<'_> {
                Box::new(|| done.store(done.load(Ordering::Relaxed) + 1, Ordering::Relaxed))
            });
            Threads.all(tasks.collect());
            assert!(done.iter().all(|done| done.load(Ordering::Relaxed) == 1), "{number}");
        }
    }
}
