//! The language: text to expressions, expressions to values.

mod convert;
pub mod diagnostic;
pub mod evaluate;
pub mod expr;
pub mod functions;
mod json;
pub mod number;
mod order;
pub mod parse;
mod references;
pub mod scope;
pub mod value;
pub(crate) mod write;

pub use diagnostic::{Diagnostic, File, FileId, Files, Places, Span};
pub use evaluate::{evaluate, evaluate_with};
pub use expr::{Attribute, Block, Expr};
pub use functions::csv::table as csv_table;

pub use number::Number;
pub use parse::parse;
pub use references::Mention;
pub use scope::{Failure, Scope};
pub use value::{Object, Reference, Unknown, Value};
pub use write::csv_field;
