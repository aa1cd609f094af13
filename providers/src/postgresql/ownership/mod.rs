//! What accounts own: counted for inventories (`count`), named one by one (`list`), handed over (`transfer`).
//!
//! `pg_shdepend` tells of the whole cluster who owns how much in which database, also where tenure may not enter; what
//! kinds those are, and their names, only the database itself tells.

mod count;
mod list;
pub mod transfer;

pub use count::{Counts, counts, databases, kinds};
pub use list::{Item, SHARED, again, items};
