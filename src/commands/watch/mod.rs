//! `tenure watch`: when to look is decided by [`engine::watch`]; `files` and `hearing` hear of changes, `hints` is the
//! way to the loop, `listen` takes what is pushed, `round` looks and does what may be done, `log` tells.

pub mod board;
mod files;
mod hearing;
mod hints;
mod listen;
pub mod log;
mod notices;
mod round;
mod webhook;

use std::sync::mpsc::channel;
use std::time::Duration;

use engine::watch::{Pace, Rest, Step, Watch};

use self::board::Board;
use self::files::Files;
use self::hearing::Hearing;
use self::hints::Hints;
use self::log::{Entry, Log};
use self::webhook::Hooks;
use crate::cli::{Global, WatchArgs};
use crate::driver::Interrupts;
use crate::edge::{Clock as _, SystemClock};
use crate::session::Session;
use crate::{Error, Exit};

/// Between rounds where neither the files nor the command line say.
const INTERVAL: i64 = 5 * 60_000;
/// The time is looked at at least this often, however long there is nothing to do: clocks are set.
const NOTICE: Duration = Duration::from_secs(1);

/// When rounds come, with this interval.
fn pace(interval: i64) -> Pace {
    Pace {
        interval,
        files: Rest { quiet: 1_000, longest: 10_000 },
        systems: Rest { quiet: 200, longest: 1_000 },
        gap: 500,
        longest_gap: 30_000,
        retry: 2_000,
    }
}

/// Rounds until somebody stops it, or one.
pub fn run(global: &Global, args: &WatchArgs) -> Result<Exit, Error> {
    // What is wrong with the files now is an error; what becomes wrong later is told, and looked at again.
    let session = Session::open(global)?;
    let asked = args.interval.map(|interval| i64::try_from(interval.as_millis()).unwrap_or(i64::MAX));
    let interval = asked.or(session.folder.settings.watch.interval).unwrap_or(INTERVAL).clamp(1_000, 86_400_000);
    let systems = session.connections()?;
    let hints = Hints::default();
    // Dropped at the end: what is being pushed then is still answered.
    let tls = listen::certificate(args, &hints)?;
    let server = listen::start(args, &session, tls.clone(), &hints)?;
    let board = Board::new(SystemClock.now(), interval, args.http.is_some());
    let page = listen::page(args, &session, &board, tls, &hints)?;
    let hooks = Hooks::start(&args.webhook, &board)?;
    drop(session);
    let mut log = Log::new(args.json, board, hooks);
    let mut watch = Watch::new(pace(interval));
    stops(hints.clone())?;
    // Before the first round reads: what changes while it does is heard of.
    let files = Files::watch(hints.clone());
    let hearing = if args.once { None } else { Some(Hearing::start(hints.clone())?) };
    let follow = |systems| {
        if let Some(hearing) = &hearing {
            hearing.follow(systems);
        }
    };
    follow(systems);
    let mut failed = false;
    log.tell(Entry::Started { interval })?;
    if let Some(server) = &server {
        log.tell(Entry::Listening { address: server.address.to_string() })?;
    }
    if let Some(page) = &page {
        log.tell(Entry::Serving { address: page.address.to_string() })?;
    }
    loop {
        let mut wait = Duration::ZERO;
        match watch.next(SystemClock.now()) {
            Step::Stop => break,
            Step::Round(why) => {
                let began = SystemClock.now();
                let of = why.to_string();
                let done = round::round(global, why, &mut log)?;
                log.board.round(of, (began, SystemClock.now()), done.round.failed);
                files.also(done.sources);
                if let Some(systems) = done.systems {
                    follow(systems);
                }
                failed = done.round.failed;
                watch.done(SystemClock.now(), done.round);
                if args.once {
                    watch.stop();
                }
            }
            // A clock that jumps is noticed within this time.
            Step::Wait(millis) => wait = Duration::from_millis(u64::try_from(millis).unwrap_or(0)).min(NOTICE),
        }
        log.send();
        let heard = hints.take(wait);
        for source in heard.changed {
            watch.heard(source, SystemClock.now());
        }
        for (system, how) in heard.hearing {
            log.hearing(system, how)?;
        }
        log.news(heard.news, heard.more)?;
        if heard.stop {
            watch.stop();
        }
    }
    drop((server, page));
    let heard = hints.take(Duration::ZERO);
    log.news(heard.news, heard.more)?;
    log.tell(Entry::Stopped)?;
    Ok(if args.once && failed { Exit::Failed } else { Exit::Done })
}

/// Ctrl-C and SIGTERM: the first lets the round that is under way end, the second ends the process, which the next run
/// settles as any kill.
fn stops(hints: Hints) -> Result<(), Error> {
    let cannot = |error: std::io::Error| Error::new(format!("cannot listen for signals: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
    let (ready, listening) = channel();
    // A run within a round does not end the process by itself.
    Interrupts::are_seen_to();
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
                if heard > 0 {
                    std::process::exit(130);
                }
                hints.stop();
            }
        });
    });
    match listening.recv() {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(cannot(error)),
        Err(_) => Err(Error::new("cannot listen for signals: the thread for it ended")),
    }
}
