//! Stories of access that was lost, or given to the wrong, to users of other tools: what the safeguards say. See the
//! table in docs/safeguards.md.

use std::fmt::Write as _;

use insta::assert_snapshot;
use state::Code;

use crate::story::Story;

/// What the safeguards say, one line each: code and message.
fn said(story: &Story) -> String {
    let plan = story.plan();
    let said = plan
        .lines()
        .filter(|line| line.starts_with("holds") || line.starts_with("notice") || line.starts_with("error"));
    let short = |line: &str| match (line.find(" ["), line.find("]: ")) {
        (Some(from), Some(to)) if from < to => format!("{}{}\n", &line[..from], &line[to + 1..]),
        _ => format!("{line}\n"),
    };
    let said: String = said.map(short).collect();
    if said.is_empty() { "nothing".to_owned() } else { said }
}

const TEAM: &str = r#"
system "chat" {
  provider = "directory"
  url      = "https://chat.example"
  match    = self.login == account.userName
}
role "all" {
  when   = true
  access = [group.chat.all]
}
role "admin" {
  members = [person.p01, person.p02, person.p03]
  access  = [group.chat.admins]
}
group "chat" "all" {}
group "chat" "admins" {}
protect "admins" {
  groups          = [group.chat.admins]
  minimum_members = 2
  always          = [person.p01]
}
people "hr" {
  from  = csvdecode(file("hr.csv"))
  key   = row.id
  login = row.login
  team  = row.team
}
"#;

fn rows(count: u32, row: impl Fn(u32) -> Option<String>) -> String {
    let mut text = String::from("--- hr.csv\nid,login,team\n");
    for n in 1..=count {
        match row(n) {
            Some(row) => writeln!(text, "{row}").unwrap(),
            None => continue,
        }
    }
    text
}

fn usual(n: u32) -> Option<String> {
    Some(format!("p{n:02},login{n:02},x"))
}

/// A company of `count`, a week old, in which deactivations are known to last.
fn company(count: u32) -> Story {
    let mut story = Story::new(TEAM);
    story.approved.insert(Code::PrivilegedGrant);
    story.tell(&rows(count, usual));
    assert_eq!(story.apply(), "");
    story.approved.clear();
    story.at("2026-12-01T12:00:00Z");
    story
}

