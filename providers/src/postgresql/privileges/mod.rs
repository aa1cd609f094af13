//! Privileges: what groups hold on databases, schemas and what is in them.
//!
//! `form` reads an entry of `grants` (`kind`, `pattern` and `signature` are its words), `catalog` asks a database for
//! its objects and who holds what on them, `coverage` says which grants that comes to, `read` goes through the
//! databases, `write` gives and takes.

pub mod catalog;
pub mod coverage;
pub mod form;
pub mod kind;
pub mod pattern;
pub mod read;
pub mod scope;
mod signature;
pub mod statement;
pub mod write;
