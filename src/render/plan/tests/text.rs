//! For people, on a terminal or not.

use super::super::sample::{Sample, company, large};
use super::*;
use crate::cli::By;

#[test]
fn text_by_person() {
    insta::assert_snapshot!(plain(&company(), &shown(Format::Text)), @r#"
    person.bob  Bob Kahn <bob@acme.example>
      - group.corp.admins                 ended 2026-11-20 (people/people.hcl:4)  held: mass-removal
      - account.corp (deactivate)         ended 2026-11-20 (people/people.hcl:4)
          owns 1 function in crm, 14 tables in sales
          does not stop tickets that were issued before

    person.ada  Ada Lovelace <ada@acme.example>
      ~ account.corp                      account of system.corp (systems.hcl:12)
          groups
              "one-long-name-of-a-group"
              "another-long-name-of-a-group"
            - "a-third"
            + "a-fourth"
          mail            = "ada@old.example" -> "ada@acme.example"
          postalAddress
            - Dorset Square
            + St James's Square
              London
              England
          telephoneNumber = (none) -> "+44 20 7946 0000"
          title           = "Countess" -> (cleared)
        account.chat (changed by others)
      + account.chat                      role.employee (teams/company.hcl:1)
          cannot be undone: password would be lost
          emails          = [{ primary = true, type = "work", value = "ada@acme.example" }]
          externalId      = (known after apply)
          password        = (sensitive)
          "urn:acme:User" = { department = "Platform" }
          userName        = "ada@acme.example"
      + group.chat.core as maintainer     role.core (teams/core.hcl:3)
                                          role.lead > role.core (teams/core.hcl:14)

    person.eve  Eve Polastri
      ~ account.chat (rename)             account of system.chat (systems.hcl:30)
          userName = (none) -> "eve@acme.example"
      = account.corp                      match (systems.hcl:10)

    service.deployer  Deployer
      + group.chat.core                   role.deploy (teams/core.hcl:30)
                                          until 2026-12-31

    system.corp
      ~ group.corp.core (moved from group.corp.platform)  previously (teams/core.hcl:9)

    system.chat
      + group.chat.core                   (teams/core.hcl:9)
          displayName = "Core"
      + membership.chat.all.group.core    group.chat.all (teams/core.hcl:40)
      + grant.chat.core["channel=ops"]    group.chat.core (teams/core.hcl:9)
          channel = "ops"
          level   = 2

    system.corp  person.E7, person.E8 left out by account.when
                 cannot nest groups: members of group.corp.all were expanded

    held: mass-removal on group.corp.admins
      would revoke 1 of 2 members within 24 h: halves a group
      membership.corp.admins.bob
      hint: see whether person.bob is to leave

    held: incomplete-read on system.wiki
      GET https://wiki.acme.example/scim/v2/Users answered 503
      hint: try again when it answers

    notice: unmanaged on system.chat
      3 accounts are explained by no file
      hint: `adopt` takes one over, `ignore` says that it is known

    approve: tenure plan --out FILE; tenure approve FILE --finding mass-removal --reason TEXT

    Plan: 6 to give, 3 to change, 2 to take, 1 to adopt; 1 held
    "#);
}

#[test]
fn text_by_system() {
    insta::assert_snapshot!(plain(&company(), &Shown { by: By::System, ..shown(Format::Text) }), @r#"
    system.corp
      - membership.corp.admins.bob              ended 2026-11-20 (people/people.hcl:4)  held: mass-removal
      - account.corp.bob (deactivate)           ended 2026-11-20 (people/people.hcl:4)
          owns 1 function in crm, 14 tables in sales
          does not stop tickets that were issued before
      ~ account.corp.ada                        account of system.corp (systems.hcl:12)
          groups
              "one-long-name-of-a-group"
              "another-long-name-of-a-group"
            - "a-third"
            + "a-fourth"
          mail            = "ada@old.example" -> "ada@acme.example"
          postalAddress
            - Dorset Square
            + St James's Square
              London
              England
          telephoneNumber = (none) -> "+44 20 7946 0000"
          title           = "Countess" -> (cleared)
      ~ group.corp.core (moved from group.corp.platform)  previously (teams/core.hcl:9)
      = account.corp.eve                        match (systems.hcl:10)

    system.chat
      ~ account.chat.eve (rename)               account of system.chat (systems.hcl:30)
          userName = (none) -> "eve@acme.example"
        account.chat.ada (changed by others)
      + account.chat.ada                        role.employee (teams/company.hcl:1)
          cannot be undone: password would be lost
          emails          = [{ primary = true, type = "work", value = "ada@acme.example" }]
          externalId      = (known after apply)
          password        = (sensitive)
          "urn:acme:User" = { department = "Platform" }
          userName        = "ada@acme.example"
      + group.chat.core                         (teams/core.hcl:9)
          displayName = "Core"
      + membership.chat.all.group.core          group.chat.all (teams/core.hcl:40)
      + membership.chat.core.ada as maintainer  role.core (teams/core.hcl:3)
                                                role.lead > role.core (teams/core.hcl:14)
      + membership.chat.core.deployer           role.deploy (teams/core.hcl:30)
                                                until 2026-12-31
      + grant.chat.core["channel=ops"]          group.chat.core (teams/core.hcl:9)
          channel = "ops"
          level   = 2

    system.corp  person.E7, person.E8 left out by account.when
                 cannot nest groups: members of group.corp.all were expanded

    held: mass-removal on group.corp.admins
      would revoke 1 of 2 members within 24 h: halves a group
      membership.corp.admins.bob
      hint: see whether person.bob is to leave

    held: incomplete-read on system.wiki
      GET https://wiki.acme.example/scim/v2/Users answered 503
      hint: try again when it answers

    notice: unmanaged on system.chat
      3 accounts are explained by no file
      hint: `adopt` takes one over, `ignore` says that it is known

    approve: tenure plan --out FILE; tenure approve FILE --finding mass-removal --reason TEXT

    Plan: 6 to give, 3 to change, 2 to take, 1 to adopt; 1 held
    "#);
}

#[test]
fn text_of_a_large_plan() {
    insta::assert_snapshot!(plain(&large(400), &shown(Format::Text)), @r#"
    person.gone
      - group.k8s["kubernetes"].team["kubernetes/sig-a0"]  no longer in group.k8s["kubernetes"].team["kubernetes/sig-a0"]

    person.p0000
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-a0"]  group.k8s.team (org.hcl:25)

    266 alike  person.p0001, person.p0002, person.p0004, person.p0005, person.p0007, person.p0008, person.p0010, person.p0011 and 258 more
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)

    person.p0003
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-d0"]  group.k8s.team (org.hcl:25)

    person.p0006
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-g0"]  group.k8s.team (org.hcl:25)

    person.p0009
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-j0"]  group.k8s.team (org.hcl:25)

    person.p0012
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-m0"]  group.k8s.team (org.hcl:25)

    person.p0015
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-p0"]  group.k8s.team (org.hcl:25)

    person.p0018
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-s0"]  group.k8s.team (org.hcl:25)

    person.p0021
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-v0"]  group.k8s.team (org.hcl:25)

    person.p0024
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-y0"]  group.k8s.team (org.hcl:25)

    person.p0027
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-b1"]  group.k8s.team (org.hcl:25)

    person.p0030
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-e1"]  group.k8s.team (org.hcl:25)

    person.p0033
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-h1"]  group.k8s.team (org.hcl:25)

    person.p0036
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-k1"]  group.k8s.team (org.hcl:25)

    person.p0039
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-n1"]  group.k8s.team (org.hcl:25)

    person.p0042
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-q1"]  group.k8s.team (org.hcl:25)

    person.p0045
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-t1"]  group.k8s.team (org.hcl:25)

    person.p0048
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-w1"]  group.k8s.team (org.hcl:25)

    person.p0051
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-z1"]  group.k8s.team (org.hcl:25)

    person.p0054
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-c2"]  group.k8s.team (org.hcl:25)

    person.p0057
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-f2"]  group.k8s.team (org.hcl:25)

    person.p0060
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-i2"]  group.k8s.team (org.hcl:25)

    person.p0063
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-l2"]  group.k8s.team (org.hcl:25)

    person.p0066
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-o2"]  group.k8s.team (org.hcl:25)

    person.p0069
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-r2"]  group.k8s.team (org.hcl:25)

    person.p0072
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-u2"]  group.k8s.team (org.hcl:25)

    person.p0075
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-x2"]  group.k8s.team (org.hcl:25)

    person.p0078
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-a3"]  group.k8s.team (org.hcl:25)

    person.p0081
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-d3"]  group.k8s.team (org.hcl:25)

    person.p0084
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-g3"]  group.k8s.team (org.hcl:25)

    system.k8s["kubernetes"]
      + group.k8s["kubernetes"].team["kubernetes/sig-a0"]  group.k8s.team (org.hcl:25)
      + group.k8s["kubernetes"].team["kubernetes/sig-a1"]  group.k8s.team (org.hcl:25)
      + group.k8s["kubernetes"].team["kubernetes/sig-a2"]  group.k8s.team (org.hcl:25)
      + ... and 101 more groups

    ... and 105 others: 210 to give
    A large plan, shortened: --full shows every line and every attribute.

    Plan: 638 to give, 1 to take
    "#);
}

#[test]
fn text_of_a_large_plan_by_system() {
    insta::assert_snapshot!(plain(&large(400), &Shown { by: By::System, ..shown(Format::Text) }), @r#"
    system.k8s["kubernetes"]
      - membership.k8s["kubernetes"].team["kubernetes/sig-a0"].gone  no longer in group.k8s["kubernetes"].team["kubernetes/sig-a0"]
      + account.k8s["kubernetes"].p0000  role.org["kubernetes"] (org.hcl:19)
      + account.k8s["kubernetes"].p0001  role.org["kubernetes"] (org.hcl:19)
      + account.k8s["kubernetes"].p0002  role.org["kubernetes"] (org.hcl:19)
      + ... and 397 more accounts
      + group.k8s["kubernetes"].team["kubernetes/sig-a0"]  group.k8s.team (org.hcl:25)
      + group.k8s["kubernetes"].team["kubernetes/sig-a1"]  group.k8s.team (org.hcl:25)
      + group.k8s["kubernetes"].team["kubernetes/sig-a2"]  group.k8s.team (org.hcl:25)
      + ... and 101 more groups
      + membership.k8s["kubernetes"].team["kubernetes/sig-a0"].p0000  group.k8s.team (org.hcl:25)
      + membership.k8s["kubernetes"].team["kubernetes/sig-a0"].p0312  group.k8s.team (org.hcl:25)
      + membership.k8s["kubernetes"].team["kubernetes/sig-a1"].p0234  group.k8s.team (org.hcl:25)
      + ... and 131 more memberships

    A large plan, shortened: --full shows every line and every attribute.

    Plan: 638 to give, 1 to take
    "#);
}

#[test]
fn full_shows_every_change() {
    let plan = large(400);
    let text = plain(&plan, &Shown { full: true, by: By::System, ..shown(Format::Text) });
    for change in &plan.changes {
        assert!(text.contains(&format!("{} {}", change.action.symbol(), change.address)), "{}", change.address);
    }
}

#[test]
fn text_of_nothing() {
    insta::assert_snapshot!(plain(&Sample::empty().0, &shown(Format::Text)), @"Nothing to change.");
}

#[test]
fn colours() {
    let mut plan = Sample::empty();
    plan.name("person.ada", "Ada Lovelace");
    plan.change(state::Action::Grant, "membership.chat.core.ada", &["role.core @ core.hcl:3"]);
    plan.change(state::Action::Deactivate, "account.corp.ada", &["ended 2026-11-20"]);
    let mut out = Vec::new();
    write(&mut out, &plan.0, &shown(Format::Text)).unwrap();
    let text = String::from_utf8(out).unwrap().replace('\u{1b}', "^");
    insta::assert_snapshot!(text, @"
    ^[1mperson.ada^[0m  ^[2mAda Lovelace^[0m
      ^[31m- account.corp (deactivate)^[0m  ^[2mended 2026-11-20^[0m
      ^[32m+ group.chat.core^[0m            ^[2mrole.core (core.hcl:3)^[0m

    ^[1mPlan:^[0m 1 to give, 1 to take
    ");
}

#[test]
fn names_cannot_steer_the_terminal() {
    let mut plan = Sample::empty();
    plan.name("person.ada", "\u{1b}[2JAda\nperson.root  \u{202e}");
    plan.change(state::Action::Create, "account.chat.ada", &["role.\u{1b}]0;x\u{7} @ a\u{1b}.hcl:1"]).after =
        Box::new([(state::Symbol::new("t\u{1b}"), super::sample::known(r#""\u001b[31m\u0007\u009b""#))]);
    for format in [Format::Text, Format::Markdown, Format::Json] {
        let mut out = Vec::new();
        write(&mut out, &plan.0, &Shown { values: true, ..shown(format) }).unwrap();
        let text = String::from_utf8(out).unwrap();
        // Colours are ours; they go first.
        let ours = anstream::adapter::strip_str(&text.replace("\u{1b}[1m", "").replace("\u{1b}[0m", "")).to_string();
        // JSON is for programs: there the characters below U+0020 are escaped, and no others.
        let steers = |c: char| match format {
            Format::Json => c < ' ' && c != '\n',
            _ => (c.is_control() && c != '\n') || c == '\u{202e}',
        };
        assert!(!ours.chars().any(steers), "{ours:?}");
        assert!(!text.contains("\u{1b}[2J") && !text.contains("\u{1b}]0;"), "{text:?}");
    }
}
