//! A state file in parts, so that it need not stand in memory whole: since every line carries what the next one needs,
//! parts can be checked and read apart from each other, on several threads, and are folded in their order.

use serde::Deserialize;

use super::chain::{PREFIX, split, verify_lines};
use super::damage::{Damage, Fault};
use super::line::Line;
use super::text::{Opening, Tail, opening, tail};
use crate::Digest;

const ZEROS: [u8; PREFIX - 1] = [b'0'; PREFIX - 1];

/// Cuts the bytes of a state file, as they come, into parts of whole lines.
#[derive(Debug, Default)]
pub struct Parts {
    opening: Option<Opening>,
    /// Digits of the last line so far.
    before: Option<[u8; PREFIX - 1]>,
    /// Lines and bytes so far.
    lines: u64,
    bytes: u64,
    /// What follows the last line end so far.
    rest: Vec<u8>,
}

/// Whole lines, one after the other.
#[derive(Debug)]
pub struct Part {
    /// The line of the file that the first one is, from 1.
    line: u64,
    /// The number that the first one must have.
    due: u64,
    /// How many there are.
    count: u64,
    /// The digits of the line before.
    before: [u8; PREFIX - 1],
    bytes: Vec<u8>,
}

/// How a file ends.
#[derive(Debug)]
pub struct End {
    /// What its first line says.
    pub opening: Opening,
    /// The last line, where it lacks its line end.
    pub last: Option<Part>,
    /// Whether it does.
    pub unended: bool,
    /// The beginning of a line whose writing was interrupted.
    pub torn: Vec<u8>,
    /// How many bytes of the file count.
    pub kept: u64,
    /// How many lines it has.
    pub lines: u64,
    /// The digits of the last one.
    pub head: Digest,
}

impl Parts {
    /// Takes the next bytes of the file, and gives the lines that are whole by now.
    ///
    /// # Errors
    /// Where the file does not begin as a state file.
    pub fn push(&mut self, block: Vec<u8>) -> Result<Option<Part>, Damage> {
        self.bytes += block.len() as u64;
        let mut bytes = std::mem::take(&mut self.rest);
        if bytes.is_empty() {
            bytes = block;
        } else {
            bytes.extend_from_slice(&block);
        }
        match memchr::memrchr(b'\n', &bytes) {
            None => self.rest = bytes,
            Some(end) => {
                self.rest = bytes.split_off(end + 1);
                return self.part(bytes).map(Some);
            }
        }
        Ok(None)
    }

    /// A part of these lines, which follow what came before.
    fn part(&mut self, bytes: Vec<u8>) -> Result<Part, Damage> {
        let opening = match &self.opening {
            Some(opening) => opening.clone(),
            None => {
                let first = lines(&bytes).next().unwrap_or_default();
                self.opening.insert(opening(first)?).clone()
            }
        };
        let before = self.before.unwrap_or_else(|| opening.before.hex());
        let unended = u64::from(!bytes.ends_with(b"\n"));
        let count = memchr::memchr_iter(b'\n', &bytes).count() as u64 + unended;
        let part = Part { line: self.lines + 1, due: opening.first.saturating_add(self.lines), count, before, bytes };
        self.lines += count;
        self.before = Some(part.last_digits());
        Ok(part)
    }

    /// Nothing follows.
    ///
    /// # Errors
    /// Where the file is empty, or ends in what no interrupted write leaves behind.
    pub fn finish(mut self) -> Result<End, Damage> {
        if self.bytes == 0 {
            return Err(Damage { line: 1, fault: Fault::Empty });
        }
        let rest = std::mem::take(&mut self.rest);
        let before = self.before.unwrap_or(ZEROS);
        let (last, torn, cut) = match tail(&rest, &before, self.lines + 1)? {
            Tail::Nothing => (None, Vec::new(), 0),
            Tail::Torn(torn) => (None, torn.to_vec(), torn.len()),
            Tail::Unended(line) => (Some(self.part(line.to_vec())?), Vec::new(), rest.len() - line.len()),
        };
        let opening = self.opening.ok_or(Damage { line: 1, fault: Fault::NotOpened })?;
        let digits = self.before.unwrap_or(ZEROS);
        let head = std::str::from_utf8(&digits).ok().and_then(|digits| digits.parse().ok());
        let (kept, unended) = (self.bytes - cut as u64, last.is_some());
        Ok(End { opening, last, unended, torn, kept, lines: self.lines, head: head.unwrap_or(Digest::ZERO) })
    }
}

