//! Resources made, changed and taken away: what is decided about a request while nobody else changes anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use state::Timestamp;

use super::contents::{Change, Contents, Resource};
use super::incoming::{self, Id, Members, Wanted};
use super::outgoing::View;
use super::refusal::{Refusal, quoted};
use super::schema::Kind;
use crate::scim::json::Json;

/// The changes that make a new resource.
///
/// # Errors
/// 400 `invalidValue`, 409 `uniqueness`.
pub fn create(
    contents: &Contents,
    kind: Kind,
    mut wanted: Wanted,
    id: Id,
    now: Timestamp,
) -> Result<Vec<Change>, Refusal> {
    if kind == Kind::User {
        wanted.body.entry("active").or_insert(Value::Bool(true));
    }
    incoming::is_whole(kind, &wanted.body)?;
    is_unique(contents, kind, &wanted.body, None)?;
    no_cycle(contents, &id, wanted.members.keys())?;
    let resource = Resource { id: id.clone(), kind, created: now, modified: now, version: 1, body: wanted.body };
    let mut changes = vec![Change::Put(Box::new(resource))];
    if !wanted.members.is_empty() {
        let add = wanted.members.into_iter().collect();
        changes.push(Change::Members { group: id, add, remove: Vec::new() });
    }
    Ok(changes)
}

/// The resource that a request is about.
///
/// # Errors
/// 404.
pub fn there<'a>(contents: &'a Contents, kind: Kind, id: &str) -> Result<&'a Arc<Resource>, Refusal> {
    contents.of_kind(kind, id).ok_or_else(|| Refusal::not_found(format_args!("{} {}", kind.name(), quoted(id))))
}

/// The changes that make a resource what `edit` makes of it; none where that is what it is.
///
/// # Errors
/// What `edit` says; 400 `invalidValue`, 404, 409 `uniqueness`.
pub fn update(
    contents: &Contents,
    kind: Kind,
    id: &str,
    now: Timestamp,
    edit: impl FnOnce(&Resource, &mut Wanted) -> Result<(), Refusal>,
) -> Result<Vec<Change>, Refusal> {
    let own = there(contents, kind, id)?;
    let none = Members::new();
    let members = contents.members(id).unwrap_or(&none);
    let mut wanted = Wanted { body: own.body.clone(), members: members.clone() };
    edit(own, &mut wanted)?;
    incoming::is_whole(kind, &wanted.body)?;
    is_unique(contents, kind, &wanted.body, Some(&own.id))?;
    let new = wanted.members.iter().filter(|(member, _)| !members.contains_key(*member));
    let add: Vec<(Id, Option<Kind>)> = new.map(|(member, kind)| (member.clone(), *kind)).collect();
    let remove: Vec<Id> = members.keys().filter(|member| !wanted.members.contains_key(*member)).cloned().collect();
    no_cycle(contents, &own.id, add.iter().map(|(member, _)| member))?;
    if wanted.body == own.body && add.is_empty() && remove.is_empty() {
        return Ok(Vec::new());
    }
    let mut changes = vec![Change::Put(Box::new(Resource { body: wanted.body, ..touched(own, now) }))];
    if !add.is_empty() || !remove.is_empty() {
        changes.push(Change::Members { group: own.id.clone(), add, remove });
    }
    Ok(changes)
}

/// The changes that take a resource away, also out of the groups that it is in.
///
/// # Errors
/// 404.
pub fn delete(contents: &Contents, kind: Kind, id: &str, now: Timestamp) -> Result<Vec<Change>, Refusal> {
    let own = there(contents, kind, id)?;
    let groups = contents.places(id).into_iter().flatten().filter_map(|group| contents.get(group));
    let groups = groups.map(|group| Change::Put(Box::new(touched(group, now))));
    Ok(std::iter::once(Change::Delete(own.id.clone())).chain(groups).collect())
}

fn touched(own: &Resource, now: Timestamp) -> Resource {
    Resource { modified: now.max(own.modified), version: own.version + 1, ..own.clone() }
}

fn is_unique(contents: &Contents, kind: Kind, body: &Json, own: Option<&Id>) -> Result<(), Refusal> {
    let key = kind.key();
    let Some(value) = body.get(key).and_then(Value::as_str) else { return Ok(()) };
    let taken = contents.with(kind, key, value).is_some_and(|ids| ids.iter().any(|id| Some(id) != own));
    match taken {
        true => Err(Refusal {
            status: 409,
            kind: Some("uniqueness"),
            detail: format!("another {} has the {key} {}", kind.name(), quoted(value)),
        }),
        false => Ok(()),
    }
}

/// No group may be in itself, however far down. A member that is not there is kept; it is nobody until it comes.
fn no_cycle<'a>(contents: &Contents, group: &Id, members: impl Iterator<Item = &'a Id>) -> Result<(), Refusal> {
    let mut around = None;
    for member in members {
        let is_around = |groups: &BTreeMap<Id, bool>| groups.contains_key(member);
        let in_itself = member == group
            || contents.of_kind(Kind::Group, member).is_some()
                && is_around(around.get_or_insert_with(|| contents.groups_of(group)));
        if in_itself {
            let what = format!("the group would be a member of itself, by way of {}", quoted(member));
            return Err(Refusal::value(what));
        }
    }
    Ok(())
}

/// New members that are nobody (yet), for the log. They are no error: a member's id must be one of a resource (RFC 7643
/// section 4.2), but no operation is said to fail where it is not, and a client that is refused loses all of its
/// request, also who leaves the group.
pub fn absent(contents: &Contents, changes: &[Change]) -> Vec<String> {
    let told = |change: &Change| {
        let Change::Members { group, add, .. } = change else { return None };
        let mut absent = add.iter().map(|(id, _)| id).filter(|id| contents.get(id).is_none());
        let (first, others) = (absent.next()?, absent.count());
        let name = contents.get(group).and_then(|group| group.text("displayName")).unwrap_or(group);
        let more = if others == 0 { String::new() } else { format!(" and {others} more") };
        Some(format!("the group {} has members who are not here: {}{more}", quoted(name), quoted(first)))
    };
    changes.iter().filter_map(told).collect()
}

/// What `If-Match` and `If-None-Match` say to this version: whether a change may go on.
///
/// # Errors
/// 412.
pub fn precondition(view: &View<'_>, if_match: Option<&str>, if_none_match: Option<&str>) -> Result<(), Refusal> {
    let version = view.version();
    let changed = if_match.is_some_and(|tags| !is_among(tags, &version));
    if changed || if_none_match.is_some_and(|tags| is_among(tags, &version)) {
        return Err(Refusal::new(412, format!("the resource is at the version {version}")));
    }
    Ok(())
}

/// Whether a tag is in a list of them; weak tags are compared weakly (RFC 9110 section 8.8.3.2; RFC 7644 section 3.14
/// has them in If-Match, too).
pub fn is_among(tags: &str, version: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    tags.trim() == "*" || tags.split(',').any(|tag| opaque(tag) == opaque(version))
}
