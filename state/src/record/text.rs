//! The bytes of a state file, taken apart into lines.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::chain::{Chain, PREFIX, digest, split, verify_lines};
use super::damage::{Damage, Fault};
use super::event::Event;
use super::line::Line;
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
    Unended,
    /// The beginning of a line whose writing was interrupted: nothing was called on the strength of it. It does not
    /// count; the next write keeps it aside and cuts it off.
    Torn(&'a [u8]),
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
        let mut text = Text { lines, tail: Tail::Nothing, format: 0, first: 1, before: Digest::ZERO };
        if !text.lines.is_empty() {
            text.opened()?;
        }
        if !last.is_empty() {
            text.tail(last)?;
        }
        Ok(text)
    }

    /// Looks into the first line.
    fn opened(&mut self) -> Result<(), Damage> {
        let damage = |fault| Damage { line: 1, fault };
        let (_, json) = self.lines.first().and_then(|line| split(line)).ok_or_else(|| damage(Fault::NoDigits))?;
        let line = Line::parse(json).map_err(|error| damage(Fault::NotAnEvent(error)))?;
        let Event::Opened { format, former, .. } = line.event else { return Err(damage(Fault::NotOpened)) };
        (self.format, self.first, self.before) = (format, line.n, former.unwrap_or(Digest::ZERO));
        if format == 0 || (former.is_none() && line.n != 1) {
            return Err(damage(Fault::NotOpened));
        }
        Ok(())
    }

    /// Tells a line whose writing was interrupted from one that was damaged.
    fn tail(&mut self, last: &'a [u8]) -> Result<(), Damage> {
        let line = self.lines.len() as u64 + 1;
        let damage = |fault| Err(Damage { line, fault });
        // A file system may have made the file longer before the bytes were there.
        let body = &last[..last.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1)];
        if line == 1 {
            return damage(Fault::NotOpened);
        }
        self.tail = Tail::Torn(last);
        let Some((digits, json)) = split(body) else {
            let torn = body.len() < PREFIX && body.iter().all(u8::is_ascii_hexdigit);
            return if torn { Ok(()) } else { damage(Fault::NoDigits) };
        };
        match serde_json::from_slice::<IgnoredAny>(json) {
            Err(error) if error.is_eof() => Ok(()),
            Err(error) => damage(Fault::NotAnEvent(format!(
                "the line has no line end, and is not the beginning of a line either ({error}): its end was altered"
            ))),
            Ok(_) => {
                let due = digest(self.digits(self.lines.len()), json);
                if due.hex() != digits {
                    let stands = String::from_utf8_lossy(digits).into_owned();
                    return damage(Fault::Altered { stands, due });
                }
                self.lines.push(body);
                self.tail = Tail::Unended;
                Ok(())
            }
        }
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
        verify_lines(before, range.start as u64 + 1, lines).map_err(|damage| self.explained(damage))
    }

    /// Digits that do not follow from the line before may mean that a line in between is missing.
    fn explained(&self, damage: Damage) -> Damage {
        #[derive(Deserialize)]
        struct Number {
            n: u64,
        }
        let due = self.first.saturating_add(damage.line - 1);
        let json = self.lines.get(damage.line as usize - 1).and_then(|line| split(line));
        match (&damage.fault, json.and_then(|(_, json)| serde_json::from_slice::<Number>(json).ok())) {
            (Fault::Altered { .. }, Some(Number { n })) if n != due => {
                Damage { fault: Fault::OutOfOrder { n, due }, ..damage }
            }
            _ => damage,
        }
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
        let mut due = self.first;
        (1..).zip(&self.lines).map(move |(number, text)| {
            let damage = |fault| Damage { line: number, fault };
            let (_, json) = split(text).ok_or_else(|| damage(Fault::NoDigits))?;
            let line = Line::parse(json).map_err(|error| damage(Fault::NotAnEvent(error)))?;
            if line.n != due {
                return Err(damage(Fault::OutOfOrder { n: line.n, due }));
            }
            due = due.saturating_add(1);
            Ok((number, line))
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
            Tail::Unended => bytes.len() - bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1),
        };
        (bytes.len() - torn) as u64
    }
}
