//! Organisations made of numbers: people with departments, managers and projects, who join, move and leave; systems,
//! roles and nested groups. The same shape and seed give the same files.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::names;
use super::random::Random;

/// What an organisation is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    pub people: usize,
    pub systems: usize,
    /// Roles by rule; there is a department for nine of ten, the rest are those who lead the large departments.
    pub roles: usize,
    /// Groups above the group of a department, one within the other, on every system.
    pub depth: usize,
    /// Percent of the people who leave on the second day.
    pub leavers: f64,
    pub seed: u64,
}

impl Shape {
    pub fn new(people: usize, systems: usize) -> Shape {
        Shape { people, systems, roles: 500.min(people / 2).max(10), depth: 2, leavers: 0.05, seed: 1 }
    }

    fn departments(&self) -> usize {
        self.roles - self.leads()
    }

    fn leads(&self) -> usize {
        self.roles / 10
    }
}

/// Which morning it is: on the second, some have joined, moved and left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    First,
    Second,
}

/// The files of an organisation: path and text.
pub fn files(shape: &Shape, day: Day) -> Vec<(&'static str, String)> {
    let people = people(shape, day);
    let mut files = vec![
        ("people.csv", csv(&people)),
        ("departments.csv", departments(shape)),
        ("projects.csv", projects(shape, &people)),
        ("people.hcl", PEOPLE.to_owned()),
        ("systems.hcl", systems(shape)),
        ("groups.hcl", groups(shape)),
        ("roles.hcl", roles(shape)),
    ];
    files.sort_unstable();
    files
}

struct Person {
    id: String,
    given: &'static str,
    family: String,
    login: String,
    department: usize,
    title: &'static str,
    location: &'static str,
    manager: Option<usize>,
    last_day: &'static str,
}

const TITLES: [&str; 8] =
    ["Engineer", "Engineer", "Senior Engineer", "Analyst", "Consultant", "Specialist", "Assistant", "Designer"];
const LOCATIONS: [&str; 7] = ["Berlin", "München", "Łódź", "São Paulo", "東京", "Bengaluru", "Remote"];

fn people(shape: &Shape, day: Day) -> Vec<Person> {
    let mut random = Random::new(shape.seed);
    let mut logins: HashMap<String, u32> = HashMap::new();
    let mut leads: Vec<Option<usize>> = vec![None; shape.departments()];
    // Who joins on the second day stands at the end: nobody's number changes.
    let joiners = if day == Day::Second { shape.people / 2_000 } else { 0 };
    let mut people: Vec<Person> = Vec::with_capacity(shape.people + joiners);
    for n in 0..shape.people + joiners {
        let (given, family) = names::full(&mut random);
        let department = random.long_tail(shape.departments());
        let title = TITLES[random.below(TITLES.len())];
        let location = LOCATIONS[random.below(LOCATIONS.len())];
        let login = login(given, &family, &mut logins);
        // Whoever is first in a department leads it, and is led by the first of all.
        let (manager, title) = match leads[department] {
            Some(lead) => (Some(lead), title),
            None => {
                leads[department] = Some(n);
                (Some(0).filter(|_| n > 0), "Head")
            }
        };
        let id = format!("E{n:06}");
        people.push(Person { id, given, family, login, department, title, location, manager, last_day: "" });
    }
    if day == Day::Second {
        let mut random = Random::new(shape.seed ^ 0x5eed);
        let plain = |person: &Person| person.title != "Head";
        for _ in 0..shape.people / 1_000 {
            let (mover, to) = (random.below(shape.people), random.long_tail(shape.departments()));
            if let (Some(person), Some(lead)) = (people.get_mut(mover).filter(|person| plain(person)), leads[to]) {
                (person.department, person.manager) = (to, Some(lead));
            }
        }
        for _ in 0..(shape.people as f64 * shape.leavers / 100.0) as usize {
            let leaver = random.below(shape.people);
            if let Some(person) = people.get_mut(leaver).filter(|person| plain(person)) {
                person.last_day = "2026-01-31";
            }
        }
    }
    people
}

/// As many a company makes them: the first letter and the family name in plain letters, and a number for the next one.
fn login(given: &str, family: &str, taken: &mut HashMap<String, u32>) -> String {
    let mut login = names::plain(&given.chars().take(1).collect::<String>());
    login.push_str(&names::plain(family));
    login.truncate(20);
    let count = taken.entry(login.clone()).or_default();
    *count += 1;
    // A dash, so that no login with a number is like another's without.
    if *count > 1 { format!("{login}-{count}") } else { login }
}

fn csv(people: &[Person]) -> String {
    let mut text = String::from("id,given,family,mail,login,department,title,location,manager,last_day\n");
    for person in people {
        let Person { id, given, family, login, department, title, location, last_day, .. } = person;
        let manager = person.manager.and_then(|manager| people.get(manager)).map_or("", |manager| &manager.id);
        let _ = writeln!(
            text,
            "{id},{given},\"{family}\",{login}@Acme.example,{login},{},{title},{location},{manager},{last_day}",
            department_name(*department)
        );
    }
    text
}

/// Departments have names, with long tails too.
fn department_name(n: usize) -> String {
    let area = names::AREAS[n % names::AREAS.len()];
    match n / names::AREAS.len() {
        0 => area.to_owned(),
        more => format!("{area} {}", names::PLACES[(more - 1) % names::PLACES.len()]) + &suffix(more),
    }
}

