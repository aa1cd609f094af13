//! What went wrong at the edge.

/// What failed (with the file), and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    pub message: String,
    pub hint: Option<String>,
}

impl Failure {
    /// What failed.
    pub fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), hint: None }
    }

    /// With what to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    /// What failed and what to do next, on one line.
    pub fn whole(self) -> String {
        match self.hint {
            Some(hint) => format!("{} ({hint})", self.message),
            None => self.message,
        }
    }
}

impl From<Failure> for crate::Error {
    fn from(failure: Failure) -> crate::Error {
        crate::Error::Failed { message: failure.message, hint: failure.hint }
    }
}
