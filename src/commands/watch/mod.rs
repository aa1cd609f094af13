//! `tenure watch`: when to look is decided by [`engine::watch`]; `files` hears of changes, `round` looks and does what
//! may be done, `log` tells.

mod files;
mod log;
mod round;

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use engine::watch::{Pace, Step, Watch};

use self::files::Files;
use self::log::{Entry, Log};
use crate::cli::{Global, WatchArgs};
use crate::edge::{Clock as _, SystemClock};
use crate::session::Session;
use crate::{Error, Exit};

/// Between rounds where neither the files nor the command line say.
const INTERVAL: i64 = 5 * 60_000;
/// How often files are looked at.
const POLL: i64 = 500;

/// Rounds until somebody stops it, or one.
pub fn run(global: &Global, args: &WatchArgs) -> Result<Exit, Error> {
    // What is wrong with the files now is an error; what becomes wrong later is told, and looked at again.
    let session = Session::open(global)?;
    let asked = args.interval.map(|interval| i64::try_from(interval.as_millis()).unwrap_or(i64::MAX));
    let interval = asked.or(session.folder.settings.watch.interval).unwrap_or(INTERVAL).clamp(1_000, 86_400_000);
    drop(session);
    let mut log = Log::new(args.json);
    let mut watch = Watch::new(Pace { interval, quiet: 1_000, longest: 10_000, gap: 2_000 });
    let mut files = Files::default();
    let stopped = stops()?;
    let mut failed = false;
    log.tell(Entry::Started { interval })?;
    loop {
        match watch.next(SystemClock.now()) {
            Step::Stop => break,
            Step::Round(why) => {
                // Before the round reads: what changes while it does is heard of afterwards.
                files.remember();
                let done = round::round(global, why, &mut log)?;
                files.also(done.sources);
                failed = done.round.failed;
                watch.done(SystemClock.now(), done.round);
                if args.once {
                    watch.stop();
                }
            }
            Step::Wait(wait) => {
                let wait = u64::try_from(wait.clamp(1, POLL)).unwrap_or(1);
                match stopped.recv_timeout(Duration::from_millis(wait)) {
                    Ok(()) => watch.stop(),
                    // Nobody listens for signals any more: they end the process by themselves.
                    Err(RecvTimeoutError::Disconnected) => std::thread::sleep(Duration::from_millis(wait)),
                    Err(RecvTimeoutError::Timeout) => {}
                }
            }
        }
        if stopped.try_recv().is_ok() {
            watch.stop();
        }
        if files.changed() {
            watch.changed(SystemClock.now());
        }
    }
    log.tell(Entry::Stopped)?;
    Ok(if args.once && failed { Exit::Failed } else { Exit::Done })
}

/// Ctrl-C and SIGTERM: the first lets the round that is under way end, the second ends the process, which the next run
/// settles as any kill.
fn stops() -> Result<Receiver<()>, Error> {
    let cannot = |error: std::io::Error| Error::new(format!("cannot listen for signals: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
    let (sender, receiver) = channel();
    let (ready, listening) = channel();
    std::thread::spawn(move || {
        runtime.block_on(async move {
            use tokio::signal::unix::{SignalKind, signal};
            let signals = signal(SignalKind::interrupt()).and_then(|one| Ok((one, signal(SignalKind::terminate())?)));
            let (mut interrupt, mut terminate) = match signals {
                Ok(signals) => signals,
                Err(error) => return drop(ready.send(Err(error))),
            };
            let _ = ready.send(Ok(()));
            for heard in 0u32.. {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if heard > 0 || sender.send(()).is_err() {
                    std::process::exit(130);
                }
            }
        });
    });
    match listening.recv() {
        Ok(Ok(())) => Ok(receiver),
        Ok(Err(error)) => Err(cannot(error)),
        Err(_) => Err(Error::new("cannot listen for signals: the thread for it ended")),
    }
}
