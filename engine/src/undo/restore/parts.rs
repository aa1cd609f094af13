//! Memberships and grants.

use state::observed::{KEEP, PARTIAL, PARTS};
use state::{Action, Address, Attributes, LeftKind, Object, Symbol, Target, Value, Wanted};

use super::super::done::Deed;
use super::attributes::{alike, known, set_back};
use super::{Restoration, Restoring, Subject};
use crate::plan::planner::{Body, Phase};
use crate::seen::seen;

impl Restoring<'_, '_> {
    /// A place in a group, or a grant.
    pub(super) fn part(&mut self, subject: &Subject<'_>) {
        let Subject { address, deeds, target: Some(target), now } = subject else { return };
        let (Some(first), Some(last)) = (deeds.first(), deeds.last()) else { return };
        let image = first.change.before.as_deref().map(|before| &before.attributes);
        if image.is_some_and(|image| image.get(Symbol::new(PARTIAL)).is_some()) {
            return self.in_part(subject, *target, (first, last));
        }
        let before = match first.change.action {
            Action::Grant => None,
            _ => image,
        };
        let after = match last.change.action {
            Action::Revoke => None,
            _ => Some(last.object.attributes.overlaid(&known(&last.change.after))),
        };
        let later = self.done.changed_by(*address, |_| true);
        let is = now.as_ref().map(|now| &now.attributes);
        match (before, after, is) {
            (None, None, _) => {}
            (Some(before), _, Some(is)) if alike(before, is) && alike(is, before) => {
                self.leave(LeftKind::AsBefore, *address, "is as it was before");
            }
            (None, _, None) => self.leave(LeftKind::AsBefore, *address, "is as it was before"),
            _ if later.is_some() => self.changed(*address, later, ""),
            (Some(before), None, None) => self.give_back(subject, *target, first, before),
            (None, Some(after), Some(is)) if alike(&after, is) => {
                let object = Some(Object::new("", is.clone()));
                self.add(subject, Phase::Take, Action::Revoke, Body { before: object, ..Body::default() });
            }
            (Some(before), Some(after), Some(is)) if alike(&after, is) => {
                let after = set_back(before, is, deeds, &[]);
                let object = Some(Object::new("", is.clone()));
                self.add(subject, Phase::Give, Action::Update, Body { before: object, after, ..Body::default() });
            }
            (_, None, Some(_)) => self.changed(*address, None, "it is there again"),
            (_, Some(_), None) => self.changed(*address, None, "it is gone"),
            (_, Some(_), Some(_)) => self.changed(*address, None, "its qualifiers are others"),
        }
    }

    /// A grant that was held in part before: its parts come back, or stay, and nothing else.
    fn in_part(&mut self, subject: &Subject<'_>, target: Target, (first, last): (&Deed, &Deed)) {
        let address = subject.address;
        let Address::Grant { system, group, .. } = address else { return };
        let Some((observed, schema, _)) = self.system(address) else { return };
        let image = first.change.before.as_deref().and_then(|before| before.attributes.get(Symbol::new(PARTS)));
        let parts: Vec<Attributes> = image
            .and_then(Value::as_list)
            .unwrap_or_default()
            .iter()
            .filter_map(|part| Some(part.as_map()?.iter().cloned().collect()))
            .collect();
        let later = self.done.changed_by(address, |_| true);
        let partly = subject.now.as_ref().map(|now| now.attributes.get(Symbol::new(PARTIAL)).is_some());
        match (last.change.action, partly) {
            _ if later.is_some() => self.changed(address, later, ""),
            _ if parts.is_empty() => {
                let why = "was held in part before, and the record does not say which part: it stays as it is";
                self.leave(LeftKind::Lost, address, why);
            }
            (Action::Revoke, None) => {
                for part in parts {
                    let grant = schema.grant_text(&part);
                    let place = Target::Grant { group: target.remote(), grant };
                    if seen(observed, schema, place).is_some() {
                        continue;
                    }
                    let address = Address::Grant { system, group, grant };
                    if let Some(why) = self.elsewhere(address, place) {
                        self.leave(LeftKind::Changed, address, why);
                        continue;
                    }
                    let after = part.iter().map(|(name, value)| (*name, Wanted::Known(value.clone()))).collect();
                    let (phase, action, body) = (Phase::Give, Action::Grant, Body { after, ..Body::default() });
                    self.restored.all.push(Restoration { address, phase, action, body, target: Some(place) });
                }
            }
            (Action::Revoke, Some(_)) => self.changed(address, None, "it is there again"),
            (_, Some(false)) => {
                let keep = Value::list(parts.iter().map(|part| Value::map(part.iter().cloned())));
                let after = Box::from([(Symbol::new(KEEP), Wanted::Known(keep))]);
                let body = Body { before: subject.now.clone(), after, ..Body::default() };
                self.add(subject, Phase::Take, Action::Revoke, body);
            }
            (_, Some(true)) => self.changed(address, None, "it is held in part again"),
            (_, None) => self.changed(address, None, "it is gone"),
        }
    }

    fn give_back(&mut self, subject: &Subject<'_>, target: Target, deed: &Deed, before: &Attributes) {
        let until = deed.change.until;
        if let Some(over) = until.filter(|until| *until <= self.planner.inputs.now) {
            return self.leave(LeftKind::Barred, subject.address, format!("its time was over {over}"));
        }
        if let Some(why) = self.elsewhere(subject.address, target) {
            return self.leave(LeftKind::Changed, subject.address, why);
        }
        // A right over others that was not there needs no word: nobody is given it unasked.
        let system = subject.address.system();
        let reading = system.and_then(|system| self.planner.inputs.readings.get(&system));
        let privileged = reading.map_or(&[][..], |reading| &reading.schema.privileged);
        let says = |(name, value): &&(Symbol, Value)| *value != Value::Bool(false) || !privileged.contains(name);
        let after = before.iter().filter(says).map(|(name, value)| (*name, Wanted::Known(value.clone()))).collect();
        self.add(subject, Phase::Give, Action::Grant, Body { after, until, ..Body::default() });
    }

    /// Why a membership or grant cannot be given again where it was: one of its ends is another by now.
    fn elsewhere(&self, address: Address, target: Target) -> Option<String> {
        let ends = match target {
            Target::Membership { group, member, .. } => [Some(group), Some(member)],
            Target::Grant { group, .. } => [Some(group), None],
            _ => [None, None],
        };
        let addresses = [address.parent_group(), address.member()];
        addresses.into_iter().zip(ends).find_map(|(end, id)| {
            let (end, id) = (end?, id?);
            if self.made.contains(&end) || end.holder().or(end.group())?.as_str() == format!("id:{id}") {
                return None;
            }
            match self.planner.book.object(end) {
                Some(object) if object.id == id => None,
                Some(_) => Some(format!("{end} is another by now")),
                None => Some(format!("{end} is not managed any more")),
            }
        })
    }
}
