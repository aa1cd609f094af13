//! What people and programs read: diagnostics on standard error, plans on standard output.

pub mod diagnostics;
pub mod graph;
pub mod plan;
pub mod text;
