//! Writing members: single values only, never a whole list that somebody else may have changed meanwhile; but for
//! servers that take nothing else.

use reqwest::Method;
use serde_json::{Map, Value as Json, json};
use state::{Action, Attributes, Object, Order, Outcome, Symbol, Target};

use crate::http::HttpError;

use super::answered::{not_begun, refused, success};
use super::client::{Found, Resource};
use super::members::Spelling;
use super::schema::{Attribute, find};
use super::writer::ScimWriter;
use super::{json as scim_json, patch, replace};

/// A change of one member, with what the server calls the member.
struct Step {
    member: Symbol,
    nested: bool,
    gives: bool,
    /// For a removal: the `value` in the group's list; none where the member is not in it any more.
    listed: Option<Symbol>,
}

impl ScimWriter {
    /// Adds and removes members of one group in one call.
    pub(super) async fn change_members(&self, group: Symbol, orders: &[&Order]) -> Vec<Outcome> {
        let mut steps = Vec::with_capacity(orders.len());
        for &order in orders {
            match (order.target, order.action) {
                (Some(Target::Membership { member, nested, .. }), Action::Grant | Action::Revoke) => {
                    steps.push(Step { member, nested, gives: order.action == Action::Grant, listed: Some(member) })
                }
                // One order that makes no sense says that the batch was put together wrongly.
                _ => {
                    let error = format!("{}: SCIM has no {} of a membership", order.address, order.action.word());
                    return orders.iter().map(|_| refused(error.clone())).collect();
                }
            }
        }
        let path = match self.client.path(false, group) {
            Ok(path) => path,
            Err(error) => return orders.iter().map(|_| not_begun(error.clone())).collect(),
        };
        match self.prepare(group, &mut steps).await {
            Ok(true) if self.patches() => self.patch_members(group, &path, &steps).await,
            Ok(_) => self.replace_members(group, &path, &steps).await,
            Err(outcome) => orders.iter().map(|_| outcome.clone()).collect(),
        }
    }

    /// Finds out what the server calls those who are to leave, where that is not known to be their id. Whether single
    /// values can be written: a list that the schema requires cannot be emptied that way.
    async fn prepare(&self, group: Symbol, steps: &mut [Step]) -> Result<bool, Outcome> {
        let required = self.members_schema().is_some_and(|members| members.required);
        if steps.iter().all(|step| step.gives) || (self.client.spelling() == Spelling::Ids && !required) {
            return Ok(true);
        }
        let fresh = self.group(group).await?;
        let members = fresh.members.unwrap_or_default();
        for step in steps.iter_mut().filter(|step| !step.gives) {
            let found = self.client.find_member(&members, step.member, step.nested).await.map_err(not_begun)?;
            step.listed = found.map(|raw| raw.value);
        }
        let leaving = steps.iter().filter(|step| !step.gives && step.listed.is_some()).count();
        let empties = leaving == members.len() && steps.iter().all(|step| !step.gives);
        Ok(!(required && empties))
    }

    async fn patch_members(&self, group: Symbol, path: &str, steps: &[Step]) -> Vec<Outcome> {
        let operations = self.operations(steps);
        if operations.is_empty() {
            return steps.iter().map(|_| done()).collect();
        }
        // Without If-Match: a single value is right whatever else changed in the group meanwhile.
        let answer = self.send(Method::PATCH, path, &patch::body(operations), None).await;
        if self.lacks_patch(&answer) {
            return self.replace_members(group, path, steps).await;
        }
        let refusal = answer.as_ref().ok().filter(|answer| answer.status == 400).map(|answer| {
            let body: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
            body.as_object().and_then(|body| scim_json::text(body, "scimType")).unwrap_or("").to_ascii_lowercase()
        });
        // The server knows no filters in paths. `remove members` with a value is what some know instead, but with
        // others that empties the group: so the list is read and written.
        if steps.iter().any(|step| !step.gives) && matches!(refusal.as_deref(), Some("invalidpath" | "invalidfilter")) {
            return self.replace_members(group, path, steps).await;
        }
        match success(&self.client, answer).await {
            Ok(_) => steps.iter().map(|_| done()).collect(),
            // It was refused as a whole; which of them is to blame shows when each goes by itself.
            Err(Outcome::Refused { retry_after: None, .. }) if refusal.is_some() && steps.len() > 1 => {
                self.one_by_one(group, path, steps).await
            }
            Err(outcome) => steps.iter().map(|_| outcome.clone()).collect(),
        }
    }

    fn operations(&self, steps: &[Step]) -> Vec<Json> {
        let added: Vec<Json> = steps.iter().filter(|step| step.gives).map(|step| self.entry(step)).collect();
        let mut operations = Vec::new();
        if !added.is_empty() {
            operations.push(json!({ "op": "add", "path": "members", "value": added }));
        }
        let removed = steps.iter().filter(|step| !step.gives).filter_map(|step| step.listed);
        operations.extend(removed.map(
            |value| json!({ "op": "remove", "path": format!("members[value eq {}]", patch::quoted(value.as_str())) }),
        ));
        operations
    }

