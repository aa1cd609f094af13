//! Attributes of accounts and groups: from the `account` block to the person, and from there to the block or row that
//! says it.

use std::sync::Arc;

use state::{Address, Symbol, Value};

use super::each::{DEPTH, Each, Source};
use super::literal::{hcl, plain};
use super::step::{Added, Case, Draft, Edit, Step};
use super::{Texts, Verdict, base, cell, find, lost, refused};
use crate::configuration::{Configuration, Identity, decides};
use crate::language::expr::Kind;
use crate::language::{Block, Expr, Value as Literal};

/// An attribute of an account.
pub(super) fn account(
    texts: &mut Texts<'_>,
    configuration: &Configuration,
    (system, holder): (Symbol, Symbol),
    attribute: Symbol,
    value: Value,
) -> Result<Draft, Verdict> {
    let address = Address::Account { system, holder };
    let Some(identity) = configuration.identity(holder) else {
        return Err(refused(
            format!("{address} is of somebody whom no file names any more"),
            "its offboarding goes on",
        ));
    };
    let block = texts.block("system", &[base(system)]).ok_or_else(lost)?;
    let inner = block.blocks.iter().find(|block| &*block.kind == "account");
    let inner = inner.ok_or_else(|| refused(format!("system.{system} has no account block"), "write one"))?;
    let rule = rule(inner, attribute, address)?;
    // A value that is one text goes all the way; others only where they stand literally.
    if let Ok(text) = plain(&value)
        && let Some((name, text)) = find::invert_attribute(&rule, "self", &text)
    {
        if matches!(name, "key" | "kind" | "accounts") {
            return Err(refused(
                format!("{address}: `{attribute}` is made of the person\'s key, which stays"),
                "let apply put it back",
            ));
        }
        let (name, value) = (name.to_owned(), text_or(&rule, "self", &value, text));
        return of_identity(texts, identity, &name, &value);
    }
    if let Some(name) = find::attribute_of(&rule, "self") {
        let name = name.to_owned();
        return of_identity(texts, identity, &name, &value);
    }
    let why = format!("`{attribute}` comes from an expression that holds for all accounts");
    except(texts, &rule, holder_of(&block, system, holder), &value, why)
}

/// One account alone, in the block of its system: of one instance of it where it has several.
pub(super) fn holder_of(block: &Block, system: Symbol, holder: Symbol) -> Case {
    let each = Each::of(block, system);
    let and = each.map(|each| Case::new("each.key", &*each.key).condition());
    Case { and, ..Case::new("self.key", holder.as_str()) }
}

/// Plain references keep the kind of the value; what was taken out of a text is text.
fn text_or(rule: &Expr, root: &str, value: &Value, text: String) -> Value {
    match find::path_of(rule, root) {
        Some(_) => value.clone(),
        None => Value::text(text),
    }
}

/// The expression of an attribute in an `account` block, also in its `attributes`.
fn rule(account: &Block, attribute: Symbol, address: Address) -> Result<Expr, Verdict> {
    let name = attribute.as_str();
    let own = account.attribute(name).map(|own| own.value.clone());
    let more = account.attribute("attributes").and_then(|more| match &*more.value.kind {
        Kind::Object(pairs) => {
            let key = |key: &Expr| matches!(key.as_literal(), Some(Literal::String(key)) if **key == *name);
            pairs.iter().find(|(own, _)| key(own)).map(|(_, value)| value.clone())
        }
        _ => None,
    });
    match (own, more) {
        (Some(_), Some(_)) => Err(refused(
            format!("{address}: `{name}` is declared twice, in the account block and in its `attributes`"),
            "keep one of the two",
        )),
        (Some(rule), None) | (None, Some(rule)) => Ok(rule),
        (None, None) => Err(refused(
            format!("{address}: the account block does not name `{name}` where it can be found"),
            "change what it is made of by hand",
        )),
    }
}

/// A condition in front of an expression, for one alone.
fn except(texts: &Texts<'_>, rule: &Expr, case: Case, value: &Value, why: String) -> Result<Draft, Verdict> {
    let place = texts.place(rule.span);
    let what = format!("{}, where {}", texts.position(rule.span), case.condition());
    let edit = Edit::Exception { of: rule.clone(), case, value: hcl(value)? };
    Ok(Draft { verdict: Verdict::Proposed { place, why }, steps: vec![Step { what, edit }] })
}

