//! What an expression mentions, without evaluating it: for the order of evaluation and for checks before it.

use std::sync::Arc;

use super::evaluate::unknown_function;
use super::expr::{Call, Expr, Kind, Part, Step};
use super::{Diagnostic, Span, Value};

/// A name that an expression mentions, as far as it can be read off the text: `local.teams["core"].x` is
/// `["local", "teams", "core", "x"]`, and `person[row.manager].email` is `["person"]` (and `["row", "manager"]`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The root name first.
    pub path: Vec<Arc<str>>,
    /// Where it stands.
    pub span: Span,
}

impl Expr {
    /// All names that are mentioned, in the order of the text; variables of `for` expressions are not among them.
    pub fn references(&self) -> Vec<Mention> {
        let mut walk = Walk::default();
        walk.expression(self);
        walk.mentions
    }

    /// The names of all functions that are called, with their places, in the order of the text.
    pub fn calls(&self) -> Vec<(Arc<str>, Span)> {
        let mut walk = Walk::default();
        walk.expression(self);
        walk.calls
    }

    /// An error for each call of a function that does not exist; `others` are those that the scope will answer.
    pub fn unknown_functions(&self, others: &[&'static str]) -> Vec<Diagnostic> {
        let mut walk = Walk::default();
        walk.expression(self);
        let unknown = walk.calls.iter().filter(|(name, _)| {
            super::functions::find(name).is_none()
                && !super::evaluate::OWN.contains(&&**name)
                && !others.contains(&&**name)
        });
        unknown.map(|(name, span)| unknown_function(name, *span, others)).collect()
    }
}

#[derive(Default)]
struct Walk {
    /// Variables of the `for` expressions around.
    bound: Vec<Arc<str>>,
    mentions: Vec<Mention>,
    calls: Vec<(Arc<str>, Span)>,
}

impl Walk {
    fn expression(&mut self, expr: &Expr) {
        match &*expr.kind {
            Kind::Literal(_) => {}
            Kind::Template(parts) => self.parts(parts),
            Kind::List(items) => items.iter().for_each(|item| self.expression(item)),
            Kind::Object(pairs) => {
                for (key, value) in pairs {
                    self.expression(key);
                    self.expression(value);
                }
            }
            Kind::Variable(name) => self.mention(name, &[], expr.span),
            Kind::Traversal { of, steps } => self.traversal(of, steps, expr.span),
            Kind::Call(Call { name, span, arguments, .. }) => {
                self.calls.push((name.clone(), *span));
                arguments.iter().for_each(|argument| self.expression(argument));
            }
            Kind::Unary(_, operand) => self.expression(operand),
            Kind::Binary(_, left, right) => {
                self.expression(left);
                self.expression(right);
            }
            Kind::Conditional { condition, then, otherwise } => {
                self.expression(condition);
                self.expression(then);
                self.expression(otherwise);
            }
            Kind::For(repeat) => {
                self.expression(&repeat.of);
                let bound = self.bind(repeat.key.as_ref(), &repeat.value);
                repeat.name.iter().for_each(|name| self.expression(name));
                self.expression(&repeat.result);
                repeat.condition.iter().for_each(|condition| self.expression(condition));
                self.bound.truncate(bound);
            }
        }
    }

    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            match part {
                Part::Text(_) => {}
                Part::Value(expr) => self.expression(expr),
                Part::If { condition, then, otherwise } => {
                    self.expression(condition);
                    self.parts(then);
                    self.parts(otherwise);
                }
                Part::For { key, value, of, body } => {
                    self.expression(of);
                    let bound = self.bind(key.as_ref(), value);
                    self.parts(body);
                    self.bound.truncate(bound);
                }
            }
        }
    }

    /// Hides names; gives the number of those hidden before.
    fn bind(&mut self, key: Option<&Arc<str>>, value: &Arc<str>) -> usize {
        let before = self.bound.len();
        self.bound.extend(key.cloned());
        self.bound.push(value.clone());
        before
    }

    fn traversal(&mut self, of: &Expr, steps: &[Step], span: Span) {
        match &*of.kind {
            Kind::Variable(name) => self.mention(name, steps, span),
            _ => self.expression(of),
        }
        for step in steps {
            if let Step::Index(key) | Step::LegacyIndex(key) = step {
                self.expression(key);
            }
        }
    }

    fn mention(&mut self, name: &Arc<str>, steps: &[Step], span: Span) {
        if self.bound.contains(name) {
            return;
        }
        let mut path = vec![name.clone()];
        for step in steps {
            match step {
                Step::Attribute(name, _) => path.push(name.clone()),
                Step::Index(key) | Step::LegacyIndex(key) => match key.as_literal().map(Value::to_text) {
                    Some(Ok(key)) => path.push(key),
                    _ => break,
                },
                Step::Splat(_) | Step::AttributeSplat(_) => break,
            }
        }
        self.mentions.push(Mention { path, span });
    }
}
