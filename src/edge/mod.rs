//! Where the program touches the outside, systems apart: the state file and its lock, the clock, files, environment
//! and commands.
//!
//! [`Store`] is what keeps a record: [`FileStore`] on this host, [`s3`] and [`postgres`] for hosts that share it; a
//! [`Place`] is its address. [`Record`] is a loaded one (`load` checks, reads and folds side by side; [`snapshot`]
//! keeps the fold of a long one), [`Journal`] writes to it. [`Outside`] answers the configuration's `file()`, `env()` and `command()`.

pub mod archive;
pub mod background;
pub mod clock;
pub mod copy;
pub mod encryption;
pub mod failure;
pub mod file_store;
pub mod files;
pub mod filesystem;
pub mod head;
pub mod init;
pub mod journal;
pub mod key;
mod load;
pub mod lock;
pub mod operator;
pub mod place;
pub mod postgres;
pub mod provenance;
pub mod record;
pub mod rewrite;
pub mod run_command;
pub mod s3;
pub mod snapshot;
pub mod sources;
pub mod sshsig;
pub mod store;

pub use clock::{Clock, ManualClock, SystemClock};
pub use encryption::{Identities, Recipients};
pub use failure::Failure;
pub use file_store::FileStore;
pub use head::Head;
pub use journal::Journal;
pub use key::SecretKey;
pub use lock::Holder;
pub use operator::Operator;
pub use place::Place;
pub use record::Record;
pub use sources::{Outside, Overlaid};
pub use store::{Session, Store};

#[cfg(test)]
mod snapshot_tests;
#[cfg(test)]
mod tests;
