//! From a session to everything that a plan is made from: systems read, doubts settled, the configuration evaluated.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::apply::{Answers, Connected, Doubt, Settlement, settle};
use engine::configuration::{Configuration, Facts, PeopleSource};
use engine::discover::{Discovery, discover};
use engine::drift::{Drifts, drift};
use engine::guard::Watch;
use engine::plan::{Coming, Inputs, Planned, Reading, Workers, coming, plan};
use engine::undo::{Done, undo};
use providers::Provider;
use state::record::{InForce, Line, Recorded};
use state::{Address, Finding, Observed, Plan, Schema, Severity, Symbol, Timestamp};

use super::connect::Connection;
use super::read;
use super::{Folder, Session};
use crate::driver::inventory::Readers;
use crate::driver::{Progress, Threads};
use crate::{Error, telemetry};

/// What a plan is made from, owned: [`Prepared::plan`] borrows it.
pub struct Prepared {
    pub folder: Folder,
    pub connections: Vec<Connection>,
    pub configuration: Configuration,
    pub recorded: Recorded,
    pub readings: BTreeMap<Symbol, Reading>,
    pub readers: Readers,
    /// What looking said about earlier calls whose outcome was not known.
    pub settlement: Settlement,
    doubts: Vec<Finding>,
    /// Who plans.
    pub workers: &'static dyn Workers,
}

/// The configuration, or what evaluates it once it is known who is there.
enum Evaluation<F> {
    Done(Box<Configuration>),
    Waiting(F),
}

/// Where the state of the systems is taken from.
pub enum From<'a> {
    /// From the systems.
    Systems(&'a Arc<Progress>),
    /// From the record.
    Record,
}

impl Prepared {
    /// Reads the systems (or takes them from the record), settles what is in doubt, and evaluates the configuration.
    /// The settlement's events are folded into `recorded`; whoever holds the lock writes them down too.
    ///
    /// # Errors
    /// Everything that is wrong with the files.
    pub async fn new(session: Session, recorded: Recorded, from: From<'_>) -> Result<Prepared, Error> {
        let connections = session.connections()?;
        Prepared::over(connections, session, recorded, from).await
    }

    /// The same over these connections, whatever they lead to: a simulation's lead to twins.
    ///
    /// # Errors
    /// Everything that is wrong with the files.
    pub async fn over(
        connections: Vec<Connection>,
        session: Session,
        mut recorded: Recorded,
        from: From<'_>,
    ) -> Result<Prepared, Error> {
        let Session { folder, configured, sources } = session;
        let now = folder.now;
        let schemas = schemas(&connections);
        let evaluate = |people| configured.evaluate(&facts(&schemas, people, &connections));
        // What is wrong with the files is said before anybody waits for a network, unless people come from there.
        let evaluation = match sources[..] {
            [] => Evaluation::Done(evaluate(BTreeMap::new())?),
            _ => Evaluation::Waiting(evaluate),
        };
        let (configuration, readings, readers, settlement) = match from {
            From::Record => {
                let readings = read::recorded(&connections, &recorded, now);
                let configuration = match evaluation {
                    Evaluation::Done(configuration) => *configuration,
                    Evaluation::Waiting(evaluate) => *evaluate(people(&sources, &readings)?)?,
                };
                (configuration, readings, Readers::new(), Settlement::default())
            }
            From::Systems(progress) => {
                let connected = read::connect(&connections).await;
                let answers = read::ask(&connected, &recorded).await;
                let (first, rest): (Vec<_>, Vec<_>) =
                    connections.iter().partition(|connection| sources.contains(&connection.name));
                // Which grants the files speak of is known once it is known who is there.
                let mut readings = read::read(&first, &connected, None, &recorded, now, progress).await;
                let configuration = match evaluation {
                    Evaluation::Done(configuration) => *configuration,
                    Evaluation::Waiting(evaluate) => *evaluate(people(&sources, &readings)?)?,
                };
                readings.extend(read::read(&rest, &connected, Some(&configuration), &recorded, now, progress).await);
                let settlement = settle_doubts(&folder, &configuration, &mut recorded, &readings, &answers)?;
                (configuration, readings, connected.readers, settlement)
            }
        };
        let doubts = settlement.doubts.iter().map(Doubt::finding).collect();
        Ok(Prepared {
            folder,
            connections,
            configuration,
            recorded,
            readings,
            readers,
            settlement,
            doubts,
            workers: &Threads,
        })
    }

