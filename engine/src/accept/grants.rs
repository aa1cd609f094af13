//! Grants: entries of the `grants` of a group.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use state::{Address, Attributes, Schema, Symbol, Value};

use super::attributes::{group_block, is_literal};
use super::each::{Each, is_text};
use super::lists::{List, append, list_of};
use super::literal::hcl;
use super::step::{Draft, Edit, Step};
use super::{Texts, Verdict, lost, refused};
use crate::language::expr::Kind;
use crate::language::write::key;
use crate::language::{Block, Expr};

/// Of each grant where the list of a group says it.
pub(super) type Entries = FxHashMap<Symbol, Vec<Entry>>;

/// An entry that comes to a grant.
pub(super) struct Entry {
    number: usize,
    /// Where the entry comes to several: the list in it, and the item of that which comes to this one alone. None inside
    /// where there is no such list.
    part: Option<Option<(Expr, usize)>>,
}

/// The group, what its `grants` come to, and the text of a grant.
struct Place {
    block: Arc<Block>,
    each: Option<Each>,
    list: Option<List>,
    grant: Symbol,
}

/// A privilege was given. `held` is what it is made of.
pub(super) fn give(texts: &Texts<'_>, address: Address, held: &Attributes) -> Result<Draft, Verdict> {
    let own = place(texts, address)?;
    let item = entry(held)?;
    append(texts, &own.block, own.each.as_ref(), "grants", |list| {
        list.is_none_or(|list| !list.keys).then(|| item.clone())
    })
}

/// A grant as an entry.
fn entry(held: &Attributes) -> Result<String, Verdict> {
    let pair = |(name, value): &(Symbol, Value)| Ok(format!("{} = {}", key(name.as_str()), hcl(value)?));
    let pairs: Vec<String> = held.iter().map(pair).collect::<Result<_, Verdict>>()?;
    Ok(format!("{{ {} }}", pairs.join(", ")))
}

/// A privilege was taken away.
pub(super) fn take(texts: &mut Texts<'_>, schema: &Schema, address: Address) -> Result<Draft, Verdict> {
    let own = place(texts, address)?;
    let (list, entries) = own.entries(texts, schema, address)?;
    let mut draft: Option<Draft> = None;
    for entry in entries.get(&own.grant).into_iter().flatten() {
        let one = match &entry.part {
            None => list.remove(texts, entry.number)?,
            Some(Some((inner, number))) => {
                let part = List { expr: inner.clone(), keys: false, local: list.local.clone() };
                let Draft { verdict, mut steps } = part.remove(texts, *number)?;
                for step in &mut steps {
                    if let Edit::Remove { within, .. } = &mut step.edit {
                        *within = Some((list.expr.clone(), entry.number));
                    }
                }
                Draft { verdict, steps }
            }
            Some(None) => return Err(own.several(texts, &list, entry.number, address)),
        };
        match &mut draft {
            None => draft = Some(one),
            Some(draft) => draft.steps.extend(one.steps),
        }
    }
    draft.ok_or_else(|| own.elsewhere(texts, address, "take it out there"))
}

/// A grant has another value in something.
pub(super) fn change(
    texts: &mut Texts<'_>,
    schema: &Schema,
    address: Address,
    name: Symbol,
    value: Option<&Value>,
) -> Result<Draft, Verdict> {
    let own = place(texts, address)?;
    // What says nothing is null.
    let written = value.map_or_else(|| Ok("null".to_owned()), hcl)?;
    let (list, entries) = own.entries(texts, schema, address)?;
    let entries = entries.get(&own.grant).map_or(&[][..], Vec::as_slice);
    let [Entry { number, part: None }] = entries else {
        return Err(match entries.first() {
            Some(entry) => own.several(texts, &list, entry.number, address),
            None => own.elsewhere(texts, address, &format!("write {name} = {written} there")),
        });
    };
    let item = list.items().get(*number).ok_or_else(lost)?;
    let Kind::Object(pairs) = &*item.kind else { return Err(lost()) };
    let edit = match pairs.iter().find(|(key, _)| is_text(key, name.as_str())) {
        Some((_, own)) => Edit::Value { of: own.clone(), text: written },
        None => Edit::Pair { object: item.clone(), name: key(name.as_str()), value: written },
    };
    let place = texts.place(item.span);
    let what = format!("{} ({name})", texts.position(item.span));
    let verdict = match &list.local {
        None => Verdict::Written { place },
        Some(local) => Verdict::Proposed { place, why: format!("it comes from {local}, which others may use too") },
    };
    Ok(Draft { verdict, steps: vec![Step { what, edit }] })
}

