//! `tenure accept`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use engine::accept::{Changed, Texts, Verdict, Written, accept};
use engine::configuration::{Loaded, Sources as _};
use engine::drift::{Drift, Fate, What};
use engine::language::{Diagnostic, Files};
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
        true => attempt.best(&mut prepared),
        false => attempt.write(&mut prepared, &BTreeMap::new()),
    };
    let attempted = attempted.inspect_err(|error| {
        if let Error::Configuration { .. } = error {
            render::note("nothing was written: this is wrong with the files as they would be");
        }
    })?;
    let left: Vec<(&Drift, &Verdict, Option<&str>)> = attempted.left(args.patch).collect();
    if let [(_, first, _), ..] = left[..]
        && (!args.only.is_empty() || !attempted.failed.is_empty())
    {
        shown::left(&mut std::io::BufWriter::new(anstream::stderr().lock()), &left)?;
        let hint = match first {
            Verdict::Proposed { .. } => "--patch prints it, to be looked at and applied by hand".to_owned(),
            Verdict::Written { .. } | Verdict::Refused { .. } => "name only what the files have a place for".to_owned(),
        };
        return Err(Error::new("nothing was written: not all of this can be").hint(hint));
    }
    shown::left(&mut std::io::BufWriter::new(anstream::stderr().lock()), &left)?;
    let exit = if left.is_empty() && found.unread.is_empty() { Exit::Done } else { Exit::Held };
    let mut out = std::io::BufWriter::new(anstream::stdout().lock());
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
    let names: Vec<&str> = attempted.changed.iter().map(|changed| changed.path.as_str()).collect();
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
fn rewrite(here: &std::path::Path, Changed { path, before, after }: &Changed) -> Result<Rewrite, Error> {
    let real: PathBuf = std::fs::canonicalize(here.join(path))
        .map_err(|error| Error::new(format!("cannot change {path}: {error}")).hint("nothing was changed"))?;
    if !real.starts_with(here) {
        return Err(Error::new(format!("{path} lies outside of the configuration folder: it is not written"))
            .hint("nothing was changed; --patch prints what would be"));
    }
    Ok(Rewrite { path: real, before: before.as_bytes().to_vec(), after: after.as_bytes().to_vec() })
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
    let accepted: BTreeSet<Address> = accepted.iter().map(|drift| drift.address).collect();
    let was = |change: &Change| accepted.contains(&change.address);
    after.changes.iter().filter(|change| !same(change) && !was(change)).collect()
}

/// How many proposals are shown with the difference that they make: `--patch` prints all.
const SHOWN: usize = 50;

