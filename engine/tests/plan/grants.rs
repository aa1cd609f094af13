//! Grants that are held in part, overlap, or stand on nothing.

use insta::assert_snapshot;

use crate::story::Story;

/// A group that exists, with grants told apart by `on` and `privilege`; those of one privilege may overlap.
const SALES: &str = r#"
system "db" { provider = "directory" }
group "db" "analyst" {
  displayName = "analyst"
  grants      = [{ on = "all", privilege = "SELECT" }]
}
=== db grant=on grant=privilege overlap=privilege
"#;

fn sales() -> Story {
    let mut story = Story::new(SALES);
    assert_eq!(story.apply(), "");
    story
}

#[test]
fn what_is_held_in_part_is_given_whole() {
    let mut story = sales();
    story.tell(
        r#"=== db
grant db-1 {"on":"all","privilege":"SELECT","partial":"on 12 of 14 tables"}
grant db-1 {"on":"orders","privilege":"SELECT","within":["on=all,privilege=SELECT"]}"#,
    );
    assert_snapshot!(story.plan(), @r#"
    0 db at group.db.analyst
      + grant grant.db.analyst["on=all,privilege=SELECT"] on="all" -> "all" privilege="SELECT" -> "SELECT" (held "on 12 of 14 tables") <- group.db.analyst
    "#);
    assert_eq!(story.apply(), "");
}

#[test]
fn what_is_held_in_part_is_taken_whole() {
    let mut story = sales();
    story.edit("[{ on = \"all\", privilege = \"SELECT\" }]", "[]");
    story.tell(
        r#"=== db
grant db-1 {"on":"all","privilege":"SELECT","partial":"on 12 of 14 tables"}
grant db-1 {"on":"orders","privilege":"SELECT","within":["on=all,privilege=SELECT"]}"#,
    );
    assert_snapshot!(story.plan(), @r#"
    0 db at group.db.analyst
      - revoke grant.db.analyst["on=all,privilege=SELECT"] (held "on 12 of 14 tables") <- no file gives it any more
    "#);
}

#[test]
fn an_undo_leaves_and_gives_exactly_the_parts_that_were_held() {
    let mut story = sales();
    let part = r#"=== db
grant db-1 {"on":"all","privilege":"SELECT","partial":"on 1 of 14 tables"}
grant db-1 {"on":"orders","privilege":"SELECT","within":["on=all,privilege=SELECT"]}"#;
    story.tell(part);
    let before = story.systems[&"db".into()].grants.clone();
    let names = |story: &Story| -> Vec<String> {
        story.systems[&"db".into()].grants.keys().map(|(_, grant)| grant.to_string()).collect()
    };
    assert_eq!(story.apply(), "");
    assert_eq!(names(&story), ["on=all,privilege=SELECT"]);
    let (plan, undone) = story.undo("last").unwrap();
    assert_snapshot!(crate::dump::dump(&plan), @r#"
    undone grant.db.analyst["on=all,privilege=SELECT"] grant={"on":"all","privilege":"SELECT"} run="run-2"
    0 db at group.db.analyst
      - revoke grant.db.analyst["on=all,privilege=SELECT"] keep=[{"on":"orders","privilege":"SELECT"}] <- undo of run run-2
    "#);
    assert_eq!(undone, "");
    assert_eq!(names(&story), before.keys().map(|(_, grant)| grant.to_string()).collect::<Vec<_>>());
    // And what was taken in part.
    story.edit("[{ on = \"all\", privilege = \"SELECT\" }]", "[]");
    let mut story = sales();
    story.edit("[{ on = \"all\", privilege = \"SELECT\" }]", "[]");
    story.tell(part);
    assert_eq!(story.apply(), "");
    story.tell("=== db\nremove grant db-1 {\"on\":\"orders\",\"privilege\":\"SELECT\"}");
    assert_eq!(names(&story), [""; 0]);
    let (plan, undone) = story.undo("last").unwrap();
    assert_snapshot!(crate::dump::dump(&plan), @r#"
    undone grant.db.analyst["on=orders,privilege=SELECT"] revoke={} run="run-2"
    0 db at group.db.analyst
      + grant grant.db.analyst["on=orders,privilege=SELECT"] on="orders" privilege="SELECT" <- undo of run run-2
    "#);
    assert_eq!(undone, "");
    assert_eq!(names(&story), ["on=orders,privilege=SELECT"]);
    // Held until the files say so.
    assert_snapshot!(story.plan(), @r#"
    holds undone [grant.db.analyst["on=orders,privilege=SELECT"]]: the files would do 1 change again that run run-3 undid at 2026-11-23T12:00:00.000Z (of run run-2): held until the files change
    0 db at group.db.analyst
      - revoke grant.db.analyst["on=orders,privilege=SELECT"] <- no file gives it any more
    "#);
}

#[test]
fn what_others_ask_for_and_this_group_holds_in_part_is_shown_by_its_parts() {
    let mut story = sales();
    story.tell(
        r#"=== db
grant db-1 {"on":"every","privilege":"SELECT","partial":"on 1 of 14 tables"}
grant db-1 {"on":"orders","privilege":"SELECT","within":["on=every,privilege=SELECT"]}"#,
    );
    assert_snapshot!(story.plan(), @r#"notice unexplained [grant.db.analyst["on=orders,privilege=SELECT"]]: 1 grant of 1 group of system.db that no file explains"#);
    story.edit("displayName = \"analyst\"", "displayName = \"analyst\"\n  exclusive = true");
    assert_snapshot!(story.plan(), @r#"
    holds first-exclusive [grant.db.analyst["on=orders,privilege=SELECT"]]: group.db.analyst is exclusive for the first time, and would take 1 grant that no file explains
    0 db at group.db.analyst
      - revoke grant.db.analyst["on=orders,privilege=SELECT"] keep=[{"on":"all","privilege":"SELECT"}] <- no file explains it, and the group is exclusive
    "#);
}

#[test]
fn what_stays_is_named_where_it_may_cover_what_is_taken() {
    let mut story = sales();
    story.edit(
        "{ on = \"all\", privilege = \"SELECT\" }",
        "{ on = \"orders\", privilege = \"SELECT\" }, { on = \"orders\", privilege = \"INSERT\" }",
    );
    assert_snapshot!(story.plan(), @r#"
    0 db at group.db.analyst
      + grant grant.db.analyst["on=orders,privilege=INSERT"] on="orders" privilege="INSERT" <- group.db.analyst
      + grant grant.db.analyst["on=orders,privilege=SELECT"] on="orders" privilege="SELECT" <- group.db.analyst
    1 db at group.db.analyst
      - revoke grant.db.analyst["on=all,privilege=SELECT"] keep=[{"on":"orders","privilege":"SELECT"}] <- no file gives it any more
    "#);
    assert_eq!(story.apply(), "");
}

#[test]
fn a_grant_that_stands_on_nothing() {
    let mut story = Story::new(SALES);
    story.tell("=== db\nnothing {\"on\":\"all\",\"privilege\":\"SELECT\",\"why\":\"sales has no tables\"}");
    assert_snapshot!(story.plan(), @r#"
    notice dangling-grant [grant.db.analyst["on=all,privilege=SELECT"]]: 1 grant of system.db with nothing to stand on at present: sales has no tables
    0 db at group.db.analyst
      + create group.db.analyst displayName="analyst" <- group.db.analyst
    "#);
    assert_eq!(story.apply(), "");
    story.tell("=== db\nremove nothing\nnothing {\"on\":\"all\",\"privilege\":\"SELECT\",\"why\":\"no table all\",\"named\":true}");
    assert_snapshot!(story.plan(), @r#"
    holds dangling-grant [grant.db.analyst["on=all,privilege=SELECT"]]: grant.db.analyst["on=all,privilege=SELECT"] cannot be given: no table all
    0 db at group.db.analyst
      + grant grant.db.analyst["on=all,privilege=SELECT"] on="all" privilege="SELECT" <- group.db.analyst
    "#);
    story.tell("=== db\nremove nothing");
    assert_snapshot!(story.plan(), @r#"
    0 db at group.db.analyst
      + grant grant.db.analyst["on=all,privilege=SELECT"] on="all" privilege="SELECT" <- group.db.analyst
    "#);
}
