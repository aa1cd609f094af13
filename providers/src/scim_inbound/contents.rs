//! What was pushed, in memory: resources, who is in which group, and what is looked up often.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use state::Timestamp;

use super::events::heard::{Heard, Mark};
use super::incoming::{Id, Members};
use super::schema::Kind;
use crate::scim::json::Json;

type Map<K, V> = HashMap<K, V, FxBuildHasher>;

/// A user or a group, without its members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    pub id: Id,
    pub kind: Kind,
    pub created: Timestamp,
    pub modified: Timestamp,
    /// From 1, one more with each change.
    pub version: u64,
    /// Its attributes in the schema's spelling; extensions below their URNs.
    pub body: Json,
}

impl Resource {
    /// The text of an attribute of the core schema.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }
}

/// One change. Playing a sequence of them again gives the same contents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// A resource is, from now on, this.
    Put(Box<Resource>),
    /// Members come and go.
    Members {
        group: Id,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        add: Vec<(Id, Option<Kind>)>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        remove: Vec<Id>,
    },
    /// A resource is gone, and its memberships with it.
    Delete(Id),
    /// A token was taken.
    Heard(Mark),
    /// Tokens of what happened before this second since 1970 are forgotten.
    Forget { before: i64 },
}

/// Everything that was pushed and is still there.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// In the order of their ids, which is that of their creation.
    resources: BTreeMap<Id, Arc<Resource>>,
    members: Map<Id, Members>,
    /// The groups that something is directly in.
    places: Map<Id, BTreeSet<Id>>,
    /// By kind, attribute and folded value.
    index: Map<(Kind, &'static str, String), BTreeSet<Id>>,
    heard: Heard,
}

/// Attributes by which clients look for a resource before they create it.
pub const INDEXED: [&str; 3] = ["userName", "displayName", "externalId"];

/// A value as it is compared where case does not matter.
pub fn folded(text: &str) -> String {
    text.to_lowercase()
}

impl Contents {
    pub fn get(&self, id: &str) -> Option<&Arc<Resource>> {
        self.resources.get(id)
    }

    /// A resource of this kind.
    pub fn of_kind(&self, kind: Kind, id: &str) -> Option<&Arc<Resource>> {
        self.get(id).filter(|resource| resource.kind == kind)
    }

    /// All, in the order of their creation.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.resources.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.resources.len()
    }

    /// What is remembered of security event tokens.
    pub fn heard(&self) -> &Heard {
        &self.heard
    }

    pub fn members(&self, group: &str) -> Option<&Members> {
        self.members.get(group)
    }

    /// The groups that `id` is in; whether it is so directly (RFC 7643 section 4.1.2, `groups`).
    pub fn groups_of(&self, id: &str) -> BTreeMap<Id, bool> {
        let mut groups: BTreeMap<Id, bool> = BTreeMap::new();
        let mut open: Vec<Id> = Vec::new();
        for group in self.places.get(id).into_iter().flatten() {
            groups.insert(group.clone(), true);
            open.push(group.clone());
        }
        while let Some(group) = open.pop() {
            for outer in self.places.get(&group).into_iter().flatten() {
                if !groups.contains_key(outer) {
                    groups.insert(outer.clone(), false);
                    open.push(outer.clone());
                }
            }
        }
        groups
    }

    /// The groups that `id` is a member of.
    pub fn places(&self, id: &str) -> Option<&BTreeSet<Id>> {
        self.places.get(id)
    }

    /// Those with this value of one of the [`INDEXED`] attributes, without regard to case.
    pub fn with(&self, kind: Kind, attribute: &'static str, value: &str) -> Option<&BTreeSet<Id>> {
        self.index.get(&(kind, attribute, folded(value)))
    }

    /// Takes a change up.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Put(resource) => {
                let was = self.resources.insert(resource.id.clone(), Arc::new((**resource).clone()));
                if let Some(was) = was {
                    self.unlist(&was);
                }
                for attribute in INDEXED {
                    if let Some(value) = resource.text(attribute) {
                        let key = (resource.kind, attribute, folded(value));
                        self.index.entry(key).or_default().insert(resource.id.clone());
                    }
                }
            }
            Change::Members { group, add, remove } => {
                let members = self.members.entry(group.clone()).or_default();
                for member in remove {
                    members.remove(member);
                    if let Some(places) = self.places.get_mut(member) {
                        places.remove(group);
                    }
                }
                for (member, kind) in add {
                    members.insert(member.clone(), *kind);
                    self.places.entry(member.clone()).or_default().insert(group.clone());
                }
            }
            Change::Heard(mark) => self.heard.add(mark),
            Change::Forget { before } => self.heard.forget(*before),
            Change::Delete(id) => {
                if let Some(was) = self.resources.remove(id) {
                    self.unlist(&was);
                }
                for member in self.members.remove(id).into_iter().flatten().map(|(member, _)| member) {
                    if let Some(places) = self.places.get_mut(&member) {
                        places.remove(id);
                    }
                }
                for group in self.places.remove(id).into_iter().flatten() {
                    if let Some(members) = self.members.get_mut(&group) {
                        members.remove(id);
                    }
                }
            }
        }
    }

    fn unlist(&mut self, was: &Resource) {
        for attribute in INDEXED {
            let Some(value) = was.text(attribute) else { continue };
            let key = (was.kind, attribute, folded(value));
            if let Some(ids) = self.index.get_mut(&key) {
                ids.remove(&was.id);
                if ids.is_empty() {
                    self.index.remove(&key);
                }
            }
        }
    }

    /// All as changes that bring it about, in portions.
    pub fn as_changes(&self) -> impl Iterator<Item = Vec<Change>> {
        const AT_ONCE: usize = 100;
        let resources: Vec<&Arc<Resource>> = self.resources.values().collect();
        let puts = resources.chunks(AT_ONCE).map(|some| some.iter().map(|one| Change::Put(Box::new((***one).clone()))));
        let puts: Vec<Vec<Change>> = puts.map(Iterator::collect).collect();
        let filled = self.resources.keys().filter_map(|id| Some((id, self.members.get(id)?)));
        let filled = filled.filter(|(_, members)| !members.is_empty());
        let members: Vec<Vec<Change>> = filled
            .map(|(group, members)| {
                vec![Change::Members {
                    group: group.clone(),
                    add: members.iter().map(|(member, kind)| (member.clone(), *kind)).collect(),
                    remove: Vec::new(),
                }]
            })
            .collect();
        let marks: Vec<&Mark> = self.heard.marks().collect();
        let marks = marks.chunks(AT_ONCE).map(|some| some.iter().map(|mark| Change::Heard((*mark).clone())).collect());
        let marks: Vec<Vec<Change>> = marks.collect();
        puts.into_iter().chain(members).chain(marks)
    }
}
