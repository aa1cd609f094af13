//! A snapshot: the fold of a record's lines up to one of them, in a compact form, so that whoever reads a long record need
//! not fold all of it again.
//!
//! It is a help and never a second truth. It names the line up to which it folds and that line's digits; whoever uses it
//! still checks the digits of every line, so it stands for exactly those bytes. It also names the code that folded: other
//! code might fold otherwise, and makes its own. What is not understood, or was altered, is folded anew.
//!
//! `write` writes one, `read` reads it; both know the same layout:
//!
//! ```text
//! DIGEST {"snapshot":1,"by":"...","line":7,"head":"..."}    SHA-256 of all that follows the space behind it
//! texts, objects, identities, numbers                       as `layout` says
//! the rest                                                  JSON: what a checkpoint has beside these, and `Beside`
//! ```

mod layout;
mod read;
mod write;

#[cfg(test)]
mod tests;

pub use read::{Unreadable, body, read};
pub use write::write;

use serde::{Deserialize, Serialize};

use super::checkpoint::few;
use super::event::CheckpointItem;
use super::recorded::Recorded;
use crate::{Digest, Symbol, Timestamp};

/// The layout that this version writes, and the only one that it reads.
const LAYOUT: u32 = 1;

/// What a snapshot is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    snapshot: u32,
    /// Names the code that folded.
    by: String,
    /// Number of the last line that it folds.
    pub line: u64,
    /// The digits of that line.
    pub head: Digest,
}

impl Header {
    /// The header of a snapshot that the code called `by` wrote; none where that is not what these bytes are. Nothing else
    /// of them is looked at.
    pub fn of(bytes: &[u8], by: &str) -> Option<Header> {
        let end = memchr::memchr(b'\n', bytes.get(..bytes.len().min(4096))?)?;
        let header: Header = serde_json::from_slice(bytes.get(DIGITS..end)?).ok()?;
        (header.snapshot == LAYOUT && header.by == by).then_some(header)
    }
}

/// Bytes before the header's JSON: the digest and a space.
const DIGITS: usize = 65;

/// What neither the columns nor the items of a checkpoint say.
#[derive(Debug, Serialize, Deserialize)]
struct Beside {
    lineage: Option<Symbol>,
    last: Timestamp,
    began: Vec<(Symbol, Timestamp)>,
    oddities: Vec<String>,
    later: Option<String>,
    items: Vec<CheckpointItem>,
}

/// Whether nothing that follows can depend on more than a snapshot keeps: between two runs.
fn at_rest(recorded: &Recorded) -> bool {
    recorded.unfinished.is_none() && recorded.checkpoint.is_none() && recorded.displaced.is_empty()
}

/// Whether two folds of the same lines are the same.
pub fn same(one: &Recorded, other: &Recorded) -> bool {
    let Recorded { lineage, head, head_line, last, objects, identities, numbers, began, oddities, later, .. } = one;
    (lineage, head, head_line, last) == (&other.lineage, &other.head, &other.head_line, &other.last)
        && (objects, identities, numbers) == (&other.objects, &other.identities, &other.numbers)
        && (began, oddities, later) == (&other.began, &other.oddities, &other.later)
        && one.unfinished == other.unfinished
        && few(one).eq(few(other))
}
