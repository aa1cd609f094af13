//! Groups: found or created, and their attributes.

use rustc_hash::FxHashMap;
use state::{Action, Address, FactKind, Object, Symbol, Value, Wanted};

use super::accounts::managed;
use super::attributes::Checked;
use super::book::Entry;
use super::compare::fold;
use super::planner::{Body, Phase, Planner};
use super::site::Site;
use super::world::{Place, Stand, Standing};
use crate::configuration::{Group, WantedValue};
use crate::guard;
use crate::language::Diagnostic;

impl<'a> Planner<'a> {
    /// Plans the groups of one system: correlated first, so that their attributes may refer to each other.
    pub(super) fn plan_groups(&mut self, site: &mut Site<'a>) {
        if !site.capabilities.groups {
            for group in site.wanted_groups {
                let message = format!("system.{} has no groups", site.name);
                self.diagnostics.push(
                    Diagnostic::new(group.span, message).hint("take this block out, or move it to another system"),
                );
            }
            return;
        }
        self.bind_recorded_groups(site);
        self.bind_groups_by_key(site);
        self.expect_groups(site);
        for group in site.wanted_groups {
            let address = Address::Group { system: site.name, group: group.name };
            if !self.unwanted(address) {
                self.plan_group(site, group, address);
            }
        }
        self.forget_removed_groups(site);
    }

    fn bind_recorded_groups(&mut self, site: &mut Site<'a>) {
        for Entry { address, object: recorded } in self.book.on(site.name).iter().copied() {
            let Address::Group { group, .. } = address else { continue };
            match site.group_numbers.get(&recorded.id) {
                Some(&number) => {
                    site.groups[number as usize] = Some(group);
                    let standing = if self.in_doubt(address) { Standing::Held } else { Standing::Managed };
                    self.stand_group(site, group, Place::Observed(number), standing);
                }
                None if self.removed(address) => {
                    self.fact(FactKind::Forgotten, address, None, Box::default());
                }
                None => {
                    let world = self.world.systems.entry(site.name).or_default();
                    world.recorded.insert(recorded.id, &recorded.attributes);
                    self.stand_group(site, group, Place::Recorded(recorded.id), Standing::Held);
                    self.findings.push(guard::vanished::finding(address, recorded.id));
                }
            }
        }
    }

    /// Unrecorded groups: by an `adopt` block, else by the attribute that names groups on this system.
    fn bind_groups_by_key(&mut self, site: &mut Site<'a>) {
        let mut table: Option<FxHashMap<String, Vec<u32>>> = None;
        for group in site.wanted_groups {
            let address = Address::Group { system: site.name, group: group.name };
            if self.group_stand(site, group.name).is_some() || self.unwanted(address) {
                continue;
            }
            if self.in_doubt(address) {
                self.stand_group(site, group.name, Place::New, Standing::Held);
                continue;
            }
            if let Some(adopt) = self.inputs.configuration.adopts.iter().find(|adopt| adopt.address == address) {
                match site.group_numbers.get(&adopt.id).copied() {
                    Some(number) if site.groups[number as usize].is_none() => {
                        site.groups[number as usize] = Some(group.name);
                        self.stand_group(site, group.name, Place::Observed(number), Standing::Adopted);
                    }
                    _ => {
                        let message = format!("{} has no free group with the id {:?}", site.name, adopt.id.as_str());
                        self.diagnostics
                            .push(Diagnostic::new(adopt.span, message).hint("look the id up in the system"));
                    }
                }
                continue;
            }
            let Some(name) = self.key_of(site, group) else { continue };
            let found = table.get_or_insert_with(|| table_of(site)).get(&name).map_or(&[][..], Vec::as_slice);
            match *found {
                [] => {}
                [number] if site.groups[number as usize].is_none() => {
                    site.groups[number as usize] = Some(group.name);
                    self.stand_group(site, group.name, Place::Observed(number), Standing::Adopted);
                }
                _ => {
                    let ids: Vec<Symbol> = found.iter().map(|number| site.group(*number).id).collect();
                    self.findings.push(guard::collision::several_match(address, &ids));
                    self.stand_group(site, group.name, Place::New, Standing::Held);
                }
            }
        }
    }

    /// Groups that will be created may be referred to by groups that are planned before them.
    fn expect_groups(&mut self, site: &Site<'a>) {
        for group in site.wanted_groups {
            let address = Address::Group { system: site.name, group: group.name };
            if self.group_stand(site, group.name).is_none() && !self.unwanted(address) {
                self.stand_group(site, group.name, Place::Expected, Standing::Managed);
            }
        }
    }

    /// What the group is called on the system: the key attribute that the block sets, else the block's own name.
    fn key_of(&mut self, site: &Site<'a>, group: &Group) -> Option<String> {
        let key = site.capabilities.group_key?;
        let attributes = self.group_attributes(site, group)?;
        let (_, value) = attributes.into_iter().find(|(name, _)| *name == key.attribute)?;
        let WantedValue::Known(value) = value else { return None };
        let name = value.as_text()?;
        Some(if key.case_exact { name.as_str().to_owned() } else { fold(name) })
    }

