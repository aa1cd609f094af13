//! Ctrl-C and SIGTERM.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

static SEEN_TO: AtomicBool = AtomicBool::new(false);

/// The signals that ask the program to stop, one by one. Once this exists, they no longer end the process by
/// themselves, until it is dropped with the process.
pub struct Interrupts(UnboundedReceiver<()>);

impl Interrupts {
    /// Listens from now on. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// Where the operating system does not let the program listen.
    pub fn listen() -> std::io::Result<Interrupts> {
        let (sender, interrupts) = Interrupts::manual();
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let mut signals = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
            tokio::spawn(async move {
                loop {
                    let [interrupt, terminate] = &mut signals;
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                    }
                    if sender.send(()).is_err() {
                        if SEEN_TO.load(Ordering::Relaxed) {
                            return;
                        }
                        // Nobody finishes anything any more: stop, as a signal that nobody handles would.
                        std::process::exit(130);
                    }
                }
            });
        }
        #[cfg(not(unix))]
        tokio::spawn(async move { while tokio::signal::ctrl_c().await.is_ok() && sender.send(()).is_ok() {} });
        Ok(interrupts)
    }

    /// From now on somebody else decides for the whole process what a signal means after a run: what listened for the run
    /// lives a little longer than it.
    pub fn are_seen_to() {
        SEEN_TO.store(true, Ordering::Relaxed);
    }

    /// Interrupts that somebody sends by hand: for tests.
    pub fn manual() -> (UnboundedSender<()>, Interrupts) {
        let (sender, receiver) = unbounded_channel();
        (sender, Interrupts(receiver))
    }

    /// The next one; never answers when there can be none.
    pub(super) async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}
