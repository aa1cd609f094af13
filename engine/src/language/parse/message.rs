//! What hcl-edit says of a syntax error, in our words, with what to do about common mistakes.

use std::ops::Range;

use hcl_edit::parser::Error;

use super::super::{Diagnostic, FileId};
use super::place;

/// The diagnostic of a syntax error in the part `range` of `text`.
pub(super) fn diagnostic(error: &Error, text: &str, range: Range<usize>, file: FileId) -> Diagnostic {
    let at = range.start + offset(error, text.get(range.clone()).unwrap_or(""));
    let line_start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let around = Around {
        before: text.get(line_start..at).unwrap_or(""),
        rest: text.get(at..).unwrap_or(""),
        message: error.message(),
    };
    let (message, hint) = around.explain();
    let length = around.word().len().max(around.rest.chars().next().map_or(0, char::len_utf8));
    let diagnostic = Diagnostic::new(place(file, at..at + length), message);
    match hint {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    }
}

/// Where the error is. At the end of the text hcl-edit gives the offset of the last byte, which may lie inside of a
/// character, but a column behind it.
fn offset(error: &Error, text: &str) -> usize {
    let offset = error.location().offset();
    let Some(before) = text.get(..offset) else { return text.len() };
    let line = before.rfind('\n').map_or(before, |at| before.get(at + 1..).unwrap_or(""));
    if error.location().column() > line.chars().count() + 1 { text.len() } else { offset }
}

/// A message and what to do next.
type Explanation = (String, &'static str);

fn say(message: impl Into<String>, hint: &'static str) -> Option<Explanation> {
    Some((message.into(), hint))
}

/// What stands around an error.
struct Around<'t> {
    /// The line up to it.
    before: &'t str,
    /// The text from it on.
    rest: &'t str,
    /// What hcl-edit says.
    message: &'t str,
}