fn suffix(more: usize) -> String {
    match (more - 1) / names::PLACES.len() {
        0 => String::new(),
        again => format!(" {}", again + 1),
    }
}

fn departments(shape: &Shape) -> String {
    let mut text = String::from("name,division\n");
    for n in 0..shape.departments() {
        let _ = writeln!(text, "{},division-{:02}", department_name(n), n % divisions(shape));
    }
    text
}

fn divisions(shape: &Shape) -> usize {
    (shape.departments() / 25).max(1)
}

/// Roles by name: a few people from anywhere work on a project together, some until its end.
fn projects(shape: &Shape, people: &[Person]) -> String {
    let mut random = Random::new(shape.seed ^ 0x9403);
    let mut text = String::from("project,who,until,reason\n");
    for project in 0..(shape.people / 200).max(1) {
        let mut who: Vec<usize> = (0..1 + random.long_tail(20)).map(|_| random.below(shape.people)).collect();
        who.sort_unstable();
        who.dedup();
        for n in who.into_iter().filter(|n| people[*n].last_day.is_empty()) {
            let until = if random.below(4) == 0 { "2099-12-31" } else { "" };
            let _ = writeln!(text, "project-{project:04},{},{until},works on it", people[n].id);
        }
    }
    text
}

const PEOPLE: &str = r#"settings {
  state = "state/organisation.tenure"
}

people "staff" {
  from        = csvdecode(file("people.csv"))
  key         = row.id
  given_name  = row.given
  family_name = row.family
  name        = "${row.given} ${row.family}"
  email       = lower(row.mail)
  login       = row.login
  department  = row.department
  title       = row.title
  location    = row.location
  manager     = row.manager == "" ? null : person[row.manager]
  ends        = row.last_day == "" ? null : row.last_day
}

service "breakglass" {
  owners     = [person["E000000"]]
  login      = "breakglass"
  name       = "Break glass"
  email      = "breakglass@acme.example"
  department = "none"
  title      = "Service"
}
"#;

fn systems(shape: &Shape) -> String {
    let mut text = String::new();
    for system in 0..shape.systems {
        let _ = write!(
            text,
            r#"system "s{system}" {{
  provider    = "directory"
  account_key = "login"
  match       = self.login == account.login
  account {{
    login      = self.login
    mail       = self.email
    name       = self.name
    department = self.department
    title      = "${{self.title}} at s{system}"
  }}
}}

"#
        );
    }
    text
}

fn groups(shape: &Shape) -> String {
    let mut text = String::from(
        r#"locals {
  departments = csvdecode(file("departments.csv"))
  names       = toset([for row in local.departments : row.name])
  divisions   = { for row in local.departments : row.division => row.name... }
  projects    = { for row in csvdecode(file("projects.csv")) : row.project => row... }
}

"#,
    );
    for system in 0..shape.systems {
        let _ = write!(
            text,
            "group \"s{system}\" \"department\" {{\n  for_each    = local.names\n  displayName = each.key\n}}\n\n\
             group \"s{system}\" \"lead\" {{\n  displayName = \"Leads\"\n}}\n\n"
        );
        for level in 1..=shape.depth {
            let _ = match level {
                1 => write!(
                    text,
                    "group \"s{system}\" \"division\" {{\n  for_each    = local.divisions\n  displayName = each.key\n  members     = [for name in \
                     each.value : group.s{system}.department[name]]\n}}\n\n"
                ),
                2 => write!(
                    text,
                    "group \"s{system}\" \"level2\" {{\n  displayName = \"Level 2\"\n  members     = [for name in keys(local.divisions) : \
                     group.s{system}.division[name]]\n}}\n\n"
                ),
                _ => write!(
                    text,
                    "group \"s{system}\" \"level{level}\" {{\n  displayName = \"Level {level}\"\n  members     = [group.s{system}.level{}]\n}}\n\n",
                    level - 1
                ),
            };
        }
    }
    text.push_str("group \"s0\" \"project\" {\n  for_each    = local.projects\n  displayName = each.key\n}\n");
    text
}

fn roles(shape: &Shape) -> String {
    let mut text = String::new();
    for n in 0..shape.departments() {
        let name = department_name(n);
        let access: Vec<String> =
            (0..shape.systems).map(|system| format!("group.s{system}.department[\"{name}\"]")).collect();
        let _ = write!(
            text,
            "role \"department{n}\" {{\n  when   = self.department == \"{name}\"\n  access = [{}]\n}}\n\n",
            access.join(", ")
        );
    }
    for n in 0..shape.leads() {
        let _ = write!(
            text,
            "role \"lead{n}\" {{\n  when   = self.department == \"{}\" && self.title == \"Head\"\n  access = \
             [group.s{}.lead]\n}}\n\n",
            department_name(n),
            n % shape.systems
        );
    }
    text.push_str(
        r#"role "project" {
  for_each = local.projects
  members  = [for row in each.value : { who = person[row.who], until = row.until == "" ? null : row.until, reason = row.reason }]
  access   = [group.s0.project[each.key]]
}

role "breakglass" {
  members = [service.breakglass]
  access  = [system.s0]
}
"#,
    );
    text
}
