//! The stages after somebody left: deactivated, handed over, put away, deleted; each when it is due.

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
offboarding "standard" {
  transfer_to   = self.manager
  archive_after = "30d"
  delete_after  = "365d"
}
role "all" {
  when   = true
  access = [group.chat.core]
}
group "chat" "core" {}
person "ada" {
  login       = "ada"
  manager     = person.bob
  offboarding = offboarding.standard
}
person "bob" {
  login   = "bob"
  manager = person.eve
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
=== chat transfer archive delete
"#;

const ADA: &str =
    "person \"ada\" {\n  login       = \"ada\"\n  manager     = person.bob\n  offboarding = offboarding.standard\n}";

fn team() -> Story {
    let mut story = Story::new(TEAM);
    assert_eq!(story.apply(), "");
    story
}

fn ada_left() -> Story {
    let mut story = team();
    story.edit(ADA, "");
    assert_eq!(story.apply(), "");
    story
}

#[test]
fn one_stage_after_the_other_each_when_it_is_due() {
    let mut story = team();
    story.tell(
        "=== chat\nowns chat-1 7 table\nowns chat-1 2 view\ngroup g9 {\"displayName\":\"by hand\"}\nmember g9 chat-1",
    );
    story.edit(ADA, "");
    assert_snapshot!(story.plan(), @r#"
    stage account.chat.ada stage="deactivated"
    0 chat at account.chat.ada
      - deactivate account.chat.ada <- left the files (undo until 2027-12-23)
    1 chat
      - revoke membership.chat._id["g9"].ada <- left the files (undo until 2027-12-23)
      - revoke membership.chat.core.ada <- left the files (undo until 2027-12-23)
    "#);
    assert_eq!(story.apply(), "");
    // The clock began when the deactivation was seen.
    story.at("2026-12-23T11:59:59Z");
    assert_snapshot!(story.plan(), @"nothing to do");
    story.at("2026-12-23T12:00:00Z");
    assert_snapshot!(story.plan(), @r#"
    0 chat at account.chat.ada
      > transfer account.chat.ada to="chat-2" <- left the files; due since 2026-12-23 (undo until 2027-12-23)
    "#);
    // Days later it is still due, and since when.
    story.at("2026-12-27T09:00:00Z");
    assert_snapshot!(story.plan(), @r#"
    0 chat at account.chat.ada
      > transfer account.chat.ada to="chat-2" <- left the files; due since 2026-12-23 (undo until 2027-12-27)
    "#);
    story.done("account.chat.ada");
    // Not in the same run; and once it was seen, at once.
    assert_snapshot!(story.plan(), @"
    0 chat at account.chat.ada
      ! archive account.chat.ada <- left the files; due since 2026-12-27 (undo until 2027-12-27)
    ");
    story.done("account.chat.ada");
    assert_snapshot!(story.plan(), @"nothing to do");
    story.at("2027-12-27T09:00:00Z");
    assert_snapshot!(story.plan(), @"
    holds irreversible [account.chat.ada]: 1 change cannot be undone: delete account.chat.ada loses the account chat-1 and whatever else the system keeps with it
    0 chat at account.chat.ada
      ! delete account.chat.ada <- left the files; due since 2027-12-27 (never undone: the account chat-1 and whatever else the system keeps with it)
    ");
}

#[test]
fn nothing_to_hand_over_and_no_way_to_put_it_away() {
    let mut story = Story::new(TEAM);
    story.tell("=== chat delete");
    assert_eq!(story.apply(), "");
    story.edit(ADA, "");
    assert_eq!(story.apply(), "");
    story.at("2027-12-23T11:59:59Z");
    assert_snapshot!(story.plan(), @"nothing to do");
    story.at("2027-12-23T12:00:00Z");
    assert_snapshot!(story.plan(), @"
    holds irreversible [account.chat.ada]: 1 change cannot be undone: delete account.chat.ada loses the account chat-1 and whatever else the system keeps with it
    0 chat at account.chat.ada
      ! delete account.chat.ada <- left the files; due since 2027-12-23 (never undone: the account chat-1 and whatever else the system keeps with it)
    ");
}

#[test]
fn whoever_comes_back_gets_the_same_account() {
    let mut story = ada_left();
    story.at("2026-12-27T09:00:00Z");
    assert_snapshot!(story.plan(), @"
    0 chat at account.chat.ada
      ! archive account.chat.ada <- left the files; due since 2026-12-23 (undo until 2027-12-27)
    ");
    story.done("account.chat.ada");
    story.edit("person \"bob\"", &format!("{ADA}\nperson \"bob\""));
    assert_snapshot!(story.plan(), @"
    0 chat at account.chat.ada
      + reactivate account.chat.ada <- role.all
    1 chat at group.chat.core after 0
      + grant membership.chat.core.ada <- role.all
    ");
    assert_eq!(story.apply(), "");
    // And the clock begins anew.
    story.edit(ADA, "");
    assert_eq!(story.apply(), "");
    assert_snapshot!(story.plan(), @"nothing to do");
    story.at("2027-02-01T09:00:00Z");
    assert_snapshot!(story.plan(), @"
    0 chat at account.chat.ada
      ! archive account.chat.ada <- left the files; due since 2027-01-26 (undo until 2028-02-01)
    ");
}

#[test]
fn the_heir_is_the_first_active_manager_upward() {
    let mut story = ada_left();
    story.tell("=== chat\nowns chat-1 7 table");
    story.edit("person \"bob\" {\n  login   = \"bob\"\n  manager = person.eve\n}", "");
    assert_eq!(story.apply(), "");
    story.at("2026-12-27T09:00:00Z");
    assert_snapshot!(story.plan(), @r#"
    0 chat at account.chat.ada
      > transfer account.chat.ada to="chat-3" <- left the files; due since 2026-12-23 (undo until 2027-12-27)
    "#);
    story
        .edit("person \"eve\" {\n  login = \"eve\"\n}", "person \"eve\" {\n  login  = \"eve\"\n  status = \"left\"\n}");
    assert_snapshot!(story.plan(), @r#"
    holds no-heir [account.chat.ada]: transfer of account.chat.ada is due since 2026-12-23, and there is no heir: person.bob is not active, nor is any manager above
    records person.eve
    0 chat at account.chat.eve
      - deactivate account.chat.eve <- status = "left"
    1 chat at group.chat.core
      - revoke membership.chat.core.eve <- status = "left"
    "#);
    story.edit("status = \"left\"", "");
    story.edit("when   = true", "when   = self.login != \"eve\"");
    assert_snapshot!(story.plan(), @"
    holds no-heir [account.chat.ada]: transfer of account.chat.ada is due since 2026-12-23, and there is no heir: person.eve has no account on system.chat that could take it
    0 chat
      - deactivate account.chat.eve <- no longer has any access on chat
      - revoke membership.chat.core.eve <- no longer given by role.all
    ");
}

#[test]
fn a_policy_may_keep_accounts_and_the_most_conserving_one_holds() {
    let mut story = Story::new(TEAM);
    story.edit(
        "person \"ada\"",
        r#"offboarding "mail" {
  account = "keep"
}
offboarding "long" {
  archive_after = "90d"
}
system "mail" {
  provider    = "directory"
  offboarding = offboarding.mail
}
role "longer" {
  members     = [person.ada]
  access      = [system.mail]
  offboarding = offboarding.long
}
person "ada""#,
    );
    assert_eq!(story.apply(), "");
    story.edit(ADA, "");
    story.edit("members     = [person.ada]", "members     = []");
    assert_snapshot!(story.plan(), @r#"
    stage account.chat.ada stage="deactivated"
    0 chat at account.chat.ada
      - deactivate account.chat.ada <- left the files
    1 chat at group.chat.core
      - revoke membership.chat.core.ada <- left the files
    "#);
    assert_eq!(story.apply(), "");
    story.at("2027-02-21T11:00:00Z");
    assert_snapshot!(story.plan(), @"nothing to do");
    story.at("2029-02-21T12:00:00Z");
    assert_snapshot!(story.plan(), @"
    0 chat at account.chat.ada
      ! archive account.chat.ada <- left the files; due since 2027-02-21
    ");
}

#[test]
fn who_was_deactivated_before_anybody_said_what_is_to_come() {
    let mut story = Story::new(TEAM);
    story.edit("  offboarding = offboarding.standard\n", "");
    assert_eq!(story.apply(), "");
    story.edit("login       = \"ada\"", "login       = \"ada\"\n  status = \"left\"");
    assert_eq!(story.apply(), "");
    story.at("2027-11-23T12:00:00Z");
    story.edit("status = \"left\"", "status = \"left\"\n  offboarding = offboarding.standard");
    assert_snapshot!(story.plan(), @r#"
    records person.ada
    stage account.chat.ada stage="deactivated"
    "#);
    assert_eq!(story.apply(), "");
    story.at("2027-12-23T12:00:00Z");
    assert_snapshot!(story.plan(), @r#"
    0 chat at account.chat.ada
      ! archive account.chat.ada <- status = "left"; due since 2027-12-23 (undo until 2028-12-22)
    "#);
}

#[test]
fn a_deactivation_says_what_the_account_owns() {
    let mut story = team();
    story.tell("=== chat\nowns chat-1 7 table\nowns chat-2 1 view");
    story.edit(ADA, "");
    let owns = story.with(|planned, _| {
        let plan = planned.map_err(|_| "no plan").unwrap().plan;
        let off = plan.changes.into_iter().find(|change| change.action == state::Action::Deactivate).unwrap();
        state::Owns::shown(&state::Owns::of(&off.before.unwrap()))
    });
    assert_eq!(owns, "7 tables in sales");
    // It is no attribute of the account: applying is not held up by it.
    assert_eq!(story.apply(), "");
}
