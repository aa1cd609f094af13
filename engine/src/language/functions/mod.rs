//! The pure functions: values in, value out. What reaches outside is answered by [`super::Scope::call`].

use super::{Failure, Value};

/// One function. Its arguments are plain: the evaluator answers for sensitive and unknown arguments by itself, so that
/// only values and references reach `call`.
pub struct Function {
    /// The name that expressions use.
    pub name: &'static str,
    /// Least number of arguments; fewer never reach `call`.
    pub min: usize,
    /// Largest number of arguments; none: any.
    pub max: Option<usize>,
    /// The function itself.
    pub call: fn(&[Value]) -> Result<Value, Failure>,
}

/// The function of that name.
pub fn find(_name: &str) -> Option<&'static Function> {
    None
}

/// The names of all functions, sorted, for did-you-mean.
pub fn names() -> impl Iterator<Item = &'static str> {
    std::iter::empty()
}
