//! A configuration out of what systems hold: the first plan takes everything under management and changes nothing, and
//! after it nothing is left to do, whatever the systems hold.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use proptest::prelude::*;
use state::FactKind;
use tenure_engine::scaffold::{Extent, Given, Scaffold, scaffold};

use crate::dump::dump;
use crate::remote::Remote;
use crate::story::{Story, errors};

/// What is written for these systems.
fn written(systems: &BTreeMap<&str, Remote>) -> (Scaffold, String) {
    let now = "2026-11-23T12:00:00Z".parse().unwrap();
    let observed: BTreeMap<&str, state::Observed> =
        systems.iter().map(|(name, remote)| (*name, remote.observed(now))).collect();
    let given: Vec<Given<'_>> = systems
        .iter()
        .map(|(name, remote)| Given {
            name: (*name).into(),
            observed: &observed[name],
            schema: &remote.schema,
            capabilities: &remote.capabilities,
            declared: None,
            has_account: false,
        })
        .collect();
    let made = scaffold(&given, Extent { grants: true, attributes: true });
    let mut text = String::from("\n");
    for name in systems.keys() {
        let own = &made.systems[&state::Symbol::new(name)];
        text.push_str(&format!("system \"{name}\" {{\nprovider = \"directory\"\n{own}}}\n"));
    }
    for (path, file) in made.files.iter().filter(|(path, _)| path != "correlation.csv") {
        text.push_str(&format!("--- {path}\n{file}"));
    }
    (made, text)
}

/// The story of a configuration that was written for these systems.
fn story(systems: &BTreeMap<&str, Remote>) -> (Story, String) {
    let (_, text) = written(systems);
    let mut story = Story::new(&text);
    story.systems.extend(systems.iter().map(|(name, remote)| (state::Symbol::new(name), remote.clone())));
    (story, text)
}

/// The first plan only takes over; the second is empty.
fn holds(systems: &BTreeMap<&str, Remote>) {
    let (mut story, text) = story(systems);
    for first in [true, false] {
        story.with(|planned, _| {
            let plan = planned.unwrap_or_else(|(files, wrong)| panic!("{}\n{text}", errors(&files, &wrong))).plan;
            let taken = plan.facts.iter().filter(|fact| fact.kind == FactKind::Adopted).count();
            assert!(plan.changes.is_empty(), "something would change:\n{}\n{text}", dump(&plan));
            assert!(first || taken == 0, "not everything was taken over at first:\n{}\n{text}", dump(&plan));
        });
        assert_eq!(story.apply(), "");
    }
}

fn systems<'a>(parts: &[(&'a str, &str, &str)]) -> BTreeMap<&'a str, Remote> {
    let remote = |options: &str, lines: &str| {
        let mut remote = Remote::new(options);
        lines.lines().map(str::trim).filter(|line| !line.is_empty()).for_each(|line| remote.line(line));
        remote
    };
    parts.iter().map(|(name, options, lines)| (*name, remote(options, lines))).collect()
}

