//! `tenure simulate`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use engine::configuration::Given;
use engine::plan::{Inventory, observed_from_record};
use state::record::Recorded;
use state::{Observed, Symbol, Timestamp};

use crate::cli::{Global, SimulateArgs};
use crate::driver::{Look, Progress};
use crate::edge::{Outside, Record, SecretKey};
use crate::session::prepare::{From, Prepared};
use crate::session::{Session, folder, variables};
use crate::simulate::rehearse::{Rehearsal, names, rehearse};
use crate::simulate::shrink::{shrink, without};
use crate::simulate::{Beginning, Likeness, Rule, Tree, fault_files};
use crate::{Error, Exit, render};

/// How many smaller worlds are tried for a short story.
const TRIES: usize = 150;

/// What all worlds of one call have in common.
struct Common {
    now: Timestamp,
    until: Timestamp,
    zone: Symbol,
    tree: Tree,
    given: Vec<Given>,
    systems: BTreeMap<Symbol, Likeness>,
    record: Option<Vec<u8>>,
    key: Option<SecretKey>,
}

impl Common {
    fn rehearse(&self, faults: &[Rule], seed: u64, until: Timestamp) -> Rehearsal {
        let beginning = Beginning {
            now: self.now,
            tree: self.tree.clone(),
            given: self.given.clone(),
            systems: &self.systems,
            record: self.record.clone(),
            faults,
            seed,
            key: self.key.clone(),
        };
        rehearse(beginning, until, self.zone.as_str())
    }
}

/// Rehearses in twins. The systems are read, where they are not taken from elsewhere, and never written to.
pub fn run(global: &Global, args: &SimulateArgs) -> Result<Exit, Error> {
    let common = common(global, args)?;
    let files = folder::beside(Path::new("."), folder::FAULTS)?;
    let mut faults = match fault_files::read(&files) {
        _ if args.calm => Vec::new(),
        Ok(faults) => faults,
        Err(diagnostics) => return Err(Error::Configuration { files, diagnostics }),
    };
    if let Some(rule) = faults.iter().find(|rule| rule.system.is_some_and(|name| !common.systems.contains_key(&name))) {
        let name = rule.system.map(|name| name.to_string()).unwrap_or_default();
        return Err(Error::new(format!("fault {:?} is about system.{name}, which is not declared", rule.fault.name)));
    }
    if faults.is_empty() && (args.runs.is_some() || args.seed.is_some()) && !args.calm {
        faults = fault_files::usual();
    }
    let seed = args.seed.unwrap_or(1);
    match args.runs {
        None => one(&common, &faults, seed, args),
        Some(runs) => many(&common, &faults, seed, u64::from(runs)),
    }
}

fn one(common: &Common, faults: &[Rule], seed: u64, args: &SimulateArgs) -> Result<Exit, Error> {
    let rehearsal = common.rehearse(faults, seed, common.until);
    let mut out = std::io::BufWriter::new(anstream::stdout().lock());
    render::simulate::rehearsal(&mut out, &rehearsal, common.now, common.until, args.story)?;
    if rehearsal.broken.is_empty() {
        return Ok(Exit::Done);
    }
    let short = short(common, seed, rehearsal);
    render::simulate::broken(&mut out, &short, seed)?;
    Ok(Exit::Failed)
}

fn many(common: &Common, faults: &[Rule], first: u64, runs: u64) -> Result<Exit, Error> {
    let next = AtomicU64::new(first);
    let all: Mutex<(Rehearsal, BTreeMap<u64, Rehearsal>)> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first.saturating_add(runs) {
                        return;
                    }
                    let rehearsal = common.rehearse(faults, seed, common.until);
                    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                    all.0.add(&rehearsal);
                    if !rehearsal.broken.is_empty() {
                        all.1.insert(seed, rehearsal);
                    }
                }
            });
        }
    });
    let (total, failed) = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut out = std::io::BufWriter::new(anstream::stdout().lock());
    render::simulate::total(&mut out, &total, runs, &failed)?;
    let Some((seed, rehearsal)) = failed.into_iter().next() else { return Ok(Exit::Done) };
    let short = short(common, seed, rehearsal);
    render::simulate::broken(&mut out, &short, seed)?;
    Ok(Exit::Failed)
}

