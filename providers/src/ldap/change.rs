//! Changes of entries: the fewest values, a new name, a lock.

use state::{Action, Object, Order, Outcome, Symbol, Value};

use super::create::{class_for, sent};
use super::dn::{self, Dn};
use super::entry::{object, selection};
use super::lookup::Looked;
use super::outcome::{not_begun, refused, success};
use super::protocol::message::Request;
use super::protocol::{Control, Entry, Filter, Modification, control, filter};
use super::server::DN;
use super::settings::Lock;
use super::writer::LdapWriter;

/// How often a change is tried whose entry others changed meanwhile in what it is not about.
const ATTEMPTS: usize = 5;

/// An entry as it was read just now.
pub(super) struct Fresh {
    pub dn: String,
    /// What it is called in `memberUid`.
    pub logins: Vec<String>,
    pub object: Object,
}

impl LdapWriter {
    /// Changes an account or group.
    pub(super) async fn change(&self, account: bool, id: Symbol, order: &Order) -> Outcome {
        let server = &self.client.server;
        let bases = self.client.bases(account);
        for _ in 0..ATTEMPTS {
            let looked = match self.client.look(&bases, &[id], &selection(server, account)).await {
                Ok(looked) => looked,
                Err(error) => return not_begun(&error),
            };
            let fresh = match self.fresh(account, id, &looked) {
                Ok(fresh) => fresh,
                Err(why) => return refused(format!("{}: {why}; nothing was written", order.address)),
            };
            // What stands there must still be what was decided upon; what others changed beside it does not matter.
            if let Some(before) = &order.before
                && differs(before, &fresh.object, &order.after)
            {
                return Outcome::Stale(Some(fresh.object));
            }
            let entry = looked.entry(id);
            let Some(entry) = entry else { return refused(format!("{}: it cannot be read", order.address)) };
            match self.attempt(account, order, &fresh, &entry).await {
                // Between the reading and the write.
                Outcome::Stale(None) => {}
                outcome => return outcome,
            }
        }
        Outcome::Stale(None)
    }

    fn fresh(&self, account: bool, id: Symbol, looked: &Looked) -> Result<Fresh, String> {
        let Some(entry) = looked.entry(id) else {
            return Err(looked.hidden.clone().unwrap_or_else(|| "it is gone".to_owned()));
        };
        let logins = entry.texts("uid").map(str::to_owned).collect();
        Ok(Fresh { dn: entry.dn.to_owned(), logins, object: object(&self.client.server, account, &entry)? })
    }

    async fn attempt(&self, account: bool, order: &Order, fresh: &Fresh, entry: &Entry<'_>) -> Outcome {
        let active = match order.action {
            Action::Deactivate => Some(false),
            Action::Reactivate => Some(true),
            _ => None,
        };
        let changes = match self.modifications(account, order, fresh, entry, active) {
            Ok(changes) => changes,
            Err(what) => return refused(format!("{}: {what}", order.address)),
        };
        let moved = match self.new_dn(account, order, fresh, active) {
            Ok(moved) => moved,
            Err(what) => return refused(format!("{}: {what}", order.address)),
        };
        let mut last = fresh.object.clone();
        let mut name = fresh.dn.clone();
        if let Some(to) = &moved {
            match self.rename(account, fresh, to).await {
                Ok(object) => last = object,
                Err(outcome) => return outcome,
            }
            name = to.to_string();
        }
        if !changes.is_empty() {
            // A rename changes the version too: the next one is what it answered.
            let version = last.version.filter(|_| server_asserts(self));
            match self.modify(account, &name, version, &last, &changes).await {
                Ok(object) => last = object,
                Err(outcome) if moved.is_none() => return outcome,
                Err(Outcome::Refused { error, .. }) => {
                    return Outcome::Unknown(format!(
                        "{}: it was renamed, but the rest was refused: {error}",
                        order.address
                    ));
                }
                Err(outcome) => {
                    return Outcome::Unknown(format!(
                        "{}: it was renamed, but the rest was not done: {outcome:?}",
                        order.address
                    ));
                }
            }
        }
        match active {
            Some(active) if last.active != active => Outcome::Unknown(format!(
                "{}: the server says that it is done, but it is read back as before",
                order.address
            )),
            _ => Outcome::Done(last),
        }
    }

