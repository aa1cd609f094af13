//! The intent of a change: everything resolved, compared with what was read again, announced to the record.

use state::owned::TO;
use state::record::{Event, EventResult, StageKind};
use state::{
    Action, Attributes, Capabilities, Change, Fact, FactKind, Kind, Object, Order, Reason, Symbol, Target, Timestamp,
    Value, Wanted,
};

use super::compare::{Standing, managed, standing};
use super::ids::kind;
use super::machine::Apply;
use super::report::{Fate, Why};
use super::transfer;
use super::watching::INVENTORY;
use super::work::{Call, Seen, Transaction, has_secrets};
use crate::mutations::on;

/// Time from an intent to its call, in milliseconds. What waits longer begins again with twice the time, so that a
/// slow system is not hurried, and what a killed run leaves in doubt is not waited for longer than need be.
const SLACK: i64 = 1_000;

impl Apply<'_> {
    /// Writes the intent of one change: none where it is as wanted already, which is recorded at once.
    pub(super) fn intend(&mut self, n: u32, seen: Seen, system: u32, now: Timestamp) -> Result<Option<Call>, Fate> {
        let Some(change) = self.plan.changes.get(n as usize) else { return Ok(None) };
        let not_resolved = |error: String| Fate::NotDone(Why::NotResolved(error));
        let address = change.address;
        let kind = kind(address).ok_or_else(|| not_resolved(format!("{address} does not stand on a system")))?;
        let target = self.ids.target(change, self.resolver.as_ref());
        if target.is_none() && change.action != Action::Create {
            return Err(not_resolved(format!("the remote id behind {address} is not known: plan again")));
        }
        let (mut image, secrets) = self.resolved(change).map_err(not_resolved)?;
        let Some(state) = self.systems.get(system as usize) else { return Ok(None) };
        let Some(connected) = &state.connected else { return Err(Fate::NotDone(Why::NotConnected)) };
        let before = match seen {
            Seen::Here(object) => Some(object),
            _ => None,
        };
        if let (Some(owned), Some(before)) = (self.inventory(n), image.before.as_deref_mut()) {
            let inventory = [(Symbol::new(INVENTORY), owned)].into_iter().collect();
            before.attributes = before.attributes.overlaid(&inventory);
        }
        let mut already = false;
        if let Some(Target::Owned(id)) = target {
            match transfer::named(&image, before.as_ref(), id).map_err(|seen| Fate::Stale { seen })? {
                Some(named) => image = named,
                None => already = true,
            }
        } else if change.action != Action::Create {
            // Against nothing seen, a grant stands as before, and a revocation as wanted.
            match standing(&image, kind, before.as_ref(), &connected.schema) {
                Standing::AsWanted => already = !has_secrets(&image),
                Standing::AsBefore => {}
                Standing::Other(_) if on("stale-goes-on") => {}
                Standing::Other(seen) => return Err(Fate::Stale { seen }),
            }
        }
        if already && !self.attempts.contains_key(&n) {
            self.found(n, &image, before.as_ref());
            return Ok(None);
        }
        let key = key(&image, kind, &connected.capabilities);
        let late = self.late.get(&n).copied().unwrap_or(0);
        let slack = SLACK.saturating_mul(1 << late.min(16));
        let wait = state.deadline().saturating_add(slack).saturating_add(state.visibility());
        let called = state.throttled.map_or(now, |until| until.max(now));
        let settle_after = if state.outlives_process() { called.plus_millis(wait) } else { now };
        let intent = self.next_intent;
        self.next_intent += 1;
        let why = self.reasons(change);
        let announce = Event::Intent {
            run: self.run,
            intent,
            change: Box::new(image.clone()),
            kind,
            target,
            key,
            settle_after,
            why,
        };
        if !on("no-intent") {
            self.journal.push(announce);
        }
        if already {
            // An attempt that was said to have failed did happen.
            let object = before.map_or_else(|| Object::new("", Attributes::new()), |seen| managed(&image, &seen));
            if change.action != Action::Transfer {
                self.ids.done(address, &object);
            }
            self.record(intent, EventResult::settled(object));
            self.fates.set(self.plan, n, Fate::AlreadySo);
            return Ok(None);
        }
        let after = image.after.iter().filter_map(|(name, wanted)| match wanted {
            Wanted::Known(value) => Some((*name, value.clone())),
            _ => None,
        });
        let order = Order {
            address,
            action: change.action,
            target,
            kind,
            before,
            after: after.collect(),
            secrets: state::order::Secrets(secrets),
        };
        let settle_at = settle_after;
        Ok(Some(Call {
            change: n,
            intent,
            image,
            kind,
            target,
            order: Some(order),
            settle_after,
            settle_at,
            transaction: Transaction::None,
            note: None,
        }))
    }

    /// Somebody else did what the change wants: a fact, so that nobody takes it for our doing later (what tenure
    /// switched off it may switch on, what it gave it may take).
    fn found(&mut self, n: u32, image: &Change, seen: Option<&Object>) {
        let done = match image.action {
            Action::Transfer => Some(Fact::stage(image.address, StageKind::Transferred)),
            Action::Archive => Some(Fact::stage(image.address, StageKind::Archived)),
            Action::Delete => Some(Fact::new(FactKind::Forgotten, image.address)),
            _ => None,
        };
        if let Some(fact) = done {
            let why = self.reasons(image);
            self.journal.push(Event::Fact { run: self.run, fact: Box::new(fact), why });
            return self.fates.set(self.plan, n, Fate::AlreadySo);
        }
        let object = seen.map(|seen| managed(image, seen));
        if let Some(object) = &object {
            self.ids.done(image.address, object);
        }
        let given = image.action == Action::Grant;
        let fact = Fact {
            kind: if given { FactKind::Explained } else { FactKind::Drifted },
            address: image.address,
            object: object.map(Box::new),
            former: None,
            reasons: image.reasons.clone(),
            until: image.until,
        };
        let why = self.reasons(image);
        self.journal.push(Event::Fact { run: self.run, fact: Box::new(fact), why });
        self.fates.set(self.plan, n, Fate::AlreadySo);
    }

    fn reasons(&self, change: &Change) -> Vec<Reason> {
        change.reasons.iter().filter_map(|id| self.plan.reasons.get(id.0 as usize)).cloned().collect()
    }

    /// An heir's account that is made by this run: its id.
    fn find_heir(&self, image: &mut Change) -> Result<(), String> {
        for (name, wanted) in &mut image.after {
            let Wanted::Deferred { needs, .. } = wanted else { continue };
            let heir = needs.first().copied().filter(|_| name.as_str() == TO);
            let id = heir.and_then(|heir| self.ids.id(heir, self.resolver.as_ref()));
            let id = id.ok_or_else(|| format!("`{name}` is not known: plan again"))?;
            *wanted = Wanted::Known(Value::Text(id));
        }
        Ok(())
    }

    /// A change with its deferred values, and its secrets beside it.
    fn resolved(&self, change: &Change) -> Result<(Change, Vec<(Symbol, String)>), String> {
        let open = |wanted: &Wanted| matches!(wanted, Wanted::Deferred { .. });
        let secret = |wanted: &Wanted| matches!(wanted, Wanted::Secret { .. });
        let names = |which: &dyn Fn(&Wanted) -> bool| -> Vec<Symbol> {
            change.after.iter().filter(|(_, wanted)| which(wanted)).map(|(name, _)| *name).collect()
        };
        let made = |address| self.ids.made(address);
        let mut image = change.clone();
        if change.action == Action::Transfer {
            self.find_heir(&mut image)?;
        }
        let deferred = if change.action == Action::Transfer { Vec::new() } else { names(&open) };
        if !deferred.is_empty() {
            let values = self.resolver.resolve(change.address, &deferred, &made)?;
            if values.len() != deferred.len() {
                return Err(format!("{} of {} deferred values were evaluated", values.len(), deferred.len()));
            }
            for (name, value) in deferred.iter().zip(values) {
                if let Some((_, wanted)) = image.after.iter_mut().find(|(own, _)| own == name) {
                    *wanted = Wanted::Known(value);
                }
            }
            // Null says nothing about an attribute.
            if image.after.iter().any(|(_, wanted)| *wanted == Wanted::Known(Value::Null)) {
                let kept = image.after.iter().filter(|(_, wanted)| *wanted != Wanted::Known(Value::Null));
                image.after = kept.cloned().collect();
            }
        }
        let names = names(&secret);
        if names.is_empty() {
            return Ok((image, Vec::new()));
        }
        let values = self.resolver.secrets(change.address, &names, &made)?;
        if values.len() != names.len() {
            return Err(format!("{} of {} sensitive values were evaluated", values.len(), names.len()));
        }
        Ok((image, names.into_iter().zip(values).collect()))
    }
}

/// The natural key by which a creation in doubt is looked up.
fn key(image: &Change, kind: Kind, capabilities: &Capabilities) -> Option<(Symbol, Value)> {
    let key = match kind {
        Kind::Account => capabilities.account_key?,
        Kind::Group => capabilities.group_key?,
        Kind::Membership | Kind::Grant => return None,
    };
    image.after.iter().find_map(|(name, wanted)| match wanted {
        Wanted::Known(value) if *name == key.attribute => Some((*name, value.clone())),
        _ => None,
    })
}
