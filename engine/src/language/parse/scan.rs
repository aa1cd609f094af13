//! Where blocks end, and what is not closed: looked at only in files that do not parse, so that each block's errors
//! are found and that a missing quotation mark is shown where it is missing.

use std::ops::Range;

use super::super::{Diagnostic, FileId};
use super::place;

/// The blocks of a file that can be parsed, and what is wrong with the others.
#[derive(Default)]
pub(super) struct Scan {
    pub(super) blocks: Vec<Range<usize>>,
    pub(super) wrong: Vec<Diagnostic>,
}

/// Most keys of one object in a file: the time that hcl-edit takes grows with their square.
pub(super) const MAX_KEYS: usize = 10_000;

/// The first object of `text` with more than [`MAX_KEYS`] keys.
pub(super) fn large_object(text: &str, range: Range<usize>, file: FileId) -> Option<Diagnostic> {
    // Shorter texts have no room for that many, and need not be looked at.
    if range.len() < MAX_KEYS * "a=1,".len() {
        return None;
    }
    let mut scanner = Scanner::new(text, range, file, false);
    scanner.walk();
    let at = scanner.large_object?;
    Some(Diagnostic::new(place(file, at..at + 1), format!("this object has more than {MAX_KEYS} keys")))
}

/// Splits `range` of `text` into its top-level blocks.
pub(super) fn scan(text: &str, range: Range<usize>, file: FileId) -> Scan {
    let first = Scanner::new(text, range.clone(), file, false).run();
    if first.wrong.is_empty() {
        return first;
    }
    // Something is not closed, and all that follows would count as inside of it: now a line that looks like the head
    // of a block begins one.
    Scanner::new(text, range, file, true).run()
}

/// What the scanner is inside of, with the place where it began.
#[derive(Clone, Copy)]
enum Inside<'t> {
    /// The last number counts the keys, where it is an object.
    Bracket(u8, usize, usize),
    /// `${` or `%{`
    Template(usize),
    Quotes(usize),
    Heredoc(&'t str, usize),
}

struct Scanner<'t> {
    text: &'t str,
    end: usize,
    file: FileId,
    at: usize,
    block: usize,
    inside: Vec<Inside<'t>>,
    /// Whether the heads of blocks end what is not closed.
    heads: bool,
    /// Whether the block has an error already: what follows in it is mostly its consequence.
    broken: bool,
    large_object: Option<usize>,
    scan: Scan,
}

