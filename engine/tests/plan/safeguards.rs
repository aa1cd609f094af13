//! What the safeguards hold.

use std::fmt::Write as _;

use insta::assert_snapshot;
use state::record::Event;
use state::{Action, Address, Attributes, Change, Object, Symbol, Target, Undo};

use crate::story::Story;

pub const HR: &str = r#"
people "hr" {
  from  = csvdecode(file("hr.csv"))
  key   = row.id
  login = row.login
}
system "chat" {
  provider = "directory"
  match    = self.login == account.userName
}
role "all" {
  when   = true
  access = [group.chat.all]
}
group "chat" "all" {}
"#;

/// People 1 to `count`, without some.
pub fn rows(count: u32, without: &[u32]) -> String {
    let mut text = String::from("--- hr.csv\nid,login\n");
    for n in (1..=count).filter(|n| !without.contains(n)) {
        let _ = writeln!(text, "p{n:02},login{n:02}");
    }
    text
}

pub fn company(count: u32) -> Story {
    let mut story = Story::new(HR);
    // What these stories are not about.
    story.approved.insert(state::Code::FirstDeactivation);
    story.tell(&rows(count, &[]));
    assert_eq!(story.apply(), "");
    story
}

/// The findings only, without the addresses.
pub fn findings(story: &Story) -> String {
    let text = story.plan();
    let findings = text.lines().filter(|line| line.starts_with("holds") || line.starts_with("error"));
    findings
        .map(|line| match (line.split_once(" ["), line.rsplit_once("]: ")) {
            (Some((code, addresses)), Some((_, message))) => {
                format!("{code} of {}: {message}\n", addresses.split("]: ").next().unwrap().split(' ').count())
            }
            _ => format!("{line}\n"),
        })
        .collect()
}

