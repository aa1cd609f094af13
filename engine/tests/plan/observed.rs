//! Systems that are only observed: what would change is shown, and nothing is written.

use insta::assert_snapshot;

use crate::story::Story;

const FILES: &str = r#"
system "chat" {
  provider = "directory"
  match    = self.login == account.userName
  manage   = "observe"
  account {
    mail = self.email
  }
}
system "wiki" {
  provider = "directory"
  match    = self.login == account.userName
  account {
    chat = self.accounts.chat.id
  }
}
group "chat" "core" {
  members = [person.ada, person.bob]
}
group "chat" "admins" {
  exclusive = true
  members   = [person.ada]
}
role "writer" {
  members = [person.ada]
  access  = [system.wiki]
}
person "ada" {
  login = "ada"
  email = "ada@acme.example"
}
person "bob" {
  login = "bob"
  email = "bob@acme.example"
}
=== chat
account a1 {"userName":"ada","mail":"old@acme.example"}
account a9 {"userName":"zoe"}
group g1 {"displayName":"core"}
group g2 {"displayName":"admins"}
member g2 a9
=== wiki
"#;

#[test]
fn nothing_is_written_to_what_is_observed() {
    let mut story = Story::new(FILES);
    assert_snapshot!(story.plan(), @r#"
    notice unexplained [membership.chat.admins["id:a9"]]: 1 membership in 1 group of system.chat that no file explains
    observes observed [account.chat.bob]: 1 thing would change on system.chat, which is only observed: nothing is written to it
    records person.ada person.bob
    adopted account.chat.ada a1 mail="old@acme.example" userName="ada" <- group.chat.admins; group.chat.core
    adopted group.chat.admins g2 displayName="admins" <- group.chat.admins
    adopted group.chat.core g1 displayName="core" <- group.chat.core
    system.chat: 1 unmanaged
    0 chat at account.chat.bob
      + create account.chat.bob mail="bob@acme.example" userName="bob" <- group.chat.core
    1 wiki at account.wiki.ada
      + create account.wiki.ada chat="a1" userName="ada" <- role.writer
    "#);
    let before = story.systems[&state::Symbol::new("chat")].clone();
    // It is taken under management in the record, and the rest goes on.
    assert_snapshot!(story.apply(), @"create account.chat.bob: its system is only observed");
    assert_snapshot!(story.plan(), @r#"
    notice first-exclusive [membership.chat.admins["id:a9"]]: group.chat.admins is exclusive for the first time, and would take 1 membership that no file explains
    observes observed [account.chat.ada account.chat.bob membership.chat.admins.ada membership.chat.admins["id:a9"] membership.chat.core.ada membership.chat.core.bob]: 6 things would change on system.chat, which is only observed: nothing is written to it
    system.chat: 1 unmanaged
    0 chat
      ~ update account.chat.ada mail="old@acme.example" -> "ada@acme.example" <- group.chat.admins; group.chat.core
      + create account.chat.bob mail="bob@acme.example" userName="bob" <- group.chat.core
    1 chat
      + grant membership.chat.admins.ada <- group.chat.admins
      + grant membership.chat.core.ada <- group.chat.core
    2 chat at group.chat.admins
      - revoke membership.chat.admins["id:a9"] <- no file explains it, and the group is exclusive
    3 chat at group.chat.core after 0
      + grant membership.chat.core.bob <- group.chat.core
    "#);
    assert_snapshot!(story.apply(), @r#"
    update account.chat.ada: its system is only observed
    create account.chat.bob: its system is only observed
    grant membership.chat.admins.ada: its system is only observed
    grant membership.chat.core.ada: its system is only observed
    revoke membership.chat.admins["id:a9"]: its system is only observed
    grant membership.chat.core.bob: its system is only observed
    "#);
    let after = &story.systems[&state::Symbol::new("chat")];
    assert_eq!((&before.accounts, &before.groups), (&after.accounts, &after.groups));
    assert_eq!(before.memberships, after.memberships);
}

#[test]
fn then_group_by_group() {
    let mut story = Story::new(FILES);
    story.apply();
    story.edit("  exclusive = true\n", "  exclusive = true\n  manage    = \"all\"\n");
    assert_snapshot!(story.plan(), @r#"
    holds first-exclusive [membership.chat.admins["id:a9"]]: group.chat.admins is exclusive for the first time, and would take 1 membership that no file explains
    observes observed [account.chat.ada account.chat.bob membership.chat.core.ada membership.chat.core.bob]: 4 things would change on system.chat, which is only observed: nothing is written to it
    system.chat: 1 unmanaged
    0 chat
      ~ update account.chat.ada mail="old@acme.example" -> "ada@acme.example" <- group.chat.admins; group.chat.core
      + create account.chat.bob mail="bob@acme.example" userName="bob" <- group.chat.core
    1 chat
      + grant membership.chat.admins.ada <- group.chat.admins
      + grant membership.chat.core.ada <- group.chat.core
    2 chat at group.chat.admins
      - revoke membership.chat.admins["id:a9"] <- no file explains it, and the group is exclusive
    3 chat at group.chat.core after 0
      + grant membership.chat.core.bob <- group.chat.core
    "#);
    story.approved.insert(state::Code::FirstExclusive);
    story.approved.insert(state::Code::MassRemoval);
    story.apply();
    let chat = &story.systems[&state::Symbol::new("chat")];
    let members: Vec<String> = chat.memberships.keys().map(|(group, member, _)| format!("{group} {member}")).collect();
    assert_eq!(members, ["g2 a1"]);
    // And then all of it.
    story.edit("  manage   = \"observe\"\n", "");
    assert_snapshot!(story.plan(), @r#"
    system.chat: 1 unmanaged
    0 chat
      ~ update account.chat.ada mail="old@acme.example" -> "ada@acme.example" <- group.chat.admins; group.chat.core
      + create account.chat.bob mail="bob@acme.example" userName="bob" <- group.chat.core
    1 chat at group.chat.core
      + grant membership.chat.core.ada <- group.chat.core
    2 chat at group.chat.core after 0
      + grant membership.chat.core.bob <- group.chat.core
    "#);
}

#[test]
fn what_manage_may_be() {
    let plan = |old: &str, new: &str| {
        let mut story = Story::new(FILES);
        story.edit(old, new);
        story.plan()
    };
    assert_snapshot!(plan("\"observe\"", "\"watch\""), @r#"
    error: main.hcl:4: `manage` cannot be "watch"
      hint: write "observe" (what would change is shown, and nothing is written), or "all", as where it is left out
    "#);
    assert_snapshot!(plan("exclusive = true", "manage = \"observe\""), @r#"
    error: main.hcl:20: a group is not observed by itself
      hint: write `manage = "observe"` in the block of its system, and "all" in those of groups that are managed all the same
    "#);
}
