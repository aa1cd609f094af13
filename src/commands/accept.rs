//! `tenure accept`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use engine::accept::{Texts, Verdict, accept};
use engine::configuration::{Loaded, Sources as _};
use engine::drift::{Drift, Fate, What};
use engine::language::Files;
use similar::TextDiff;
use state::{Address, Change, Plan};

use super::drift;
use crate::cli::{AcceptArgs, Global};
use crate::edge::rewrite::{Rewrite, Rewriting};
use crate::edge::{Outside, Overlaid};
use crate::render::accept as shown;
use crate::session::prepare::Prepared;
use crate::session::{Session, folder, variables};
use crate::{Error, Exit, render};

/// Writes what others changed into the files that declare it, or prints it as a patch.
pub fn run(global: &Global, args: &AcceptArgs) -> Result<Exit, Error> {
    let here = folder::here()?;
    let writing = if args.patch { None } else { Some(Rewriting::begin(&here)?) };
    if let Some(finished) = writing.as_ref().map(|writing| writing.finished).filter(|finished| *finished > 0) {
        render::note(&format!("finished an earlier accept that was interrupted: {finished} files"));
    }
    let runtime = super::runtime()?;
    let mut prepared = drift::prepare(global, &runtime)?;
    let (found, before) = drift::find(&prepared, &args.only)?;
    for (system, error) in &found.unread {
        render::note(&format!("system.{system} could not be read, nothing of it is accepted: {error}"));
    }
    let wanted = wanted(found.drifts);
    if wanted.is_empty() {
        writeln!(anstream::stdout().lock(), "Nothing to accept.")?;
        return Ok(if found.unread.is_empty() { Exit::Done } else { Exit::Held });
    }
    let outside = Outside::new(&here, global.operator.as_deref(), &global.allow_path)?;
    let attempt = Attempt { global, outside: &outside, wanted: &wanted, patch: args.patch };
    let attempted = match args.only.is_empty() {
        true => attempt.best(&mut prepared)?,
        false => attempt.write(&mut prepared, &BTreeSet::new())?,
    };
    let left: Vec<(&Drift, &Verdict)> = attempted.left(args.patch).collect();
    if let [(_, first), ..] = left[..]
        && (!args.only.is_empty() || !attempted.failed.is_empty())
    {
        shown::left(&mut anstream::stderr().lock(), &left, &attempted.proposals)?;
        let hint = match first {
            Verdict::Proposed { .. } => "--patch prints it, to be looked at and applied by hand".to_owned(),
            Verdict::Written { .. } | Verdict::Refused { .. } => "name only what the files have a place for".to_owned(),
        };
        return Err(Error::new("nothing was written: not all of this can be").hint(hint));
    }
    shown::left(&mut anstream::stderr().lock(), &left, &attempted.proposals)?;
    let exit = if left.is_empty() && found.unread.is_empty() { Exit::Done } else { Exit::Held };
    let mut out = anstream::stdout().lock();
    if args.patch {
        write!(out, "{}", attempted.diff())?;
        return Ok(exit);
    }
    if attempted.changed.is_empty() {
        writeln!(out, "Nothing was written.")?;
        return Ok(exit);
    }
    let files: Vec<Rewrite> = attempted.changed.iter().map(|file| rewrite(&here, file)).collect::<Result<_, _>>()?;
    if let Some(writing) = writing {
        writing.write(&files)?;
    }
    shown::written(&mut out, &attempted.written(), &follows(&before, &attempted.after, &wanted))?;
    let names: Vec<&str> = attempted.changed.iter().map(|(path, ..)| path.as_str()).collect();
    writeln!(out, "\nWritten: {}. Look at it (`git diff`), then `tenure plan`.", names.join(", "))?;
    Ok(exit)
}

