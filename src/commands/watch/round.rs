//! One round: everything is read, what may go by itself is applied as a plan of its own, the rest is told.

use std::path::PathBuf;
use std::time::Duration;

use engine::plan::{Coming, Inventory};
use engine::watch::policy::{allowed, fits};
use engine::watch::{Round, Why};
use state::record::Recorded;
use state::{Action, Address, Finding, Plan, Severity, Symbol, Timestamp};

use super::board::{self, Sight};
use super::log::{Entry, Log};
use crate::cli::plan::{Format, Shown};
use crate::cli::{ApplyArgs, By, Global};
use crate::commands::apply::Carried;
use crate::commands::{accept, apply, drift};
use crate::edge::{Clock as _, SystemClock, provenance};
use crate::render::who::moment;
use crate::session::connect::Connection;
use crate::session::prepare::Prepared;
use crate::session::{Session, doubts};
use crate::{Error, Exit, planfile, telemetry};

/// Addresses that are tried one by one where what they need is of another kind.
const ONE_BY_ONE: usize = 20;

/// How a round went, and what it read.
pub struct Done {
    pub round: Round,
    pub sources: Vec<PathBuf>,
    /// The systems as the files say that they are reached; none where that could not be read.
    pub systems: Option<Vec<Connection>>,
}

/// A round. What goes wrong in it is told, and is no error: the next round comes.
///
/// # Errors
/// Where nobody can be told.
pub fn round(global: &Global, why: Why, log: &mut Log) -> Result<Done, Error> {
    let mut span = telemetry::root("tenure watch");
    span.say("tenure.why", || why.to_string());
    match look(global, why, log) {
        Ok(done) => {
            if done.round.failed {
                span.fail();
            }
            Ok(done)
        }
        Err(error @ Error::Output(_)) => Err(error),
        Err(error) => {
            span.fail();
            log.tell(Entry::Failed { error: error.plain().trim().to_owned() })?;
            Ok(Done { round: Round { failed: true, ..Round::default() }, sources: Vec::new(), systems: None })
        }
    }
}

fn look(global: &Global, why: Why, log: &mut Log) -> Result<Done, Error> {
    let runtime = crate::commands::runtime()?;
    let (session, mut recorded) = drift::open(global)?;
    hasten(&session, &mut recorded, &mut log.locked)?;
    let mut prepared = drift::read(session, recorded, &runtime)?;
    let kinds = prepared.folder.settings.watch.apply.clone();
    let propose = prepared.folder.settings.watch.propose.clone();
    let (drifts, plan) = prepared.drift(&[])?;
    let held = plan.held();
    log.tell(Entry::Round {
        why: why.to_string(),
        changes: plan.changes.len(),
        held: held.len(),
        drift: drifts.drifts.len(),
    })?;
    let coming = prepared.coming();
    log.board.saw(|| sight(&prepared, &plan, held.len(), drifts.drifts.len(), &coming));
    let may = chosen(&prepared, &plan, &kinds)?;
    let mut standing: Vec<Entry> = drifts
        .drifts
        .iter()
        .map(|drift| Entry::Drift { address: drift.address, what: drift.what.word(), fate: drift.fate.word() })
        .collect();
    for (system, error) in &drifts.unread {
        standing.push(Entry::Unread { system: system.to_string(), error: error.clone() });
    }
    let going = may.as_ref().map_or(&[][..], |(addresses, _)| addresses);
    standing.extend((0u32..).zip(&plan.changes).filter(|(_, change)| !going.contains(&change.address)).map(
        |(number, change)| Entry::Waits {
            address: change.address,
            action: change.action.word(),
            held: held.binary_search(&number).is_ok(),
        },
    ));
    log.stand(standing)?;
    let (due, seen) = (due(&prepared, &coming), Some(plan.digest));
    let sources = plan.inputs.keys().map(PathBuf::from).filter(|path| path.is_file()).collect();
    let folder = prepared.folder.path.clone();
    // Before something is applied, with what was read; what is about to be changed is not to be accepted.
    let patch = match &propose {
        Some(_) => {
            let left = drifts.drifts.into_iter().filter(|drift| !going.contains(&drift.address)).collect();
            Some(accept::patch(global, &mut prepared, left)?)
        }
        None => None,
    };
    if may.is_none() && !prepared.settlement.events.is_empty() {
        runtime.block_on(apply::settle(&prepared))?;
    }
    let systems = std::mem::take(&mut prepared.connections);
    drop(prepared);
    drop(runtime);
    let mut failed = !drifts.unread.is_empty();
    let mut applied = Vec::new();
    if let Some((addresses, plan)) = may {
        let carried = carry_out(global, &addresses, &plan, log.locked)?;
        let (done, left): (Vec<Address>, Vec<Address>) =
            addresses.into_iter().partition(|address| carried.done.binary_search(address).is_ok());
        let exit = carried.exit.code();
        // What a safeguard holds beside it is told by itself.
        failed |= !matches!(carried.exit, Exit::Done | Exit::Held) || !left.is_empty();
        applied.clone_from(&done);
        log.tell(Entry::Applied { addresses: done, left, exit })?;
    }
    if let (Some(path), Some(patch)) = (propose, patch) {
        let full = folder.join(&path);
        let known = std::fs::read_to_string(&full).unwrap_or_default();
        if patch != known {
            put(&full, &patch)?;
            log.tell(Entry::Proposed { path })?;
        }
    }
    Ok(Done { round: Round { failed, due, seen, applied }, sources, systems: Some(systems) })
}

