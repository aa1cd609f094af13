//! Attributes that a system decides, and that flow from there to others.

use insta::assert_snapshot;

use crate::story::Story;

const CORP: &str = r#"
system "corp" {
  provider = "directory"
  match    = self.login == account.userName
  account {
    authority = ["phone"]
    manager   = try(self.manager.login, null)
  }
}
system "chat" {
  provider = "directory"
  match    = self.login == account.userName
  account {
    tel  = self.phone
    boss = try("ask ${self.manager.phone}", null)
  }
}
role "all" {
  when   = true
  access = [system.corp, system.chat]
}
person "ada" {
  login   = "ada"
  manager = person.zoe
}
person "zoe" {
  login = "zoe"
}
=== corp
account a1 {"userName":"ada","phone":"100","manager":"zoe"}
account z1 {"userName":"zoe","phone":"200"}
"#;

fn settled() -> Story {
    let mut story = Story::new(CORP);
    story.apply();
    assert_eq!(story.apply(), "");
    assert_eq!(story.plan().trim(), "nothing to do");
    story
}

#[test]
fn what_a_system_says_flows_on_to_others() {
    assert_snapshot!(Story::new(CORP).plan(), @r#"
    records person.ada person.zoe
    adopted account.corp.ada a1 manager="zoe" userName="ada" <- role.all
    adopted account.corp.zoe z1 userName="zoe" <- role.all
    0 chat
      + create account.chat.ada boss="ask 200" tel="100" userName="ada" <- role.all
      + create account.chat.zoe tel="200" userName="zoe" <- role.all
    "#);
    let mut story = settled();
    // Somebody changes it there: it is no drift to be put back, and it goes on.
    story.tell("=== corp\naccount a1 {\"userName\":\"ada\",\"phone\":\"111\",\"manager\":\"zoe\"}");
    assert_snapshot!(story.plan(), @r#"
    0 chat at account.chat.ada
      ~ update account.chat.ada tel="100" -> "111" <- role.all
    "#);
    assert_eq!(story.apply(), "");
    assert_eq!(story.plan().trim(), "nothing to do");
    // What others write into the copy is put back.
    let kept = story.clone();
    story.tell("=== chat\naccount chat-1 {\"userName\":\"ada\",\"tel\":\"999\",\"boss\":\"ask 200\"}");
    assert_snapshot!(story.plan(), @r#"
    0 chat at account.chat.ada
      ~ update account.chat.ada tel="999" -> "111" <- role.all
    "#);
    story = kept;
    // Without a value there is nothing to be said about it: the copy stays.
    story.tell("=== corp\naccount a1 {\"userName\":\"ada\",\"manager\":\"zoe\"}");
    assert_snapshot!(story.plan(), @"nothing to do");
}

#[test]
fn what_is_not_read_is_not_planned_from_and_not_nulled() {
    let mut story = settled();
    story.tell("=== corp\nunreadable: 503");
    assert_snapshot!(story.plan(), @"holds incomplete-read [system.corp]: system.corp could not be read completely, so nothing is planned there: 503");
    story.edit("tel  = self.phone", "tel  = self.phone\n    room = \"1\"");
    assert_snapshot!(story.plan(), @r#"
    holds incomplete-read [system.corp]: system.corp could not be read completely, so nothing is planned there: 503
    0 chat
      ~ update account.chat.ada room="1" <- role.all
      ~ update account.chat.zoe room="1" <- role.all
    "#);
    assert_eq!(story.apply(), "");
    let kept = story.clone();
    story.tell("--- bob.hcl\nperson \"bob\" {\n  login = \"bob\"\n}");
    assert_snapshot!(story.plan(), @"
    holds incomplete-read [system.corp account.chat.bob]: system.corp could not be read completely, so nothing is planned there: 503
    records person.bob
    ");
    story = kept;
    story.tell("=== corp\nreadable\naccount a1 {\"userName\":\"ada\",\"phone\":\"111\",\"manager\":\"zoe\"}");
    assert_snapshot!(story.plan(), @r#"
    0 chat at account.chat.ada
      ~ update account.chat.ada tel="100" -> "111" <- role.all
    "#);
}

#[test]
fn a_system_that_is_only_observed_decides_too() {
    let mut story = Story::new(&CORP.replacen("provider = ", "manage   = \"observe\"\n  provider = ", 1));
    assert_snapshot!(story.plan(), @r#"
    records person.ada person.zoe
    adopted account.corp.ada a1 manager="zoe" userName="ada" <- role.all
    adopted account.corp.zoe z1 userName="zoe" <- role.all
    0 chat
      + create account.chat.ada boss="ask 200" tel="100" userName="ada" <- role.all
      + create account.chat.zoe tel="200" userName="zoe" <- role.all
    "#);
    story.apply();
    assert_snapshot!(story.plan(), @"nothing to do");
}

#[test]
fn a_newcomer_has_none_before_the_system_gives_one() {
    let mut story = settled();
    story.tell("--- bob.hcl\nperson \"bob\" {\n  login = \"bob\"\n}");
    assert_snapshot!(story.plan(), @r#"
    records person.bob
    0 chat at account.chat.bob
      + create account.chat.bob userName="bob" <- role.all
    1 corp at account.corp.bob
      + create account.corp.bob userName="bob" <- role.all
    "#);
    assert_eq!(story.apply(), "");
    assert_snapshot!(story.plan(), @"nothing to do");
}

#[test]
fn the_order_of_systems_follows_it_also_through_others_and_lists() {
    let text = CORP.replace("tel  = self.phone", "tel  = join(\" \", [for p in people : coalesce(p.phone, \"-\")])");
    let story = Story::new(&text.replace("\"chat\"", "\"adverts\"").replace("system.chat", "system.adverts"));
    assert_snapshot!(story.plan(), @r#"
    records person.ada person.zoe
    adopted account.corp.ada a1 manager="zoe" userName="ada" <- role.all
    adopted account.corp.zoe z1 userName="zoe" <- role.all
    0 adverts
      + create account.adverts.ada boss="ask 200" tel="100 200" userName="ada" <- role.all
      + create account.adverts.zoe tel="100 200" userName="zoe" <- role.all
    "#);
}
