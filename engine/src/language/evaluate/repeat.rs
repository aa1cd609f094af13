//! `for` expressions, and what they go through.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{Evaluator, Local, Locals, Marks, Result};
use crate::language::expr::{Expr, For};
use crate::language::{Diagnostic, Object, Value};

/// What a `for` goes through: keys and values.
pub(super) enum Items {
    List(Arc<Vec<Value>>),
    Set(Arc<Vec<Value>>),
    Object(Arc<Object>),
}

impl Items {
    /// Keys are numbers for a list, the values themselves for a set.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Value, Value)> {
        let length = match self {
            Items::List(items) | Items::Set(items) => items.len(),
            Items::Object(object) => object.len(),
        };
        (0..length).filter_map(move |at| match self {
            Items::List(items) => Some((Value::number(at), items.get(at)?.clone())),
            Items::Set(items) => items.get(at).map(|item| (item.clone(), item.clone())),
            Items::Object(object) => {
                object.get_index(at).map(|(key, value)| (Value::String(key.clone()), value.clone()))
            }
        })
    }
}

impl Evaluator<'_> {
    /// The items of a collection; none where it is unknown, which `marks` remembers.
    pub(super) fn items(&self, of: &Expr, locals: Locals, marks: &mut Marks) -> Result<Option<Items>> {
        let mut value = marks.open(self.value(of, locals)?);
        if let Value::Reference(reference) = &value {
            value = marks.open(self.scope.items(reference).map_err(|failure| failure.at(of.span))?);
        }
        match value {
            Value::List(items) => Ok(Some(Items::List(items))),
            Value::Set(items) => Ok(Some(Items::Set(items))),
            Value::Object(object) => Ok(Some(Items::Object(object))),
            Value::Unknown(_) => Ok(None),
            other => {
                let diagnostic = Diagnostic::new(
                    of.span,
                    format!("for goes through lists and objects, and this is {}", other.describe()),
                );
                Err(if other.is_null() {
                    diagnostic.hint("to go through nothing, write coalesce(..., [])")
                } else {
                    diagnostic
                })
            }
        }
    }

    pub(super) fn for_expression(&self, repeat: &For, locals: Locals) -> Result {
        let mut marks = Marks::default();
        let Some(items) = self.items(&repeat.of, locals, &mut marks)? else { return Ok(marks.unknown()) };
        let mut result = Collected::new(repeat);
        for (key, value) in items.iter() {
            let outer = repeat.key.as_deref().map(|name| Local { name, value: &key, outer: locals });
            let inner = Local { name: &repeat.value, value: &value, outer: outer.as_ref().or(locals) };
            self.one(repeat, Some(&inner), &mut marks, &mut result)?;
        }
        Ok(if marks.is_unknown() { marks.unknown() } else { marks.close(result.finish()) })
    }

    /// One round of a `for`.
    fn one(&self, repeat: &For, locals: Locals, marks: &mut Marks, result: &mut Collected) -> Result<()> {
        if let Some(condition) = &repeat.condition {
            let value = marks.open(self.value(condition, locals)?);
            if let Value::Unknown(_) = value {
                return Ok(());
            }
            if !value.to_bool().map_err(|failure| marks.hide(failure).at(condition.span))? {
                return Ok(());
            }
        }
        let Some(name) = &repeat.name else {
            result.list.push(self.value(&repeat.result, locals)?);
            return Ok(());
        };
        let Some(key) = self.key(name, locals, marks)? else { return Ok(()) };
        let value = self.value(&repeat.result, locals)?;
        if repeat.grouped {
            result.groups.entry(key).or_default().push(value);
        } else if let Some(_former) = result.object.insert(key.clone(), value) {
            let message = if marks.sensitive {
                "two items have the same key".to_owned()
            } else {
                format!("two items have the key {key:?}")
            };
            return Err(Diagnostic::new(name.span, message)
                .hint("for a list of all values of each key, write ... behind the value"));
        }
        Ok(())
    }
}

/// What the rounds of a `for` have given so far.
#[derive(Default)]
struct Collected {
    is_object: bool,
    list: Vec<Value>,
    object: Object,
    groups: IndexMap<Arc<str>, Vec<Value>, rustc_hash::FxBuildHasher>,
}

impl Collected {
    fn new(repeat: &For) -> Collected {
        Collected { is_object: repeat.name.is_some(), ..Collected::default() }
    }

    fn finish(self) -> Value {
        if !self.is_object {
            Value::list(self.list)
        } else if self.groups.is_empty() {
            Value::object(self.object)
        } else {
            Value::object(self.groups.into_iter().map(|(key, values)| (key, Value::list(values))))
        }
    }
}
