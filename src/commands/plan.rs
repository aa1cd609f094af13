//! `tenure plan`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use state::{Address, Plan, Severity};

use crate::cli::plan::Shown;
use crate::cli::{Global, PlanArgs};
use crate::driver::{Look, Progress};
use crate::edge::{Recipients, Record, provenance};
use crate::session::prepare::{From, Prepared};
use crate::session::{Session, approvals};
use crate::{Error, Exit, planfile, render};

/// Shows what would change. Only readers are made.
pub fn run(global: &Global, args: &PlanArgs) -> Result<Exit, Error> {
    let recipients = args.encrypt_to.as_deref().map(Recipients::read).transpose()?;
    let plan = make(global, args.recorded, &args.target, &args.approval)?;
    if let Some(path) = &args.out {
        planfile::write(path, &plan, recipients.as_ref())?;
    }
    render::plan::print(
        &plan,
        &Shown {
            kept: args.out.clone(),
            approvals: args.approval.clone(),
            run_url: provenance::run_url(),
            ..args.shown.clone()
        },
    )?;
    if let Some(path) = &args.out {
        note_kept(path, recipients.is_some());
    }
    let held = plan.findings.iter().any(|finding| finding.severity == Severity::Holds);
    let changes = !plan.changes.is_empty() || render::plan::shows_facts(&plan);
    // The process ends: taking millions of changes apart one by one would only make whoever waits wait longer.
    std::mem::forget(plan);
    Ok(match (held, changes) {
        (true, _) => Exit::Held,
        (false, true) if args.detailed_exitcode => Exit::Changes,
        _ => Exit::Done,
    })
}

/// Says what a plan that was kept is good for.
pub(super) fn note_kept(path: &Path, encrypted: bool) {
    let path = path.display();
    let (how, identity) = if encrypted { (", encrypted", " --identity KEY") } else { ("", "") };
    render::note(&format!(
        "the plan is kept in {path}{how}: `tenure apply {path}{identity}` carries exactly this one out"
    ));
}

/// Makes a plan, from what the systems answer or (`recorded`) from what the record knows of them.
pub fn make(global: &Global, recorded: bool, targets: &[Address], approvals: &[PathBuf]) -> Result<Plan, Error> {
    let approvals = approvals::read(approvals)?;
    let session = if recorded { Session::offline(global)? } else { Session::open(global)? };
    let commit = provenance::commit(&session.folder.path);
    let (session, record) = session.with_record()?;
    match &record {
        None => render::note(&format!(
            "no state yet: {} is not there, so nothing is managed so far; `tenure init` starts it",
            session.folder.place
        )),
        Some(Record { torn: Some((line, bytes)), .. }) => {
            render::note(&format!("line {line} of the state file is unfinished ({bytes} bytes): it is not counted"));
        }
        Some(_) => {}
    }
    let known = record.map(|record| record.recorded).unwrap_or_default();
    let progress = Arc::new(Progress::reading(&known, Look::detect()));
    let from = if recorded { From::Record } else { From::Systems(&progress) };
    let prepared = super::runtime()?.block_on(Prepared::new(session, known, from))?;
    progress.finish();
    let engine::plan::Planned { mut plan, watches, .. } = prepared.plan(targets)?;
    plan.commit = commit;
    approvals::apply(&mut plan, &watches, &approvals, &prepared)?;
    prepared.leave();
    Ok(plan)
}