    /// The fewest modifications that make an entry as the order wants it.
    fn modifications(
        &self,
        account: bool,
        order: &Order,
        fresh: &Fresh,
        entry: &Entry<'_>,
        active: Option<bool>,
    ) -> Result<Vec<Modification>, String> {
        let server = &self.client.server;
        let mut changes = Vec::new();
        let current = Dn::parse(&fresh.dn).map_err(|what| format!("its DN {} {what}", fresh.dn))?;
        let mut classes: Vec<String> = entry.texts("objectClass").map(str::to_owned).collect();
        let classes_are_set = order.after.get(Symbol::new("objectClass")).is_some();
        for (name, value) in order.after.iter().filter(|(name, _)| name.as_str() != DN) {
            // Part of the entry's name: changed by renaming it.
            if current.rdn_value(name.as_str()).is_some() && !matches!(value, Value::List(_)) {
                continue;
            }
            let (sent_name, new) = sent(server, account, *name, value)?;
            if !new.is_empty()
                && !classes.is_empty()
                && !classes_are_set
                && let Some(class) = class_for(server, &classes, name.as_str())?
            {
                changes.push(Modification::add("objectClass", vec![class.clone().into_bytes()]));
                classes.push(class);
            }
            let comparable = server
                .kind(account)
                .types
                .get(&name.as_str().to_ascii_lowercase())
                .is_none_or(|known| known.comparable);
            let old: Vec<Vec<u8>> =
                entry.values(&sent_name).unwrap_or_default().iter().map(|value| value.to_vec()).collect();
            changes.extend(delta(&sent_name, old, new, comparable));
        }
        for (name, secret) in &order.secrets.0 {
            let (name, bytes) = server.dialect.secret(name.as_str(), secret);
            changes.push(Modification::replace(&name, vec![bytes]));
        }
        if let Some(active) = active
            && !matches!(server.lock, Lock::Branch(_))
        {
            changes.extend(server.dialect.switch(&server.lock, entry, active)?);
        }
        Ok(changes)
    }

    /// Where the entry is to be, if that is elsewhere.
    fn new_dn(&self, account: bool, order: &Order, fresh: &Fresh, active: Option<bool>) -> Result<Option<Dn>, String> {
        let server = &self.client.server;
        let current = Dn::parse(&fresh.dn).map_err(|what| format!("its DN {} {what}", fresh.dn))?;
        let mut wanted = match order.after.get(Symbol::new(DN)).and_then(Value::as_text) {
            Some(text) => {
                let wanted = Dn::parse(text.as_str()).map_err(|what| format!("its DN {text} {what}"))?;
                if dn::same(&wanted, &current) && wanted.to_string() != text.as_str() {
                    return Err(format!("{text} is written as {wanted} by the server: write it so"));
                }
                wanted
            }
            None => current.clone(),
        };
        // The new value of an attribute that names it.
        if let Some(rdn) = wanted.0.first_mut() {
            for part in rdn.iter_mut() {
                let new = order.after.iter().find(|(name, _)| name.as_str().eq_ignore_ascii_case(&part.attribute));
                match new.map(|(_, value)| value) {
                    None | Some(Value::List(_)) => {}
                    Some(value) if value.is_empty() => {
                        return Err(format!("`{}` names it and cannot be cleared", part.attribute));
                    }
                    Some(value) if order.after.get(Symbol::new(DN)).is_none() => {
                        part.value = value.as_text().map_or_else(|| value.to_string(), |text| text.as_str().to_owned());
                    }
                    Some(_) => {}
                }
            }
        }
        if let (Lock::Branch(branch), Some(active)) = (&server.lock, active) {
            let place = if active { &server.kind(account).place } else { branch };
            if active == current.is_within(branch) {
                let mut rdns: Vec<_> = wanted.0.first().cloned().into_iter().collect();
                rdns.extend(place.0.iter().cloned());
                wanted = Dn(rdns);
            }
        }
        Ok((wanted.to_string() != current.to_string()).then_some(wanted))
    }

