//! Threads for stores that are reached over a network: what is asynchronous, for whoever is not.

use std::future::Future;
use std::sync::Arc;

use super::Failure;

/// Runs futures on a thread of its own. May be waited for from anywhere, tasks of another runtime too.
pub struct Background {
    /// None only while it is dropped.
    runtime: Option<tokio::runtime::Runtime>,
}

impl Background {
    /// Starts the thread.
    ///
    /// # Errors
    /// Where the operating system gives none.
    pub fn start() -> Result<Arc<Background>, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("state store")
            .enable_all()
            .build()
            .map_err(|error| Failure::new(format!("cannot start a thread for the state store: {error}")))?;
        Ok(Arc::new(Background { runtime: Some(runtime) }))
    }

    /// Waits for the end of `work`.
    ///
    /// # Errors
    /// What `work` answers; or that it ended by an error of its own.
    pub fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        self.begin(async move {
            // Who no longer waits was ended.
            let _ = answer.send(work.await);
        });
        answered.recv().unwrap_or_else(|_| {
            Err(Failure::new("the state store ended by an error of its own (this is a bug: please report it)"))
        })
    }

    /// Lets `work` run beside everything else.
    pub fn begin(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(work);
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Waiting for its threads is forbidden to tasks, and nothing is left to wait for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
