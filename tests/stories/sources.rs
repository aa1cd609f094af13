//! The file that people come from is not what it was.

use insta::assert_snapshot;

use crate::tale::{Start, Tale, usual};

pub fn the_hr_file_is_empty(start: Start) {
    let tale = Tale::begin(start, 12);
    tale.hr([]);
    assert_snapshot!(tale.held().said, @"
    held: source-shrank: the source of people.hr is empty: it had 12 rows
      account.main.p01, account.main.p02, account.main.p03, account.main.p04, account.main.p05, account.main.p06 and 21 more
    held: mass-removal on system.main: 12 deactivations of 13 on system.main: the limit is 3 within 24 h (10 %, at least 3, at most 100)
      account.main.p01, account.main.p02, account.main.p03, account.main.p04, account.main.p05, account.main.p06 and 6 more
    held: mass-removal on system.main: 15 revocations of 17 on system.main: the limit is 3 within 24 h (10 %, at least 3, at most 100)
      membership.main.admins.p01, membership.main.admins.p02, membership.main.admins.p03, membership.main.all.p01, membership.main.all.p02, membership.main.all.p03 and 9 more
    held: mass-removal on group.main.admins: group.main.admins would lose 3 of its 4 members within 24 h: half or more
      membership.main.admins.p01, membership.main.admins.p02, membership.main.admins.p03
    held: mass-removal on group.main.all: group.main.all would lose 12 of its 13 members within 24 h: half or more
      membership.main.all.p01, membership.main.all.p02, membership.main.all.p03, membership.main.all.p04, membership.main.all.p05, membership.main.all.p06 and 6 more
    held: last-admin on group.main.admins: group.main.admins would have 1 active member, and needs at least 3; it has 4 now
      account.main.p01, account.main.p02, account.main.p03, membership.main.admins.p01, membership.main.admins.p02, membership.main.admins.p03
    ");
    // It is put right, and all is as it was.
    tale.hr((1..=12).map(usual));
    tale.settled();
}
told!(the_hr_file_is_empty);

pub fn the_hr_file_is_cut_off(start: Start) {
    let tale = Tale::begin(start, 20);
    let whole = tale.folder.read("hr.csv");
    // In the middle of a line.
    tale.folder.write("hr.csv", &whole[..whole.find("n12,").unwrap()]);
    assert_snapshot!(tale.refused("plan"), @r#"
    error: csvdecode: CSV line 13 (row 12): 2 fields, and the header has 3
      --> company.hcl:10:11
       |
    10 |   from  = csvdecode(file("hr.csv"))
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = hint: a field that has a comma or a line break in it stands in quotes

    1 error in 1 file
    "#);
    tale.refused("apply --auto-approve");
    // Between two lines.
    tale.hr((1..=11).map(usual));
    let held = tale.held();
    assert_snapshot!(held.said, @"
    held: source-shrank: the source of people.hr lost 9 of its 20 rows within 24 h: the limit is 3 (10 %, at least 3)
      account.main.p12, account.main.p13, account.main.p14, account.main.p15, account.main.p16, account.main.p17 and 12 more
    held: mass-removal on system.main: 9 deactivations of 21 on system.main: the limit is 3 within 24 h (10 %, at least 3, at most 100)
      account.main.p12, account.main.p13, account.main.p14, account.main.p15, account.main.p16, account.main.p17 and 3 more
    held: mass-removal on system.main: 9 revocations of 25 on system.main: the limit is 3 within 24 h (10 %, at least 3, at most 100)
      membership.main.all.p12, membership.main.all.p13, membership.main.all.p14, membership.main.all.p15, membership.main.all.p16, membership.main.all.p17 and 3 more
    held: mass-removal on group.main.all: 9 revocations of 21 on group.main.all: the limit is 3 within 24 h (10 %, at least 3, at most 100)
      membership.main.all.p12, membership.main.all.p13, membership.main.all.p14, membership.main.all.p15, membership.main.all.p16, membership.main.all.p17 and 3 more
    ");
    assert_snapshot!(tale.allow(&held), @"
    - all: login12
    - all: login13
    - all: login14
    - all: login15
    - all: login16
    - all: login17
    - all: login18
    - all: login19
    - all: login20
    - login12 on
    - login13 on
    - login14 on
    - login15 on
    - login16 on
    - login17 on
    - login18 on
    - login19 on
    - login20 on
    + login12 off
    + login13 off
    + login14 off
    + login15 off
    + login16 off
    + login17 off
    + login18 off
    + login19 off
    + login20 off
    ");
    tale.settled();
}
told!(the_hr_file_is_cut_off);

pub fn the_hr_file_lost_a_column(start: Start) {
    let tale = Tale::begin(start, 12);
    let with = |people: &[usize]| people.iter().map(|n| format!("{},+49 {n}\n", usual(*n))).collect::<String>();
    let all: Vec<usize> = (1..=12).collect();
    tale.folder.write("hr.csv", &format!("id,login,team,phone\n{}", with(&all)));
    assert_eq!(tale.apply(), "");
    // One that the files speak of: nothing can be said without it.
    tale.folder.write("hr.csv", &tale.folder.read("hr.csv").replace("team", "section"));
    assert_snapshot!(tale.refused("plan"), @r#"
    error: there is no attribute "team" in this object
      --> company.hcl:13:15
       |
    13 |   team  = row.team
       |               ^^^^ for person.p01 and 11 others
       |
       = hint: it has: id, login, phone, section

    1 error in 1 file
    "#);
    tale.refused("apply --auto-approve");
    // One that they do not speak of: whoever seems to have left stays.
    tale.hr((1..=12).filter(|n| *n != 7).map(usual));
    let held = tale.held();
    assert_snapshot!(held.said, @"
    held: source-shrank: the source of people.hr lost 1 column: phone
      account.main.p07, membership.main.all.p07
    ");
    assert_snapshot!(tale.allow(&held), @"
    - all: login07
    - login07 on
    + login07 off
    ");
    tale.settled();
}
told!(the_hr_file_lost_a_column);