    /// Gives an entry another DN; members of groups follow, where the server does not see to that itself.
    async fn rename(&self, account: bool, fresh: &Fresh, to: &Dn) -> Result<Object, Outcome> {
        let current = Dn::parse(&fresh.dn).map_err(refused)?;
        let parent = to.parent().unwrap_or_default();
        let superior = current.parent().filter(|own| !dn::same(own, &parent)).map(|_| parent.to_string());
        let request = Request::modify_dn(&fresh.dn, &to.rdn_text(), superior.as_deref());
        let mut controls = self.assertion(&fresh.object, fresh.object.version.filter(|_| server_asserts(self)));
        controls.extend(self.post_read(account));
        let references = self.references(account, fresh).await.map_err(|error| not_begun(&error))?;
        let answer = self.send(&request, &controls).await;
        let answer = success(self.place(), &format!("rename {} to {to}", fresh.dn), answer)?;
        let new = to.to_string();
        self.follow(fresh, &new, references).await.map_err(|why| {
            Outcome::Unknown(format!("{} was renamed to {new}, but not in all groups: {why}", fresh.dn))
        })?;
        if let Some(Ok(entry)) = control::post_read(&answer.controls).map(Entry::of_control)
            && let Ok(object) = object(&self.client.server, account, &entry)
        {
            return Ok(object);
        }
        self.read_back(account, &new).await.map_err(|why| {
            Outcome::Unknown(format!("{} was renamed to {new}, but cannot be read back: {why}", fresh.dn))
        })
    }

    /// Sends modifications; the entry after them.
    async fn modify(
        &self,
        account: bool,
        dn: &str,
        version: Option<Symbol>,
        before: &Object,
        changes: &[Modification],
    ) -> Result<Object, Outcome> {
        let mut controls = self.assertion(before, version);
        controls.extend(self.post_read(account));
        let answer = self.send(&Request::modify(dn, changes), &controls).await;
        let answer = success(self.place(), &format!("modify {dn}"), answer)?;
        if let Some(Ok(entry)) = control::post_read(&answer.controls).map(Entry::of_control)
            && let Ok(object) = object(&self.client.server, account, &entry)
        {
            return Ok(object);
        }
        self.read_back(account, dn)
            .await
            .map_err(|why| Outcome::Unknown(format!("{dn} was changed, but cannot be read back: {why}")))
    }

    /// The control by which an operation depends on its entry being the one that was read, unchanged (RFC 4528).
    pub(super) fn assertion(&self, object: &Object, version: Option<Symbol>) -> Vec<Control> {
        let dialect = self.client.server.dialect.as_ref();
        let (Some(name), Some(version)) = (dialect.version_attribute(), version) else { return Vec::new() };
        let mut filters = vec![filter::equal(name, version.as_str())];
        filters.extend(dialect.id_value(object.id.as_str()).map(|id| filter::equal(dialect.id_attribute(), id)));
        vec![Control::assertion(&Filter::And(filters))]
    }
}

fn server_asserts(writer: &LdapWriter) -> bool {
    writer.client.server.asserts()
}

/// Whether what an order changes is no longer as it was before.
fn differs(before: &Object, now: &Object, after: &state::Attributes) -> bool {
    // A pre-image may hold no more than what the change is about.
    after.iter().any(|(name, _)| {
        let (was, is) = (before.attributes.get(*name), now.attributes.get(*name));
        was.filter(|value| !value.is_empty()) != is.filter(|value| !value.is_empty())
    })
}

/// The fewest values to take and to give. Old values go by name, so that what somebody else set meanwhile is noticed;
/// where the server cannot compare them, the list is replaced.
pub fn delta(name: &str, old: Vec<Vec<u8>>, new: Vec<Vec<u8>>, comparable: bool) -> Vec<Modification> {
    if old == new {
        return Vec::new();
    }
    if !comparable {
        return vec![Modification::replace(name, new)];
    }
    let gone: Vec<Vec<u8>> = old.iter().filter(|value| !new.contains(value)).cloned().collect();
    let come: Vec<Vec<u8>> = new.iter().filter(|value| !old.contains(value)).cloned().collect();
    let mut changes = Vec::new();
    if !gone.is_empty() {
        changes.push(Modification::delete(name, gone));
    }
    if !come.is_empty() {
        changes.push(Modification::add(name, come));
    }
    changes
}
