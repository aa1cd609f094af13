//! `tenure suspend`: the red button, its end, and who is suspended.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use engine::apply::resolve::Nothing;
use engine::apply::{Apply, Connected, Status};
use engine::guard::Watch;
use engine::suspend::{Looked, accounts, plan};
use state::record::{Recorded, RunStarted};
use state::{Address, Capabilities, Commit, Fact, Plan, Presence, Schema, Symbol, Target, Timestamp};
use tokio::task::JoinSet;

use crate::cli::{Global, SuspendArgs};
use crate::driver::{self, Connection, Ended, Interrupts, Look, Progress};
use crate::edge::{Clock as _, Journal, Record, SystemClock, provenance};
use crate::session::connect;
use crate::session::rescue::{Rescued, rescue};
use crate::{Error, Exit, render, telemetry};

/// A system that does not answer for so long is down.
const PATIENCE: Duration = Duration::from_secs(30);

/// Suspends, lifts a suspension, or lists them.
pub fn run(global: &Global, args: &SuspendArgs) -> Result<Exit, Error> {
    let rescued = rescue(global, args.state.as_deref())?;
    let store = rescued.state.store()?;
    if !store.exists()? {
        return Err(Error::new(format!("there is no state file at {}", rescued.state))
            .hint("without it nobody knows which accounts are whose; --state FILE names it"));
    }
    let Some(who) = args.address.filter(|_| !args.list) else {
        let recorded = Record::read(&*store, &[])?.recorded;
        let mut out = anstream::stdout().lock();
        if recorded.suspensions.is_empty() {
            writeln!(out, "Nobody is suspended.")?;
        }
        for (who, hold) in &recorded.suspensions {
            writeln!(out, "{}", line(*who, hold))?;
        }
        return Ok(Exit::Done);
    };
    let reason = reason(args.reason.as_deref())?;
    // Before the lock is taken: a program that is started holds it too until it has begun.
    let commit = provenance::commit(&rescued.path);
    let mut lock = store.lock(&provenance::holder("suspend", SystemClock.now()), global.lock_timeout)?;
    // Others wrote to the record while this waited for the lock: a clock read before would look as if it were behind.
    let now = SystemClock.now();
    let record = Record::lock(&*store, &mut *lock, &[])?;
    let recorded = record.recorded;
    known(&recorded, who)?;
    let hold = recorded.suspensions.get(&who);
    if args.lift && hold.is_none() {
        return Err(Error::new(format!("{who} is not suspended")).hint("`tenure suspend --list` says who is"));
    }
    let journal = Journal::start(lock, record.chain, Arc::new(SystemClock))?;
    let runtime = super::runtime()?;
    let button = Button { args, who, reason: &reason, recorded: &recorded, rescued: &rescued, commit, now };
    let done = runtime.block_on(button.press(&journal));
    journal.close()?;
    done
}

fn line(who: Address, hold: &state::record::Suspension) -> String {
    let clean = render::text::clean;
    format!("{who}  suspended: {} since {} by {}", clean(hold.reason.as_str()), hold.since, clean(hold.by.as_str()))
}

/// One line of text.
fn reason(text: Option<&str>) -> Result<String, Error> {
    let text = text.unwrap_or_default().trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(Error::new("--reason needs one line of text: whoever reads the record asks why")
            .hint("tenure suspend person.ada --reason \"stolen laptop, ticket 4711\""));
    }
    Ok(text.to_owned())
}

/// Whether the record knows this person or service.
fn known(recorded: &Recorded, who: Address) -> Result<(), Error> {
    let (holder, other) = match who {
        Address::Person(holder) => (holder, Address::Service(holder)),
        Address::Service(holder) => (holder, Address::Person(holder)),
        _ => {
            return Err(Error::new(format!("{who} is neither a person nor a service"))
                .hint("only people and services can be suspended: tenure suspend person.KEY --reason TEXT"));
        }
    };
    if recorded.identities.contains_key(&who) || recorded.suspensions.contains_key(&who) {
        return Ok(());
    }
    if recorded.identities.contains_key(&other) {
        return Err(Error::new(format!("the record knows {other}, and no {who}")).hint(format!("suspend {other}")));
    }
    if !accounts(recorded, holder).is_empty() {
        return Ok(());
    }
    let names: Vec<String> = recorded.identities.keys().map(Address::to_string).collect();
    let hint = engine::language::diagnostic::did_you_mean(&who.to_string(), names.iter().map(String::as_str))
        .unwrap_or_else(|| "`tenure state list` lists what the record knows".to_owned());
    Err(Error::new(format!("the record does not know {who}, so tenure gave them nothing")).hint(hint))
}

