//! Regular expressions as Terraform reads them (RE2's syntax), compiled by the regex crate.
//!
//! The two agree but for details, and a detail can decide who gets access: `\d` and `\w` are ASCII in RE2, `[a&&b]` is
//! a class of two letters, `\<` is a letter, and `a**` an error. So a pattern is rewritten before it is compiled.

use std::cell::RefCell;

use regex::{Regex, RegexBuilder};
use rustc_hash::FxHashMap;

use super::super::Failure;

/// Bytes that a compiled pattern may take; `(a{1000}){1000}` ends here.
const SIZE_LIMIT: usize = 2 << 20;
/// How deep groups may nest.
const NEST_LIMIT: u32 = 200;
/// Most repetitions that RE2 counts.
const MAX_REPEAT: u32 = 1000;
/// Compiled patterns that are kept: expressions use the same few patterns for every row.
const CACHED: usize = 64;

const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
const SPACE: &str = "\\t\\n\\f\\r ";

thread_local! {
    static CACHE: RefCell<FxHashMap<Box<str>, Regex>> = RefCell::default();
}

/// The compiled pattern.
pub fn compile(pattern: &str) -> Result<Regex, Failure> {
    if let Some(regex) = CACHE.with(|cache| cache.borrow().get(pattern).cloned()) {
        return Ok(regex);
    }
    let rewritten =
        rewrite(pattern).map_err(|why| Failure::new(format!("the pattern is not a regular expression: {why}")))?;
    let regex =
        RegexBuilder::new(&rewritten).size_limit(SIZE_LIMIT).nest_limit(NEST_LIMIT).build().map_err(|error| {
            Failure::new(match error {
                regex::Error::CompiledTooBig(_) => {
                    "the pattern is too large when its repetitions are written out".to_owned()
                }
                // The crate's message draws the rewritten pattern over several lines; only its last line says why.
                other => {
                    let text = other.to_string();
                    let why = text.lines().last().unwrap_or("").trim_start_matches("error: ");
                    format!("the pattern is not a regular expression: {why}")
                }
            })
        })?;
    CACHE.with(|cache| {
        let mut cache = cache.borrow_mut();
        if cache.len() >= CACHED {
            cache.clear();
        }
        cache.insert(pattern.into(), regex.clone());
    });
    Ok(regex)
}

/// The same pattern in the regex crate's syntax.
fn rewrite(pattern: &str) -> Result<String, String> {
    let mut rewriter = Rewriter { rest: pattern, out: String::with_capacity(pattern.len() + 16) };
    rewriter.run()?;
    Ok(rewriter.out)
}

struct Rewriter<'a> {
    rest: &'a str,
    out: String,
}

impl<'a> Rewriter<'a> {
    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        self.rest = chars.as_str();
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn skip(&mut self, prefix: &str) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn run(&mut self) -> Result<(), String> {
        // Whether a repetition has just ended, so that a second one is an error as in RE2.
        let mut repeated = false;
        while let Some(c) = self.next() {
            let repetition = match c {
                '*' | '+' | '?' => Some(c.to_string()),
                '{' => self.count()?,
                _ => None,
            };
            if let Some(repetition) = repetition {
                if repeated {
                    return Err("a repetition follows a repetition".into());
                }
                repeated = true;
                self.out.push_str(&repetition);
                if self.skip("?") {
                    self.out.push('?');
                }
                continue;
            }
            repeated = false;
            match c {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '{' => self.out.push_str("\\{"),
                '(' => self.group()?,
                other => self.out.push(other),
            }
        }
        Ok(())
    }

    /// `2}`, `2,}` or `2,5}` after a brace; none where the brace stands for itself.
    fn count(&mut self) -> Result<Option<String>, String> {
        let Some((inside, rest)) = self.rest.split_once('}') else { return Ok(None) };
        let (least, most) = inside.split_once(',').unwrap_or((inside, inside));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if least.is_empty() || !digits(least) || !digits(most) {
            return Ok(None);
        }
        for bound in [least, most] {
            if !bound.is_empty() && !bound.parse::<u32>().is_ok_and(|n| n <= MAX_REPEAT) {
                return Err(format!("more than {MAX_REPEAT} repetitions"));
            }
        }
        self.rest = rest;
        Ok(Some(format!("{{{inside}}}")))
    }

    /// After `(`: the flags that RE2 knows, and no others.
    fn group(&mut self) -> Result<(), String> {
        self.out.push('(');
        let Some(after) = self.rest.strip_prefix('?') else { return Ok(()) };
        if after.starts_with("P<") || after.starts_with('<') {
            return Ok(());
        }
        let flags: &str = after.split([')', ':']).next().unwrap_or("");
        match flags.chars().find(|c| !"imsU-".contains(*c)) {
            Some(flag) => Err(format!("(?{flag} is not supported")),
            None => {
                self.out.push('?');
                self.out.push_str(flags);
                self.rest = after.get(flags.len()..).unwrap_or("");
                // What follows is `:` or the end of the group, and nothing that could be taken for a repetition.
                Ok(())
            }
        }
    }

