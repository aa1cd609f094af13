//! Who did what differs, as far as the server's own log tells.
//!
//! `read` takes the end of the log through the server, `record` takes it apart, `line` keeps of a record who, when, and by
//! `deed` (and `token`) what its statement does to roles; there the text of statements ends. `history` says which of them
//! took effect, `author` who did what a difference comes of, and `ask` puts it together. Nobody is named on less: see `docs/providers/postgresql.md`.

pub mod ask;
pub mod author;
pub mod deed;
pub mod history;
pub mod line;
pub mod read;
pub mod record;
#[cfg(test)]
mod tests;
pub mod token;
