//! What goes wrong, in words that can be acted upon.

use crate::provider::{ConnectError, ReadError};

use super::protocol::{Answer, Code};

/// An operation that brought no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LdapError {
    /// What failed and where: `ldaps://ldap.acme.example: bind as cn=x: invalidCredentials (49)`.
    pub message: String,
    /// What to do next.
    pub hint: String,
    /// What the server answered, where it did.
    pub code: Option<Code>,
}

impl LdapError {
    /// An error with a hint.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> LdapError {
        LdapError { message: message.into(), hint: hint.into(), code: None }
    }

    /// An answer that is no success; `what` was asked for.
    pub fn answered(what: &str, answer: &Answer) -> LdapError {
        LdapError {
            message: format!("{what}: {}", answer.said()),
            hint: answer.code.hint().to_owned(),
            code: Some(answer.code),
        }
    }

    /// The same with `place` in front, once.
    pub fn at(self, place: &str) -> LdapError {
        if self.message.starts_with(place) {
            return self;
        }
        LdapError { message: format!("{place}: {}", self.message), ..self }
    }
}

impl From<LdapError> for ReadError {
    fn from(error: LdapError) -> ReadError {
        ReadError { message: error.message, hint: error.hint }
    }
}

impl From<LdapError> for ConnectError {
    fn from(error: LdapError) -> ConnectError {
        ConnectError { message: error.message, hint: error.hint }
    }
}

/// Why an operation has no answer: the difference decides whether it may have happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// No byte of it was sent: it certainly did not happen.
    NotSent(LdapError),
    /// It was sent, and the answer is lost: nobody knows.
    Lost(LdapError),
}

impl Failure {
    /// The error, whichever it is.
    pub fn error(self) -> LdapError {
        match self {
            Failure::NotSent(error) | Failure::Lost(error) => error,
        }
    }
}
