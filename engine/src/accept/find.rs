//! Where things are declared, and what expressions are made of.

use std::sync::Arc;

use super::Texts;
use crate::language::expr::{Kind, Part, Step};
use crate::language::{Expr, Value};

/// The name in `ROOT.NAME`.
pub(super) fn attribute_of<'e>(expr: &'e Expr, root: &str) -> Option<&'e str> {
    match path_of(expr, root)?[..] {
        [name] => Some(name),
        _ => None,
    }
}

/// The names in `ROOT.NAME["NAME"]`; one at least.
pub(super) fn path_of<'e>(expr: &'e Expr, root: &str) -> Option<Vec<&'e str>> {
    let Kind::Traversal { of, steps } = &*expr.kind else { return None };
    let name = |step: &'e Step| match step {
        Step::Attribute(name, _) => Some(&**name),
        Step::Index(index) => match index.as_literal()? {
            Value::String(name) => Some(&**name),
            _ => None,
        },
        _ => None,
    };
    match &*of.kind {
        Kind::Variable(own) if **own == *root => steps.iter().map(name).collect(),
        _ => None,
    }
}

/// What a value must be so that `expr`, of one value of `root` alone, comes to `text`: its path and that text. A guess for
/// functions (`lower(row.mail)`), which planning with it proves or not.
pub(super) fn invert<'e>(expr: &'e Expr, root: &str, text: &str) -> Option<(Vec<&'e str>, String)> {
    if let Some(path) = path_of(expr, root) {
        return Some((path, text.to_owned()));
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

/// The same, where that value is an attribute of `root` itself.
pub(super) fn invert_attribute<'e>(expr: &'e Expr, root: &str, text: &str) -> Option<(&'e str, String)> {
    let (path, text) = invert(expr, root, text)?;
    match path[..] {
        [name] => Some((name, text)),
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
