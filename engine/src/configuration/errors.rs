//! Collects what is wrong: all of it, each thing once, follow-up errors left out.

use rustc_hash::FxHashSet;

use crate::language::{Diagnostic, Failure, Span, diagnostic};

/// How many diagnostics one run shows; the rest is counted.
const SHOWN: usize = 100;

/// Message of a failure that only follows from another one, which is reported where it happened.
const FOLLOWS: &str = "depends on something that failed elsewhere";

/// A failure that needs no report of its own.
pub(super) fn follows() -> Failure {
    Failure::new(FOLLOWS)
}

/// The diagnostics of a run so far.
#[derive(Default)]
pub(super) struct Errors {
    found: Vec<Diagnostic>,
    seen: FxHashSet<(Option<Span>, String)>,
}

impl Errors {
    /// Adds a diagnostic, unless the same one is there already.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        if self.seen.insert((diagnostic.span, diagnostic.message.clone())) {
            self.found.push(diagnostic);
        }
    }

    /// The value, or none with its error kept.
    pub(super) fn keep<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|diagnostic| self.push(diagnostic)).ok()
    }

    pub(super) fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        diagnostics.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }

    pub(super) fn absorb(&mut self, other: Errors) {
        self.extend(other.found);
    }

    /// All of them, as they came.
    pub(super) fn into_found(self) -> Vec<Diagnostic> {
        self.found
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Forgets what only follows from something else: from what was not read, say.
    pub(super) fn forgive(&mut self) {
        self.found.retain(|diagnostic| diagnostic.message != FOLLOWS);
    }

    /// All of them in the order of their places, at most [`SHOWN`], then a count of the others.
    pub(super) fn finish(self) -> Result<(), Vec<Diagnostic>> {
        let mut found = self.found;
        if found.iter().any(|diagnostic| diagnostic.message != FOLLOWS) {
            found.retain(|diagnostic| diagnostic.message != FOLLOWS);
        }
        if found.is_empty() {
            return Ok(());
        }
        found.sort_by_key(|diagnostic| diagnostic.span);
        let hidden = found.len().saturating_sub(SHOWN);
        if hidden > 0 {
            found.truncate(SHOWN);
            found.push(Diagnostic {
                message: format!("{hidden} more errors are not shown"),
                span: None,
                label: String::new(),
                related: Vec::new(),
                hint: Some("repair those above first: many have one cause".to_owned()),
            });
        }
        Err(found)
    }
}

/// The hint for a name that is not among `known`: the nearest of them, else `otherwise`.
pub(super) fn did_you_mean<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    diagnostic::did_you_mean(name, known).unwrap_or_else(otherwise)
}
