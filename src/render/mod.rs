//! What people and programs read: diagnostics on standard error, plans on standard output.

pub mod diagnostics;
pub mod graph;
pub mod history;
pub mod plan;
pub mod state;
pub mod text;