#[test]
fn leavers_split_over_many_commits_within_an_hour() {
    let mut story = company(100);
    story.approved.insert(Code::FirstDeactivation);
    let mut left = 3;
    for (minute, expected) in [(0, true), (6, true), (12, true), (18, false), (24, false)] {
        left += 3;
        story.tell(&rows(100, |n| usual(n).filter(|_| n <= 3 || n > left)));
        story.at(&format!("2026-12-01T12:{minute:02}:00Z"));
        assert_eq!(story.apply().is_empty(), expected, "minute {minute}: {}", said(&story));
    }
    assert_snapshot!(said(&story), @"
    holds source-shrank: the source of people.hr lost 15 of its 100 rows within 24 h: the limit is 10 (10 %, at least 3)
    holds mass-removal: 6 deactivations of 100 on system.chat on top of 9 done within 24 h: the limit is 10 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal: 6 revocations of 103 on system.chat on top of 9 done within 24 h: the limit is 10 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal: 6 revocations of 100 on group.chat.all on top of 9 done within 24 h: the limit is 10 within 24 h (10 %, at least 3, at most 100)
    ");
}

#[test]
fn one_group_loses_most_of_its_members_while_the_total_stays_small() {
    let mut story = company(100);
    story.edit("group \"chat\" \"all\" {}", "group \"chat\" \"all\" {}\ngroup \"chat\" \"small\" {\n  members = [person.p11, person.p12, person.p13, person.p14]\n}");
    assert_eq!(story.apply(), "");
    story.edit("members = [person.p11, person.p12, person.p13, person.p14]", "members = [person.p11]");
    assert_snapshot!(said(&story), @"holds mass-removal: group.chat.small would lose 3 of its 4 members within 24 h: half or more");
    story.edit("members = [person.p11]", "members = []");
    assert_snapshot!(said(&story), @"holds mass-removal: group.chat.small would lose all of its 4 members within 24 h");
}

#[test]
fn a_group_becomes_exclusive_for_the_first_time() {
    let mut story = company(20);
    story.tell("=== chat\naccount x1 {\"userName\":\"by-hand\"}\nmember chat-22 x1");
    story.edit("group \"chat\" \"all\" {}", "group \"chat\" \"all\" {\n  exclusive = true\n}");
    assert_snapshot!(said(&story), @"holds first-exclusive: group.chat.all is exclusive for the first time, and would take 1 membership that no file explains");
    assert_ne!(story.apply(), "");
    // It is not done by waiting.
    assert_snapshot!(said(&story), @"holds first-exclusive: group.chat.all is exclusive for the first time, and would take 1 membership that no file explains");
    story.approved.insert(Code::FirstExclusive);
    assert_eq!(story.apply(), "");
    story.approved.clear();
    // From now on it is what the group is like.
    story.tell("=== chat\nmember chat-22 x1");
    assert_snapshot!(said(&story), @"nothing");
}

#[test]
fn the_last_admin_leaves() {
    let mut story = company(20);
    story.edit("[person.p01, person.p02, person.p03]", "[person.p01, person.p02]");
    assert_snapshot!(said(&story), @"nothing");
    assert_eq!(story.apply(), "");
    story.edit("[person.p01, person.p02]", "[person.p01]");
    assert_snapshot!(said(&story), @"holds last-admin: group.chat.admins would have 1 active member, and needs at least 2; it has 2 now");
    story.edit("[person.p01]", "[person.p02, person.p03]");
    assert_snapshot!(said(&story), @"
    holds privileged-grant: 1 person or service would come into group.chat.admins, which is protected: person.p03
    holds last-admin: group.chat.admins would have 1 active member, and needs at least 2; it has 2 now, and who would come into it is held
    holds last-admin: group.chat.admins would lose person.p01, who must always be in it
    ");
}

#[test]
fn the_successor_is_held_and_the_last_admin_stays() {
    let mut story = company(20);
    story.edit("[person.p01, person.p02, person.p03]", "[person.p01, person.p02]");
    assert_eq!(story.apply(), "");
    story.edit("[person.p01, person.p02]", "[person.p01, person.p04]");
    assert_snapshot!(said(&story), @"
    holds privileged-grant: 1 person or service would come into group.chat.admins, which is protected: person.p04
    holds last-admin: group.chat.admins would have 1 active member, and needs at least 2; it has 2 now, and who would come into it is held
    ");
    assert_snapshot!(story.apply(), @"
    grant membership.chat.admins.p04: held by a safeguard
    revoke membership.chat.admins.p02: held by a safeguard
    ");
    // Approved, both go, in this order.
    story.approved.insert(Code::PrivilegedGrant);
    assert_snapshot!(said(&story), @"nothing");
    assert_eq!(story.apply(), "");
}

#[test]
fn admins_in_nested_groups_count_and_those_who_are_switched_off_do_not() {
    let mut story = company(20);
    story.edit("group \"chat\" \"admins\" {}", "group \"chat\" \"admins\" {\n  members = [group.chat.inner]\n}\ngroup \"chat\" \"inner\" {\n  members = [person.p04]\n}");
    assert_snapshot!(said(&story), @"
    holds privileged-grant: 1 person or service would come into group.chat.admins, which is protected: person.p04
    holds open-nesting: group.chat.inner would come into group.chat.admins, which is protected, but others can put members into group.chat.inner
    ");
    story.approved.extend([Code::PrivilegedGrant, Code::OpenNesting]);
    assert_eq!(story.apply(), "");
    story.approved.clear();
    // Two of them go: one with the account.
    story.edit("[person.p01, person.p02, person.p03]", "[person.p01]");
    assert_snapshot!(said(&story), @"holds mass-removal: group.chat.admins would lose 2 of its 4 members within 24 h: half or more");
    story.tell(&rows(20, |n| usual(n).filter(|_| n != 4)));
    story.edit("  members = [person.p04]\n", "");
    assert_snapshot!(said(&story), @"
    holds mass-removal: 4 revocations of 25 on system.chat: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal: group.chat.admins would lose 2 of its 4 members within 24 h: half or more
    holds last-admin: group.chat.admins would have 1 active member, and needs at least 2; it has 4 now
    ");
}

#[test]
fn the_credential_in_use_would_lose_its_own_access() {
    let mut story = company(20);
    story.tell("=== chat\nown chat-7");
    story.tell(&rows(20, |n| usual(n).filter(|_| n != 7)));
    assert_snapshot!(said(&story), @r#"holds last-admin: this would switch off the account (id "chat-7") that tenure itself uses on system.chat"#);
    // Also where nobody knows whose it is.
    story.tell(&rows(20, usual));
    story.tell("=== chat\naccount robot {\"userName\":\"robot\"}\nown robot");
    story.edit("match    =", "exclusive = true\n  match    =");
    assert_snapshot!(said(&story), @r#"
    holds last-admin: this would switch off the account (id "robot") that tenure itself uses on system.chat
    holds first-exclusive: system.chat is exclusive for the first time, and would take 1 account that no file explains
    "#);
}

#[test]
fn one_commit_loosens_the_limits_drops_the_protection_and_removes_those_it_protected() {
    let mut story = company(40);
    story.edit("protect \"admins\" {\n  groups          = [group.chat.admins]\n  minimum_members = 2\n  always          = [person.p01]\n}", "settings {\n  safeguards {\n    mass_removal = \"100%\"\n  }\n}");
    story.edit("[person.p01, person.p02, person.p03]", "[]");
    assert_snapshot!(said(&story), @"
    holds mass-removal: group.chat.admins would lose all of its 3 members within 24 h
    holds last-admin: group.chat.admins would lose person.p01, who must always be in it
    holds last-admin: group.chat.admins would have 0 active members, and needs at least 2; it has 3 now
    holds guard-lowered: limits are looser than those on record: mass_removal is 100 %, on record 10 %
    holds guard-lowered: protections are looser than those on record: group.chat.admins is protected no more
    ");
    assert_ne!(story.apply(), "");
    // The next run is judged by the same.
    assert_snapshot!(said(&story), @"
    holds mass-removal: group.chat.admins would lose all of its 3 members within 24 h
    holds last-admin: group.chat.admins would lose person.p01, who must always be in it
    holds last-admin: group.chat.admins would have 0 active members, and needs at least 2; it has 3 now
    holds guard-lowered: limits are looser than those on record: mass_removal is 100 %, on record 10 %
    holds guard-lowered: protections are looser than those on record: group.chat.admins is protected no more
    ");
    story.approved.insert(Code::GuardLowered);
    story.edit("members = []", "members = [person.p01, person.p02, person.p03]");
    assert_eq!(story.apply(), "");
    story.approved.clear();
    assert_snapshot!(said(&story), @"nothing");
}

#[test]
fn one_commit_gives_everybody_a_protected_group() {
    let mut story = company(60);
    story.edit("access = [group.chat.all]", "access = [group.chat.all, group.chat.admins]");
    assert_snapshot!(said(&story), @"
    holds mass-grant: 57 new memberships on system.chat, which has 63: the limit is 12 within 24 h (20 %, at least 10)
    holds privileged-grant: 57 people and services would come into group.chat.admins, which is protected: person.p04, person.p05, person.p06, person.p07, person.p08, person.p09 and 51 more
    ");
}

#[test]
fn one_commit_gives_everybody_something() {
    let mut story = company(60);
    story.edit("access = [group.chat.all]", "access = [group.chat.all, group.chat.finance]");
    story.tell("--- finance.hcl\ngroup \"chat\" \"finance\" {}");
    assert_snapshot!(said(&story), @"holds mass-grant: 60 new memberships on system.chat, which has 63: the limit is 12 within 24 h (20 %, at least 10)");
}

#[test]
fn one_changed_column_changes_everybody() {
    let mut story = company(60);
    story.edit("match    =", "account {\n    title = self.team\n  }\n  match    =");
    assert_snapshot!(said(&story), @"holds mass-change: 60 changed accounts on system.chat, which has 60: the limit is 18 within 24 h (30 %, at least 10)");
    story.approved.insert(Code::MassChange);
    assert_eq!(story.apply(), "");
    story.approved.clear();
    // Ten more in each hour: within a day it is too many, however it is split.
    story.at("2026-12-10T00:00:00Z");
    for hour in 0..3 {
        let changed = (hour + 1) * 8;
        story.tell(&rows(60, |n| Some(format!("p{n:02},login{n:02},{}", if n <= changed { "y" } else { "x" }))));
        story.at(&format!("2026-12-10T{hour:02}:00:00Z"));
        if hour < 2 {
            assert_eq!(story.apply(), "");
        }
    }
    assert_snapshot!(said(&story), @"holds mass-change: 8 changed accounts on system.chat, which has 60 on top of 16 done within 24 h: the limit is 18 within 24 h (30 %, at least 10)");
}

#[test]
fn a_block_leads_to_another_system() {
    let mut story = company(20);
    story.edit("https://chat.example", "https://chat-test.example");
    story.edit("[person.p01, person.p02, person.p03]", "[person.p01, person.p02]");
    assert_snapshot!(story.plan(), @r#"
    holds origin-changed [system.chat membership.chat.admins.p03]: system.chat is another one than on record: url is "https://chat-test.example", on record "https://chat.example"
    0 chat at group.chat.admins
      - revoke membership.chat.admins.p03 <- no longer given by role.admin
    "#);
    assert_ne!(story.apply(), "");
    story.edit("https://chat-test.example", "https://chat.example");
    assert_snapshot!(said(&story), @"nothing");
}

#[test]
fn a_username_is_reused_for_someone_else() {
    let mut story = company(20);
    // A login is renamed, and somebody new gets the old one.
    story.tell(&rows(20, |n| if n == 7 { Some("p07,seven,x".to_owned()) } else { usual(n) }));
    story.edit(
        "match    = self.login == account.userName",
        "match    = self.login == account.userName\n  account {\n    userName = self.login\n  }",
    );
    assert_eq!(story.apply(), "");
    story.tell(&rows(21, |n| match n {
        7 => Some("p07,seven,x".to_owned()),
        21 => Some("p21,login07,x".to_owned()),
        n => usual(n),
    }));
    assert_snapshot!(said(&story), @r#"holds reused-identifier: account.chat.p21 would have userName "login07", which was account.chat.p07"#);
}

#[test]
fn the_first_deactivation_goes_alone() {
    let mut story = company(60);
    story.tell(&rows(60, |n| usual(n).filter(|_| !(7..=9).contains(&n))));
    assert_snapshot!(said(&story), @"holds first-deactivation: no deactivation was seen to last on system.chat so far: account.chat.p07 goes first, before 2 other accounts");
    assert_ne!(story.apply(), "");
    // It did not last: somebody, or something, switched the account on again.
    let mut back = story.clone();
    back.tell("=== chat\naccount chat-7 {\"userName\":\"login07\"}");
    assert_snapshot!(said(&back), @"holds first-deactivation: no deactivation was seen to last on system.chat so far: account.chat.p07 goes first, before 2 other accounts");
    // It lasted.
    assert_snapshot!(said(&story), @"nothing");
    assert_eq!(story.apply(), "");
}

#[test]
fn of_an_approved_mass_removal_one_account_goes_first_too() {
    let mut story = company(60);
    story.approved.extend([Code::SourceShrank, Code::MassRemoval]);
    story.tell(&rows(60, |n| usual(n).filter(|_| !(7..=40).contains(&n))));
    assert_snapshot!(said(&story), @"holds first-deactivation: no deactivation was seen to last on system.chat so far: account.chat.p07 goes first, before 33 other accounts");
    let count = |story: &Story| story.systems.values().next().unwrap().accounts.values().filter(|a| !a.active).count();
    assert_ne!(story.apply(), "");
    assert_eq!(count(&story), 1);
    // Seen to last: the others.
    assert_snapshot!(said(&story), @"nothing");
    assert_eq!(story.apply(), "");
    assert_eq!(count(&story), 34);
}

#[test]
fn maker_and_checker() {
    let mut story = company(20);
    story.tell("--- duties.hcl\nrole \"maker\" {\n  members = [person.p11]\n  access = [group.chat.makers]\n}\nrole \"checker\" {\n  members = [person.p12]\n  access = [group.chat.checkers]\n}\ngroup \"chat\" \"makers\" {}\ngroup \"chat\" \"checkers\" {}\ngroup \"chat\" \"audit\" {\n  members = []\n}\nconflict \"four_eyes\" {\n  roles = [role.maker, role.checker]\n}");
    assert_eq!(story.apply(), "");
    // As a holder of both roles.
    let mut roles = story.clone();
    roles.edit("members = [person.p12]", "members = [person.p11, person.p12]");
    assert_snapshot!(said(&roles), @"holds conflict: person.p11 would have what role.checker and role.maker give, and conflict.four_eyes forbids that");
    // By hand, through a group within.
    let mut hand = story.clone();
    hand.tell("=== chat\ngroup g7 {\"displayName\":\"hand\"}\nmember g7 chat-11\nnested chat-24 g7");
    assert_snapshot!(said(&hand), @"
    notice conflict: person.p11 has what role.checker and role.maker give, and conflict.four_eyes forbids that
    notice unexplained: 1 membership in 1 group of system.chat that no file explains
    ");
    // One after the other, also in one run: what is forbidden beside it is taken first.
    story.edit("members = [person.p11]", "members = []");
    story.edit("members = [person.p12]", "members = [person.p11, person.p12]");
    story.approved.insert(Code::MassRemoval);
    assert_snapshot!(story.plan(), @"
    0 chat at group.chat.makers
      - revoke membership.chat.makers.p11 <- no longer given by role.maker
    1 chat at group.chat.checkers after 0
      + grant membership.chat.checkers.p11 <- role.checker
    ");
    assert_eq!(story.apply(), "");
}

#[test]
fn maker_until_the_day_on_which_checker_begins() {
    let mut story = company(20);
    story.tell("--- duties.hcl\nrole \"maker\" {\n  members = [{ who = person.p11, until = \"2026-12-10\" }]\n  access = [group.chat.makers]\n}\nrole \"checker\" {\n  members = [{ who = person.p11, from = \"2026-12-09\" }]\n  access = [group.chat.checkers]\n}\ngroup \"chat\" \"makers\" {}\ngroup \"chat\" \"checkers\" {}\nconflict \"four_eyes\" {\n  roles = [role.maker, role.checker]\n}");
    assert_eq!(story.apply(), "");
    // On one day both would hold.
    story.at("2026-12-09T12:00:00Z");
    assert_snapshot!(said(&story), @"holds conflict: person.p11 would have what role.checker and role.maker give, and conflict.four_eyes forbids that");
    story.at("2026-12-10T00:00:00Z");
    assert_snapshot!(story.plan(), @"
    0 chat at group.chat.makers
      - revoke membership.chat.makers.p11 until 2026-12-10 <- its time is over
    1 chat at group.chat.checkers after 0
      + grant membership.chat.checkers.p11 <- role.checker
    ");
    assert_eq!(story.apply(), "");
}

#[test]
fn access_that_ends_is_renewed_in_time_or_taken() {
    let mut story = company(20);
    story.tell("--- oncall.hcl\ngroup \"chat\" \"oncall\" {\n  members = [{ who = person.p11, until = \"2026-12-10\", reason = \"rota\" }]\n}");
    assert_eq!(story.apply(), "");
    let mut renewed = story.clone();
    renewed.edit("until = \"2026-12-10\"", "until = \"2027-01-10\"");
    assert_snapshot!(renewed.plan(), @"explained membership.chat.oncall.p11 until 2027-01-10 <- group.chat.oncall until 2027-01-10 (rota)");
    assert_eq!(renewed.apply(), "");
    renewed.at("2026-12-10T00:00:00Z");
    assert_snapshot!(renewed.plan(), @"nothing to do");
    story.at("2026-12-10T00:00:00Z");
    assert_snapshot!(story.plan(), @"
    0 chat at group.chat.oncall
      - revoke membership.chat.oncall.p11 until 2026-12-10 <- its time is over
    ");
}

#[test]
fn legal_hold_and_what_is_still_owned() {
    let mut story = Story::new(
        r#"
system "chat" {
  provider = "directory"
  match    = self.login == account.userName
}
offboarding "gone" {
  delete_after = "30d"
}
role "all" {
  when   = true
  access = [system.chat]
}
person "ada" {
  login       = "ada"
  legal_hold  = true
  offboarding = offboarding.gone
}
person "bob" {
  login       = "bob"
  offboarding = offboarding.gone
}
person "eve" {
  login = "eve"
}
person "kim" {
  login = "kim"
}
=== chat delete
owns chat-2 3 table
"#,
    );
    story.approved.insert(Code::FirstDeactivation);
    assert_eq!(story.apply(), "");
    story.edit(
        "person \"ada\" {\n  login       = \"ada\"\n  legal_hold  = true\n  offboarding = offboarding.gone\n}",
        "",
    );
    story.edit("person \"bob\" {\n  login       = \"bob\"\n  offboarding = offboarding.gone\n}", "");
    assert_eq!(story.apply(), "");
    story.at("2026-12-24T12:00:00Z");
    assert_snapshot!(said(&story), @"
    holds irreversible: 2 changes cannot be undone: delete account.chat.ada loses the account chat-1 and whatever else the system keeps with it; delete account.chat.bob loses the account chat-2 and whatever else the system keeps with it
    holds legal-hold: delete of account.chat.ada is due, and person.ada is on legal hold
    holds owned-data: delete of account.chat.bob is due, but it owns 3 tables in sales
    ");
    assert_ne!(story.apply(), "");
    // Not even where that is approved is anybody deleted who is on hold, or who owns something.
    story.approved.insert(Code::Irreversible);
    assert_ne!(story.apply(), "");
    assert_eq!(story.systems.values().next().unwrap().accounts.len(), 4);
    story.tell("=== chat\nowns chat-2 0 table");
    story.apply();
    assert_eq!(story.systems.values().next().unwrap().accounts.len(), 3);
}

#[test]
fn a_system_is_down_on_the_day_someone_must_be_locked_out() {
    let mut story = company(20);
    story.tell("--- wiki.hcl\nsystem \"wiki\" {\n  provider = \"directory\"\n  match    = self.login == account.userName\n}\nrole \"wiki\" {\n  when   = true\n  access = [system.wiki]\n}");
    assert_eq!(story.apply(), "");
    story.tell("=== wiki\nunreadable: 503");
    story.tell(&rows(20, |n| usual(n).filter(|_| n != 7)));
    assert_snapshot!(story.plan(), @"
    holds incomplete-read [system.wiki]: system.wiki could not be read completely, so nothing is planned there: 503
    source people.hr: 19 rows of id, login, team
    0 chat at account.chat.p07
      - deactivate account.chat.p07 <- left the files
    1 chat at group.chat.all
      - revoke membership.chat.all.p07 <- left the files
    ");
    story.apply();
    // And once it is there again, there too.
    story.tell("=== wiki\nreadable");
    assert_snapshot!(story.plan(), @"
    0 wiki at account.wiki.p07
      - deactivate account.wiki.p07 <- left the files
    ");
}
