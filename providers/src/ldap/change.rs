//! Changes of entries: the fewest values, a new name, a lock, another branch.
//!
//! A rename and a change of values are two operations of LDAP. Where the second one is refused, the outcome says which
//! was done and which was not.

use state::object::ARCHIVED;
use state::{Action, Object, Order, Outcome, Symbol, Value};

use super::create::class_for;
use super::dn::{self, Dn};
use super::entry::object;
use super::fresh::Fresh;
use super::outcome::{not_begun, refused, success};
use super::protocol::message::Request;
use super::protocol::{Control, Entry, Filter, Modification, control, filter};
use super::server::DN;
use super::settings::Lock;
use super::writer::LdapWriter;

/// How often a change is tried whose entry others changed meanwhile in what it is not about.
const ATTEMPTS: usize = 5;

/// One operation.
enum Step {
    Modify(Vec<Modification>),
    Rename(Dn),
}

/// For messages: `uid=ada,ou=people,dc=test was renamed to uid=countess,ou=people,dc=test`.
fn said(step: &Step, dn: &str, done: bool) -> String {
    match (step, done) {
        (Step::Modify(_), true) => format!("the attributes of {dn} were changed"),
        (Step::Modify(_), false) => format!("the attributes of {dn} were not changed"),
        (Step::Rename(to), true) => format!("{dn} was renamed to {to}"),
        (Step::Rename(to), false) => format!("{dn} was not renamed to {to}"),
    }
}

impl LdapWriter {
    /// Changes an account or group.
    pub(super) async fn change(&self, account: bool, id: Symbol, order: &Order) -> Outcome {
        // As it was re-read just before the order: only if it has changed since, by the word of the server, is it read
        // once more.
        let mut known = Fresh::known(&self.client.server, account, order);
        for _ in 0..ATTEMPTS {
            let fresh = match known.take() {
                Some(fresh) => fresh,
                None => match self.fresh(account, id, order).await {
                    Ok(fresh) => fresh,
                    Err(outcome) => return outcome,
                },
            };
            // What stands there must still be what was decided upon; what others changed beside it does not matter.
            if let Some(before) = &order.before
                && differs(before, &fresh.object, &order.after)
            {
                return Outcome::Stale(Some(fresh.object));
            }
            match self.attempt(account, order, fresh).await {
                // Between the reading and the write.
                Outcome::Stale(None) => {}
                outcome => return outcome,
            }
        }
        Outcome::Stale(None)
    }

    /// The entry of an order as it is now.
    pub(super) async fn fresh(&self, account: bool, id: Symbol, order: &Order) -> Result<Fresh, Outcome> {
        let server = &self.client.server;
        let select = super::entry::selection(server, account);
        let looked =
            self.client.look(&self.client.bases(account), &[id], &select).await.map_err(|error| not_begun(&error))?;
        let refused = |why: String| refused(format!("{}: {why}; nothing was written", order.address));
        let Some(entry) = looked.entry(id) else {
            return Err(refused(looked.hidden.unwrap_or_else(|| "it is gone".to_owned())));
        };
        Fresh::read(server, account, order, &entry).map_err(refused)
    }

    async fn attempt(&self, account: bool, order: &Order, fresh: Fresh) -> Outcome {
        let active = match order.action {
            Action::Deactivate => Some(false),
            Action::Reactivate => Some(true),
            _ => None,
        };
        let steps = match self.steps(account, order, &fresh, active) {
            Ok(steps) => steps,
            Err(what) => return refused(format!("{}: {what}", order.address)),
        };
        // The first operation depends on the entry being as it was read; the second only on its being the same entry: that
        // the first one was done, and others changed something beside it, is no reason to leave the rest.
        let mut version = fresh.object.version.filter(|_| self.client.server.asserts());
        let (mut last, mut name) = (fresh.object.clone(), fresh.dn.clone());
        let (mut done, mut notes) = (Vec::new(), Vec::new());
        for step in &steps {
            let carried = match step {
                Step::Modify(changes) => self.modify(account, &name, version.take(), &last, changes).await,
                Step::Rename(to) => match self.rename(account, &fresh, &name, version.take(), to).await {
                    Ok((object, note)) => {
                        notes.extend(note);
                        Ok(object)
                    }
                    Err(outcome) => Err(outcome),
                },
            };
            match carried {
                Ok(object) => last = object,
                Err(outcome) if done.is_empty() => return outcome,
                Err(outcome) => {
                    return self.partly(account, order, (&done, said(step, &name, false)), last, outcome).await;
                }
            }
            done.push(said(step, &name, true));
            if let Step::Rename(to) = step {
                name = to.to_string();
            }
        }
        match active {
            Some(active) if last.active != active => Outcome::Unknown(format!(
                "{}: the server says that it is done, but it is read back as before",
                order.address
            )),
            _ if notes.is_empty() => Outcome::Done(last),
            _ => Outcome::Noted(last, notes.join("; ")),
        }
    }