/// The same promise broken with as few strikes of faults, and in as little time, as can be found.
fn short(common: &Common, seed: u64, long: Rehearsal) -> Rehearsal {
    let wanted = names(&long.broken);
    let breaks = |strikes: &Vec<Rule>, until| {
        let rehearsal = common.rehearse(strikes, seed, until);
        let same = names(&rehearsal.broken).intersection(&wanted).next().is_some();
        same.then_some(rehearsal)
    };
    let start = (long.strikes.clone(), common.until);
    let Some(mut shortest) = breaks(&start.0, start.1) else { return long };
    let smaller = |(strikes, until): &(Vec<Rule>, Timestamp)| {
        let mut all: Vec<(Vec<Rule>, Timestamp)> = Vec::new();
        let days = (until.millis() - common.now.millis()) / 86_400_000;
        if days > 0 {
            all.push((strikes.clone(), common.now.plus_millis(days / 2 * 86_400_000)));
        }
        all.extend(without(strikes).into_iter().map(|fewer| (fewer, *until)));
        all
    };
    let keep = |(strikes, until): &(Vec<Rule>, Timestamp)| match breaks(strikes, *until) {
        Some(rehearsal) => {
            shortest = rehearsal;
            true
        }
        None => false,
    };
    shrink(start, smaller, keep, TRIES);
    shortest
}

fn common(global: &Global, args: &SimulateArgs) -> Result<Common, Error> {
    let offline = args.recorded || args.world.is_some();
    let session = if offline { Session::offline(global)? } else { Session::open(global)? };
    let path = session.folder.path.clone();
    let now = args.from.unwrap_or(session.folder.now);
    let until = args.until.unwrap_or(now);
    let zone = session.folder.settings.timezone;
    let key = session.folder.key();
    let store = session.folder.store()?;
    let record = if store.exists()? { Some(store.load()?) } else { None };
    let recorded = match &record {
        Some(bytes) => Record::new(&store.name(), bytes, &[], None)?.recorded,
        None => Recorded::default(),
    };
    if now < recorded.last {
        return Err(Error::new(format!(
            "the record goes on to {}, and the simulation would begin at {now}",
            recorded.last
        ))
        .hint("--from names a moment behind the record's end"));
    }
    let connections = session.connections()?;
    let mut systems: BTreeMap<Symbol, Likeness> =
        connections.iter().map(|connection| (connection.name, Likeness::offline(connection))).collect();
    if let Some(folder) = &args.world {
        for (name, likeness) in &mut systems {
            likeness.holds = Some(read_world(&folder.join(name.as_str()), likeness, now)?);
        }
    } else if args.recorded {
        for (name, likeness) in &mut systems {
            likeness.holds = Some(observed_from_record(&recorded, *name, now));
        }
    } else {
        let progress = Arc::new(Progress::new("objects read", None, Look::detect()));
        let prepared = super::runtime()?.block_on(Prepared::new(session, recorded, From::Systems(&progress)))?;
        progress.finish();
        for (name, reading) in prepared.readings {
            let Some(likeness) = systems.get_mut(&name) else { continue };
            (likeness.schema, likeness.capabilities) = (reading.schema, reading.capabilities);
            match reading.inventory {
                Inventory::Complete(observed) | Inventory::Recorded(observed) => likeness.holds = Some(observed),
                Inventory::Incomplete(error) => {
                    return Err(Error::new(format!("system.{name} could not be read: {error}"))
                        .hint("--recorded takes the systems as the state file last saw them"));
                }
            }
        }
    }
    let outside = Outside::new(&path, global.operator.as_deref(), &global.allow_path)?;
    let files = folder::read(&path)?;
    let hcl = files.0.iter().map(|file| (file.path.to_string(), Arc::clone(&file.text))).collect();
    let tree = Tree {
        hcl: Arc::new(hcl),
        data: Arc::default(),
        under: Some(Arc::new(if offline { outside.offline() } else { outside })),
    };
    Ok(Common { now, until, zone, tree, given: variables::given(global)?, systems, record, key })
}

/// What the files of one system's folder say.
fn read_world(folder: &Path, likeness: &Likeness, now: Timestamp) -> Result<Observed, Error> {
    let contents = providers::twin::read_files(folder, &likeness.schema)
        .map_err(|problem| Error::new(problem.message).hint(problem.hint))?;
    Ok(contents.observed(state::Complete::proved("from files", now)))
}
