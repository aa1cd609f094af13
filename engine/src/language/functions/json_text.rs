//! JSON text (RFC 8259) to values, with all digits of its numbers.
//!
//! serde_json would do but for its numbers: beyond 64 bits they become floats, and two long identifiers could become
//! one. Of a name that stands twice in an object the last value wins, as in Terraform.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::super::{Failure, Number, Value};
use super::arguments::Answer;

/// How deep lists and objects may nest; the reader and whoever walks the value recurse.
const MAX_DEPTH: usize = 128;

/// The value of a whole text.
pub fn decode(text: &str) -> Answer {
    let mut reader = Reader { text, at: 0, names: FxHashMap::default() };
    let value = reader.value(0)?;
    reader.blanks();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.failure("text follows the value")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Names are shared: rows of a table have the same ones.
    names: FxHashMap<&'a str, Arc<str>>,
}

impl<'a> Reader<'a> {
    fn failure(&self, why: &str) -> Failure {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Failure::new(format!("argument 1 is not JSON: line {line}, column {column}: {why}"))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn skip(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Answer {
        self.blanks();
        if depth > MAX_DEPTH {
            return Err(self.failure(&format!("more than {MAX_DEPTH} lists and objects within each other")));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => {
                self.at += 1;
                let raw = self.raw_string()?;
                if raw.contains('\\') { self.unescape(raw).map(Value::string) } else { Ok(Value::string(raw)) }
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            None => Err(self.failure("the text ends where a value is due")),
            Some(_) => {
                for (word, value) in [("null", Value::Null), ("true", true.into()), ("false", false.into())] {
                    if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
                        self.at += word.len();
                        return Ok(value);
                    }
                }
                Err(self.failure("a value is due here"))
            }
        }
    }

    fn list(&mut self, depth: usize) -> Answer {
        self.at += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.skip(b']') {
            return Ok(Value::list(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.blanks();
            if self.skip(b']') {
                return Ok(Value::list(items));
            }
            if !self.skip(b',') {
                return Err(self.failure("a comma or ] is due here"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Answer {
        self.at += 1;
        let mut pairs = Vec::new();
        self.blanks();
        if self.skip(b'}') {
            return Ok(Value::object(pairs));
        }
        loop {
            self.blanks();
            if !self.skip(b'"') {
                return Err(self.failure("a name in double quotes is due here"));
            }
            let raw = self.raw_string()?;
            let name = if raw.contains('\\') {
                Arc::from(self.unescape(raw)?)
            } else {
                self.names.entry(raw).or_insert_with(|| Arc::from(raw)).clone()
            };
            self.blanks();
            if !self.skip(b':') {
                return Err(self.failure("a colon is due here"));
            }
            pairs.push((name, self.value(depth + 1)?));
            self.blanks();
            if self.skip(b'}') {
                return Ok(Value::object(pairs));
            }
            if !self.skip(b',') {
                return Err(self.failure("a comma or } is due here"));
            }
        }
    }

    /// What stands between the quotes, escapes as they are written; the first quote is behind.
    fn raw_string(&mut self) -> Answer<&'a str> {
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    // Both ends are quotes, so these are borders of characters.
                    let raw = self.text.get(start..self.at).unwrap_or("");
                    self.at += 1;
                    return Ok(raw);
                }
                Some(b'\\') => self.at += 2,
                Some(0..=0x1f) => return Err(self.failure("a line break or control character stands in a string")),
                Some(_) => self.at += 1,
                None => {
                    self.at = start - 1;
                    return Err(self.failure("this string has no end"));
                }
            }
        }
    }

    fn unescape(&self, raw: &str) -> Answer<String> {
        let mut text = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some((before, after)) = rest.split_once('\\') {
            text.push_str(before);
            let mut chars = after.chars();
            let escape = chars.next();
            rest = chars.as_str();
            text.push(match escape {
                Some(c @ ('"' | '\\' | '/')) => c,
                Some('b') => '\u{8}',
                Some('f') => '\u{c}',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('u') => unicode(&mut rest)
                    .ok_or_else(|| self.failure("the string before has a \\u that names no character"))?,
                _ => return Err(self.failure("the string before has an unknown escape")),
            });
        }
        text.push_str(rest);
        Ok(text)
    }

    fn number(&mut self) -> Answer {
        let start = self.at;
        self.skip(b'-');
        let whole = self.at;
        let mut fits = self.digits() > 0;
        // No zeros in front.
        fits &= self.at - whole == 1 || self.text.as_bytes().get(whole) != Some(&b'0');
        if self.skip(b'.') {
            fits &= self.digits() > 0;
        }
        if self.skip(b'e') || self.skip(b'E') {
            if !self.skip(b'-') {
                self.skip(b'+');
            }
            fits &= self.digits() > 0;
        }
        let number = self.text.get(start..self.at).filter(|_| fits).and_then(Number::parse);
        number.map(Value::Number).ok_or_else(|| {
            self.at = start;
            self.failure("this is not a number, or it is too large")
        })
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        self.at - start
    }
}

/// The character after `\u`, of one or two code units.
fn unicode(rest: &mut &str) -> Option<char> {
    let first = unit(rest)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first);
    }
    *rest = rest.strip_prefix("\\u")?;
    let second = unit(rest)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    char::from_u32(0x10000 + ((first - 0xd800) << 10) + second)
}

fn unit(rest: &mut &str) -> Option<u32> {
    let digits = rest.get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    *rest = rest.get(4..)?;
    u32::from_str_radix(digits, 16).ok()
}
