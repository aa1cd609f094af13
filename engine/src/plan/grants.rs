//! Privileges that groups hold: given and taken, each for itself. What is held in part is given whole or taken whole.

use rustc_hash::{FxHashMap, FxHashSet};
use state::observed::{KEEP, PARTS};
use state::{Action, Address, Attributes, Dangling, FactKind, Grant, Object, Symbol, Value, Wanted};

use super::accounts::REMOVED;
use super::book::Entry;
use super::compare::same;
use super::planner::{Body, Phase, Planner};
use super::site::Site;
use super::world::{Place, Standing};
use crate::configuration::Group;
use crate::guard;
use crate::language::Diagnostic;

const NOT_GIVEN: &str = "no file gives it any more";

/// What was observed and what became of it, while the grants of a system are planned.
struct Grants<'a> {
    /// By the id of the group.
    held: FxHashMap<Symbol, Vec<&'a Grant>>,
    /// By text.
    dangling: FxHashMap<Symbol, &'a Dangling>,
    kept: FxHashSet<Address>,
    seen: FxHashSet<Address>,
    /// Held, and given by no file.
    unexplained: Vec<Address>,
    /// The same, and taken.
    taken: Vec<Address>,
    /// Wanted, and standing on nothing.
    baseless: Vec<(Address, &'a Dangling)>,
}

impl<'a> Planner<'a> {
    /// Plans the grants of those groups whose block says `grants`; which of those that were observed none of them gives.
    pub(super) fn plan_grants(&mut self, site: &Site<'a>) -> Vec<Address> {
        let mut held: FxHashMap<Symbol, Vec<&Grant>> = FxHashMap::default();
        for grant in &site.observed.grants {
            held.entry(grant.group).or_default().push(grant);
        }
        let dangling = site.observed.dangling.iter().map(|one| (site.schema.grant_text(&one.grant), one)).collect();
        let (kept, seen) = Default::default();
        let (unexplained, taken, baseless) = Default::default();
        let mut grants = Grants { held, dangling, kept, seen, unexplained, taken, baseless };
        for group in site.wanted_groups {
            let Some(wanted) = &group.grants else { continue };
            if !site.capabilities.grants {
                let message = format!("groups hold no grants on system.{}", site.name);
                self.diagnostics.push(Diagnostic::new(group.span, message).hint("take `grants` out of this block"));
                continue;
            }
            self.plan_group_grants(site, group, wanted, &mut grants);
        }
        self.take_former_grants(site, &grants);
        if !grants.unexplained.is_empty() {
            self.findings.push(guard::unexplained::grants(site.name, grants.unexplained.clone()));
        }
        self.findings.extend(guard::dangling_grant::findings(site.name, &grants.baseless));
        grants.unexplained.append(&mut grants.taken);
        grants.unexplained
    }

    /// Recorded grants of groups that say nothing of grants any more, or were removed: taken where they are there.
    fn take_former_grants(&mut self, site: &Site<'a>, grants: &Grants<'a>) {
        for Entry { address, .. } in self.book.on(site.name).iter().copied() {
            let Address::Grant { group, grant, .. } = address else { continue };
            if grants.kept.contains(&address) || grants.seen.contains(&address) || self.in_doubt(address) {
                continue;
            }
            let held = match self.group_stand(site, group).map(|stand| stand.place) {
                Some(Place::Observed(number)) => grants.held.get(&site.group(number).id),
                _ => None,
            };
            match held.into_iter().flatten().find(|held| site.schema.grant_text(&held.attributes) == grant) {
                Some(held) => {
                    let because = if self.removed(address) { REMOVED } else { NOT_GIVEN };
                    self.take_grant(address, image(site, held), because, None);
                }
                None => {
                    let reason = self.reasons.plain("gone from the system");
                    self.fact(FactKind::Forgotten, address, None, Box::from([reason]));
                }
            }
        }
    }

    /// `keep`: grants that stay and may cover some of what is taken.
    fn take_grant(&mut self, address: Address, held: Object, because: &str, keep: Option<Value>) {
        let reasons = Box::from([self.reasons.plain(because)]);
        let before = Some(held);
        let after = keep.into_iter().map(|keep| (Symbol::new(KEEP), Wanted::Known(keep))).collect();
        self.change(Phase::Take, address, Action::Revoke, Body { before, after, reasons, ..Body::default() });
    }

