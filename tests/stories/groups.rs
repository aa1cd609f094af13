//! Groups that are exclusive or protected, and the access that tenure itself needs.

use std::sync::Arc;

use insta::assert_snapshot;

use crate::run::Folder;
use crate::scim::Scim;
use crate::tale::{Start, Tale, usual};
use crate::world::World as _;

pub fn a_group_becomes_exclusive_for_the_first_time(start: Start) {
    let tale = Tale::begin(start, 12);
    tale.world.add("login-hand");
    tale.world.join("all", "login-hand");
    tale.edit("access.hcl", "NAME = \"all\"", "NAME = \"all\"\n  exclusive = true");
    let held = tale.held();
    assert_snapshot!(held.said, @r#"
    held: first-exclusive on group.main.all: group.main.all is exclusive for the first time, and would take 1 membership that no file explains
      membership.main.all["id:ID"]
    "#);
    assert_snapshot!(tale.allow(&held), @"- all: login-hand");
    tale.settled();
    // From now on it is what the group is like.
    tale.world.join("all", "login-hand");
    assert_snapshot!(tale.apply(), @"- all: login-hand");
    tale.settled();
}
told!(a_group_becomes_exclusive_for_the_first_time);

pub fn the_last_admin_leaves(start: Start) {
    let tale = Tale::begin(start, 30);
    tale.hr((1..=30).filter(|n| !matches!(n, 2 | 3)).map(usual));
    tale.edit("access.hcl", ", \"p02\", \"p03\"", "");
    let held = tale.held();
    assert_snapshot!(held.said, @"
    held: mass-removal on system.main: 4 revocations of 35 on system.main: the limit is 3 within 24 h (10 %, at least 3, at most 100)
      membership.main.admins.p02, membership.main.admins.p03, membership.main.all.p02, membership.main.all.p03
    held: mass-removal on group.main.admins: group.main.admins would lose 2 of its 4 members within 24 h: half or more
      membership.main.admins.p02, membership.main.admins.p03
    held: last-admin on group.main.admins: group.main.admins would have 2 active members, and needs at least 3; it has 4 now
      account.main.p02, account.main.p03, membership.main.admins.p02, membership.main.admins.p03
    ");
    assert_snapshot!(tale.allow(&held), @"
    - admins: login02
    - admins: login03
    - all: login02
    - all: login03
    - login02 on
    - login03 on
    + login02 off
    + login03 off
    ");
    tale.settled();
}
told!(the_last_admin_leaves);

/// The server tells whose the token is.
pub fn the_credential_in_use_would_lose_its_own_access(_: Start) {
    let scim = Arc::new(Scim::new());
    let tale = Tale::begin_on(Folder::new(&[]), scim.clone(), 12);
    let own = scim.look().ids["login07"].clone();
    scim.tell(|told| told.own = Some(own));
    tale.settled();
    tale.hr((1..=12).filter(|n| *n != 7).map(usual));
    let held = tale.held();
    assert_snapshot!(held.said, @r#"
    held: last-admin on system.main: this would switch off the account (id "ID") that tenure itself uses on system.main
      account.main.p07, membership.main.all.p07
    "#);
    assert_snapshot!(tale.allow(&held), @"
    - all: login07
    - login07 on
    + login07 off
    ");
    tale.settled();
}
told!(the_credential_in_use_would_lose_its_own_access on scim);
