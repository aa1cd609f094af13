//! One commit does it all.

use insta::assert_snapshot;

use crate::tale::{Start, Tale};

pub fn limits_are_loosened_protection_dropped_and_the_protected_removed(start: Start) {
    let tale = Tale::begin(start, 12);
    tale.edit(
        "company.hcl",
        "\"tried.tenure\"\n",
        "\"tried.tenure\"\n  safeguards {\n    mass_removal = \"100%\"\n  }\n",
    );
    std::fs::remove_file(tale.folder.path().join("protect.hcl")).unwrap();
    tale.edit("access.hcl", "[\"p01\", \"p02\", \"p03\"]", "[]");
    let held = tale.held();
    assert_snapshot!(held.said, @"
    held: mass-removal on group.main.admins: group.main.admins would lose 3 of its 4 members within 24 h: half or more
      membership.main.admins.p01, membership.main.admins.p02, membership.main.admins.p03
    held: last-admin on group.main.admins: group.main.admins would have 1 active member, and needs at least 3; it has 4 now
      membership.main.admins.p01, membership.main.admins.p02, membership.main.admins.p03
    held: guard-lowered: limits are looser than those on record: mass_removal is 100 %, on record 10 %
      system.main
    held: guard-lowered: protections are looser than those on record: group.main.admins is protected no more
      group.main.admins
    ");
    // Held again: the first refusal did not bring the looser limits into force.
    assert_eq!(tale.held().said, held.said);
    assert_snapshot!(tale.allow(&held), @"
    - admins: login01
    - admins: login02
    - admins: login03
    ");
    tale.settled();
}
told!(limits_are_loosened_protection_dropped_and_the_protected_removed);

pub fn everybody_gets_a_protected_group(start: Start) {
    let tale = Tale::begin(start, 20);
    tale.edit("access.hcl", "[group.main.all]", "[group.main.all, group.main.admins]");
    let held = tale.held();
    assert_snapshot!(held.said, @"
    held: mass-grant on system.main: 17 new memberships on system.main, which has 25: the limit is 10 within 24 h (20 %, at least 10)
      membership.main.admins.p04, membership.main.admins.p05, membership.main.admins.p06, membership.main.admins.p07, membership.main.admins.p08, membership.main.admins.p09 and 11 more
    held: privileged-grant on group.main.admins: 17 people and services would come into group.main.admins, which is protected: person.p04, person.p05, person.p06, person.p07, person.p08, person.p09 and 11 more
      membership.main.admins.p04, membership.main.admins.p05, membership.main.admins.p06, membership.main.admins.p07, membership.main.admins.p08, membership.main.admins.p09 and 11 more
    ");
    let changed = tale.allow(&held);
    assert_eq!(changed.lines().filter(|line| line.starts_with("+ admins: login")).count(), 17, "{changed}");
    assert_eq!(changed.lines().count(), 17, "{changed}");
    tale.settled();
}
told!(everybody_gets_a_protected_group);

pub fn a_block_with_a_live_system_vanishes(start: Start) {
    let tale = Tale::begin(start, 12);
    let before = tale.world.look();
    let (company, access) = (tale.folder.read("company.hcl"), tale.folder.read("access.hcl"));
    tale.folder.write("company.hcl", company.split("system \"main\"").next().unwrap());
    for file in ["access.hcl", "protect.hcl"] {
        std::fs::remove_file(tale.folder.path().join(file)).unwrap();
    }
    assert_snapshot!(tale.refused("plan"), @r#"
    error: the record holds system.main, but no block declares it any more
     |
     = hint: put the block back, or write `remove { address = "system.main" }` to take away what tenure gave there, or `forget { address = "system.main" }` to leave it as it is, unmanaged

    1 error
    "#);
    tale.refused("apply --auto-approve");
    // The one thing to write: the record lets go of it, and the system is left as it is.
    tale.folder.write("forget.hcl", "forget {\n  address = \"system.main\"\n}\n");
    assert_eq!(tale.apply(), "");
    assert_eq!(before, tale.world.look());
    assert!(!tale.folder.run("state list", 0).contains("main"));
    // Back again, everybody is found where they are.
    std::fs::remove_file(tale.folder.path().join("forget.hcl")).unwrap();
    tale.folder.write("company.hcl", &company);
    tale.folder.write("access.hcl", &access);
    assert_eq!(tale.apply(), "");
    assert_eq!(tale.apply(), "");
    assert_eq!(before, tale.world.look());
    tale.settled();
}
told!(a_block_with_a_live_system_vanishes);
