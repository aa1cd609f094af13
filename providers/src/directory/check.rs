//! What a directory must hold to be whole: whatever is referred to is there. Files are edited by hand, so this is asked
//! at each reading.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;
use std::path::Path;

use rustc_hash::FxHasher;
use state::{Capabilities, Key, Object, Schema, Symbol, Target};

use super::files::places;
use super::heart::{Contents, Map, Possession, key_value};
use super::line::Thing;
use super::problem::Problem;

type Ids = HashSet<Symbol, BuildHasherDefault<FxHasher>>;

/// Checks what was read from `folder`; the error names file and line.
pub fn check(folder: &Path, schema: &Schema, capabilities: &Capabilities, contents: &Contents) -> Result<(), Problem> {
    find(schema, capabilities, contents).map_err(|(target, what)| {
        let (path, lines) = places(folder, schema, target);
        let line = lines.first().map(|line| format!(":{line}")).unwrap_or_default();
        Problem::new(
            format!("{}{line}: {what}", path.display()),
            "mend this line, or bring back what it refers to; nothing was read from the directory",
        )
    })
}

fn find(schema: &Schema, capabilities: &Capabilities, contents: &Contents) -> Result<(), (Target, String)> {
    let Contents { accounts, groups, memberships, grants, owned } = contents;
    if accounts.iter().any(|account| account.id.as_str().is_empty()) {
        return Err((Target::Account("".into()), "an account without an id".into()));
    }
    if groups.iter().any(|group| group.id.as_str().is_empty()) {
        return Err((Target::Group("".into()), "a group without an id".into()));
    }
    if let Some(key) = capabilities.account_key {
        unique(accounts, key).map_err(|(id, what)| (Target::Account(id), what))?;
    }
    if let Some(key) = capabilities.group_key {
        unique(groups, key).map_err(|(id, what)| (Target::Group(id), what))?;
    }
    let account_ids: Ids = accounts.iter().map(|account| account.id).collect();
    let group_ids: Ids = groups.iter().map(|group| group.id).collect();
    for place in memberships {
        let target = Target::Membership { group: place.group, member: place.member, nested: place.nested };
        if !group_ids.contains(&place.group) {
            return Err((target, format!("there is no group with the id `{}`", place.group)));
        }
        let (ids, kind) = if place.nested { (&group_ids, "group") } else { (&account_ids, "account") };
        if !ids.contains(&place.member) {
            return Err((target, format!("there is no {kind} with the id `{}`", place.member)));
        }
    }
    let mut owners: Map<Thing, Symbol> = Map::default();
    for Possession { account, things } in owned {
        if !account_ids.contains(account) {
            return Err((Target::Owned(*account), format!("there is no account with the id `{account}`")));
        }
        for thing in things {
            if let Some(other) = owners.insert(*thing, *account) {
                let Thing { kind, name, place } = thing;
                let what = format!("the {kind} `{name}` in {place} is that of `{other}` already");
                return Err((Target::Owned(*account), what));
            }
        }
    }
    for grant in grants {
        if !group_ids.contains(&grant.group) {
            let target = Target::Grant { group: grant.group, grant: schema.grant_text(&grant.attributes) };
            return Err((target, format!("there is no group with the id `{}`", grant.group)));
        }
    }
    if let Some(name) = capabilities.parent_attribute {
        for group in groups {
            let parent = group.attributes.get(name);
            if let Some(value) = parent
                && !value.as_text().is_some_and(|id| group_ids.contains(&id))
            {
                return Err((Target::Group(group.id), format!("`{name}` is {value}, which is no group's id")));
            }
        }
    }
    Ok(())
}

fn unique(objects: &[Object], key: Key) -> Result<(), (Symbol, String)> {
    let mut seen: Map<Symbol, Symbol> = Map::default();
    for object in objects {
        if let Some(value) = key_value(&object.attributes, key)
            && let Some(other) = seen.insert(value, object.id)
        {
            let name = key.attribute;
            return Err((object.id, format!("`{name}` is to be unique, and `{value}` is that of `{other}` too")));
        }
    }
    Ok(())
}
