//! Resources as clients see them: with what the server adds (id, meta, groups, references), and of that what was asked for
//! (RFC 7644 section 3.9).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Value, json};
use state::Digest;

use super::contents::{Contents, Resource};
use super::incoming::Id;
use super::matching::Look;
use super::path::Name;
use super::schema::Kind;
use crate::scim::json::Json;
use crate::scim::rfc::ENTERPRISE;

/// A resource and what stands around it.
pub struct View<'a> {
    pub resource: &'a Resource,
    pub contents: &'a Contents,
    /// The URL that the endpoint is reached at, without a slash at its end.
    pub base: &'a str,
}

impl View<'_> {
    /// Where it is.
    pub fn location(&self) -> String {
        format!("{}/{}/{}", self.base, self.resource.kind.segment(), self.resource.id)
    }

    /// Its version, which is its entity tag: another one whenever something that it shows is another.
    pub fn version(&self) -> String {
        self.version_with(&self.groups())
    }

    fn version_with(&self, groups: &[Value]) -> String {
        let own = self.resource.version;
        if groups.is_empty() {
            return format!("W/\"{own}\"");
        }
        // Groups come and go, and are renamed, without the user being changed.
        let around: Vec<(&Value, &Value)> =
            groups.iter().filter_map(|group| Some((group.get("value")?, group.get("display")?))).collect();
        let digest = Digest::of_json(&around).to_string();
        format!("W/\"{own}-{}\"", digest.get(..12).unwrap_or_default())
    }

    fn groups(&self) -> Vec<Value> {
        if self.resource.kind != Kind::User {
            return Vec::new();
        }
        let groups = self.contents.groups_of(&self.resource.id);
        let group = |(id, direct): (Id, bool)| {
            let group = self.contents.get(&id)?;
            Some(json!({
                "value": &*group.id,
                "$ref": format!("{}/Groups/{id}", self.base),
                "display": group.text("displayName"),
                "type": if direct { "direct" } else { "indirect" },
            }))
        };
        groups.into_iter().filter_map(group).collect()
    }

    fn members(&self) -> Vec<Value> {
        let members = self.contents.members(&self.resource.id).into_iter().flatten();
        let member = |(id, kind): (&Id, &Option<Kind>)| match self.contents.get(id) {
            Some(member) => json!({
                "value": &**id,
                "$ref": format!("{}/{}/{id}", self.base, member.kind.segment()),
                "type": member.kind.name(),
                "display": member.text("displayName").or_else(|| member.text("userName")),
            }),
            None => match kind {
                Some(kind) => json!({"value": &**id, "type": kind.name()}),
                None => json!({"value": &**id}),
            },
        };
        members.map(member).collect()
    }

    fn meta(&self, groups: &[Value]) -> Value {
        json!({
            "resourceType": self.resource.kind.name(),
            "created": self.resource.created.to_string(),
            "lastModified": self.resource.modified.to_string(),
            "location": self.location(),
            "version": self.version_with(groups),
        })
    }

    fn schemas(&self) -> Value {
        let extensions = self.resource.body.keys().filter(|key| is_urn(key)).map(String::as_str);
        std::iter::once(self.resource.kind.schema().core.as_str()).chain(extensions).collect()
    }

    /// The whole of it, or what was asked for.
    pub fn show(&self, wanted: &Projection) -> Json {
        let mut shown = self.resource.body.clone();
        if let Some(Value::Object(manager)) = shown.get_mut(ENTERPRISE).and_then(|work| work.get_mut("manager"))
            && let Some(chief) = manager.get("value").and_then(Value::as_str)
            && let Some(chief) = self.contents.of_kind(Kind::User, chief)
        {
            manager.insert("$ref".into(), format!("{}/Users/{}", self.base, chief.id).into());
            manager.extend(chief.text("displayName").map(|name| ("displayName".into(), name.into())));
        }
        let groups = self.groups();
        shown.insert("meta".into(), self.meta(&groups));
        if !groups.is_empty() {
            shown.insert("groups".into(), groups.into());
        }
        if self.resource.kind == Kind::Group && wanted.includes("members") {
            let members = self.members();
            if !members.is_empty() {
                shown.insert("members".into(), members.into());
            }
        }
        wanted.narrow(&mut shown);
        shown.insert("id".into(), (*self.resource.id).into());
        shown.insert("schemas".into(), self.schemas());
        shown
    }
}