    /// Leaves what may be millions of objects to the end of the process, which is about to come: taking them apart one by
    /// one would only make whoever waits wait longer. Connections end in their own way.
    pub fn leave(self) {
        let Prepared { configuration, recorded, readings, .. } = self;
        std::mem::forget((configuration, recorded, readings));
    }

    /// The plan.
    ///
    /// # Errors
    /// What is wrong with the files in the light of what was observed.
    pub fn plan<'a>(&'a self, targets: &'a [Address]) -> Result<Planned<'a>, Error> {
        let span = telemetry::step("plan");
        let planned = plan(self.inputs(targets)).map_err(|diagnostics| self.folder.rejected(diagnostics));
        tell(span, &planned);
        planned
    }

    /// Takes another configuration over the same connections and readings; what was there comes back.
    ///
    /// # Errors
    /// Everything that is wrong with the files of that configuration.
    pub fn exchange(&mut self, session: Session) -> Result<(Folder, Configuration), Error> {
        let Session { folder, configured, sources } = session;
        let schemas = schemas(&self.connections);
        let people = people(&sources, &self.readings)?;
        let configuration = *configured.evaluate(&facts(&schemas, people, &self.connections))?;
        let former = std::mem::replace(&mut self.configuration, configuration);
        Ok((std::mem::replace(&mut self.folder, folder), former))
    }

    /// Goes back to what [`Prepared::exchange`] gave.
    pub fn restore(&mut self, (folder, configuration): (Folder, Configuration)) {
        (self.folder, self.configuration) = (folder, configuration);
    }

    /// What others did since the record last saw the systems (see [`engine::drift::drift`]), and the plan of everything.
    ///
    /// # Errors
    /// What is wrong with the files in the light of what was observed.
    pub fn drift(&self, only: &[Address]) -> Result<(Drifts, Plan), Error> {
        let planned = self.plan(&[])?;
        let drifts = drift(self.inputs(&[]), &planned, only);
        Ok((drifts, planned.plan))
    }

    /// The plan that undoes a run.
    ///
    /// # Errors
    /// What is wrong with the files in the light of what was observed.
    pub fn undo<'a>(&'a self, targets: &'a [Address], done: &Done) -> Result<Planned<'a>, Error> {
        let span = telemetry::step("plan");
        let planned = undo(self.inputs(targets), done).map_err(|diagnostics| self.folder.rejected(diagnostics));
        tell(span, &planned);
        planned
    }

    /// What the systems hold, against files and record; accounts that signed in before `stale` are stale.
    ///
    /// # Errors
    /// What is wrong with the files in the light of what was observed.
    pub fn discover(&self, stale: Timestamp) -> Result<Discovery, Error> {
        discover(self.inputs(&[]), stale).map_err(|diagnostics| self.folder.rejected(diagnostics))
    }

    fn inputs<'a>(&'a self, targets: &'a [Address]) -> Inputs<'a> {
        Inputs {
            configuration: &self.configuration,
            files: &self.folder.files,
            recorded: &self.recorded,
            readings: &self.readings,
            now: self.folder.now,
            doubts: &self.doubts,
            targets,
            hmac_key: self.folder.key_bytes(),
            workers: self.workers,
        }
    }

    /// Judges what depends on what others of the plan's findings hold, after some of these were approved.
    pub fn judge_again(&self, watches: &[Watch], plan: &mut Plan) {
        engine::guard::again(self.inputs(&[]), watches, plan);
    }

    /// The limits, and what else is in force for a run that carries out `plan`.
    pub fn in_force(&self, plan: &Plan) -> (BTreeMap<String, f64>, InForce) {
        engine::guard::in_force(&self.inputs(&[]), plan)
    }

    /// What is to come by time alone.
    pub fn coming(&self) -> Coming {
        coming(self.inputs(&[]))
    }

    /// What applying needs to know of each system.
    pub fn connected(&self) -> BTreeMap<Symbol, Connected> {
        connected(&self.readings, Some(&self.configuration))
    }
}

/// The word for a severity.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Notice => "notice",
        Severity::Observes => "observes",
        Severity::Approved => "approved",
        Severity::Holds => "holds",
    }
}

