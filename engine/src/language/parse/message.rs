//! What hcl-edit says of a syntax error, in our words.

use std::ops::Range;

use hcl_edit::parser::Error;

use super::super::{Diagnostic, FileId};
use super::place;

/// The diagnostic of a syntax error in the part `range` of `text`.
pub(super) fn diagnostic(error: &Error, text: &str, range: Range<usize>, file: FileId) -> Diagnostic {
    let at = (range.start + error.location().offset()).min(text.len());
    let end = text.get(at..).and_then(|rest| rest.chars().next()).map_or(at, |next| at + next.len_utf8());
    Diagnostic::new(place(file, at..end), format!("syntax error: {}", error.message()))
}
