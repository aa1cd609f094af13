//! What an expression mentions, found without evaluating it.

use std::sync::Arc;

use crate::language::expr::{Expr, For, Kind, Part, Step};

/// Calls `found` for every root name that stands free in `expr`, with the steps behind it.
pub(super) fn roots<'a>(expr: &'a Expr, found: &mut dyn FnMut(&'a str, &'a [Step])) {
    Walk { bound: Vec::new(), every: false, found, called: &mut |_| {} }.expr(expr);
}

/// The same for every name, also those that a `for` expression binds.
pub(super) fn every_root<'a>(expr: &'a Expr, found: &mut dyn FnMut(&'a str, &'a [Step])) {
    Walk { bound: Vec::new(), every: true, found, called: &mut |_| {} }.expr(expr);
}

/// Whether `expr` calls the function of that name.
pub(super) fn calls(expr: &Expr, name: &str) -> bool {
    let mut found = false;
    Walk { bound: Vec::new(), every: false, found: &mut |_, _| {}, called: &mut |called| found |= called == name }
        .expr(expr);
    found
}

/// Whether a root of that name stands free in `expr`.
pub(super) fn mentions(expr: &Expr, name: &str) -> bool {
    let mut found = false;
    roots(expr, &mut |root, _| found |= root == name);
    found
}

struct Walk<'a, 'f> {
    /// Variables of the `for` expressions around.
    bound: Vec<&'a Arc<str>>,
    /// Whether these are told, too.
    every: bool,
    found: &'f mut dyn FnMut(&'a str, &'a [Step]),
    /// Told the names of functions.
    called: &'f mut dyn FnMut(&'a str),
}

impl<'a> Walk<'a, '_> {
    fn root(&mut self, name: &'a Arc<str>, steps: &'a [Step]) {
        if self.every || !self.bound.contains(&name) {
            (self.found)(name, steps);
        }
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &*expr.kind {
            Kind::Literal(_) => {}
            Kind::Template(parts) => self.parts(parts),
            Kind::List(items) => items.iter().for_each(|item| self.expr(item)),
            Kind::Object(pairs) => pairs.iter().for_each(|(key, value)| {
                self.expr(key);
                self.expr(value);
            }),
            Kind::Variable(name) => self.root(name, &[]),
            Kind::Traversal { of, steps } => {
                match &*of.kind {
                    Kind::Variable(name) => self.root(name, steps),
                    _ => self.expr(of),
                }
                for step in steps {
                    if let Step::Index(key) = step {
                        self.expr(key);
                    }
                }
            }
            Kind::Call(call) => {
                (self.called)(&call.name);
                call.arguments.iter().for_each(|argument| self.expr(argument));
            }
            Kind::Unary(_, operand) => self.expr(operand),
            Kind::Binary(_, left, right) => {
                self.expr(left);
                self.expr(right);
            }
            Kind::Conditional { condition, then, otherwise } => {
                [condition, then, otherwise].into_iter().for_each(|part| self.expr(part));
            }
            Kind::For(each) => self.each(each),
        }
    }

    fn each(&mut self, each: &'a For) {
        self.expr(&each.of);
        let bound = self.bound.len();
        self.bound.extend(each.key.iter().chain([&each.value]));
        each.name.iter().chain([&each.result]).chain(&each.condition).for_each(|part| self.expr(part));
        self.bound.truncate(bound);
    }

    fn parts(&mut self, parts: &'a [Part]) {
        for part in parts {
            match part {
                Part::Text(_) => {}
                Part::Value(value) => self.expr(value),
                Part::If { condition, then, otherwise } => {
                    self.expr(condition);
                    self.parts(then);
                    self.parts(otherwise);
                }
                Part::For { key, value, of, body } => {
                    self.expr(of);
                    let bound = self.bound.len();
                    self.bound.extend(key.iter().chain([value]));
                    self.parts(body);
                    self.bound.truncate(bound);
                }
            }
        }
    }
}
