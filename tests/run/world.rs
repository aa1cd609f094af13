//! What stands on a system, told without the program: read from a directory's files, or from a SCIM server over plain
//! HTTP. Names of people and groups, no ids, so that two worlds can be compared.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

/// Lists, not sets, where something may stand twice by mistake; sorted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct World {
    /// Name, whether it is active, and its attributes.
    pub accounts: Vec<(String, bool, String)>,
    pub groups: Vec<(String, String)>,
    /// Group, member, role.
    pub memberships: Vec<(String, String, String)>,
    /// Group and attributes.
    pub grants: Vec<(String, String)>,
}

impl World {
    fn sorted(mut self) -> World {
        self.accounts.sort();
        self.groups.sort();
        self.memberships.sort();
        self.grants.sort();
        self
    }

    /// Nothing stands twice.
    #[track_caller]
    pub fn assert_no_duplicates(&self) {
        let names: BTreeSet<_> = self.accounts.iter().map(|(name, ..)| name).collect();
        assert_eq!(names.len(), self.accounts.len(), "an account stands twice: {:?}", self.accounts);
        let names: BTreeSet<_> = self.groups.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), self.groups.len(), "a group stands twice: {:?}", self.groups);
        let ends: BTreeSet<_> = self.memberships.iter().map(|(group, member, _)| (group, member)).collect();
        assert_eq!(ends.len(), self.memberships.len(), "a membership stands twice");
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// A directory's four files; groups by their attribute `name`, accounts by `login`.
pub fn of_directory(folder: &Path) -> World {
    let lines = |name: &str| -> Vec<Value> {
        let path = folder.join(name);
        let file = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        file.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let named = |objects: &[Value], attribute: &str| -> BTreeMap<String, String> {
        objects.iter().map(|object| (text(object, "id"), text(&object["attributes"], attribute))).collect()
    };
    let (accounts, groups) = (lines("accounts.jsonl"), lines("groups.jsonl"));
    let (logins, names) = (named(&accounts, "login"), named(&groups, "name"));
    // An id in an attribute is told as the name of what it means.
    let told = |object: &Value| {
        let mut attributes = object["attributes"].clone();
        if let Some(parent) = attributes.get_mut("parent") {
            *parent = Value::from(names[parent.as_str().unwrap()].clone());
        }
        attributes.to_string()
    };
    World {
        accounts: accounts
            .iter()
            .map(|one| (logins[&text(one, "id")].clone(), one["active"] != Value::Bool(false), told(one)))
            .collect(),
        groups: groups.iter().map(|one| (names[&text(one, "id")].clone(), told(one))).collect(),
        memberships: lines("memberships.jsonl")
            .iter()
            .map(|one| {
                let (group, member) = (names[&text(one, "group")].clone(), logins[&text(one, "member")].clone());
                (group, member, text(&one["attributes"], "role"))
            })
            .collect(),
        grants: lines("grants.jsonl").iter().map(|one| (names[&text(one, "group")].clone(), told(one))).collect(),
    }
    .sorted()
}

/// Everything that a SCIM server lists; accounts by `userName`, groups by `displayName`.
pub fn of_scim(url: &str, token: &str) -> World {
    let (users, groups) = (resources(url, token, "Users"), resources(url, token, "Groups"));
    let names: BTreeMap<String, String> = users.iter().map(|one| (text(one, "id"), text(one, "userName"))).collect();
    let attributes = |one: &Value, names: &[&str]| {
        let kept = names.iter().map(|name| ((*name).to_owned(), one[*name].clone()));
        Value::Object(kept.collect()).to_string()
    };
    let members = |group: &Value| -> Vec<(String, String, String)> {
        let all = group["members"].as_array().cloned().unwrap_or_default();
        // Some servers list members by their user names.
        let name = |value: String| names.get(&value).cloned().unwrap_or(value);
        all.iter().map(|one| (text(group, "displayName"), name(text(one, "value")), String::new())).collect()
    };
    World {
        accounts: users
            .iter()
            .map(|one| {
                let shown = attributes(one, &["displayName", "title", "emails"]);
                (text(one, "userName"), one["active"] != Value::Bool(false), shown)
            })
            .collect(),
        groups: groups.iter().map(|one| (text(one, "displayName"), String::new())).collect(),
        memberships: groups.iter().flat_map(members).collect(),
        grants: Vec::new(),
    }
    .sorted()
}

fn resources(url: &str, token: &str, kind: &str) -> Vec<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::new();
        // One page holds all; a server that cannot count is asked for what it gives by itself.
        for page in [format!("{url}/{kind}?count=5000"), format!("{url}/{kind}")] {
            let answer = client.get(page).bearer_auth(token).send().await.unwrap();
            if !answer.status().is_success() {
                continue;
            }
            let list: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
            let all = list["Resources"].as_array().cloned().unwrap_or_default();
            assert_eq!(Some(all.len() as u64), list["totalResults"].as_u64(), "{kind} of {url}");
            return all;
        }
        panic!("{kind} of {url} cannot be listed")
    })
}
