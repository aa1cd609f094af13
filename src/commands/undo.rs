//! `tenure undo`.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::apply::Report;
use engine::undo::{Difference, Done, Refused, differences, expected};
use serde::Serialize;
use state::record::Text;
use state::{Plan, Presence, Schema, Severity, Symbol};

use super::apply;
use crate::cli::{Global, UndoArgs};
use crate::driver::{Look, Progress};
use crate::edge::record::damaged;
use crate::edge::{Recipients, Record, provenance};
use crate::session::Session;
use crate::session::prepare::{From, Prepared};
use crate::{Error, Exit, planfile, render};

/// Targets that are looked at in one read.
const LOOK: usize = 200;

/// Gives back how things were before a run.
pub fn run(global: &Global, args: &UndoArgs) -> Result<Exit, Error> {
    match &args.out {
        None => {
            Ok(apply::carry_out(global, &args.apply(), &args.shown(), Some(&args.run), apply::Doubts::Settled)?.exit)
        }
        Some(path) => {
            let recipients = args.encrypt_to.as_deref().map(Recipients::read).transpose()?;
            let plan = make(global, args)?;
            planfile::write(path, &plan, recipients.as_ref())?;
            render::plan::print(&plan, &args.shown())?;
            super::plan::note_kept(path, recipients.is_some());
            let held = plan.findings.iter().any(|finding| finding.severity == Severity::Holds);
            Ok(if held { Exit::Held } else { Exit::Done })
        }
    }
}

/// Makes the plan; nothing is written, so no lock is needed.
fn make(global: &Global, args: &UndoArgs) -> Result<Plan, Error> {
    let session = Session::open(global)?;
    let commit = provenance::commit(&session.folder.path);
    let store = session.folder.store()?;
    let record = session.folder.record(&[])?.ok_or_else(|| no_state(&session))?;
    let bytes = store.load()?;
    let progress = Arc::new(Progress::reading(&record.recorded, Look::detect()));
    let prepared = super::runtime()?.block_on(Prepared::new(session, record.recorded, From::Systems(&progress)))?;
    progress.finish();
    let done = done(&args.run, &bytes, &prepared)?;
    let mut plan = prepared.undo(&args.target, &done)?.plan;
    plan.commit = commit;
    refuse(&plan, &done)?;
    Ok(plan)
}

fn no_state(session: &Session) -> Error {
    session.folder.no_state().hint("without the record of what was done nothing can be undone; put it back first")
}

/// What the run that is asked for did, as the record's lines in `bytes` say.
///
/// # Errors
/// Where there is no such run, or it cannot be undone.
pub(super) fn done(asked: &str, bytes: &[u8], prepared: &Prepared) -> Result<Done, Error> {
    let name = prepared.folder.place.to_string();
    let text = Text::new(bytes).map_err(|damage| damaged(&name, &damage))?;
    engine::undo::read(&text, &prepared.settlement.events, asked).map_err(|refused| match refused {
        Refused::Not { message, hint } => Error::new(message).hint(hint),
        Refused::Damaged(damage) => damaged(&name, &damage).into(),
    })
}

/// Refuses to undo what was undone.
///
/// # Errors
/// Where the run was undone, and nothing of it is left to be given back.
pub(super) fn refuse(plan: &Plan, done: &Done) -> Result<(), Error> {
    match done.undone_by.last() {
        Some((by, at)) if plan.changes.is_empty() => {
            Err(Error::new(format!("run {} was undone already: by run {by} at {at}", done.started.run))
                .hint(format!("`tenure undo {by}` undoes the undoing")))
        }
        _ => Ok(()),
    }
}

/// Compares what was to be with what the systems answer now, and shows it.
///
/// # Errors
/// Where the output cannot be written, or the record cannot be read.
pub(super) async fn check(
    prepared: &Prepared,
    plan: &Plan,
    report: &Report,
    run: Symbol,
    json: bool,
) -> Result<bool, Error> {
    let recorded = Record::read(&*prepared.folder.store()?, &[])?.recorded;
    let (expected, not_done) = expected(plan, report, &recorded);
    let mut presences: Vec<Presence> = vec![Presence::Hidden("its system is not connected".to_owned()); expected.len()];
    let mut by_system: BTreeMap<Symbol, Vec<usize>> = BTreeMap::new();
    for (n, one) in expected.iter().enumerate() {
        by_system.entry(one.system).or_default().push(n);
    }
    for (system, numbers) in by_system {
        let Some(reader) = prepared.readers.get(&system) else { continue };
        for part in numbers.chunks(LOOK) {
            let targets: Vec<_> = part.iter().filter_map(|n| Some(expected.get(*n)?.target)).collect();
            let answers = match reader.read(&targets).await {
                Ok(answers) if answers.len() == targets.len() => answers,
                Ok(answers) => {
                    let why = format!("{} of {} objects were answered", answers.len(), targets.len());
                    vec![Presence::Hidden(why); targets.len()]
                }
                Err(error) => vec![Presence::Hidden(error.message); targets.len()],
            };
            for (n, answer) in part.iter().zip(answers) {
                if let Some(slot) = presences.get_mut(*n) {
                    *slot = answer;
                }
            }
        }
    }
    let schemas: BTreeMap<Symbol, &Schema> =
        prepared.readings.iter().map(|(name, reading)| (*name, &reading.schema)).collect();
    let differences = differences(&expected, &presences, &schemas);
    if json {
        print_json(plan, report, run, expected.len(), &differences)?;
    } else {
        render::undo::compared(&mut anstream::stdout().lock(), expected.len(), not_done, &differences)?;
    }
    Ok(differences.is_empty())
}

fn print_json(plan: &Plan, report: &Report, run: Symbol, compared: usize, all: &[Difference]) -> Result<(), Error> {
    #[derive(Serialize)]
    struct Differs<'a> {
        address: state::Address,
        what: &'a str,
    }
    #[derive(Serialize)]
    struct Told<'a> {
        run: Symbol,
        undoes: Option<Symbol>,
        status: &'a str,
        counts: &'a BTreeMap<String, u64>,
        /// Objects that were looked at again.
        compared: usize,
        differs: Vec<Differs<'a>>,
    }
    let told = Told {
        run,
        undoes: plan.undoes.as_ref().map(|undoes| undoes.run),
        status: report.status.word(),
        counts: &report.counts,
        compared,
        differs: all.iter().map(|one| Differs { address: one.address, what: &one.what }).collect(),
    };
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &told).map_err(std::io::Error::from)?;
    std::io::Write::write_all(&mut out, b"\n")?;
    Ok(())
}
