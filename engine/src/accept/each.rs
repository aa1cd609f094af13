//! `for_each`: where the collection says what one instance has.

use std::sync::Arc;

use state::Symbol;

use super::{Texts, base, find};
use crate::language::expr::Kind;
use crate::language::{Block, Expr, Value};

/// How far locals are followed.
pub(super) const DEPTH: u32 = 16;

/// One instance of a block.
#[derive(Clone, Debug)]
pub(super) struct Each {
    pub key: Arc<str>,
    /// What `for_each` comes from.
    of: Expr,
}

/// Where something stands that `each.value` is made of.
pub(super) enum Source {
    /// Written out, at this place.
    Literal(Expr),
    /// The object that stands for the instance does not have it.
    Missing(Expr),
    /// In the row of a table.
    Field { path: String, key: String, id: String, column: String },
}

impl Each {
    /// The instance of a block that `name` is; none where the block has no `for_each`.
    pub(super) fn of(block: &Block, name: Symbol) -> Option<Each> {
        let of = block.attribute("for_each")?.value.clone();
        let key = state::address::instance_key(base(name), name)?;
        Some(Each { key: key.into(), of })
    }

    /// Where `each.value.PATH` stands; none where an expression makes it.
    pub(super) fn source(&self, texts: &Texts<'_>, path: &[&str]) -> Option<Source> {
        self.within(texts, &self.of, path, DEPTH)
    }

    fn within(&self, texts: &Texts<'_>, of: &Expr, path: &[&str], depth: u32) -> Option<Source> {
        let depth = depth.checked_sub(1)?;
        if let Some(local) = find::attribute_of(of, "local") {
            return self.within(texts, &texts.local(local)?, path, depth);
        }
        match &*of.kind {
            Kind::Object(pairs) => {
                let (_, value) = pairs.iter().find(|(key, _)| is_text(key, &self.key))?;
                descend(value, path)
            }
            Kind::For(repeat) if repeat.condition.is_none() && !repeat.grouped => {
                let (key, id) = find::invert(repeat.name.as_ref()?, &repeat.value, &self.key)?;
                let [key] = key[..] else { return None };
                let [column] = columns(&repeat.result, &repeat.value, path)?[..] else { return None };
                let mut paths = Vec::new();
                find::tables(texts, &repeat.of, DEPTH, &mut paths);
                let [path] = &paths[..] else { return None };
                Some(Source::Field { path: path.clone(), key: key.to_owned(), id, column: column.to_owned() })
            }
            _ => None,
        }
    }
}

/// What `path` is of `value`, in names of the row: `{ title = row.name }` makes `name` of `title`.
fn columns<'e>(value: &'e Expr, row: &str, path: &[&'e str]) -> Option<Vec<&'e str>> {
    if matches!(&*value.kind, Kind::Variable(own) if **own == *row) {
        return Some(path.to_vec());
    }
    match (&*value.kind, path) {
        (Kind::Object(pairs), [first, rest @ ..]) => {
            let (_, value) = pairs.iter().find(|(key, _)| is_text(key, first))?;
            columns(value, row, rest)
        }
        (_, []) => find::path_of(value, row),
        _ => None,
    }
}

fn descend(value: &Expr, path: &[&str]) -> Option<Source> {
    let [first, rest @ ..] = path else { return Some(Source::Literal(value.clone())) };
    let Kind::Object(pairs) = &*value.kind else { return None };
    match pairs.iter().find(|(key, _)| is_text(key, first)) {
        Some((_, value)) => descend(value, rest),
        None if rest.is_empty() => Some(Source::Missing(value.clone())),
        None => None,
    }
}

/// Whether an expression is this text as it stands.
pub(super) fn is_text(expr: &Expr, text: &str) -> bool {
    matches!(expr.as_literal(), Some(Value::String(own)) if **own == *text)
}
