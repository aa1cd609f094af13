//! Privileges that groups hold: given and taken, each for itself.

use rustc_hash::{FxHashMap, FxHashSet};
use state::{Action, Address, Attributes, FactKind, Object, Symbol, Wanted};

use super::accounts::REMOVED;
use super::compare::same;
use super::planner::{Body, Phase, Planner};
use super::site::Site;
use super::world::{Place, Standing};
use crate::configuration::Group;
use crate::language::Diagnostic;

impl<'a> Planner<'a> {
    /// Plans the grants of those groups whose block says `grants`.
    pub(super) fn plan_grants(&mut self, site: &Site<'a>) {
        let mut observed: FxHashMap<Symbol, Vec<&Attributes>> = FxHashMap::default();
        for grant in &site.observed.grants {
            observed.entry(grant.group).or_default().push(&grant.attributes);
        }
        let mut kept = FxHashSet::default();
        let mut seen = FxHashSet::default();
        for group in site.wanted_groups {
            let Some(wanted) = &group.grants else { continue };
            if !site.capabilities.grants {
                let message = format!("groups hold no grants on system.{}", site.name);
                self.diagnostics.push(Diagnostic::new(group.span, message).hint("take `grants` out of this block"));
                continue;
            }
            self.plan_group_grants(site, group, wanted, &observed, &mut kept, &mut seen);
        }
        self.take_former_grants(site, &observed, &kept, &seen);
    }

    /// Recorded grants of groups that say nothing of grants any more, or were removed: taken where they are there.
    fn take_former_grants(
        &mut self,
        site: &Site<'a>,
        observed: &FxHashMap<Symbol, Vec<&Attributes>>,
        kept: &FxHashSet<Address>,
        seen: &FxHashSet<Address>,
    ) {
        for address in self.book.on(site.name).to_vec() {
            let Address::Grant { group, grant, .. } = address else { continue };
            if kept.contains(&address) || seen.contains(&address) || self.in_doubt(address) {
                continue;
            }
            let held = match self.group_stand(site, group).map(|stand| stand.place) {
                Some(Place::Observed(number)) => observed.get(&site.group(number).id),
                _ => None,
            };
            match held.into_iter().flatten().find(|held| site.schema.grant_text(held) == grant) {
                Some(held) if self.removed(address) => self.take_grant(address, held, REMOVED),
                Some(held) => self.take_grant(address, held, "no file gives it any more"),
                None => {
                    let reason = self.reasons.plain("gone from the system");
                    self.fact(FactKind::Forgotten, address, None, Box::from([reason]));
                }
            }
        }
    }

    fn take_grant(&mut self, address: Address, held: &Attributes, because: &str) {
        let reasons = Box::from([self.reasons.plain(because)]);
        let before = Some(Object::new("", held.clone()));
        self.change(Phase::Take, address, Action::Revoke, Body { before, reasons, ..Body::default() });
    }

    fn plan_group_grants(
        &mut self,
        site: &Site<'a>,
        group: &Group,
        wanted: &[Attributes],
        observed: &FxHashMap<Symbol, Vec<&Attributes>>,
        kept: &mut FxHashSet<Address>,
        seen: &mut FxHashSet<Address>,
    ) {
        let holder = Address::Group { system: site.name, group: group.name };
        let removed = self.unwanted(holder);
        let Some(stand) = self.group_stand(site, group.name) else { return };
        let standing = stand.standing;
        let there: FxHashMap<Symbol, &Attributes> = match stand.place {
            Place::Observed(number) => {
                let held = observed.get(&site.group(number).id);
                held.into_iter().flatten().map(|grant| (site.schema.grant_text(grant), *grant)).collect()
            }
            Place::New | Place::Expected | Place::Recorded(_) => FxHashMap::default(),
        };
        let address_of = |grant: Symbol| Address::Grant { system: site.name, group: group.name, grant };
        for attributes in wanted.iter().filter(|_| !removed) {
            let grant = site.schema.grant_text(attributes);
            let address = address_of(grant);
            if !kept.insert(address) {
                continue;
            }
            if self.in_doubt(address) || standing == Standing::Held {
                continue;
            }
            let reasons = Box::from([self.reasons.at(Symbol::new(&holder.to_string()), group.span)]);
            let after = || attributes.iter().map(|(name, value)| (*name, Wanted::Known(value.clone())));
            match there.get(&grant) {
                Some(held) => {
                    let object = Object::new("", (*held).clone());
                    let changed: Box<[_]> = after()
                        .filter(|(name, wanted)| match (wanted, held.get(*name)) {
                            (Wanted::Known(value), Some(held)) => !same(value, held, None),
                            (Wanted::Known(value), None) => !value.is_empty(),
                            _ => true,
                        })
                        .collect();
                    if self.book.object(address).is_none() {
                        self.fact(FactKind::Explained, address, Some(object), reasons);
                    } else if !changed.is_empty() {
                        let body = Body { before: Some(object), after: changed, reasons, ..Body::default() };
                        self.change(Phase::Give, address, Action::Update, body);
                    }
                }
                None if standing == Standing::Adopted => {}
                None => {
                    let body = Body { after: after().collect(), reasons, ..Body::default() };
                    self.change(Phase::Give, address, Action::Grant, body);
                }
            }
        }
        let mut extra: Vec<(Symbol, &Attributes)> = there.into_iter().collect();
        extra.sort_unstable();
        for (grant, held) in extra {
            let address = address_of(grant);
            seen.insert(address);
            let ours = self.book.object(address).is_some();
            let exclusive = group.exclusive && standing == Standing::Managed;
            if kept.contains(&address) || self.in_doubt(address) || !(ours || exclusive) || standing == Standing::Held {
                continue;
            }
            let because = if self.removed(address) {
                REMOVED
            } else if ours {
                "no file gives it any more"
            } else {
                "no file explains it, and the group is exclusive"
            };
            self.take_grant(address, held, because);
        }
    }
}
