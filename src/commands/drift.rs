//! `tenure drift`.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write as _};
use std::sync::Arc;

use engine::drift::{Drift, Drifts, What};
use providers::{Difference, Outside};
use state::record::Recorded;
use state::{Address, Plan, Symbol, Touched};

use crate::cli::{DriftArgs, Global};
use crate::driver::{Look, Progress};
use crate::session::Session;
use crate::session::prepare::{From, Prepared};
use crate::{Error, Exit, render};

/// Shows what others changed. Only readers are made.
pub fn run(global: &Global, args: &DriftArgs) -> Result<Exit, Error> {
    let runtime = super::runtime()?;
    let prepared = prepare(global, &runtime)?;
    let (drifts, _) = find(&prepared, &args.only)?;
    let touched = runtime.block_on(touched(&prepared, &drifts));
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

/// What systems tell of who and when, for each difference. Where one cannot be asked that is said; the drift stands
/// without it.
async fn touched(prepared: &Prepared, drifts: &Drifts) -> Vec<Option<Touched>> {
    let mut asked: BTreeMap<Symbol, Vec<usize>> = BTreeMap::new();
    for (n, drift) in drifts.drifts.iter().enumerate() {
        if let Some(system) = drift.address.system() {
            asked.entry(system).or_default().push(n);
        }
    }
    let mut touched = vec![None; drifts.drifts.len()];
    for (system, places) in asked {
        let Some(reader) = prepared.readers.get(&system) else { continue };
        let drifts = places.iter().filter_map(|n| drifts.drifts.get(*n));
        let differences: Vec<Difference> = drifts.map(|drift| difference(drift, &prepared.recorded)).collect();
        match reader.touched(&differences).await {
            Ok(told) => {
                for (n, answer) in places.into_iter().zip(told.touched) {
                    touched.get_mut(n).into_iter().for_each(|place| place.clone_from(&answer));
                }
                if let Some(limits) = told.limits {
                    render::note(&format!("system.{system} does not tell of everything who and when: {limits}"));
                }
            }
            Err(error) => render::note(&format!("system.{system} does not tell who and when: {}", error.whole())),
        }
    }
    touched
}

/// A drift as a system's log is asked of it.
fn difference(drift: &Drift, recorded: &Recorded) -> Difference {
    let known = recorded.objects.get(&drift.address);
    let what = match &drift.what {
        What::Changed { attribute, after, .. } => Outside::Changed { attribute: *attribute, after: after.clone() },
        What::SwitchedOff => Outside::SwitchedOff,
        What::SwitchedOn => Outside::SwitchedOn,
        What::Gone => Outside::Gone,
        What::Given => Outside::Given,
        What::Taken => Outside::Taken,
    };
    Difference {
        object: drift.object,
        target: drift.target,
        what,
        recorded: known.map(|known| known.attributes.clone()).unwrap_or_default(),
        since: known.map(|known| known.since),
    }
}
