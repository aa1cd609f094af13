//! Groups, and the roles that lead into them: where the same people have the same things, that is a role; where these
//! people share an attribute and nobody else has it, the role says so instead of naming them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use rustc_hash::FxHashMap;
use state::{Attributes, Object, Symbol, Value};

use super::people::Someone;
use super::write::{reference, slug, unique};
use super::{BY_HAND, Extent, Given};
use crate::language::write::{csv_field, expression, quoted};

/// Files, and how much is in them.
pub(super) struct Access {
    pub(super) files: Vec<(String, String)>,
    pub(super) groups: usize,
    pub(super) roles: usize,
}

/// A group of the files to be.
struct Group<'a> {
    system: usize,
    /// The name of its block.
    name: String,
    object: &'a Object,
    /// Direct members, by number, without those below.
    people: BTreeSet<usize>,
    /// Members with qualifiers.
    qualified: Vec<(usize, Attributes)>,
    /// Groups in it, by number.
    nested: BTreeSet<usize>,
    grants: Vec<&'a Attributes>,
}

/// What can be given.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    System(usize),
    Group(usize),
}

/// Everything that is given.
pub(super) fn access(
    systems: &[Given<'_>],
    all: &[Someone<'_>],
    extent: Extent,
    adopts: &mut String,
    notes: &mut Vec<String>,
) -> Access {
    let mut groups = groups(systems, all, extent, adopts, notes);
    break_circles(systems, &mut groups, notes);
    let mut lists = Lists { all, rows: String::new() };
    let (roles, text) = roles(systems, all, &groups, &mut lists);
    let given: BTreeSet<usize> = roles.iter().flatten().copied().collect();
    let mut files = Vec::new();
    let mut by_system = String::new();
    for (number, group) in groups.iter().enumerate() {
        let people = if given.contains(&number) { BTreeSet::new() } else { group.people.clone() };
        by_system.push_str(&block(systems, group, &groups, &people, &mut lists));
    }
    if !by_system.is_empty() {
        files.push(("groups.hcl".to_owned(), by_system));
    }
    let count = roles.len();
    if !text.is_empty() {
        files.push(("roles.hcl".to_owned(), text));
    }
    if !lists.rows.is_empty() {
        let local = "# Lists of members that are too long to be read: of which role or group, and who.\nlocals {\nmembers = csvdecode(file(\"members.csv\"))\n}\n";
        files.push(("members.hcl".to_owned(), local.to_owned()));
        files.push(("members.csv".to_owned(), format!("of,person\n{}", lists.rows)));
    }
    Access { files, groups: groups.len(), roles: count }
}

fn groups<'a>(
    systems: &[Given<'a>],
    all: &[Someone<'_>],
    extent: Extent,
    adopts: &mut String,
    notes: &mut Vec<String>,
) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for (number, system) in systems.iter().enumerate().filter(|(_, system)| system.capabilities.groups) {
        let key = system.capabilities.group_key;
        let fold = |text: &str| match key.is_some_and(|key| key.case_exact) {
            true => text.to_owned(),
            false => text.to_lowercase(),
        };
        let called = |group: &Object| key.and_then(|key| group.attributes.get(key.attribute)).cloned();
        let mut names: BTreeMap<String, u32> = BTreeMap::new();
        for group in &system.observed.groups {
            if let Some(Value::Text(name)) = called(group) {
                *names.entry(fold(name.as_str())).or_default() += 1;
            }
        }
        let mut taken = BTreeSet::new();
        let mut numbers: FxHashMap<Symbol, usize> = FxHashMap::default();
        let mut sorted: Vec<&Object> = system.observed.groups.iter().collect();
        let text_of =
            |group: &Object| called(group).as_ref().and_then(super::fields::text).unwrap_or(group.id.as_str());
        sorted.sort_by_key(|group| (text_of(group).to_lowercase(), group.id));
        for group in sorted {
            let own = called(group);
            if key.is_some() && own.as_ref().is_none_or(Value::is_empty) {
                notes.push(format!(
                    "system.{}: the group {:?} has no name, and is left out",
                    system.name,
                    group.id.as_str()
                ));
                continue;
            }
            let text = own.as_ref().and_then(super::fields::text).unwrap_or(group.id.as_str());
            let name = unique(slug(text), '_', &mut taken);
            let found = match &own {
                Some(Value::Text(own)) => names.get(&fold(own.as_str())) == Some(&1),
                _ => false,
            };
            if !found {
                let id = quoted(group.id.as_str());
                let _ = writeln!(adopts, "adopt {{\ngroup = group.{}.{name}\nid = {id}\n}}\n", system.name);
            }
            numbers.insert(group.id, groups.len());
            groups.push(Group {
                system: number,
                name,
                object: group,
                people: BTreeSet::new(),
                qualified: Vec::new(),
                nested: BTreeSet::new(),
                grants: Vec::new(),
            });
        }
        let holders: FxHashMap<Symbol, usize> =
            all.iter().enumerate().filter_map(|(n, one)| Some((one.accounts.get(&number)?.id, n))).collect();
        let mut left_out = 0;
        for seen in &system.observed.memberships {
            let Some(group) = numbers.get(&seen.group).copied() else { continue };
            let qualifiers: Attributes =
                seen.attributes.iter().filter(|(name, value)| says(system, *name, value)).cloned().collect();
            match (seen.nested, holders.get(&seen.member), numbers.get(&seen.member)) {
                (true, _, Some(inner)) if system.capabilities.nested_groups => {
                    groups[group].nested.insert(*inner); // numbers come from this very list
                }
                (false, Some(holder), _) if qualifiers.is_empty() => drop(groups[group].people.insert(*holder)),
                (false, Some(holder), _) => groups[group].qualified.push((*holder, qualifiers)),
                _ => left_out += 1,
            }
        }
        if left_out > 0 {
            notes.push(format!(
                "system.{}: {} of accounts or groups that are left out stay as they are, and are told as unexplained",
                system.name,
                crate::guard::count(left_out, "membership")
            ));
        }
        if system.capabilities.grants && extent.grants {
            for grant in &system.observed.grants {
                let whole = grant.partial.is_none() && !grant.in_parts && grant.within.is_empty();
                if let Some(group) = numbers.get(&grant.group).filter(|_| whole) {
                    groups[*group].grants.push(&grant.attributes);
                }
            }
        }
    }
    groups
}

/// Whether a qualifier says more than its absence would.
fn says(system: &Given<'_>, name: Symbol, value: &Value) -> bool {
    let values = system.schema.qualifiers.iter().find(|(own, _)| *own == name).map(|(_, values)| values);
    let weakest = values.and_then(|values| values.first());
    values.is_some() && weakest.is_none_or(|weakest| value.to_string().trim_matches('"') != weakest.as_str())
}

/// Groups that are in each other cannot be written: what leads back is left out.
fn break_circles(systems: &[Given<'_>], groups: &mut [Group<'_>], notes: &mut Vec<String>) {
    // 0: not seen; 1: on the way; 2: done.
    let mut state = vec![0u8; groups.len()];
    let inner: Vec<Vec<usize>> = groups.iter().map(|group| group.nested.iter().copied().collect()).collect();
    for start in 0..groups.len() {
        if state[start] != 0 {
            continue;
        }
        let mut way: Vec<(usize, usize)> = vec![(start, 0)];
        state[start] = 1;
        while let Some((at, next)) = way.last_mut() {
            let own = *at;
            match inner[own].get(*next).copied() {
                None => {
                    state[own] = 2;
                    way.pop();
                }
                Some(to) => {
                    *next += 1;
                    match state[to] {
                        0 => {
                            state[to] = 1;
                            way.push((to, 0));
                        }
                        1 => {
                            groups[own].nested.remove(&to);
                            let system = systems.get(groups[own].system).map_or("", |system| system.name.as_str());
                            notes.push(format!(
                                "group.{system}.{} is in group.{system}.{} and the other way round: the first is left out",
                                groups[to].name, groups[own].name
                            ));
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}

/// The roles, each by the groups that it gives; and their text.
fn roles(
    systems: &[Given<'_>],
    all: &[Someone<'_>],
    groups: &[Group<'_>],
    lists: &mut Lists<'_, '_>,
) -> (Vec<Vec<usize>>, String) {
    let mut by_people: BTreeMap<BTreeSet<usize>, Vec<Thing>> = BTreeMap::new();
    for (number, group) in groups.iter().enumerate().filter(|(_, group)| !group.people.is_empty()) {
        by_people.entry(group.people.clone()).or_default().push(Thing::Group(number));
    }
    let rules = Rules::new(all);
    for (number, _) in systems.iter().enumerate() {
        let here: BTreeSet<usize> =
            all.iter().enumerate().filter(|(_, one)| one.accounts.contains_key(&number)).map(|(n, _)| n).collect();
        let in_groups: BTreeSet<usize> = groups
            .iter()
            .filter(|group| group.system == number)
            .flat_map(|group| group.people.iter().copied().chain(group.qualified.iter().map(|(who, _)| *who)))
            .collect();
        // Whoever is in a group there has an account already.
        let bare: BTreeSet<usize> = match by_people.contains_key(&here) || rules.of(&here).is_some() {
            true => here,
            false => here.difference(&in_groups).copied().collect(),
        };
        if !bare.is_empty() {
            by_people.entry(bare).or_default().push(Thing::System(number));
        }
    }
    let mut found: Vec<(usize, BTreeSet<usize>, Vec<Thing>)> = by_people
        .into_iter()
        .filter(|(people, things)| {
            things.iter().any(|thing| matches!(thing, Thing::System(_)))
                || people.len() > 1 && things.len() > 1
                || people.len() > 2 && rules.of(people).is_some()
        })
        .map(|(people, things)| (people.len(), people, things))
        .collect();
    found.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
    let (mut roles, mut text, mut taken) = (Vec::new(), String::new(), BTreeSet::new());
    for (_, people, mut things) in found {
        things.sort_unstable();
        let rule = rules.of(&people);
        let access: Vec<String> = things
            .iter()
            .filter_map(|thing| match thing {
                Thing::System(n) => Some(format!("system.{}", systems.get(*n)?.name)),
                Thing::Group(n) => {
                    let group = groups.get(*n)?;
                    Some(format!("group.{}.{}", systems.get(group.system)?.name, group.name))
                }
            })
            .collect();
        let name = match &rule {
            Some((_, name)) => name.clone(),
            None => things
                .iter()
                .find_map(|thing| match thing {
                    Thing::Group(n) => Some(groups.get(*n)?.name.clone()),
                    Thing::System(_) => None,
                })
                .or_else(|| {
                    things.iter().find_map(|thing| match thing {
                        Thing::System(n) => Some(format!("{}_account", systems.get(*n)?.name)),
                        Thing::Group(_) => None,
                    })
                })
                .unwrap_or_default(),
        };
        let name = unique(slug(&name), '_', &mut taken);
        let _ = writeln!(text, "role {} {{", quoted(&name));
        match rule {
            Some((condition, _)) => {
                let _ = writeln!(text, "when = {condition}");
            }
            None => {
                let _ = writeln!(text, "members = {}", lists.members(&format!("role.{name}"), &people, Vec::new()));
            }
        }
        let _ = writeln!(text, "access = {}\n}}\n", list(&access));
        roles.push(
            things.iter().filter_map(|thing| if let Thing::Group(n) = thing { Some(*n) } else { None }).collect(),
        );
    }
    (roles, text)
}

/// Sets of people that can be told by what they have in common.
struct Rules {
    everybody: BTreeSet<usize>,
    people: BTreeSet<usize>,
    by_value: FxHashMap<(&'static str, String), BTreeSet<usize>>,
    /// The same, by the set.
    named: BTreeMap<BTreeSet<usize>, (&'static str, String)>,
}

/// What people of one kind have in common.
const SHARED: [&str; 2] = ["department", "title"];

impl Rules {
    fn new(all: &[Someone<'_>]) -> Rules {
        let mut by_value: FxHashMap<(&'static str, String), BTreeSet<usize>> = FxHashMap::default();
        for (n, one) in all.iter().enumerate() {
            for name in SHARED {
                if let Some(value) = one.fields.get(name) {
                    by_value.entry((name, value.clone())).or_default().insert(n);
                }
            }
        }
        let mut named: BTreeMap<BTreeSet<usize>, (&'static str, String)> = BTreeMap::new();
        for (key, set) in &by_value {
            let known = named.entry(set.clone()).or_insert_with(|| key.clone());
            if key < known {
                *known = key.clone();
            }
        }
        let everybody = (0..all.len()).collect();
        let people = all.iter().enumerate().filter(|(_, one)| !one.service).map(|(n, _)| n).collect();
        Rules { everybody, people, by_value, named }
    }

    /// The condition that holds for these and nobody else, and what it is about.
    fn of(&self, people: &BTreeSet<usize>) -> Option<(String, String)> {
        if people.len() < 2 {
            return None;
        }
        if *people == self.everybody {
            return Some(("true".to_owned(), "everybody".to_owned()));
        }
        if *people == self.people {
            return Some(("self.kind == \"person\"".to_owned(), "employee".to_owned()));
        }
        let key = self.named.get(people).filter(|key| self.by_value.get(*key).is_some_and(|set| set.len() > 2))?;
        Some((format!("self.{} == {}", key.0, quoted(&key.1)), key.1.clone()))
    }
}

/// Writes lists of members; long ones into a file.
struct Lists<'l, 'a> {
    all: &'l [Someone<'a>],
    rows: String,
}

impl Lists<'_, '_> {
    fn members(&mut self, of: &str, people: &BTreeSet<usize>, more: Vec<String>) -> String {
        let of_people = || people.iter().filter_map(|n| self.all.get(*n));
        if people.len() <= BY_HAND {
            let members: Vec<String> = more.into_iter().chain(of_people().map(reference)).collect();
            return list(&members);
        }
        let mut rows = String::new();
        for one in of_people().filter(|one| !one.service) {
            let _ = writeln!(rows, "{of},{}", csv_field(&one.key));
        }
        let others: Vec<String> =
            more.into_iter().chain(of_people().filter(|one| one.service).map(reference)).collect();
        self.rows.push_str(&rows);
        let listed = format!("[for row in local.members : person[row.person] if row.of == {}]", quoted(of));
        if others.is_empty() { listed } else { format!("concat({listed}, {})", list(&others)) }
    }
}

/// `[a, b]`, over several lines where it is long.
fn list(items: &[String]) -> String {
    let short = format!("[{}]", items.join(", "));
    if short.len() <= 90 { short } else { format!("[\n{},\n]", items.join(",\n")) }
}

fn block(
    systems: &[Given<'_>],
    group: &Group<'_>,
    groups: &[Group<'_>],
    people: &BTreeSet<usize>,
    lists: &mut Lists<'_, '_>,
) -> String {
    let Some(system) = systems.get(group.system) else { return String::new() };
    let mut lines: Vec<String> = Vec::new();
    if let Some(key) = system.capabilities.group_key
        && let Some(value) = group.object.attributes.get(key.attribute)
        && value.as_text().is_none_or(|own| own.as_str() != group.name)
    {
        lines.push(format!("{} = {}", key.attribute, expression(value)));
    }
    let mut more: Vec<String> = group
        .nested
        .iter()
        .filter_map(|inner| Some(format!("group.{}.{}", system.name, groups.get(*inner)?.name)))
        .collect();
    more.extend(group.qualified.iter().filter_map(|(who, qualifiers)| {
        let who = reference(lists.all.get(*who)?);
        let qualifiers: String =
            qualifiers.iter().map(|(name, value)| format!(", {name} = {}", expression(value))).collect();
        Some(format!("{{ who = {who}{qualifiers} }}"))
    }));
    if !more.is_empty() || !people.is_empty() {
        let of = format!("group.{}.{}", system.name, group.name);
        lines.push(format!("members = {}", lists.members(&of, people, more)));
    }
    if !group.grants.is_empty() {
        let grants: Vec<String> = group
            .grants
            .iter()
            .map(|grant| {
                let pairs: Vec<String> =
                    grant.iter().map(|(name, value)| format!("{name} = {}", expression(value))).collect();
                format!("{{ {} }}", pairs.join(", "))
            })
            .collect();
        lines.push(format!("grants = [\n{},\n]", grants.join(",\n")));
    }
    let head = format!("group {} {}", quoted(system.name.as_str()), quoted(&group.name));
    match &lines[..] {
        [] => format!("{head} {{}}\n"),
        [only] if !only.contains('\n') && only.len() < 60 => format!("{head} {{ {only} }}\n"),
        _ => format!("\n{head} {{\n{}\n}}\n\n", lines.join("\n")),
    }
}