/// How often the files are tried without some of what is wanted, where all of it together makes them wrong.
const TRIES: usize = 64;

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
    /// Differences of what is only proposed, by number of the verdict; of the first ones.
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
        shown::difference(&self.changed, 3)
    }

    fn left(&self, patch: bool) -> impl Iterator<Item = (&Drift, &Verdict, Option<&str>)> {
        let left = move |verdict: &Verdict| match verdict {
            Verdict::Written { .. } => false,
            Verdict::Proposed { .. } => !patch,
            Verdict::Refused { .. } => true,
        };
        let all = self.verdicts.iter().enumerate();
        all.map(|(number, (drift, verdict))| (*drift, verdict, self.proposals.get(&number).map(String::as_str)))
            .filter(move |(_, verdict, _)| left(verdict))
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
        let mut without = BTreeMap::new();
        let attempted = match self.write(prepared, &without) {
            Err(Error::Configuration { .. }) => {
                let mut left = TRIES;
                self.culprits(prepared, 0..self.wanted.len(), &mut left, &mut without)?;
                self.write(prepared, &without)?
            }
            other => other?,
        };
        if attempted.failed.is_empty() {
            return Ok(attempted);
        }
        let failed = attempted.failed.iter().filter_map(|number| Some((*number, attempted.verdicts.get(*number)?)));
        without.extend(failed.map(|(number, (_, verdict))| (number, verdict.clone())));
        self.write(prepared, &without)
    }

    /// Which of them, each by itself, the files are not right any more with: a rule that it breaks. Found by halves.
    fn culprits(
        &self,
        prepared: &mut Prepared,
        among: Range<usize>,
        left: &mut usize,
        found: &mut BTreeMap<usize, Verdict>,
    ) -> Result<(), Error> {
        let others = (0..self.wanted.len()).filter(|number| !among.contains(number));
        let without = others.map(|number| (number, unproved())).collect();
        let error = match self.write(prepared, &without) {
            Ok(_) => return Ok(()),
            Err(Error::Configuration { files, diagnostics }) if *left > 0 => (files, diagnostics),
            Err(error) => return Err(error),
        };
        *left -= 1;
        if among.len() <= 1 {
            found.extend(among.map(|number| (number, against(&error.0, &error.1))));
            return Ok(());
        }
        let middle = among.start + among.len() / 2;
        self.culprits(prepared, among.start..middle, left, found)?;
        self.culprits(prepared, middle..among.end, left, found)
    }

    /// Writes all but `without` in memory, and plans with what comes out.
    fn write(&self, prepared: &mut Prepared, without: &BTreeMap<usize, Verdict>) -> Result<Attempted<'a>, Error> {
        let read = |path: &str| {
            let bytes = self.outside.read(path)?;
            String::from_utf8(bytes).map_err(|_| format!("`{path}` is not UTF-8"))
        };
        let schemas = |system| prepared.readings.get(&system).map(|reading| &reading.schema);
        let mut texts = Texts::new(&prepared.folder.files, &read);
        let (mut verdicts, mut proposals, mut paths) = (Vec::new(), BTreeMap::new(), Vec::new());
        for (number, drift) in self.wanted.iter().enumerate() {
            let mut own = Default::default();
            let drafted = match without.get(&number) {
                Some(refused) => Err(refused.clone()),
                None => accept(&mut texts, &prepared.configuration, &schemas, drift),
            };
            let verdict = match drafted {
                Err(refused) => refused,
                Ok(draft) if matches!(draft.verdict, Verdict::Proposed { .. }) && !self.patch => {
                    if proposals.len() < SHOWN {
                        proposals.insert(number, shown::difference(&texts.alone(&draft), 1));
                    }
                    draft.verdict
                }
                Ok(draft) => match texts.take(&draft, drift.address) {
                    Ok(()) => {
                        own = texts.paths(&draft);
                        draft.verdict
                    }
                    Err(refused) => refused,
                },
            };
            verdicts.push((drift, verdict));
            paths.push(own);
        }
        let written = texts.written();
        let stays = |verdict: &Verdict| match verdict {
            Verdict::Written { .. } => true,
            Verdict::Proposed { .. } => self.patch,
            Verdict::Refused { .. } => false,
        };
        let session = self.session(prepared, &written)?;
        let former = prepared.exchange(session)?;
        let found = drift::find(prepared, &[]);
        prepared.restore(former);
        let (again, after) = found?;
        let mut fates: BTreeMap<Address, Vec<&Drift>> = BTreeMap::new();
        for drift in &again.drifts {
            fates.entry(drift.address).or_default().push(drift);
        }
        let mut failed = BTreeSet::new();
        for (number, (drift, verdict)) in verdicts.iter_mut().enumerate() {
            let mut own = fates.get(&drift.address).into_iter().flatten().filter(|one| same(&one.what, &drift.what));
            let settled = own.all(|one| one.fate == Fate::Agrees);
            let broken = paths.get(number).into_iter().flatten().find(|path| written.broken.contains(*path));
            if stays(verdict) && (!settled || broken.is_some()) {
                failed.insert(number);
                *verdict = broken.map_or_else(unproved, |path| unreadable(path));
            }
        }
        Ok(Attempted { verdicts, proposals, changed: written.changed, failed, after })
    }

    /// The configuration as it would be.
    fn session(&self, prepared: &Prepared, written: &Written) -> Result<Session, Error> {
        let texts = written.changed.iter().map(|changed| (changed.path.clone(), changed.after.clone())).collect();
        let overlaid = Overlaid { outside: self.outside.clone(), texts };
        let folder = &prepared.folder;
        let given = variables::given(self.global)?;
        let loaded = Loaded::load(written.files.clone(), Arc::new(overlaid), &given, folder.now)?;
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

/// The files are not right any more with it.
fn against(files: &Files, diagnostics: &[Diagnostic]) -> Verdict {
    let first = diagnostics.first();
    let at = first.and_then(|first| first.span).map_or_else(String::new, |span| {
        let (_, column) = files.line_column(span);
        format!(" ({}:{column})", files.place(span))
    });
    let message = first.map(|first| first.message.as_str()).unwrap_or_default();
    let hint = first.and_then(|first| first.hint.as_deref()).unwrap_or("change it by hand");
    Verdict::Refused {
        why: format!("with it the files are not right any more: {message}{at}"),
        hint: format!("let apply put it back; or {hint}"),
    }
}

fn unreadable(path: &str) -> Verdict {
    Verdict::Refused {
        why: format!("what would be written into {path} could not be read again"),
        hint: "change it by hand".to_owned(),
    }
}
