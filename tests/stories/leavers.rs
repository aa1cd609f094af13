//! Too many leave, however it comes about.

use insta::assert_snapshot;

use crate::run::Folder;
use crate::tale::{Start, Tale, usual};

/// 300 leavers of 1,000 in ten commits within an hour; as many in proportion where a server takes its time.
pub fn leavers_are_split_over_ten_commits(start: Start) {
    let folder = Folder::new(&[]);
    let world = start(&folder.path());
    let (people, each) = if world.provider() == "directory" { (1_000, 30) } else { (100, 3) };
    let tale = Tale::begin_on(folder, world, people);
    let mut left = Vec::new();
    for commit in 1..=10 {
        let gone = 3 + commit * each;
        tale.hr((1..=people).filter(|n| *n <= 3 || *n > gone).map(usual));
        match commit {
            1..=3 => left.push(tale.apply().matches("off").count()),
            4 | 10 => {
                let held = tale.held();
                assert!(held.has("mass-removal") && held.has("source-shrank"), "{}", held.said);
                let waiting = (commit - 3) * each;
                let counted = format!(
                    "{waiting} deactivations of {} on system.main on top of {} done within 24 h: the limit is {}",
                    people + 1,
                    3 * each,
                    people / 10
                );
                assert!(held.said.contains(&counted), "{}", held.said);
                if commit == 10 {
                    let changed = tale.allow(&held);
                    assert_eq!(changed.matches("off").count(), waiting);
                    assert_eq!(changed.lines().count(), 3 * waiting);
                }
            }
            _ => tale.held_quietly(),
        }
    }
    assert_eq!(left, [each, each, each]);
    tale.settled();
}
told!(leavers_are_split_over_ten_commits);

const SMALL: &str = "group \"main\" \"small\" {\n  NAME = \"small\"\n  members = [person.p04, person.p05, person.p06, \
                     person.p07]\n}\n";

pub fn one_group_loses_most_of_its_members(start: Start) {
    let tale = Tale::begin(start, 30);
    tale.write("small.hcl", SMALL);
    tale.apply();
    tale.edit("small.hcl", "[person.p04, person.p05, person.p06, person.p07]", "[person.p04]");
    let held = tale.held();
    assert_snapshot!(held.said, @"
    held: mass-removal on group.main.small: group.main.small would lose 3 of its 4 members within 24 h: half or more
      membership.main.small.p05, membership.main.small.p06, membership.main.small.p07
    ");
    assert_snapshot!(tale.allow(&held), @"
    - small: login05
    - small: login06
    - small: login07
    ");
    tale.settled();
}
told!(one_group_loses_most_of_its_members);

pub fn members_are_empty_by_mistake(start: Start) {
    let tale = Tale::begin(start, 30);
    tale.write("small.hcl", SMALL);
    tale.apply();
    tale.edit("small.hcl", "[person.p04, person.p05, person.p06, person.p07]", "[]");
    let held = tale.held();
    assert_snapshot!(held.said, @"
    held: mass-removal on system.main: 4 revocations of 39 on system.main: the limit is 3 within 24 h (10 %, at least 3, at most 100)
      membership.main.small.p04, membership.main.small.p05, membership.main.small.p06, membership.main.small.p07
    held: mass-removal on group.main.small: group.main.small would lose all of its 4 members within 24 h
      membership.main.small.p04, membership.main.small.p05, membership.main.small.p06, membership.main.small.p07
    ");
    assert_snapshot!(tale.allow(&held), @"
    - small: login04
    - small: login05
    - small: login06
    - small: login07
    ");
    tale.settled();
}
told!(members_are_empty_by_mistake);
