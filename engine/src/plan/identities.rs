//! Who is there, who left, and what of it goes into the record.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use state::{Address, Attributes, FactKind, Object, Symbol, Timestamp, Value};

use super::offboarding::ROLES;
use super::planner::{Leaver, Planner};

/// The attribute under which the record keeps the `people` block of an identity. `@` cannot start an attribute name
/// of the language, so no configuration can mean it.
pub(super) fn source_attribute() -> Symbol {
    Symbol::new("@source")
}

impl Planner<'_> {
    /// Finds the leavers: who ended or left in the files, and whom the record knows but the files do not.
    pub(crate) fn find_leavers(&mut self) {
        let mut leavers: FxHashMap<Symbol, Leaver> = FxHashMap::default();
        for identity in &self.inputs.configuration.identities {
            if let Some(because) = &identity.leaver {
                let leaver = Leaver { because: because.clone(), gone: false, source: identity.source };
                leavers.insert(identity.key, leaver);
            }
        }
        for address in &self.book.identities {
            let (Address::Person(holder) | Address::Service(holder)) = *address else { continue };
            if !self.identities.contains_key(&holder) {
                let source = self.book.identity(*address).and_then(|known| known.get(source_attribute())?.as_text());
                let because = "left the files".to_owned();
                leavers.insert(holder, Leaver { because, gone: true, source });
            }
        }
        self.leavers = Arc::new(leavers);
    }

    /// When the end of someone who ended was announced: the record knew the same `ends` before. Such ends do not count
    /// as mass removal.
    pub(super) fn announced_end(&self, holder: Symbol) -> Option<Timestamp> {
        let leaver = self.leavers.get(&holder).filter(|leaver| !leaver.gone)?;
        let identity = self.identities.get(&holder)?;
        let ends = identity.attributes.get(Symbol::new("ends"))?.as_text()?;
        let known = self.book.identity(identity.address)?.get(Symbol::new("ends"))?.as_text()?;
        let day: jiff::civil::Date = ends.as_str().get(..10)?.parse().ok()?;
        let at = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        (known == ends && leaver.because.starts_with("ended")).then(|| Timestamp::from(at))
    }

    /// Lets go of identities that a `remove` block names once nothing else of them is recorded: then the block can go.
    pub(super) fn forget_removed_identities(&mut self) {
        if self.inputs.configuration.removes.is_empty() {
            return;
        }
        let systems = self.book.systems();
        let mut holds: FxHashSet<Symbol> = FxHashSet::default();
        for system in systems {
            holds.extend(self.book.on(system).iter().filter_map(|entry| entry.address.holder()));
        }
        for address in self.book.identities.clone() {
            let empty = address
                .holder()
                .is_some_and(|holder| !holds.contains(&holder) && !self.identities.contains_key(&holder));
            if empty && self.removed(address) {
                self.fact(FactKind::Forgotten, address, None, Box::default());
            }
        }
    }

    /// Records identities and sources that are new or differ from what the record knows.
    pub(super) fn record_identities(&mut self) {
        for identity in &self.inputs.configuration.identities {
            let source = identity.source.map(|source| (source_attribute(), Value::Text(source)));
            let roles = &identity.role_offboardings;
            let roles = (!roles.is_empty())
                .then(|| (Symbol::new(ROLES), Value::list(roles.iter().map(|name| Value::Text(*name)))));
            let attributes: Attributes =
                source.into_iter().chain(roles).chain(identity.attributes.iter().cloned()).collect();
            if self.book.identity(identity.address) != Some(&attributes) {
                let object = Object::new(identity.key, attributes);
                self.fact(FactKind::Identity, identity.address, Some(object), Box::default());
            }
        }
    }
}
