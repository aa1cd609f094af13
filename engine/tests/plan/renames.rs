//! New names for what there was, and blocks that go away.

use insta::assert_snapshot;

use crate::story::Story;

const TEAM: &str = r#"
system "chat" {
  provider = "directory"
  match    = self.login == account.userName
  account {
    mail = self.email
  }
}
group "chat" "core" {
  members = [person.ada, service.bot]
  grants  = [{ database = "sales" }]
}
group "chat" "outer" {
  members = [group.chat.core]
}
person "ada" {
  login = "ada"
  email = "ada@acme.example"
}
service "bot" {
  owners = [person.ada]
  login  = "bot"
  email  = "bot@acme.example"
}
"#;

fn team() -> Story {
    let mut story = Story::new(TEAM);
    assert_eq!(story.apply(), "");
    story
}

/// Ada's key becomes another.
fn rekeyed(to: &str) -> Story {
    let mut story = team();
    for _ in 0..2 {
        story.edit("person.ada", &format!("person.{to}"));
    }
    story.edit("person \"ada\" {", &format!("person \"{to}\" {{"));
    story
}

#[test]
fn a_person_under_a_new_key() {
    let mut story = rekeyed("lovelace");
    assert_snapshot!(story.plan(), @r#"
    holds probable-rename [person.ada person.lovelace account.chat.ada membership.chat.core.ada]: person.ada vanished from the files, and person.lovelace is new and matches the same account ("chat-1" on system.chat)
    records person.lovelace service.bot
    0 chat at account.chat.ada
      - deactivate account.chat.ada <- left the files
    1 chat at group.chat.core
      - revoke membership.chat.core.ada <- left the files
    "#);
    // What is held stays as it is, and is not recorded either.
    story.apply();
    story.edit("login = \"ada\"", "previously = [\"ada\"]\n  login = \"ada\"");
    assert_snapshot!(story.plan(), @"
    moved person.lovelace was person.ada
    moved account.chat.lovelace was account.chat.ada
    moved membership.chat.core.lovelace was membership.chat.core.ada
    ");
    assert_eq!(story.apply(), "");
    // `previously` may stay.
    assert_snapshot!(story.plan(), @"nothing to do");
    story.edit("login = \"ada\"", "login = \"lovelace\"");
    assert_snapshot!(story.plan(), @"records person.lovelace");
    assert_eq!(story.apply(), "");
}

#[test]
fn a_key_that_is_only_written_in_another_way_is_the_same() {
    let mut story = rekeyed("ADA");
    assert_snapshot!(story.plan(), @"
    records service.bot
    moved person.ADA was person.ada
    moved account.chat.ADA was account.chat.ada
    moved membership.chat.core.ADA was membership.chat.core.ada
    ");
    assert_eq!(story.apply(), "");
}

#[test]
fn a_service_and_a_group_under_new_names() {
    let mut story = team();
    story.edit("service.bot", "service.robot");
    story.edit("service \"bot\" {", "service \"robot\" {\n  previously = [\"bot\"]");
    story.edit("[group.chat.core]", "[group.chat.heart]");
    story.edit("group \"chat\" \"core\" {", "group \"chat\" \"heart\" {\n  previously = [\"core\"]");
    assert_snapshot!(story.plan(), @r#"
    moved service.robot was service.bot
    moved account.chat.robot was account.chat.bot
    moved group.chat.heart was group.chat.core
    moved membership.chat.heart.ada was membership.chat.core.ada
    explained membership.chat.heart.ada <- group.chat.heart
    moved membership.chat.heart.robot was membership.chat.core.bot
    explained membership.chat.heart.robot <- group.chat.heart
    moved membership.chat.outer.group.heart was membership.chat.outer.group.core
    moved grant.chat.heart["database=sales"] was grant.chat.core["database=sales"]
    0 chat at group.chat.heart
      ~ rename group.chat.heart displayName="core" -> "heart" <- group.chat.heart
    "#);
    assert_eq!(story.apply(), "");
    assert_snapshot!(story.plan(), @"nothing to do");
}

#[test]
fn blocks_that_vanish_are_errors() {
    let mut story = team();
    story.edit("[person.ada, service.bot]", "[]");
    story.edit("members = [group.chat.core]\n", "members = [person.ada]\n");
    story.edit("group \"chat\" \"core\" {\n  members = []\n  grants  = [{ database = \"sales\" }]\n}", "");
    story
        .edit("service \"bot\" {\n  owners = [person.ada]\n  login  = \"bot\"\n  email  = \"bot@acme.example\"\n}", "");
    assert_snapshot!(story.plan(), @r#"
    error: the record holds group.chat.core, but no block declares it any more
      hint: put the block back, or write `previously` in the block that it became, `remove { address = "group.chat.core" }` to take away what tenure gave there, or `forget { address = "group.chat.core" }` to leave it as it is, unmanaged
    error: the record holds service.bot, but no block declares it any more
      hint: put the block back, or write `previously` in the block that it became, `remove { address = "service.bot" }` to take away what tenure gave there, or `forget { address = "service.bot" }` to leave it as it is, unmanaged
    "#);
    let mut forgotten = story.clone();
    forgotten.tell("--- f.hcl\nforget {\n  address = group.chat.core\n}\nforget {\n  address = service.bot\n}");
    assert_snapshot!(forgotten.plan(), @r#"
    notice unexplained [membership.chat.outer.group._id["chat-3"]]: 1 membership in 1 group of system.chat that no file explains
    forgotten service.bot
    forgotten account.chat.bot
    forgotten group.chat.core
    forgotten membership.chat.core.ada
    forgotten membership.chat.core.bot
    forgotten membership.chat.outer.group.core
    forgotten grant.chat.core["database=sales"]
    system.chat: 1 unmanaged
    0 chat at group.chat.outer
      + grant membership.chat.outer.ada <- group.chat.outer
    "#);
    assert_eq!(forgotten.apply(), "");
    forgotten.tell("--- f.hcl\n");
    assert_snapshot!(forgotten.plan(), @r#"
    notice unexplained [membership.chat.outer.group._id["chat-3"]]: 1 membership in 1 group of system.chat that no file explains
    system.chat: 1 unmanaged
    "#);
    story.tell("--- r.hcl\nremove {\n  address = group.chat.core\n}\nremove {\n  address = service.bot\n}");
    assert_snapshot!(story.plan(), @r#"
    holds mass-removal [membership.chat.core.ada membership.chat.core.bot membership.chat.outer.group.core grant.chat.core["database=sales"]]: 4 revocations of 4 on system.chat: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal [membership.chat.core.ada membership.chat.core.bot grant.chat.core["database=sales"]]: group.chat.core would lose all of its 2 members within 24 h
    0 chat at account.chat.bot
      - deactivate account.chat.bot <- left the files
    1 chat at group.chat.core
      - revoke membership.chat.core.bot <- left the files
    2 chat at group.chat.outer
      + grant membership.chat.outer.ada <- group.chat.outer
    3 chat
      - revoke membership.chat.outer.group.core <- a `remove` block
      - revoke grant.chat.core["database=sales"] <- a `remove` block
    4 chat at group.chat.core after 2
      - revoke membership.chat.core.ada <- a `remove` block
    "#);
    story.apply();
    assert_snapshot!(story.plan(), @r#"
    holds mass-removal [membership.chat.core.ada membership.chat.core.bot membership.chat.outer.group.core grant.chat.core["database=sales"]]: 4 revocations of 5 on system.chat: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal [membership.chat.core.ada membership.chat.core.bot grant.chat.core["database=sales"]]: group.chat.core would lose all of its 2 members within 24 h
    0 chat at group.chat.core
      - revoke membership.chat.core.bot <- left the files
    1 chat
      - revoke membership.chat.core.ada <- a `remove` block
      - revoke membership.chat.outer.group.core <- a `remove` block
      - revoke grant.chat.core["database=sales"] <- a `remove` block
    "#);
    story.apply();
    // All is taken and forgotten: the blocks can go.
    story.tell("--- r.hcl\n");
    assert_snapshot!(story.plan(), @r#"
    error: the record holds group.chat.core, but no block declares it any more
      hint: put the block back, or write `previously` in the block that it became, `remove { address = "group.chat.core" }` to take away what tenure gave there, or `forget { address = "group.chat.core" }` to leave it as it is, unmanaged
    error: the record holds service.bot, but no block declares it any more
      hint: put the block back, or write `previously` in the block that it became, `remove { address = "service.bot" }` to take away what tenure gave there, or `forget { address = "service.bot" }` to leave it as it is, unmanaged
    "#);
}

#[test]
fn a_system_that_vanishes_is_an_error() {
    let mut story = team();
    story.tell("person \"ada\" {\n  login = \"ada\"\n}\nservice \"bot\" {\n  owners = [person.ada]\n}");
    assert_snapshot!(story.plan(), @r#"
    error: the record holds system.chat, but no block declares it any more
      hint: put the block back, or write `remove { address = "system.chat" }` to take away what tenure gave there, or `forget { address = "system.chat" }` to leave it as it is, unmanaged
    "#);
    story.tell("--- f.hcl\nremove {\n  address = system.chat\n}");
    assert_snapshot!(story.plan(), @r#"
    error: the record holds system.chat, but no block declares it any more (only a system that has a block can be changed)
      hint: put the block back, or write `remove { address = "system.chat" }` to take away what tenure gave there, or `forget { address = "system.chat" }` to leave it as it is, unmanaged
    "#);
    story.tell("--- f.hcl\nforget {\n  address = system.chat\n}");
    assert_snapshot!(story.plan(), @r#"
    records person.ada service.bot
    forgotten account.chat.ada
    forgotten account.chat.bot
    forgotten group.chat.core
    forgotten group.chat.outer
    forgotten membership.chat.core.ada
    forgotten membership.chat.core.bot
    forgotten membership.chat.outer.group.core
    forgotten grant.chat.core["database=sales"]
    "#);
    assert_eq!(story.apply(), "");
}

#[test]
fn a_system_is_taken_back_whole() {
    let mut story = team();
    story.tell("--- f.hcl\nremove {\n  address = system.chat\n}");
    assert_snapshot!(story.plan(), @r#"
    holds mass-removal [membership.chat.core.ada membership.chat.core.bot membership.chat.outer.group.core grant.chat.core["database=sales"]]: 4 revocations of 4 on system.chat: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal [membership.chat.core.ada membership.chat.core.bot grant.chat.core["database=sales"]]: group.chat.core would lose all of its 2 members within 24 h
    holds first-deactivation [account.chat.bot]: no deactivation was seen to last on system.chat so far: account.chat.ada goes first, before 1 other account
    0 chat
      - deactivate account.chat.ada <- a `remove` block
      - deactivate account.chat.bot <- a `remove` block
      - revoke membership.chat.core.ada <- a `remove` block
      - revoke membership.chat.core.bot <- a `remove` block
      - revoke membership.chat.outer.group.core <- a `remove` block
      - revoke grant.chat.core["database=sales"] <- a `remove` block
    "#);
    story.apply();
    assert_snapshot!(story.plan(), @r#"
    holds mass-removal [membership.chat.core.ada membership.chat.core.bot membership.chat.outer.group.core grant.chat.core["database=sales"]]: 4 revocations of 4 on system.chat: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal [membership.chat.core.ada membership.chat.core.bot grant.chat.core["database=sales"]]: group.chat.core would lose all of its 2 members within 24 h
    0 chat
      - deactivate account.chat.bot <- a `remove` block
      - revoke membership.chat.core.ada <- a `remove` block
      - revoke membership.chat.core.bot <- a `remove` block
      - revoke membership.chat.outer.group.core <- a `remove` block
      - revoke grant.chat.core["database=sales"] <- a `remove` block
    "#);
    story.apply();
    assert_snapshot!(story.plan(), @r#"
    holds mass-removal [membership.chat.core.ada membership.chat.core.bot membership.chat.outer.group.core grant.chat.core["database=sales"]]: 4 revocations of 4 on system.chat: the limit is 3 within 24 h (10 %, at least 3, at most 100)
    holds mass-removal [membership.chat.core.ada membership.chat.core.bot grant.chat.core["database=sales"]]: group.chat.core would lose all of its 2 members within 24 h
    0 chat
      - revoke membership.chat.core.ada <- a `remove` block
      - revoke membership.chat.core.bot <- a `remove` block
      - revoke membership.chat.outer.group.core <- a `remove` block
      - revoke grant.chat.core["database=sales"] <- a `remove` block
    "#);
}

#[test]
fn one_account_is_removed() {
    let mut story = team();
    story.tell("--- f.hcl\nremove {\n  address = account.chat.ada\n}");
    assert_snapshot!(story.plan(), @"
    0 chat
      - deactivate account.chat.ada <- a `remove` block
      - revoke membership.chat.core.ada <- a `remove` block
    ");
    story.apply();
    assert_snapshot!(story.plan(), @"forgotten account.chat.ada");
}

#[test]
fn one_membership_is_removed() {
    let mut story = team();
    story.tell("--- f.hcl\nremove {\n  address = membership.chat.core.ada\n}");
    assert_snapshot!(story.plan(), @"
    0 chat at group.chat.core
      - revoke membership.chat.core.ada <- a `remove` block
    ");
    assert_eq!(story.apply(), "");
}
