//! New entries.

use state::{AttributeType, Object, Order, Outcome, Symbol, Value};

use super::client;
use super::dn::Dn;
use super::entry::{always, object, selection};
use super::outcome::{refused, success};
use super::protocol::message::{Message, Request};
use super::protocol::{Control, Entry, control};
use super::schema::{ClassKind, lower};
use super::server::{DN, Server};
use super::writer::LdapWriter;

/// Attributes as they are sent.
type Sent = Vec<(String, Vec<Vec<u8>>)>;

/// Auxiliary classes in the order in which they are preferred where several allow an attribute.
const PREFERRED: [&str; 3] = ["posixAccount", "shadowAccount", "ldapPublicKey"];

impl LdapWriter {
    /// Adds the entry of an order; what the server holds then comes with the answer.
    pub(super) async fn create(&self, account: bool, order: &Order) -> Outcome {
        let server = &self.client.server;
        let (dn, mut attributes) = match new_entry(server, account, order) {
            Ok(entry) => entry,
            Err(what) => return refused(format!("{}: {what}", order.address)),
        };
        if !account && server.needs_member() {
            let placeholder = self.client.settings.placeholder.clone().into_bytes();
            attributes.push((server.group_kind.member_attribute().to_owned(), vec![placeholder]));
        }
        for (name, secret) in &order.secrets.0 {
            let (name, bytes) = server.dialect.secret(name.as_str(), secret);
            attributes.push((name, vec![bytes]));
        }
        let text = dn.to_string();
        let controls = self.post_read_of(account, attributes.iter().map(|(name, _)| name.as_str()));
        let answer = self.send(&Request::add(&text, &attributes), &controls).await;
        let answer = match success(self.place(), &format!("add {text}"), answer) {
            Ok(answer) => answer,
            Err(Outcome::Stale(_)) => {
                return refused(format!("{}: add {text}: a value stands twice in it", order.address));
            }
            Err(outcome) => return outcome,
        };
        if let Some(Ok(entry)) = control::post_read(&answer.controls).map(Entry::of_control)
            && let Ok(object) = object(server, account, &entry)
        {
            return Outcome::Done(object);
        }
        match self.read_back(account, &text).await {
            Ok(object) => Outcome::Done(object),
            Err(why) => Outcome::Unknown(format!("{text} was added, but cannot be read back: {why}")),
        }
    }

    /// The same with no more attributes than `sent` and what every reading asks for: a schema has over a hundred, and a
    /// server looks each of them up for each entry.
    fn post_read_of<'a>(&self, account: bool, sent: impl Iterator<Item = &'a str>) -> Vec<Control> {
        let server = &self.client.server;
        if !server.offers(control::POST_READ) {
            return Vec::new();
        }
        let kind = server.kind(account);
        let readable = |name: &str| kind.select.iter().any(|own| own.eq_ignore_ascii_case(name));
        let mut select: Vec<&str> =
            if server.schema.is_empty() { vec!["*"] } else { sent.filter(|name| readable(name)).collect() };
        let always = always(server, account);
        select.extend(always.iter().map(String::as_str));
        vec![Control::post_read(&select)]
    }

    /// The control that has the entry come with the answer, where the server knows it.
    pub(super) fn post_read(&self, account: bool) -> Vec<Control> {
        let server = &self.client.server;
        if !server.offers(control::POST_READ) {
            return Vec::new();
        }
        let select = selection(server, account);
        vec![Control::post_read(&select.iter().map(String::as_str).collect::<Vec<_>>())]
    }

    /// The entry with this DN as it stands.
    pub(super) async fn read_back(&self, account: bool, dn: &str) -> Result<Object, String> {
        let server = &self.client.server;
        let session = self.client.session().await.map_err(|error| error.message)?;
        let select = selection(server, account);
        let frame = client::entry(&session, dn, select.iter().map(String::as_str).collect()).await;
        let frame = frame.map_err(|error| error.message)?.ok_or_else(|| format!("{dn} cannot be seen"))?;
        let entry = Message::read(&frame).and_then(|message| message.entry()).map_err(|error| error.to_string())?;
        object(server, account, &entry)
    }
}

