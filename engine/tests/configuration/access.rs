//! Roles, groups, times and qualifiers.

use state::{Schema, Symbol};

use crate::support::{Case, evaluated};

/// People `a` to `d`, and a chat system with groups `g` and `h`.
const WORLD: &str = r#"
person "a" { team = "x" }
person "b" { team = "x" }
person "c" { team = "y" }
person "d" {}
system "chat" { provider = "scim" }
"#;

/// Memberships and accounts alone.
fn access(text: &str) -> String {
    let text = evaluated(&format!("{WORLD}{text}"));
    let wanted = |line: &&str| ["membership", "later", "account", "main.hcl", "  "].iter().any(|w| line.starts_with(w));
    text.lines().filter(wanted).map(|line| format!("{line}\n")).collect()
}

#[test]
fn groups_are_nested_thousands_deep_but_not_in_a_circle() {
    const DEEP: usize = 10_000;
    let nested = |innermost: &str| -> String {
        let block = |n: usize| match n + 1 {
            DEEP => format!("group \"chat\" \"g{n}\" {{ members = [{innermost}] }}\n"),
            next => format!("group \"chat\" \"g{n}\" {{ members = [group.chat.g{next}] }}\n"),
        };
        (0..DEEP).map(block).collect()
    };
    let memberships = access(&nested("person.a"));
    assert_eq!(memberships.lines().filter(|line| line.starts_with("membership.chat.g")).count(), DEEP);
    let circle = evaluated(&format!("{WORLD}{}", nested("group.chat.g0")));
    let way = "groups contain each other in a circle: group.chat.g0 -> group.chat.g1 -> group.chat.g2 -> group.chat.g3 -> \
               group.chat.g4 -> group.chat.g5 -> (and 9989 more) -> group.chat.g9995";
    assert!(circle.contains(way) && circle.len() < 1_000, "{circle}");
}

