//! Values of `variable` blocks: what was given, else the default.

use std::sync::Arc;

use hcl_edit::Span as _;
use rustc_hash::FxHashMap;

use super::errors::{Errors, did_you_mean};
use super::inputs::{Answer, Inputs};
use super::program::{Declared, Program};
use super::types::Type;
use crate::language::{Diagnostic, Expr, Failure, File, FileId, Files, Reference, Scope, Span, Value, evaluate, parse};

/// A value given from outside: by `--var`, `--var-file` or `TENURE_VAR_*`. Of several for one name the last wins.
#[derive(Clone, Debug)]
pub struct Given {
    pub name: String,
    pub value: GivenValue,
    /// Where it comes from, for messages: `--var`, `prod.vars`, `TENURE_VAR_region`.
    pub origin: String,
    /// Whether it is an error that no block declares the variable.
    pub must_exist: bool,
}

/// How a value is given.
#[derive(Clone)]
pub enum GivenValue {
    /// As typed: a plain string where the variable's type is a string or is not said, else an expression.
    Text(String),
    /// An expression's text, from a file.
    Expression(String),
    /// A value, from JSON.
    Value(Value),
}

/// Shows nothing: the variable may be sensitive.
impl std::fmt::Debug for GivenValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(given)")
    }
}

/// The variables of a `--var-file`: `name = expression` lines, or JSON where `path` ends in `.json`.
pub fn read_variables(path: &str, text: &str) -> Result<Vec<Given>, Diagnostic> {
    let given = |name: String, value: GivenValue| Given { name, value, origin: path.to_owned(), must_exist: true };
    let wrong = |message: String| Diagnostic {
        message: format!("{path}: {message}"),
        span: None,
        label: String::new(),
        related: Vec::new(),
        hint: Some("a file of variables has lines such as `region = \"eu\"`".to_owned()),
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if path.ends_with(".json") {
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(text).map_err(|error| wrong(format!("not an object in JSON: {error}")))?;
        let values = object.into_iter().map(|(name, value)| given(name, GivenValue::Value(Value::from_json(&value))));
        return Ok(values.collect());
    }
    let body = hcl_edit::parser::parse_body(text).map_err(|error| {
        wrong(format!("{}:{}: {}", error.location().line(), error.location().column(), error.message()))
    })?;
    if let Some(block) = body.blocks().next() {
        return Err(wrong(format!("there is a block `{}`", block.ident.as_str())));
    }
    let values = body.attributes().filter_map(|attribute| {
        let expression = text.get(attribute.value.span()?)?;
        Some(given(attribute.key.as_str().to_owned(), GivenValue::Expression(expression.to_owned())))
    });
    Ok(values.collect())
}

/// Sees nothing but functions: what variables are computed from.
struct Nothing;

impl Scope for Nothing {
    fn root(&self, _: &str) -> Option<Value> {
        None
    }
    fn roots(&self) -> Vec<String> {
        Vec::new()
    }
    fn attribute(&self, of: &Reference, _: &str) -> Result<Value, Failure> {
        Err(Failure::new(format!("{of} is not known here")))
    }
    fn index(&self, of: &Reference, _: &Value) -> Result<Value, Failure> {
        Err(Failure::new(format!("{of} is not known here")))
    }
    fn items(&self, of: &Reference) -> Result<Value, Failure> {
        Err(Failure::new(format!("{of} is not known here")))
    }
    fn call(&self, name: &str, _: &[Value]) -> Option<Result<Value, Failure>> {
        super::calls::NAMES.contains(&name).then(|| {
            Err(Failure::new("variables cannot reach outside")
                .hint(format!("put `{name}(...)` into locals, or give the value with --var or TENURE_VAR_*")))
        })
    }
    fn calls(&self) -> Vec<&'static str> {
        Vec::new()
    }
}

