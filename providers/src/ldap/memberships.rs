//! Members of groups: single values, many of one group in one modify.

use std::collections::BTreeSet;

use state::{Action, Attributes, Object, Order, Outcome, Symbol, Target};

use super::dn;
use super::error::LdapError;
use super::fresh::Fresh;
use super::lookup::Looked;
use super::members::without_uid;
use super::outcome::{not_begun, refused, success};
use super::protocol::message::{Message, Request};
use super::protocol::{Answer, Code, Control, Filter, Modification, filter};
use super::server::{id_of, search_of};
use super::writer::LdapWriter;

/// A member to be added or taken.
struct Step {
    /// Place of the order.
    number: usize,
    gives: bool,
    /// What the group lists.
    value: String,
}

/// The groups that list an entry which is about to be renamed or deleted.
pub(super) struct References {
    /// Id and DN.
    groups: Vec<(Symbol, String)>,
    /// What it is listed as.
    old: Vec<String>,
}

impl LdapWriter {
    /// Carries out orders about memberships, by group.
    pub(super) async fn change_members(&self, group: Symbol, orders: &[(usize, &Order)]) -> Vec<(usize, Outcome)> {
        let all = |outcome: &Outcome| orders.iter().map(|(number, _)| (*number, outcome.clone())).collect::<Vec<_>>();
        let (looked, members) = match self.names(group, orders).await {
            Ok(found) => found,
            Err(error) => return all(&not_begun(&error)),
        };
        let Some(dn) = looked.entry(group).map(|entry| entry.dn.to_owned()) else {
            let why = looked.hidden.unwrap_or_else(|| "it is gone".to_owned());
            return all(&refused(format!("the group {group}: {why}; nothing was written")));
        };
        let mut outcomes = Vec::with_capacity(orders.len());
        let mut steps = Vec::new();
        for (number, order) in orders {
            match self.step(*number, order, &members) {
                Ok(step) => steps.push(step),
                Err(what) => outcomes.push((*number, refused(format!("{}: {what}", order.address)))),
            }
        }
        outcomes.extend(self.carry_out(group, &dn, &steps).await);
        outcomes
    }

    /// The entries of the group and of the members.
    async fn names(&self, group: Symbol, orders: &[(usize, &Order)]) -> Result<(Looked, Looked), LdapError> {
        let mut members: [BTreeSet<Symbol>; 2] = Default::default();
        for (_, order) in orders {
            if let Some(Target::Membership { member, nested, .. }) = order.target {
                members[usize::from(nested)].insert(member);
            }
        }
        let [accounts, groups] = members.map(|ids| ids.into_iter().collect::<Vec<_>>());
        let none = ["1.1".to_owned()];
        let (group_bases, account_bases) = (self.client.bases(false), self.client.bases(true));
        let login = ["uid".to_owned()];
        let own = [group];
        let looked = self.client.look(&group_bases, &own, &none);
        let accounts = self.client.look(&account_bases, &accounts, &login);
        let groups = self.client.look(&group_bases, &groups, &none);
        let (looked, mut found, nested) = futures_util::future::try_join3(looked, accounts, groups).await?;
        found.here.extend(nested.here);
        found.hidden = found.hidden.or(nested.hidden);
        Ok((looked, found))
    }

    fn step(&self, number: usize, order: &Order, members: &Looked) -> Result<Step, String> {
        let kind = self.client.server.group_kind;
        let Some(Target::Membership { member, nested, .. }) = order.target else {
            return Err("is no membership".to_owned());
        };
        let gives = match order.action {
            Action::Grant | Action::Create => true,
            Action::Revoke | Action::Delete => false,
            other => return Err(format!("LDAP has no {} of a membership", other.word())),
        };
        if nested && !kind.by_dn() {
            return Err(format!("a {} holds no groups", kind.class()));
        }
        let value = match members.entry(member) {
            Some(entry) if kind.by_dn() => entry.dn.to_owned(),
            Some(entry) => entry.text("uid").ok_or("the member has no uid")?.to_owned(),
            // A ghost is called by what the group lists; it can be taken, never given.
            None if !gives && self.client.server.dialect.id_value(member.as_str()).is_none() => {
                member.as_str().to_owned()
            }
            None => {
                let why = members.hidden.clone().unwrap_or_else(|| "is not there".to_owned());
                return Err(format!("the member {member} {why}; nothing was written"));
            }
        };
        Ok(Step { number, gives, value })
    }

    /// All in one modify; where that is refused, each by itself.
    async fn carry_out(&self, group: Symbol, dn: &str, steps: &[Step]) -> Vec<(usize, Outcome)> {
        let all = |outcome: &Outcome| steps.iter().map(|step| (step.number, outcome.clone())).collect::<Vec<_>>();
        if steps.is_empty() {
            return Vec::new();
        }
        let answer = match self.modify_members(group, dn, steps).await {
            Ok(answer) => answer,
            Err(outcome) => return all(&outcome),
        };
        if answer.code == Code::SUCCESS {
            return all(&done());
        }
        match steps {
            [step] => {
                let already = self.client.server.dialect.is_already(answer.code, step.gives);
                let outcome = match success(self.place(), &format!("members of {dn}"), Ok(answer)) {
                    _ if already => done(),
                    Ok(_) => done(),
                    Err(outcome) => outcome,
                };
                vec![(step.number, outcome)]
            }
            several => {
                let mut outcomes = Vec::with_capacity(several.len());
                for step in several {
                    outcomes.extend(Box::pin(self.carry_out(group, dn, std::slice::from_ref(step))).await);
                }
                outcomes
            }
        }
    }

