//! Why a command ends with exit code 1.

use std::io::{self, Write};

use engine::language::{Diagnostic, Files};

use crate::{Exit, render};

/// Why a command could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration is wrong: all that is wrong, with the places.
    #[error("the configuration has {} errors", diagnostics.len())]
    Configuration { files: Files, diagnostics: Vec<Diagnostic> },
    /// Anything else: what failed (and where), and what to do next.
    #[error("{message}")]
    Failed { message: String, hint: Option<String> },
    /// Standard output could not be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl Error {
    /// What failed, and where.
    pub fn new(message: impl Into<String>) -> Error {
        Error::Failed { message: message.into(), hint: None }
    }

    /// With what to do next.
    pub fn hint(self, words: impl Into<String>) -> Error {
        match self {
            Error::Failed { message, .. } => Error::Failed { message, hint: Some(words.into()) },
            other => other,
        }
    }

    /// Shows it on standard error, and says how the program ends. A reader of the output who went away is no error
    /// worth a word.
    pub fn report(&self, to: &mut dyn Write) -> Exit {
        // Where standard error itself cannot be written there is nobody left to tell.
        let _ = match self {
            Error::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return Exit::Unread,
            Error::Configuration { files, diagnostics } => render::diagnostics::write(to, files, diagnostics),
            Error::Failed { message, hint } => render::diagnostics::write_error(to, message, hint.as_deref()),
            Error::Output(_) => render::diagnostics::write_error(to, &self.to_string(), None),
        };
        Exit::Failed
    }

    /// The same as text, without colours.
    pub fn plain(&self) -> String {
        let mut text = Vec::new();
        self.report(&mut anstream::AutoStream::never(&mut text));
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl From<providers::ConnectError> for Error {
    fn from(error: providers::ConnectError) -> Error {
        Error::new(error.message).hint(error.hint)
    }
}