/// What is asked for.
struct Button<'a> {
    args: &'a SuspendArgs,
    who: Address,
    reason: &'a str,
    recorded: &'a Recorded,
    rescued: &'a Rescued,
    commit: Option<Commit>,
    now: Timestamp,
}

/// The systems that could be reached, and the accounts on the others.
#[derive(Default)]
struct Reached {
    looked: Vec<Looked>,
    connections: BTreeMap<Symbol, Connection>,
    connected: BTreeMap<Symbol, Connected>,
    down: Vec<(Address, String)>,
    /// On systems that are only observed: these stay as they are, also with the next apply.
    observed: Vec<Address>,
}

impl Reached {
    /// Whether every account could be looked at, and may be written to.
    fn whole(&self) -> bool {
        self.down.is_empty() && self.observed.is_empty()
    }
}

impl Button<'_> {
    async fn press(&self, journal: &Journal) -> Result<Exit, Error> {
        let by = provenance::actor();
        let stands = self.recorded.suspensions.get(&self.who);
        let reached = if self.args.lift { Reached::default() } else { self.reach().await };
        // A hold that stands keeps its time and reason; what is not done yet is done now.
        let fact =
            (self.args.lift || stands.is_none()).then(|| Fact::suspension(self.who, self.args.lift, self.reason, &by));
        let because = stands.filter(|_| !self.args.lift).map_or(self.reason, |hold| hold.reason.as_str());
        let (plan, watches) =
            plan(self.recorded, self.who, because, fact.into_iter().collect(), &reached.looked, self.now);
        if let Some(hold) = stands.filter(|_| !self.args.lift) {
            render::note(&format!("a hold stands already: {}", line(self.who, hold)));
        }
        if !self.args.lift {
            self.show(&plan, &reached)?;
            if !self.args.auto_approve && !super::question::confirmed(&plan)? {
                render::note("nothing was changed");
                return Ok(Exit::Failed);
            }
        }
        if plan.is_empty() {
            return Ok(if reached.whole() { Exit::Done } else { Exit::Failed });
        }
        self.carry_out(&plan, watches, reached, journal).await
    }

    fn show(&self, plan: &Plan, reached: &Reached) -> Result<(), Error> {
        let shown = self.args.shown();
        render::plan::print(plan, &shown)?;
        for one in &reached.looked {
            match &one.presence {
                Presence::Here(object) if !object.active => render::note(&format!("{} is off already", one.address)),
                Presence::Here(_) if !one.capabilities.deactivate => {
                    render::note(&format!("{} stays: accounts cannot be switched off there", one.address));
                }
                Presence::Gone => render::note(&format!("{} is gone from its system", one.address)),
                _ => {}
            }
        }
        for (address, error) in &reached.down {
            render::note(&format!("{address} cannot be reached now; the next apply does it first of all: {error}"));
        }
        for address in &reached.observed {
            let why = "its system is only observed (`manage`), and nothing is written to it: switch it off there";
            render::note(&format!("{address} stays: {why}"));
        }
        Ok(())
    }

    /// Connects to the systems on which there are accounts, and looks at these directly: an inventory is not waited for.
    async fn reach(&self) -> Reached {
        let mut reached = Reached::default();
        let Some(holder) = self.who.holder() else { return reached };
        let mut asking = JoinSet::new();
        for (address, id) in accounts(self.recorded, holder) {
            let Some(system) = address.system() else { continue };
            let known = self.rescued.systems.get(&system);
            if known.is_some_and(|system| system.observe) {
                reached.observed.push(address);
                continue;
            }
            let connection = known.map(|system| connect::connections([system], &self.rescued.path));
            match connection {
                Some(Ok(connections)) => {
                    for connection in connections {
                        asking
                            .spawn(async move { (address, tokio::time::timeout(PATIENCE, ask(connection, id)).await) });
                    }
                }
                Some(Err(diagnostics)) => {
                    let why: Vec<String> = diagnostics.into_iter().map(|diagnostic| diagnostic.message).collect();
                    reached.down.push((address, why.join("; ")));
                }
                None => {
                    let error = "no block that can be read says how to connect to its system".to_owned();
                    reached.down.push((address, error));
                }
            }
        }
        while let Some(joined) = asking.join_next().await {
            match joined {
                Ok((address, Ok(Ok(asked)))) => self.take(address, asked, &mut reached),
                Ok((address, Ok(Err(error)))) => reached.down.push((address, error)),
                Ok((address, Err(_))) => {
                    reached.down.push((address, format!("no answer within {} s", PATIENCE.as_secs())));
                }
                Err(_) => {}
            }
        }
        let looked = reached.looked.iter().map(|one| one.address);
        let down = reached.down.iter().map(|(own, _)| *own);
        let told: BTreeSet<Address> = looked.chain(down).chain(reached.observed.iter().copied()).collect();
        for (address, _) in accounts(self.recorded, holder) {
            if !told.contains(&address) {
                reached.down.push((address, "its provider failed".to_owned()));
            }
        }
        reached.looked.sort_by_key(|one| one.address);
        reached.down.sort();
        reached
    }

    fn take(&self, address: Address, asked: Asked, reached: &mut Reached) {
        let Asked { presence, schema, capabilities, connection } = asked;
        if let Presence::Hidden(why) = &presence {
            return reached.down.push((address, why.clone()));
        }
        if let Some(system) = address.system() {
            reached.connections.insert(system, connection);
            let connected = Connected { schema, capabilities: capabilities.clone(), max_failures: 0 };
            reached.connected.insert(system, connected);
        }
        reached.looked.push(Looked { address, presence, capabilities });
    }

    async fn carry_out(
        &self,
        plan: &Plan,
        watches: Vec<Watch>,
        reached: Reached,
        journal: &Journal,
    ) -> Result<Exit, Error> {
        let whole = reached.whole();
        let Reached { connections, connected, .. } = reached;
        let started = self.started(plan)?;
        let run = started.run;
        let mut machine = Apply::new(plan, self.recorded, Box::new(Nothing), connected, started);
        machine.watch(watches);
        let mut interrupts =
            Interrupts::listen().map_err(|error| Error::new(format!("cannot listen for Ctrl-C: {error}")))?;
        let progress = Progress::new("changes", Some(plan.changes.len() as u64), Look::detect());
        let span = telemetry::step("apply");
        let ended = driver::run(&mut machine, &connections, journal, &SystemClock, &mut interrupts, &progress).await;
        let Ended::Finished(report) = ended else {
            return Err(Error::new("stopped with calls in flight")
                .hint("the hold stands; what the calls did is settled by the next apply"));
        };
        super::apply::tell(span, run, &report);
        render::report::print(plan, &report, run, false)?;
        if self.args.lift {
            render::note(&format!("{} is no longer suspended: the next apply gives back what the files say", self.who));
        }
        Ok(match report.status {
            Status::Done if whole => Exit::Done,
            Status::Held => Exit::Held,
            _ => Exit::Failed,
        })
    }

    fn started(&self, plan: &Plan) -> Result<RunStarted, Error> {
        Ok(RunStarted {
            run: super::apply::run_id(self.now)?,
            actor: provenance::actor(),
            host: provenance::host(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: provenance::command(),
            commit: self.commit.as_ref().map(|commit| commit.id.clone()),
            clean: self.commit.as_ref().map(|commit| commit.clean),
            plan: plan.digest,
            undoes: None,
            limits: self.recorded.limits.clone(),
            populations: BTreeMap::new(),
            in_force: None,
            approvals: None,
        })
    }
}

/// What a system says about one account.
struct Asked {
    presence: Presence,
    schema: Schema,
    capabilities: Capabilities,
    connection: Connection,
}

async fn ask(connection: connect::Connection, id: Symbol) -> Result<Asked, String> {
    let told = |message: String, hint: String| if hint.is_empty() { message } else { format!("{message} ({hint})") };
    let connect = |error: providers::ConnectError| told(error.message, error.hint);
    let read = |error: providers::ReadError| told(error.message, error.hint);
    let connect::Connection { provider, settings, .. } = connection;
    let reader = provider.reader(settings.clone()).await.map_err(connect)?;
    let (schema, capabilities) = reader.describe().await.map_err(read)?;
    let presence = reader.read(&[Target::Account(id)]).await.map_err(read)?.into_iter().next();
    let presence = presence.unwrap_or_else(|| Presence::Hidden("not answered".to_owned()));
    let writer = provider.writer(settings).await.map_err(connect)?;
    let connection = Connection::new(reader, writer, &capabilities);
    Ok(Asked { presence, schema, capabilities, connection })
}