/// What planning and the safeguards came to, for whoever traces the run.
fn tell(mut span: telemetry::Span, planned: &Result<Planned<'_>, Error>) {
    let Ok(Planned { plan, .. }) = planned else { return span.fail() };
    span.say("tenure.plan", || plan.digest.to_string());
    span.say("tenure.changes", || plan.changes.len());
    span.say("tenure.held", || plan.held().len());
    for finding in &plan.findings {
        span.event("finding", || {
            vec![
                ("tenure.code".to_owned(), finding.code.as_str().into()),
                ("tenure.severity".to_owned(), severity(finding.severity).into()),
                ("tenure.addresses".to_owned(), finding.addresses.len().into()),
            ]
        });
    }
}

/// What is known of the attributes of each system without asking it.
pub(super) fn schemas(connections: &[Connection]) -> BTreeMap<Symbol, Schema> {
    let offline = |connection: &Connection| connection.provider.offline(&connection.settings).0;
    connections.iter().map(|connection| (connection.name, offline(connection))).collect()
}

/// What a configuration is evaluated with.
pub(super) fn facts<'a>(
    schemas: &'a BTreeMap<Symbol, Schema>,
    people: BTreeMap<Symbol, PeopleSource<'a>>,
    connections: &[Connection],
) -> Facts<'a> {
    let schemas = schemas.iter().map(|(name, schema)| (*name, schema)).collect();
    Facts { schemas, people, credentials: credentials(connections) }
}

/// The settings of each system that only serve to sign in.
fn credentials(connections: &[Connection]) -> BTreeMap<Symbol, Vec<Symbol>> {
    let names = |provider: &dyn Provider| providers::credentials(provider).into_iter().map(Symbol::new).collect();
    connections.iter().map(|connection| (connection.name, names(&*connection.provider))).collect()
}

/// What the systems hold that people come from. Without it nobody could be told from a leaver.
fn people<'a>(
    sources: &[Symbol],
    readings: &'a BTreeMap<Symbol, Reading>,
) -> Result<BTreeMap<Symbol, PeopleSource<'a>>, Error> {
    sources
        .iter()
        .filter_map(|name| Some((*name, readings.get(name)?)))
        .map(|(name, reading)| match &reading.inventory {
            engine::plan::Inventory::Incomplete(error) => {
                Err(Error::new(format!("people come from system.{name}, which could not be read completely: {error}"))
                    .hint("nothing can be planned without knowing who is there"))
            }
            inventory => {
                let group_name = reading.capabilities.group_key.map(|key| key.attribute);
                let source = |observed| (name, PeopleSource { observed, group_name, schema: &reading.schema });
                inventory.observed().map(source).ok_or_else(|| Error::new(format!("system.{name} was not read")))
            }
        })
        .collect()
}

/// Settles what the inventories can tell, in memory.
fn settle_doubts(
    folder: &Folder,
    configuration: &Configuration,
    recorded: &mut Recorded,
    readings: &BTreeMap<Symbol, Reading>,
    answers: &Answers,
) -> Result<Settlement, Error> {
    let observed: BTreeMap<Symbol, &Observed> =
        readings.iter().filter_map(|(name, reading)| Some((*name, reading.inventory.observed()?))).collect();
    let again = |address| configuration.makes(address) || engine::plan::forgets(configuration, address);
    let settlement = settle(recorded, &observed, answers, &connected(readings, None), &again, folder.now);
    for event in &settlement.events {
        recorded
            .apply(Line { n: recorded.head_line, at: folder.now, event: event.clone() })
            .map_err(|error| Error::new(format!("what looking settled does not fit the record: {error:?}")))?;
    }
    Ok(settlement)
}

fn connected(
    readings: &BTreeMap<Symbol, Reading>,
    configuration: Option<&Configuration>,
) -> BTreeMap<Symbol, Connected> {
    let max_failures = |name: &Symbol| {
        let configuration = configuration?;
        let own = configuration.systems.get(name).and_then(|system| system.safeguards.max_failures);
        own.or(configuration.settings.safeguards.max_failures)
    };
    readings
        .iter()
        .map(|(name, reading)| {
            let (schema, capabilities) = (reading.schema.clone(), reading.capabilities.clone());
            (*name, Connected { schema, capabilities, max_failures: max_failures(name).unwrap_or(0) })
        })
        .collect()
}
