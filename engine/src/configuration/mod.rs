//! The configuration: blocks to identities, systems, groups, memberships and wanted accounts.

pub mod model;
pub mod sources;

pub use model::*;
pub use sources::Sources;
