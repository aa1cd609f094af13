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
    let mut story = Story::new(&format!(
        r#"{CHAT}
=== chat
account a1 {{"userName":"ada","mail":"old@acme.example","title":"Dr"}}
group g1 {{"displayName":"Core"}}
member g1 a1
"#
    ));
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
    assert_snapshot!(story.plan(), @"
    nothing to do
    ");
}
