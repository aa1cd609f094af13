//! What an expression can see.

use super::{Reference, Span, Value};

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What failed: `person "adda" is not declared`.
    pub message: String,
    /// What to do next: `did you mean "ada"?`.
    pub hint: Option<String>,
    /// Where, if deeper than the expression that the evaluator is at (a `local` that fails inside, say); the evaluator
    /// fills in its own place where this is none.
    pub span: Option<Span>,
}

impl Failure {
    /// A failure at the place where the evaluator is.
    pub fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), hint: None, span: None }
    }

    /// With what to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }
}

/// The surroundings of an expression. The evaluator owns operators, `for`, templates, `try`/`can` and the pure
/// functions; everything that other blocks or the outside say comes through here.
pub trait Scope {
    /// The value of a root name (`var`, `local`, `self`, `person`, ...): a plain value, or a [`Reference::Path`] whose
    /// attributes are asked for one by one. None where the name is not known here.
    fn root(&self, name: &str) -> Option<Value>;
    /// The root names known here, for did-you-mean.
    fn roots(&self) -> Vec<String>;
    /// `of.name`, for a reference.
    fn attribute(&self, of: &Reference, name: &str) -> Result<Value, Failure>;
    /// `of[key]`, for a reference.
    fn index(&self, of: &Reference, key: &Value) -> Result<Value, Failure>;
    /// What `for`, splat, `length`, `keys`, ... see of a reference: a list or an object (of references, mostly).
    fn items(&self, of: &Reference) -> Result<Value, Failure>;
    /// The functions that reach outside or depend on the place: `file`, `fileexists`, `fileset`, `filebase64`,
    /// `templatefile` (and the like), `env`, `command`, `next`, `timestamp` and `plantimestamp` (the `now` of the
    /// run). None where the name is not one of them.
    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Failure>>;
    /// Names of those functions, for did-you-mean.
    fn calls(&self) -> Vec<&'static str>;
}
