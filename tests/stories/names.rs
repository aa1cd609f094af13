//! Names change: of people, of accounts, and whom they mean.

use insta::assert_snapshot;

use crate::tale::{Start, Tale, assert_same_accounts, usual};

pub fn a_person_is_renamed(start: Start) {
    let tale = Tale::begin(start, 12);
    let before = tale.world.look();
    let renamed = |n| if n == 7 { "n0007,login07,x".to_owned() } else { usual(n) };
    tale.hr((1..=12).map(renamed));
    assert_snapshot!(tale.held().said, @r#"
    held: probable-rename: person.p07 vanished from the files, and person.n0007 is new and matches the same account ("ID" on system.main)
      person.n0007, person.p07, account.main.p07, membership.main.all.p07
    "#);
    // As it says.
    tale.edit(
        "company.hcl",
        "  team  = row.team",
        "  team  = row.team\n  previously = row.id == \"n0007\" ? [\"p07\"] : null",
    );
    assert_eq!(tale.apply(), "");
    assert_same_accounts(&before, &tale.world.look());
    assert!(tale.folder.run("state list", 0).contains("account.main.n0007"));
    tale.settled();
}
told!(a_person_is_renamed);

pub fn a_login_is_renamed_in_the_system(start: Start) {
    let tale = Tale::begin(start, 12);
    let before = tale.world.look();
    tale.world.rename("login07", "login-seven");
    // The account is the same, and gets the name back that the files enforce.
    assert_snapshot!(tale.apply(), @"
    - all: login-seven
    - login-seven on
    + all: login07
    + login07 on
    ");
    assert_same_accounts(&before, &tale.world.look());
    // Where names are the system's own once an account is made, it keeps the new one.
    tale.edit(
        "company.hcl",
        "    LOGIN = self.login\n    TITLE = self.team",
        "    TITLE = self.team\n    on_create {\n      LOGIN = self.login\n    }",
    );
    tale.world.rename("login07", "login-seven");
    assert_eq!(tale.apply(), "");
    assert_same_accounts(&before, &tale.world.look());
    // Also for whoever leaves.
    tale.hr((1..=12).filter(|n| *n != 7).map(usual));
    assert_snapshot!(tale.apply(), @"
    - all: login-seven
    - login-seven on
    + login-seven off
    ");
    tale.settled();
}
told!(a_login_is_renamed_in_the_system);

/// Keys are the same in whichever case they are written.
pub fn the_case_of_a_key_changes(start: Start) {
    let tale = Tale::begin(start, 12);
    let before = tale.world.look();
    tale.hr((1..=12).map(|n| if n == 7 { "P07,login07,x".to_owned() } else { usual(n) }));
    assert_eq!(tale.apply(), "");
    assert_same_accounts(&before, &tale.world.look());
    assert!(tale.folder.run("state list", 0).contains("account.main.P07"));
    tale.settled();
}
told!(the_case_of_a_key_changes);

pub fn the_case_of_a_login_changes(start: Start) {
    let tale = Tale::begin(start, 12);
    let before = tale.world.look();
    tale.hr((1..=12).map(|n| if n == 7 { "p07,Login07,x".to_owned() } else { usual(n) }));
    tale.apply();
    assert_same_accounts(&before, &tale.world.look());
    tale.settled();
}
told!(the_case_of_a_login_changes);

/// Somebody new has the login of somebody who left: the account of the one who left is not theirs.
pub fn a_username_is_reused_for_someone_else(start: Start) {
    let tale = Tale::begin(start, 12);
    tale.hr((1..=12).filter(|n| *n != 7).map(usual));
    tale.apply();
    let newcomer = || std::iter::once("p21,login07,x".to_owned());
    tale.hr((1..=12).filter(|n| *n != 7).map(usual).chain(newcomer()));
    assert_snapshot!(tale.held().said, @r#"
    held: probable-rename: person.p07 vanished from the files, and person.p21 is new and matches the same account ("ID" on system.main)
      person.p07, person.p21
    "#);
    // The one who had it is still there, under another name.
    tale.hr((1..=12).map(usual));
    tale.apply();
    let seven = |n| if n == 7 { "p07,login-seven,x".to_owned() } else { usual(n) };
    tale.hr((1..=12).map(seven));
    assert_snapshot!(tale.apply(), @"
    - all: login07
    - login07 on
    + all: login-seven
    + login-seven on
    ");
    tale.hr((1..=12).map(seven).chain(newcomer()));
    let held = tale.held();
    assert_snapshot!(held.said, @r#"
    held: reused-identifier: account.main.p21 would have LOGIN "login07", which was account.main.p07
      account.main.p21
    "#);
    assert_snapshot!(tale.allow(&held), @"
    + all: login07
    + login07 on
    ");
    tale.settled();
}
told!(a_username_is_reused_for_someone_else);