/// The DN and the attributes of a new entry.
fn new_entry(server: &Server, account: bool, order: &Order) -> Result<(Dn, Sent), String> {
    let kind = server.kind(account);
    let mut attributes: Sent = Vec::new();
    for (name, value) in order.after.iter().filter(|(name, value)| name.as_str() != DN && !value.is_empty()) {
        let (name, values) = sent(server, account, *name, value)?;
        attributes.push((name, values));
    }
    let rdn = if account { server.rdn.as_str() } else { "cn" };
    let dn = match order.after.get(Symbol::new(DN)).and_then(Value::as_text) {
        Some(text) => Dn::parse(text.as_str()).map_err(|what| format!("its DN {text} {what}"))?,
        None => {
            let named =
                first(&attributes, rdn).ok_or_else(|| format!("needs `{rdn}`, by which it is named, or `dn`"))?;
            let named = String::from_utf8(named.to_vec()).map_err(|_| format!("`{rdn}` is not text"))?;
            kind.place.child(rdn, &named)
        }
    };
    if dn.0.is_empty() {
        return Err("its DN is empty".to_owned());
    }
    // The parts of the name are attributes of the entry.
    for part in dn.0.first().into_iter().flatten() {
        match attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case(&part.attribute)) {
            None => attributes.push((part.attribute.clone(), vec![part.value.clone().into_bytes()])),
            Some((name, values)) => {
                let same = |value: &Vec<u8>| String::from_utf8_lossy(value).to_lowercase() == part.value.to_lowercase();
                if !values.iter().any(same) {
                    return Err(format!("its DN {dn} says another `{name}` than its attributes"));
                }
            }
        }
    }
    if !attributes.iter().any(|(name, _)| name.eq_ignore_ascii_case("objectClass")) {
        let classes = classes(server, account, &attributes, order)?;
        attributes.push(("objectClass".to_owned(), classes.into_iter().map(String::into_bytes).collect()));
    }
    server.dialect.defaults(server, &mut attributes);
    Ok((dn, attributes))
}

fn first<'a>(attributes: &'a Sent, name: &str) -> Option<&'a [u8]> {
    let (_, values) = attributes.iter().find(|(own, _)| own.eq_ignore_ascii_case(name))?;
    values.first().map(Vec::as_slice)
}

/// An attribute as it is sent: the name with its options, and the values.
///
/// # Errors
/// What is wrong with it.
pub fn sent(server: &Server, account: bool, name: Symbol, value: &Value) -> Result<(String, Vec<Vec<u8>>), String> {
    let kind = server.kind(account);
    let known = kind.types.get(&name.as_str().to_ascii_lowercase());
    if known.is_none() && !server.schema.is_empty() {
        return Err(format!("the server's schema has no attribute `{name}` for it"));
    }
    let values = lower::bytes(known.map_or(AttributeType::Text, |known| known.value), value)
        .map_err(|what| format!("`{name}` {what}"))?;
    let select = kind.select.iter().find(|own| lower::bare(own).eq_ignore_ascii_case(name.as_str()));
    Ok((select.cloned().unwrap_or_else(|| name.as_str().to_owned()), values))
}

/// The object classes of a new entry: as the settings say, else the usual one and what its attributes need besides.
fn classes(server: &Server, account: bool, attributes: &Sent, order: &Order) -> Result<Vec<String>, String> {
    let (configured, usual) = match account {
        true => (&server.account_classes, server.dialect.account_class()),
        false => (&server.group_classes, server.group_kind.class()),
    };
    if !configured.is_empty() {
        return Ok(configured.clone());
    }
    let mut classes = vec![usual.to_owned()];
    let secrets = order.secrets.0.iter().map(|(name, _)| name.as_str());
    let names = attributes.iter().map(|(name, _)| name.as_str()).chain(secrets);
    for name in names {
        classes.extend(class_for(server, &classes, name)?);
    }
    Ok(classes)
}

/// The class that entries of `classes` need besides to hold an attribute; none where they may hold it already.
///
/// # Errors
/// Where no class allows it, or several do and none is the usual one.
pub fn class_for(server: &Server, classes: &[String], name: &str) -> Result<Option<String>, String> {
    let schema = &server.schema;
    let Some(attribute) = schema.attribute(name) else { return Ok(None) };
    let (allowed, _) = schema.allowed(classes.iter().map(String::as_str));
    if allowed.contains(attribute.name()) || attribute.operational {
        return Ok(None);
    }
    let allows = |class: &str| schema.allowed([class].into_iter()).0.contains(attribute.name());
    if let Some(preferred) = PREFERRED.iter().find(|class| allows(class)) {
        return Ok(Some((*preferred).to_owned()));
    }
    let candidates: Vec<&str> = schema
        .classes()
        .filter(|class| class.kind == ClassKind::Auxiliary)
        .map(|class| class.name())
        .filter(|class| allows(class))
        .collect();
    match candidates.as_slice() {
        [only] => Ok(Some((*only).to_owned())),
        [] => Err(format!("no object class allows `{name}` beside {}: set objectClass", classes.join(", "))),
        several => Err(format!(
            "`{name}` is allowed by {}: say by account_classes or objectClass which of them it is to be",
            several.join(", ")
        )),
    }
}