/// An attribute of a person or service, in the block or row that says it.
fn of_identity(texts: &mut Texts<'_>, identity: &Identity, name: &str, value: &Value) -> Result<Draft, Verdict> {
    let system = texts.blocks().find(|block| &*block.kind == "system" && decides(block, name));
    if let Some((system, _)) = system.and_then(|system| system.labels.first()) {
        return Err(refused(
            format!("`{name}` is what system.{system} decides"),
            "change it there; apply puts this copy back",
        ));
    }
    if let Some(source) = identity.source {
        return of_row(texts, identity, source, name, value);
    }
    let (block, each) = match identity.address {
        Address::Service(service) => {
            let block = texts.block("service", &[base(service)]).ok_or_else(lost)?;
            let each = Each::of(&block, service);
            (block, each)
        }
        _ => (texts.block("person", &[identity.key.as_str()]).ok_or_else(lost)?, None),
    };
    set(texts, &block, each.as_ref(), name, value, format!("{}.{name}", identity.address))
}

/// Sets an attribute of a block, or of one of its instances: a literal is replaced, one that is missing is added, of an
/// expression an exception is proposed, or something in its place.
fn set(
    texts: &mut Texts<'_>,
    block: &Arc<Block>,
    each: Option<&Each>,
    name: &str,
    value: &Value,
    what: String,
) -> Result<Draft, Verdict> {
    let written = hcl(value)?;
    let Some(attribute) = block.attribute(name) else {
        let place = format!("{} ({name})", texts.place(block.span));
        let (verdict, value) = match each {
            None => (Verdict::Written { place }, Added::Value(written)),
            Some(each) => {
                let why = format!("the block declares several: this is for {:?} alone", each.key);
                (Verdict::Proposed { place, why }, Added::Case(Case::new("each.key", &*each.key), written, "null"))
            }
        };
        let edit = Edit::Attribute { block: block.clone(), name: name.to_owned(), value };
        return Ok(Draft { verdict, steps: vec![Step { what, edit }] });
    };
    let rule = attribute.value.clone();
    if let Some(each) = each {
        return set_each(texts, each, &rule, name, value, what);
    }
    let place = texts.place(rule.span);
    let verdict = match is_literal(&rule) {
        true => Verdict::Written { place: format!("{place} ({name})") },
        false => Verdict::Proposed { place, why: format!("`{name}` comes from an expression, which this replaces") },
    };
    Ok(Draft { verdict, steps: vec![Step { what, edit: Edit::Value { of: rule, text: written } }] })
}

/// The same of one instance: where the collection says it, there.
fn set_each(
    texts: &mut Texts<'_>,
    each: &Each,
    rule: &Expr,
    name: &str,
    value: &Value,
    what: String,
) -> Result<Draft, Verdict> {
    let inverted = plain(value).ok().and_then(|text| find::invert(rule, "each", &text));
    let inverted = inverted.map(|(path, text)| (path, text_or(rule, "each", value, text)));
    let inverted = inverted.or_else(|| Some((find::path_of(rule, "each")?, value.clone())));
    let written = |place: String, edit: Edit| {
        let verdict = Verdict::Written { place: format!("{place} ({name})") };
        Ok(Draft { verdict, steps: vec![Step { what: what.clone(), edit }] })
    };
    if let Some((path, value)) = inverted {
        match &path[..] {
            ["key", ..] => {
                return Err(refused(
                    format!("`{name}` is made of the key {:?} of the `for_each`, which stays", each.key),
                    format!(
                        "at {}: let apply put it back, or rename the key, with `previously`",
                        texts.position(rule.span)
                    ),
                ));
            }
            ["value", path @ ..] => match each.source(texts, path) {
                Some(Source::Literal(of)) if is_literal(&of) => {
                    let place = texts.place(of.span);
                    return written(place, Edit::Value { of, text: hcl(&value)? });
                }
                Some(Source::Missing(object)) => {
                    let name = crate::language::write::key(path.last().ok_or_else(lost)?);
                    return written(texts.place(object.span), Edit::Pair { object, name, value: hcl(&value)? });
                }
                Some(Source::Field { path, key, id, column }) => {
                    let cells = texts.table(&path)?.find(&key, &id, &column);
                    if let [own] = &cells[..] {
                        return field(texts, &path, own, &column, &plain(&value)?);
                    }
                }
                Some(Source::Literal(_)) | None => {}
            },
            _ => {}
        }
    }
    let why = format!("`{name}` comes from an expression that holds for all that the `for_each` makes");
    except(texts, rule, Case::new("each.key", &*each.key), value, why)
}

