//! Lists that a block's attribute comes from: written out there, in a local, or in the collection of a `for_each`.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use state::{Address, Symbol};

use super::each::{DEPTH, Each, Source, is_text};
use super::step::{Added, Draft, Edit, Step};
use super::{Texts, Verdict, find, lost, refused};
use crate::configuration::named;
use crate::language::expr::{Kind, Step as Way};
use crate::language::write::quoted;
use crate::language::{Block, Expr, Value};

/// Where each member stands in a list.
pub(super) type Members = FxHashMap<Address, Vec<usize>>;

/// A list that is written out.
#[derive(Clone)]
pub(super) struct List {
    pub expr: Expr,
    /// Its items are keys of people: `[for key in LIST : person[key]]`.
    pub keys: bool,
    /// The local on the way to it, which others may use too.
    pub local: Option<String>,
}

/// The list that an expression comes to; none where something else than a written list is on the way.
pub(super) fn list_of(texts: &Texts<'_>, expr: &Expr, each: Option<&Each>) -> Option<List> {
    follow(texts, expr, each, DEPTH)
}

fn follow(texts: &Texts<'_>, expr: &Expr, each: Option<&Each>, depth: u32) -> Option<List> {
    let depth = depth.checked_sub(1)?;
    if let Some(name) = find::attribute_of(expr, "local") {
        let list = follow(texts, &texts.local(name)?, each, depth)?;
        return Some(List { local: Some(format!("local.{name}")), ..list });
    }
    if let (Some(each), Some(path)) = (each, find::path_of(expr, "each")) {
        let ["value", path @ ..] = &path[..] else { return None };
        return match each.source(texts, path)? {
            Source::Literal(own) => follow(texts, &own, None, depth),
            Source::Missing(_) | Source::Field { .. } => None,
        };
    }
    match &*expr.kind {
        // Parentheses around a list belong to its text.
        Kind::List(_) if texts.source(expr).starts_with('[') => {
            Some(List { expr: expr.clone(), keys: false, local: None })
        }
        Kind::For(repeat) if repeat.name.is_none() && repeat.condition.is_none() && repeat.key.is_none() => {
            let Kind::Traversal { of, steps } = &*repeat.result.kind else { return None };
            let person = matches!(&*of.kind, Kind::Variable(root) if &**root == "person");
            let variable = |expr: &Expr| matches!(&*expr.kind, Kind::Variable(own) if *own == repeat.value);
            let by_key = matches!(&steps[..], [Way::Index(index)] if variable(index));
            let list = follow(texts, &repeat.of, each, depth).filter(|list| person && by_key && !list.keys)?;
            Some(List { keys: true, ..list })
        }
        _ => None,
    }
}

impl List {
    pub(super) fn items(&self) -> &[Expr] {
        match &*self.expr.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// Which of the items names `member`.
    pub(super) fn entry(&self, texts: &mut Texts<'_>, member: Address) -> Result<Option<usize>, Verdict> {
        let place = (self.expr.span.file.0, self.expr.span.start);
        let entries = texts.entries.entry(place).or_insert_with(|| {
            let mut entries = Members::default();
            for (number, item) in self.items().iter().enumerate() {
                if let Some(named) = self.names(item) {
                    entries.entry(named).or_default().push(number);
                }
            }
            entries
        });
        match entries.get(&member).map_or(&[][..], Vec::as_slice) {
            [] => Ok(None),
            [only] => Ok(Some(*only)),
            [first, ..] => {
                let place = self.items().get(*first).map(|item| texts.position(item.span)).ok_or_else(lost)?;
                Err(refused(format!("{member} stands twice in one list, first at {place}"), "keep one of them"))
            }
        }
    }

    fn names(&self, item: &Expr) -> Option<Address> {
        match (&*item.kind, item.as_literal()) {
            (_, Some(Value::String(key))) if self.keys => Some(Address::Person(Symbol::new(key))),
            (Kind::Object(pairs), _) => named(&pairs.iter().find(|(key, _)| is_text(key, "who"))?.1),
            _ => named(item),
        }
    }

    /// An entry for `member`, as this list writes it.
    pub(super) fn written(&self, member: Address) -> Option<String> {
        match member {
            Address::Person(key) if self.keys => Some(quoted(key.as_str())),
            _ if self.keys => None,
            member => Some(member.to_string()),
        }
    }

    /// The same change, looked at first where others use the list too.
    fn verdict(&self, place: String) -> Verdict {
        match &self.local {
            None => Verdict::Written { place },
            Some(local) => Verdict::Proposed { place, why: format!("it comes from {local}, which others may use too") },
        }
    }

    /// Puts an item at the end.
    pub(super) fn add(&self, texts: &Texts<'_>, name: &str, item: String) -> Draft {
        let what = format!("{}: {item}", texts.position(self.expr.span));
        let edit = Edit::Add { list: self.expr.clone(), item };
        let verdict = self.verdict(format!("{} ({name})", texts.place(self.expr.span)));
        Draft { verdict, steps: vec![Step { what, edit }] }
    }

    /// Takes an item out.
    pub(super) fn remove(&self, texts: &Texts<'_>, number: usize) -> Result<Draft, Verdict> {
        let item = self.items().get(number).ok_or_else(lost)?;
        let edit = Edit::Remove { list: self.expr.clone(), number, within: None };
        let step = Step { what: texts.position(item.span), edit };
        Ok(Draft { verdict: self.verdict(texts.place(item.span)), steps: vec![step] })
    }
}

/// Puts an item into the list `name` of a block, of one of its instances alone, or begins one. `item` writes it for a list,
/// or says no.
pub(super) fn append(
    texts: &Texts<'_>,
    block: &Arc<Block>,
    each: Option<&Each>,
    name: &str,
    item: impl Fn(Option<&List>) -> Option<String>,
) -> Result<Draft, Verdict> {
    let plain = item(None).ok_or_else(lost)?;
    let key = each.map(|each| each.key.clone());
    let for_one = |key: &Arc<str>| format!("the block declares several: this is for {key:?} alone");
    let Some(attribute) = block.attribute(name) else {
        let place = format!("{} ({name})", texts.place(block.span));
        let what = format!("{} ({name}): {} {plain}", texts.position(block.span), key.as_deref().unwrap_or_default());
        let verdict = match &key {
            None => Verdict::Written { place },
            Some(key) => Verdict::Proposed { place, why: for_one(key) },
        };
        let edit = Edit::Attribute { block: block.clone(), name: name.to_owned(), value: Added::Item(key, plain) };
        return Ok(Draft { verdict, steps: vec![Step { what, edit }] });
    };
    let expr = attribute.value.clone();
    if let Some(list) = list_of(texts, &expr, each)
        && (each.is_none() || list.expr.span != expr.span)
        && let Some(item) = item(Some(&list))
    {
        return Ok(list.add(texts, name, item));
    }
    let place = texts.place(expr.span);
    let what = format!("{}: {} {plain}", texts.position(expr.span), key.as_deref().unwrap_or_default());
    let why = match &key {
        None => format!("`{name}` is made by an expression"),
        Some(key) => for_one(key),
    };
    let edit = Edit::Join { of: expr, each: key, item: plain };
    Ok(Draft { verdict: Verdict::Proposed { place, why }, steps: vec![Step { what, edit }] })
}
