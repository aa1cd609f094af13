//! The language: text to expressions, expressions to values.

mod convert;
pub mod diagnostic;
pub mod functions;
mod json;
pub mod number;
mod order;
pub mod scope;
pub mod value;

pub use diagnostic::{Diagnostic, File, FileId, Files, Span};
pub use number::Number;
pub use scope::{Failure, Scope};
pub use value::{Object, Reference, Unknown, Value};
