//! Function calls: those that the evaluator answers itself, those of the scope, and the pure ones.

use super::{Evaluator, Locals, Marks, Result};
use crate::language::diagnostic::did_you_mean;
use crate::language::expr::{Call, Expr};
use crate::language::functions::{self, Function};
use crate::language::{Diagnostic, Failure, Reference, Span, Value};

/// Functions that the evaluator answers itself, since they look at how an argument comes out, not only at its value.
pub const OWN: [&str; 5] = ["can", "issensitive", "nonsensitive", "sensitive", "try"];

/// Pure functions that move values without looking into them: of their arguments only the outermost mark is taken off,
/// so that asking a large object for one key does not walk through all of it, and a secret item stays the only secret.
const MOVING: [&str; 10] =
    ["coalescelist", "concat", "element", "keys", "length", "lookup", "merge", "reverse", "slice", "values"];

impl Evaluator<'_> {
    pub(super) fn call(&self, call: &Call, span: Span, locals: Locals) -> Result {
        match &*call.name {
            "try" => return self.try_each(call, span, locals),
            "can" => {
                let argument = one_argument(call, span)?;
                return Ok(match self.value(argument, locals) {
                    Ok(value) if value.has_unknown() => {
                        let mut marks = Marks::default();
                        marks.see(&value);
                        marks.unknown()
                    }
                    Ok(_) => Value::Bool(true),
                    Err(_) => Value::Bool(false),
                });
            }
            "sensitive" => {
                return Ok(match self.value(one_argument(call, span)?, locals)? {
                    Value::Unknown(unknown) => Value::unknown(unknown.needs.clone(), true),
                    value => Value::sensitive(value),
                });
            }
            "nonsensitive" => return Ok(self.value(one_argument(call, span)?, locals)?.reveal()),
            "issensitive" => {
                let value = self.value(one_argument(call, span)?, locals)?;
                return Ok(Value::Bool(value.has_sensitive()));
            }
            _ => {}
        }
        let arguments = match self.arguments(call, locals)? {
            Ok(arguments) => arguments,
            Err(unknown) => return Ok(unknown),
        };
        if let Some(result) = self.scope.call(&call.name, &arguments) {
            return result.map_err(|failure| {
                let sensitive = arguments.iter().any(Value::has_sensitive);
                named(Marks { sensitive, ..Marks::default() }.hide(failure), &call.name).at(span)
            });
        }
        match call.function {
            Some(function) => self.pure(function, arguments, span),
            None => Err(unknown_function(&call.name, call.span, &self.scope.calls())),
        }
    }

    /// The values of the arguments, a `list...` spread out; an unknown value where that list is unknown.
    fn arguments(&self, call: &Call, locals: Locals) -> Result<std::result::Result<Vec<Value>, Value>> {
        let mut values = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            values.push(self.value(argument, locals)?);
        }
        if !call.expand {
            return Ok(Ok(values));
        }
        let Some((last, expr)) = values.pop().zip(call.arguments.last()) else { return Ok(Ok(values)) };
        let mut marks = Marks::default();
        let mut last = marks.open(last);
        if let Value::Reference(reference) = &last {
            last = marks.open(self.scope.items(reference).map_err(|failure| failure.at(expr.span))?);
        }
        match last {
            Value::List(items) | Value::Set(items) => {
                values.extend(items.iter().map(|item| marks.close(item.clone())));
                Ok(Ok(values))
            }
            Value::Unknown(_) => {
                values.iter().for_each(|value| marks.see(value));
                Ok(Err(marks.unknown()))
            }
            other => Err(Diagnostic::new(
                expr.span,
                format!("only a list can be spread with ..., and this is {}", other.describe()),
            )),
        }
    }

    /// The first expression that has a value.
    fn try_each(&self, call: &Call, span: Span, locals: Locals) -> Result {
        let mut failed = Vec::new();
        for argument in &call.arguments {
            match self.value(argument, locals) {
                Ok(value) => return Ok(value),
                Err(diagnostic) => failed.push(diagnostic),
            }
        }
        let mut diagnostic = Diagnostic::new(
            span,
            match failed.len() {
                0 => "try needs at least one expression",
                _ => "none of the expressions given to try has a value",
            },
        );
        for one in failed {
            if let Some(place) = one.span {
                diagnostic = diagnostic.related(place, one.message);
            }
        }
        Err(diagnostic.hint("give a last expression that always has one, such as null"))
    }

    fn pure(&self, function: &'static Function, mut arguments: Vec<Value>, span: Span) -> Result {
        check_count(function, arguments.len(), span)?;
        let mut marks = Marks::default();
        for argument in &mut arguments {
            // A reference that stands for several things is those things; one thing stays what it is.
            if let Value::Reference(reference @ Reference::Path(_)) = argument
                && let Ok(items) = self.scope.items(reference)
            {
                *argument = items;
            }
            if MOVING.contains(&function.name) {
                *argument = marks.open(std::mem::replace(argument, Value::Null));
            } else if is_marked(argument) {
                marks.see(argument);
                *argument = argument.reveal();
            }
        }
        if marks.is_unknown() {
            return Ok(marks.unknown());
        }
        match (function.call)(&arguments) {
            Ok(value) => Ok(marks.close(value)),
            Err(failure) => Err(named(marks.hide(failure), function.name).at(span)),
        }
    }
}

/// Whether something in it is sensitive or unknown: one walk, since most values are neither.
fn is_marked(value: &Value) -> bool {
    value.any(&|value| matches!(value, Value::Sensitive(_) | Value::Unknown(_)))
}

fn named(failure: Failure, name: &str) -> Failure {
    if failure.span.is_some() {
        return failure;
    }
    Failure { message: format!("{name}: {}", failure.message), ..failure }
}

fn one_argument(call: &Call, span: Span) -> Result<&Expr> {
    match call.arguments.as_slice() {
        [argument] if !call.expand => Ok(argument),
        _ => Err(Diagnostic::new(span, format!("{} takes one argument, not {}", call.name, call.arguments.len()))),
    }
}

fn check_count(function: &Function, count: usize, span: Span) -> Result<()> {
    let (min, max) = (function.min, function.max.unwrap_or(usize::MAX));
    if (min..=max).contains(&count) {
        return Ok(());
    }
    let wanted = match (min, function.max) {
        (0, Some(0)) => "no arguments".to_owned(),
        (min, Some(max)) if min == max => format!("{min} argument{}", if min == 1 { "" } else { "s" }),
        (min, Some(max)) => format!("{min} to {max} arguments"),
        (min, None) => format!("at least {min} argument{}", if min == 1 { "" } else { "s" }),
    };
    Err(Diagnostic::new(span, format!("{} takes {wanted}, not {count}", function.name)))
}

/// The error for a name that is no function; `others` are the functions of the scope.
pub(in crate::language) fn unknown_function(name: &str, span: Span, others: &[&'static str]) -> Diagnostic {
    let diagnostic = Diagnostic::new(span, format!("there is no function {name:?}"));
    let known = functions::names().chain(OWN).chain(others.iter().copied());
    match did_you_mean(name, known) {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    }
}