#[test]
fn a_small_company() {
    let systems = systems(&[
        (
            "chat",
            "stronger=role/member/owner",
            r#"
            account c1 {"userName":"ada@acme.example","title":"Engineer"}
            account c2 {"userName":"bob@acme.example","title":"Engineer"}
            account c3 {"userName":"cat@acme.example","title":"Nurse"}
            account c4 off {"userName":"old@acme.example"}
            group g1 {"displayName":"Everyone"}
            group g2 {"displayName":"Engineering Team"}
            member g1 c1
            member g1 c2
            member g1 c3
            member g2 c1 {"role":"owner"}
            member g2 c2 {"role":"member"}
            member g2 c4
            nested g1 g2
            grant g2 {"on":"wall"}
            "#,
        ),
        (
            "corp",
            "",
            r#"
            account a1 {"userName":"ada","mail":"Ada@acme.example","givenName":"Ada","sn":"Lovelace","cn":"Ada Lovelace"}
            account a2 {"userName":"bob","mail":"bob@acme.example","givenName":"Bob","sn":"Kahn","cn":"Bob Kahn"}
            account a3 {"userName":"cat","mail":"cat@acme.example","givenName":"Cat","sn":"Stevens","cn":"Cat Stevens"}
            account a4 {"userName":"backup"}
            group h1 {"displayName":"staff"}
            member h1 a1
            member h1 a2
            member h1 a3
            "#,
        ),
    ]);
    let (made, text) = written(&systems);
    assert_snapshot!(format!("{text}\n=== notes\n{}", made.notes.join("\n")), @r#"
    system "chat" {
    provider = "directory"
    match = self.email == account.userName
    account {
    title = self.title
    userName = self.email
    }
    }
    system "corp" {
    provider = "directory"
    match = self.login == account.userName
    account {
    givenName = self.given_name
    sn = self.family_name
    userName = self.login
    }
    }
    --- people.hcl
    person "ada" {
    given_name = "Ada"
    family_name = "Lovelace"
    email = "ada@acme.example"
    login = "ada"
    title = "Engineer"
    }

    person "bob" {
    given_name = "Bob"
    family_name = "Kahn"
    email = "bob@acme.example"
    login = "bob"
    title = "Engineer"
    }

    person "cat" {
    given_name = "Cat"
    family_name = "Stevens"
    email = "cat@acme.example"
    login = "cat"
    title = "Nurse"
    }

    --- services.hcl
    # Accounts of machines, as it seems. Say who looks after each: `owners = [person.KEY]`.

    service "backup" {
    login = "backup"
    }

    --- groups.hcl

    group "chat" "engineering_team" {
    displayName = "Engineering Team"
    members = [{ who = person.ada, role = "owner" }, person.bob]
    grants = [
    { on = "wall" },
    ]
    }

    group "chat" "Everyone" { members = [group.chat.engineering_team] }
    group "corp" "staff" {}
    --- roles.hcl
    role "everybody" {
    when = true
    access = [system.corp]
    }

    role "employee" {
    when = self.kind == "person"
    access = [system.chat, group.chat.Everyone, group.corp.staff]
    }


    === notes
    system.chat: accounts that are switched off are left out, 1 in all: old@acme.example
    1 account has neither mail nor a person's name, and were taken for services: see services.hcl
    system.chat: 1 membership of accounts or groups that are left out stay as they are, and are told as unexplained
    "#);
    holds(&systems);
}

/// A login on one system and the name in the address on another: one person's, unless another address, or another account
/// of the same system, speaks against it.
#[test]
fn a_login_that_is_the_name_in_an_address() {
    let systems = systems(&[
        (
            "chat",
            "",
            r#"
            account c1 {"userName":"ada@acme.example"}
            account c2 {"userName":"bob@acme.example"}
            account c3 {"userName":"cat@acme.example"}
            account c4 {"userName":"cat@old.example"}
            account c5 {"userName":"dan@acme.example"}
            "#,
        ),
        (
            "db",
            "",
            r#"
            account d1 {"userName":"Ada"}
            account d2 {"userName":"bob","mail":"bob@other.example"}
            account d3 {"userName":"cat"}
            account d4 {"userName":"dan","mail":"daniel@acme.example"}
            account d5 {"userName":"batch"}
            "#,
        ),
    ]);
    let (made, _) = written(&systems);
    let joins = made.joins.iter().map(|join| {
        let accounts: Vec<String> = join.accounts.iter().map(|(system, name)| format!("{system}/{name}")).collect();
        let evidence: Vec<String> =
            join.evidence.iter().map(|(kind, text)| format!("{} {text}", kind.word())).collect();
        format!("{}: {} by {}\n", join.person, accounts.join(", "), evidence.join(", "))
    });
    assert_snapshot!(format!("{}{}", joins.collect::<String>(), made.notes.join("\n")), @r#"
    Ada: chat/ada@acme.example, db/Ada by name before the @ ada
    name before the @ "bob" does not make one person of two: the addresses of mail differ
    name before the @ "cat" is shared by 3 accounts, and says nothing about whose they are
    name before the @ "dan" does not make one person of two: the addresses of mail differ
    2 accounts have neither mail nor a person's name, and were taken for services: see services.hcl
    "#);
    holds(&systems);
}

/// More people than one types stand in a table, and long lists of members too.
#[test]
fn many_people() {
    let mut lines = String::new();
    for n in 0..130 {
        let department = ["Data", "Sales"][n % 2];
        let quoted = if n == 7 { "O\\\"Neil, J." } else { "Kim" };
        lines.push_str(&format!(
            "account a{n} {{\"userName\":\"u{n}\",\"mail\":\"u{n}@acme.example\",\"sn\":\"{quoted}\",\"department\":\"{department}\"}}\n"
        ));
        if n % 2 == 0 {
            lines.push_str(&format!("member g1 a{n}\n"));
        }
        if n % 3 > 0 {
            lines.push_str(&format!("member g2 a{n}\n"));
        }
    }
    lines = format!("group g1 {{\"displayName\":\"data\"}}\ngroup g2 {{\"displayName\":\"most\"}}\n{lines}");
    let systems = systems(&[("corp", "", &lines)]);
    let (_, text) = written(&systems);
    let head: Vec<&str> = text.lines().filter(|line| !line.starts_with('u') && !line.starts_with("group.")).collect();
    assert_snapshot!(head.join("\n"), @r#"
    system "corp" {
    provider = "directory"
    match = self.login == account.userName
    account {
    department = self.department
    mail = self.email
    sn = self.family_name
    }
    }
    --- people.hcl
    people "staff" {
    from = csvdecode(file("people.csv"))
    key = row.id # the stable identity: it stays when name and mail change
    family_name = row.family_name
    email = row.email
    login = row.login
    department = row.department
    }
    --- people.csv
    id,family_name,email,login,department
    --- groups.hcl
    group "corp" "data" {}

    group "corp" "most" {
    members = [for row in local.members : person[row.person] if row.of == "group.corp.most"]
    }

    --- roles.hcl
    role "everybody" {
    when = true
    access = [system.corp]
    }

    role "Data" {
    when = self.department == "Data"
    access = [group.corp.data]
    }

    --- members.hcl
    # Lists of members that are too long to be read: of which role or group, and who.
    locals {
    members = csvdecode(file("members.csv"))
    }
    --- members.csv
    of,person
    "#);
    assert!(text.contains("u7,\"O\"\"Neil, J.\",u7@acme.example,u7,Sales"), "{text}");
    holds(&systems);
}

/// Two people with one login are two people; a mail that several accounts of one system have says nothing.
#[test]
fn what_speaks_against_one_person_is_heeded() {
    let systems = systems(&[
        (
            "chat",
            "",
            r#"
            account c1 {"userName":"jdoe","mail":"john@acme.example"}
            account c2 {"userName":"team1","mail":"team@acme.example"}
            account c3 {"userName":"team2","mail":"team@acme.example"}
            "#,
        ),
        (
            "corp",
            "",
            r#"
            account a1 {"userName":"jdoe","mail":"jane@acme.example"}
            account a2 {"userName":"other","mail":"team@acme.example"}
            "#,
        ),
    ]);
    let (made, _) = written(&systems);
    assert!(made.joins.is_empty(), "{:?}", made.joins);
    assert_snapshot!(made.notes.join("\n"), @r#"
    mail "team@acme.example" is shared by 3 accounts, and says nothing about whose they are
    login "jdoe" does not make one person of two: the addresses of mail differ
    "#);
    holds(&systems);
}

const ODD: [&str; 12] =
    ["core", "Core", "a b", "x\"y", "${self}", "%{if}", "", " ", "ünï", "4eyes", "_id", "line\nbreak"];

/// One account: who it is of (of a pool of people), how the system writes logins, whether it is on.
type Drawn = (usize, u8, bool);

fn world() -> impl Strategy<Value = BTreeMap<&'static str, Remote>> {
    let accounts = proptest::collection::vec((0..9usize, 0..6u8, proptest::bool::weighted(0.9)), 0..10);
    let groups = proptest::collection::vec(0..ODD.len(), 0..5);
    let members = proptest::collection::vec((0..5usize, 0..10usize, any::<bool>(), 0..4u8), 0..16);
    let grants = proptest::collection::vec((0..5usize, 0..ODD.len()), 0..4);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let system = (accounts, groups, members, grants, flags)
        .prop_map(|(accounts, groups, members, grants, flags)| remote(&accounts, &groups, &members, &grants, flags));
    proptest::collection::vec(system, 1..4)
        .prop_map(|systems| ["chat", "corp", "db"].into_iter().zip(systems).collect())
}

fn remote(
    accounts: &[Drawn],
    groups: &[usize],
    members: &[(usize, usize, bool, u8)],
    grants: &[(usize, usize)],
    (flat, exact, names): (bool, bool, bool),
) -> Remote {
    let options =
        format!("stronger=role/member/owner {} {}", if flat { "flat" } else { "" }, if exact { "exact" } else { "" });
    let mut remote = Remote::new(&options);
    for (n, (who, style, active)) in accounts.iter().enumerate() {
        let mut attributes = serde_json::Map::new();
        let mut set = |name: &str, value: serde_json::Value| drop(attributes.insert(name.to_owned(), value));
        match style {
            0 => set("userName", format!("p{who}").into()),
            1 => set("userName", format!("P{who}@acme.example").into()),
            2 => set("userName", format!("{}{who}", ODD[*who]).into()),
            3 => set("uid", format!("p{who}").into()),
            4 => set("userName", vec![format!("p{who}"), "x".to_owned()].into()),
            _ => set("userName", ODD[*who].into()),
        }
        if who % 3 > 0 {
            set("mail", format!("p{who}@acme.example").into());
        }
        if names {
            set("sn", ODD[*who].into());
            set("name", serde_json::json!({ "givenName": format!("G{who}"), "familyName": ODD[*who] }));
        }
        if who % 2 == 0 {
            set("department", "Data".into());
        }
        let off = if *active { "" } else { "off " };
        remote.line(&format!("account a{n} {off}{}", serde_json::Value::Object(attributes)));
    }
    for (n, name) in groups.iter().enumerate() {
        remote.line(&format!("group g{n} {}", serde_json::json!({ "displayName": ODD[*name] })));
    }
    for (group, member, nested, role) in members.iter().filter(|(group, ..)| *group < groups.len()) {
        let role = match role {
            0 => r#" {"role":"owner"}"#,
            1 => r#" {"role":"member"}"#,
            _ => "",
        };
        if *nested && *member < groups.len() && member != group && !flat {
            remote.line(&format!("nested g{group} g{member}"));
        } else if *member < accounts.len() {
            remote.line(&format!("member g{group} a{member}{role}"));
        }
    }
    for (group, on) in grants.iter().filter(|(group, _)| *group < groups.len()) {
        remote.line(&format!("grant g{group} {}", serde_json::json!({ "on": ODD[*on] })));
    }
    remote
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_first_plan_only_takes_over_and_the_second_is_empty(systems in world()) {
        holds(&systems);
    }
}