    fn group_attributes(&mut self, site: &Site<'a>, group: &Group) -> Option<Vec<(Symbol, WantedValue)>> {
        match self.inputs.configuration.evaluate.group(site.name, group.name, &self.world) {
            Ok(mut attributes) => {
                if let Some(key) = site.capabilities.group_key
                    && !attributes.iter().any(|(name, _)| *name == key.attribute)
                {
                    attributes.push((key.attribute, WantedValue::Known(Value::Text(group.name))));
                    attributes.sort_by_key(|(name, _)| *name);
                }
                Some(attributes)
            }
            Err(diagnostic) => {
                if !self.diagnostics.contains(&diagnostic) {
                    self.diagnostics.push(diagnostic);
                }
                None
            }
        }
    }

    fn plan_group(&mut self, site: &Site<'a>, group: &Group, address: Address) {
        let Some(attributes) = self.group_attributes(site, group) else { return };
        self.check_attributes(
            Checked {
                what: &address,
                system: site.name,
                group: true,
                span: group.span,
                schema: &site.schema.group,
                open: site.schema.group_open || site.from_record,
            },
            attributes.iter(),
        );
        let reasons = Box::from([self.reasons.at(Symbol::new(&address.to_string()), group.span)]);
        let Some(stand) = self.group_stand(site, group.name).cloned() else { return };
        if stand.place == Place::Expected {
            let after: Box<[(Symbol, Wanted)]> = attributes
                .into_iter()
                .map(|(name, value)| (name, self.wanted(address, name, value)))
                .filter(|(_, wanted)| !matches!(wanted, Wanted::Known(value) if value.is_empty()))
                .collect();
            let planned = after.clone();
            let stand = Stand { place: Place::New, standing: Standing::Managed, wanted: true, planned };
            self.world.systems.entry(site.name).or_default().groups.insert(group.name, stand);
            self.change(Phase::Group, address, Action::Create, Body { after, reasons, ..Body::default() });
            return;
        }
        let Place::Observed(number) = stand.place else { return };
        let object = site.group(number);
        match stand.standing {
            Standing::Held => {}
            Standing::Adopted => {
                let seen = managed(object, attributes.iter().map(|(name, _)| *name));
                self.fact(FactKind::Adopted, address, Some(seen), reasons);
            }
            Standing::Managed => self.update_group(site, address, object, attributes, reasons),
        }
    }

    fn update_group(
        &mut self,
        site: &Site<'a>,
        address: Address,
        object: &Object,
        attributes: Vec<(Symbol, WantedValue)>,
        reasons: Box<[state::ReasonId]>,
    ) {
        let after = self.differing(address, object, &attributes, &site.schema.group);
        let names = attributes.iter().map(|(name, _)| *name);
        let names = names.filter(|name| !after.iter().any(|(changed, _)| changed == name));
        self.note_drift(site, address, object, self.book.object(address), names, &site.schema.group);
        if after.is_empty() {
            return;
        }
        let key = site.capabilities.group_key.map(|key| key.attribute);
        let renames = after.iter().any(|(name, _)| Some(*name) == key);
        let before = managed(object, after.iter().map(|(name, _)| *name));
        let body = Body { before: Some(before), after: after.into(), reasons, ..Body::default() };
        self.change(Phase::Group, address, if renames { Action::Rename } else { Action::Update }, body);
    }

    /// A removed group is let go of once tenure holds nothing in it any more; the group itself stays: nothing is
    /// deleted.
    fn forget_removed_groups(&mut self, site: &Site<'a>) {
        let mut parents = None;
        for Entry { address, .. } in self.book.on(site.name).iter().copied() {
            let Address::Group { group, .. } = address else { continue };
            if !self.removed(address) {
                continue;
            }
            let observed = matches!(self.group_stand(site, group).map(|stand| stand.place), Some(Place::Observed(_)));
            if observed && !parents.get_or_insert_with(|| self.book.parents(site.name)).contains(&address) {
                self.fact(FactKind::Forgotten, address, None, Box::default());
            }
        }
    }

    pub(super) fn group_stand(&self, site: &Site<'a>, group: Symbol) -> Option<&Stand> {
        self.world.systems.get(&site.name)?.groups.get(&group)
    }

    fn stand_group(&mut self, site: &Site<'a>, group: Symbol, place: Place, standing: Standing) {
        let stand = Stand { place, standing, wanted: true, planned: Box::default() };
        self.world.systems.entry(site.name).or_default().groups.insert(group, stand);
    }
}

/// Observed groups by their key.
fn table_of(site: &Site<'_>) -> FxHashMap<String, Vec<u32>> {
    let mut table: FxHashMap<String, Vec<u32>> = FxHashMap::default();
    let Some(key) = site.capabilities.group_key else { return table };
    for (number, group) in (0u32..).zip(&site.observed.groups) {
        if let Some(name) = group.attributes.get(key.attribute).and_then(|value| value.as_text()) {
            let name = if key.case_exact { name.as_str().to_owned() } else { fold(name) };
            table.entry(name).or_default().push(number);
        }
    }
    table
}
