//! Where things are declared, and what expressions are made of.

use std::sync::Arc;

use super::Texts;
use crate::language::expr::{Kind, Part, Step};
use crate::language::{Block, Expr, Value};

impl Texts<'_> {
    /// The block of this kind with these labels.
    pub(super) fn block(&self, kind: &str, labels: &[&str]) -> Option<Block> {
        let same = |block: &&Block| {
            &*block.kind == kind && block.labels.iter().map(|(label, _)| &**label).eq(labels.iter().copied())
        };
        self.blocks().find(same).cloned()
    }

    pub(super) fn local(&self, name: &str) -> Option<Expr> {
        let locals = self.blocks().filter(|block| &*block.kind == "locals");
        locals.flat_map(|block| &block.attributes).find(|one| &*one.name == name).map(|one| one.value.clone())
    }

    /// `people.hcl:12`
    pub(super) fn place(&self, expr: &Expr) -> String {
        self.files.place(expr.span)
    }

    pub(super) fn source(&self, expr: &Expr) -> &str {
        expr.source(&self.files)
    }
}

/// The name in `ROOT.NAME`.
pub(super) fn attribute_of<'e>(expr: &'e Expr, root: &str) -> Option<&'e str> {
    let Kind::Traversal { of, steps } = &*expr.kind else { return None };
    match (&*of.kind, steps.as_slice()) {
        (Kind::Variable(own), [Step::Attribute(name, _)]) if &**own == root => Some(name),
        (Kind::Variable(own), [Step::Index(index)]) if &**own == root => match index.as_literal()? {
            Value::String(name) => Some(name),
            _ => None,
        },
        _ => None,
    }
}

/// What a value must be so that `expr`, of one attribute of `root` alone, comes to `text`: the attribute and the value.
/// A guess for functions (`lower(row.mail)`), which planning with it proves or not.
pub(super) fn invert<'e>(expr: &'e Expr, root: &str, text: &str) -> Option<(&'e str, String)> {
    if let Some(name) = attribute_of(expr, root) {
        return Some((name, text.to_owned()));
    }
    match &*expr.kind {
        Kind::Template(parts) => {
            let at = parts.iter().position(|part| matches!(part, Part::Value(_)))?;
            let (before, after) = (texts(parts.get(..at)?)?, texts(parts.get(at + 1..)?)?);
            let Part::Value(inner) = parts.get(at)? else { return None };
            invert(inner, root, text.strip_prefix(&*before)?.strip_suffix(&*after)?)
        }
        Kind::Call(call) => {
            let mut inner = call.arguments.iter().filter(|argument| argument.as_literal().is_none());
            let only = inner.next().filter(|_| inner.next().is_none())?;
            invert(only, root, text)
        }
        _ => None,
    }
}

fn texts(parts: &[Part]) -> Option<String> {
    let text = |part: &Part| match part {
        Part::Text(text) => Some(text.clone()),
        _ => None,
    };
    parts.iter().map(text).collect::<Option<Vec<Arc<str>>>>().map(|texts| texts.concat())
}

/// The paths in `csvdecode(file("PATH"))`, wherever in `expr` or in the locals that it names.
pub(super) fn tables(texts: &Texts<'_>, expr: &Expr, depth: u32, found: &mut Vec<String>) {
    if depth == 0 {
        return;
    }
    let mut within = |expr: &Expr| tables(texts, expr, depth - 1, found);
    match &*expr.kind {
        Kind::Call(call) if &*call.name == "csvdecode" => {
            let Some(argument) = call.arguments.first() else { return };
            if let Kind::Call(inner) = &*argument.kind
                && &*inner.name == "file"
                && let Some(Value::String(path)) = inner.arguments.first().and_then(Expr::as_literal)
                && !found.iter().any(|known| **known == **path)
            {
                found.push(path.to_string());
            }
        }
        Kind::Call(call) => call.arguments.iter().for_each(within),
        Kind::List(items) => items.iter().for_each(within),
        Kind::For(repeat) => within(&repeat.of),
        Kind::Conditional { then, otherwise, .. } => {
            within(then);
            within(otherwise);
        }
        Kind::Traversal { of, .. } => match attribute_of(expr, "local").and_then(|name| texts.local(name)) {
            Some(local) => within(&local),
            None => within(of),
        },
        _ => {}
    }
}
