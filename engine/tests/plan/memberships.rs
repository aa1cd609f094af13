//! Who is in which group, with what, for how long, and who else is there.

use insta::assert_snapshot;

use crate::story::Story;

const TEAM: &str = r#"
system "chat" {
  provider = "directory"
  match    = self.login == account.userName
}
group "chat" "core" {
  members = [person.ada, person.bob]
}
group "chat" "side" {
  members = [person.eve]
}
person "ada" {
  login = "ada"
}
person "bob" {
  login = "bob"
}
person "eve" {
  login = "eve"
}
"#;

/// chat-1 is Ada, chat-2 Bob, chat-3 Eve, chat-4 core, chat-5 side.
fn team_on(options: &str) -> Story {
    let mut story = Story::new(&format!("{TEAM}\n=== chat {options}"));
    assert_eq!(story.apply(), "");
    story
}

fn team() -> Story {
    team_on("")
}

#[test]
fn new_access_comes_before_the_old_is_taken() {
    let mut story = team();
    story.edit("[person.ada, person.bob]", "[person.bob]");
    story.edit("[person.eve]", "[person.eve, person.ada]");
    assert_snapshot!(story.plan(), @"
    0 chat at group.chat.side
      + grant membership.chat.side.ada <- group.chat.side
    1 chat at group.chat.core after 0
      - revoke membership.chat.core.ada <- no longer given by group.chat.core
    ");
    assert_eq!(story.apply(), "");
}

#[test]
fn entries_with_times() {
    let mut story = team();
    story.edit(
        "[person.eve]",
        r#"[person.eve, { who = person.ada, from = "2026-12-01", until = "2026-12-24", reason = "cover" }]"#,
    );
    assert_snapshot!(story.plan(), @"nothing to do");
    story.at("2026-12-01T00:00:00Z");
    assert_snapshot!(story.plan(), @"
    0 chat at group.chat.side
      + grant membership.chat.side.ada until 2026-12-24 <- group.chat.side until 2026-12-24 (cover)
    ");
    assert_eq!(story.apply(), "");
    story.edit("2026-12-24", "2026-12-31");
    assert_snapshot!(story.plan(), @"explained membership.chat.side.ada until 2026-12-31 <- group.chat.side until 2026-12-31 (cover)");
    assert_eq!(story.apply(), "");
    story.at("2026-12-30T23:59:59Z");
    assert_snapshot!(story.plan(), @"nothing to do");
    story.at("2026-12-31T00:00:00Z");
    assert_snapshot!(story.plan(), @"
    0 chat at group.chat.side
      - revoke membership.chat.side.ada until 2026-12-31 <- its time is over
    ");
    assert_eq!(story.apply(), "");
}

#[test]
fn an_account_that_ends_with_its_only_access() {
    let mut story = team();
    story.edit("[person.eve]", r#"[{ who = person.eve, until = "2026-12-24" }]"#);
    assert_snapshot!(story.plan(), @"
    explained account.chat.eve until 2026-12-24 <- group.chat.side until 2026-12-24
    explained membership.chat.side.eve until 2026-12-24 <- group.chat.side until 2026-12-24
    ");
    assert_eq!(story.apply(), "");
    story.at("2026-12-24T00:00:00Z");
    assert_snapshot!(story.plan(), @"
    0 chat
      - deactivate account.chat.eve until 2026-12-24 <- no longer has any access on chat
      - revoke membership.chat.side.eve until 2026-12-24 <- its time is over
    ");
    assert_eq!(story.apply(), "");
}

#[test]
fn what_others_took_and_gave() {
    let mut story = team();
    story.tell("=== chat\nremove member chat-4 chat-1\nmember chat-4 chat-3\nmember chat-5 x9\naccount x9 {\"userName\":\"x\"}");
    assert_snapshot!(story.plan(), @r#"
    notice unexplained [membership.chat.core.eve membership.chat.side["id:x9"]]: 2 memberships in 2 groups of system.chat that no file explains
    system.chat: 1 unmanaged
    0 chat at group.chat.core
      + grant membership.chat.core.ada <- group.chat.core; was taken outside tenure
    "#);
    assert_eq!(story.apply(), "");
    // What was only there is recorded once the files give it, and taken when they do not any more.
    story.edit("[person.ada, person.bob]", "[person.ada, person.bob, person.eve]");
    assert_snapshot!(story.plan(), @r#"
    notice unexplained [membership.chat.side["id:x9"]]: 1 membership in 1 group of system.chat that no file explains
    explained membership.chat.core.eve <- group.chat.core
    system.chat: 1 unmanaged
    "#);
    assert_eq!(story.apply(), "");
    story.edit("[person.ada, person.bob, person.eve]", "[person.ada, person.bob]");
    assert_snapshot!(story.plan(), @r#"
    notice unexplained [membership.chat.side["id:x9"]]: 1 membership in 1 group of system.chat that no file explains
    system.chat: 1 unmanaged
    0 chat at group.chat.core
      - revoke membership.chat.core.eve <- no longer given by group.chat.core
    "#);
    assert_eq!(story.apply(), "");
}

#[test]
fn what_was_taken_outside_and_is_not_wanted_any_more_is_let_go_of() {
    let mut story = team();
    story.tell("=== chat\nremove member chat-4 chat-1");
    story.edit("[person.ada, person.bob]", "[person.bob]");
    story.edit("[person.eve]", "[person.eve, person.ada]");
    assert_snapshot!(story.plan(), @"
    forgotten membership.chat.core.ada <- gone from the system
    0 chat at group.chat.side
      + grant membership.chat.side.ada <- group.chat.side
    ");
    assert_eq!(story.apply(), "");
}

#[test]
fn an_exclusive_group_holds_nobody_else() {
    let mut story = team();
    story.tell("=== chat\nmember chat-4 x9\naccount x9 {\"userName\":\"x\"}\ngrant chat-4 {\"db\":\"x\"}");
    story.edit("members = [person.ada, person.bob]", "members = [person.ada, person.bob]\n  exclusive = true");
    story.approved.insert(state::Code::FirstExclusive);
    assert_snapshot!(story.plan(), @r#"
    approved first-exclusive [membership.chat.core["id:x9"]]: group.chat.core is exclusive for the first time, and would take 1 membership that no file explains
    system.chat: 1 unmanaged
    0 chat at group.chat.core
      - revoke membership.chat.core["id:x9"] <- no file explains it, and the group is exclusive
    "#);
    assert_eq!(story.apply(), "");
}

#[test]
fn an_exclusive_group_that_is_adopted_takes_nothing_yet() {
    let mut story = Story::new(TEAM);
    story.tell("=== chat\ngroup g1 {\"displayName\":\"core\"}\nmember g1 x9\naccount x9 {\"userName\":\"x\"}");
    story.edit("members = [person.ada, person.bob]", "members = [person.ada, person.bob]\n  exclusive = true");
    assert_snapshot!(story.plan(), @r#"
    notice unexplained [membership.chat.core["id:x9"]]: 1 membership in 1 group of system.chat that no file explains
    records person.ada person.bob person.eve
    adopted group.chat.core g1 displayName="core" <- group.chat.core
    system.chat: 1 unmanaged
    0 chat
      + create account.chat.ada userName="ada" <- group.chat.core
      + create account.chat.bob userName="bob" <- group.chat.core
      + create account.chat.eve userName="eve" <- group.chat.side
    1 chat at group.chat.side
      + create group.chat.side displayName="side" <- group.chat.side
    2 chat at group.chat.side after 0 after 1
      + grant membership.chat.side.eve <- group.chat.side
    "#);
    assert_eq!(story.apply(), "");
    assert_snapshot!(story.plan(), @r#"
    holds first-exclusive [membership.chat.core["id:x9"]]: group.chat.core is exclusive for the first time, and would take 1 membership that no file explains
    system.chat: 1 unmanaged
    0 chat at group.chat.core
      + grant membership.chat.core.ada <- group.chat.core
      + grant membership.chat.core.bob <- group.chat.core
    1 chat at group.chat.core
      - revoke membership.chat.core["id:x9"] <- no file explains it, and the group is exclusive
    "#);
    story.approved.insert(state::Code::FirstExclusive);
    assert_eq!(story.apply(), "");
}

#[test]
fn an_exclusive_system_switches_off_whom_no_file_explains() {
    let mut story = team();
    story.tell("=== chat\naccount x9 {\"userName\":\"x\"}\naccount x8 off {\"userName\":\"y\"}\naccount b1 {\"userName\":\"bot\"}");
    assert_snapshot!(story.plan(), @"system.chat: 3 unmanaged");
    story.edit("match ", "exclusive = true\n  ignore = account.userName == \"bot\"\n  match ");
    story.approved.insert(state::Code::FirstExclusive);
    assert_snapshot!(story.plan(), @r#"
    approved first-exclusive [account.chat["id:x9"]]: system.chat is exclusive for the first time, and would take 1 account that no file explains
    system.chat: 2 unmanaged
    0 chat at account.chat["id:x9"]
      - deactivate account.chat["id:x9"] <- no file explains it, and the system is exclusive
    "#);
    assert_eq!(story.apply(), "");
    // Later somebody comes to whom that account belongs: tenure took it, so it gives it back.
    story.tell("--- x.hcl\nperson \"xenia\" {\n  login = \"x\"\n}\nrole \"x\" {\n  members = [person.xenia]\n  access = [group.chat.side]\n}");
    assert_snapshot!(story.plan(), @r#"
    records person.xenia
    moved account.chat.xenia was account.chat["id:x9"] <- role.x
    system.chat: 1 unmanaged
    "#);
    story.apply();
    assert_snapshot!(story.plan(), @"
    system.chat: 1 unmanaged
    0 chat at account.chat.xenia
      + reactivate account.chat.xenia <- role.x
    1 chat at group.chat.side after 0
      + grant membership.chat.side.xenia <- role.x
    ");
    assert_eq!(story.apply(), "");
}

#[test]
fn qualifiers() {
    let mut story = team_on("stronger=role/member/maintainer");
    story.edit(
        "[person.ada, person.bob]",
        r#"[{ who = person.ada, role = "maintainer" }, { who = person.bob, role = "member" }]"#,
    );
    assert_snapshot!(story.plan(), @r#"
    0 chat at group.chat.core
      ~ update membership.chat.core.ada role="maintainer" <- group.chat.core
      ~ update membership.chat.core.bob role="member" <- group.chat.core
    "#);
    assert_eq!(story.apply(), "");
    story.edit("\"maintainer\"", "\"member\"");
    assert_snapshot!(story.plan(), @r#"
    0 chat at group.chat.core
      ~ update membership.chat.core.ada role="maintainer" -> "member" <- group.chat.core
    "#);
    assert_eq!(story.apply(), "");
    story.tell("=== chat\nmember chat-4 chat-2 {\"role\":\"maintainer\",\"since\":\"1999\"}");
    assert_snapshot!(story.plan(), @r#"
    0 chat at group.chat.core
      ~ update membership.chat.core.bob role="maintainer" -> "member" <- group.chat.core
    "#);
    assert_eq!(story.apply(), "");
}

const NESTED: &str = r#"
system "chat" {
  provider = "directory"
  match    = self.login == account.userName
}
group "chat" "all" {
  members = [group.chat.core, { who = group.chat.side, until = "2026-12-24" }, person.kim]
}
group "chat" "core" {
  members = [person.ada, group.chat.deep]
}
group "chat" "deep" {
  members = [person.bob, { who = person.kim, role = "maintainer" }]
}
group "chat" "side" {
  members = [person.eve, group.chat.deep]
}
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
"#;

#[test]
fn groups_in_groups() {
    let mut story = Story::new(NESTED);
    assert_snapshot!(story.plan(), @r#"
    records person.ada person.bob person.eve person.kim
    0 chat
      + create account.chat.ada userName="ada" <- group.chat.core
      + create account.chat.bob userName="bob" <- group.chat.deep
      + create account.chat.eve userName="eve" <- group.chat.side
      + create account.chat.kim userName="kim" <- group.chat.all; group.chat.deep
    1 chat
      + create group.chat.all displayName="all" <- group.chat.all
      + create group.chat.core displayName="core" <- group.chat.core
      + create group.chat.deep displayName="deep" <- group.chat.deep
      + create group.chat.side displayName="side" <- group.chat.side
    2 chat after 0 after 1
      + grant membership.chat.all.kim <- group.chat.all
      + grant membership.chat.all.group.core <- group.chat.all
      + grant membership.chat.all.group.side until 2026-12-24 <- group.chat.all until 2026-12-24
      + grant membership.chat.core.ada <- group.chat.core
      + grant membership.chat.core.group.deep <- group.chat.core
      + grant membership.chat.deep.bob <- group.chat.deep
      + grant membership.chat.deep.kim role="maintainer" <- group.chat.deep
      + grant membership.chat.side.eve <- group.chat.side
      + grant membership.chat.side.group.deep <- group.chat.side
    "#);
    assert_eq!(story.apply(), "");
}

#[test]
fn groups_in_groups_are_expanded_where_a_system_cannot_nest() {
    let mut story = Story::new(NESTED);
    story.tell("=== chat flat");
    assert_snapshot!(story.plan(), @r#"
    records person.ada person.bob person.eve person.kim
    system.chat: groups cannot hold groups here: the members of those in group.chat.all are expanded; groups cannot hold groups here: the members of those in group.chat.core are expanded; groups cannot hold groups here: the members of those in group.chat.side are expanded
    0 chat
      + create account.chat.ada userName="ada" <- group.chat.core
      + create account.chat.bob userName="bob" <- group.chat.deep
      + create account.chat.eve userName="eve" <- group.chat.side
      + create account.chat.kim userName="kim" <- group.chat.all; group.chat.deep
    1 chat
      + create group.chat.all displayName="all" <- group.chat.all
      + create group.chat.core displayName="core" <- group.chat.core
      + create group.chat.deep displayName="deep" <- group.chat.deep
      + create group.chat.side displayName="side" <- group.chat.side
    2 chat after 0 after 1
      + grant membership.chat.all.ada <- group.chat.all
      + grant membership.chat.all.bob <- group.chat.all
      + grant membership.chat.all.eve until 2026-12-24 <- group.chat.all until 2026-12-24
      + grant membership.chat.all.kim <- group.chat.all
      + grant membership.chat.core.ada <- group.chat.core
      + grant membership.chat.core.bob <- group.chat.core
      + grant membership.chat.core.kim <- group.chat.core
      + grant membership.chat.deep.bob <- group.chat.deep
      + grant membership.chat.deep.kim role="maintainer" <- group.chat.deep
      + grant membership.chat.side.bob <- group.chat.side
    3 chat at group.chat.side after 0 after 1
      + grant membership.chat.side.eve <- group.chat.side
      + grant membership.chat.side.kim <- group.chat.side
    "#);
    assert_eq!(story.apply(), "");
    story.at("2026-12-24T00:00:00Z");
    assert_snapshot!(story.plan(), @"
    system.chat: groups cannot hold groups here: the members of those in group.chat.all are expanded; groups cannot hold groups here: the members of those in group.chat.core are expanded; groups cannot hold groups here: the members of those in group.chat.side are expanded
    0 chat at group.chat.all
      - revoke membership.chat.all.eve until 2026-12-24 <- its time is over
    ");
    assert_eq!(story.apply(), "");
}

#[test]
fn grants() {
    let mut story = Story::new(&format!("{TEAM}\n=== chat grant=database"));
    story.edit(
        "[person.eve]",
        "[person.eve]\n  grants = [{ database = \"sales\", privileges = [\"SELECT\"] }, { database = \"hr\" }]",
    );
    assert_snapshot!(story.plan(), @r#"
    records person.ada person.bob person.eve
    0 chat
      + create account.chat.ada userName="ada" <- group.chat.core
      + create account.chat.bob userName="bob" <- group.chat.core
      + create account.chat.eve userName="eve" <- group.chat.side
    1 chat
      + create group.chat.core displayName="core" <- group.chat.core
      + create group.chat.side displayName="side" <- group.chat.side
    2 chat after 0 after 1
      + grant membership.chat.core.ada <- group.chat.core
      + grant membership.chat.core.bob <- group.chat.core
      + grant membership.chat.side.eve <- group.chat.side
      + grant grant.chat.side["database=hr"] database="hr" <- group.chat.side
      + grant grant.chat.side["database=sales"] database="sales" privileges=["SELECT"] <- group.chat.side
    "#);
    assert_eq!(story.apply(), "");
    story.edit("[\"SELECT\"]", "[\"SELECT\", \"INSERT\"]");
    story.edit(", { database = \"hr\" }", ", { database = \"wiki\" }");
    story.tell("=== chat\ngrant chat-5 {\"database\":\"wiki\"}\ngrant chat-5 {\"database\":\"old\"}");
    assert_snapshot!(story.plan(), @r#"
    notice unexplained [grant.chat.side["database=old"]]: 1 grant of 1 group of system.chat that no file explains
    explained grant.chat.side["database=wiki"] database="wiki" <- group.chat.side
    0 chat at group.chat.side
      ~ update grant.chat.side["database=sales"] privileges=["SELECT"] -> ["SELECT","INSERT"] <- group.chat.side
    1 chat at group.chat.side
      - revoke grant.chat.side["database=hr"] <- no file gives it any more
    "#);
    assert_eq!(story.apply(), "");
    // A block that says nothing of grants any more wants none of those it gave; the others are not its own.
    story.edit("grants =", "# grants =");
    assert_snapshot!(story.plan(), @r#"
    0 chat at group.chat.side
      - revoke grant.chat.side["database=sales"] <- no file gives it any more
      - revoke grant.chat.side["database=wiki"] <- no file gives it any more
    "#);
    assert_eq!(story.apply(), "");
}

#[test]
fn what_a_system_cannot_hold_is_an_error() {
    let mut story = Story::new(TEAM);
    story.tell("=== chat no-grants");
    story.edit("[person.eve]", "[person.eve]\n  grants = [{ database = \"sales\" }]");
    assert_snapshot!(story.plan(), @"
    error: main.hcl:8: groups hold no grants on system.chat
      hint: take `grants` out of this block
    ");
    story.tell("=== chat no-groups");
    assert_snapshot!(story.plan(), @"
    error: main.hcl:5: system.chat has no groups
      hint: take this block out, or move it to another system
    error: main.hcl:8: system.chat has no groups
      hint: take this block out, or move it to another system
    ");
}
