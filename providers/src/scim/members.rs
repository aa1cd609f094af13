//! Members of groups: which account or group a value in a group's `members` means.
//!
//! RFC 7643 section 4.2 puts ids there. Some servers put user names there, in `value` and `$ref` alike, though they
//! take ids when written to; which of both a server does is learned from what it answers.

use std::collections::{HashMap, HashSet};

use state::{Membership, Symbol};

use super::json::{self, Json};

/// A member as the server wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawMember {
    pub value: Symbol,
    /// Whether `type` or `$ref` say that it is a group; none where they say nothing.
    pub nested: Option<bool>,
}

/// The members of a group as it came; none where it came without any.
pub fn raw(group: &Json) -> Option<Vec<RawMember>> {
    let list = json::objects(group, "members")?;
    let mut seen = HashSet::new();
    let members = list.into_iter().filter_map(|member| {
        let reference = json::text(member, "$ref").unwrap_or("");
        let last = reference.trim_end_matches('/').rsplit('/').next().unwrap_or("");
        // Where there is only a reference, its last segment is the id.
        let value = json::identifier(member, "value").or_else(|| (!last.is_empty()).then(|| last.to_owned()))?;
        let nested = match json::text(member, "type") {
            Some(kind) if kind.eq_ignore_ascii_case("Group") => Some(true),
            Some(kind) if kind.eq_ignore_ascii_case("User") => Some(false),
            _ if reference.contains("/Groups/") => Some(true),
            _ if reference.contains("/Users/") => Some(false),
            _ => None,
        };
        Some(RawMember { value: Symbol::new(&value), nested })
    });
    // Some servers hold the same member twice.
    Some(members.filter(|member| seen.insert(member.value)).collect())
}

/// What a server writes into `members[].value`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spelling {
    /// Not seen yet.
    #[default]
    Unknown,
    Ids,
    UserNames,
}

/// The accounts and groups of a system, to resolve members by.
#[derive(Debug, Default)]
pub struct Directory {
    accounts: HashSet<Symbol>,
    groups: HashSet<Symbol>,
    /// Ids by user name, folded.
    names: HashMap<String, Symbol>,
}

/// The memberships of a system.
#[derive(Debug, Default)]
pub struct Resolved {
    pub memberships: Vec<Membership>,
    pub spelling: Spelling,
    /// Members that are neither an account nor a group here: kept under what the server calls them.
    pub dangling: usize,
}

impl Directory {
    /// Of the ids and user names of all accounts, and the ids of all groups.
    pub fn new(
        accounts: impl Iterator<Item = (Symbol, Option<Symbol>)>,
        groups: impl Iterator<Item = Symbol>,
    ) -> Directory {
        let mut directory = Directory { groups: groups.collect(), ..Directory::default() };
        for (id, name) in accounts {
            directory.accounts.insert(id);
            if let Some(name) = name {
                directory.names.insert(name.as_str().to_lowercase(), id);
            }
        }
        directory
    }

    /// Resolves all members of all groups.
    pub fn resolve<'a>(&self, groups: impl Iterator<Item = (Symbol, &'a [RawMember])>) -> Resolved {
        let mut resolved = Resolved::default();
        for (group, members) in groups {
            for raw in members {
                let (member, nested) = self.member(*raw, &mut resolved);
                resolved.memberships.push(Membership { group, member, nested, attributes: state::Attributes::new() });
            }
        }
        resolved.memberships.sort_by_key(|place| (place.group, place.member, place.nested));
        // A member by id and by name is one member.
        resolved.memberships.dedup();
        resolved
    }

    fn member(&self, raw: RawMember, resolved: &mut Resolved) -> (Symbol, bool) {
        let (account, group) = (self.accounts.contains(&raw.value), self.groups.contains(&raw.value));
        match (account, group, raw.nested) {
            (true, true, nested) => (raw.value, nested.unwrap_or(false)),
            (true, false, _) => {
                resolved.spelling = Spelling::Ids;
                (raw.value, false)
            }
            (false, true, _) => (raw.value, true),
            (false, false, nested) => match self.names.get(&raw.value.as_str().to_lowercase()) {
                Some(id) if nested != Some(true) => {
                    if resolved.spelling == Spelling::Unknown {
                        resolved.spelling = Spelling::UserNames;
                    }
                    (*id, false)
                }
                _ => {
                    resolved.dangling += 1;
                    (raw.value, nested.unwrap_or(false))
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(json: &str) -> Vec<RawMember> {
        raw(serde_json::from_str::<serde_json::Value>(json).unwrap().as_object().unwrap()).unwrap()
    }

    #[test]
    fn members_are_resolved_whatever_the_server_calls_them() {
        let accounts = [("u1", "Ada"), ("u2", "bob"), ("x", "cat")];
        let directory = Directory::new(
            accounts.iter().map(|(id, name)| (Symbol::new(id), Some(Symbol::new(name)))),
            ["g1", "g2", "x"].into_iter().map(Symbol::new),
        );
        let table = [
            ("an id", r#"{"members": [{"value": "u1"}]}"#, "u1", Spelling::Ids, 0),
            ("twice", r#"{"members": [{"value": "u1"}, {"value": "u1", "display": "Ada"}]}"#, "u1", Spelling::Ids, 0),
            (
                "a user name",
                r#"{"members": [{"value": "ada", "$ref": "http://h/Users/ada"}]}"#,
                "u1",
                Spelling::UserNames,
                0,
            ),
            ("id and name of one", r#"{"members": [{"value": "u1"}, {"value": "ADA"}]}"#, "u1", Spelling::Ids, 0),
            ("a reference alone", r#"{"members": [{"$ref": "../Users/u2"}]}"#, "u2", Spelling::Ids, 0),
            ("a group", r#"{"members": [{"value": "g2"}]}"#, "g2 group", Spelling::Unknown, 0),
            ("both, by type", r#"{"members": [{"value": "x", "type": "group"}]}"#, "x group", Spelling::Unknown, 0),
            ("both, untold", r#"{"members": [{"value": "x"}]}"#, "x", Spelling::Unknown, 0),
            ("nobody", r#"{"members": [{"value": "gone"}]}"#, "gone", Spelling::Unknown, 1),
            ("no value at all", r#"{"members": [{"display": "Ada"}]}"#, "", Spelling::Unknown, 0),
        ];
        for (what, json, expected, spelling, dangling) in table {
            let raw = members(json);
            let resolved = directory.resolve([(Symbol::new("g1"), raw.as_slice())].into_iter());
            let places: Vec<String> = resolved
                .memberships
                .iter()
                .map(|place| format!("{}{}", place.member, if place.nested { " group" } else { "" }))
                .collect();
            assert_eq!(
                (places.join(","), resolved.spelling, resolved.dangling),
                (expected.to_owned(), spelling, dangling),
                "{what}"
            );
        }
    }
}