impl Part {
    /// Checks the digits of the lines.
    ///
    /// # Errors
    /// The first line that is not as it was written.
    pub fn verify(&self) -> Result<(), Damage> {
        verify_lines(&self.before, self.line, lines(&self.bytes)).map_err(|damage| self.explained(damage))
    }

    /// Reads the lines, up to the first that makes no sense. The digits are not looked at.
    pub fn read(&self) -> (Vec<Line>, Result<(), Damage>) {
        self.read_after(0)
    }

    /// The same of those whose number is greater than `n`.
    pub fn read_after(&self, n: u64) -> (Vec<Line>, Result<(), Damage>) {
        let skipped = self.until(n);
        if skipped == self.count {
            return (Vec::new(), Ok(()));
        }
        let mut read = Vec::with_capacity(self.bytes.len() / 300);
        for (at, text) in (0..).zip(lines(&self.bytes)).skip(usize::try_from(skipped).unwrap_or(usize::MAX)) {
            match line(text, self.due.saturating_add(at)) {
                Ok(line) => read.push(line),
                Err(fault) => return (read, Err(Damage { line: self.line + at, fault })),
            }
        }
        (read, Ok(()))
    }

    /// The line of the file that the first line of this part is, from 1.
    pub fn first_line(&self) -> u64 {
        self.line
    }

    /// How many of the lines have a number up to `n`.
    pub fn until(&self, n: u64) -> u64 {
        n.saturating_add(1).saturating_sub(self.due).min(self.count)
    }

    /// The digits of the line numbered `n`, or of the line before this part; none where it is not here.
    pub fn digits_of(&self, n: u64) -> Option<Digest> {
        let at = n.checked_add(1)?.checked_sub(self.due)?;
        let digits = match usize::try_from(at).ok()?.checked_sub(1) {
            None => self.before.as_slice(),
            Some(at) => lines(&self.bytes).nth(at)?.get(..PREFIX - 1)?,
        };
        std::str::from_utf8(digits).ok()?.parse().ok()
    }

    fn last_digits(&self) -> [u8; PREFIX - 1] {
        let whole = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        let start = memchr::memrchr(b'\n', whole).map_or(0, |at| at + 1);
        let digits = whole.get(start..start + PREFIX - 1).and_then(|digits| digits.try_into().ok());
        digits.unwrap_or(ZEROS)
    }

    fn explained(&self, damage: Damage) -> Damage {
        let at = damage.line.saturating_sub(self.line);
        let text = usize::try_from(at).ok().and_then(|at| lines(&self.bytes).nth(at));
        explained(damage, text, self.due.saturating_add(at))
    }
}

/// The lines of whole lines.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let (line, after) = rest.split_at_checked(end).filter(|_| !rest.is_empty())?;
        rest = after.get(1..).unwrap_or_default();
        Some(line)
    })
}

/// Reads one line, which must have the number `due`.
pub(super) fn line(text: &[u8], due: u64) -> Result<Line, Fault> {
    let (_, json) = split(text).ok_or(Fault::NoDigits)?;
    let line = Line::parse(json).map_err(Fault::NotAnEvent)?;
    if line.n == due { Ok(line) } else { Err(Fault::OutOfOrder { n: line.n, due }) }
}

/// Digits that do not follow from the line before may mean that a line in between is missing: `text` is the damaged line,
/// `due` the number that it should have.
pub(super) fn explained(damage: Damage, text: Option<&[u8]>, due: u64) -> Damage {
    #[derive(Deserialize)]
    struct Number {
        n: u64,
    }
    let json = text.and_then(split);
    match (&damage.fault, json.and_then(|(_, json)| serde_json::from_slice::<Number>(json).ok())) {
        (Fault::Altered { .. }, Some(Number { n })) if n != due => {
            Damage { fault: Fault::OutOfOrder { n, due }, ..damage }
        }
        _ => damage,
    }
}
