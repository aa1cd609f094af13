//! Entries as accounts and groups.

use std::borrow::Cow;

use state::object::ARCHIVED;
use state::{AttributeType, Attributes, Object, Symbol, Value};

use super::dn::Dn;
use super::protocol::Entry;
use super::schema::lower;
use super::server::{DN, Kind, Known, Server, id_of};

/// What is asked for to read an account or group.
pub fn selection(server: &Server, account: bool) -> Vec<String> {
    let mut names = server.kind(account).select.clone();
    for name in always(server, account) {
        if !names.iter().any(|own| own.eq_ignore_ascii_case(&name)) {
            names.push(name);
        }
    }
    names
}

/// What every reading of an account or group asks for: what tells which entry it is, in what state.
pub fn always(server: &Server, account: bool) -> Vec<String> {
    let dialect = &server.dialect;
    let operational = [Some(dialect.id_attribute()), dialect.version_attribute()];
    let state = if account { dialect.state_attributes(&server.lock) } else { Vec::new() };
    operational.into_iter().flatten().map(str::to_owned).chain(state).collect()
}

/// The DN of an account or group.
pub fn dn_of(object: &Object) -> Option<Symbol> {
    object.attributes.get(Symbol::new(DN)).and_then(Value::as_text)
}

/// An entry as an account or group.
///
/// # Errors
/// Why it cannot be one: what must be readable of every entry is not.
pub fn object(server: &Server, account: bool, entry: &Entry<'_>) -> Result<Object, String> {
    let dialect = server.dialect.as_ref();
    let kind = server.kind(account);
    let Some(id) = id_of(server, entry) else {
        return Err(format!("{} shows no {}", entry.dn, dialect.id_attribute()));
    };
    let mut pairs = Vec::with_capacity(entry.attributes.len() + 1);
    pairs.push((Symbol::new(DN), Value::text(&*canonical(entry.dn))));
    for (name, values) in &entry.attributes {
        if let Some(known) = known(server, kind, name) {
            pairs.extend(value(known, values).map(|value| (known.name, value)));
        }
    }
    named(kind, entry, &pairs)?;
    let archived = account && server.is_archived_text(entry.dn);
    pairs.extend(archived.then(|| (Symbol::new(ARCHIVED), Value::Bool(true))));
    let mut object = Object {
        id,
        active: !account || !archived && dialect.is_active(&server.lock, entry),
        attributes: pairs.into_iter().collect::<Attributes>(),
        version: dialect.version_attribute().and_then(|name| entry.text(name)).map(Symbol::new),
    };
    dialect.finish(&mut object, entry);
    Ok(object)
}

/// The attribute that names an entry is one of its attributes: where it does not come, there is no right to read it,
/// and nobody knows what else did not come.
fn named(kind: &Kind, entry: &Entry<'_>, pairs: &[(Symbol, Value)]) -> Result<(), String> {
    let Some((attribute, _)) = entry.dn.split_once('=') else { return Ok(()) };
    let Some(known) = kind.types.get(&attribute.trim().to_ascii_lowercase()) else { return Ok(()) };
    if pairs.iter().any(|(name, _)| *name == known.name) {
        return Ok(());
    }
    Err(format!("{} does not show its {}", entry.dn, known.name))
}

/// What is known of an attribute; where there is no schema at all, it is text.
fn known(server: &Server, kind: &Kind, name: &str) -> Option<Known> {
    let bare = lower::bare(name);
    if let Some(known) = kind.types.get(bare).or_else(|| kind.types.get(&bare.to_ascii_lowercase())) {
        return Some(*known);
    }
    let open = server.schema.is_empty() && !bare.eq_ignore_ascii_case("userPassword");
    open.then(|| Known { name: Symbol::new(bare), value: AttributeType::Text, dn: false, comparable: true })
}

/// One value by itself; several as a list, sorted, since they come in any order.
fn value(known: Known, values: &[&[u8]]) -> Option<Value> {
    let one = |bytes: &[u8]| match (known.dn, std::str::from_utf8(bytes)) {
        (true, Ok(text)) => Value::text(&*canonical(text)),
        _ => lower::value(known.value, bytes),
    };
    match values {
        [] => None,
        [only] => Some(one(only)),
        several => {
            let mut list: Vec<Value> = several.iter().map(|bytes| one(bytes)).collect();
            list.sort();
            Some(Value::list(list))
        }
    }
}

/// A DN in the one form in which tenure shows it: servers escape differently.
pub fn canonical(text: &str) -> Cow<'_, str> {
    let plain = !text.contains(['\\', '"', ';', '#']) && !text.contains(", ") && !text.contains(" ,");
    if plain {
        return Cow::Borrowed(text);
    }
    Dn::parse(text).map_or(Cow::Borrowed(text), |dn| Cow::Owned(dn.to_string()))
}
