//! What can be wrong with a directory's folder.

use std::io;
use std::path::Path;

use crate::{ConnectError, ReadError};

/// Something is wrong with a directory: nothing was read, or nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// What failed, with the file and, where there is one, line and column.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

impl Problem {
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Problem {
        Problem { message: message.into(), hint: hint.into() }
    }

    /// What the operating system said about a file.
    pub fn io(doing: &str, path: &Path, error: &io::Error) -> Problem {
        let hint = match error.kind() {
            io::ErrorKind::PermissionDenied => "give the user who runs tenure the rights to this folder and its files",
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on this disk and run again",
            io::ErrorKind::ReadOnlyFilesystem => "the disk is mounted read-only: mount it for writing, or set `path`",
            io::ErrorKind::NotADirectory => "a file stands where a folder is needed: move it, or set `path`",
            _ => "look at the file and its folder, and run again",
        };
        Problem::new(format!("cannot {doing} {}: {error}", path.display()), hint)
    }
}

impl From<Problem> for ReadError {
    fn from(problem: Problem) -> ReadError {
        ReadError { message: problem.message, hint: problem.hint }
    }
}

impl From<Problem> for ConnectError {
    fn from(problem: Problem) -> ConnectError {
        ConnectError { message: problem.message, hint: problem.hint }
    }
}
