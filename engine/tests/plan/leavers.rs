//! Who leaves, who comes back, and what others did meanwhile.

use insta::assert_snapshot;

use crate::story::Story;

const TEAM: &str = r#"
settings {
  timezone = "Europe/Berlin"
}
system "chat" {
  provider = "directory"
  match    = self.login == account.userName
}
role "all" {
  when   = true
  access = [group.chat.core]
}
group "chat" "core" {}
person "ada" {
  login = "ada"
}
person "bob" {
  login = "bob"
}
person "eve" {
  login = "eve"
}
person "kim" {
  login = "kim"
}
person "lou" {
  login = "lou"
}
"#;

/// Everybody has an account, and is in the group.
fn team() -> Story {
    let mut story = Story::new(TEAM);
    assert_eq!(story.apply(), "");
    story
}

const ADA: &str = "person \"ada\" {\n  login = \"ada\"\n}";

#[test]
fn whoever_is_not_in_the_files_any_more_has_left() {
    let mut story = team();
    story.edit(ADA, "");
    assert_snapshot!(story.plan(), @"
    0 chat at account.chat.ada
      - deactivate account.chat.ada <- left the files
    1 chat at group.chat.core
      - revoke membership.chat.core.ada <- left the files
    ");
    assert_eq!(story.apply(), "");
    // Whoever comes back gets back what tenure took.
    story.edit("person \"bob\"", "person \"ada\" {\n  login = \"ada\"\n}\nperson \"bob\"");
    assert_snapshot!(story.plan(), @"
    0 chat at account.chat.ada
      + reactivate account.chat.ada <- role.all
    1 chat at group.chat.core after 0
      + grant membership.chat.core.ada <- role.all
    ");
    assert_eq!(story.apply(), "");
}

#[test]
fn the_last_day_counts_whole() {
    let mut story = team();
    story.edit("login = \"ada\"", "login = \"ada\"\n  ends = \"2026-11-30\"");
    assert_snapshot!(story.plan(), @"records person.ada");
    assert_eq!(story.apply(), "");
    story.at("2026-11-30T22:59:59Z");
    assert_snapshot!(story.plan(), @"nothing to do");
    // Midnight in Berlin.
    story.at("2026-11-30T23:00:00Z");
    assert_snapshot!(story.plan(), @"
    0 chat at account.chat.ada
      - deactivate account.chat.ada until 2026-11-30 <- ended 2026-11-30
    1 chat at group.chat.core
      - revoke membership.chat.core.ada until 2026-11-30 <- ended 2026-11-30
    ");
    assert_eq!(story.apply(), "");
}

#[test]
fn status_left() {
    let mut story = team();
    story.edit("login = \"ada\"", "login = \"ada\"\n  status = \"left\"");
    assert_snapshot!(story.plan(), @r#"
    records person.ada
    0 chat at account.chat.ada
      - deactivate account.chat.ada <- status = "left"
    1 chat at group.chat.core
      - revoke membership.chat.core.ada <- status = "left"
    "#);
    assert_eq!(story.apply(), "");
}

#[test]
fn whoever_starts_later_gets_nothing_yet() {
    let mut story = Story::new(TEAM);
    story.edit("login = \"ada\"", "login = \"ada\"\n  starts = \"2026-12-01\"");
    story.edit("person \"bob\" {\n  login = \"bob\"\n}", "");
    story.edit("person \"eve\" {\n  login = \"eve\"\n}", "");
    story.edit("person \"kim\" {\n  login = \"kim\"\n}", "");
    assert_eq!(story.apply(), "");
    story.at("2026-11-30T23:00:00Z");
    assert_snapshot!(story.plan(), @r#"
    0 chat at account.chat.ada
      + create account.chat.ada userName="ada" <- role.all
    1 chat at group.chat.core after 0
      + grant membership.chat.core.ada <- role.all
    "#);
}

#[test]
fn what_others_switched_off_stays_off() {
    let mut story = team();
    story.tell("=== chat\naccount chat-1 off {\"userName\":\"ada\"}");
    assert_snapshot!(story.plan(), @r#"holds suspended-outside [account.chat.ada]: account.chat.ada (id "chat-1") was switched off, and not by tenure"#);
    assert_eq!(story.apply(), "");
    // They leave all the same, and nothing comes back by itself.
    story.edit(ADA, "");
    assert_snapshot!(story.plan(), @r#"
    drifted account.chat.ada chat-1 off userName="ada"
    0 chat at group.chat.core
      - revoke membership.chat.core.ada <- left the files
    "#);
    assert_eq!(story.apply(), "");
    story.edit("person \"bob\"", "person \"ada\" {\n  login = \"ada\"\n}\nperson \"bob\"");
    assert_snapshot!(story.plan(), @r#"holds suspended-outside [account.chat.ada]: account.chat.ada (id "chat-1") was switched off, and not by tenure"#);
    assert_eq!(story.apply(), "");
    story.tell("=== chat\naccount chat-1 {\"userName\":\"ada\"}");
    assert_snapshot!(story.plan(), @r#"
    drifted account.chat.ada chat-1 userName="ada"
    0 chat at group.chat.core
      + grant membership.chat.core.ada <- role.all
    "#);
    assert_eq!(story.apply(), "");
}

#[test]
fn what_others_switched_on_and_off_again_is_theirs() {
    let mut story = team();
    story.edit(ADA, "");
    assert_eq!(story.apply(), "");
    // Somebody switches the leaver's account on: it is switched off again.
    story.tell("=== chat\naccount chat-1 {\"userName\":\"ada\"}");
    assert_snapshot!(story.plan(), @"
    0 chat at account.chat.ada
      - deactivate account.chat.ada <- left the files
    ");
    // They come back, and their account is on already; from now on it is as if tenure had never taken it.
    story.edit("person \"bob\"", "person \"ada\" {\n  login = \"ada\"\n}\nperson \"bob\"");
    assert_snapshot!(story.plan(), @r#"
    drifted account.chat.ada chat-1 userName="ada"
    0 chat at group.chat.core
      + grant membership.chat.core.ada <- role.all
    "#);
    assert_eq!(story.apply(), "");
    story.tell("=== chat\naccount chat-1 off {\"userName\":\"ada\"}");
    assert_snapshot!(story.plan(), @r#"holds suspended-outside [account.chat.ada]: account.chat.ada (id "chat-1") was switched off, and not by tenure"#);
}

#[test]
fn an_account_that_vanished_is_not_made_again_by_itself() {
    let mut story = team();
    story.tell("=== chat\nremove account chat-1");
    assert_snapshot!(story.plan(), @r#"holds vanished [account.chat.ada]: account.chat.ada (id "chat-1") is gone from its system, and not by tenure"#);
    assert_eq!(story.apply(), "");
    story.tell("--- forget.hcl\nforget {\n  address = account.chat.ada\n}");
    assert_snapshot!(story.plan(), @"
    forgotten account.chat.ada
    forgotten membership.chat.core.ada
    ");
    story.apply();
    story.tell("--- forget.hcl\n");
    assert_snapshot!(story.plan(), @r#"
    0 chat at account.chat.ada
      + create account.chat.ada userName="ada" <- role.all
    1 chat at group.chat.core after 0
      + grant membership.chat.core.ada <- role.all
    "#);
    assert_eq!(story.apply(), "");
}

#[test]
fn a_leavers_account_that_vanished_is_switched_off_should_it_show_again() {
    let mut story = team();
    let whole = story.clone();
    story.tell("=== chat\nremove account chat-1");
    story.edit(ADA, "");
    assert_snapshot!(story.plan(), @r#"notice vanished [account.chat.ada]: account.chat.ada (id "chat-1"), which is not wanted any more, is gone from its system, and not by tenure: should it show again, it is switched off"#);
    assert_eq!(story.apply(), "");
    // It was a replica that lagged.
    let mut again = story.clone();
    again.systems = whole.systems;
    assert_snapshot!(again.plan(), @"
    0 chat at account.chat.ada
      - deactivate account.chat.ada <- left the files
    1 chat at group.chat.core
      - revoke membership.chat.core.ada <- left the files
    ");
    assert_eq!(again.apply(), "");
    // It is gone for good.
    story.tell("--- forget.hcl\nforget {\n  address = account.chat.ada\n}");
    assert_snapshot!(story.plan(), @"
    forgotten account.chat.ada
    forgotten membership.chat.core.ada
    ");
    assert_eq!(story.apply(), "");
}

#[test]
fn another_account_in_its_place_is_not_taken_for_it() {
    let mut story = team();
    story.tell("=== chat\nremove account chat-1\naccount other {\"userName\":\"ada\"}");
    assert_snapshot!(story.plan(), @r#"
    holds replaced [account.chat.ada]: account.chat.ada (id "chat-1") is gone, and another account (id "other") matches its keys
    system.chat: 1 unmanaged
    "#);
    assert_eq!(story.apply(), "");
}

#[test]
fn whoever_loses_the_last_access_is_switched_off() {
    let mut story = team();
    story.edit("when   = true", "when   = self.login != \"ada\"");
    assert_snapshot!(story.plan(), @"
    0 chat
      - deactivate account.chat.ada <- no longer has any access on chat
      - revoke membership.chat.core.ada <- no longer given by role.all
    ");
    assert_eq!(story.apply(), "");
    story.edit("when   = self.login != \"ada\"", "when   = true");
    assert_snapshot!(story.plan(), @"
    0 chat at account.chat.ada
      + reactivate account.chat.ada <- role.all
    1 chat at group.chat.core after 0
      + grant membership.chat.core.ada <- role.all
    ");
    assert_eq!(story.apply(), "");
}

#[test]
fn accounts_that_cannot_be_switched_off_are_told_of() {
    let mut story = Story::new(TEAM);
    story.tell("=== chat keep");
    assert_eq!(story.apply(), "");
    story.edit(ADA, "");
    assert_snapshot!(story.plan(), @"
    system.chat: account.chat.ada is not wanted any more, but accounts cannot be switched off here
    0 chat at group.chat.core
      - revoke membership.chat.core.ada <- left the files
    ");
    assert_eq!(story.apply(), "");
}