/// The patch that `--patch` prints, for what others changed; empty where nothing is to be accepted. `prepared` is as it was
/// afterwards.
pub fn patch(global: &Global, prepared: &mut Prepared, drifts: Vec<Drift>) -> Result<String, Error> {
    let here = folder::here()?;
    let wanted = wanted(drifts);
    if wanted.is_empty() {
        return Ok(String::new());
    }
    let outside = Outside::new(&here, global.operator.as_deref(), &global.allow_path)?;
    let attempt = Attempt { global, outside: &outside, wanted: &wanted, patch: true };
    let attempted = attempt.best(prepared)?;
    Ok(if attempted.failed.is_empty() { attempted.diff() } else { String::new() })
}

/// What can be accepted: what the files want as it is now needs no change of them.
fn wanted(drifts: Vec<Drift>) -> Vec<Drift> {
    drifts.into_iter().filter(|drift| drift.fate != Fate::Agrees).collect()
}

/// A file of the configuration with its new text, at its real place, which must lie in the folder.
fn rewrite(here: &std::path::Path, (path, old, new): &Changed) -> Result<Rewrite, Error> {
    let real: PathBuf = std::fs::canonicalize(here.join(path))
        .map_err(|error| Error::new(format!("cannot change {path}: {error}")).hint("nothing was changed"))?;
    if !real.starts_with(here) {
        return Err(Error::new(format!("{path} lies outside of the configuration folder: it is not written"))
            .hint("nothing was changed; --patch prints what would be"));
    }
    Ok(Rewrite { path: real, before: old.as_bytes().to_vec(), after: new.as_bytes().to_vec() })
}

/// What the new files change beside what was accepted: it follows from it.
fn follows<'p>(before: &Plan, after: &'p Plan, accepted: &[Drift]) -> Vec<&'p Change> {
    let known: BTreeMap<Address, Vec<&Change>> = before.changes.iter().fold(BTreeMap::new(), |mut all, change| {
        all.entry(change.address).or_insert_with(Vec::new).push(change);
        all
    });
    let same = |change: &Change| {
        let own = known.get(&change.address).map_or(&[][..], Vec::as_slice);
        own.iter().any(|own| own.action == change.action && own.after == change.after)
    };
    let was = |change: &Change| accepted.iter().any(|drift| drift.address == change.address);
    after.changes.iter().filter(|change| !same(change) && !was(change)).collect()
}

/// A file that is changed: its path, its old and its new text.
type Changed = (String, Arc<str>, Arc<str>);

/// What is to be accepted.
struct Attempt<'a> {
    global: &'a Global,
    outside: &'a Outside,
    wanted: &'a [Drift],
    patch: bool,
}

/// How it went, in memory.
struct Attempted<'a> {
    verdicts: Vec<(&'a Drift, Verdict)>,
    /// Diffs of what is only proposed, by number of the verdict.
    proposals: BTreeMap<usize, String>,
    changed: Vec<Changed>,
    /// Numbers of those that the plan with the new files does not leave alone.
    failed: BTreeSet<usize>,
    /// That plan.
    after: Plan,
}

impl Attempted<'_> {
    /// What changes, as a unified diff.
    fn diff(&self) -> String {
        let one = |(path, old, new): &Changed| {
            let diff = TextDiff::from_lines(&**old, &**new);
            diff.unified_diff().header(&format!("a/{path}"), &format!("b/{path}")).to_string()
        };
        self.changed.iter().map(one).collect()
    }

    fn left(&self, patch: bool) -> impl Iterator<Item = (&Drift, &Verdict)> {
        let left = move |verdict: &Verdict| match verdict {
            Verdict::Written { .. } => false,
            Verdict::Proposed { .. } => !patch,
            Verdict::Refused { .. } => true,
        };
        self.verdicts.iter().map(|(drift, verdict)| (*drift, verdict)).filter(move |(_, verdict)| left(verdict))
    }

    fn written(&self) -> Vec<(&Drift, &str)> {
        let written = self.verdicts.iter().filter_map(|(drift, verdict)| match verdict {
            Verdict::Written { place } => Some((*drift, place.as_str())),
            Verdict::Proposed { .. } | Verdict::Refused { .. } => None,
        });
        written.collect()
    }
}