    fn plan_group_grants(&mut self, site: &Site<'a>, group: &Group, wanted: &[Attributes], grants: &mut Grants<'a>) {
        let holder = Address::Group { system: site.name, group: group.name };
        let removed = self.unwanted(holder);
        let Some(stand) = self.group_stand(site, group.name) else { return };
        let standing = stand.standing;
        let there: FxHashMap<Symbol, &Grant> = match stand.place {
            Place::Observed(number) => {
                let held = grants.held.get(&site.group(number).id);
                held.into_iter().flatten().map(|held| (site.schema.grant_text(&held.attributes), *held)).collect()
            }
            Place::New | Place::Expected | Place::Recorded(_) => FxHashMap::default(),
        };
        let address_of = |grant: Symbol| Address::Grant { system: site.name, group: group.name, grant };
        for attributes in wanted.iter().filter(|_| !removed) {
            let grant = site.schema.grant_text(attributes);
            let address = address_of(grant);
            if !grants.kept.insert(address) {
                continue;
            }
            if self.in_doubt(address) || standing == Standing::Held {
                continue;
            }
            let reasons = Box::from([self.reasons.at(Symbol::new(&holder.to_string()), group.span)]);
            let after = || attributes.iter().map(|(name, value)| (*name, Wanted::Known(value.clone())));
            match there.get(&grant) {
                Some(held) if held.partial.is_none() => {
                    let object = held.object();
                    let changed: Box<[_]> = after()
                        .filter(|(name, wanted)| match (wanted, held.attributes.get(*name)) {
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
                _ if standing == Standing::Adopted => {}
                held => {
                    if let Some(dangling) = grants.dangling.get(&grant).filter(|_| held.is_none()) {
                        grants.baseless.push((address, dangling));
                        if !dangling.named {
                            continue;
                        }
                    }
                    let before = held.map(|held| image(site, held));
                    let body = Body { before, after: after().collect(), reasons, ..Body::default() };
                    self.change(Phase::Give, address, Action::Grant, body);
                }
            }
        }
        self.take_unwanted_grants(site, group, if removed { &[] } else { wanted }, there, grants);
    }

    /// What a group holds and no file wants: taken where tenure gave it or the group is exclusive, else shown.
    fn take_unwanted_grants(
        &mut self,
        site: &Site<'a>,
        group: &Group,
        wanted: &[Attributes],
        there: FxHashMap<Symbol, &Grant>,
        grants: &mut Grants<'a>,
    ) {
        let standing = self.group_stand(site, group.name).map(|stand| stand.standing);
        let address_of = |grant: Symbol| Address::Grant { system: site.name, group: group.name, grant };
        let mut extra: Vec<(Symbol, &Grant)> = there.into_iter().collect();
        extra.sort_unstable_by_key(|(grant, _)| *grant);
        let mut keep: Option<FxHashMap<Vec<Option<Value>>, Value>> = None;
        for (grant, held) in extra {
            let address = address_of(grant);
            grants.seen.insert(address);
            if grants.kept.contains(&address) || self.in_doubt(address) || standing == Some(Standing::Held) {
                continue;
            }
            let ours = self.book.object(address).is_some();
            if !ours {
                // What others ask for may be told by its parts; a part of what is given or taken says nothing new.
                let told = |whole: &Symbol| {
                    let whole = address_of(*whole);
                    grants.kept.contains(&whole) || self.book.object(whole).is_some()
                };
                if held.in_parts || held.within.iter().any(told) {
                    continue;
                }
                if !group.exclusive || standing != Some(Standing::Managed) {
                    grants.unexplained.push(address);
                    continue;
                }
            }
            let because = if self.removed(address) {
                REMOVED
            } else if ours {
                NOT_GIVEN
            } else {
                "no file explains it, and the group is exclusive"
            };
            grants.taken.push(address);
            let keep = keep.get_or_insert_with(|| overlapping(site, wanted));
            let keep = keep.get(&overlap(site, &held.attributes)).cloned();
            self.take_grant(address, image(site, held), because, keep);
        }
    }
}

/// The pre-image of a grant: of what is held in part with its parts, so that an undo gives back exactly these.
fn image(site: &Site<'_>, held: &Grant) -> Object {
    let mut object = held.object();
    if held.partial.is_some() {
        let text = site.schema.grant_text(&held.attributes);
        // Sorted by group.
        let start = site.observed.grants.partition_point(|own| own.group < held.group);
        let of_group = site.observed.grants[start..].iter().take_while(|own| own.group == held.group);
        let parts = of_group.filter(|own| own.partial.is_none() && own.within.contains(&text));
        let parts: Vec<Value> = parts.map(|part| Value::map(part.attributes.iter().cloned())).collect();
        if !parts.is_empty() {
            let parts = [(Symbol::new(PARTS), Value::list(parts))].into_iter().collect();
            object.attributes = object.attributes.overlaid(&parts);
        }
    }
    object
}

/// The values by which grants that may cover the same are told.
fn overlap(site: &Site<'_>, grant: &Attributes) -> Vec<Option<Value>> {
    site.schema.grant_overlap.iter().map(|name| grant.get(*name).cloned()).collect()
}

/// The wanted grants that may cover the same, together, as values; none where grants never overlap.
fn overlapping(site: &Site<'_>, wanted: &[Attributes]) -> FxHashMap<Vec<Option<Value>>, Value> {
    let mut together: FxHashMap<Vec<Option<Value>>, Vec<Value>> = FxHashMap::default();
    for grant in wanted.iter().filter(|_| !site.schema.grant_overlap.is_empty()) {
        together.entry(overlap(site, grant)).or_default().push(Value::map(grant.iter().cloned()));
    }
    together.into_iter().map(|(key, grants)| (key, Value::list(grants))).collect()
}
