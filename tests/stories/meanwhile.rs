//! Others do something meanwhile.

use insta::assert_snapshot;

use crate::run::texts;
use crate::tale::{Start, Tale, assert_same_accounts, usual};
use crate::terminal::Asking;
use crate::world::Trouble;

pub fn the_account_is_made_by_hand_after_the_plan(start: Start) {
    let tale = Tale::begin(start, 12);
    tale.hr((1..=13).map(usual));
    tale.folder.run("plan --out new.plan", 0);
    tale.world.add("login13");
    let before = tale.world.look();
    assert_snapshot!(tale.stale("new.plan"), @"
    held: stale-plan: what this plan rests on changed since it was made; nothing was done:
        `create` of account.main.p13 is not needed any more
        `grant` of membership.main.all.p13 is not needed any more
      account.main.p13, membership.main.all.p13
    ");
    // Planned again it is taken over, not made a second time.
    assert_eq!(tale.apply(), "");
    assert_snapshot!(tale.apply(), @"+ all: login13");
    assert_same_accounts(&before, &tale.world.look());
    tale.settled();
}
told!(the_account_is_made_by_hand_after_the_plan);

/// The same while apply waits for an answer: what was planned is looked at again right before it is done.
pub fn the_account_is_made_by_hand_while_apply_asks(start: Start) {
    let tale = Tale::begin(start, 12);
    tale.hr((1..=13).filter(|n| *n != 7).map(usual));
    let asking = Asking::start(&mut tale.folder.command("apply"));
    tale.world.add("login13");
    tale.world.switch("login07", false);
    let before = tale.world.look();
    let output = asking.answer("yes\n");
    let (printed, said) = texts(&output);
    assert!(matches!(output.status.code(), Some(1 | 3)), "{printed}{said}");
    assert!(printed.contains("account.main.p13"), "what was not done is named: {printed}{said}");
    // It is not made a second time, and the account that somebody else switched off stays so.
    assert_snapshot!(before.until(&tale.world.look()), @"- all: login07");
    assert_same_accounts(&before, &tale.world.look());
    assert_eq!(tale.apply(), "");
    assert_snapshot!(tale.apply(), @"+ all: login13");
    tale.settled();
}
told!(the_account_is_made_by_hand_while_apply_asks);

pub fn someone_elses_apply_runs_in_between(start: Start) {
    let tale = Tale::begin(start, 12);
    tale.hr((1..=13).filter(|n| *n != 7).map(usual));
    tale.folder.run("plan --out first.plan", 0);
    assert_snapshot!(tale.apply(), @"
    - all: login07
    - login07 on
    + all: login13
    + login07 off
    + login13 on
    ");
    assert_snapshot!(tale.stale("first.plan"), @"
    held: stale-plan: what this plan rests on changed since it was made; nothing was done:
        `deactivate` of account.main.p07 is not needed any more
        `create` of account.main.p13 is not needed any more
        `revoke` of membership.main.all.p07 is not needed any more
        `grant` of membership.main.all.p13 is not needed any more
      account.main.p07, account.main.p13, membership.main.all.p07, membership.main.all.p13
    ");
    tale.settled();
}
told!(someone_elses_apply_runs_in_between);

pub fn the_security_team_switched_an_account_off(start: Start) {
    let tale = Tale::begin(start, 12);
    tale.world.switch("login07", false);
    assert_snapshot!(tale.held().said, @r#"
    held: suspended-outside: account.main.p07 (id "ID") was switched off, and not by tenure
      account.main.p07
    "#);
    assert_snapshot!(tale.unapprovable("suspended-outside"), @"
    error: `suspended-outside` cannot be approved: somebody else switched it off: ask them to switch it on again
      hint: `tenure show PLAN` tells what is held, and by what
    ");
    // Others go on.
    tale.hr((1..=13).map(usual));
    let (_, changed) = tale.held_in_part();
    assert_snapshot!(changed, @"
    + all: login13
    + login13 on
    ");
    // Leaving and coming back is no way around it.
    tale.hr((1..=13).filter(|n| *n != 7).map(usual));
    assert_snapshot!(tale.apply(), @"- all: login07");
    tale.hr((1..=13).map(usual));
    let (held, changed) = tale.held_in_part();
    assert_snapshot!(held.said, @r#"
    held: suspended-outside: account.main.p07 (id "ID") was switched off, and not by tenure
      account.main.p07
    "#);
    assert!(!changed.contains("login07 on"), "{changed}");
    // Whoever switched it off switches it on.
    tale.world.switch("login07", true);
    tale.apply();
    tale.settled();
}
told!(the_security_team_switched_an_account_off);

/// One of two systems is down when somebody must be locked out: the other one is not waited with.
pub fn a_system_is_down_when_someone_must_be_locked_out(start: Start) {
    let tale = Tale::begin(start, 12);
    let other = r#"
system "other" {
  provider    = "directory"
  account_key = "login"
  match       = self.login == account.login
  account {
    login = self.login
  }
}
role "other" {
  when   = true
  access = [system.other]
}
"#;
    tale.folder.write("other.hcl", other);
    tale.apply();
    let off = || {
        let text = tale.folder.read("directory/other/accounts.jsonl");
        let off = text.lines().filter(|line| line.contains("\"active\":false"));
        off.map(|line| line.split("\"login\":\"").nth(1).unwrap()[..7].to_owned()).collect::<Vec<_>>()
    };
    tale.world.trouble(Trouble::Down);
    // By the files.
    tale.hr((1..=12).filter(|n| *n != 7).map(usual));
    let printed = tale.folder.run("apply --auto-approve", 3);
    assert!(printed.contains("held: incomplete-read on system.main"), "{printed}");
    assert_eq!(off(), ["login07"]);
    // By the red button.
    let output = tale.folder.command("suspend person.p08 --reason stolen-laptop --auto-approve").output().unwrap();
    let (printed, said) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{printed}{said}");
    assert!(said.contains("account.main.p08 cannot be reached now; the next apply does it first of all"), "{said}");
    assert_eq!(off(), ["login07", "login08"]);
    // Once it is there again, there too.
    tale.world.mend();
    assert_snapshot!(tale.apply(), @"
    - all: login07
    - login07 on
    - login08 on
    + login07 off
    + login08 off
    ");
    tale.settled();
    tale.folder.run("suspend --lift person.p08 --reason found --auto-approve", 0);
    assert_snapshot!(tale.apply(), @"
    - login08 off
    + login08 on
    ");
}
told!(a_system_is_down_when_someone_must_be_locked_out);
