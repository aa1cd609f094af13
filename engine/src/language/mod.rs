//! The language: text to expressions, expressions to values.

pub mod diagnostic;
pub mod number;
pub mod scope;
pub mod value;

pub use diagnostic::{Diagnostic, File, FileId, Files, Span};
pub use number::Number;
pub use scope::{Failure, Scope};
pub use value::{Object, Reference, Unknown, Value};
