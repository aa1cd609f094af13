//! The pure functions: values in, value out, with Terraform's names and meanings. `table.rs` lists them, one file per
//! family has their bodies, `arguments.rs` reads what they are given. What reaches outside is answered by
//! [`super::Scope::call`]; what must see unknown or sensitive values or failures (`try`, `can`) is the evaluator's.

mod arguments;
mod collections;
mod conversion;
pub(crate) mod csv;
mod dates;
mod encoding;
mod format;
mod format_number;
mod hashes;
mod json_text;
mod lists;
mod maps;
mod networks;
mod numbers;
mod pattern;
mod regexes;
mod sets;
mod strings;
mod table;
mod unify;
mod yaml_read;
mod yaml_write;

use super::{Failure, Value};
use table::FUNCTIONS;

/// One function. Its arguments are plain: the evaluator answers for sensitive and unknown arguments by itself, so that
/// only values and references reach `call`.
pub struct Function {
    /// The name that expressions use.
    pub name: &'static str,
    /// The names of its arguments, for messages and documentation: `separator, lists...`.
    pub parameters: &'static str,
    /// Least number of arguments; fewer never reach `call`.
    pub min: usize,
    /// Largest number of arguments; none: any.
    pub max: Option<usize>,
    /// The function itself.
    pub call: fn(&[Value]) -> Result<Value, Failure>,
    /// What it does, in one line.
    pub about: &'static str,
}

impl Function {
    /// `join(separator, lists...)`.
    pub fn signature(&self) -> String {
        format!("{}({})", self.name, self.parameters)
    }
}

/// The function of that name.
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.binary_search_by(|function| function.name.cmp(name)).ok().and_then(|at| FUNCTIONS.get(at))
}

/// The names of all functions, sorted, for did-you-mean.
pub fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|function| function.name)
}

/// All functions, by name.
pub fn all() -> &'static [Function] {
    FUNCTIONS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_each_name_is_found() {
        assert!(FUNCTIONS.is_sorted_by(|a, b| a.name < b.name), "find() searches the table by halves");
        for function in FUNCTIONS {
            assert_eq!(find(function.name).map(Function::signature), Some(function.signature()));
            assert!(function.max.is_none_or(|max| max >= function.min), "{}", function.name);
        }
        assert!(find("lenght").is_none());
    }
}