pub(super) fn is_literal(expr: &Expr) -> bool {
    match &*expr.kind {
        Kind::Literal(_) => true,
        Kind::List(items) => items.iter().all(is_literal),
        Kind::Object(pairs) => pairs.iter().all(|(key, value)| is_literal(key) && is_literal(value)),
        _ => false,
    }
}

/// A field of a table.
fn field(texts: &mut Texts<'_>, path: &str, own: &cell::Cell, column: &str, text: &str) -> Result<Draft, Verdict> {
    let place = format!("{path}:{} ({column})", own.line);
    let former = texts.table(path)?.text.get(own.range.clone()).map(str::to_owned).ok_or_else(lost)?;
    let text = cell::quoted(text, &former, own.fields);
    let edit = Edit::Cell { path: path.to_owned(), range: own.range.clone(), text };
    Ok(Draft { steps: vec![Step { what: place.clone(), edit }], verdict: Verdict::Written { place } })
}

/// An attribute of somebody out of a `people` block.
fn of_row(
    texts: &mut Texts<'_>,
    identity: &Identity,
    source: Symbol,
    name: &str,
    value: &Value,
) -> Result<Draft, Verdict> {
    let block = texts.block("people", &[source.as_str()]).ok_or_else(lost)?;
    let attribute = |name: &str| block.attribute(name).map(|attribute| attribute.value.clone());
    let Some(rule) = attribute(name) else {
        return Err(refused(
            format!("people.{source} gives nobody the attribute `{name}`"),
            "add it to the block and to its source",
        ));
    };
    let (from, key) = (attribute("from").ok_or_else(lost)?, attribute("key").ok_or_else(lost)?);
    let text = plain(value)?;
    let exception = |texts: &Texts<'_>| {
        let case = Case::new(texts.source(&key), identity.key.as_str());
        let why = format!("`{name}` comes from an expression that holds for everybody in people.{source}");
        except(texts, &rule, case, value, why)
    };
    let Some((column, text)) = find::invert_attribute(&rule, "row", &text) else { return exception(texts) };
    let Some((key_column, id)) = find::invert_attribute(&key, "row", identity.key.as_str()) else {
        return exception(texts);
    };
    let mut paths = Vec::new();
    find::tables(texts, &from, DEPTH, &mut paths);
    if paths.is_empty() {
        return Err(refused(
            format!("people.{source} does not come from a CSV file that stands in csvdecode(file(...))"),
            format!("change `{name}` of {:?} in its source by hand, to {text:?}: {}", id, texts.position(from.span)),
        ));
    }
    let mut cells = Vec::new();
    for path in paths {
        let found = texts.table(&path)?.find(key_column, &id, column);
        cells.extend(found.into_iter().map(|cell| (path.clone(), cell)));
    }
    match &cells[..] {
        [(path, own)] => field(texts, path, own, column, &text),
        [] => exception(texts),
        several => {
            let places: Vec<String> = several.iter().map(|(path, cell)| format!("{path}:{}", cell.line)).collect();
            Err(refused(
                format!("{} stands in several rows: {}", identity.address, places.join(", ")),
                "keep one of them",
            ))
        }
    }
}

/// An attribute of a group.
pub(super) fn group(
    texts: &mut Texts<'_>,
    (system, group): (Symbol, Symbol),
    attribute: Symbol,
    value: Value,
) -> Result<Draft, Verdict> {
    let (block, each) = group_block(texts, system, group)?;
    let address = Address::Group { system, group };
    set(texts, &block, each.as_ref(), attribute.as_str(), &value, format!("{address}.{attribute}"))
}

/// The block of a group, and which of its instances it is.
pub(super) fn group_block(
    texts: &Texts<'_>,
    system: Symbol,
    group: Symbol,
) -> Result<(Arc<Block>, Option<Each>), Verdict> {
    let block = texts.block("group", &[base(system), base(group)]).ok_or_else(|| {
        let address = Address::Group { system, group };
        refused(format!("{address} is not declared by a block"), "write the block that declares it")
    })?;
    let each = Each::of(&block, group);
    Ok((block, each))
}
