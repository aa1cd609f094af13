//! What goes wrong on the way, in words that can be acted upon.

use crate::provider::{ConnectError, ReadError};

/// A request that brought no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct HttpError {
    /// Method, URL and what happened: `GET https://chat.acme.example/scim/v2/Users answered 401 Unauthorized`.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

impl HttpError {
    /// An error with a hint.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> HttpError {
        HttpError { message: message.into(), hint: hint.into() }
    }
}

impl From<HttpError> for ReadError {
    fn from(error: HttpError) -> ReadError {
        ReadError { message: error.message, hint: error.hint }
    }
}

impl From<HttpError> for ConnectError {
    fn from(error: HttpError) -> ConnectError {
        ConnectError { message: error.message, hint: error.hint }
    }
}

/// Why a write has no answer: the difference decides whether it may have happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteFailure {
    /// No byte of it was sent: it certainly did not happen.
    NotSent(HttpError),
    /// It was sent, and the answer is lost: nobody knows.
    Lost(HttpError),
}

/// Text from outside made fit for a message: one line, no control characters, at most 300 characters.
pub fn clean(text: &str) -> String {
    const LONGEST: usize = 300;
    let mut cleaned = String::with_capacity(text.len().min(LONGEST + 4));
    let mut blank = false;
    for (n, character) in text.trim().chars().enumerate() {
        if n == LONGEST {
            cleaned.push_str(" ...");
            break;
        }
        // Format characters such as the right-to-left override could make a message read as something else.
        if character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
            || character.is_whitespace()
        {
            blank = true;
            continue;
        }
        if blank && !cleaned.is_empty() {
            cleaned.push(' ');
        }
        blank = false;
        cleaned.push(character);
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_one_short_line_without_control_characters() {
        assert_eq!(clean(" a\r\n\tb\u{1b}[31m \u{202e}c "), "a b [31m c");
        assert_eq!(clean(&"x".repeat(1000)).len(), 304);
    }
}