    /// A member as it is written: its id, and what the schema requires besides.
    fn entry(&self, step: &Step) -> Json {
        let schema = self.members_schema();
        let part = |name: &str| schema.and_then(|members| members.part(name));
        let mut entry = Map::new();
        entry.insert("value".to_owned(), Json::from(step.member.as_str()));
        if part("type").is_some_and(|part| part.required || step.nested) {
            entry.insert("type".to_owned(), Json::from(if step.nested { "Group" } else { "User" }));
        }
        if part("$ref").is_some_and(|part| part.required)
            && let Ok(path) = self.client.path(!step.nested, step.member)
            && let Ok(url) = self.client.connection.url(&path)
        {
            entry.insert("$ref".to_owned(), Json::from(url.as_str()));
        }
        Json::Object(entry)
    }

    fn members_schema(&self) -> Option<&Attribute> {
        find(&self.client.service.group.attributes, "members")
    }

    /// Each by itself, after a look at what a server without transactions may have done of the refused call.
    async fn one_by_one(&self, group: Symbol, path: &str, steps: &[Step]) -> Vec<Outcome> {
        let members = match self.group(group).await {
            Ok(fresh) => fresh.members.unwrap_or_default(),
            Err(outcome) => return steps.iter().map(|_| outcome.clone()).collect(),
        };
        let mut outcomes = Vec::with_capacity(steps.len());
        for step in steps {
            outcomes.push(match self.client.find_member(&members, step.member, step.nested).await {
                Ok(found) if found.is_some() == step.gives => done(),
                Ok(_) => {
                    let body = patch::body(self.operations(std::slice::from_ref(step)));
                    match success(&self.client, self.send(Method::PATCH, path, &body, None).await).await {
                        Ok(_) => done(),
                        Err(outcome) => outcome,
                    }
                }
                Err(error) => not_begun(error),
            });
        }
        outcomes
    }

    /// The list read, changed and written whole, under `If-Match` where the server has ETags.
    async fn replace_members(&self, group: Symbol, path: &str, steps: &[Step]) -> Vec<Outcome> {
        let all = |outcome: Outcome| steps.iter().map(|_| outcome.clone()).collect::<Vec<_>>();
        let fresh = match self.group(group).await {
            Ok(fresh) => fresh,
            Err(outcome) => return all(outcome),
        };
        let list = match self.changed(&fresh, steps).await {
            Ok(Some(list)) => list,
            Ok(None) => return all(done()),
            Err(error) => return all(not_begun(error)),
        };
        let mut written = replace::writable(&fresh.json);
        replace::set(&mut written, "members", Json::Array(list));
        let answer = self.send(Method::PUT, path, &Json::Object(written), fresh.object.version).await;
        match success(&self.client, answer).await {
            Ok(_) => all(done()),
            Err(outcome) => all(outcome),
        }
    }

    /// The group's members as they came, with the changes; none where nothing is to change.
    async fn changed(&self, fresh: &Resource, steps: &[Step]) -> Result<Option<Vec<Json>>, HttpError> {
        let mut list = match scim_json::member(&fresh.json, "members") {
            Some(Json::Array(list)) => list.clone(),
            _ => Vec::new(),
        };
        let members = fresh.members.clone().unwrap_or_default();
        let mut changes = false;
        for step in steps {
            match (self.client.find_member(&members, step.member, step.nested).await?, step.gives) {
                (None, true) => {
                    list.push(self.entry(step));
                    changes = true;
                }
                (Some(raw), false) => {
                    let means = |entry: &Json| {
                        let value = entry.as_object().and_then(|entry| scim_json::identifier(entry, "value"));
                        value.is_some_and(|value| raw.value == value.as_str())
                    };
                    list.retain(|entry| !means(entry));
                    changes = true;
                }
                (Some(_), true) | (None, false) => {}
            }
        }
        Ok(changes.then_some(list))
    }

    async fn group(&self, group: Symbol) -> Result<Resource, Outcome> {
        match self.client.fetch(false, group).await {
            Ok(Found::Here(fresh)) => Ok(*fresh),
            Ok(Found::Gone) => Err(refused(format!("the group {group} is gone; nothing was written"))),
            Ok(Found::Hidden(why)) => Err(refused(format!("the group cannot be read; nothing was written: {why}"))),
            Err(error) => Err(not_begun(error)),
        }
    }
}

/// A membership has no attributes: that it is as wanted is all there is to say.
fn done() -> Outcome {
    Outcome::Done(Object::new("", Attributes::new()))
}