fn place(texts: &Texts<'_>, address: Address) -> Result<Place, Verdict> {
    let Address::Grant { system, group, grant } = address else { return Err(lost()) };
    let (block, each) = group_block(texts, system, group)?;
    let list = block.attribute("grants").and_then(|grants| list_of(texts, &grants.value, each.as_ref()));
    // A list that all instances have is none of one alone.
    let own =
        |list: &List| each.is_none() || block.attribute("grants").is_none_or(|own| own.value.span != list.expr.span);
    let list = list.filter(own).filter(|list| !list.keys);
    Ok(Place { block, each, list, grant })
}

impl Place {
    fn entries(
        &self,
        texts: &mut Texts<'_>,
        schema: &Schema,
        address: Address,
    ) -> Result<(List, Arc<Entries>), Verdict> {
        let Some(list) = self.list.clone() else {
            return Err(self.elsewhere(texts, address, "change it there"));
        };
        let at = (list.expr.span.file.0, list.expr.span.start, address.system().ok_or_else(lost)?);
        let entries = texts.grants.entry(at).or_insert_with(|| Arc::new(read(&list, schema))).clone();
        Ok((list, entries))
    }

    /// The entry speaks of other grants too.
    fn several(&self, texts: &Texts<'_>, list: &List, number: usize, address: Address) -> Verdict {
        let place = list.items().get(number).map(|item| texts.position(item.span)).unwrap_or_default();
        refused(
            format!("{address} comes with others from the entry at {place}"),
            "write the others as entries of their own there, without this one",
        )
    }

    /// No entry that is written out comes to it.
    fn elsewhere(&self, texts: &Texts<'_>, address: Address, what: &str) -> Verdict {
        let span = self.block.attribute("grants").map_or(self.block.span, |grants| grants.value.span);
        let why = match &self.each {
            Some(each) => format!("{address}: no entry for {:?} alone is written out", each.key),
            None => format!("{address}: no entry that is written out comes to it"),
        };
        refused(why, format!("its `grants` are made at {}: {what}", texts.position(span)))
    }
}

/// What each entry of a list comes to; entries that are not written out are left out.
fn read(list: &List, schema: &Schema) -> Entries {
    let mut entries = Entries::default();
    for (number, item) in list.items().iter().enumerate() {
        let Some(whole) = attributes(item, None) else { continue };
        let Ok(grants) = (schema.grant_form.0)(&whole) else { continue };
        if let [only] = &grants[..] {
            entries.entry(schema.grant_text(only)).or_default().push(Entry { number, part: None });
            continue;
        }
        let parts = parts(item, schema);
        for grant in grants {
            let grant = schema.grant_text(&grant);
            let own: Vec<&(Symbol, Expr, usize)> = parts.iter().filter(|(own, ..)| *own == grant).collect();
            let entry = entries.entry(grant).or_default();
            if own.is_empty() {
                entry.push(Entry { number, part: Some(None) });
            }
            entry.extend(own.iter().map(|(_, list, item)| Entry { number, part: Some(Some((list.clone(), *item))) }));
        }
    }
    entries
}

/// The grants of an entry, by the item of a list in it that makes each.
fn parts(item: &Expr, schema: &Schema) -> Vec<(Symbol, Expr, usize)> {
    let Kind::Object(pairs) = &*item.kind else { return Vec::new() };
    let lists = pairs.iter().filter_map(|(name, value)| match &*value.kind {
        Kind::List(items) if items.len() > 1 => Some((name, value, items)),
        _ => None,
    });
    for (name, list, items) in lists {
        let one = |(number, own): (usize, &Expr)| {
            let entry = attributes(item, Some((name, own)))?;
            match &(schema.grant_form.0)(&entry).ok()?[..] {
                [only] => Some((schema.grant_text(only), list.clone(), number)),
                _ => None,
            }
        };
        if let Some(parts) = items.iter().enumerate().map(one).collect::<Option<Vec<_>>>() {
            return parts;
        }
    }
    Vec::new()
}

/// An entry that is written out, with the attribute at `only` a list of that item alone.
fn attributes(item: &Expr, only: Option<(&Expr, &Expr)>) -> Option<Attributes> {
    let Kind::Object(pairs) = &*item.kind else { return None };
    let mut attributes = Vec::new();
    for (name, value) in pairs {
        let Some(crate::language::Value::String(text)) = name.as_literal() else { return None };
        let value = match only {
            Some((own, item)) if own.span == name.span => Value::list([literal(item)?]),
            _ => literal(value)?,
        };
        if value != Value::Null {
            attributes.push((Symbol::new(text), value));
        }
    }
    Some(attributes.into_iter().collect())
}

/// The value of what is written out.
fn literal(expr: &Expr) -> Option<Value> {
    if !is_literal(expr) {
        return None;
    }
    match &*expr.kind {
        Kind::Literal(value) => value.to_state().ok(),
        Kind::List(items) => Some(Value::list(items.iter().map(literal).collect::<Option<Vec<_>>>()?)),
        _ => None,
    }
}
