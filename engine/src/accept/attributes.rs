//! Attributes of accounts and groups: from the `account` block to the person, and from there to the block or row that
//! says it.

use state::{Address, Symbol, Value};

use super::literal::{hcl, plain};
use super::splice::{Edit, add_attribute, range};
use super::{Texts, Verdict, base, cell, find, lost, refused};
use crate::configuration::{Configuration, Identity, decides};
use crate::language::expr::Kind;
use crate::language::write::quoted;
use crate::language::{Block, Expr, Value as Literal};

/// How far locals are followed to a source.
const DEPTH: u32 = 16;

/// An attribute of an account.
pub(super) fn account(
    texts: &mut Texts<'_>,
    configuration: &Configuration,
    (system, holder): (Symbol, Symbol),
    attribute: Symbol,
    value: Value,
) -> Result<Verdict, Verdict> {
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
        && let Some((name, text)) = find::invert(&rule, "self", &text)
    {
        if matches!(name, "key" | "kind" | "accounts") {
            return Err(refused(
                format!("{address}: `{attribute}` is made of the person\'s key, which stays"),
                "let apply put it back",
            ));
        }
        let (name, value) = (name.to_owned(), text_or(&rule, &value, text));
        return of_identity(texts, identity, &name, &value, address);
    }
    if let Some(name) = find::attribute_of(&rule, "self") {
        let name = name.to_owned();
        return of_identity(texts, identity, &name, &value, address);
    }
    let key = quoted(holder.as_str());
    let why = format!("`{attribute}` comes from an expression that holds for all accounts");
    except(texts, &rule, &format!("self.key == {key}"), &value, why)
}

