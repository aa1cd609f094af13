//! An entry as it stands, as far as a change of it needs to know.

use state::object::ARCHIVED;
use state::{Action, Object, Order, Symbol, Value};

use super::create::sent;
use super::entry::object;
use super::protocol::{Entry, Modification};
use super::server::{DN, Server};
use super::settings::Lock;

/// An entry before it is changed.
pub(super) struct Fresh {
    pub dn: String,
    /// What it is called in `memberUid`.
    pub logins: Vec<String>,
    pub object: Object,
    pub classes: Vec<String>,
    /// The attributes that the order is about.
    pub changes: Vec<AttributeChange>,
    /// What switches the account off or on, where the order wants that.
    pub switch: Vec<Modification>,
}

/// One attribute, before and after.
pub(super) struct AttributeChange {
    pub name: Symbol,
    /// The name with its options.
    pub sent: String,
    pub old: Vec<Vec<u8>>,
    pub new: Vec<Vec<u8>>,
}

impl Fresh {
    /// Out of an entry that was read just now.
    ///
    /// # Errors
    /// Why it cannot be changed so.
    pub fn read(server: &Server, account: bool, order: &Order, entry: &Entry<'_>) -> Result<Fresh, String> {
        let old = |_: Symbol, sent: &str| {
            Ok(entry.values(sent).unwrap_or_default().iter().map(|value| value.to_vec()).collect())
        };
        let active = match order.action {
            Action::Deactivate => Some(false),
            Action::Reactivate => Some(true),
            _ => None,
        };
        let switch = match active {
            Some(active) if !matches!(server.lock, Lock::Branch(_)) => {
                server.dialect.switch(&server.lock, entry, active)?
            }
            _ => Vec::new(),
        };
        Ok(Fresh {
            dn: entry.dn.to_owned(),
            logins: entry.texts("uid").map(str::to_owned).collect(),
            object: object(server, account, entry)?,
            classes: entry.texts("objectClass").map(str::to_owned).collect(),
            changes: changes(server, account, order, old)?,
            switch,
        })
    }

    /// Out of what was read again just before the order. None where the server cannot be told to do nothing if it has
    /// changed since, or where more has to be known than an object tells.
    pub fn known(server: &Server, account: bool, order: &Order) -> Option<Fresh> {
        let before = order.before.as_ref().filter(|before| before.version.is_some() && server.asserts())?;
        if !matches!(order.action, Action::Update | Action::Rename | Action::Archive) {
            return None;
        }
        let texts = |name: &str| match before.attributes.get(Symbol::new(name)) {
            Some(Value::List(items)) => items.iter().filter_map(Value::as_text).map(text).collect(),
            Some(value) => value.as_text().map(text).into_iter().collect(),
            None => Vec::new(),
        };
        let old = |name: Symbol, _: &str| match before.attributes.get(name) {
            Some(value) => sent(server, account, name, value).map(|(_, values)| values),
            None => Ok(Vec::new()),
        };
        Some(Fresh {
            dn: before.attributes.get(Symbol::new(DN)).and_then(Value::as_text).map(text)?,
            logins: texts("uid"),
            classes: Some(texts("objectClass")).filter(|classes| !classes.is_empty())?,
            // What is wrong with the new values is told when the entry is read.
            changes: changes(server, account, order, old).ok()?,
            switch: Vec::new(),
            object: before.clone(),
        })
    }
}

fn text(symbol: Symbol) -> String {
    symbol.as_str().to_owned()
}

fn changes(
    server: &Server,
    account: bool,
    order: &Order,
    old: impl Fn(Symbol, &str) -> Result<Vec<Vec<u8>>, String>,
) -> Result<Vec<AttributeChange>, String> {
    let mut changes = Vec::new();
    // Where it stands is told by its name, and whether it was put away by that.
    for (name, value) in order.after.iter().filter(|(name, _)| !matches!(name.as_str(), DN | ARCHIVED)) {
        let (sent, new) = sent(server, account, *name, value)?;
        let old = old(*name, &sent)?;
        changes.push(AttributeChange { name: *name, sent, old, new });
    }
    Ok(changes)
}