/// Who left something in doubt and does not hold the lock any more calls nothing more, so that looking tells sooner than
/// the record knows. `locked`: when the lock was free last, as far as that was asked.
fn hasten(session: &Session, recorded: &mut Recorded, locked: &mut Option<Timestamp>) -> Result<(), Error> {
    let now = SystemClock.now();
    if doubts::patience(recorded, now).is_none() {
        return Ok(());
    }
    let last = recorded.open.iter().map(|open| open.at).max();
    if *locked <= last {
        let holder = provenance::holder("watch", now);
        // Held by somebody who is at it, or not to be had: the deadlines of the calls stand.
        *locked = session.folder.store()?.lock(&holder, Duration::ZERO).ok().map(|_| SystemClock.now());
    }
    if let Some(locked) = *locked {
        doubts::hasten(recorded, &session.connections()?, locked);
    }
    Ok(())
}

/// What this round saw, for whoever asks.
fn sight(prepared: &Prepared, plan: &Plan, held: usize, drift: usize, coming: &Coming) -> Sight {
    let systems = prepared.connections.iter().map(|connection| {
        let inventory = prepared.readings.get(&connection.name).map(|reading| &reading.inventory);
        let read = match inventory {
            Some(Inventory::Incomplete(error)) => Err(error.clone()),
            None => Err("it was not read".to_owned()),
            Some(inventory) => inventory
                .observed()
                .map(|observed| [observed.accounts.len(), observed.groups.len(), observed.memberships.len()])
                .ok_or_else(|| "it was not read".to_owned()),
        };
        board::System { name: connection.name, provider: Symbol::new(connection.provider.name()), read }
    });
    let told = plan.findings.iter().filter(|finding| finding.severity != Severity::Approved);
    let mut findings: Vec<Finding> = told.cloned().collect();
    findings.sort_by_key(|finding| finding.severity != Severity::Holds);
    let stages = coming.stages.iter().map(|stage| {
        let held = if stage.on_hold { " (legal hold)" } else { "" };
        (stage.day.to_string(), format!("{} {}{held}", stage.action.word(), stage.account))
    });
    let ends = coming.expiring.iter().map(|(until, what)| (moment(*until), format!("{what} ends")));
    let leaving = coming.leaving.iter().map(|(day, who)| (day.to_string(), format!("{who} leaves after this day")));
    let mut coming: Vec<(String, String)> = stages.chain(ends).chain(leaving).collect();
    coming.sort();
    let recorded = &prepared.recorded;
    Sight {
        changes: plan.changes.len(),
        held,
        drift,
        systems: systems.collect(),
        findings,
        coming,
        identities: recorded.identities.len(),
        objects: recorded.objects.len(),
        line: recorded.head_line,
        head: recorded.head,
    }
}