/// Plain references keep the kind of the value; what was taken out of a text is text.
fn text_or(rule: &Expr, value: &Value, text: String) -> Value {
    match find::attribute_of(rule, "self") {
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

/// A condition in front of an expression, for one person alone.
fn except(texts: &mut Texts<'_>, rule: &Expr, when: &str, value: &Value, why: String) -> Result<Verdict, Verdict> {
    let place = texts.place(rule);
    let own = texts.source(rule);
    let own = match &*rule.kind {
        Kind::Conditional { .. } | Kind::Binary(..) if !own.starts_with('(') => format!("({own})"),
        _ => own.to_owned(),
    };
    let written = format!("{when} ? {} : {own}", hcl(value)?);
    texts.splice(rule.span.file.0 as usize, &[Edit::replace(range(rule.span), written)])?;
    Ok(Verdict::Proposed { place, why })
}

/// An attribute of a person or service, in the block or row that says it.
fn of_identity(
    texts: &mut Texts<'_>,
    identity: &Identity,
    name: &str,
    value: &Value,
    address: Address,
) -> Result<Verdict, Verdict> {
    let system = texts.blocks().find(|block| &*block.kind == "system" && decides(block, name));
    if let Some((system, _)) = system.and_then(|system| system.labels.first()) {
        return Err(refused(
            format!("`{name}` is what system.{system} decides"),
            "change it there; apply puts this copy back",
        ));
    }
    if let Some(source) = identity.source {
        return of_row(texts, identity, source, name, value, address);
    }
    let (kind, label) = match identity.address {
        Address::Service(service) => ("service", base(service)),
        _ => ("person", identity.key.as_str()),
    };
    let block = texts.block(kind, &[label]).ok_or_else(lost)?;
    if block.attribute("for_each").is_some() {
        return Err(refused(
            format!("{} is one of several that a block with for_each declares", identity.address),
            "change that block by hand",
        ));
    }
    let written = hcl(value)?;
    texts.claim(format!("{}.{name}", identity.address), &written, address)?;
    set(texts, &block, name, &written)
}

/// Sets an attribute of a block: a literal is replaced, one that is missing is added, an expression is proposed away.
fn set(texts: &mut Texts<'_>, block: &Block, name: &str, written: &str) -> Result<Verdict, Verdict> {
    let file = block.span.file.0 as usize;
    let Some(attribute) = block.attribute(name) else {
        let text = texts.files.0.get(file).map(|file| file.text.clone()).ok_or_else(lost)?;
        let edit = add_attribute(&text, block, name, written).ok_or_else(lost)?;
        let place = texts.files.place(block.span);
        texts.splice(file, &[edit])?;
        return Ok(Verdict::Written { place: format!("{place} ({name})") });
    };
    let rule = attribute.value.clone();
    let place = texts.place(&rule);
    let literal = is_literal(&rule);
    texts.splice(file, &[Edit::replace(range(rule.span), written)])?;
    Ok(match literal {
        true => Verdict::Written { place: format!("{place} ({name})") },
        false => Verdict::Proposed { place, why: format!("`{name}` comes from an expression, which this replaces") },
    })
}

fn is_literal(expr: &Expr) -> bool {
    match &*expr.kind {
        Kind::Literal(_) => true,
        Kind::List(items) => items.iter().all(is_literal),
        Kind::Object(pairs) => pairs.iter().all(|(key, value)| is_literal(key) && is_literal(value)),
        _ => false,
    }
}

/// An attribute of somebody out of a `people` block.
fn of_row(
    texts: &mut Texts<'_>,
    identity: &Identity,
    source: Symbol,
    name: &str,
    value: &Value,
    address: Address,
) -> Result<Verdict, Verdict> {
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
    let exception = |texts: &mut Texts<'_>| {
        let when = format!("{} == {}", texts.source(&key), quoted(identity.key.as_str()));
        let why = format!("`{name}` comes from an expression that holds for everybody in people.{source}");
        except(texts, &rule, &when, value, why)
    };
    let Some((column, text)) = find::invert(&rule, "row", &text) else { return exception(texts) };
    let Some((key_column, id)) = find::invert(&key, "row", identity.key.as_str()) else { return exception(texts) };
    let mut paths = Vec::new();
    find::tables(texts, &from, DEPTH, &mut paths);
    if paths.is_empty() {
        return Err(refused(
            format!("people.{source} does not come from a CSV file that stands in csvdecode(file(...))"),
            "change its source by hand",
        ));
    }
    let mut cells = Vec::new();
    for path in paths {
        let table = texts.data(&path)?;
        let found = cell::find(&table, key_column, &id, column)?;
        cells.extend(found.into_iter().map(|cell| (path.clone(), table.clone(), cell)));
    }
    match &cells[..] {
        [(path, table, cell)] => {
            texts.claim(format!("{path}:{} ({column})", cell.line), &text, address)?;
            let former = table.get(cell.range.clone()).ok_or_else(lost)?;
            let edit = Edit::replace(cell.range.clone(), cell::quoted(&text, former, cell.fields));
            let changed = super::splice::splice(table, &[edit]).ok_or_else(lost)?;
            texts.data.insert(path.clone(), changed.into());
            Ok(Verdict::Written { place: format!("{path}:{} ({column})", cell.line) })
        }
        [] => exception(texts),
        several => {
            let places: Vec<String> = several.iter().map(|(path, _, cell)| format!("{path}:{}", cell.line)).collect();
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
) -> Result<Verdict, Verdict> {
    let block = group_block(texts, system, group)?;
    let address = Address::Group { system, group };
    let written = hcl(&value)?;
    texts.claim(format!("{address}.{attribute}"), &written, address)?;
    set(texts, &block, attribute.as_str(), &written)
}

/// The block of a group, where it declares this one alone.
pub(super) fn group_block(texts: &Texts<'_>, system: Symbol, group: Symbol) -> Result<Block, Verdict> {
    let address = Address::Group { system, group };
    let block = texts.block("group", &[base(system), base(group)]);
    match block {
        Some(block) if block.attribute("for_each").is_none() && block.attribute("system").is_none() => Ok(block),
        _ => Err(refused(
            format!("{address} is not declared by a block of its own"),
            "change the block that declares it and others by hand",
        )),
    }
}