/// The values of all variables, by number, each with what stands for it among the inputs. What was given as text becomes a file of its own, so that errors in it
/// have a place.
pub(super) fn values(
    program: &mut Program,
    given: &[Given],
    inputs: &Inputs,
    errors: &mut Errors,
) -> Vec<(Value, Arc<Answer>)> {
    let mut by_name: FxHashMap<&str, &Given> = FxHashMap::default();
    for one in given {
        if program.variables.get(&one.name).is_some() {
            by_name.insert(&one.name, one);
        } else if one.must_exist {
            let known = program.variables.blocks.iter().map(|variable| &*variable.name);
            let hint = did_you_mean(&one.name, known, || format!("declare it: variable {:?} {{}}", one.name));
            errors.push(Diagnostic {
                message: format!("{}: variable {:?} is not declared", one.origin, one.name),
                span: None,
                label: String::new(),
                related: Vec::new(),
                hint: Some(hint),
            });
        }
    }
    let mut values = Vec::with_capacity(program.variables.blocks.len());
    for variable in &program.variables.blocks {
        let given = by_name.get(&*variable.name).copied();
        let value = match value(variable, given, &mut program.files, inputs) {
            Ok(value) => value,
            Err(found) => {
                errors.extend(found);
                (Value::Null, inputs.add(format!("var.{}", variable.name), &[]))
            }
        };
        values.push(value);
    }
    values
}

fn value(
    variable: &Declared,
    given: Option<&Given>,
    files: &mut Files,
    inputs: &Inputs,
) -> Result<(Value, Arc<Answer>), Vec<Diagnostic>> {
    let one = |diagnostic| vec![diagnostic];
    let of = variable.expr("type").map(|of| Type::read(of, &Nothing)).transpose().map_err(one)?;
    let of = of.unwrap_or(Type::Any);
    let sensitive = match variable.expr("sensitive").map(|expr| (expr, expr.as_literal())) {
        None | Some((_, Some(Value::Bool(false)))) => false,
        Some((_, Some(Value::Bool(true)))) => true,
        Some((expr, _)) => {
            return Err(
                one(Diagnostic::new(expr.span, "`sensitive` must be true or false").hint("write it literally")),
            );
        }
    };
    let name = &variable.name;
    let (value, place): (Value, Place) = match (given, variable.expr("default")) {
        (Some(given), _) => given_value(given, &of, name, files).map_err(|found| match sensitive {
            // The text that these would show is the secret.
            true => {
                let message = format!("variable {name:?}, given by {}: its value cannot be read", given.origin);
                one(Diagnostic::new(variable.block.span, message).hint(
                    "it is sensitive, so details are not shown; where it is text, leave `type` out or write string",
                ))
            }
            false => found,
        })?,
        (None, Some(default)) => (evaluate(default, &Nothing).map_err(one)?, Place::At(default.span)),
        (None, None) => {
            return Err(one(Diagnostic::new(variable.block.span, format!("variable {name:?} has no value")).hint(
                format!("give it one with --var {name}=VALUE, in a --var-file, as TENURE_VAR_{name}, or a `default`"),
            )));
        }
    };
    let value = of.convert(&value).map_err(|failure| {
        let message = if sensitive { "its value does not fit its type".to_owned() } else { failure.message };
        let diagnostic = match &place {
            Place::At(span) => Diagnostic::new(*span, format!("variable {name:?}: {message}")),
            Place::Given(origin) => {
                Diagnostic::new(variable.block.span, format!("variable {name:?}, given by {origin}: {message}"))
            }
        };
        one(match failure.hint {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        })
    })?;
    let text = value.reveal().to_json_text().unwrap_or_default();
    let answer = match sensitive || value.has_sensitive() {
        true => inputs.add_secret(format!("var.{name}"), &text),
        false => inputs.add(format!("var.{name}"), text.as_bytes()),
    };
    Ok((if sensitive { Value::sensitive(value) } else { value }, answer))
}

enum Place {
    At(Span),
    Given(String),
}

fn given_value(
    given: &Given,
    of: &Type,
    name: &Arc<str>,
    files: &mut Files,
) -> Result<(Value, Place), Vec<Diagnostic>> {
    let expression = match &given.value {
        GivenValue::Value(value) => return Ok((value.clone(), Place::Given(given.origin.clone()))),
        GivenValue::Text(text) if of.takes_text() => {
            return Ok((Value::string(text), Place::Given(given.origin.clone())));
        }
        GivenValue::Text(text) | GivenValue::Expression(text) => text,
    };
    let id = FileId(files.0.len() as u32);
    let path = Arc::from(format!("({} {name})", given.origin));
    files.0.push(File { path, text: Arc::from(expression.as_str()) });
    let expr: Expr = parse::parse_expression(files, id)?;
    let value = evaluate(&expr, &Nothing).map_err(|diagnostic| vec![diagnostic])?;
    Ok((value, Place::Given(given.origin.clone())))
}
