//! `tenure drift`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Write as _};
use std::sync::Arc;

use engine::drift::Drifts;
use state::record::Recorded;
use state::{Address, Plan, Symbol, Target, Touched};

use crate::cli::{DriftArgs, Global};
use crate::driver::inventory::Readers;
use crate::driver::{Look, Progress};
use crate::session::Session;
use crate::session::prepare::{From, Prepared};
use crate::{Error, Exit, render};

/// Shows what others changed. Only readers are made.
pub fn run(global: &Global, args: &DriftArgs) -> Result<Exit, Error> {
    let runtime = super::runtime()?;
    let prepared = prepare(global, &runtime)?;
    let (drifts, _) = find(&prepared, &args.only)?;
    let touched = runtime.block_on(touched(&prepared.readers, &drifts));
    let shown = render::drift::Shown { drifts: &drifts, touched: &touched, now: prepared.folder.now };
    let mut out = BufWriter::new(anstream::stdout().lock());
    if args.json {
        shown.json(&mut out)?
    } else {
        shown.text(&mut out)?
    }
    out.flush()?;
    prepared.leave();
    Ok(match (drifts.unread.is_empty(), drifts.drifts.is_empty()) {
        (false, _) => Exit::Held,
        (true, false) if args.detailed_exitcode => Exit::Changes,
        _ => Exit::Done,
    })
}

/// Reads files, record and systems.
pub fn prepare(global: &Global, runtime: &tokio::runtime::Runtime) -> Result<Prepared, Error> {
    let (session, recorded) = open(global)?;
    read(session, recorded, runtime)
}

/// Reads files and record.
pub fn open(global: &Global) -> Result<(Session, Recorded), Error> {
    let session = Session::open(global)?;
    let record = session.folder.record(&[])?.ok_or_else(|| {
        session
            .folder
            .no_state()
            .hint("drift is what changed since tenure last saw the systems: `tenure init` and `tenure apply` first")
    })?;
    Ok((session, record.recorded))
}

/// Reads the systems.
pub fn read(session: Session, recorded: Recorded, runtime: &tokio::runtime::Runtime) -> Result<Prepared, Error> {
    let progress = Arc::new(Progress::reading(&recorded, Look::detect()));
    let prepared = runtime.block_on(Prepared::new(session, recorded, From::Systems(&progress)))?;
    progress.finish();
    Ok(prepared)
}

/// What others did to these addresses, to everything where there are none; and the plan of everything, which says what
/// comes of it.
///
/// # Errors
/// What is wrong with the files, and addresses that nobody knows.
pub fn find(prepared: &Prepared, only: &[Address]) -> Result<(Drifts, Plan), Error> {
    let (drifts, plan) = prepared.drift(only)?;
    match drifts.unknown.first() {
        None => Ok((drifts, plan)),
        Some(unknown) => Err(Error::new(format!("there is no {unknown} in the files, the record or a system"))
            .hint("`tenure state list` shows what is managed")),
    }
}

/// What systems tell of who and when, by system and object. Where one cannot be asked that is said; the drift stands
/// without it.
async fn touched(readers: &Readers, drifts: &Drifts) -> BTreeMap<(Symbol, Target), Touched> {
    let mut asked: BTreeMap<Symbol, BTreeSet<Target>> = BTreeMap::new();
    for drift in &drifts.drifts {
        if let (Some(system), Some(object)) = (drift.address.system(), drift.object) {
            asked.entry(system).or_default().insert(object);
        }
    }
    let mut touched = BTreeMap::new();
    for (system, targets) in asked {
        let Some(reader) = readers.get(&system) else { continue };
        let targets: Vec<Target> = targets.into_iter().collect();
        match reader.touched(&targets).await {
            Ok(answers) => {
                let pairs = targets.into_iter().zip(answers);
                touched.extend(pairs.filter_map(|(target, answer)| Some(((system, target), answer?))));
            }
            Err(error) => render::note(&format!("system.{system} does not tell who and when: {}", error.whole())),
        }
    }
    touched
}