impl<'t> Around<'t> {
    /// The name that stands at the error.
    fn word(&self) -> &'t str {
        let length = self.rest.find(|next: char| !(next.is_alphanumeric() || next == '_')).unwrap_or(self.rest.len());
        self.rest.get(..length).unwrap_or("")
    }

    fn expects(&self, what: &str) -> bool {
        self.message.contains(what)
    }

    fn explain(&self) -> (String, Option<String>) {
        let before = self.before.trim();
        let known = self.by_message().or_else(|| self.by_character(before)).or_else(|| self.by_place(before));
        match known {
            Some((message, hint)) => (message, Some(hint.to_owned())),
            None if self.shown().trim().is_empty() => {
                ("something is missing at the end of this line".to_owned(), self.expected())
            }
            None => (format!("{:?} is not expected here", self.shown()), self.expected()),
        }
    }

    /// What hcl-edit names clearly.
    fn by_message(&self) -> Option<Explanation> {
        let (message, hint) = if self.expects("redefined attribute") {
            return say(format!("the attribute {:?} stands twice in this block", self.word()), "remove one of them");
        } else if self.expects("redefined object key") {
            ("this key stands twice in its object", "remove one of them")
        } else if self.expects("nested levels") {
            ("this is nested too deeply: 64 levels are the most", "give a part of it a name in locals { ... }")
        } else if self.expects("chained binary operators") {
            (
                "too many operators in one expression: 128 are the most",
                "use a list with alltrue([...]), anytrue([...]) or sum([...])",
            )
        } else if self.expects("escape sequence") || self.expects("hex code") {
            (
                "there is no such escape in a text",
                r#"known are \n \r \t \" \\ \uNNNN and \UNNNNNNNN; a backslash itself is written twice"#,
            )
        } else if self.expects("heredoc end delimiter") {
            ("this text has no end", "end it with a line that holds the word behind << alone")
        } else {
            return None;
        };
        say(message, hint)
    }

    /// What the character at the error says.
    fn by_character(&self, before: &str) -> Option<Explanation> {
        let starts_line = before.is_empty();
        match self.rest.chars().next() {
            Some('\'' | '‘' | '’') => say("text stands in double quotes, not in single ones", "write \"...\""),
            Some('“' | '”' | '„' | '«' | '»') => {
                say("this is not a quotation mark of HCL", "write \" on both sides")
            }
            Some('`') => say("text stands in double quotes, not in back quotes", "write \"...\""),
            Some(';') => say("HCL has no ;", "end the line instead, or write , between the items of an object"),
            Some('+' | '-' | '*' | '/' | '%' | '?' | ':' | '&' | '|' | '<' | '>' | '=' | '.') if starts_line => say(
                "an expression cannot go on here",
                "it ends with its line; put it in parentheses to go on with the next one",
            ),
            Some(':') if self.expects("invalid structure") => {
                say("an attribute has = between its name and its value", "write = in place of :")
            }
            Some('"') if self.rest.starts_with("\"${") || self.rest.starts_with("\"%{") => {
                say("a label is plain text", "for blocks that are made out of data, use for_each")
            }
            Some('{' | '[' | '"') if starts_line && !self.expects("`]`") && !self.expects("`)`") => {
                say("this is not a block", "a file holds blocks of the form name \"label\" { ... }")
            }
            // `account { on_create { ... } }`
            Some('{')
                if before.contains('{') && before.ends_with(|last: char| last.is_alphanumeric() || last == '_') =>
            {
                say(
                    "a block on one line holds an attribute, and no block",
                    "put the block within it on lines of its own",
                )
            }
            Some('e' | 'E') if before.ends_with(|last: char| last.is_ascii_digit()) => {
                say("this number is too large", "numbers go up to 1e308")
            }
            None | Some('\n' | '\r') => match before
                .ends_with(['=', '+', '*', '/', '%', '?', ':', '&', '|', '<', '>', '-'])
            {
                true => {
                    say("the value is missing", "a value stands on the line of its =, or goes on inside of parentheses")
                }
                false => None,
            },
            _ => None,
        }
    }

    /// What the words and values around the error say.
    fn by_place(&self, before: &str) -> Option<Explanation> {
        match self.word() {
            "and" => return say("there is no operator \"and\"", "write &&"),
            "or" => return say("there is no operator \"or\"", "write ||"),
            "not" => return say("there is no operator \"not\"", "write !"),
            _ => {}
        }
        if self.expects("block body") {
            return self.in_block(before);
        }
        if self.starts_value() && (self.expects("`]`") || self.expects("`)`") || self.expects("object item")) {
            return say("something is missing before this", "write a comma between two values");
        }
        if self.rest.starts_with('=') && !self.rest.starts_with("==") && before.contains('=') {
            return say("one = too many", "to compare, write ==");
        }
        if self.expects("newline") {
            return say(
                "the line should end here",
                "each attribute stands on a line of its own; text stands in double quotes",
            );
        }
        if self.expects("invalid structure") {
            return say("this is neither an attribute nor a block", "write name = value, or name \"label\" { ... }");
        }
        if self.expects("invalid expression") {
            return say("a value is expected here", "a text stands in double quotes");
        }
        None
    }

    /// Where a line of a block is expected.
    fn in_block(&self, before: &str) -> Option<Explanation> {
        let word = self.word();
        if before.contains('{') && before.contains('=') {
            return say(
                "a block on one line holds one attribute at most",
                "write each attribute on a line of its own, with } on the last line",
            );
        }
        if !word.is_empty() && self.rest.get(word.len()..).is_some_and(|behind| behind.trim_start().starts_with('=')) {
            // hcl-edit went back to the name, since the value has no end that it knows.
            let line = self.rest.lines().next().unwrap_or("");
            let hint = if line.contains("%{") {
                "each %{ if } needs its %{ endif }, each %{ for } its %{ endfor }"
            } else {
                "look for what is not closed in it"
            };
            return say(format!("the value of {word:?} cannot be read"), hint);
        }
        say("this is not valid inside of a block", "a block holds lines of the form name = value, and blocks")
    }

    /// What stands there, for the message: a word, else a character.
    fn shown(&self) -> String {
        match self.word() {
            "" => self.rest.chars().next().map_or_else(String::new, String::from),
            word => word.to_owned(),
        }
    }

    fn starts_value(&self) -> bool {
        self.rest.starts_with(|next: char| next.is_alphanumeric() || matches!(next, '"' | '_' | '[' | '{' | '('))
    }

    /// What hcl-edit would take there.
    fn expected(&self) -> Option<String> {
        let (_, expected) = self.message.split_once("expected ")?;
        Some(format!("expected: {}", expected.replace('\n', "the end of the line").replace('`', "")))
    }
}
