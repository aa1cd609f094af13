//! The chain: each line begins with a digest over the digits of the line before and its own text.

use serde::Serialize;

use super::damage::{Damage, Fault};
use super::event::Event;
use super::line::Line;
use crate::{Digest, Timestamp};

/// Length of the digits and the space before the JSON of a line.
pub(super) const PREFIX: usize = 65;

/// The end of a record, to which lines can be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Digits of the last line; zeros before the first.
    pub head: Digest,
    /// Number of the last line; 0 before the first.
    pub line: u64,
    /// Time of the last line: none after it is earlier.
    pub last: Timestamp,
}

/// An event that cannot be written as a line which could be read again: nested too deeply, say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event cannot be recorded: {0}")]
pub struct Unwritable(String);

impl Default for Chain {
    fn default() -> Chain {
        Chain { head: Digest::ZERO, line: 0, last: Timestamp::from_millis(i64::MIN) }
    }
}

#[derive(Serialize)]
struct Unnumbered<'a> {
    n: u64,
    at: Timestamp,
    #[serde(flatten)]
    event: &'a Event,
}

impl Chain {
    /// Adds a line for `event` at the end of `to`. Where the clock stands behind the last line, the line gets the time
    /// of that: the windows of the safeguards rest on times that never go back.
    ///
    /// # Errors
    /// Where the line could not be read again. Nothing was added, and the chain can still be used.
    pub fn append(&mut self, at: Timestamp, event: &Event, to: &mut Vec<u8>) -> Result<(), Unwritable> {
        let at = at.max(self.last);
        let json = serde_json::to_vec(&Unnumbered { n: self.line + 1, at, event })
            .map_err(|error| Unwritable(error.to_string()))?;
        // A line that cannot be read would make the whole file unreadable, so each is read before it is written.
        Line::parse(&json).map_err(Unwritable)?;
        let head = digest(&self.head.hex(), &json);
        to.reserve(PREFIX + json.len() + 1);
        to.extend_from_slice(&head.hex());
        to.push(b' ');
        to.extend_from_slice(&json);
        to.push(b'\n');
        *self = Chain { head, line: self.line + 1, last: at };
        Ok(())
    }
}

/// What the digits of a line must be: SHA-256 over the digits of the line before, a space, and the JSON.
pub(super) fn digest(before: &[u8], json: &[u8]) -> Digest {
    Digest::of_parts([before, b" ", json])
}

/// Digits and JSON of a line.
pub(super) fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (digits, json) = line.split_at_checked(PREFIX)?;
    let (digits, space) = digits.split_at(PREFIX - 1);
    (space == b" " && digits.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))).then_some((digits, json))
}

/// Checks the digits of `lines`, which are the lines from number `first` of the file on (from 1); `before` are the 64
/// digits of the line before them. Since every line carries what the next one needs, parts of a file can be checked
/// apart from each other, on several threads.
///
/// # Errors
/// The first line that is not as it was written.
pub fn verify_lines<'a>(before: &'a [u8], first: u64, lines: impl Iterator<Item = &'a [u8]>) -> Result<(), Damage> {
    let mut before = before;
    for (line, text) in (first..).zip(lines) {
        let damage = |fault| Damage { line, fault };
        let (digits, json) = split(text).ok_or_else(|| damage(Fault::NoDigits))?;
        let due = digest(before, json);
        if due.hex() != digits {
            let stands = String::from_utf8_lossy(digits).into_owned();
            return Err(damage(Fault::Altered { stands, due }));
        }
        before = digits;
    }
    Ok(())
}
