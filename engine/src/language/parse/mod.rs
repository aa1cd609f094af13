//! Text to blocks and expressions: hcl-edit reads the text, its tree is lowered at once to our own.

mod decode;
mod lower;
mod message;
mod scan;
mod template;

pub use decode::decode;

use std::ops::Range;

use hcl_edit::parser;

use super::expr::{Block, Expr};
use super::{Diagnostic, FileId, Files, Span};
use lower::Lower;

/// Most bytes of one file.
pub const MAX_FILE: usize = 8 << 20;
/// Most bytes of all files together.
pub const MAX_TOTAL: usize = 64 << 20;

/// Most syntax errors that are reported of one file.
pub const MAX_ERRORS: usize = 100;

/// The top-level blocks of all files, in the order of the files, and all that is wrong with their syntax. Blocks are
/// given also of files with errors, where those errors stand in other blocks.
pub fn parse(files: &Files) -> (Vec<Block>, Vec<Diagnostic>) {
    let mut blocks = Vec::new();
    let mut diagnostics = Vec::new();
    let total: usize = files.0.iter().map(|file| file.text.len()).sum();
    if total > MAX_TOTAL {
        let diagnostic = Diagnostic {
            message: format!("the configuration has {} MiB, and {} MiB are the most", total >> 20, MAX_TOTAL >> 20),
            span: None,
            label: String::new(),
            related: Vec::new(),
            hint: Some(DATA_HINT.to_owned()),
        };
        return (blocks, vec![diagnostic]);
    }
    for id in 0..files.0.len() {
        let (own, wrong) = parse_file(files, FileId(id as u32));
        blocks.extend(own);
        diagnostics.extend(wrong);
    }
    (blocks, diagnostics)
}

const DATA_HINT: &str = "keep data in files of its own, and read it with csvdecode(file(...)) or jsondecode(file(...))";

/// The same of one file.
pub fn parse_file(files: &Files, id: FileId) -> (Vec<Block>, Vec<Diagnostic>) {
    let Some(file) = files.get(id) else { return Default::default() };
    let text = &*file.text;
    let mut lower = Lower::new(id, text);
    if text.len() > MAX_FILE {
        let message = format!("this file has {} MiB, and {} MiB are the most", text.len() >> 20, MAX_FILE >> 20);
        return (Vec::new(), vec![Diagnostic::new(lower.span(0..0), message).hint(DATA_HINT)]);
    }
    // A byte order mark says nothing in UTF-8.
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let whole = start..text.len();
    if let Some(diagnostic) = scan::large_object(text, whole.clone(), id) {
        return (Vec::new(), vec![diagnostic.hint(DATA_HINT)]);
    }
    if let Err(first) = part(text, whole.clone(), &mut lower) {
        lower = Lower::new(id, text);
        // Each block for itself, so that the errors of all of them are shown.
        let scan = scan::scan(text, whole, id);
        let mut found = scan.wrong;
        for range in scan.blocks {
            // Who has that many errors wants to see the first ones.
            if found.len() > MAX_ERRORS {
                break;
            }
            found.extend(part(text, range, &mut lower).err());
        }
        found.truncate(MAX_ERRORS);
        if found.is_empty() {
            found.push(first);
        }
        lower.diagnostics.extend(found);
    }
    lower.diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    (lower.blocks, lower.diagnostics)
}

/// Reads a part of a file that stands for itself.
fn part(text: &str, range: Range<usize>, lower: &mut Lower<'_>) -> Result<(), Diagnostic> {
    lower.base = range.start;
    let own = text.get(range.clone()).unwrap_or("");
    match parser::parse_body(own) {
        Ok(body) => {
            lower.body(body);
            Ok(())
        }
        Err(error) => Err(message::diagnostic(&error, text, range, lower.file())),
    }
}

/// One expression, alone in its text, as `--var` gives them.
pub fn parse_expression(files: &Files, id: FileId) -> Result<Expr, Vec<Diagnostic>> {
    let text = files.get(id).map_or("", |file| &*file.text);
    if let Some(diagnostic) = scan::large_object(text, 0..text.len(), id) {
        return Err(vec![diagnostic.hint(DATA_HINT)]);
    }
    // Blanks and line breaks around it belong to nobody.
    single(text, id, |text| parser::parse_expr(text.trim_end()), |lower, read| lower.expression(read))
}

/// A template without quotation marks around it, as `templatefile` reads them.
pub fn parse_template(files: &Files, id: FileId) -> Result<Expr, Vec<Diagnostic>> {
    let text = files.get(id).map_or("", |file| &*file.text);
    single(text, id, parser::parse_template, |lower, read| lower.whole_template(read))
}

fn single<T>(
    text: &str,
    id: FileId,
    read: impl FnOnce(&str) -> Result<T, parser::Error>,
    make: impl FnOnce(&mut Lower<'_>, T) -> Expr,
) -> Result<Expr, Vec<Diagnostic>> {
    let mut lower = Lower::new(id, text);
    if text.len() > MAX_FILE {
        return Err(vec![Diagnostic::new(lower.span(0..0), format!("more than {} MiB", MAX_FILE >> 20))]);
    }
    let read = read(text).map_err(|error| vec![message::diagnostic(&error, text, 0..text.len(), id)])?;
    let expr = make(&mut lower, read);
    if lower.diagnostics.is_empty() { Ok(expr) } else { Err(lower.diagnostics) }
}

/// Bytes of a file as a place.
fn place(file: FileId, range: Range<usize>) -> Span {
    // Files are smaller than MAX_FILE.
    Span { file, start: range.start as u32, end: range.end as u32 }
}
