//! Where blocks end, and what is not closed: looked at only in files that do not parse.

use std::ops::Range;

use super::super::{Diagnostic, FileId};

/// The parts of `range` that stand for themselves: each ends where a line at the outermost level ends.
pub(super) fn blocks(_text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    vec![range]
}

/// What is opened and never closed in `range`, or closed and never opened.
pub(super) fn lexical_error(_text: &str, _range: Range<usize>, _file: FileId) -> Option<Diagnostic> {
    None
}