/// What may go by itself, as a plan of its own, with nothing in it but changes of these kinds.
fn chosen(prepared: &Prepared, plan: &Plan, kinds: &[Action]) -> Result<Option<(Vec<Address>, Plan)>, Error> {
    let all = allowed(plan, kinds);
    if all.is_empty() {
        return Ok(None);
    }
    let own = prepared.plan(&all)?.plan;
    if fits(&own, kinds) {
        return Ok(Some((all, own)));
    }
    // Some need what is of another kind: these wait.
    let mut alone = Vec::new();
    for address in all.into_iter().take(ONE_BY_ONE) {
        if fits(&prepared.plan(&[address])?.plan, kinds) {
            alone.push(address);
        }
    }
    if alone.is_empty() {
        return Ok(None);
    }
    let own = prepared.plan(&alone)?.plan;
    Ok(fits(&own, kinds).then_some((alone, own)))
}

/// Exactly this plan, by way of `tenure apply FILE`: planned again under the lock, and refused where it comes out
/// otherwise; the next round then sees why.
fn carry_out(global: &Global, targets: &[Address], plan: &Plan, free: Option<Timestamp>) -> Result<Carried, Error> {
    let cannot = |error: std::io::Error| Error::new(format!("cannot keep the plan: {error}"));
    let folder = tempfile::tempdir().map_err(cannot)?;
    let file = folder.path().join("watch.plan");
    planfile::write(&file, plan, None)?;
    let args = ApplyArgs {
        file: Some(file),
        auto_approve: true,
        approval: Vec::new(),
        identity: None,
        parallelism: None,
        target: targets.to_vec(),
        by: By::Person,
        full: false,
    };
    let shown = Shown { json: true, format: Format::Json, ..args.shown() };
    apply::carry_out(global, &args, &shown, None, apply::Doubts::Left { free })
}

/// The next moment at which time alone brings something, or looking tells what an earlier run left in doubt; midnight at
/// the latest, when days end and begin.
fn due(prepared: &Prepared, coming: &Coming) -> Option<Timestamp> {
    let now = prepared.folder.now;
    let files = &prepared.configuration;
    let begins = files.not_in_force.iter().filter_map(|membership| membership.from);
    // What the files give for a time ends then, whether or not the record has it already.
    let given = files.memberships.iter().filter_map(|membership| membership.until);
    let given = given.chain(files.accounts.iter().filter_map(|account| account.until));
    let midnight = prepared.folder.settings.timezone.as_str();
    let midnight = jiff::tz::TimeZone::get(midnight).ok().and_then(|zone| {
        let tomorrow = now.to_jiff().to_zoned(zone).tomorrow().ok()?.start_of_day().ok()?;
        Some(tomorrow.timestamp().into())
    });
    let ends = coming.expiring.iter().map(|(until, _)| *until);
    let stages = coming.stages.iter().filter(|stage| !stage.on_hold).map(|stage| stage.due);
    let doubts = prepared.settlement.doubts.iter().filter_map(|doubt| doubt.until);
    ends.chain(given).chain(stages).chain(begins).chain(midnight).chain(doubts).filter(|moment| *moment > now).min()
}

/// Puts a patch in its place, whole or not at all; takes it away where there is nothing to accept.
fn put(path: &std::path::Path, patch: &str) -> Result<(), Error> {
    let written = (|| {
        if patch.is_empty() {
            return std::fs::remove_file(path);
        }
        let folder = path.parent().unwrap_or(std::path::Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        std::io::Write::write_all(&mut file, patch.as_bytes())?;
        file.persist(path).map(drop).map_err(|error| error.error)
    })();
    written.map_err(|error| Error::new(format!("cannot write {}: {error}", path.display())))
}
