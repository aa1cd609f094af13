//! As much of a configuration as can be read, for what must not wait until the rest of it is right.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::configuration::{Loaded, Rejected, System};
use engine::language::{Diagnostic, Files};
use state::Symbol;

use super::{folder, place_of, variables};
use crate::cli::Global;
use crate::edge::{Clock as _, Outside, Place, SystemClock};
use crate::{Error, render};

/// What could be read.
pub struct Rescued {
    /// The configuration folder, links resolved.
    pub path: PathBuf,
    pub state: Place,
    pub systems: BTreeMap<Symbol, System>,
}

/// Reads the configuration; files that are wrong are left out, as long as anything is left. `state` names the state
/// file where the configuration cannot.
///
/// # Errors
/// Where nothing says which state file is meant.
pub fn rescue(global: &Global, state: Option<&str>) -> Result<Rescued, Error> {
    let path = folder::here()?;
    let state = state.map(|state| Place::parse(state, &path)).transpose()?;
    match load(global, &path) {
        Ok((loaded, left_out)) => {
            if !left_out.is_empty() {
                let files: Vec<&str> = left_out.iter().map(String::as_str).collect();
                render::note(&format!(
                    "the configuration is wrong in {}: left out (`tenure validate` says what); going on with what the \
                     record knows",
                    files.join(", ")
                ));
            }
            let named = loaded.settings().state.is_some() || left_out.is_empty();
            let state = match (state, named) {
                (Some(state), _) => state,
                (None, true) => place_of(&path, loaded.settings())?,
                (None, false) => {
                    let state = place_of(&path, loaded.settings())?;
                    if !state.store()?.exists()? {
                        return Err(nowhere());
                    }
                    state
                }
            };
            Ok(Rescued { path, state, systems: loaded.systems().clone() })
        }
        Err(error) => match state {
            Some(state) => {
                render::note("the configuration cannot be read at all: only the hold is recorded");
                Ok(Rescued { path, state, systems: BTreeMap::new() })
            }
            None => Err(error),
        },
    }
}

fn nowhere() -> Error {
    Error::new("the configuration cannot be read as far as it names the state file")
        .hint("--state FILE names it: the hold is recorded there at least")
}

/// Leaves out the files that errors point into, until the rest can be loaded.
fn load(global: &Global, path: &Path) -> Result<(Loaded, BTreeSet<String>), Error> {
    let mut left_out = BTreeSet::new();
    let (mut files, wrong) = match folder::read(path) {
        Ok(files) => (files, Vec::new()),
        Err(Error::Configuration { files, diagnostics }) => (files, diagnostics),
        Err(error) => return Err(error),
    };
    leave_out(&mut files, &wrong, &mut left_out);
    loop {
        let given = variables::given(global)?;
        let outside = Outside::new(path, global.operator.as_deref(), &global.allow_path)?;
        match Loaded::load(files.clone(), Arc::new(outside), &given, SystemClock.now()) {
            Ok(loaded) => return Ok((loaded, left_out)),
            Err(Rejected { files: all, diagnostics }) => {
                if !leave_out(&mut files, &diagnostics, &mut left_out) {
                    return Err(match left_out.is_empty() {
                        true => Error::Configuration { files: all, diagnostics },
                        false => nowhere(),
                    });
                }
            }
        }
    }
}

/// Whether any file was left out.
fn leave_out(files: &mut Files, diagnostics: &[Diagnostic], left_out: &mut BTreeSet<String>) -> bool {
    let wrong: BTreeSet<u32> =
        diagnostics.iter().filter_map(|diagnostic| diagnostic.span).map(|span| span.file.0).collect();
    let before = files.0.len();
    let mut n = 0;
    files.0.retain(|file| {
        let keep = !wrong.contains(&n);
        if !keep {
            left_out.insert(file.path.to_string());
        }
        n += 1;
        keep
    });
    files.0.len() < before
}
