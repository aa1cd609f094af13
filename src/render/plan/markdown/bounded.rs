//! A page that never grows beyond a number of bytes, and says what it left out.

use crate::render::text::{counted, number};

/// Bytes kept free for the words that say what was left out.
const RESERVED: usize = 160;

/// A page in the making. Lines go in whole or not at all; after the first that does not fit, none does, so that what
/// stands first on a page is never left out for what stands last.
pub struct Bounded {
    text: String,
    limit: usize,
    /// Opens the list that lines go into; written with its first line.
    opening: String,
    /// Closes it.
    closing: String,
    left_out: usize,
    lines: usize,
}

impl Bounded {
    pub fn new(limit: usize) -> Bounded {
        let (opening, closing) = (String::new(), String::new());
        Bounded { text: String::new(), limit, opening, closing, left_out: 0, lines: 0 }
    }

    /// Text that stands in any case.
    pub fn always(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A list of lines between `open` and `close`, which are left out where the list stays empty.
    pub fn list(&mut self, open: &str, close: &str, lines: impl IntoIterator<Item = String>) {
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
        if self.left_out > 0 || needed > self.limit.saturating_sub(RESERVED) {
            self.left_out += 1;
            return;
        }
        self.text.push_str(&std::mem::take(&mut self.opening));
        self.text.push_str(line);
    }

    /// The page.
    pub fn finish(mut self) -> String {
        if self.left_out > 0 {
            let lines = counted(self.left_out, "line", "lines");
            let (all, limit) = (number(self.lines as u64), number(self.limit as u64));
            self.text.push_str(&format!(
                "\n**Shortened: {lines} of {all} are not shown**, to stay within {limit} bytes. `tenure show` shows all.\n"
            ));
        }
        self.text
    }
}
