//! Organisations: people, what they are to have, and the files that say so.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use providers::twin::{Manners, Rng};
use state::{Capabilities, Key, Schema, Symbol};
use tenure::simulate::{Likeness, Tree};

/// Somebody, as the personnel department knows them.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: String,
    pub login: String,
    pub department: usize,
    pub manager: Option<usize>,
    /// The last day, by number from the beginning.
    pub ends: Option<i64>,
    pub left: bool,
    /// Not in the export any more.
    pub gone: bool,
    pub hold: bool,
}

impl Person {
    pub fn works(&self) -> bool {
        !self.left && !self.gone
    }
}

/// What the export of the day is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    Right,
    /// Only the header.
    Empty,
    /// The first half.
    Half,
    /// Somebody has another id.
    OtherId(usize),
}

/// A kind of system.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub unique: bool,
    pub case_exact: bool,
    pub nested: bool,
    pub batch: usize,
    pub batch_objects: bool,
    pub concurrency: usize,
    pub visibility: u64,
    pub outlives: bool,
    pub transactions: bool,
    pub stages: bool,
}

#[derive(Clone, Debug)]
pub struct Organisation {
    pub people: Vec<Person>,
    pub systems: Vec<Shape>,
    pub departments: usize,
    pub export: Export,
    /// Numbers of people.
    pub admins: Vec<usize>,
    pub makers: Vec<usize>,
    pub checkers: Vec<usize>,
    /// `mass_removal`, in percent.
    pub limit: u32,
    /// Systems that are at another address.
    pub moved: Vec<usize>,
    pub exclusive: bool,
    /// A group that others can fill stands in the administrators' group.
    pub open_nesting: bool,
    /// Everybody has a title that says more.
    pub titles: bool,
    /// Everybody is in a further group.
    pub everybody: bool,
    pub heirless: bool,
}

const NAMES: [&str; 20] = [
    "ada", "bob", "cleo", "dan", "eve", "fay", "gus", "hal", "ida", "jon", "kim", "lou", "max", "nia", "oto", "pia",
    "quin", "rex", "sue", "tom",
];

impl Organisation {
    /// Some organisation.
    pub fn some(rng: &mut Rng) -> Organisation {
        // Limits are only met by more people.
        let large = rng.chance(0.1);
        let count = if large { 14 } else { 3 + rng.below(5) };
        let departments = 1 + rng.below(3);
        let systems = (0..1 + rng.below(2)).map(|_| Shape::some(rng)).collect();
        let people = (0..count)
            .map(|n| Person {
                id: format!("P{n}"),
                login: NAMES[n].to_owned(),
                department: rng.below(departments),
                manager: (n > 0).then_some(0),
                ends: None,
                left: false,
                gone: false,
                hold: rng.chance(0.1),
            })
            .collect();
        Organisation {
            people,
            systems,
            departments,
            export: Export::Right,
            admins: vec![0, 1],
            makers: vec![2],
            checkers: Vec::new(),
            limit: 10,
            moved: Vec::new(),
            exclusive: false,
            open_nesting: false,
            titles: false,
            everybody: false,
            heirless: rng.chance(0.1),
        }
    }

    pub fn hire(&mut self, login: Option<String>, department: usize) {
        let n = self.people.len();
        self.people.push(Person {
            id: format!("P{n}"),
            login: login.unwrap_or_else(|| NAMES.get(n).map_or(format!("new{n}"), |name| (*name).to_owned())),
            department: department % self.departments,
            manager: Some(0),
            ends: None,
            left: false,
            gone: false,
            hold: false,
        });
    }

    /// The rows of the export, as it should be.
    fn rows(&self) -> Vec<String> {
        let day = |n: i64| super::play::day(n).to_string()[..10].to_owned();
        let present = self.people.iter().enumerate().filter(|(_, person)| !person.gone);
        present
            .map(|(n, person)| {
                let id = if self.export == Export::OtherId(n) { format!("{}x", person.id) } else { person.id.clone() };
                let boss = person.manager.filter(|_| !self.heirless).and_then(|n| self.people.get(n));
                let boss = boss.filter(|boss| !boss.gone && boss.id != person.id);
                let boss = boss.filter(|_| self.export != Export::OtherId(0)).map_or("", |boss| boss.id.as_str());
                let ends = person.ends.map(day).unwrap_or_default();
                let (status, hold) = (if person.left { "left" } else { "active" }, person.hold);
                format!("{id},{},d{},{boss},{ends},{status},{hold}", person.login, person.department)
            })
            .collect()
    }

    fn export(&self) -> String {
        let rows = self.rows();
        let kept = match self.export {
            Export::Empty => 0,
            Export::Half => rows.len() / 2,
            Export::Right | Export::OtherId(_) => rows.len(),
        };
        let header = "id,login,department,boss,ends,status,hold".to_owned();
        let mut text = std::iter::once(header).chain(rows.into_iter().take(kept)).collect::<Vec<_>>().join("\n");
        text.push('\n');
        // Who is a manager must stand in the export.
        if self.export == Export::Half {
            let ids: Vec<String> =
                text.lines().skip(1).filter_map(|row| Some(row.split(',').next()?.to_owned())).collect();
            let mended = text.lines().map(|row| {
                let mut cells: Vec<&str> = row.split(',').collect();
                if cells[0] != "id" && !ids.iter().any(|id| id == cells[3]) {
                    cells[3] = "";
                }
                cells.join(",")
            });
            text = mended.collect::<Vec<_>>().join("\n") + "\n";
        }
        text
    }

    /// The files.
    pub fn tree(&self) -> Tree {
        let mut tree = Tree::default();
        tree.write("people.csv", &self.export());
        tree.write("main.hcl", &self.hcl());
        tree
    }

