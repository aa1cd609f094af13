//! The bytes of a state file, taken apart into lines.

use serde::de::IgnoredAny;

use super::chain::{Chain, PREFIX, digest, split, verify_lines};
use super::damage::{Damage, Fault};
use super::event::Event;
use super::line::Line;
use super::part::{explained, line};
use super::recorded::Recorded;
use crate::Digest;

/// A state file as lines. Nothing is copied; nothing but the first line and the tail has been looked into.
#[derive(Clone, Debug)]
pub struct Text<'a> {
    /// The whole lines, without their line ends.
    pub lines: Vec<&'a [u8]>,
    /// What follows the last line end.
    pub tail: Tail<'a>,
    /// The format that the first line names; what is above [`super::FORMAT`] must not be written to.
    pub format: u32,
    /// Number of the first line: 1, or more where the file continues an archived one.
    pub first: u64,
    /// The digits before the first line: zeros, or the last ones of the archived file.
    pub before: Digest,
}

/// What stands behind the last line end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail<'a> {
    /// Nothing, as it should be.
    Nothing,
    /// A whole line, right in every digit, without its line end: it counts, and the next write ends it.
    Unended(&'a [u8]),
    /// The beginning of a line whose writing was interrupted: nothing was called on the strength of it. It does not
    /// count; the next write keeps it aside and cuts it off.
    Torn(&'a [u8]),
}

/// What the first line says.
#[derive(Clone, Debug)]
pub struct Opening {
    /// As [`Text::format`].
    pub format: u32,
    /// As [`Text::first`].
    pub first: u64,
    /// As [`Text::before`].
    pub before: Digest,
}

/// Looks into the first line.
pub(super) fn opening(line: &[u8]) -> Result<Opening, Damage> {
    let damage = |fault| Damage { line: 1, fault };
    let (_, json) = split(line).ok_or_else(|| damage(Fault::NoDigits))?;
    let line = Line::parse(json).map_err(|error| damage(Fault::NotAnEvent(error)))?;
    let Event::Opened { format, former, .. } = line.event else { return Err(damage(Fault::NotOpened)) };
    if format == 0 || (former.is_none() && line.n != 1) {
        return Err(damage(Fault::NotOpened));
    }
    Ok(Opening { format, first: line.n, before: former.unwrap_or(Digest::ZERO) })
}

/// Tells a line whose writing was interrupted from one that was damaged: `last` follows the last line end, `before` are
/// the digits of the line before, `line` is its number in the file.
pub(super) fn tail<'a>(last: &'a [u8], before: &[u8], line: u64) -> Result<Tail<'a>, Damage> {
    let damage = |fault| Err(Damage { line, fault });
    if last.is_empty() {
        return Ok(Tail::Nothing);
    }
    // A file system may have made the file longer before the bytes were there.
    let body = &last[..last.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1)];
    if line == 1 {
        return damage(Fault::NotOpened);
    }
    let Some((digits, json)) = split(body) else {
        let torn = body.len() < PREFIX && body.iter().all(u8::is_ascii_hexdigit);
        return if torn { Ok(Tail::Torn(last)) } else { damage(Fault::NoDigits) };
    };
    match serde_json::from_slice::<IgnoredAny>(json) {
        Err(error) if error.is_eof() || breaks_off_in_a_number(json) => Ok(Tail::Torn(last)),
        Err(error) => damage(Fault::NotAnEvent(format!(
            "the line has no line end, and is not the beginning of a line either ({error}): its end was altered"
        ))),
        Ok(_) => {
            let due = digest(before, json);
            if due.hex() == digits {
                return Ok(Tail::Unended(body));
            }
            let stands = String::from_utf8_lossy(digits).into_owned();
            damage(Fault::Altered { stands, due })
        }
    }
}

/// Whether this is the beginning of JSON that ends within a number, where more digits must come: that is no JSON, and to
/// serde not the end of the text either.
fn breaks_off_in_a_number(json: &[u8]) -> bool {
    let more = [json, b"0"].concat();
    matches!(json.last(), Some(b'-' | b'+' | b'.' | b'e' | b'E'))
        && serde_json::from_slice::<IgnoredAny>(&more).is_err_and(|error| error.is_eof())
}

