//! Attributes, indexes and splats.

use std::sync::Arc;

use super::{Evaluator, Locals, Marks, Result};
use crate::language::diagnostic::did_you_mean;
use crate::language::expr::{Expr, Step};
use crate::language::{Failure, Reference, Span, Value};

impl Evaluator<'_> {
    pub(super) fn traversal(&self, of: &Expr, steps: &[Step], locals: Locals) -> Result {
        let value = self.value(of, locals)?;
        self.steps(value, of.span, steps, locals)
    }

    /// Takes `steps` from `value`, whose text is at `of`.
    fn steps(&self, mut value: Value, mut of: Span, steps: &[Step], locals: Locals) -> Result {
        let mut rest = steps.iter();
        while let Some(step) = rest.next() {
            value = match step {
                Step::Attribute(name, span) => {
                    let next = self.attribute(value, name, *span)?;
                    of.end = span.end;
                    next
                }
                Step::Index(key) | Step::LegacyIndex(key) => {
                    let key_value = self.value(key, locals)?;
                    let next = self.index(value, key_value, key.span)?;
                    of.end = key.span.end;
                    next
                }
                Step::Splat(_) => return self.splat(value, of, rest.as_slice(), locals),
                Step::AttributeSplat(_) => {
                    // Only the steps with a dot right behind it are taken of each item.
                    let following = rest.as_slice();
                    let own = following
                        .iter()
                        .take_while(|step| matches!(step, Step::Attribute(..) | Step::LegacyIndex(_)))
                        .count();
                    let (own, after) = following.split_at(own);
                    let list = self.splat(value, of, own, locals)?;
                    rest = after.iter();
                    list
                }
            };
        }
        Ok(value)
    }

    /// `steps` of each item of a list or set; of null none; of anything else that thing.
    fn splat(&self, value: Value, of: Span, steps: &[Step], locals: Locals) -> Result {
        let mut marks = Marks::default();
        let mut value = marks.open(value);
        if let Value::Reference(reference @ Reference::Path(_)) = &value
            && let Ok(items) = self.scope.items(reference)
        {
            value = match marks.open(items) {
                // A reference to instances stands for its instances, whatever keys they have.
                Value::Object(object) => Value::list(object.values().cloned().collect()),
                other => other,
            };
        }
        if marks.is_unknown() {
            return Ok(marks.unknown());
        }
        let items = match value {
            Value::Null => Arc::default(),
            Value::List(items) | Value::Set(items) => items,
            single => Arc::new(vec![single]),
        };
        let mut results = Vec::with_capacity(items.len());
        for item in items.iter() {
            results.push(self.steps(item.clone(), of, steps, locals)?);
        }
        Ok(marks.close(Value::list(results)))
    }

    fn attribute(&self, value: Value, name: &str, span: Span) -> Result {
        let mut marks = Marks::default();
        let result = match marks.open(value) {
            Value::Object(object) => match object.get(name) {
                Some(value) => Ok(value.clone()),
                None => {
                    let failure = Failure::new(format!("there is no attribute {name:?} in this object"));
                    Err(match did_you_mean(name, object.keys().map(AsRef::as_ref)) {
                        Some(hint) => failure.hint(hint),
                        None => failure.hint(known_keys(object.keys().map(AsRef::as_ref))),
                    })
                }
            },
            Value::Reference(reference) => self.scope.attribute(&reference, name),
            Value::Unknown(_) => return Ok(marks.unknown()),
            Value::Null => Err(Failure::new(format!("there is no attribute {name:?} of null"))
                .hint("null may stand here: ask with == null first, or use try(...)")),
            other @ (Value::List(_) | Value::Set(_)) => {
                Err(Failure::new(format!("there is no attribute {name:?} of {}", other.describe()))
                    .hint(format!("for that attribute of each item, write [*].{name}")))
            }
            other => Err(Failure::new(format!("there is no attribute {name:?} of {}", other.describe()))),
        };
        match result {
            Ok(value) => Ok(marks.close(value)),
            Err(failure) => Err(marks.hide(failure).at(span)),
        }
    }

    fn index(&self, value: Value, key: Value, span: Span) -> Result {
        let mut marks = Marks::default();
        let value = marks.open(value);
        let key = marks.open(key);
        if marks.is_unknown() {
            return Ok(marks.unknown());
        }
        let result = match (&value, &key) {
            (_, Value::Null) => Err(Failure::new("null cannot be a key")),
            (Value::List(items), _) => item(items, &key),
            (Value::Object(object), _) => key.to_text().and_then(|key| match object.get(&key) {
                Some(value) => Ok(value.clone()),
                None => {
                    let failure = Failure::new(format!("there is no key {key:?} in this object"));
                    Err(match did_you_mean(&key, object.keys().map(AsRef::as_ref)) {
                        Some(hint) => failure.hint(hint),
                        None => failure.hint(known_keys(object.keys().map(AsRef::as_ref))),
                    })
                }
            }),
            (Value::Reference(reference), _) => self.scope.index(reference, &key),
            (Value::Set(_), _) => {
                Err(Failure::new("a set has no order, so it has no index").hint("make a list of it with tolist(...)"))
            }
            (other, _) => Err(Failure::new(format!("{} has no index", other.describe()))),
        };
        match result {
            Ok(value) => Ok(marks.close(value)),
            Err(failure) => Err(marks.hide(failure).at(span)),
        }
    }
}

fn item(items: &[Value], key: &Value) -> std::result::Result<Value, Failure> {
    let number = key.to_number()?;
    let value = number.to_usize().and_then(|at| items.get(at));
    value.cloned().ok_or_else(|| {
        Failure::new(format!("there is no item {number} in this list")).hint(match items.len() {
            0 => "the list is empty".to_owned(),
            1 => "the list has one item, number 0".to_owned(),
            length => format!("the list has {length} items, numbered from 0"),
        })
    })
}

/// `it has: a, b, c`, of a few keys.
fn known_keys<'a>(keys: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let length = keys.len();
    if length == 0 {
        return "it is empty".to_owned();
    }
    let shown: Vec<&str> = keys.take(SHOWN).collect();
    let more = if length > SHOWN { format!(" and {} more", length - SHOWN) } else { String::new() };
    format!("it has: {}{more}", shown.join(", "))
}