    fn hcl(&self) -> String {
        let mut text = String::new();
        let _ = write!(
            text,
            r#"
settings {{
  safeguards {{
    mass_removal = "{}%"
  }}
}}
offboarding "standard" {{
  transfer_to   = self.manager
  archive_after = "20d"
  delete_after  = "30d"
}}
people "hr" {{
  from        = csvdecode(file("people.csv"))
  key         = row.id
  login       = row.login
  department  = row.department
  manager     = row.boss == "" ? null : person[row.boss]
  ends        = row.ends == "" ? null : row.ends
  status      = row.status
  legal_hold  = row.hold == "true"
  offboarding = offboarding.standard
}}
"#,
            self.limit
        );
        for (n, _) in self.systems.iter().enumerate() {
            let elsewhere = if self.moved.contains(&n) { "elsewhere" } else { "here" };
            let reference = if n > 0 { "    ref   = self.accounts.s0.id\n" } else { "" };
            let title = if self.titles { "\"of ${self.department}, since this year\"" } else { "self.department" };
            let _ = write!(
                text,
                r#"
system "s{n}" {{
  provider = "twin"
  url      = "https://{elsewhere}.example"
  match    = self.login == account.login
  account {{
    login = self.login
    title = {title}
{reference}    on_create {{
      number = next(100, 999)
    }}
  }}
}}
group "s{n}" "staff" {{
  name      = "staff"
  exclusive = {}
}}
"#,
                self.exclusive
            );
            for d in 0..self.departments {
                let _ = write!(text, "group \"s{n}\" \"d{d}\" {{\n  name = \"d{d}\"\n}}\n");
            }
            let _ = writeln!(text, "group \"s{n}\" \"further\" {{\n  name = \"further\"\n}}");
        }
        let nest = self.open_nesting && self.systems[0].nested;
        let members = if nest { "\n  members = [group.s0.d0]" } else { "" };
        let _ = write!(
            text,
            r#"
group "s0" "admins" {{
  name = "admins"{members}
}}
group "s0" "make" {{
  name = "make"
}}
group "s0" "check" {{
  name = "check"
}}
protect "admins" {{
  groups          = [group.s0.admins]
  minimum_members = 2
}}
conflict "four_eyes" {{
  roles = [role.maker, role.checker]
}}
"#
        );
        let staff: Vec<String> = (0..self.systems.len()).map(|n| format!("group.s{n}.staff")).collect();
        let _ = writeln!(text, "role \"staff\" {{\n  when   = true\n  access = [{}]\n}}", staff.join(", "));
        if self.everybody {
            let further: Vec<String> = (0..self.systems.len()).map(|n| format!("group.s{n}.further")).collect();
            let _ = writeln!(text, "role \"further\" {{\n  when   = true\n  access = [{}]\n}}", further.join(", "));
        }
        for d in 0..self.departments {
            let own: Vec<String> = (0..self.systems.len()).map(|n| format!("group.s{n}.d{d}")).collect();
            let own = own.join(", ");
            let _ = writeln!(text, "role \"d{d}\" {{\n  when   = self.department == \"d{d}\"\n  access = [{own}]\n}}");
        }
        for (name, who, group) in
            [("admin", &self.admins, "admins"), ("maker", &self.makers, "make"), ("checker", &self.checkers, "check")]
        {
            let listed = match self.export {
                Export::Right => who.clone(),
                // Those whom a broken export lacks cannot be named by hand.
                _ => Vec::new(),
            };
            let people = listed.iter().filter_map(|n| self.people.get(*n)).filter(|person| !person.gone);
            let people: Vec<String> = people.map(|person| format!("try(person[{:?}], null)", person.id)).collect();
            let _ = writeln!(
                text,
                "role {name:?} {{\n  members = [for who in [{}] : who if who != null]\n  access  = [group.s0.{group}]\n}}",
                people.join(", ")
            );
        }
        text
    }

    /// What the systems are like.
    pub fn likenesses(&self) -> BTreeMap<Symbol, Likeness> {
        let named = |n: usize| Symbol::new(&format!("s{n}"));
        self.systems.iter().enumerate().map(|(n, shape)| (named(n), shape.likeness())).collect()
    }
}

impl Shape {
    pub fn some(rng: &mut Rng) -> Shape {
        let transactions = rng.chance(0.3);
        let batch_objects = transactions || rng.chance(0.3);
        Shape {
            unique: rng.chance(0.7),
            case_exact: rng.chance(0.5),
            nested: rng.chance(0.5),
            batch: [1, 1, 3, 100][rng.below(4)],
            batch_objects,
            concurrency: 1 + rng.below(4),
            visibility: [0, 500, 5_000][rng.below(3)],
            outlives: transactions || rng.chance(0.7),
            transactions,
            stages: rng.chance(0.7),
        }
    }

    fn likeness(&self) -> Likeness {
        let key = |attribute: &str| {
            Some(Key { attribute: Symbol::new(attribute), unique: self.unique, case_exact: self.case_exact })
        };
        let capabilities = Capabilities {
            groups: true,
            nested_groups: self.nested,
            grants: true,
            deactivate: true,
            account_key: key("login"),
            group_key: key("name"),
            batch: self.batch,
            batch_objects: self.batch_objects,
            concurrency: self.concurrency,
            deadline: 3_000,
            visibility: self.visibility,
            outlives: if self.outlives { 1_000 } else { 0 },
            transfer: self.stages,
            archive: self.stages,
            delete: self.stages,
            ..Capabilities::default()
        };
        let schema = Schema { account_open: true, group_open: true, ..Schema::default() };
        let manners = Manners { transactions: self.transactions, page: 4, ..Manners::default() };
        Likeness { schema, capabilities, manners, holds: None }
    }
}