    /// The first operation was done, the second was not: what stands there now, and which is which.
    async fn partly(
        &self,
        account: bool,
        order: &Order,
        (done, undone): (&[String], String),
        last: Object,
        outcome: Outcome,
    ) -> Outcome {
        let told = |why: &str| format!("{}: {}; {undone}: {why}", order.address, done.join("; "));
        let why = match outcome {
            Outcome::Refused { error, .. } => error,
            Outcome::Stale(_) => "somebody else changed it meanwhile".to_owned(),
            Outcome::Unknown(why) => {
                return Outcome::Unknown(format!("{}: {}; then {why}", order.address, done.join("; ")));
            }
            other => return other,
        };
        match self.fresh(account, last.id, order).await {
            Ok(fresh) => Outcome::Partly(fresh.object, told(&why)),
            Err(_) => Outcome::Partly(last, told(&why)),
        }
    }

    /// What is to be done, in its order. Values come first: they are what servers refuse most, and then nothing was done.
    /// But what is switched on again is put in its place first.
    fn steps(&self, account: bool, order: &Order, fresh: &Fresh, active: Option<bool>) -> Result<Vec<Step>, String> {
        let current = Dn::parse(&fresh.dn).map_err(|what| format!("its DN {} {what}", fresh.dn))?;
        let moved = self.new_dn(account, order, &current, active)?;
        let changes = self.modifications(account, order, fresh, &current, moved.as_ref())?;
        let mut steps = Vec::with_capacity(2);
        if !changes.is_empty() {
            steps.push(Step::Modify(changes));
        }
        steps.extend(moved.map(Step::Rename));
        if active == Some(true) {
            steps.reverse();
        }
        Ok(steps)
    }

    /// The fewest modifications that make an entry as the order wants it.
    fn modifications(
        &self,
        account: bool,
        order: &Order,
        fresh: &Fresh,
        current: &Dn,
        moved: Option<&Dn>,
    ) -> Result<Vec<Modification>, String> {
        let server = &self.client.server;
        let mut changes = Vec::new();
        let mut classes = fresh.classes.clone();
        let classes_are_set = order.after.get(Symbol::new("objectClass")).is_some();
        for change in &fresh.changes {
            let name = change.name.as_str();
            let is_list = matches!(order.after.get(change.name), Some(Value::List(_)));
            let mut old = change.old.clone();
            if let Some(named) = current.rdn_value(name).filter(|_| !is_list) {
                // Part of the entry's name: changed by renaming it, which takes the old value.
                if moved.unwrap_or(current).rdn_value(name).is_some() {
                    continue;
                }
                old.retain(|value| value.as_slice() != named.as_bytes());
            }
            if !change.new.is_empty()
                && !classes.is_empty()
                && !classes_are_set
                && let Some(class) = class_for(server, &classes, name)?
            {
                changes.push(Modification::add("objectClass", vec![class.clone().into_bytes()]));
                classes.push(class);
            }
            let known = server.kind(account).types.get(&name.to_ascii_lowercase());
            let comparable = known.is_none_or(|known| known.comparable);
            changes.extend(delta(&change.sent, old, change.new.clone(), comparable));
        }
        for (name, secret) in &order.secrets.0 {
            let (name, bytes) = server.dialect.secret(name.as_str(), secret);
            changes.push(Modification::replace(&name, vec![bytes]));
        }
        changes.extend(fresh.switch.iter().cloned());
        Ok(changes)
    }

