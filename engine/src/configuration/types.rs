//! Types of variables: `string`, `list(string)`, `object({ name = string, age = optional(number, 0) })`.

use std::sync::Arc;

use crate::language::expr::Kind;
use crate::language::{Diagnostic, Expr, Failure, Scope, Value, evaluate};

/// A type as a `variable` block declares it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    Any,
    String,
    Number,
    Bool,
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>),
    Tuple(Vec<Type>),
    Object(Vec<Field>),
}

/// An attribute of an object type.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    name: Arc<str>,
    of: Type,
    /// Of an optional one: what stands for it where it is left out.
    default: Option<Value>,
}

impl Type {
    /// Whether a text given on the command line is taken as it stands, without quotation marks.
    pub(super) fn takes_text(&self) -> bool {
        matches!(self, Type::Any | Type::String)
    }

    /// Reads a type.
    pub(super) fn read(expr: &Expr, scope: &dyn Scope) -> Result<Type, Diagnostic> {
        let wrong = |expr: &Expr| {
            Diagnostic::new(expr.span, "this is not a type").hint(
                "types are string, number, bool, any, list(...), set(...), map(...), tuple([...]) and object({...})",
            )
        };
        match &*expr.kind {
            Kind::Variable(name) => match &**name {
                "any" => Ok(Type::Any),
                "string" => Ok(Type::String),
                "number" => Ok(Type::Number),
                "bool" => Ok(Type::Bool),
                _ => Err(wrong(expr)),
            },
            Kind::Call(call) => {
                let [of] = call.arguments.as_slice() else { return Err(wrong(expr)) };
                match (&*call.name, &*of.kind) {
                    ("list", _) => Ok(Type::List(Box::new(Type::read(of, scope)?))),
                    ("set", _) => Ok(Type::Set(Box::new(Type::read(of, scope)?))),
                    ("map", _) => Ok(Type::Map(Box::new(Type::read(of, scope)?))),
                    ("tuple", Kind::List(items)) => {
                        Ok(Type::Tuple(items.iter().map(|item| Type::read(item, scope)).collect::<Result<_, _>>()?))
                    }
                    ("object", Kind::Object(pairs)) => {
                        let fields = pairs.iter().map(|(key, of)| Field::read(key, of, scope));
                        Ok(Type::Object(fields.collect::<Result<_, _>>()?))
                    }
                    _ => Err(wrong(expr)),
                }
            }
            _ => Err(wrong(expr)),
        }
    }

    /// The value as this type has it. Null fits every type.
    pub(super) fn convert(&self, value: &Value) -> Result<Value, Failure> {
        match (self, value) {
            (_, Value::Null) | (Type::Any, _) => Ok(value.clone()),
            (_, Value::Sensitive(inner)) => Ok(Value::sensitive(self.convert(inner)?)),
            (Type::String, _) => value.to_text().map(Value::String),
            (Type::Number, _) => value.to_number().map(Value::Number),
            (Type::Bool, _) => value.to_bool().map(Value::Bool),
            (Type::List(of), Value::List(items) | Value::Set(items)) => Ok(Value::list(all(of, items)?)),
            (Type::Set(of), Value::List(items) | Value::Set(items)) => Ok(Value::set(all(of, items)?)),
            (Type::Map(of), Value::Object(object)) => {
                let pairs = object.iter().map(|(key, value)| Ok((key.clone(), of.convert(value).map_err(at(key))?)));
                Ok(Value::object(pairs.collect::<Result<Vec<_>, Failure>>()?))
            }
            (Type::Tuple(types), Value::List(items)) if types.len() == items.len() => {
                let items = types.iter().zip(items.iter()).map(|(of, item)| of.convert(item));
                Ok(Value::list(items.collect::<Result<_, _>>()?))
            }
            (Type::Object(fields), Value::Object(object)) => {
                let mut pairs = Vec::with_capacity(fields.len());
                for field in fields {
                    let value = match (object.get(&field.name), &field.default) {
                        (Some(Value::Null) | None, Some(default)) => default.clone(),
                        (Some(value), _) => field.of.convert(value).map_err(at(&field.name))?,
                        (None, None) => return Err(Failure::new(format!("the attribute {:?} is missing", field.name))),
                    };
                    pairs.push((field.name.clone(), value));
                }
                Ok(Value::object(pairs))
            }
            _ => Err(Failure::new(format!("{} is needed, and this is {}", self.describe(), value.describe()))),
        }
    }

    fn describe(&self) -> &'static str {
        match self {
            Type::Any => "any value",
            Type::String => "a string",
            Type::Number => "a number",
            Type::Bool => "a bool",
            Type::List(_) => "a list",
            Type::Set(_) => "a set",
            Type::Map(_) => "a map",
            Type::Tuple(_) => "a tuple of that length",
            Type::Object(_) => "an object",
        }
    }
}

impl Field {
    fn read(key: &Expr, of: &Expr, scope: &dyn Scope) -> Result<Field, Diagnostic> {
        let Some(Value::String(name)) = key.as_literal() else {
            return Err(Diagnostic::new(key.span, "the name of an attribute is a plain name"));
        };
        if let Kind::Call(call) = &*of.kind
            && &*call.name == "optional"
        {
            let (of, default) = match call.arguments.as_slice() {
                [of] => (Type::read(of, scope)?, Value::Null),
                [of, default] => {
                    let of = Type::read(of, scope)?;
                    let value = evaluate(default, scope)?;
                    let value = of.convert(&value).map_err(|failure| failure.at(default.span))?;
                    (of, value)
                }
                _ => return Err(Diagnostic::new(of.span, "optional takes a type and, if wanted, a default")),
            };
            return Ok(Field { name: name.clone(), of, default: Some(default) });
        }
        Ok(Field { name: name.clone(), of: Type::read(of, scope)?, default: None })
    }
}

fn all(of: &Type, items: &[Value]) -> Result<Vec<Value>, Failure> {
    items.iter().map(|item| of.convert(item)).collect()
}

fn at(name: &Arc<str>) -> impl Fn(Failure) -> Failure {
    let name = name.clone();
    move |failure| Failure { message: format!("{name}: {}", failure.message), ..failure }
}
