//! The loop between the machine and the world.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use engine::apply::{Answer, Apply, Report, Step, Token};
use state::record::Event;
use state::{Outcome, Symbol, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{Id, JoinError, JoinSet};

use super::calls::Announcement;
use super::{Connection, Interrupts, Progress};
use crate::edge::{Clock, Journal};

/// Where events are made durable.
pub trait Recording: Sync {
    /// Writes `events`; they are durable when this answers.
    fn record(&self, events: Vec<Event>) -> impl Future<Output = Result<(), String>> + Send;
    /// Whether nobody else can write them: where that is no longer so, nothing may be called.
    fn held(&self) -> Result<(), String> {
        Ok(())
    }
    /// How long that takes, as far as it is known.
    fn latency(&self) -> Duration {
        Duration::ZERO
    }
}

impl Recording for Journal {
    async fn record(&self, events: Vec<Event>) -> Result<(), String> {
        Journal::record(self, events).await.map(drop).map_err(|failure| failure.whole())
    }

    fn held(&self) -> Result<(), String> {
        Journal::held(self).map_err(|failure| failure.whole())
    }

    fn latency(&self) -> Duration {
        self.latency
    }
}

/// How the loop ended.
#[derive(Debug)]
pub enum Ended {
    /// By itself, or after the first Ctrl-C when what was under way was finished.
    Finished(Box<Report>),
    /// By a second Ctrl-C, with calls in flight: their intents stand in the record, and the next run settles them.
    Stopped,
}

/// What is in flight, for an answer when the task itself fails.
enum Flight {
    Read(Token),
    Execute(Token, usize),
    Ask(Token),
}

type Writing<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;

/// Calls that are under way.
#[derive(Default)]
struct Calls {
    tasks: JoinSet<Answer>,
    flights: HashMap<Id, Flight>,
}

impl Calls {
    fn begin(&mut self, flight: Flight, call: impl Future<Output = Answer> + Send + 'static) {
        let handle = self.tasks.spawn(call);
        self.flights.insert(handle.id(), flight);
    }

    /// The answer of a task that ended. One that panicked may have done anything: nobody knows.
    fn answer(&mut self, joined: Result<(Id, Answer), JoinError>) -> Option<Answer> {
        match joined {
            Ok((id, answer)) => {
                self.flights.remove(&id);
                Some(answer)
            }
            Err(error) => {
                let what = "the provider ended by an error of its own (this is a bug: please report it)";
                Some(match self.flights.remove(&error.id())? {
                    Flight::Read(token) => Answer::Read { token, result: Err(what.to_owned()) },
                    Flight::Ask(token) => Answer::Asked { token, result: Err(what.to_owned()) },
                    Flight::Execute(token, orders) => {
                        Answer::Executed { token, outcomes: vec![Outcome::Unknown(what.to_owned()); orders] }
                    }
                })
            }
        }
    }
}

/// Runs `machine` to its end. Nothing is called before its intent is durable: the machine sees to that. The systems are
/// tidied up before the record says that the run is over: after a kill in between, the next run does it.
pub async fn run(
    machine: &mut Apply<'_>,
    systems: &BTreeMap<Symbol, Connection>,
    journal: &impl Recording,
    clock: &dyn Clock,
    interrupts: &mut Interrupts,
    progress: &Progress,
) -> Ended {
    machine.gather(i64::try_from(journal.latency().as_millis()).unwrap_or(i64::MAX));
    let mut calls = Calls::default();
    let mut writing: Option<Writing<'_>> = None;
    let mut wake: Option<Timestamp> = None;
    let mut interrupted = false;
    let mut tidied = false;
    let (announcing, mut announced) = mpsc::unbounded_channel::<Announcement>();
    // Calls that may not commit before their transaction is durable in the record.
    let mut announcements: HashMap<Token, oneshot::Sender<Result<(), String>>> = HashMap::new();
    loop {
        for step in machine.next(clock.now()) {
            match step {
                Step::Record { token, events } => {
                    let last = events.iter().any(|event| matches!(event, Event::RunFinished { .. }));
                    tidied |= last;
                    writing = Some(Box::pin(async move {
                        if last {
                            tidy(systems, progress).await;
                        }
                        Answer::Recorded { token, result: journal.record(events).await }
                    }));
                }
                Step::Read { token, system, targets } => match systems.get(&system) {
                    Some(connection) => calls.begin(Flight::Read(token), connection.read(token, targets)),
                    None => machine.on(clock.now(), Answer::Read { token, result: Err("not connected".to_owned()) }),
                },
                Step::Execute { token, system, orders } => {
                    let connection = systems.get(&system).ok_or_else(|| "not connected".to_owned());
                    match journal.held().and(connection) {
                        Ok(connection) => {
                            calls.begin(
                                Flight::Execute(token, orders.len()),
                                connection.execute(token, orders, announcing.clone()),
                            );
                        }
                        Err(error) => {
                            let outcomes = vec![Outcome::Refused { error, retry_after: None }; orders.len()];
                            machine.on(clock.now(), Answer::Executed { token, outcomes });
                        }
                    }
                }
                Step::Ask { token, system, transactions } => match systems.get(&system) {
                    Some(connection) => calls.begin(Flight::Ask(token), connection.ask(token, transactions)),
                    None => machine.on(clock.now(), Answer::Asked { token, result: Err("not connected".to_owned()) }),
                },
                Step::Proceed { token, result } => {
                    let result = result.and_then(|()| journal.held());
                    // Where nobody waits any more, the call was given up.
                    let _ = announcements.remove(&token).map(|durable| durable.send(result));
                }
                Step::Wait { until } => wake = Some(until),
                Step::Finished(report) => {
                    if !tidied {
                        tidy(systems, progress).await;
                    }
                    progress.finish();
                    return Ended::Finished(report);
                }
            }
        }
        progress.set(machine.progress().0);
        let rest = wake.map(|until| u64::try_from(until.millis() - clock.now().millis()).unwrap_or(0));
        if rest == Some(0) {
            wake = None;
            continue;
        }
        let answer = tokio::select! {
            answer = written(&mut writing) => {
                writing = None;
                Some(answer)
            }
            Some(joined) = calls.tasks.join_next_with_id() => calls.answer(joined),
            Some(Announcement { token, transaction, durable }) = announced.recv() => {
                announcements.insert(token, durable);
                Some(Answer::Announced { token, transaction })
            }
            // The clock is asked again above: it and the timer may not agree to the millisecond.
            () = tokio::time::sleep(Duration::from_millis(rest.unwrap_or(0))), if rest.is_some() => None,
            () = interrupts.next() => {
                if interrupted {
                    progress.finish();
                    return Ended::Stopped;
                }
                interrupted = true;
                progress.say("interrupted: finishing what is under way; Ctrl-C again stops at once");
                Some(Answer::Interrupt)
            }
        };
        if let Some(answer) = answer {
            machine.on(clock.now(), answer);
        }
        // What else has come meanwhile goes into the same turn, and its events into the same flush.
        while let Ok(Announcement { token, transaction, durable }) = announced.try_recv() {
            announcements.insert(token, durable);
            machine.on(clock.now(), Answer::Announced { token, transaction });
        }
        while let Some(joined) = calls.tasks.try_join_next_with_id() {
            if let Some(answer) = calls.answer(joined) {
                machine.on(clock.now(), answer);
            }
        }
    }
}

/// The answer of the write that is under way; never, where none is.
async fn written(writing: &mut Option<Writing<'_>>) -> Answer {
    match writing {
        Some(writing) => writing.as_mut().await,
        None => std::future::pending().await,
    }
}

/// Lets the writers tidy up, each within its deadline, and says what went wrong. The changes stand either way.
async fn tidy(systems: &BTreeMap<Symbol, Connection>, progress: &Progress) {
    for (system, connection) in systems {
        let error = match tokio::time::timeout(connection.deadline, connection.writer.close()).await {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", connection.deadline.as_secs_f32()),
        };
        progress.say(&format!("system.{system} could not be closed tidily: {error}"));
    }
}