fn is_urn(name: &str) -> bool {
    name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
}

impl Look for View<'_> {
    fn attribute(&self, name: &str) -> Option<Cow<'_, Value>> {
        match name {
            "id" => Some(Cow::Owned((*self.resource.id).into())),
            "meta" => Some(Cow::Owned(self.meta(&self.groups()))),
            "schemas" => Some(Cow::Owned(self.schemas())),
            "groups" if self.resource.kind == Kind::User => Some(Cow::Owned(self.groups().into())),
            "members" if self.resource.kind == Kind::Group => Some(Cow::Owned(self.members().into())),
            name => match self.resource.body.get(name) {
                Some(value) => Some(Cow::Borrowed(value)),
                // Extensions of clients stand in their spelling.
                None if is_urn(name) => crate::scim::json::member(&self.resource.body, name).map(Cow::Borrowed),
                None => None,
            },
        }
    }
}

/// Names below names; one with nothing below it means all that is there. In lower case.
#[derive(Clone, Debug, Default, PartialEq)]
struct Names(BTreeMap<String, Names>);

impl Names {
    fn read<'a>(texts: impl IntoIterator<Item = &'a str>) -> Names {
        let mut names = Names::default();
        for text in texts {
            let Some(Name { urn, attribute, part }) = Name::read(text.trim()) else { continue };
            let urn = urn.filter(|urn| !Kind::ALL.iter().any(|kind| kind.schema().core.eq_ignore_ascii_case(urn)));
            names.insert(&[urn, attribute, part].into_iter().flatten().collect::<Vec<_>>());
        }
        names
    }

    /// All of something goes before a part of it.
    fn insert(&mut self, path: &[String]) {
        let Some((first, rest)) = path.split_first() else { return self.0.clear() };
        let first = first.to_ascii_lowercase();
        match self.0.get_mut(&first) {
            Some(below) if below.0.is_empty() => {}
            Some(below) => below.insert(rest),
            None => {
                let mut below = Names::default();
                below.insert(rest);
                self.0.insert(first, below);
            }
        }
    }

    fn get(&self, name: &str) -> Option<&Names> {
        self.0.get(&name.to_ascii_lowercase())
    }

    fn keep(&self, value: &mut Value) {
        match value {
            _ if self.0.is_empty() => {}
            Value::Array(items) => items.iter_mut().for_each(|item| self.keep(item)),
            Value::Object(members) => self.keep_in(members),
            _ => {}
        }
    }

    fn keep_in(&self, members: &mut Json) {
        members.retain(|name, value| match self.get(name) {
            Some(below) => {
                below.keep(value);
                true
            }
            None => false,
        });
    }

    fn take(&self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.take(item)),
            Value::Object(members) => self.take_from(members),
            _ => {}
        }
    }

    fn take_from(&self, members: &mut Json) {
        members.retain(|name, value| match self.get(name) {
            Some(below) if below.0.is_empty() => false,
            Some(below) => {
                below.take(value);
                true
            }
            None => true,
        });
    }
}

/// What of a resource is asked for: `attributes` and `excludedAttributes`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Projection {
    only: Option<Names>,
    without: Names,
}

impl Projection {
    /// Out of the two lists, as far as they were sent.
    pub fn new(only: Option<&[String]>, without: Option<&[String]>) -> Projection {
        Projection {
            only: only.map(|only| Names::read(only.iter().map(String::as_str))),
            without: Names::read(without.into_iter().flatten().map(String::as_str)),
        }
    }

    /// Whether it asks for anything in particular.
    pub fn is_particular(&self) -> bool {
        *self != Projection::default()
    }

    fn includes(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.get(name).is_some())
            && self.without.get(name).is_none_or(|below| !below.0.is_empty())
    }

    fn narrow(&self, shown: &mut Json) {
        if let Some(only) = &self.only {
            only.keep_in(shown);
        }
        self.without.take_from(shown);
    }
}
