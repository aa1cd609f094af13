//! Expressions and blocks: what the text of a configuration becomes.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::functions::Function;
use super::{Files, Span, Value};

/// One block: `group "chat" "core" { ... }`.
#[derive(Clone, Debug)]
pub struct Block {
    /// The word in front: `person`, `group`, `locals`.
    pub kind: Arc<str>,
    /// The words behind it, without quotation marks.
    pub labels: Vec<(Arc<str>, Span)>,
    /// In the order of the text.
    pub attributes: Vec<Attribute>,
    /// In the order of the text.
    pub blocks: Vec<Block>,
    /// The header: from the kind to the end of the last label.
    pub span: Span,
}

/// One attribute of a block: `email = "ada@acme.example"`.
#[derive(Clone, Debug)]
pub struct Attribute {
    pub name: Arc<str>,
    /// Where the name stands.
    pub span: Span,
    pub value: Expr,
}

impl Block {
    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| &*attribute.name == name)
    }
}

/// An expression and its place. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Expr {
    pub span: Span,
    pub kind: Arc<Kind>,
}

/// The kinds of expressions.
#[derive(Debug)]
pub enum Kind {
    /// Null, a bool, a number or a string without anything to fill in.
    Literal(Value),
    /// Text with parts to fill in; always a string.
    Template(Vec<Part>),
    /// `[a, b]`
    List(Items<Expr>),
    /// `{ a = b }`; a plain name as a key is a literal here.
    Object(Items<(Expr, Expr)>),
    /// A variable of a `for` around, or a root of the scope.
    Variable(Arc<str>),
    /// `of.name[key][*]`: flat, however long.
    Traversal {
        of: Expr,
        steps: Vec<Step>,
    },
    /// `name(a, b...)`
    Call(Call),
    Unary(Unary, Expr),
    Binary(Binary, Expr, Expr),
    /// `condition ? then : otherwise`
    Conditional {
        condition: Expr,
        then: Expr,
        otherwise: Expr,
    },
    For(For),
}

/// What stands in a list or an object. Where all of it is literal, the value is made once, and shared by all who ask: each
/// account may look into a table of thousands of exceptions.
pub struct Items<T> {
    items: Box<[T]>,
    /// None where the value depends on the scope; empty as long as nobody asked.
    constant: OnceLock<Option<Value>>,
}

impl<T> Items<T> {
    /// The value, where it is known to be the same in every scope.
    pub(super) fn constant(&self) -> Option<&Value> {
        self.constant.get()?.as_ref()
    }

    /// Remembers `value`, to which all items came, for everybody, where they are the same in every scope.
    pub(super) fn remember(&self, value: &Value, is_constant: impl Fn(&T) -> bool) {
        self.constant.get_or_init(|| self.items.iter().all(is_constant).then(|| value.clone()));
    }
}

impl<T> From<Vec<T>> for Items<T> {
    fn from(items: Vec<T>) -> Items<T> {
        Items { items: items.into(), constant: OnceLock::new() }
    }
}

impl<T> std::ops::Deref for Items<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<'i, T> IntoIterator for &'i Items<T> {
    type Item = &'i T;
    type IntoIter = std::slice::Iter<'i, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

impl<T: fmt::Debug> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.items.fmt(f)
    }
}

/// A step of a traversal, with its place.
#[derive(Debug)]
pub enum Step {
    /// `.name`
    Attribute(Arc<str>, Span),
    /// `[key]`
    Index(Expr),
    /// `.0`
    LegacyIndex(Expr),
    /// `.*`: the steps with a dot that follow are taken of each item.
    AttributeSplat(Span),
    /// `[*]`: all steps that follow are taken of each item.
    Splat(Span),
}

/// A part of a template.
#[derive(Debug)]
pub enum Part {
    Text(Arc<str>),
    /// `${value}`
    Value(Expr),
    /// `%{if condition}then%{else}otherwise%{endif}`
    If {
        condition: Expr,
        then: Vec<Part>,
        otherwise: Vec<Part>,
    },
    /// `%{for key, value in of}body%{endfor}`
    For {
        key: Option<Arc<str>>,
        value: Arc<str>,
        of: Expr,
        body: Vec<Part>,
    },
}

/// A function call.
pub struct Call {
    pub name: Arc<str>,
    /// Where the name stands.
    pub span: Span,
    pub arguments: Vec<Expr>,
    /// Whether the last argument is a list that stands for further arguments: `max(list...)`.
    pub expand: bool,
    /// The pure function of that name; none where it is the evaluator's or the scope's, or does not exist.
    pub(super) function: Option<&'static Function>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("name", &self.name).field("arguments", &self.arguments).finish_non_exhaustive()
    }
}

/// `[for key, value in of : result if condition]`, `{for key, value in of : name => result... if condition}`.
#[derive(Debug)]
pub struct For {
    pub key: Option<Arc<str>>,
    pub value: Arc<str>,
    pub of: Expr,
    /// The key expression: present where the result is an object.
    pub name: Option<Expr>,
    pub result: Expr,
    /// `...`: results of the same key become a list.
    pub grouped: bool,
    pub condition: Option<Expr>,
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    Negate,
    Not,
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    And,
    Or,
}

impl Binary {
    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Binary::Equal => "==",
            Binary::NotEqual => "!=",
            Binary::Less => "<",
            Binary::LessOrEqual => "<=",
            Binary::Greater => ">",
            Binary::GreaterOrEqual => ">=",
            Binary::Add => "+",
            Binary::Subtract => "-",
            Binary::Multiply => "*",
            Binary::Divide => "/",
            Binary::Remainder => "%",
            Binary::And => "&&",
            Binary::Or => "||",
        }
    }
}

impl Expr {
    /// An expression at a place.
    pub fn new(span: Span, kind: Kind) -> Expr {
        Expr { span, kind: Arc::new(kind) }
    }

    /// A value that stands at a place.
    pub fn literal(span: Span, value: Value) -> Expr {
        Expr::new(span, Kind::Literal(value))
    }

    /// The value, where the expression is a plain literal: what secret settings refuse.
    pub fn as_literal(&self) -> Option<&Value> {
        match &*self.kind {
            Kind::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it was seen to be the same in every scope.
    pub(super) fn is_constant(&self) -> bool {
        match &*self.kind {
            Kind::Literal(_) => true,
            Kind::List(items) => items.constant().is_some(),
            Kind::Object(pairs) => pairs.constant().is_some(),
            _ => false,
        }
    }

    /// The text of the expression in its file.
    pub fn source<'a>(&self, files: &'a Files) -> &'a str {
        let text = files.get(self.span.file).map_or("", |file| &file.text);
        text.get(self.span.start as usize..self.span.end as usize).unwrap_or("")
    }
}