impl<'t> Scanner<'t> {
    fn new(text: &'t str, range: Range<usize>, file: FileId, heads: bool) -> Scanner<'t> {
        let (at, block) = (range.start, range.start);
        Scanner {
            text,
            end: range.end,
            file,
            at,
            block,
            inside: Vec::new(),
            heads,
            broken: false,
            large_object: None,
            scan: Scan::default(),
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..self.end).unwrap_or("")
    }

    fn run(mut self) -> Scan {
        self.walk();
        self.close_all();
        self.end_block();
        self.scan
    }

    fn walk(&mut self) {
        while let Some(byte) = self.rest().bytes().next() {
            match self.inside.last().copied() {
                Some(Inside::Quotes(start)) => self.in_quotes(byte, start),
                Some(Inside::Heredoc(word, _)) => self.in_heredoc(byte, word),
                _ => self.in_code(byte),
            }
        }
        self.at = self.end;
    }

    fn in_code(&mut self, byte: u8) {
        let rest = self.rest();
        match byte {
            b'"' => self.enter(Inside::Quotes(self.at), 1),
            b'#' => self.skip_line(),
            b'/' if rest.starts_with("//") => self.skip_line(),
            b'/' if rest.starts_with("/*") => match rest.find("*/") {
                Some(end) => self.at += end + 2,
                None => {
                    self.error(self.at..self.at + 2, "this comment is never closed", "close it with */");
                    self.at = self.end;
                }
            },
            b'<' if rest.starts_with("<<") => match heredoc_word(rest) {
                Some((word, length)) => self.enter(Inside::Heredoc(word, self.at), length),
                None => self.at += 2,
            },
            b'(' | b'[' | b'{' => self.enter(Inside::Bracket(byte, self.at, 0), 1),
            b')' | b']' | b'}' => self.close(byte),
            b',' => {
                self.count_key();
                self.at += 1;
            }
            b'\n' => {
                if !self.source(self.block..self.at).trim_end_matches([' ', '\t', '\r']).ends_with([',', '{', '\n']) {
                    self.count_key();
                }
                self.at += 1;
                if self.inside.is_empty() {
                    self.end_block();
                } else if self.heads && looks_like_head(self.rest()) {
                    self.close_all();
                    self.end_block();
                }
            }
            _ => self.step(),
        }
    }

    /// One key more in the object around, unless the brackets are those of something else.
    fn count_key(&mut self) {
        if let Some(Inside::Bracket(b'{', start, count)) = self.inside.last_mut() {
            *count += 1;
            let before = self.text.get(..*start).unwrap_or("").trim_end();
            if *count == MAX_KEYS && before.ends_with(['=', '(', '[', ',', ':', '?']) {
                self.large_object.get_or_insert(*start);
            }
        }
    }

    fn in_quotes(&mut self, byte: u8, start: usize) {
        let rest = self.rest();
        match byte {
            b'\\' => {
                self.at += 1;
                self.step();
            }
            b'"' => self.leave(1),
            b'\n' | b'\r' => {
                self.open_text(start);
                // The rest of the text is lost; code goes on behind it.
                let first = self.inside.iter().position(|inside| matches!(inside, Inside::Quotes(_)));
                self.inside.truncate(first.unwrap_or_default());
            }
            _ if rest.starts_with("$${") || rest.starts_with("%%{") => self.at += 3,
            _ if rest.starts_with("${") || rest.starts_with("%{") => self.enter(Inside::Template(self.at), 2),
            _ => self.step(),
        }
    }

    /// Quoted text that has no end on its line: either it, or a `${` in a text around it, was forgotten.
    fn open_text(&mut self, start: usize) {
        let template = self.inside.windows(2).find_map(|pair| match pair {
            [Inside::Quotes(_), Inside::Template(at)] => Some(*at),
            _ => None,
        });
        match template {
            Some(at) => {
                self.error(at..at + 2, &format!("this {} is never closed", self.source(at..at + 2)), "close it with }")
            }
            None => self.error(
                start..start + 1,
                "this text is not closed on its line",
                "close it with \"; text of several lines is written as <<-END ... END",
            ),
        }
    }

    fn source(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or("")
    }

    fn in_heredoc(&mut self, byte: u8, word: &str) {
        let rest = self.rest();
        if byte == b'\n' {
            self.at += 1;
            let line = self.rest().trim_start_matches([' ', '\t']);
            if let Some(behind) = line.strip_prefix(word)
                && !behind.starts_with(|next: char| next.is_alphanumeric() || next == '_' || next == '-')
            {
                self.at = self.end - behind.len();
                self.inside.pop();
            }
        } else if rest.starts_with("$${") || rest.starts_with("%%{") {
            self.at += 3;
        } else if rest.starts_with("${") || rest.starts_with("%{") {
            self.enter(Inside::Template(self.at), 2);
        } else {
            self.step();
        }
    }

    fn enter(&mut self, inside: Inside<'t>, length: usize) {
        self.inside.push(inside);
        self.at += length;
    }

    fn leave(&mut self, length: usize) {
        self.inside.pop();
        self.at += length;
    }

    /// Past one character.
    fn step(&mut self) {
        self.at += self.rest().chars().next().map_or(1, char::len_utf8);
    }

    fn skip_line(&mut self) {
        self.at += self.rest().find('\n').unwrap_or(self.rest().len());
    }

    fn close(&mut self, byte: u8) {
        let own = char::from(byte);
        match self.inside.last().copied() {
            None => {
                self.error(self.at..self.at + 1, &format!("this {own} closes nothing"), "remove it, or open it before");
            }
            Some(Inside::Bracket(open, start, _)) if closing(open) != byte => {
                let wanted = char::from(closing(open));
                let start = place(self.file, start..start + 1);
                self.error(
                    self.at..self.at + 1,
                    &format!("{wanted} is expected here, not {own}"),
                    &format!("close with {wanted} first"),
                );
                if let Some(last) = self.scan.wrong.last_mut()
                    && last.related.is_empty()
                {
                    last.related.push((start, "opened here".to_owned()));
                }
            }
            Some(Inside::Template(start)) if byte != b'}' => {
                let message = format!("this {} is never closed", self.source(start..start + 2));
                self.error(start..start + 2, &message, "close it with }");
            }
            _ => {}
        }
        self.inside.pop();
        self.at += 1;
    }

    /// What is still open is never closed.
    fn close_all(&mut self) {
        // The innermost one is the one that was forgotten, unless it is a block around others.
        if let Some(inside) = self.inside.last().copied() {
            let (range, hint) = match inside {
                Inside::Bracket(open, at, _) => (at..at + 1, format!("close it with {}", char::from(closing(open)))),
                Inside::Template(at) => (at..at + 2, "close it with }".to_owned()),
                Inside::Quotes(at) => (at..at + 1, "close it with \"".to_owned()),
                Inside::Heredoc(word, at) => (at..at + 2, format!("close it with a line that says {word} alone")),
            };
            let message = format!("this {} is never closed", self.source(range.clone()));
            self.error(range, &message, &hint);
        }
        self.inside.clear();
    }

    fn end_block(&mut self) {
        let own = self.block..self.at;
        if !self.broken && !self.text.get(own.clone()).unwrap_or("").trim().is_empty() {
            self.scan.blocks.push(own);
        }
        self.block = self.at;
        self.broken = false;
    }

    fn error(&mut self, range: Range<usize>, message: &str, hint: &str) {
        if !self.broken {
            self.scan.wrong.push(Diagnostic::new(place(self.file, range), message).hint(hint));
        }
        self.broken = true;
    }
}

fn closing(open: u8) -> u8 {
    match open {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}

/// The word behind `<<` or `<<-`, and the bytes up to the end of its line.
fn heredoc_word(rest: &str) -> Option<(&str, usize)> {
    let behind = rest.strip_prefix("<<-").or_else(|| rest.strip_prefix("<<"))?;
    let length = behind.find(|next: char| !(next.is_alphanumeric() || next == '_' || next == '-'))?;
    let word = behind.get(..length).filter(|word| !word.is_empty())?;
    behind.get(length..)?.starts_with(['\n', '\r']).then(|| (word, rest.len() - behind.len() + length))
}

/// Whether a line begins as a block at the outermost level does: `word "label" {`, without blanks before it.
fn looks_like_head(rest: &str) -> bool {
    let line = rest.lines().next().unwrap_or("");
    let word = line.find(|next: char| !(next.is_ascii_alphanumeric() || next == '_')).unwrap_or(line.len());
    let starts = line.starts_with(|first: char| first.is_ascii_alphabetic());
    let behind = line.get(word..).unwrap_or("").trim_start();
    starts && (behind.starts_with('{') || (behind.starts_with('"') && behind.contains('{')))
}
