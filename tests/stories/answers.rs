//! The system answers wrongly, or not at all.

use std::sync::Arc;

use insta::assert_snapshot;

use crate::run::Folder;
use crate::scim::Scim;
use crate::tale::{Start, Tale, usual};
use crate::world::Trouble;

/// A company that somebody has left by the files, and the system in trouble: nothing is done there until it is mended.
fn nothing_is_done(start: Start, trouble: Trouble, why: [(&str, &str); 3]) {
    let tale = Tale::begin(start, 12);
    tale.hr((1..=12).filter(|n| *n != 7).map(usual));
    let said = tale.in_trouble(trouble);
    let held = "held: incomplete-read on system.main: system.main could not be read completely, so nothing is planned \
                there: ";
    let (_, why) = why.into_iter().find(|(provider, _)| *provider == tale.world.provider()).unwrap();
    assert!(said.starts_with(held) && said.contains(why), "{said}");
    let refused = tale.unapprovable("incomplete-read");
    assert!(refused.contains("what could not be read cannot be judged: make the system readable"), "{refused}");
    assert_snapshot!(tale.apply(), @"
    - all: login07
    - login07 on
    + login07 off
    ");
    tale.settled();
}

pub fn an_empty_list(start: Start) {
    let nothing = "it holds nothing at all, though the record knows";
    nothing_is_done(start, Trouble::Empty, [("directory", nothing), ("scim", nothing), ("postgresql", nothing)]);
}
told!(an_empty_list);

pub fn an_error(start: Start) {
    let why = [
        ("directory", "mend this line; nothing was read from the directory"),
        ("scim", "the database is gone"),
        ("postgresql", "password authentication failed"),
    ];
    nothing_is_done(start, Trouble::Error, why);
}
told!(an_error);

pub fn forbidden(start: Start) {
    let why = [("directory", "leads out of"), ("scim", "403"), ("postgresql", "permission denied for view pg_roles")];
    nothing_is_done(start, Trouble::Forbidden, why);
}
told!(forbidden);

pub fn half_of_it(start: Start) {
    let why = [
        ("directory", "there is no account with the id"),
        ("scim", "totalResults"),
        ("postgresql", "permission denied for database \"sales\""),
    ];
    nothing_is_done(start, Trouble::Half, why);
}
told!(half_of_it);

/// What is missing from a list that looks whole is asked for by itself. Where that is missing too, it is gone for all
/// that anybody can see: it is not made anew, and nobody else's access is touched.
pub fn half_of_it_as_if_it_were_all(start: Start) {
    let tale = Tale::begin(start, 12);
    let said = tale.in_trouble(Trouble::HalfUnseen);
    match tale.world.provider() {
        "scim" => assert!(said.contains("is there when it is read by its id, but the listing lacks it"), "{said}"),
        _ => assert_snapshot!(said, @r#"
        held: vanished: account.main.p06 (id "ID") is gone from its system, and not by tenure
          account.main.p06
        held: vanished: account.main.p07 (id "ID") is gone from its system, and not by tenure
          account.main.p07
        held: vanished: account.main.p08 (id "ID") is gone from its system, and not by tenure
          account.main.p08
        held: vanished: account.main.p09 (id "ID") is gone from its system, and not by tenure
          account.main.p09
        held: vanished: account.main.p10 (id "ID") is gone from its system, and not by tenure
          account.main.p10
        held: vanished: account.main.p11 (id "ID") is gone from its system, and not by tenure
          account.main.p11
        held: vanished: account.main.p12 (id "ID") is gone from its system, and not by tenure
          account.main.p12
        "#),
    }
    tale.settled();
}
told!(half_of_it_as_if_it_were_all);

/// Whoever lost the right to read is told of everything that it is gone: what the list shows is read by its id, too, and
/// must be there. A leaver who was switched off is not let go of.
pub fn half_of_it_and_nothing_by_its_id(start: Start) {
    let tale = Tale::begin(start, 12);
    tale.hr((1..=11).map(usual));
    tale.apply();
    let said = tale.in_trouble(Trouble::HalfBlind);
    assert!(said.contains("is listed, and is not found when it is read by its id"), "{said}");
    assert!(said.contains("held: incomplete-read on system.main"), "{said}");
    let folder = &tale.folder;
    assert!(folder.run("state show account.main.p12", 0).contains("deactivated by tenure"), "the record let go of it");
    tale.settled();
}
told!(half_of_it_and_nothing_by_its_id on scim);

/// Groups are not made anew either, and nobody is taken out of or put into what cannot be seen.
pub fn no_groups_at_all(start: Start) {
    let tale = Tale::begin(start, 12);
    assert_snapshot!(tale.in_trouble(Trouble::NoGroups), @r#"
    held: vanished: group.main.admins (id "ID") is gone from its system, and not by tenure
      group.main.admins
    held: vanished: group.main.all (id "ID") is gone from its system, and not by tenure
      group.main.all
    notice: last-admin on group.main.admins: group.main.admins would have 0 active members, and needs at least 3; it has 0 now
    notice: last-admin on group.main.admins: service.breakglass must always be in group.main.admins, and is not
    "#);
    tale.settled();
}
told!(no_groups_at_all);

/// A replica that lags, files or a cluster out of a backup: whoever came since is not made a second time, who is in a
/// group since is not in it twice, and whoever left since is not let in.
pub fn as_it_was_before(start: Start) {
    let tale = Tale::begin(start, 12);
    tale.write("small.hcl", "group \"main\" \"small\" {\n  NAME = \"small\"\n  members = [person.p04]\n}\n");
    tale.apply();
    tale.world.keep();
    tale.hr((1..=13).filter(|n| *n != 7).map(usual));
    tale.edit("small.hcl", "[person.p04]", "[person.p04, person.p05]");
    assert_snapshot!(tale.apply(), @"
    - all: login07
    - login07 on
    + all: login13
    + login07 off
    + login13 on
    + small: login05
    ");
    let sound = tale.world.look();
    tale.world.trouble(Trouble::Stale);
    let stale = tale.world.look();
    let printed = tale.folder.run("plan", 3);
    assert!(printed.contains("held: vanished\n  account.main.p13"), "{printed}");
    tale.folder.run("apply --auto-approve", 3);
    let done = stale.until(&tale.world.look());
    match tale.world.provider() {
        // What is written reaches the server, and there it is as it is to be.
        "scim" => assert_eq!(done, ""),
        // Out of the backup the leaver came back, and others lost what they were given: set right.
        _ => assert_snapshot!(done, @"
        - login07 on
        + login07 off
        + small: login05
        "),
    }
    tale.world.mend();
    assert_eq!(sound.until(&tale.world.look()), "");
    tale.folder.run("apply --auto-approve", 0);
    assert_eq!(sound.until(&tale.world.look()), "");
    tale.settled();
}
told!(as_it_was_before);

/// Somebody leaves while a replica does not show the account yet: once it does, it is switched off.
pub fn a_leaver_whom_a_lagging_replica_does_not_show(start: Start) {
    let tale = Tale::begin(start, 12);
    tale.world.keep();
    tale.hr((1..=13).map(usual));
    tale.apply();
    tale.world.trouble(Trouble::Stale);
    tale.hr((1..=12).map(usual));
    let printed = tale.folder.run("apply --auto-approve", 0);
    assert!(printed.contains("notice: vanished\n  account.main.p13"), "{printed}");
    tale.world.mend();
    assert_snapshot!(tale.apply(), @"
    - all: login13
    - login13 on
    + login13 off
    ");
    tale.settled();
}
told!(a_leaver_whom_a_lagging_replica_does_not_show);

/// A server that ignores filters answers with everybody. It is asked with one where all members of a group are strange:
/// what it answers is not taken for the one who was asked for.
pub fn a_filter_that_is_ignored(_: Start) {
    let scim = Arc::new(Scim::new());
    let tale = Tale::begin_on(Folder::new(&[]), scim.clone(), 4);
    tale.write("few.hcl", "group \"main\" \"few\" {\n  NAME = \"few\"\n}\n");
    // Nobody is in any group but a member that nobody knows.
    tale.edit("access.hcl", "[group.main.all]", "[system.main]");
    tale.edit("access.hcl", "[\"p01\", \"p02\", \"p03\"]", "[]");
    tale.edit("access.hcl", "  members = [service.breakglass]\n", "");
    std::fs::remove_file(tale.folder.path().join("protect.hcl")).unwrap();
    let held = tale.held_in_part().0;
    tale.allow(&held);
    scim.tenant().add_ghost("few", "00000000-0000-0000-0000-000000000000");
    scim.tell(|told| told.unfiltered = true);
    tale.edit("few.hcl", "\"few\"\n}", "\"few\"\n  members = [person.p04]\n}");
    let before = scim.filtered();
    assert_snapshot!(tale.apply(), @"+ few: login04");
    assert!(scim.filtered() > before, "no filter was tried");
    tale.settled();
    tale.edit("few.hcl", "[person.p04]", "[]");
    assert_snapshot!(tale.apply(), @"- few: login04");
    tale.settled();
}
told!(a_filter_that_is_ignored on scim);
