//! Values that come from other systems, and from other accounts of the same one.

use insta::assert_snapshot;

use crate::story::Story;

const CORP: &str = r#"
system "corp" {
  provider = "directory"
  match    = self.login == account.userName
  account {
    manager = try(self.manager.accounts.corp.id, null)
    on_create {
      uidNumber = next(10000, 10002)
      password  = sensitive("geheim")
    }
  }
}
system "chat" {
  provider = "directory"
  match    = self.login == account.userName
  account {
    externalId = self.accounts.corp.id
    number     = try("no-${self.accounts.corp.uidNumber}", null)
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
"#;

#[test]
fn what_another_system_makes_is_known_after_apply() {
    let mut story = Story::new(CORP);
    assert_snapshot!(story.plan(), @r#"
    records person.ada person.zoe
    0 corp at account.corp.zoe
      + create account.corp.zoe password=(sensitive) uidNumber=10001 userName="zoe" (next: uidNumber) <- role.all
    1 chat at account.chat.zoe after 0
      + create account.chat.zoe externalId=(self.accounts.corp.id, after account.corp.zoe) number="no-10001" userName="zoe" <- role.all
    2 corp at account.corp.ada after 0
      + create account.corp.ada manager=(try(self.manager.accounts.corp.id, null), after account.corp.zoe) password=(sensitive) uidNumber=10000 userName="ada" (next: uidNumber) <- role.all
    3 chat at account.chat.ada after 2
      + create account.chat.ada externalId=(self.accounts.corp.id, after account.corp.ada) number="no-10000" userName="ada" <- role.all
    "#);
    assert_eq!(story.apply(), "");
    // Now everything is known.
    story.edit("on_create {", "title = \"x\"\n on_create {");
    assert_snapshot!(story.plan(), @r#"
    0 corp
      ~ update account.corp.ada title="x" <- role.all
      ~ update account.corp.zoe title="x" <- role.all
    "#);
    assert_eq!(story.apply(), "");
}

#[test]
fn managers_of_each_other_cannot_both_be_made_first() {
    let mut story = Story::new(CORP);
    story.edit("login = \"zoe\"", "login = \"zoe\"\n manager = person.ada");
    assert_snapshot!(story.plan(), @"
    error: these can only be made after each other: account.corp.ada -> account.corp.zoe -> account.corp.ada
      hint: take one of the references to what is known only after apply out of this circle
    ");
    // Once one of them is there, it is no circle any more.
    story.tell("=== corp\naccount z1 {\"userName\":\"zoe\"}");
    assert_eq!(story.apply(), "");
    assert_snapshot!(story.plan(), @r#"
    0 corp at account.corp.zoe
      ~ update account.corp.zoe manager="corp-1" <- role.all
    "#);
    assert_eq!(story.apply(), "");
    assert_snapshot!(story.plan(), @"nothing to do");
}

#[test]
fn what_waits_for_something_that_is_held_is_not_begun() {
    // Ada's account on corp cannot be made, so what refers to it cannot either.
    let mut story = Story::new(CORP);
    story.tell("=== corp\naccount x1 {\"userName\":\"ADA\"}");
    story.tell("--- more.hcl\ngroup \"chat\" \"core\" {\n members = [person.ada, person.zoe]\n}");
    assert_snapshot!(story.plan(), @r#"
    holds collision [account.chat.ada account.corp.ada membership.chat.core.ada]: account.corp.ada cannot be created: userName "ada" is taken by the account with the id "x1"
    records person.ada person.zoe
    system.corp: 1 unmanaged
    0 corp at account.corp.zoe
      + create account.corp.zoe password=(sensitive) uidNumber=10001 userName="zoe" (next: uidNumber) <- role.all
    1 chat at group.chat.core
      + create group.chat.core displayName="core" <- group.chat.core
    2 chat at account.chat.zoe after 0
      + create account.chat.zoe externalId=(self.accounts.corp.id, after account.corp.zoe) number="no-10001" userName="zoe" <- group.chat.core; role.all
    3 chat at group.chat.core after 1 after 2
      + grant membership.chat.core.zoe <- group.chat.core
    "#);
    story.apply();
    assert_snapshot!(story.plan(), @r#"
    holds collision [account.chat.ada account.corp.ada membership.chat.core.ada]: account.corp.ada cannot be created: userName "ada" is taken by the account with the id "x1"
    system.corp: 1 unmanaged
    "#);
}

#[test]
fn a_value_that_waits_for_a_value_that_waits() {
    let mut story = Story::new(CORP);
    story.tell(
        r#"
=== chat
account c1 {"userName":"ada"}
account c2 {"userName":"zoe"}
=== third
account t1 {"userName":"ada"}
account t2 {"userName":"zoe"}
--- third.hcl
system "third" {
  provider = "directory"
  match    = self.login == account.userName
  account {
    ext = self.accounts.chat.externalId
  }
}
role "third" {
  when   = true
  access = [system.third]
}
"#,
    );
    story.edit("system.corp, ", "");
    story.edit(
        "\n    externalId = self.accounts.corp.id\n    number     = try(\"no-${self.accounts.corp.uidNumber}\", null)",
        "\n    ext2 = self.login",
    );
    story.edit("    ext = self.accounts.chat.externalId\n", "");
    story.apply();
    assert_eq!(story.apply(), "");
    // Both are adopted; now the accounts on corp are to be made, chat points at them, and third at chat's attribute.
    story.edit("access = [", "access = [system.corp, ");
    story.edit("    ext2 = self.login", "    externalId = self.accounts.corp.id");
    story.edit("  account {\n  }", "  account {\n    ext = self.accounts.chat.externalId\n  }");
    assert_snapshot!(story.plan(), @r#"
    0 corp at account.corp.zoe
      + create account.corp.zoe password=(sensitive) uidNumber=10001 userName="zoe" (next: uidNumber) <- role.all
    1 chat at account.chat.zoe after 0
      ~ update account.chat.zoe externalId=(self.accounts.corp.id, after account.corp.zoe) <- role.all
    2 corp at account.corp.ada after 0
      + create account.corp.ada manager=(try(self.manager.accounts.corp.id, null), after account.corp.zoe) password=(sensitive) uidNumber=10000 userName="ada" (next: uidNumber) <- role.all
    3 chat at account.chat.ada after 2
      ~ update account.chat.ada externalId=(self.accounts.corp.id, after account.corp.ada) <- role.all
    4 third at account.third.zoe after 1
      ~ update account.third.zoe ext=(self.accounts.chat.externalId, after account.chat.zoe) <- role.third
    5 third at account.third.ada after 3
      ~ update account.third.ada ext=(self.accounts.chat.externalId, after account.chat.ada) <- role.third
    "#);
    assert_eq!(story.apply(), "");
}

#[test]
fn numbers_are_never_given_twice() {
    let mut story = Story::new(CORP);
    assert_eq!(story.apply(), "");
    // Ada leaves; even when somebody deletes her account, her number is not free.
    story.edit("person \"ada\" {\n  login   = \"ada\"\n  manager = person.zoe\n}", "");
    story.apply();
    story.tell("=== corp\nremove account corp-2\n--- more.hcl\nperson \"kim\" {\n login = \"kim\"\n}");
    assert_snapshot!(story.plan(), @r#"
    records person.kim
    forgotten account.corp.ada <- gone from the system
    0 corp at account.corp.kim
      + create account.corp.kim password=(sensitive) uidNumber=10002 userName="kim" (next: uidNumber) <- role.all
    1 chat at account.chat.kim after 0
      + create account.chat.kim externalId=(self.accounts.corp.id, after account.corp.kim) number="no-10002" userName="kim" <- role.all
    "#);
    assert_eq!(story.apply(), "");
    story.tell("--- more.hcl\nperson \"kim\" {\n login = \"kim\"\n}\nperson \"lou\" {\n login = \"lou\"\n}");
    assert_snapshot!(story.plan(), @"
    error: main.hcl:7: next: all numbers from 10000 to 10002 are taken on system.corp
      hint: widen the range: numbers are never given twice
    ");
}

#[test]
fn numbers_that_others_hold_are_not_given() {
    let mut story = Story::new(CORP);
    story.tell("=== corp\naccount x1 {\"userName\":\"x\",\"uidNumber\":10000}\naccount x2 {\"userName\":\"y\",\"uidNumber\":\"10001\"}");
    story.edit("person.zoe\n}", "null\n}");
    story.edit("person \"zoe\" {\n  login = \"zoe\"\n}", "");
    assert_snapshot!(story.plan(), @r#"
    records person.ada
    system.corp: 2 unmanaged
    0 corp at account.corp.ada
      + create account.corp.ada password=(sensitive) uidNumber=10002 userName="ada" (next: uidNumber) <- role.all
    1 chat at account.chat.ada after 0
      + create account.chat.ada externalId=(self.accounts.corp.id, after account.corp.ada) number="no-10002" userName="ada" <- role.all
    "#);
}

#[test]
fn groups_refer_to_their_parents_whichever_comes_first() {
    let mut story = Story::new(
        r#"
system "chat" {
  provider = "directory"
}
group "chat" "alpha" {
  parent = group.chat.zeta
}
group "chat" "zeta" {
  parent = group.chat.middle.id
}
group "chat" "middle" {
  displayName = "Middle"
}
"#,
    );
    assert_snapshot!(story.plan(), @r#"
    0 chat at group.chat.middle
      + create group.chat.middle displayName="Middle" <- group.chat.middle
    1 chat at group.chat.zeta after 0
      + create group.chat.zeta displayName="zeta" parent=(group.chat.middle.id, after group.chat.middle) <- group.chat.zeta
    2 chat at group.chat.alpha after 1
      + create group.chat.alpha displayName="alpha" parent=(group.chat.zeta, after group.chat.zeta) <- group.chat.alpha
    "#);
    assert_eq!(story.apply(), "");
    story.edit("parent = group.chat.middle.id", "parent = group.chat.alpha.id");
    assert_snapshot!(story.plan(), @r#"
    0 chat at group.chat.zeta
      ~ update group.chat.zeta parent="chat-1" -> "chat-3" <- group.chat.zeta
    "#);
    assert_eq!(story.apply(), "");
}

#[test]
fn parents_of_each_other_are_a_circle() {
    let story = Story::new(
        r#"
system "chat" {
  provider = "directory"
}
group "chat" "alpha" {
  parent = group.chat.zeta
}
group "chat" "zeta" {
  parent = group.chat.alpha
}
"#,
    );
    assert_snapshot!(story.plan(), @"
    error: these can only be made after each other: group.chat.alpha -> group.chat.zeta -> group.chat.alpha
      hint: take one of the references to what is known only after apply out of this circle
    ");
}

#[test]
fn what_is_left_out_is_waited_for_by_nobody() {
    let mut story = Story::new(CORP);
    story.edit("account {\n    manager", "account {\n    when = self.login != \"zoe\"\n    manager");
    story.edit("externalId = self.accounts.corp.id", "");
    assert_snapshot!(story.plan(), @r#"
    records person.ada person.zoe
    system.corp: person.zoe left out
    0 chat
      + create account.chat.ada number="no-10000" userName="ada" <- role.all
      + create account.chat.zoe userName="zoe" <- role.all
    1 corp at account.corp.ada
      + create account.corp.ada password=(sensitive) uidNumber=10000 userName="ada" (next: uidNumber) <- role.all
    "#);
    assert_eq!(story.apply(), "");
    assert_snapshot!(story.plan(), @"system.corp: person.zoe left out");
}

#[test]
fn a_parent_may_stand_behind_its_children() {
    let mut story = Story::new(
        r#"
system "corp" {
  provider = "directory"
  match    = self.key == account.userName
}
group "corp" "api" {
  parent = group.corp.platform.id
}
group "corp" "platform" {}
"#,
    );
    assert_snapshot!(story.plan(), @r#"
    0 corp at group.corp.platform
      + create group.corp.platform displayName="platform" <- group.corp.platform
    1 corp at group.corp.api after 0
      + create group.corp.api displayName="api" parent=(group.corp.platform.id, after group.corp.platform) <- group.corp.api
    "#);
    assert_eq!(story.apply(), "");
    assert_snapshot!(story.plan(), @"nothing to do");
}
