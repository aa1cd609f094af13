//! Which existing account is whose, and what is made where there is none.

use insta::assert_snapshot;

use crate::story::Story;

const CHAT: &str = r#"
system "chat" {
  provider = "directory"
  match    = self.login == account.userName
  account {
    mail = self.email
  }
}
group "chat" "core" {
  members = [person.ada, person.bob]
}
person "ada" {
  login = "ada"
  email = "ada@acme.example"
}
person "bob" {
  login = "bob"
  email = "bob@acme.example"
}
"#;

fn chat(holds: &str) -> Story {
    Story::new(&format!("{CHAT}\n=== chat\n{holds}"))
}

#[test]
fn what_nobody_has_is_created() {
    let mut story = Story::new(CHAT);
    assert_snapshot!(story.plan(), @r#"
    records person.ada person.bob
    0 chat
      + create account.chat.ada mail="ada@acme.example" userName="ada" <- group.chat.core
      + create account.chat.bob mail="bob@acme.example" userName="bob" <- group.chat.core
    1 chat at group.chat.core
      + create group.chat.core displayName="core" <- group.chat.core
    2 chat at group.chat.core after 0 after 1
      + grant membership.chat.core.ada <- group.chat.core
      + grant membership.chat.core.bob <- group.chat.core
    "#);
    assert_eq!(story.apply(), "");
}

#[test]
fn an_account_that_matches_is_adopted_and_changed_in_the_next_run_only() {
    let mut story = chat(
        r#"
account a1 {"userName":"ada","mail":"old@acme.example","title":"Dr"}
group g1 {"displayName":"Core"}
member g1 a1
"#,
    );
    assert_snapshot!(story.plan(), @r#"
    records person.ada person.bob
    adopted account.chat.ada a1 mail="old@acme.example" userName="ada" <- group.chat.core
    adopted group.chat.core g1 displayName="Core" <- group.chat.core
    explained membership.chat.core.ada <- group.chat.core
    0 chat at account.chat.bob
      + create account.chat.bob mail="bob@acme.example" userName="bob" <- group.chat.core
    "#);
    assert_eq!(story.apply(), "");
    assert_snapshot!(story.plan(), @r#"
    0 chat at account.chat.ada
      ~ update account.chat.ada mail="old@acme.example" -> "ada@acme.example" <- group.chat.core
    1 chat at group.chat.core
      + grant membership.chat.core.bob <- group.chat.core
    "#);
    assert_eq!(story.apply(), "");
    assert_snapshot!(story.plan(), @"nothing to do");
}

#[test]
fn an_adopt_block_comes_before_the_match() {
    let mut story = chat(
        r#"
account a1 {"userName":"ada"}
account a2 {"userName":"lovelace"}
group g1 {"displayName":"team"}
"#,
    );
    story.tell(
        r#"
--- adopt.hcl
adopt {
  account = account.chat.ada
  id      = "a2"
}
adopt {
  group = group.chat.core
  id    = "g1"
}
"#,
    );
    assert_snapshot!(story.plan(), @r#"
    records person.ada person.bob
    adopted account.chat.ada a2 userName="lovelace" <- group.chat.core
    adopted group.chat.core g1 displayName="team" <- group.chat.core
    system.chat: 1 unmanaged
    0 chat at account.chat.bob
      + create account.chat.bob mail="bob@acme.example" userName="bob" <- group.chat.core
    "#);
    assert_eq!(story.apply(), "");
    // The block may stay.
    assert_snapshot!(story.plan(), @r#"
    system.chat: 1 unmanaged
    0 chat at account.chat.ada
      ~ update account.chat.ada mail="ada@acme.example" <- group.chat.core
    1 chat at group.chat.core
      ~ rename group.chat.core displayName="team" -> "core" <- group.chat.core
    2 chat at group.chat.core
      + grant membership.chat.core.ada <- group.chat.core
      + grant membership.chat.core.bob <- group.chat.core
    "#);
    assert_eq!(story.apply(), "");
    story.tell("--- adopt.hcl\n");
    assert_snapshot!(story.plan(), @"system.chat: 1 unmanaged");
}

#[test]
fn an_adopt_block_that_names_nothing_or_somebody_elses_is_an_error() {
    let mut story = chat(r#"account a1 {"userName":"ada"}"#);
    assert_eq!(story.apply(), "");
    story.tell(
        r#"
--- adopt.hcl
person "eve" {}
role "r" {
  members = [person.eve]
  access  = [system.chat]
}
adopt {
  account = account.chat.eve
  id      = "a1"
}
adopt {
  group = group.chat.core
  id    = "g9"
}
"#,
    );
    assert_snapshot!(story.plan(), @r#"
    error: adopt.hcl:6: the account "a1" is account.chat.ada already
      hint: take this `adopt` block out
    "#);
    story.edit("\"a1\"", "\"a9\"");
    assert_snapshot!(story.plan(), @r#"
    error: adopt.hcl:6: chat has no account with the id "a9"
      hint: look the id up in the system
    "#);
}

#[test]
fn several_accounts_match_one_person() {
    let story = chat(
        r#"
account a1 {"userName":"ada"}
account a2 {"userName":"ada"}
"#,
    );
    assert_snapshot!(story.plan(), @r#"
    holds collision [account.chat.ada]: account.chat.ada is matched by 2 objects: their ids are a1, a2
    records person.ada person.bob
    system.chat: 2 unmanaged
    0 chat at account.chat.bob
      + create account.chat.bob mail="bob@acme.example" userName="bob" <- group.chat.core
    1 chat at group.chat.core
      + create group.chat.core displayName="core" <- group.chat.core
    2 chat at group.chat.core after 0 after 1
      + grant membership.chat.core.bob <- group.chat.core
    "#);
}

#[test]
fn two_people_match_one_account() {
    let mut story = chat(r#"account a1 {"userName":"ada"}"#);
    story.edit(r#"login = "bob""#, r#"login = "ada""#);
    assert_snapshot!(story.plan(), @r#"
    holds collision [account.chat.ada account.chat.bob]: account.chat.ada, account.chat.bob all match the account with the id "a1"
    records person.ada person.bob
    system.chat: 1 unmanaged
    0 chat at group.chat.core
      + create group.chat.core displayName="core" <- group.chat.core
    "#);
}

#[test]
fn a_newcomer_matches_the_account_of_somebody_who_is_there() {
    let mut story = chat(r#"account a1 {"userName":"ada"}"#);
    story.apply();
    story.apply();
    story.tell(
        r#"
--- more.hcl
person "eve" {
  login = "ada"
}
role "r" {
  members = [person.eve]
  access  = [system.chat]
}
"#,
    );
    assert_snapshot!(story.plan(), @r#"
    holds collision [account.chat.eve]: account.chat.eve matches the account with the id "a1", which is account.chat.ada
    records person.eve
    "#);
}

#[test]
fn alternatives_of_a_match_come_in_their_order() {
    let mut story = chat(
        r#"
account a1 {"userName":"x","mail":"ada@acme.example"}
account a2 {"userName":"ada","mail":"other@acme.example"}
account b1 {"userName":"y","mail":"bob@acme.example"}
"#,
    );
    story.edit("== account.userName", "== account.userName || self.email == account.mail");
    assert_snapshot!(story.plan(), @r#"
    records person.ada person.bob
    adopted account.chat.ada a2 mail="other@acme.example" userName="ada" <- group.chat.core
    adopted account.chat.bob b1 mail="bob@acme.example" userName="y" <- group.chat.core
    system.chat: 1 unmanaged
    0 chat at group.chat.core
      + create group.chat.core displayName="core" <- group.chat.core
    "#);
}

#[test]
fn a_name_that_is_taken_under_the_systems_case_rules_is_a_collision() {
    let mut story = chat(r#"account a1 {"userName":"ADA"}"#);
    assert_snapshot!(story.plan(), @r#"
    holds collision [account.chat.ada]: account.chat.ada cannot be created: userName "ada" is taken by the account with the id "a1"
    records person.ada person.bob
    system.chat: 1 unmanaged
    0 chat at account.chat.bob
      + create account.chat.bob mail="bob@acme.example" userName="bob" <- group.chat.core
    1 chat at group.chat.core
      + create group.chat.core displayName="core" <- group.chat.core
    2 chat at group.chat.core after 0 after 1
      + grant membership.chat.core.bob <- group.chat.core
    "#);
    // Where case matters, these are two names.
    story.tell("=== chat exact\naccount a1 {\"userName\":\"ADA\"}");
    assert_snapshot!(story.plan(), @r#"
    records person.ada person.bob
    system.chat: 1 unmanaged
    0 chat
      + create account.chat.ada mail="ada@acme.example" userName="ada" <- group.chat.core
      + create account.chat.bob mail="bob@acme.example" userName="bob" <- group.chat.core
    1 chat at group.chat.core
      + create group.chat.core displayName="core" <- group.chat.core
    2 chat at group.chat.core after 0 after 1
      + grant membership.chat.core.ada <- group.chat.core
      + grant membership.chat.core.bob <- group.chat.core
    "#);
    // Two that are to be created.
    story.tell("=== chat flat");
    story.edit(r#"login = "bob""#, r#"login = "ADA""#);
    assert_snapshot!(story.plan(), @r#"
    holds collision [account.chat.ada account.chat.bob]: account.chat.bob and account.chat.ada would both be created with userName "ada"
    records person.ada person.bob
    0 chat at group.chat.core
      + create group.chat.core displayName="core" <- group.chat.core
    "#);
}

#[test]
fn whom_when_leaves_out_is_listed_and_neither_adopted_nor_created() {
    let mut story = chat(
        r#"
account a1 {"userName":"ada"}
account a2 {"userName":"ada"}
"#,
    );
    story.edit("mail = self.email", "when = self.login != \"ada\"\n mail = self.email");
    assert_snapshot!(story.plan(), @r#"
    records person.ada person.bob
    system.chat: 2 unmanaged; person.ada left out
    0 chat at account.chat.bob
      + create account.chat.bob mail="bob@acme.example" userName="bob" <- group.chat.core
    1 chat at group.chat.core
      + create group.chat.core displayName="core" <- group.chat.core
    2 chat at group.chat.core after 0 after 1
      + grant membership.chat.core.bob <- group.chat.core
    "#);
    assert_eq!(story.apply(), "");
    // Later it leaves out somebody who has an account: it is switched off, and leaves the groups.
    story.edit("!= \"ada\"", "== null");
    assert_snapshot!(story.plan(), @"
    system.chat: 2 unmanaged; person.ada left out; person.bob left out
    0 chat
      - deactivate account.chat.bob <- `account.when` leaves it out
      - revoke membership.chat.core.bob <- `account.when` leaves it out
    ");
    story.apply();
    story.edit("self.login == null", "self.login == \"bob\"");
    assert_snapshot!(story.plan(), @"
    system.chat: 2 unmanaged; person.ada left out
    0 chat at account.chat.bob
      + reactivate account.chat.bob <- group.chat.core
    1 chat at group.chat.core after 0
      + grant membership.chat.core.bob <- group.chat.core
    ");
    assert_eq!(story.apply(), "");
}

#[test]
fn what_is_ignored_is_not_there() {
    let mut story = chat(
        r#"
account a1 {"userName":"ada","kind":"bot"}
account a3 {"userName":"eve","kind":"bot"}
account a4 {"userName":"kim"}
"#,
    );
    story.edit("match ", "ignore = account.kind == \"bot\"\n match ");
    assert_snapshot!(story.plan(), @r#"
    holds collision [account.chat.ada]: account.chat.ada cannot be created: userName "ada" is taken by the account with the id "a1"
    records person.ada person.bob
    system.chat: 1 unmanaged
    0 chat at account.chat.bob
      + create account.chat.bob mail="bob@acme.example" userName="bob" <- group.chat.core
    1 chat at group.chat.core
      + create group.chat.core displayName="core" <- group.chat.core
    2 chat at group.chat.core after 0 after 1
      + grant membership.chat.core.bob <- group.chat.core
    "#);
}