    /// After a backslash, outside of a class.
    fn escape(&mut self) -> Result<(), String> {
        match self.peek() {
            Some('b' | 'B') => {
                let boundary = if self.skip("b") { "(?-u:\\b)" } else { "\\B" };
                self.skip("B");
                self.out.push_str(boundary);
                Ok(())
            }
            Some('A' | 'z') => {
                let anchor = if self.skip("A") { "\\A" } else { "\\z" };
                self.skip("z");
                self.out.push_str(anchor);
                Ok(())
            }
            Some('Q') => {
                self.skip("Q");
                let (literal, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                self.out.push_str(&regex::escape(literal));
                self.rest = rest;
                Ok(())
            }
            _ => {
                if let Some(set) = self.set_escape()? {
                    self.out.push_str(&set);
                } else {
                    let c = self.char_escape()?;
                    self.push_literal(c);
                }
                Ok(())
            }
        }
    }

    /// `\d`, `\pL` and their like, after the backslash, as something that may stand inside and outside of a class.
    fn set_escape(&mut self) -> Result<Option<String>, String> {
        let set = match self.peek() {
            Some('d') => format!("[{DIGIT}]"),
            Some('D') => format!("[^{DIGIT}]"),
            Some('w') => format!("[{WORD}]"),
            Some('W') => format!("[^{WORD}]"),
            Some('s') => format!("[{SPACE}]"),
            Some('S') => format!("[^{SPACE}]"),
            Some(c @ ('p' | 'P')) => {
                self.next();
                let name = if self.skip("{") {
                    let (name, rest) = self.rest.split_once('}').ok_or("\\p{ has no }")?;
                    self.rest = rest;
                    name
                } else {
                    let length = self.peek().ok_or("\\p has no name")?.len_utf8();
                    let (name, rest) = self.rest.split_at(length);
                    self.rest = rest;
                    name
                };
                let (name, not) = name.strip_prefix('^').map_or((name, false), |name| (name, true));
                if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                    return Err("\\p names no class of characters".into());
                }
                return Ok(Some(format!("\\{}{{{name}}}", if (c == 'P') != not { 'P' } else { 'p' })));
            }
            _ => return Ok(None),
        };
        self.next();
        Ok(Some(set))
    }

    /// The one character that an escape stands for, after the backslash.
    fn char_escape(&mut self) -> Result<char, String> {
        let c = self.next().ok_or("a backslash at the end")?;
        let code = match c {
            'a' => 0x07,
            'f' => 0x0c,
            't' => 0x09,
            'n' => 0x0a,
            'r' => 0x0d,
            'v' => 0x0b,
            '0'..='7' => {
                if c != '0' && !self.peek().is_some_and(|c| ('0'..='7').contains(&c)) {
                    return Err("back references are not supported".into());
                }
                let mut code = c as u32 - '0' as u32;
                for _ in 0..2 {
                    if let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) {
                        self.next();
                        code = code * 8 + digit;
                    }
                }
                code
            }
            'x' => {
                let digits = if self.skip("{") {
                    let (digits, rest) = self.rest.split_once('}').ok_or("\\x{ has no }")?;
                    self.rest = rest;
                    digits
                } else {
                    let digits = self.rest.get(..2).ok_or("\\x needs two hex digits")?;
                    self.rest = self.rest.get(2..).unwrap_or("");
                    digits
                };
                u32::from_str_radix(digits, 16).map_err(|_| "\\x needs hex digits")?
            }
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => c as u32,
            other => return Err(format!("\\{other} is not supported")),
        };
        char::from_u32(code).ok_or_else(|| "\\x names no character".into())
    }

    fn push_literal(&mut self, c: char) {
        let mut buffer = [0; 4];
        self.out.push_str(&regex::escape(c.encode_utf8(&mut buffer)));
    }

    /// After `[`.
    fn class(&mut self) -> Result<(), String> {
        const OPEN: &str = "a class has no ]";
        self.out.push('[');
        if self.skip("^") {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            match self.peek().ok_or(OPEN)? {
                ']' if !first => {
                    self.next();
                    self.out.push(']');
                    return Ok(());
                }
                '[' if self.rest.starts_with("[:") && self.rest.contains(":]") => {
                    let (name, rest) = self.rest.split_once(":]").ok_or(OPEN)?;
                    self.out.push_str(name);
                    self.out.push_str(":]");
                    self.rest = rest;
                }
                _ => {
                    if self.skip("\\") {
                        if let Some(set) = self.set_escape()? {
                            self.out.push_str(&set);
                            first = false;
                            continue;
                        }
                        let low = self.char_escape()?;
                        self.range(low)?;
                    } else {
                        let low = self.next().ok_or(OPEN)?;
                        self.range(low)?;
                    }
                }
            }
            first = false;
        }
    }

    /// `low` in a class, and the rest of a range that it may start.
    fn range(&mut self, low: char) -> Result<(), String> {
        self.push_class_literal(low);
        let Some(after) = self.rest.strip_prefix('-') else { return Ok(()) };
        if after.is_empty() || after.starts_with(']') {
            return Ok(());
        }
        self.rest = after;
        let high = if self.skip("\\") { self.char_escape()? } else { self.next().ok_or("a class has no ]")? };
        if high < low {
            return Err(format!("the range {low}-{high} runs backwards"));
        }
        self.out.push('-');
        self.push_class_literal(high);
        Ok(())
    }

    /// A character of a class, where `&`, `-`, `[` and `~` could mean something to the regex crate.
    fn push_class_literal(&mut self, c: char) {
        if c.is_ascii_punctuation() {
            self.out.push_str(&format!("\\x{{{:x}}}", c as u32));
        } else {
            self.push_literal(c);
        }
    }
}