impl<'a> Text<'a> {
    /// Takes the bytes of a file apart.
    ///
    /// # Errors
    /// Where the file does not begin as a state file, or ends in what no interrupted write leaves behind.
    pub fn new(bytes: &'a [u8]) -> Result<Text<'a>, Damage> {
        if bytes.is_empty() {
            return Err(Damage { line: 1, fault: Fault::Empty });
        }
        let mut lines = Vec::with_capacity(bytes.len() / 400);
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            lines.push(&bytes[start..end]);
            start = end + 1;
        }
        let last = &bytes[start..];
        let Opening { format, first, before } = match lines.first() {
            Some(line) => opening(line)?,
            None => Opening { format: 0, first: 1, before: Digest::ZERO },
        };
        let mut text = Text { lines, tail: Tail::Nothing, format, first, before };
        let count = text.lines.len();
        text.tail = tail(last, text.digits(count), count as u64 + 1)?;
        if let Tail::Unended(line) = text.tail {
            text.lines.push(line);
        }
        Ok(text)
    }

    /// The digits before the line at `index`, counted from 0.
    fn digits(&self, index: usize) -> &[u8] {
        static ZEROS: [u8; 64] = [b'0'; 64];
        match index.checked_sub(1) {
            Some(before) => self.lines.get(before).and_then(|line| line.get(..PREFIX - 1)).unwrap_or(&ZEROS),
            None => &ZEROS,
        }
    }

    /// Checks the digits of the lines at `range` (counted from 0): parts of a file can be checked on several threads.
    ///
    /// # Errors
    /// The first line in `range` that is not as it was written.
    pub fn verify(&self, range: std::ops::Range<usize>) -> Result<(), Damage> {
        let lines = self.lines.get(range.clone()).unwrap_or_default();
        let former = self.before.hex();
        let before = if range.start == 0 { &former } else { self.digits(range.start) };
        verify_lines(before, range.start as u64 + 1, lines.iter().copied()).map_err(|damage| {
            let text = usize::try_from(damage.line).ok().and_then(|line| self.lines.get(line.checked_sub(1)?));
            let due = self.first.saturating_add(damage.line - 1);
            explained(damage, text.copied(), due)
        })
    }

    /// Folds all lines. The digits are not checked here: see [`Text::verify`], whose answer goes first, since a line
    /// that was altered may also make no sense.
    ///
    /// # Errors
    /// The first line that makes no sense.
    pub fn replay(&self) -> Result<Recorded, Damage> {
        let mut recorded = Recorded::default();
        for line in self.read() {
            let (number, line) = line?;
            recorded.apply(line).map_err(|fault| Damage { line: number, fault })?;
        }
        recorded.finish().map_err(|fault| Damage { line: self.lines.len() as u64, fault })?;
        recorded.head = Some(self.chain().head);
        Ok(recorded)
    }

    /// The lines, read one after the other, with the number that they have in the file.
    pub fn read(&self) -> impl Iterator<Item = Result<(u64, Line), Damage>> + '_ {
        (1..).zip(&self.lines).map(|(number, text)| {
            let read = line(text, self.first.saturating_add(number - 1));
            read.map(|line| (number, line)).map_err(|fault| Damage { line: number, fault })
        })
    }

    /// The end of the record, as far as the digits that stand there say; times are for [`Text::replay`] to know.
    pub fn chain(&self) -> Chain {
        let count = self.lines.len();
        let head = std::str::from_utf8(self.digits(count)).ok().and_then(|digits| digits.parse().ok());
        let line = self.first.saturating_add(count as u64).saturating_sub(1);
        Chain { head: head.unwrap_or(Digest::ZERO), line, ..Chain::default() }
    }

    /// The digits that the line numbered `n` stands behind or has: of the line itself, or, for the number before the
    /// first line, those that the file continues. None where the file has no such line.
    pub fn digits_of(&self, n: u64) -> Option<Digest> {
        let index = n.checked_add(1)?.checked_sub(self.first)?;
        if index == 0 {
            return Some(self.before);
        }
        let line = self.lines.get(usize::try_from(index).ok()? - 1)?;
        std::str::from_utf8(line.get(..PREFIX - 1)?).ok()?.parse().ok()
    }

    /// The number of the line that has these digits: also of the one before the first. None where there is none.
    pub fn line_of(&self, digest: Digest) -> Option<u64> {
        if digest == self.before {
            return self.first.checked_sub(1).filter(|line| *line > 0);
        }
        let digits = digest.hex();
        let index = self.lines.iter().rposition(|line| line.starts_with(&digits))?;
        Some(self.first.saturating_add(index as u64))
    }

    /// How many bytes of the file count: all but a torn tail.
    pub fn kept(&self, bytes: &[u8]) -> u64 {
        let torn = match self.tail {
            Tail::Torn(torn) => torn.len(),
            Tail::Nothing => 0,
            Tail::Unended(_) => bytes.len() - bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1),
        };
        (bytes.len() - torn) as u64
    }
}
