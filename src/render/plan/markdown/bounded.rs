//! A page that never grows beyond a number of bytes, and says what it left out.

use crate::render::text::{counted, number};

/// Bytes kept free for the words that say what was left out, and of them those for the names of lists.
const RESERVED: usize = 400;
const NAMES: usize = 200;

/// A page in the making. Lines go in whole or not at all; after the first that does not fit, none does, so that what
/// stands first on a page is never left out for what stands last.
pub struct Bounded {
    text: String,
    limit: usize,
    /// Opens the list that lines go into; written with its first line.
    opening: String,
    /// Closes it.
    closing: String,
    /// What the list is called where something of it is left out.
    name: String,
    /// Lines left out, by the names of their lists, in the order of the page.
    left_out: Vec<(String, usize)>,
    lines: usize,
}

impl Bounded {
    pub fn new(limit: usize) -> Bounded {
        let (text, opening, closing, name) = Default::default();
        Bounded { text, limit, opening, closing, name, left_out: Vec::new(), lines: 0 }
    }

    /// Text that stands in any case.
    pub fn always(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A list of lines between `open` and `close`, which are left out where the list stays empty. `name` (Markdown) is
    /// what it is called where something of it is left out.
    pub fn list(&mut self, name: &str, open: &str, close: &str, lines: impl IntoIterator<Item = String>) {
        self.name = name.to_owned();
        self.opening = open.to_owned();
        self.closing = close.to_owned();
        lines.into_iter().for_each(|line| self.line(&line));
        if self.opening.is_empty() {
            self.text.push_str(&self.closing);
        }
        self.opening.clear();
        self.closing.clear();
    }

    /// One line (or a few that belong together), with its line breaks.
    fn line(&mut self, line: &str) {
        self.lines += 1;
        let needed = self.text.len() + self.opening.len() + line.len() + self.closing.len();
        if !self.left_out.is_empty() || needed > self.limit.saturating_sub(RESERVED) {
            match self.left_out.last_mut().filter(|(name, _)| *name == self.name) {
                Some((_, count)) => *count += 1,
                None => self.left_out.push((self.name.clone(), 1)),
            }
            return;
        }
        self.text.push_str(&std::mem::take(&mut self.opening));
        self.text.push_str(line);
    }

    /// The page.
    pub fn finish(mut self) -> String {
        let left_out: usize = self.left_out.iter().map(|(_, count)| count).sum();
        if left_out > 0 {
            let lines = counted(left_out, "line", "lines");
            let (all, limit) = (number(self.lines as u64), number(self.limit as u64));
            let whose = self.whose();
            self.text.push_str(&format!(
                "\n**Shortened: {lines} of {all} are not shown**, to stay within {limit} bytes: {whose}. \
                 `tenure show FILE --full` shows all of a kept plan.\n"
            ));
        }
        self.text
    }

    /// `12 under Taken away, 4,000 under system.chat and 630 elsewhere`.
    fn whose(&self) -> String {
        let (mut named, mut elsewhere) = (String::new(), 0);
        for (name, count) in &self.left_out {
            let one = format!("{} under {name}", number(*count as u64));
            if elsewhere == 0 && named.len() + one.len() + 2 <= NAMES {
                let comma = if named.is_empty() { "" } else { ", " };
                named.push_str(&format!("{comma}{one}"));
            } else {
                elsewhere += count;
            }
        }
        match (named.is_empty(), elsewhere) {
            (_, 0) => named,
            (true, _) => "under several headings".to_owned(),
            (false, _) => format!("{named} and {} elsewhere", number(elsewhere as u64)),
        }
    }
}
