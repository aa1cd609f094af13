//! People and services.

use state::{AttributeSchema, AttributeType, Complete, Mutability, Object, Observed, Schema, Shape};

use crate::support::{Case, attributes, evaluated};

#[test]
fn people_come_from_data_and_by_hand() {
    insta::assert_snapshot!(evaluated(r#"
people "hr" {
  from       = csvdecode(file("hr.csv"))
  key        = row.id
  name       = row.name
  department = row.department
  manager    = row.manager == "" ? null : person[row.manager]
  upstream   = try(self.manager.name, "nobody")
}
person "ada" {
  name  = "Ada Lovelace"
  email = "ada@acme.example"
}
--- hr.csv
id,name,department,manager
E2,Bob,Data,E1
E1,Cy,Data,
"#), @r#"
    person.E1 {"department": "Data", "name": "Cy", "upstream": "nobody"}
    person.E2 {"department": "Data", "manager": "person.E1", "name": "Bob", "upstream": "Cy"}
    person.ada {"email": "ada@acme.example", "name": "Ada Lovelace"}
    "#);
}

#[test]
fn columns_that_some_rows_lack_are_null_there_and_others_are_errors() {
    insta::assert_snapshot!(evaluated(r#"
people "a" {
  from = [{ id = "1", x = "here" }, { id = "2" }]
  key  = row.id
  x    = row.x
}
"#), @r#"
    person["1"] {"x": "here"}
    person["2"] {}
    "#);
    insta::assert_snapshot!(evaluated(r#"
people "a" {
  from = [{ id = "1", mail = "here" }, { id = "2" }]
  key  = row.id
  x    = row.mial
}
"#), @r#"
    main.hcl:5:14: there is no attribute "mial" in this object [for person["1"] and one other]
      hint: did you mean "mail"?
    "#);
}

#[test]
fn keys_must_be_there_and_stand_once() {
    insta::assert_snapshot!(evaluated(r#"
people "a" {
  from = [{ id = "1" }, { id = "" }, { id = null }, { id = "2" }, { id = null }, { id = [] }, { id = 7 }]
  key  = row.id
}
role "r" { members = [person["99"]] }
"#), @"
    main.hcl:4:10: people.a: row 2: the key is empty
      hint: every row needs a key of its own that never changes, such as an employee id
    main.hcl:4:10: people.a: rows 3, 5: the key is null
      hint: every row needs a key of its own that never changes, such as an employee id
    main.hcl:4:10: people.a: row 6: a key is a string, and this is a list
      hint: every row needs a key of its own that never changes, such as an employee id
    ");
    insta::assert_snapshot!(evaluated(r#"
people "a" {
  from = [{ id = "ada" }, { id = "bob" }, { id = "bob" }]
  key  = row.id
}
person "Ada" {}
service "ADA" {}
service "bot" {
  for_each = toset(["x"])
}
"#), @r#"
    main.hcl:4:10: the key "ada" stands twice: in person.Ada and in people.a (row 1) (keys are compared without regard to case)
      main.hcl:6: the other is here
      hint: people and services share one space of keys: give each its own
    main.hcl:4:10: the key "bob" stands twice: in people.a (row 2) and in people.a (row 3)
      hint: people and services share one space of keys: give each its own
    main.hcl:6:1: the key "Ada" stands twice: in service.ADA and in person.Ada (keys are compared without regard to case)
      main.hcl:7: the other is here
      hint: people and services share one space of keys: give each its own
    "#);
}

#[test]
fn a_key_is_found_without_regard_to_case() {
    insta::assert_snapshot!(evaluated(r#"
person "Ada" {}
role "r" {
  members = [person.ada, person["ADA"]]
  access  = [system.chat]
}
system "chat" { provider = "scim" }
"#), @"
    person.Ada {}
    system.chat = scim
    account.chat.Ada: role.r
    ");
}

#[test]
fn sources_that_are_no_lists() {
    insta::assert_snapshot!(evaluated(r#"
people "a" {
  from = { x = 1 }
  key  = row
}
people "b" {
  from = csvdecode(file("missing.csv"))
  key  = row.id
}
people "c" {
  from = csvdecode(file("ragged.csv"))
  key  = row.id
}
people "d" {
  from = null
  key  = row.id
}
people "e" {
  from = []
  key  = row.id
}
role "r" { members = [person.x, person.y, person.z] }
--- ragged.csv
id,name
1,a
2
"#), @r#"
    main.hcl:3:10: `from` takes a list of rows, and this is an object
      hint: such as csvdecode(file("people.csv")), a list of objects, or system.NAME; of an object take values(...)
    main.hcl:7:20: file: there is no file missing.csv
    main.hcl:11:10: csvdecode: CSV line 3 (row 2): 1 field, and the header has 2
      hint: a field that has a comma or a line break in it stands in quotes
    main.hcl:15:10: `from` takes a list of rows, and this is null
      hint: such as csvdecode(file("people.csv")), a list of objects, or system.NAME; of an object take values(...)
    "#);
}

#[test]
fn an_attribute_that_fails_for_many_is_told_once() {
    insta::assert_snapshot!(evaluated(r#"
people "a" {
  from    = [for n in range(500) : { id = "p${n}", n = n }]
  key     = row.id
  half    = row.n > 100 ? tonumber("x") : row.n
  ends    = row.n == 3 ? "" : row.n == 4 ? "31.12.2026" : null
  manager = row.n == 7 ? "p1" : null
}
"#), @r#"
    main.hcl:5:27: tonumber: argument 1 must be a number, and is a string that does not read as one [for person.p101 and 398 others]
    main.hcl:6:13: `ends`: `31.12.2026` is neither a date nor a moment [for person.p4]
      hint: write a date, 2026-12-31, or a moment, 2026-12-31T09:00:00Z
    main.hcl:6:13: `ends`: `` is neither a date nor a moment [for person.p3]
      hint: for an empty text write null: ends = row.x == "" ? null : row.x
    main.hcl:7:13: `manager` is a person, and this is a string [for person.p7]
      hint: write manager = person[KEY]
    "#);
}

#[test]
fn who_leaves_and_who_is_still_to_come() {
    insta::assert_snapshot!(evaluated(r#"
settings { timezone = "Pacific/Auckland" }
person "left" { status = "left" }
person "active" { status = "active" }
person "ended" { ends = "2026-11-22" }
person "ends_today_there" { ends = "2026-11-23" }
person "last_day" { ends = "2026-11-24" }
person "moment" { ends = "2026-11-23T11:59:59Z" }
person "moment_now" { ends = "2026-11-23T12:00:00Z" }
person "later" { starts = "2026-11-25" }
person "started" { starts = "2026-11-24" }
service "orphan" {
  owners           = [person.left, person.ended]
  ends_with_owners = true
}
service "kept" {
  owners           = [person.left, person.active]
  ends_with_owners = true
}
service "stays" { owners = [person.left] }
service "ended_bot" { ends = "2026-01-01" }
system "chat" { provider = "scim" }
role "all" {
  when   = true
  access = [system.chat, group.chat.all]
}
group "chat" "all" {}
"#), @r#"
    person.active {"status": "active"}
    person.ended LEAVER (ended 2026-11-22) {"ends": "2026-11-22"}
    service.ended_bot LEAVER (ended 2026-01-01) {"ends": "2026-01-01"}
    person.ends_today_there LEAVER (ended 2026-11-23) {"ends": "2026-11-23"}
    service.kept {"ends_with_owners": true, "owners": ["person.left","person.active"]}
    person.last_day {"ends": "2026-11-24"}
    person.later STARTS LATER {"starts": "2026-11-25"}
    person.left LEAVER (status = "left") {"status": "left"}
    person.moment LEAVER (ended 2026-11-23T11:59:59Z) {"ends": "2026-11-23T11:59:59Z"}
    person.moment_now {"ends": "2026-11-23T12:00:00Z"}
    service.orphan LEAVER (all its owners left) {"ends_with_owners": true, "owners": ["person.left","person.ended"]}
    person.started {"starts": "2026-11-24"}
    service.stays {"owners": ["person.left"]}
    system.chat = scim
    group.chat.all
    membership.chat.all.active: role.all
    membership.chat.all.kept: role.all
    membership.chat.all.last_day: role.all
    membership.chat.all.moment_now: role.all
    membership.chat.all.started: role.all
    membership.chat.all.stays: role.all
    later: membership.chat.all.later from 2026-11-24T11:00:00.000Z: role.all
    account.chat.active: role.all
    account.chat.kept: role.all
    account.chat.last_day: role.all
    account.chat.moment_now: role.all
    account.chat.started: role.all
    account.chat.stays: role.all
    "#);
}

#[test]
fn owners_are_people() {
    insta::assert_snapshot!(evaluated(r#"
person "ada" {}
service "a" { owners = person.ada }
service "b" { owners = ["ada"] }
service "c" {
  owners           = [person.ada]
  ends_with_owners = "no"
}
service "d" { key = "x" }
person "bob" { kind = "x" }
"#), @"
    main.hcl:3:24: `owners` is a list of people, and this is the reference person.ada
      hint: write owners = [person.ada]
    main.hcl:4:24: an owner is a person, and this is a string
      hint: write owners = [person.ada]
    main.hcl:7:22: `ends_with_owners` is true or false, and this is a string
    main.hcl:9:15: `key` cannot be set: every identity has it by itself
      hint: choose another name
    main.hcl:10:16: `kind` cannot be set: every identity has it by itself
      hint: choose another name
    ");
}

#[test]
fn an_attribute_that_others_have_is_null_and_one_that_nobody_has_is_an_error() {
    insta::assert_snapshot!(evaluated(r#"
person "ada" { department = "Data" }
service "bot" {}
role "data" {
  when   = self.department == "Data"
  access = [system.chat]
}
role "services" {
  when   = self.kind == "service"
  access = [system.chat]
}
system "chat" { provider = "scim" }
"#), @r#"
    person.ada {"department": "Data"}
    service.bot {}
    system.chat = scim
    account.chat.ada: role.data
    account.chat.bot: role.services
    "#);
    insta::assert_snapshot!(evaluated(r#"
person "ada" { department = "Data" }
role "data" { when = self.deparment == "Data" }
"#), @r#"
    main.hcl:3:27: person.ada has no attribute "deparment", nor has any other person or service [for person.ada]
      hint: did you mean "department"?
    "#);
}

#[test]
fn rules_hold_for_everybody_who_is_not_leaving() {
    insta::assert_snapshot!(evaluated(r#"
person "ada" { email = "ada@acme.example" }
person "bob" { email = "bob@else.example" }
person "cy" {
  email  = "cy@else.example"
  status = "left"
}
service "bot" {}
rule "work_mail" {
  condition = self.kind != "person" || endswith(self.email, "@acme.example")
  message   = "${self.email} is not a work address"
}
rule "some" {
  condition = length(people) > 5
  message   = "too few people"
}
rule "broken" {
  condition = self.email
  message   = "x"
}
"#), @r#"
    main.hcl:10:15: rule.work_mail: bob@else.example is not a work address [for person.bob]
      hint: change what the rule is about, or the rule
    main.hcl:14:15: rule.some: too few people
      hint: change what the rule is about, or the rule
    main.hcl:18:15: `condition` must be true or false, and this is a string [for person.ada]
      hint: compare with == or !=, such as self.department == "Data"
    main.hcl:18:15: `condition` must be true or false, and this is null [for service.bot]
      hint: compare with == or !=, such as self.department == "Data"
    "#);
}

#[test]
fn people_may_come_from_a_system() {
    let text = r#"
system "ad" { provider = "ldap" }
people "ad" {
  from   = system.ad
  key    = row.uid
  mail   = row.mail
  groups = row.groups
  status = row.active ? "active" : "left"
  remote = row.id
}
role "staff" {
  members = [person.ada]
  access  = [system.chat]
}
system "chat" { provider = "scim" }
"#;
    // Nothing was read: that is no reason to take everybody for gone, nor to call anybody undeclared.
    insta::assert_snapshot!(evaluated(text), @"
    main.hcl:2:1: people come from system.ad, and it was not read
      hint: nothing can be said about people before it was: see why it could not be read
    ");
    let mut case = Case::new(text);
    assert!(case.load().unwrap_or_else(|_| panic!("does not load")).validate(Default::default()).is_ok());
    let mut bob = Object::new("2", attributes(&[("uid", "bob")]));
    bob.active = false;
    let observed = Observed::new(
        Complete::proved("test", case.now),
        vec![Object::new("1", attributes(&[("uid", "ada"), ("mail", "ada@acme.example")])), bob],
        vec![Object::new("g1", attributes(&[("cn", "staff")])), Object::new("g2", attributes(&[]))],
        ["g1", "g2"]
            .map(|group| state::Membership {
                group: group.into(),
                member: "1".into(),
                nested: false,
                attributes: attributes(&[]),
            })
            .into(),
        Vec::new(),
    );
    case.people.insert("ad".into(), (observed, Some("cn".into())));
    insta::assert_snapshot!(case.text(), @r#"
    person.ada {"groups": ["g2","staff"], "mail": "ada@acme.example", "remote": "1", "status": "active"}
    person.bob LEAVER (status = "left") {"groups": [], "remote": "2", "status": "left"}
    system.ad = ldap read-only
    system.chat = scim
    account.chat.ada: role.staff
    "#);
}

/// The last one who had a title left: what the system knows and nobody has is null. What it does not know is a mistake.
#[test]
fn what_nobody_has_in_the_system_that_people_come_from() {
    let text = |attribute: &str| {
        format!(
            r#"
system "ad" {{ provider = "ldap" }}
people "ad" {{
  from    = system.ad
  key     = row.uid
  title   = row.{attribute}
  manager = row.manager == null ? null : lower(row.manager)
}}
"#
        )
    };
    let evaluated = |attribute: &str| {
        let mut case = Case::new(&text(attribute));
        let known = |name: &str| AttributeSchema {
            name: name.into(),
            value: AttributeType::Any,
            shape: Shape::One,
            mutability: Mutability::ReadWrite,
            case_exact: false,
            required: false,
        };
        let account = ["uid", "title", "manager", "name.given"].map(known).to_vec();
        case.schemas.insert("ad".into(), Schema { account, ..Schema::default() });
        let people =
            vec![Object::new("1", attributes(&[("uid", "ada")])), Object::new("2", attributes(&[("uid", "bob")]))];
        let proof = Complete::proved("test", case.now);
        case.people.insert("ad".into(), (Observed::new(proof, people, vec![], vec![], vec![]), None));
        case.text()
    };
    insta::assert_snapshot!(evaluated("title"), @"
    person.ada {}
    person.bob {}
    system.ad = ldap read-only
    ");
    insta::assert_snapshot!(evaluated("titel"), @r#"
    main.hcl:6:17: there is no attribute "titel" in this object [for person.ada and one other]
      hint: it has: active, groups, id, manager, uid
    "#);
}

#[test]
fn a_system_that_people_come_from_is_only_read() {
    insta::assert_snapshot!(evaluated(r#"
system "ad" {
  provider = "ldap"
  account {}
}
system "hr" { provider = "ldap" }
people "ad" {
  from = system.ad
  key  = row.uid
}
people "hr" {
  from = system.hr
  key  = row.uid
}
group "hr" "x" {}
role "r" {
  access = [system.hr]
}
"#), @"
    main.hcl:2:1: system.ad is a source of people, and is only read
      hint: take out its `account` block: what people come from is never written
    main.hcl:15:1: system.hr is a source of people, and is only read
      hint: give access on other systems: what people come from is never written
    main.hcl:16:1: system.hr is a source of people, and is only read
      hint: give access on other systems: what people come from is never written
    ");
}