impl<'a> Attempt<'a> {
    /// Writes all in memory that comes to what is wanted: what does not is left, and the rest is tried without it.
    fn best(&self, prepared: &mut Prepared) -> Result<Attempted<'a>, Error> {
        let attempted = self.write(prepared, &BTreeSet::new())?;
        if attempted.failed.is_empty() { Ok(attempted) } else { self.write(prepared, &attempted.failed) }
    }

    /// Writes all but `without` in memory, and plans with what comes out.
    fn write(&self, prepared: &mut Prepared, without: &BTreeSet<usize>) -> Result<Attempted<'a>, Error> {
        let read = |path: &str| {
            let bytes = self.outside.read(path)?;
            String::from_utf8(bytes).map_err(|_| format!("`{path}` is not UTF-8"))
        };
        let files = prepared.folder.files.clone();
        let mut texts = Texts::new(&files, &read);
        let (mut verdicts, mut proposals) = (Vec::new(), BTreeMap::new());
        for (number, drift) in self.wanted.iter().enumerate() {
            if without.contains(&number) {
                verdicts.push((drift, unproved()));
                continue;
            }
            let saved = texts.saved();
            let verdict = accept(&mut texts, &prepared.configuration, drift);
            if matches!(verdict, Verdict::Proposed { .. }) && !self.patch {
                proposals.insert(number, shown::difference(&saved, &texts));
                texts.restore(saved);
            }
            verdicts.push((drift, verdict));
        }
        let changed = changed(&files, &texts, &read)?;
        let stays = |verdict: &Verdict| match verdict {
            Verdict::Written { .. } => true,
            Verdict::Proposed { .. } => self.patch,
            Verdict::Refused { .. } => false,
        };
        let session = self.session(prepared, &texts)?;
        let former = prepared.exchange(session)?;
        let (again, after) = drift::find(prepared, &[])?;
        prepared.restore(former);
        let mut failed = BTreeSet::new();
        for (number, (drift, verdict)) in verdicts.iter_mut().enumerate() {
            let differs = |one: &&Drift| one.address == drift.address && same(&one.what, &drift.what);
            let settled = again.drifts.iter().filter(differs).all(|one| one.fate == Fate::Agrees);
            if stays(verdict) && !settled {
                failed.insert(number);
                *verdict = unproved();
            }
        }
        Ok(Attempted { verdicts, proposals, changed, failed, after })
    }

    /// The configuration as it would be.
    fn session(&self, prepared: &Prepared, texts: &Texts<'_>) -> Result<Session, Error> {
        let overlaid = Overlaid { outside: self.outside.clone(), texts: texts.data.clone() };
        let folder = &prepared.folder;
        let given = variables::given(self.global)?;
        let loaded = Loaded::load(texts.files.clone(), Arc::new(overlaid), &given, folder.now)?;
        Session::of(loaded, folder.path.clone(), folder.now, folder.key())
    }
}

/// Whether two differences are about the same.
fn same(one: &What, other: &What) -> bool {
    match (one, other) {
        (What::Changed { attribute: one, .. }, What::Changed { attribute: other, .. }) => one == other,
        _ => one == other,
    }
}

fn unproved() -> Verdict {
    Verdict::Refused {
        why: "no change of the files was found after which the plan would leave it as it is".to_owned(),
        hint: "change what it comes from by hand".to_owned(),
    }
}

/// Path, old and new text of the files that are not as they were.
fn changed(
    files: &Files,
    texts: &Texts<'_>,
    read: &dyn Fn(&str) -> Result<String, String>,
) -> Result<Vec<Changed>, Error> {
    let pairs = files.0.iter().zip(&texts.files.0);
    let mut changed: Vec<_> = pairs
        .filter(|(old, new)| old.text != new.text)
        .map(|(old, new)| (old.path.to_string(), old.text.clone(), new.text.clone()))
        .collect();
    for (path, new) in &texts.data {
        let old: Arc<str> = read(path).map_err(Error::new)?.into();
        if old != *new {
            changed.push((path.clone(), old, new.clone()));
        }
    }
    changed.sort();
    Ok(changed)
}