#[test]
fn leavers_by_a_date_are_no_loss_of_the_source_and_do_not_count_once_announced() {
    let mut story = Story::new(HR);
    story.approved.insert(state::Code::FirstDeactivation);
    story.edit("login = row.login", "login = row.login\n  ends = row.ends == \"\" ? null : row.ends");
    let text = |ends: &str| {
        let mut text = String::from("--- hr.csv\nid,login,ends\n");
        for n in 1..=40 {
            writeln!(text, "p{n:02},login{n:02},{}", if n <= 10 { ends } else { "" }).unwrap();
        }
        text
    };
    story.tell(&text(""));
    assert_eq!(story.apply(), "");
    // Ended from one run to the next: too many.
    story.tell(&text("2026-11-20"));
    assert_snapshot!(findings(&story), @"
    holds mass-removal of 10: 10 deactivations of 40 on system.chat: the limit is 4 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 10: 10 revocations of 40 on system.chat: the limit is 4 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 10: 10 revocations of 40 on group.chat.all: the limit is 4 within 24 h (10 %, at least 3, at most 100)
    ");
    // Announced.
    story.tell(&text("2026-11-30"));
    assert_eq!(story.apply(), "");
    story.at("2026-12-01T00:00:00Z");
    assert_snapshot!(findings(&story), @"");
    assert_eq!(story.apply(), "");
}

#[test]
fn too_many_at_once_within_a_day_and_within_a_week() {
    let mut story = company(40);
    // Ten percent of 40 are 4.
    story.tell(&rows(40, &[1, 2, 3, 4]));
    assert_snapshot!(findings(&story), @"");
    assert_eq!(story.apply(), "");
    story.at("2026-11-24T11:00:00Z");
    story.tell(&rows(40, &[1, 2, 3, 4, 5]));
    assert_snapshot!(findings(&story), @"
    holds source-shrank of 2: the source of people.hr lost 5 of its 40 rows within 24 h: the limit is 4 (10 %, at least 3)
    holds mass-removal of 1: 1 deactivation of 40 on system.chat on top of 4 done within 24 h: the limit is 4 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 1: 1 revocation of 40 on system.chat on top of 4 done within 24 h: the limit is 4 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 1: 1 revocation of 40 on group.chat.all on top of 4 done within 24 h: the limit is 4 within 24 h (10 %, at least 3, at most 100)
    ");
    // A day later the next may go, until twice as many went within a week.
    story.at("2026-11-24T13:00:00Z");
    assert_snapshot!(findings(&story), @"");
    story.tell(&rows(40, &[1, 2, 3, 4, 5, 6, 7]));
    assert_eq!(story.apply(), "");
    story.at("2026-11-26T13:00:00Z");
    story.tell(&rows(40, &[1, 2, 3, 4, 5, 6, 7, 8]));
    assert_snapshot!(findings(&story), @"");
    assert_eq!(story.apply(), "");
    story.tell(&rows(40, &[1, 2, 3, 4, 5, 6, 7, 8, 9]));
    assert_snapshot!(findings(&story), @"
    holds mass-removal of 1: 1 deactivation of 40 on system.chat on top of 8 done within 7 days: the limit is 8 within 7 days (twice 10 %, at least 3, at most 100)
    holds mass-removal of 1: 1 revocation of 40 on system.chat on top of 8 done within 7 days: the limit is 8 within 7 days (twice 10 %, at least 3, at most 100)
    holds mass-removal of 1: 1 revocation of 40 on group.chat.all on top of 8 done within 7 days: the limit is 8 within 7 days (twice 10 %, at least 3, at most 100)
    ");
    story.at("2026-12-01T12:00:00Z");
    assert_snapshot!(findings(&story), @"");
}

/// A run began this change, and nobody knows yet what came of it.
fn begun(story: &mut Story, intent: u32, (address, action): (Address, Action), before: Object, target: Target) {
    let change = Change {
        address,
        action,
        before: Some(Box::new(before)),
        after: Box::default(),
        reasons: Box::default(),
        allocated: Box::default(),
        until: None,
        undo: Undo::AnyTime,
    };
    story.event(Event::Intent {
        run: "run-9".into(),
        intent,
        change: Box::new(change),
        kind: target.kind(),
        target: Some(target),
        key: None,
        settle_after: story.now.plus_millis(60_000),
        why: Vec::new(),
    });
}

#[test]
fn what_is_in_doubt_counts_as_done() {
    let mut story = company(40);
    for n in 1..=3 {
        let id = Symbol::from(format!("chat-{n}"));
        let address = format!("account.chat.p{n:02}").parse().unwrap();
        begun(&mut story, n, (address, Action::Deactivate), Object::new(id, Attributes::new()), Target::Account(id));
    }
    story.tell(&rows(40, &[4, 5]));
    assert_snapshot!(findings(&story), @"
    holds mass-removal of 2: 2 deactivations of 40 on system.chat on top of 3 within 24 h (3 of them in doubt): the limit is 4 within 24 h (10 %, at least 3, at most 100)
    holds in-doubt of 1: nobody knows whether `deactivate account.chat.p01` of run run-9 happened
    holds in-doubt of 1: nobody knows whether `deactivate account.chat.p02` of run run-9 happened
    holds in-doubt of 1: nobody knows whether `deactivate account.chat.p03` of run run-9 happened
    ");
}

#[test]
fn limits_of_a_system_and_of_a_group_and_the_stricter_one_in_force() {
    let mut story = company(40);
    story.tell(&rows(40, &[1, 2, 3, 4, 5]));
    assert_snapshot!(findings(&story), @"
    holds source-shrank of 10: the source of people.hr lost 5 of its 40 rows within 24 h: the limit is 4 (10 %, at least 3)
    holds mass-removal of 5: 5 deactivations of 40 on system.chat: the limit is 4 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 5: 5 revocations of 40 on system.chat: the limit is 4 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 5: 5 revocations of 40 on group.chat.all: the limit is 4 within 24 h (10 %, at least 3, at most 100)
    ");
    // The commit that needs a looser limit does not bring it.
    let mut looser = story.clone();
    looser.tell("--- settings.hcl\nsettings {\n  safeguards {\n    mass_removal = \"50%\"\n  }\n}");
    assert_snapshot!(findings(&looser), @"
    holds source-shrank of 10: the source of people.hr lost 5 of its 40 rows within 24 h: the limit is 4 (10 %, at least 3)
    holds mass-removal of 5: 5 deactivations of 40 on system.chat: the limit is 4 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 5: 5 revocations of 40 on system.chat: the limit is 4 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 5: 5 revocations of 40 on group.chat.all: the limit is 4 within 24 h (10 %, at least 3, at most 100)
    holds guard-lowered of 1: limits are looser than those on record: mass_removal is 50 %, on record 10 %
    ");
    // A stricter one counts at once.
    story.tell(&rows(40, &[1, 2, 3, 4]));
    story.edit(
        "group \"chat\" \"all\" {}",
        "group \"chat\" \"all\" {\n  safeguards {\n    mass_removal = \"5%\"\n  }\n}",
    );
    assert_snapshot!(findings(&story), @"holds mass-removal of 4: 4 revocations of 40 on group.chat.all: the limit is 3 within 24 h (5 %, at least 3, at most 100)");
}

const GROUPS: &str = r#"
system "chat" {
  provider = "directory"
  match    = self.login == account.userName
}
role "all" {
  when   = true
  access = [system.chat]
}
group "chat" "two" {
  members = [person.a, person.b]
}
group "chat" "four" {
  members = [person.a, person.b, person.c, person.d]
}
person "a" {
  login = "a"
}
person "b" {
  login = "b"
}
person "c" {
  login = "c"
}
person "d" {
  login = "d"
}
"#;

#[test]
fn a_group_is_not_emptied_or_halved() {
    let mut story = Story::new(GROUPS);
    assert_eq!(story.apply(), "");
    let mut one = story.clone();
    one.edit("[person.a, person.b]", "[person.a]");
    one.edit("[person.a, person.b, person.c, person.d]", "[person.b, person.c, person.d]");
    assert_snapshot!(one.plan(), @"
    0 chat
      - revoke membership.chat.four.a <- no longer given by group.chat.four
      - revoke membership.chat.two.b <- no longer given by group.chat.two
    ");
    assert_eq!(one.apply(), "");
    // The last of two within a day, and the second of four.
    one.edit("[person.a]", "[]");
    one.edit("[person.b, person.c, person.d]", "[person.c, person.d]");
    assert_snapshot!(findings(&one), @"
    holds mass-removal of 2: 2 revocations of 6 on system.chat on top of 2 done within 24 h: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 1: group.chat.four would lose 2 of its 4 members within 24 h: half or more
    holds mass-removal of 1: group.chat.two would lose all of its 2 members within 24 h
    ");
    story.edit("[person.a, person.b]", "[]");
    story.edit("[person.a, person.b, person.c, person.d]", "[person.c, person.d]");
    assert_snapshot!(findings(&story), @"
    holds mass-removal of 4: 4 revocations of 6 on system.chat: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal of 2: group.chat.four would lose 2 of its 4 members within 24 h: half or more
    holds mass-removal of 2: group.chat.two would lose all of its 2 members within 24 h
    ");
    // One for the other is no loss by halves.
    let mut swap = Story::new(GROUPS);
    assert_eq!(swap.apply(), "");
    swap.edit("[person.a, person.b]", "[person.b, person.c]");
    assert_snapshot!(swap.plan(), @"
    0 chat at group.chat.two
      + grant membership.chat.two.c <- group.chat.two
    1 chat at group.chat.two
      - revoke membership.chat.two.a <- no longer given by group.chat.two
    ");
}

#[test]
fn a_system_that_cannot_be_read_is_left_alone_and_others_go_on() {
    let mut story = Story::new(
        r#"
system "corp" {
  provider = "directory"
  match    = self.login == account.userName
}
system "chat" {
  provider = "directory"
  match    = self.login == account.userName
  account {
    externalId = self.accounts.corp.id
    name       = self.accounts.corp.userName
    phone      = self.accounts.corp.phone
  }
}
role "all" {
  when   = true
  access = [system.corp, system.chat, group.corp.all]
}
group "corp" "all" {}
person "ada" {
  login = "ada"
}
person "bob" {
  login = "bob"
}
"#,
    );
    assert_eq!(story.apply(), "");
    // Ada's account on chat is set right by what the record knows of corp; Kim waits for corp.
    story.tell(
        "=== corp\nunreadable: 503 Service Unavailable\n=== chat\naccount chat-1 {\"userName\":\"ada\",\"name\":\"x\"}",
    );
    story.tell("--- kim.hcl\nperson \"kim\" {\n  login = \"kim\"\n}");
    story.edit("person \"bob\" {\n  login = \"bob\"\n}", "");
    assert_snapshot!(story.plan(), @r#"
    holds incomplete-read [system.corp account.chat.kim]: system.corp could not be read completely, so nothing is planned there: 503 Service Unavailable
    records person.kim
    0 chat at account.chat.bob
      - deactivate account.chat.bob <- left the files
    1 chat at account.chat.ada
      ~ update account.chat.ada externalId="corp-1" name="x" -> "ada" <- role.all
    "#);
    story.apply();
    story.tell("=== corp\nreadable");
    assert_snapshot!(story.plan(), @r#"
    0 corp at account.corp.bob
      - deactivate account.corp.bob <- left the files
    1 corp at group.corp.all
      - revoke membership.corp.all.bob <- left the files
    2 corp at account.corp.kim
      + create account.corp.kim userName="kim" <- role.all
    3 chat at account.chat.kim after 2
      + create account.chat.kim externalId=(self.accounts.corp.id, after account.corp.kim) name="kim" userName="kim" <- role.all
    4 corp at group.corp.all after 2
      + grant membership.corp.all.kim <- role.all
    "#);
    assert_eq!(story.apply(), "");
}

#[test]
fn what_is_in_doubt_is_blocked_until_it_is_settled() {
    let mut story = Story::new(GROUPS);
    story.lost.insert("account.chat.a".parse().unwrap(), true);
    story.lost.insert("membership.chat.two.b".parse().unwrap(), false);
    story.systems.insert("chat".into(), crate::remote::Remote::new("single"));
    story.tell("=== chat\nunreadable: not yet");
    story.tell("=== chat\nreadable");
    assert_snapshot!(story.apply(), @"
    create account.chat.a: in doubt: connection reset
    grant membership.chat.four.a: not done: depends on account.chat.a, which was not done
    grant membership.chat.two.a: not done: depends on account.chat.a, which was not done
    grant membership.chat.two.b: refused: connection reset; looked at later: it did not happen
    ");
    assert_snapshot!(story.plan(), @"
    holds in-doubt [account.chat.a]: nobody knows whether `create account.chat.a` of run run-1 happened: connection reset
    system.chat: 1 unmanaged
    0 chat at group.chat.two
      + grant membership.chat.two.b <- group.chat.two
    ");
    story.at("2026-11-23T13:00:00Z");
    assert_eq!(story.apply(), "");
}

/// A call about who is in a group may carry all of its members, as they were: what else is to be changed in that group
/// waits as long as it may be under way, and nothing else does.
#[test]
fn beside_what_is_in_doubt_in_a_group_nothing_is_changed() {
    let mut story = Story::new(GROUPS);
    assert_eq!(story.apply(), "");
    let b = "membership.chat.four.b".parse().unwrap();
    let target = story.recorded.objects[&b].target.unwrap();
    begun(&mut story, 1, (b, Action::Revoke), Object::new("", Attributes::new()), target);
    story.edit("[person.a, person.b, person.c, person.d]", "[person.b, person.c, person.d]");
    story.edit("[person.a, person.b]", "[person.b]");
    assert_snapshot!(story.plan(), @"
    holds in-doubt [membership.chat.four.a]: calls of an earlier run about who is in group.chat.four may still be under way
    holds in-doubt [membership.chat.four.b]: nobody knows whether `revoke membership.chat.four.b` of run run-9 happened
    0 chat
      - revoke membership.chat.four.a <- no longer given by group.chat.four
      - revoke membership.chat.two.a <- no longer given by group.chat.two
    ");
    story.at("2026-11-23T13:00:00Z");
    assert_eq!(story.apply(), "");
}

#[test]
fn targets_take_what_they_need_along() {
    let mut story = Story::new(GROUPS);
    story.targets = vec!["membership.chat.two.b".parse().unwrap()];
    assert_snapshot!(story.plan(), @r#"
    records person.b
    0 chat at account.chat.b
      + create account.chat.b userName="b" <- group.chat.four; group.chat.two; role.all
    1 chat at group.chat.two
      + create group.chat.two displayName="two" <- group.chat.two
    2 chat at group.chat.two after 0 after 1
      + grant membership.chat.two.b <- group.chat.two
    "#);
    assert_eq!(story.apply(), "");
    story.targets = vec!["person.c".parse().unwrap()];
    assert_snapshot!(story.plan(), @r#"
    records person.c
    0 chat at account.chat.c
      + create account.chat.c userName="c" <- group.chat.four; role.all
    1 chat at group.chat.four
      + create group.chat.four displayName="four" <- group.chat.four
    2 chat at group.chat.four after 0 after 1
      + grant membership.chat.four.c <- group.chat.four
    "#);
    assert_eq!(story.apply(), "");
    story.targets.clear();
    assert_eq!(story.apply(), "");
}
