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

#[test]
fn the_clock_starts_when_the_deactivation_was_seen_not_when_it_was_planned() {
    let mut story = team();
    story.tell("=== chat\nunreadable: 503");
    story.edit(ADA, "");
    assert_snapshot!(story.plan(), @"holds incomplete-read [system.chat]: system.chat could not be read completely, so nothing is planned there: 503");
    story.apply();
    // Five days later it can be reached again.
    story.at("2026-11-28T12:00:00Z");
    story.tell("=== chat\nreadable");
    assert_eq!(story.apply(), "");
    story.at("2026-12-28T11:59:59Z");
    assert_snapshot!(story.plan(), @"nothing to do");
    story.at("2026-12-28T12:00:00Z");
    assert_snapshot!(story.plan(), @"
    0 chat at account.chat.ada
      ! archive account.chat.ada <- left the files; due since 2026-12-28 (undo until 2027-12-28)
    ");
}

#[test]
fn of_a_person_a_role_and_a_system_the_most_conserving_wins() {
    let blocks = r#"offboarding "quick" {
  archive_after = "10d"
  delete_after  = "10d"
}
offboarding "slow" {
  archive_after = "90d"
  delete_after  = "400d"
}
offboarding "never" {
  archive_after = "20d"
}
role "all" {"#;
    // What stands on the person, the role and the system; when it is archived, and whether it is deleted in the end.
    for (person, role, system, archived, deleted) in [
        ("quick", "", "", "2026-12-03", Some("2026-12-13")),
        ("quick", "slow", "", "2027-02-21", Some("2028-03-27")),
        ("quick", "", "slow", "2027-02-21", Some("2028-03-27")),
        ("", "quick", "never", "2026-12-13", None),
        ("slow", "quick", "never", "2027-02-21", None),
    ] {
        let mut story = Story::new(TEAM);
        let line =
            |name: &str| if name.is_empty() { String::new() } else { format!("  offboarding = offboarding.{name}\n") };
        story.edit("  offboarding = offboarding.standard\n", &line(person));
        story.edit("role \"all\" {", &format!("{blocks}\n{}", line(role)));
        story.edit("system \"chat\" {\n", &format!("system \"chat\" {{\n{}", line(system)));
        assert_eq!(story.apply(), "");
        let ada = ADA.replace("  offboarding = offboarding.standard\n", &line(person));
        story.edit(&ada, "");
        assert_eq!(story.apply(), "");
        let due = |story: &Story| {
            let plan = story.plan();
            let stage = plan.lines().find(|line| line.contains("due since"));
            stage.map(|line| line.trim().split(" (").next().unwrap().to_owned())
        };
        let case = format!("{person:?} {role:?} {system:?}");
        story.at("2030-01-01T12:00:00Z");
        let wanted = format!("! archive account.chat.ada <- left the files; due since {archived}");
        assert_eq!(due(&story), Some(wanted), "{case}");
        story.at(&format!("{archived}T12:00:00Z"));
        story.done("account.chat.ada");
        story.at("2030-01-01T12:00:00Z");
        let wanted = deleted.map(|day| format!("! delete account.chat.ada <- left the files; due since {day}"));
        assert_eq!(due(&story), wanted, "{case}");
    }
}

#[test]
fn a_legal_hold_stops_everything_but_the_deactivation() {
    let mut story = team();
    story.tell("=== chat\nowns chat-1 7 table");
    let (login, held) =
        ("login       = \"ada\"", "login       = \"ada\"\n  legal_hold  = true\n  status      = \"left\"");
    story.edit(login, held);
    assert_eq!(story.apply(), "");
    story.at("2026-12-24T12:00:00Z");
    assert_snapshot!(story.plan(), @r#"
    holds legal-hold [account.chat.ada]: transfer of account.chat.ada is due, and person.ada is on legal hold
    0 chat at account.chat.ada
      > transfer account.chat.ada to="chat-2" <- status = "left"; due since 2026-12-23 (undo until 2027-12-24)
    "#);
    assert_ne!(story.apply(), "");
    // Also once nothing but the record knows of the hold.
    let mut gone = story.clone();
    gone.edit(&ADA.replacen(login, held, 1), "");
    assert_snapshot!(gone.plan(), @r#"
    holds legal-hold [account.chat.ada]: transfer of account.chat.ada is due, and person.ada is on legal hold
    0 chat at account.chat.ada
      > transfer account.chat.ada to="chat-2" <- left the files; due since 2026-12-23 (undo until 2027-12-24)
    "#);
    story.edit("  legal_hold  = true\n", "");
    assert_snapshot!(story.plan(), @r#"
    records person.ada
    0 chat at account.chat.ada
      > transfer account.chat.ada to="chat-2" <- status = "left"; due since 2026-12-23 (undo until 2027-12-24)
    "#);
}

#[test]
fn a_service_whose_owners_left_is_told_of_or_ends_with_them() {
    let mut story = team();
    story.edit(
        "person \"kim\"",
        "service \"deployer\" {\n  owners = [person.ada, person.kim]\n  login  = \"deployer\"\n}\nperson \"kim\"",
    );
    assert_eq!(story.apply(), "");
    story.edit(ADA, "");
    story.edit("person.ada, person.kim", "person.kim");
    assert_eq!(story.apply(), "");
    story.edit("login = \"kim\"", "login = \"kim\"\n  status = \"left\"");
    assert_snapshot!(story.plan(), @r#"
    notice no-owner [service.deployer]: 1 service whose owners all left: service.deployer
    records person.kim
    0 chat at account.chat.kim
      - deactivate account.chat.kim <- status = "left"
    1 chat at group.chat.core
      - revoke membership.chat.core.kim <- status = "left"
    "#);
    story.edit("owners = [person.kim]", "owners = [person.kim]\n  ends_with_owners = true");
    assert_snapshot!(story.plan(), @r#"
    holds mass-removal [membership.chat.core.deployer membership.chat.core.kim]: group.chat.core would lose 3 of its 6 members within 24 h: half or more
    records person.kim service.deployer
    0 chat
      - deactivate account.chat.deployer <- all its owners left
      - deactivate account.chat.kim <- status = "left"
    1 chat at group.chat.core
      - revoke membership.chat.core.deployer <- all its owners left
      - revoke membership.chat.core.kim <- status = "left"
    "#);
}