    /// Where the entry is to be, if that is elsewhere.
    fn new_dn(&self, account: bool, order: &Order, current: &Dn, active: Option<bool>) -> Result<Option<Dn>, String> {
        let server = &self.client.server;
        let mut wanted = match order.after.get(Symbol::new(DN)).and_then(Value::as_text) {
            Some(text) => {
                let wanted = Dn::parse(text.as_str()).map_err(|what| format!("its DN {text} {what}"))?;
                // Another spelling of the same name is no other name, but for what the entry's own name looks like.
                match dn::same(&wanted, current) && wanted.rdn_text() == current.rdn_text() {
                    true => current.clone(),
                    false => wanted,
                }
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
        if account && order.action == Action::Archive {
            wanted = server.put_away(current)?;
        } else if account && (active == Some(true) || taken_out(order)) && server.is_archived(current) {
            wanted = server.brought_back(current, active == Some(true));
        } else if let (Lock::Branch(branch), Some(active)) = (&server.lock, active) {
            let place = if active { &server.kind(account).place } else { branch };
            if active == current.is_within(branch) {
                let mut rdns: Vec<_> = wanted.0.first().cloned().into_iter().collect();
                rdns.extend(place.0.iter().cloned());
                wanted = Dn(rdns);
            }
        }
        Ok((wanted.to_string() != current.to_string()).then_some(wanted))
    }

    /// Gives the entry `dn` another DN; members of groups follow, where the server does not see to that itself. Second,
    /// which groups did not.
    async fn rename(
        &self,
        account: bool,
        fresh: &Fresh,
        dn: &str,
        version: Option<Symbol>,
        to: &Dn,
    ) -> Result<(Object, Option<String>), Outcome> {
        let current = Dn::parse(dn).map_err(refused)?;
        let parent = to.parent().unwrap_or_default();
        let superior = current.parent().filter(|own| !dn::same(own, &parent)).map(|_| parent.to_string());
        let request = Request::modify_dn(dn, &to.rdn_text(), superior.as_deref());
        let mut controls = self.assertion(fresh.object.id, version);
        controls.extend(self.post_read(account));
        let references = self.references(account, fresh).await.map_err(|error| not_begun(&error))?;
        let answer = self.send(&request, &controls).await;
        let answer = success(self.place(), &format!("rename {dn} to {to}"), answer)?;
        let new = to.to_string();
        let note = self.follow(fresh, &new, references).await.err();
        if let Some(Ok(entry)) = control::post_read(&answer.controls).map(Entry::of_control)
            && let Ok(object) = object(&self.client.server, account, &entry)
        {
            return Ok((object, note));
        }
        match self.read_back(account, &new).await {
            Ok(object) => Ok((object, note)),
            Err(why) => Err(Outcome::Unknown(format!("{dn} was renamed to {new}, but cannot be read back: {why}"))),
        }
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
        let mut controls = self.assertion(before.id, version);
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

    /// The control by which an operation depends on its entry being the one that was read (RFC 4528), with `version` as it
    /// was read; nothing where the server does not know it.
    pub(super) fn assertion(&self, id: Symbol, version: Option<Symbol>) -> Vec<Control> {
        let server = &self.client.server;
        let dialect = server.dialect.as_ref();
        if !server.asserts() {
            return Vec::new();
        }
        let version =
            dialect.version_attribute().zip(version).map(|(name, version)| filter::equal(name, version.as_str()));
        let id = dialect.id_value(id.as_str()).map(|id| filter::equal(dialect.id_attribute(), id));
        let filters: Vec<Filter> = version.into_iter().chain(id).collect();
        if filters.is_empty() { Vec::new() } else { vec![Control::assertion(&Filter::And(filters))] }
    }
}

/// Whether an order takes an account out of the archive and leaves it switched off.
fn taken_out(order: &Order) -> bool {
    order.after.get(Symbol::new(ARCHIVED)).is_some_and(Value::is_empty)
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
