//! Bytes to text.

use std::sync::Arc;

use super::super::{Diagnostic, File, FileId};
use super::place;

/// The file that stands at `path`, and what is wrong with it where it is not UTF-8, or holds a zero byte: UTF-16 of
/// plain letters is valid UTF-8 with one in every other place, and no text has any. Of a file that is not UTF-8 the text holds
/// replacement characters, so that its place can be shown; there is no sense in parsing it.
pub fn decode(id: FileId, path: Arc<str>, bytes: &[u8]) -> (File, Option<Diagnostic>) {
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => {
            let diagnostic = text.find('\0').map(|at| {
                Diagnostic::new(place(id, at..at + 1), "there is a zero byte in this file: it is no text")
                    .hint("if it is UTF-16, save it as UTF-8")
            });
            return (File { path, text: Arc::from(text) }, diagnostic);
        }
        Err(error) => error,
    };
    let at = error.valid_up_to();
    let hint = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it looks like UTF-16: save it as UTF-8",
        _ => "save the file as UTF-8",
    };
    // Some lines around are enough to show the place; a large binary file is not worth more.
    let kept = bytes.get(..bytes.len().min(at + 4096)).unwrap_or(bytes);
    let text: Arc<str> = Arc::from(String::from_utf8_lossy(kept));
    let byte = bytes.get(at).copied().unwrap_or_default();
    let diagnostic = Diagnostic::new(place(id, at..at + '\u{fffd}'.len_utf8()), "this file is not UTF-8 text")
        .label(format!("byte 0x{byte:02x}"))
        .hint(hint);
    (File { path, text }, Some(diagnostic))
}