    /// One modify; where a group must not be empty and would be, the placeholder takes the last one's place.
    async fn modify_members(&self, group: Symbol, dn: &str, steps: &[Step]) -> Result<Answer, Outcome> {
        let server = &self.client.server;
        let attribute = server.group_kind.member_attribute();
        let values = |gives: bool| {
            let own = steps.iter().filter(|step| step.gives == gives);
            own.map(|step| step.value.clone().into_bytes()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
        };
        let (given, taken) = (values(true), values(false));
        let mut changes = Vec::new();
        if !given.is_empty() {
            changes.push(Modification::add(attribute, given));
        }
        if !taken.is_empty() {
            changes.push(Modification::delete(attribute, taken));
        }
        // The DN must still be this group's.
        let controls: Vec<Control> = match server.dialect.id_value(group.as_str()) {
            Some(id) if server.asserts() => vec![Control::assertion(&filter::equal(server.dialect.id_attribute(), id))],
            _ => Vec::new(),
        };
        let lost = |answer| match answer {
            Ok(answer) => Ok(answer),
            failure => Err(success(self.place(), &format!("members of {dn}"), failure).err().unwrap_or_else(done)),
        };
        let answer = lost(self.send(&Request::modify(dn, &changes), &controls).await)?;
        if answer.code != Code::OBJECT_CLASS_VIOLATION || !server.needs_member() || steps.iter().all(|step| step.gives)
        {
            return Ok(answer);
        }
        changes.insert(0, Modification::add(attribute, vec![self.client.settings.placeholder.clone().into_bytes()]));
        lost(self.send(&Request::modify(dn, &changes), &controls).await)
    }

    /// Which groups list an entry that is about to be renamed or deleted.
    pub(super) async fn references(&self, account: bool, fresh: &Fresh) -> Result<References, LdapError> {
        let server = &self.client.server;
        let (kind, attribute) = (server.group_kind, server.group_kind.member_attribute());
        let old = match kind.by_dn() {
            true => vec![fresh.dn.clone()],
            false if account => fresh.logins.clone(),
            false => Vec::new(),
        };
        if server.dialect.members_follow() || old.is_empty() {
            return Ok(References { groups: Vec::new(), old });
        }
        let values = old.iter().map(|value| filter::equal(attribute, value)).collect();
        let filter = Filter::And(vec![server.group.filter.clone(), Filter::any(values)]);
        let base = server.group.base.to_string();
        let listing = self.client.find(&search_of(&base, filter, vec![server.dialect.id_attribute()])).await?;
        let groups = listing.entries.iter().filter_map(|frame| {
            let entry = Message::read(frame).ok()?.entry().ok()?;
            Some((id_of(server, &entry)?, entry.dn.to_owned()))
        });
        Ok(References { groups: groups.collect(), old })
    }

    /// Has groups list a renamed entry under its new name, where the server has not done so itself.
    ///
    /// # Errors
    /// Which groups do not, and why: to be read behind "done, but".
    pub(super) async fn follow(&self, fresh: &Fresh, new_dn: &str, references: References) -> Result<(), String> {
        let kind = self.client.server.group_kind;
        let attribute = kind.member_attribute();
        let new = match kind.by_dn() {
            true => new_dn.to_owned(),
            false => {
                let renamed = dn::Dn::parse(new_dn).ok().and_then(|dn| dn.rdn_value("uid").map(str::to_owned));
                match renamed.filter(|new| !fresh.logins.contains(new)) {
                    Some(new) => new,
                    // It is called otherwise in its DN, and as before in groups.
                    None => return Ok(()),
                }
            }
        };
        let mut left = Vec::new();
        for (_, group) in references.groups {
            for old in &references.old {
                let old = without_uid(kind, old);
                let changes = [
                    Modification::delete(attribute, vec![old.as_bytes().to_vec()]),
                    Modification::add(attribute, vec![new.clone().into_bytes()]),
                ];
                let why = match self.send(&Request::modify(&group, &changes), &[]).await {
                    // The server was faster.
                    Ok(answer) if is_over(answer.code) => continue,
                    Ok(answer) => answer.said(),
                    Err(failure) => failure.error().message,
                };
                left.push(format!("{group} may still list {old} for {new}: {why}"));
            }
        }
        if left.is_empty() { Ok(()) } else { Err(left.join("; ")) }
    }

    /// Takes a deleted entry out of the groups that list it, where the server has not done so itself.
    ///
    /// # Errors
    /// Which groups still list it, and why: to be read behind "done, but".
    pub(super) async fn take_out(&self, references: References) -> Result<(), String> {
        let mut left = Vec::new();
        for (id, group) in &references.groups {
            for old in &references.old {
                let step = Step { number: 0, gives: false, value: old.clone() };
                let why = match self.modify_members(*id, group, &[step]).await {
                    Ok(answer) if is_over(answer.code) => continue,
                    Ok(answer) => answer.said(),
                    Err(Outcome::Unknown(why) | Outcome::Refused { error: why, .. }) => why,
                    Err(_) => "it was changed meanwhile".to_owned(),
                };
                left.push(format!("{group} may still list {old}: {why}"));
            }
        }
        if left.is_empty() { Ok(()) } else { Err(left.join("; ")) }
    }
}

/// Whether a value is not there any more, whoever took it.
fn is_over(code: Code) -> bool {
    matches!(code, Code::SUCCESS | Code::NO_SUCH_ATTRIBUTE | Code::ATTRIBUTE_OR_VALUE_EXISTS | Code::NO_SUCH_OBJECT)
}

/// A membership has no attributes: that it is as wanted is all there is to say.
fn done() -> Outcome {
    Outcome::Done(Object::new("", Attributes::new()))
}
