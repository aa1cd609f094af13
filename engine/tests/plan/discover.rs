//! What systems hold, against files and record.

use insta::assert_snapshot;

use crate::story::Story;

const FILES: &str = r#"
system "chat" {
  provider = "directory"
  match    = self.login == account.userName
  ignore   = startswith(account.userName, "bot-")
  account {}
}
system "wiki" {
  provider = "directory"
  match    = self.login == account.userName
  account {}
}
group "chat" "core" {
  members = [person.ada, person.bob]
  grants  = [{ on = "wall" }]
}
role "writer" {
  members = [person.ada]
  access  = [system.wiki]
}
person "ada" { login = "ada" }
person "bob" { login = "bob" }
"#;

#[test]
fn everything_has_a_standing() {
    let mut story = Story::new(&format!(
        r#"{FILES}
=== chat
account a1 {{"userName":"ada","mail":"ada@acme.example"}}
account a2 {{"userName":"carol","mail":"carol@acme.example"}}
account a3 {{"userName":"bot-1"}}
account a4 {{"userName":"tenure"}}
account a5 {{"userName":"dora"}}
own a4
group g1 {{"displayName":"core"}}
group g2 {{"displayName":"old hands"}}
member g1 a1
member g1 a2
member g2 a2
grant g1 {{"on":"wall"}}
grant g1 {{"on":"door"}}
grant g2 {{"on":"roof"}}
=== wiki
account w1 {{"userName":"a.lovelace","mail":"ADA@acme.example"}}
account w2 off {{"userName":"carol"}}
account w3 {{"userName":"dora@acme.example"}}
"#
    ));
    // Nothing is managed yet.
    assert_snapshot!(story.discover(), @r#"
    adoptable account.chat.ada ada
    unmanaged account.chat["id:a2"] carol
    ignored account.chat["id:a3"] bot-1
    tenure's own account.chat["id:a4"] tenure
    unmanaged account.chat["id:a5"] dora
    unmanaged group.chat._id["g2"] old hands
    adoptable group.chat.core core
    unexplained membership.chat._id["g2"]["id:a2"] old hands
    adoptable membership.chat.core.ada core
    unexplained membership.chat.core["id:a2"] core
    unexplained grant.chat._id["g2"]["on=roof"] old hands
    unexplained grant.chat.core["on=door"] core
    adoptable grant.chat.core["on=wall"] core
    unmanaged account.wiki["id:w1"] a.lovelace
    unmanaged account.wiki["id:w2"] carol off
    unmanaged account.wiki["id:w3"] dora@acme.example
    SamePerson mail ada@acme.example: account.chat.ada account.wiki["id:w1"]
    SamePerson login carol: account.chat["id:a2"] account.wiki["id:w2"]
    SamePerson name before the @ dora: account.chat["id:a5"] account.wiki["id:w3"]
    "#);
    assert_eq!(story.apply(), "");
    assert_eq!(story.apply(), "");
    // Bob has left; somebody deleted Ada's account in the wiki.
    story.edit("person \"bob\" { login = \"bob\" }", "");
    story.edit("person.ada, person.bob", "person.ada");
    story.tell("=== wiki\nremove account wiki-1\n=== chat\nsigned-in a1 2026-11-20T00:00:00Z\nsigned-in a2 2026-01-20T00:00:00Z");
    assert_snapshot!(story.discover(), @r#"
    managed account.chat.ada ada
    orphaned account.chat.bob bob stale
    unmanaged account.chat["id:a2"] carol stale
    ignored account.chat["id:a3"] bot-1 stale
    tenure's own account.chat["id:a4"] tenure stale
    unmanaged account.chat["id:a5"] dora stale
    unmanaged group.chat._id["g2"] old hands
    managed group.chat.core core
    unexplained membership.chat._id["g2"]["id:a2"] old hands
    managed membership.chat.core.ada core
    orphaned membership.chat.core.bob core
    unexplained membership.chat.core["id:a2"] core
    unexplained grant.chat._id["g2"]["on=roof"] old hands
    unexplained grant.chat.core["on=door"] core
    managed grant.chat.core["on=wall"] core
    missing account.wiki.ada wiki-1 off
    unmanaged account.wiki["id:w1"] a.lovelace
    unmanaged account.wiki["id:w2"] carol off
    unmanaged account.wiki["id:w3"] dora@acme.example
    SamePerson mail ada@acme.example: account.chat.ada account.wiki["id:w1"]
    SamePerson login carol: account.chat["id:a2"] account.wiki["id:w2"]
    SamePerson name before the @ dora: account.chat["id:a5"] account.wiki["id:w3"]
    vanished [account.wiki.ada]
    "#);
}

#[test]
fn a_system_that_cannot_be_read_is_not_empty() {
    let mut story = Story::new(&format!("{FILES}\n=== chat\naccount a1 {{\"userName\":\"ada\"}}\n=== wiki"));
    assert_eq!(story.apply(), "");
    story.tell("=== chat\nunreadable: 403 Forbidden");
    assert_snapshot!(story.discover(), @r#"
    system.chat: 403 Forbidden
    managed account.wiki.ada ada
    "#);
}

#[test]
fn what_two_match_is_said() {
    let story = Story::new(&format!(
        "{FILES}\n=== chat\naccount a1 {{\"userName\":\"ada\"}}\naccount a2 {{\"userName\":\"ada\"}}\n=== wiki"
    ));
    assert_snapshot!(story.discover(), @r#"
    unmanaged account.chat["id:a1"] ada
    unmanaged account.chat["id:a2"] ada
    Shared login ada: account.chat["id:a1"] account.chat["id:a2"]
    collision [account.chat.ada]
    "#);
}

/// A block that is gone is an error of plan; discover tells what is there all the same.
#[test]
fn what_no_block_speaks_of_any_more_is_told() {
    let mut story = Story::new(&format!("{FILES}\n=== chat\n=== wiki"));
    assert_eq!(story.apply(), "");
    story.edit(
        "system \"wiki\" {\n  provider = \"directory\"\n  match    = self.login == account.userName\n  account {}\n}\n",
        "",
    );
    story.edit("role \"writer\" {\n  members = [person.ada]\n  access  = [system.wiki]\n}\n", "");
    story.edit(
        "group \"chat\" \"core\" {\n  members = [person.ada, person.bob]\n  grants  = [{ on = \"wall\" }]\n}\n",
        "role \"all\" {\n  members = [person.ada, person.bob]\n  access = [system.chat]\n}\n",
    );
    assert_snapshot!(story.discover(), @r#"
    system.wiki: no file has a block for it any more, and the record knows 1 object there
    managed account.chat.ada ada
    managed account.chat.bob bob
    orphaned group.chat.core core
    orphaned membership.chat.core.ada core
    orphaned membership.chat.core.bob core
    orphaned grant.chat.core["on=wall"] core
    "#);
}
