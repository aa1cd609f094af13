//! Expressions to values.
//!
//! Values are shared, never copied deeply. What is sensitive makes what is computed from it sensitive; what is unknown
//! makes it unknown, and the unknown value remembers what it waits for.

mod access;
mod call;
mod operator;
mod repeat;
mod template;

pub use call::OWN;
pub(super) use call::unknown_function;

use std::sync::Arc;

use super::expr::{Expr, Items, Kind};
use super::{Diagnostic, Failure, Reference, Scope, Span, Value};
use crate::language::diagnostic::did_you_mean;

type Result<T = Value> = std::result::Result<T, Diagnostic>;

/// The value of `expr` in `scope`.
pub fn evaluate(expr: &Expr, scope: &dyn Scope) -> Result {
    Evaluator { scope }.value(expr, None)
}

/// The value of `expr` in `scope`, with names that hide the scope's: for templates with variables of their own.
pub fn evaluate_with(expr: &Expr, scope: &dyn Scope, variables: &[(Arc<str>, Value)]) -> Result {
    evaluate(expr, &Over { scope, variables })
}

/// A scope with variables over it.
struct Over<'a> {
    scope: &'a dyn Scope,
    variables: &'a [(Arc<str>, Value)],
}

impl Scope for Over<'_> {
    fn root(&self, name: &str) -> Option<Value> {
        match self.variables.iter().find(|(own, _)| &**own == name) {
            Some((_, value)) => Some(value.clone()),
            None => self.scope.root(name),
        }
    }
    fn roots(&self) -> Vec<String> {
        self.variables.iter().map(|(name, _)| name.to_string()).chain(self.scope.roots()).collect()
    }
    fn attribute(&self, of: &Reference, name: &str) -> std::result::Result<Value, Failure> {
        self.scope.attribute(of, name)
    }
    fn index(&self, of: &Reference, key: &Value) -> std::result::Result<Value, Failure> {
        self.scope.index(of, key)
    }
    fn items(&self, of: &Reference) -> std::result::Result<Value, Failure> {
        self.scope.items(of)
    }
    fn call(&self, name: &str, arguments: &[Value]) -> Option<std::result::Result<Value, Failure>> {
        self.scope.call(name, arguments)
    }
    fn calls(&self) -> Vec<&'static str> {
        self.scope.calls()
    }
}

/// The variables of the `for` expressions around, innermost first.
#[derive(Clone, Copy)]
struct Local<'a> {
    name: &'a str,
    value: &'a Value,
    outer: Option<&'a Local<'a>>,
}

type Locals<'a> = Option<&'a Local<'a>>;

struct Evaluator<'s> {
    scope: &'s dyn Scope,
}