#[test]
fn roles_give_access_and_lie_within_roles() {
    insta::assert_snapshot!(access(r#"
group "chat" "g" {}
group "chat" "h" { members = [role.team] }
role "team" {
  when    = self.team == "x"
  members = [person.d]
  access  = [role.basic]
}
role "basic" {
  members = [person.c, { who = role.guests, reason = "visit" }]
  access  = [group.chat.g]
}
role "guests" { members = [{ who = person.b, until = "2026-12-01" }] }
"#), @"
    membership.chat.g.a: role.team > role.basic
    membership.chat.g.b: role.guests until 2026-12-01 > role.basic (visit); role.team > role.basic
    membership.chat.g.c: role.basic
    membership.chat.g.d: role.team > role.basic
    membership.chat.h.a: role.team > group.chat.h
    membership.chat.h.b: role.team > group.chat.h
    membership.chat.h.d: role.team > group.chat.h
    account.chat.a: role.team > group.chat.h; role.team > role.basic
    account.chat.b: role.guests until 2026-12-01 > role.basic (visit); role.team > group.chat.h; role.team > role.basic
    account.chat.c: role.basic
    account.chat.d: role.team > group.chat.h; role.team > role.basic
    ");
}

#[test]
fn except_comes_last_and_must_exclude_somebody() {
    insta::assert_snapshot!(access(r#"
group "chat" "g" {
  members = [person.a, role.all]
  except  = [person.a, role.y]
}
role "all" {
  when   = self.kind == "person"
  access = [system.chat]
  except = [person.d]
}
role "y" { when = self.team == "y" }
"#), @"
    membership.chat.g.b: role.all > group.chat.g
    account.chat.a: role.all
    account.chat.b: role.all; role.all > group.chat.g
    account.chat.c: role.all
    ");
    insta::assert_snapshot!(access(r#"
group "chat" "g" {
  members = [person.a]
  except  = [person.b]
}
role "none" { except = [person.a] }
"#), @"
    main.hcl:10:13: `except` of group.chat.g names person.b, and that excludes nobody
      hint: take person.b out of `except`: it would not be in group.chat.g anyway
    main.hcl:12:24: `except` of role.none names person.a, and that excludes nobody
      hint: take person.a out of `except`: it would not be in role.none anyway
    ");
    // What leaves takes the need for an exception along; that is no error.
    insta::assert_snapshot!(access(r#"
person "gone" {
  status = "left"
  team   = "x"
}
role "x" {
  when   = self.team == "x"
  except = [person.gone]
  access = [system.chat]
}
"#), @"
    account.chat.a: role.x
    account.chat.b: role.x
    ");
}

#[test]
fn times_unite_and_intersect() {
    insta::assert_snapshot!(access(r#"
group "chat" "permanent_beats" {
  members = [person.a, { who = person.a, until = "2026-12-01" }]
}
group "chat" "later_end_wins" {
  members = [{ who = person.a, until = "2026-12-24" }, { who = person.a, until = "2026-12-01" }]
}
group "chat" "touching" {
  members = [{ who = person.a, until = "2026-12-01" }, { who = person.a, from = "2026-12-01", until = "2026-12-09" }]
}
group "chat" "gap" {
  members = [{ who = person.a, until = "2026-12-01" }, { who = person.a, from = "2026-12-02" }]
}
group "chat" "over" { members = [{ who = person.a, until = "2026-11-23" }] }
group "chat" "ahead" { members = [{ who = person.a, from = "2026-11-24", reason = "next" }] }
group "chat" "moment" {
  members = [{ who = person.a, from = "2026-11-23T12:00:00Z", until = "2026-11-23T12:00:01Z" }]
}
group "chat" "chain" { members = [{ who = role.r, until = "2026-12-05" }] }
group "chat" "never" { members = [{ who = role.r, from = "2027-01-01" }] }
role "r" { members = [{ who = person.b, from = "2026-11-01", until = "2026-12-31" }, person.c] }
"#), @"
    membership.chat.chain.b from 2026-11-01T00:00:00.000Z until 2026-12-05T00:00:00.000Z: role.r until 2026-12-31 > group.chat.chain until 2026-12-05
    membership.chat.chain.c until 2026-12-05T00:00:00.000Z: role.r > group.chat.chain until 2026-12-05
    membership.chat.gap.a until 2026-12-01T00:00:00.000Z: group.chat.gap until 2026-12-01
    membership.chat.later_end_wins.a until 2026-12-24T00:00:00.000Z: group.chat.later_end_wins until 2026-12-01; group.chat.later_end_wins until 2026-12-24
    membership.chat.moment.a from 2026-11-23T12:00:00.000Z until 2026-11-23T12:00:01.000Z: group.chat.moment until 2026-11-23T12:00:01Z
    membership.chat.permanent_beats.a: group.chat.permanent_beats; group.chat.permanent_beats until 2026-12-01
    membership.chat.touching.a until 2026-12-09T00:00:00.000Z: group.chat.touching until 2026-12-01
    later: membership.chat.ahead.a from 2026-11-24T00:00:00.000Z: group.chat.ahead (next)
    later: membership.chat.never.c from 2027-01-01T00:00:00.000Z: role.r > group.chat.never
    later: membership.chat.over.a until 2026-11-23T00:00:00.000Z: group.chat.over until 2026-11-23
    account.chat.a: group.chat.gap until 2026-12-01; group.chat.later_end_wins until 2026-12-01; group.chat.later_end_wins until 2026-12-24; group.chat.moment until 2026-11-23T12:00:01Z; group.chat.permanent_beats; group.chat.permanent_beats until 2026-12-01; group.chat.touching until 2026-12-01
    account.chat.b until 2026-12-05T00:00:00.000Z: role.r until 2026-12-31 > group.chat.chain until 2026-12-05
    account.chat.c until 2026-12-05T00:00:00.000Z: role.r > group.chat.chain until 2026-12-05
    ");
}

#[test]
fn entries_are_checked() {
    insta::assert_snapshot!(access(r#"
group "chat" "g" {}
system "corp" { provider = "ldap" }
group "corp" "k" {}
role "r" {
  members = [
    "a",
    { until = "2026-12-01" },
    { who = person.a, until = "01.12.2026" },
    { who = person.a, until = 7 },
    { who = person.a, from = "2026-12-02", until = "2026-12-01" },
    { who = person.a, role = "x" },
    group.chat.g,
    [person.a],
    people,
    null,
  ]
  access = [person.a, role.r2, { who = system.chat, role = "x" }]
}
role "r2" {
  members = person.a
  access  = system.chat
  except  = [{ who = person.a }]
}
group "chat" "h" { members = [group.corp.k, system.chat] }
group "chat" "i" { members = people }
"#), @r#"
    main.hcl:13:5: an entry of `members` cannot be a string
      hint: name a person: person["a"]
    main.hcl:14:5: this entry lacks `who`
      hint: write { who = person.ada, until = "2026-12-31" }
    main.hcl:15:5: `until`: `01.12.2026` is neither a date nor a moment
      hint: write a date, 2026-12-31, or a moment, 2026-12-31T09:00:00Z
    main.hcl:16:5: `until` must be a string, and this is a number
    main.hcl:17:5: this ends (2026-12-01) before it begins (2026-12-02)
      hint: `from` is the first moment, `until` the first one without
    main.hcl:18:5: `role` says something about a group, and this entry names none
      hint: put it where the group stands: access = [{ who = group.chat.core, ... }]
    main.hcl:19:5: an entry of `members` cannot be the reference group.chat.g
      hint: it names a person, a service or a role
    main.hcl:20:5: an entry of `members` cannot be a list
      hint: the list is nested: write flatten([...]) or concat(...)
    main.hcl:21:5: an entry of `members` cannot be the reference people
      hint: name one of them, or list all: [for x in people : x]
    main.hcl:22:5: an entry of `members` cannot be null
      hint: it names a person, a service or a role
    main.hcl:24:13: an entry of `access` cannot be the reference person.a
      hint: it names a group, a system or a role
    main.hcl:24:32: `role` says something about a group, and this entry names none
      hint: put it where the group stands: access = [{ who = group.chat.core, ... }]
    main.hcl:27:13: `members` is a list, and this is the reference person.a
      hint: put brackets around it: [ ... ]
    main.hcl:28:13: `access` is a list, and this is the reference system.chat
      hint: put brackets around it: [ ... ]
    main.hcl:29:14: `except` takes references alone
      hint: take times away from the entry that gives the access instead
    main.hcl:31:31: group.corp.k stands on another system
      hint: members are groups of system.chat, or people, services and roles
    main.hcl:31:45: an entry of `members` cannot be the reference system.chat
      hint: it names a person, a service, a role, or a group of the same system
    "#);
}

#[test]
fn circles_of_roles_and_groups_are_errors() {
    insta::assert_snapshot!(access(r#"
role "a" { access = [role.b] }
role "b" {}
role "c" { members = [role.b] }
role "d" { except = [role.c] }
role "e" {
  members = [role.c]
  access  = [role.a]
}
"#), @"
    main.hcl:8:1: roles lead in a circle: role.a -> role.b -> role.c -> role.e -> role.a
      main.hcl:9: role.b is here
      main.hcl:10: role.c is here
      main.hcl:12: role.e is here
      hint: take one of them out of the other's `access` or `members`
    ");
    insta::assert_snapshot!(access(r#"
role "a" { access = [role.b] }
role "b" { access = [role.c] }
role "c" { access = [role.a] }
"#), @"
    main.hcl:8:1: roles lead in a circle: role.a -> role.b -> role.c -> role.a
      main.hcl:9: role.b is here
      main.hcl:10: role.c is here
      hint: take one of them out of the other's `access` or `members`
    ");
    insta::assert_snapshot!(access(r#"
group "chat" "g" { members = [group.chat.h] }
group "chat" "h" { members = [group.chat.g] }
"#), @"
    main.hcl:8:1: groups contain each other in a circle: group.chat.g -> group.chat.h -> group.chat.g
      hint: take one of them out of the other's `members`
    ");
}

#[test]
fn groups_nest() {
    insta::assert_snapshot!(access(r#"
group "chat" "g" { members = [group.chat.h, person.a] }
group "chat" "h" { members = [{ who = person.b, until = "2026-12-01" }] }
"#), @"
    membership.chat.g.a: group.chat.g
    membership.chat.g.group.h: group.chat.g
    membership.chat.h.b until 2026-12-01T00:00:00.000Z: group.chat.h until 2026-12-01
    account.chat.a: group.chat.g
    account.chat.b until 2026-12-01T00:00:00.000Z: group.chat.h until 2026-12-01
    ");
}

fn with_roles(text: &str) -> String {
    let mut case = Case::new(&format!("{WORLD}{text}"));
    let role: Symbol = "role".into();
    let schema = Schema { qualifiers: vec![(role, vec!["member".into(), "maintainer".into()])], ..Schema::default() };
    case.schemas.insert("chat".into(), schema);
    case.text()
        .lines()
        .filter(|line| line.contains(".g.") || line.contains("  "))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn the_stronger_qualifier_wins() {
    insta::assert_snapshot!(with_roles(r#"
group "chat" "g" {
  members = [
    { who = person.a, role = "member" },
    { who = person.b, role = "maintainer" },
    { who = person.c, role = "maintainer", until = "2026-11-01" },
    person.d,
  ]
}
role "all" {
  when   = self.kind == "person"
  access = [{ who = group.chat.g, role = "member" }]
}
"#), @r#"
    membership.chat.g.a {"role": "member"}: group.chat.g; role.all
    membership.chat.g.b {"role": "maintainer"}: group.chat.g; role.all
    membership.chat.g.c {"role": "member"}: role.all
    membership.chat.g.d {"role": "member"}: group.chat.g; role.all
    "#);
    // "owner" is none of the values whose order the system tells.
    insta::assert_snapshot!(with_roles(r#"
group "chat" "g" { members = [{ who = person.a, role = "owner" }, { who = person.a, level = 1 }] }
role "all" {
  members = [person.a]
  access  = [{ who = group.chat.g, role = "member" }]
}
"#), @r#"
    main.hcl:8:1: membership.chat.g.a is asked for twice: with role = "member" by role.all, and with role = "owner" by group.chat.g
      main.hcl:9: role.all is here
      hint: which role is stronger is not known for system.chat: say it once
    "#);
}

#[test]
fn conditions_find_the_same_people_by_index_and_by_asking() {
    // Each pair says the same; the second form is one that no index answers.
    for (indexed, asked) in [
        ("self.team == \"x\"", "!(self.team != \"x\")"),
        ("\"x\" == self.team", "!(self.team != \"x\")"),
        ("self.team == \"x\" && self.key == \"a\"", "!(self.team != \"x\" || self.key != \"a\")"),
        ("self.team == \"x\" || self.team == \"y\"", "!(self.team != \"x\" && self.team != \"y\")"),
        ("contains([\"x\", \"y\"], self.team)", "!(self.team != \"x\" && self.team != \"y\")"),
        ("self.team == \"none\"", "!(self.team != \"none\")"),
        ("self.team == \"x\" && length(self.key) == 1", "!(self.team != \"x\" || length(self.key) != 1)"),
        ("self.kind == \"person\" && self.team == null", "!(self.kind != \"person\" || self.team != null)"),
    ] {
        let of =
            |condition: &str| access(&format!("role \"r\" {{\n when = {condition}\n access = [system.chat]\n}}\n"));
        assert_eq!(of(indexed), of(asked), "{indexed}");
        assert!(indexed.contains("none") || of(indexed).contains("account."), "{indexed}: {}", of(indexed));
    }
}

#[test]
fn conditions_that_are_none() {
    insta::assert_snapshot!(access(r#"
role "a" { when = self.team }
role "b" { when = self.accounts.chat.id == "x" }
role "c" { when = "yes" }
role "d" { when = self.team == nothing }
"#), @r#"
    main.hcl:8:19: `when` must be true or false, and this is a string [for person.a]
      hint: compare with == or !=, such as self.department == "Data"
    main.hcl:9:19: `when` is known only after apply [for person.a]
      hint: what is made by apply may stand in attributes of accounts and groups only
    main.hcl:10:19: `when` must be true or false, and this is a string
      hint: compare with == or !=, such as self.department == "Data"
    main.hcl:11:32: there is no "nothing" here [for person.a]
      hint: names that are known here: group, local, offboarding, people, person, role, self, service, system, var; for text, write "nothing"
    "#);
}

#[test]
fn grants_belong_to_groups() {
    insta::assert_snapshot!(evaluated(r#"
system "db" { provider = "postgresql" }
group "db" "a" { grants = [{ database = "sales", privileges = ["SELECT"], schema = null }] }
group "db" "b" { grants = [] }
group "db" "c" { grants = null }
group "db" "d" {}
"#), @r#"
    system.db = postgresql
    group.db.a grants [{"database": "sales", "privileges": ["SELECT"]}]
    group.db.b grants []
    group.db.c
    group.db.d
    "#);
    insta::assert_snapshot!(evaluated(r#"
system "db" { provider = "postgresql" }
group "db" "a" { grants = ["x"] }
group "db" "b" { grants = { a = 1 } }
group "db" "c" { exclusive = "yes" }
"#), @r#"
    main.hcl:3:27: a grant is an object, and this is a string
      hint: such as { database = "sales", privileges = ["SELECT"] }
    main.hcl:4:27: `grants` is a list of objects, and this is an object
      hint: put brackets around it: [{ ... }]
    main.hcl:5:30: `exclusive` must be true or false, and this is a string
      hint: compare with == or !=, such as self.department == "Data"
    "#);
}

#[test]
fn many_ways_through_roles_stay_few() {
    // Twenty layers of two roles each: a million ways from the first to the last.
    let mut text = String::from("role \"r0a\" {\n members = [person.a]\n access = [role.r1a, role.r1b]\n}\n");
    for n in 1..20 {
        for side in ["a", "b"] {
            text.push_str(&format!("role \"r{n}{side}\" {{ access = [role.r{0}a, role.r{0}b] }}\n", n + 1));
        }
    }
    text.push_str("role \"r20a\" { access = [system.chat] }\nrole \"r20b\" {}\n");
    let found = access(&text);
    assert_eq!(found.lines().count(), 1, "{found}");
    assert!(found.matches("; ").count() < 4, "{found}");
}
