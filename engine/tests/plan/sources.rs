//! Sources of people that shrink: files cut off, columns lost, and the last one who had something leaving.

use std::fmt::Write as _;

use insta::assert_snapshot;
use state::record::Event;
use state::{Fact, SourceRead, Symbol};

use crate::safeguards::{HR, company, findings, rows};
use crate::story::Story;

/// A plan of these addresses alone, applied.
fn apply_only(story: &mut Story, addresses: &[&str]) {
    story.targets = addresses.iter().map(|address| address.parse().unwrap()).collect();
    assert_eq!(story.apply(), "");
    story.targets.clear();
}

#[test]
fn an_empty_source_takes_nothing_away() {
    let mut story = company(30);
    story.tell("--- hr.csv\nid,login\n");
    assert_snapshot!(findings(&story), @"
    holds source-shrank of 60: the source of people.hr is empty: it had 30 rows
    holds mass-removal of 30: 30 deactivations of 30 on system.chat: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 30: 30 revocations of 30 on system.chat: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 30: group.chat.all would lose all of its 30 members within 24 h
    ");
    let undone = story.apply();
    assert_eq!(undone.lines().count(), 60, "{undone}");
    // And it is not recorded as what the source is like now.
    assert_snapshot!(findings(&story), @"
    holds source-shrank of 60: the source of people.hr is empty: it had 30 rows
    holds mass-removal of 30: 30 deactivations of 30 on system.chat: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 30: 30 revocations of 30 on system.chat: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 30: group.chat.all would lose all of its 30 members within 24 h
    ");
    story.tell(&rows(30, &[]));
    assert_eq!(story.apply(), "");
    assert_snapshot!(story.plan(), @"nothing to do");
}

/// `tenure watch` applies nothing but plans of some addresses.
#[test]
fn a_source_that_only_plans_of_some_addresses_have_seen() {
    let mut story = Story::new(HR);
    story.approved.insert(state::Code::FirstDeactivation);
    story.tell(&rows(30, &[]));
    let all: Vec<String> = (1..=30).map(|n| format!("membership.chat.all.p{n:02}")).collect();
    apply_only(&mut story, &all.iter().map(String::as_str).collect::<Vec<_>>());
    assert_snapshot!(story.plan(), @"nothing to do");
    story.tell(&rows(15, &[]));
    assert_snapshot!(findings(&story), @"
    holds source-shrank of 30: the source of people.hr lost 15 of its 30 rows within 24 h: the limit is 3 (10 %, at least 3)
    holds mass-removal of 15: 15 deactivations of 30 on system.chat: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 15: 15 revocations of 30 on system.chat: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 15: group.chat.all would lose 15 of its 30 members within 24 h: half or more
    ");
    // What is held is not recorded by whoever changes something else meanwhile.
    story.edit("login = row.login\n}", "login = row.login\n}\nperson \"zoe\" { login = \"zoe\" }");
    apply_only(&mut story, &["person.zoe"]);
    assert_snapshot!(findings(&story), @"
    holds source-shrank of 30: the source of people.hr lost 15 of its 30 rows within 24 h: the limit is 3 (10 %, at least 3)
    holds mass-removal of 15: 15 deactivations of 31 on system.chat: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 15: 15 revocations of 31 on system.chat: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 15: 15 revocations of 31 on group.chat.all: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    ");
}

/// Two leave within the limits, and only one of them is taken: with the other one's access, the two still count.
#[test]
fn a_source_that_shrinks_while_plans_of_some_addresses_take_less() {
    let mut story = company(40);
    story.tell(&rows(40, &[1, 2]));
    apply_only(&mut story, &["person.p01"]);
    assert_snapshot!(story.plan(), @"
    source people.hr: 38 rows of id, login
    0 chat at account.chat.p02
      - deactivate account.chat.p02 <- left the files
    1 chat at group.chat.all
      - revoke membership.chat.all.p02 <- left the files
    ");
    story.at("2026-11-30T12:00:00Z");
    story.tell(&rows(40, &[1, 2, 3, 4, 5]));
    assert_snapshot!(findings(&story), @"
    holds source-shrank of 8: the source of people.hr lost 5 of its 40 rows within 24 h: the limit is 4 (10 %, at least 3)
    holds mass-removal of 4: 4 deactivations of 39 on system.chat: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 4: 4 revocations of 39 on system.chat: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 4: 4 revocations of 39 on group.chat.all: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    ");
    // With everybody who left, it is what the source is like.
    story.tell(&rows(40, &[1, 2]));
    apply_only(&mut story, &["person.p02"]);
    story.at("2026-12-07T12:00:00Z");
    story.tell(&rows(40, &[1, 2, 3, 4, 5]));
    assert_snapshot!(findings(&story), @"");
}

/// A lost column is not accepted by the way.
#[test]
fn a_column_that_is_lost_while_something_else_is_done() {
    let mut story = company(30);
    story.tell("--- hr.csv\nid,login,team\n");
    let with: String = (1..=30).map(|n| format!("p{n:02},login{n:02},x\n")).collect();
    story.tell(&format!("--- hr.csv\nid,login,team\n{with}"));
    assert_eq!(story.apply(), "");
    story.tell(&rows(31, &[]));
    apply_only(&mut story, &["person.p31"]);
    assert_snapshot!(story.plan(), @"
    notice source-shrank []: the source of people.hr lost 1 column: team
    source people.hr: 31 rows of id, login
    ");
}

#[test]
fn a_column_that_is_lost() {
    let mut story = company(30);
    story.edit("id,login\n", "id,login,team\n");
    story.edit("p01,login01\n", "p01,login01,x\n");
    let mut text = String::from("--- hr.csv\nid,login,team\n");
    (1..=30).for_each(|n| writeln!(text, "p{n:02},login{n:02},x").unwrap());
    story.tell(&text);
    assert_snapshot!(story.plan(), @"source people.hr: 30 rows of id, login, team");
    assert_eq!(story.apply(), "");
    story.tell(&rows(30, &[7]));
    assert_snapshot!(findings(&story), @"holds source-shrank of 2: the source of people.hr lost 1 column: team");
    // Nobody leaves by it: it is told once.
    story.tell(&rows(30, &[]));
    assert_snapshot!(story.plan(), @"
    notice source-shrank []: the source of people.hr lost 1 column: team
    source people.hr: 30 rows of id, login
    ");
    assert_eq!(story.apply(), "");
}

#[test]
fn a_block_of_people_that_is_gone() {
    let mut story = company(30);
    story.edit("people \"hr\" {\n  from  = csvdecode(file(\"hr.csv\"))\n  key   = row.id\n  login = row.login\n}", "");
    assert_snapshot!(findings(&story), @"
    holds source-shrank of 60: people.hr is gone from the files: it had 30 rows
    holds mass-removal of 30: 30 deactivations of 30 on system.chat: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 30: 30 revocations of 30 on system.chat: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 30: group.chat.all would lose all of its 30 members within 24 h
    ");
}

#[test]
fn a_source_that_loses_a_little_in_every_run() {
    let mut story = company(60);
    story.tell(&rows(60, &[1, 2, 3]));
    assert_snapshot!(findings(&story), @"");
    assert_eq!(story.apply(), "");
    story.at("2026-11-23T13:00:00Z");
    story.tell(&rows(60, &[1, 2, 3, 4, 5, 6, 7]));
    assert_snapshot!(findings(&story), @"
    holds source-shrank of 8: the source of people.hr lost 7 of its 60 rows within 24 h: the limit is 6 (10 %, at least 3)
    holds mass-removal of 4: 4 deactivations of 60 on system.chat on top of 3 done within 24 h: the limit is 6 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 4: 4 revocations of 60 on system.chat on top of 3 done within 24 h: the limit is 6 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 4: 4 revocations of 60 on group.chat.all on top of 3 done within 24 h: the limit is 6 within 24 h (10 %, at least 3, at most 100)
    ");
    // What the source had more than a day ago does not count any more; what was taken within a week does.
    story.at("2026-11-24T13:00:00Z");
    assert_snapshot!(findings(&story), @"");
}

/// Where a source says of each row only what it has, as LDAP, SCIM, pushes and JSON do.
fn some_have(count: usize, phones: &[usize], without: &[usize]) -> String {
    let row = |n: usize| {
        let phone = if phones.contains(&n) { format!(r#", "phone": "+49 {n}""#) } else { String::new() };
        format!(r#"  {{"id": "p{n:02}", "login": "login{n:02}"{phone}}}"#)
    };
    let rows: Vec<String> = (1..=count).filter(|n| !without.contains(n)).map(row).collect();
    format!("--- hr.json\n[\n{}\n]\n", rows.join(",\n"))
}

fn pushed(count: usize, phones: &[usize]) -> Story {
    let mut story = Story::new(&HR.replace(r#"csvdecode(file("hr.csv"))"#, r#"jsondecode(file("hr.json"))"#));
    story.approved.insert(state::Code::FirstDeactivation);
    story.tell(&some_have(count, phones, &[]));
    assert_eq!(story.apply(), "");
    story
}

#[test]
fn the_last_one_who_has_something_leaves() {
    let mut story = pushed(12, &[3, 7]);
    story.tell(&some_have(12, &[7], &[3]));
    assert_snapshot!(story.plan(), @"
    source people.hr: 11 rows of id, login, phone (1)
    0 chat at account.chat.p03
      - deactivate account.chat.p03 <- left the files
    1 chat at group.chat.all
      - revoke membership.chat.all.p03 <- left the files
    ");
    assert_eq!(story.apply(), "");
    // Somebody comes at the same time: as many rows as before.
    story.tell(&some_have(13, &[], &[3, 7]));
    assert_snapshot!(story.plan(), @r#"
    records person.p13
    source people.hr: 11 rows of id, login
    0 chat at account.chat.p07
      - deactivate account.chat.p07 <- left the files
    1 chat at group.chat.all
      - revoke membership.chat.all.p07 <- left the files
    2 chat at account.chat.p13
      + create account.chat.p13 userName="login13" <- role.all
    3 chat at group.chat.all after 2
      + grant membership.chat.all.p13 <- role.all
    "#);
    assert_eq!(story.apply(), "");
    // And comes back with it.
    story.tell(&some_have(13, &[7], &[3]));
    assert_eq!(story.apply(), "");
    // Nobody leaves, and nobody has it any more: told. With one who leaves, that may be the one who had it.
    story.tell(&some_have(13, &[], &[3]));
    assert_snapshot!(story.plan(), @"
    notice source-shrank []: the source of people.hr lost 1 column: phone
    source people.hr: 12 rows of id, login
    ");
    story.tell(&some_have(13, &[], &[3, 8]));
    assert_snapshot!(findings(&story), @"");
}

/// `tenure watch` applies nothing but plans of some addresses.
#[test]
fn the_last_one_who_has_something_leaves_in_a_plan_of_some_addresses() {
    let mut story = pushed(12, &[3]);
    story.tell(&some_have(12, &[], &[3]));
    apply_only(&mut story, &["person.p03"]);
    // It is what the source is like: who goes next is not held for what that one had.
    assert_snapshot!(story.plan(), @"nothing to do");
    story.tell(&some_have(12, &[], &[3, 4]));
    assert_snapshot!(findings(&story), @"");
    apply_only(&mut story, &["person.p04"]);
    assert_snapshot!(story.plan(), @"nothing to do");
}

/// A record of old says what columns there were, and not how many rows had them: all had, as far as it is known.
#[test]
fn a_record_that_does_not_say_how_many_rows_have_a_column() {
    let mut story = pushed(12, &[3, 7]);
    let names = ["id", "login", "phone"];
    let (columns, having) = (names.map(Symbol::new).to_vec(), Vec::new());
    let fact = Fact::source(&SourceRead { name: "hr".into(), rows: 12, columns, having });
    story.event(Event::Fact { run: "old".into(), fact: Box::new(fact), why: Vec::new() });
    story.tell(&some_have(12, &[7], &[3]));
    assert_snapshot!(findings(&story), @"");
    story.tell(&some_have(12, &[], &[3, 7]));
    assert_snapshot!(findings(&story), @"holds source-shrank of 4: the source of people.hr lost 1 column: phone");
    // The next run tells it.
    story.tell(&some_have(12, &[3, 7], &[]));
    assert_snapshot!(story.plan(), @"source people.hr: 12 rows of id, login, phone (2)");
    assert_eq!(story.apply(), "");
    story.tell(&some_have(12, &[], &[3, 7]));
    assert_snapshot!(findings(&story), @"");
}

/// The right to read one attribute is taken away: everybody is there, without it.
#[test]
fn an_attribute_that_is_not_read_any_more() {
    let all: Vec<usize> = (1..=30).collect();
    let mut story = pushed(30, &all);
    story.tell(&some_have(30, &[], &[7]));
    assert_snapshot!(findings(&story), @"holds source-shrank of 2: the source of people.hr lost 1 column: phone");
    // It may be read in one's own row still, and tenure signs in as one of them.
    story.tell(&some_have(30, &[1], &[7]));
    assert_snapshot!(findings(&story), @"holds source-shrank of 2: the source of people.hr lost 1 column: phone (1 of the 30 rows that had it)");
    // Nobody leaves by it: told, and it is what the source is like from then on; a plan of some addresses leaves it.
    story.tell(&some_have(31, &[1], &[]));
    apply_only(&mut story, &["person.p31"]);
    assert_snapshot!(story.plan(), @"
    notice source-shrank []: the source of people.hr lost 1 column: phone (1 of the 30 rows that had it)
    source people.hr: 31 rows of id, login, phone (1)
    ");
    // Of what a few have, it is found by who stays.
    let mut story = pushed(30, &[2, 4, 6]);
    story.tell(&some_have(30, &[], &[4]));
    assert_snapshot!(findings(&story), @"holds source-shrank of 2: the source of people.hr lost 1 column: phone");
    // One of many who have something is without it, as it happens.
    let mut story = pushed(30, &all[..10]);
    story.tell(&some_have(30, &all[..8], &[1]));
    assert_snapshot!(story.plan(), @"
    source people.hr: 29 rows of id, login, phone (7)
    0 chat at account.chat.p01
      - deactivate account.chat.p01 <- left the files
    1 chat at group.chat.all
      - revoke membership.chat.all.p01 <- left the files
    ");
}

/// People come from a directory, whose schema says what its accounts may have.
const DIRECTORY: &str = r#"
system "hr" {
  provider = "directory"
}
people "hr" {
  from  = system.hr
  key   = row.userName
  login = row.userName
  team  = row.team
}
system "chat" {
  provider = "directory"
  match    = self.login == account.userName
  account {
    userName = self.login
  }
}
group "chat" "team" {}
role "all" {
  when   = true
  access = [system.chat]
}
role "team" {
  when   = self.team != null
  access = [group.chat.team]
}
"#;

/// These people are in the directory, and these in a team.
fn directory(story: &mut Story, people: &[usize], team: &[usize]) {
    let mut hr = crate::remote::Remote::new("set=team");
    for n in people {
        let team = if team.contains(n) { r#","team":["core"]"# } else { "" };
        hr.line(&format!(r#"account h{n} {{"userName":"p{n:02}"{team}}}"#));
    }
    story.systems.insert("hr".into(), hr);
}

/// The last one with a team leaves: nobody has one, which is no mistake of the files, and whoever left is switched off.
/// Where the right to read it was taken away instead, nothing at all is done about these people.
#[test]
fn what_the_files_speak_of_and_nobody_has() {
    let mut story = Story::new(DIRECTORY);
    story.approved.insert(state::Code::FirstDeactivation);
    directory(&mut story, &[1, 2, 3, 4, 5, 6], &[1, 2]);
    assert_eq!(story.apply(), "");
    let mut leaves = story.clone();
    directory(&mut leaves, &[1, 3, 4, 5, 6], &[1]);
    assert_eq!(leaves.apply(), "");
    directory(&mut leaves, &[3, 4, 5, 6], &[]);
    assert_snapshot!(leaves.plan(), @"
    holds mass-removal [membership.chat.team.p01]: group.chat.team would lose all of its 2 members within 24 h
    source people.hr: 4 rows of active, groups, id, userName
    0 chat at account.chat.p01
      - deactivate account.chat.p01 <- left the files
    1 chat at group.chat.team
      - revoke membership.chat.team.p01 <- left the files
    ");
    directory(&mut story, &[1, 2, 3, 4, 5, 6, 7], &[]);
    assert_snapshot!(story.plan(), @r#"
    holds source-shrank [account.chat.p07 membership.chat.team.p01 membership.chat.team.p02]: the source of people.hr lost 1 column: team
    holds mass-removal [membership.chat.team.p01 membership.chat.team.p02]: group.chat.team would lose all of its 2 members within 24 h
    records person.p01 person.p02 person.p07
    0 chat at account.chat.p07
      + create account.chat.p07 userName="p07" <- role.all
    1 chat at group.chat.team
      - revoke membership.chat.team.p01 <- no longer given by role.team
      - revoke membership.chat.team.p02 <- no longer given by role.team
    "#);
    // It is no less held in the next run: what is held is not recorded as what the source is like.
    story.apply();
    assert_snapshot!(findings(&story), @"
    holds source-shrank of 3: the source of people.hr lost 1 column: team
    holds mass-removal of 2: group.chat.team would lose all of its 2 members within 24 h
    ");
}
