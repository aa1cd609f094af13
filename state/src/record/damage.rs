//! What is wrong with a state file, and in which line.

use crate::Digest;

/// Damage: the first line that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct Damage {
    /// The line of the file, from 1, as an editor counts.
    pub line: u64,
    pub fault: Fault,
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the file is empty, which no state file ever is")]
    Empty,
    #[error("a line of a state file begins with 64 hex digits and a space, and this one does not")]
    NoDigits,
    #[error(
        "the line begins with the digits {stands}, but its text and the digits of the line before make {due}: this \
         line was altered"
    )]
    Altered { stands: String, due: Digest },
    #[error("the line has the number {n} where {due} was due: {}", gap(*n, *due))]
    OutOfOrder { n: u64, due: u64 },
    #[error("{0}")]
    NotAnEvent(String),
    #[error("the file does not begin with an `opened` line: it is not a state file, or its beginning was cut off")]
    NotOpened,
    #[error("{0}")]
    Senseless(&'static str),
}

fn gap(n: u64, due: u64) -> String {
    match n.checked_sub(due) {
        Some(1) => format!("the line numbered {due} is missing before it"),
        Some(missing) if missing > 1 => format!("the lines numbered {due} to {} are missing before it", n - 1),
        _ => "it stands in the wrong place, or twice".to_owned(),
    }
}