impl Evaluator<'_> {
    /// Small on purpose: this is the frame that repeats with the depth of an expression.
    fn value(&self, expr: &Expr, locals: Locals) -> Result {
        match &*expr.kind {
            Kind::Literal(value) => Ok(value.clone()),
            Kind::Template(parts) => self.template(parts, locals),
            Kind::List(items) => self.list(items, locals),
            Kind::Object(pairs) => self.object(pairs, locals),
            Kind::Variable(name) => self.variable(name, expr.span, locals),
            Kind::Traversal { of, steps } => self.traversal(of, steps, locals),
            Kind::Call(call) => self.call(call, expr.span, locals),
            Kind::Unary(operator, operand) => self.unary(*operator, operand, expr.span, locals),
            Kind::Binary(operator, left, right) => self.binary(*operator, left, right, expr.span, locals),
            Kind::Conditional { condition, then, otherwise } => self.conditional(condition, then, otherwise, locals),
            Kind::For(repeat) => self.for_expression(repeat, locals),
        }
    }

    fn list(&self, items: &Items<Expr>, locals: Locals) -> Result {
        if let Some(constant) = items.constant() {
            return Ok(constant.clone());
        }
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            values.push(self.value(item, locals)?);
        }
        let list = Value::list(values);
        items.remember(&list, Expr::is_constant);
        Ok(list)
    }

    fn object(&self, pairs: &Items<(Expr, Expr)>, locals: Locals) -> Result {
        if let Some(constant) = pairs.constant() {
            return Ok(constant.clone());
        }
        let mut object = Vec::with_capacity(pairs.len());
        let mut marks = Marks::default();
        for (key, value) in pairs {
            let name = self.key(key, locals, &mut marks)?;
            let value = self.value(value, locals)?;
            match name {
                Some(name) => object.push((name, value)),
                None => marks.see(&value),
            }
        }
        let object = if marks.is_unknown() { marks.unknown() } else { marks.close(Value::object(object)) };
        pairs.remember(&object, |(key, value)| key.is_constant() && value.is_constant());
        Ok(object)
    }

    /// A key as text; none where it is unknown, which `marks` remembers.
    fn key(&self, key: &Expr, locals: Locals, marks: &mut Marks) -> Result<Option<Arc<str>>> {
        let value = marks.open(self.value(key, locals)?);
        match &value {
            Value::Unknown(_) => Ok(None),
            Value::Null => Err(Diagnostic::new(key.span, "a key cannot be null")),
            other => other.to_text().map(Some).map_err(|failure| marks.hide(failure).at(key.span)),
        }
    }

    fn variable(&self, name: &str, span: Span, locals: Locals) -> Result {
        let mut local = locals;
        while let Some(own) = local {
            if own.name == name {
                return Ok(own.value.clone());
            }
            local = own.outer;
        }
        if let Some(value) = self.scope.root(name) {
            return Ok(value);
        }
        let mut roots = self.scope.roots();
        let mut local = locals;
        while let Some(own) = local {
            roots.push(own.name.to_owned());
            local = own.outer;
        }
        roots.sort_unstable();
        let diagnostic = Diagnostic::new(span, format!("there is no {name:?} here"));
        Err(diagnostic.hint(did_you_mean(name, roots.iter().map(String::as_str)).unwrap_or_else(|| {
            if roots.is_empty() {
                format!("for text, write \"{name}\" with quotation marks")
            } else {
                format!("names that are known here: {}; for text, write \"{name}\"", roots.join(", "))
            }
        })))
    }
}

/// What has been seen of sensitive and unknown values on the way to a result.
#[derive(Default)]
struct Marks {
    sensitive: bool,
    unknown: bool,
    needs: Vec<state::Address>,
}

impl Marks {
    /// Takes the mark off a value and remembers it; an unknown value is remembered, too.
    fn open(&mut self, value: Value) -> Value {
        let value = match value {
            Value::Sensitive(inner) => {
                self.sensitive = true;
                Arc::unwrap_or_clone(inner)
            }
            other => other,
        };
        if let Value::Unknown(unknown) = &value {
            self.unknown = true;
            self.sensitive |= unknown.sensitive;
            self.needs.extend_from_slice(&unknown.needs);
        }
        value
    }

    /// Remembers what is sensitive or unknown in a value, at all depths.
    fn see(&mut self, value: &Value) {
        self.sensitive |= value.has_sensitive();
        if value.has_unknown() {
            self.unknown = true;
            value.collect_needs(&mut self.needs);
        }
    }

    fn is_unknown(&self) -> bool {
        self.unknown
    }

    /// The unknown value that waits for all that was seen.
    fn unknown(self) -> Value {
        Value::unknown(self.needs, self.sensitive)
    }

    /// A result, as sensitive as what it comes from.
    fn close(&self, value: Value) -> Value {
        match value {
            value if !self.sensitive => value,
            Value::Unknown(unknown) => Value::unknown(unknown.needs.clone(), true),
            value => Value::sensitive(value),
        }
    }

    /// A failure without its details, where those could show something sensitive.
    fn hide(&self, failure: Failure) -> Failure {
        if !self.sensitive {
            return failure;
        }
        Failure {
            message: "this fails for a sensitive value".to_owned(),
            hint: Some("details are not shown, since they could give the value away".to_owned()),
            span: failure.span,
        }
    }
}

impl Failure {
    /// With the place where the evaluator is, unless the failure knows a deeper one.
    pub fn at(self, span: Span) -> Diagnostic {
        let diagnostic = Diagnostic::new(self.span.unwrap_or(span), self.message);
        let diagnostic = match self.span {
            Some(deeper) if deeper != span => diagnostic.related(span, "needed here"),
            _ => diagnostic,
        };
        Diagnostic { hint: self.hint, ..diagnostic }
    }
}

/// For a scope that evaluates an expression on behalf of another one.
impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Failure {
        Failure { message: diagnostic.message, hint: diagnostic.hint, span: diagnostic.span }
    }
}
