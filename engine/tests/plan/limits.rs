//! Whatever happens to a source of people, and in whatever portions: limits hold, nothing is deleted unasked, and what
//! tenure does not manage stays as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proptest::prelude::*;
use state::record::Removal;
use state::{Action, Address, Code, Symbol};

use crate::story::Story;

const PEOPLE: u32 = 40;
const HOUR: i64 = 3_600_000;

const COMPANY: &str = r#"
system "chat" {
  provider = "directory"
  match    = self.login == account.userName
}
offboarding "short" {
  delete_after = "12h"
}
role "all" {
  when        = true
  access      = [group.chat.all]
  offboarding = offboarding.short
}
group "chat" "all" {}
people "hr" {
  from  = csvdecode(file("hr.csv"))
  key   = row.id
  login = row.login
  ends  = row.ends == "" ? null : row.ends
}
=== chat delete
account x1 {"userName":"unmanaged"}
group x2 {"displayName":"unmanaged"}
member x2 x1
"#;

/// Who is missing in the source, who ended in it, and how many hours later.
#[derive(Clone, Debug)]
struct Step {
    missing: BTreeSet<u32>,
    ended: BTreeSet<u32>,
    hours: i64,
}

fn step() -> impl Strategy<Value = Step> {
    let some = || prop::collection::btree_set(1..=PEOPLE, 0..8);
    (some(), some(), 0..30i64).prop_map(|(missing, ended, hours)| Step { missing, ended, hours })
}

fn rows(step: &Step) -> String {
    let mut text = String::from("--- hr.csv\nid,login,ends\n");
    for n in (1..=PEOPLE).filter(|n| !step.missing.contains(n)) {
        let ends = if step.ended.contains(&n) { "2026-11-01" } else { "" };
        writeln!(text, "p{n:02},login{n:02},{ends}").unwrap();
    }
    text
}

/// The most accounts that lost something within any `hours` hours.
fn most(removals: &[Removal], action: Action, hours: i64) -> usize {
    let of = |removal: &&Removal| removal.action == action && !removal.announced;
    let removals: Vec<&Removal> = removals.iter().filter(of).collect();
    let within = |first: &Removal| {
        let last = first.at.plus_millis(hours * HOUR);
        let lost: BTreeSet<Address> =
            removals.iter().filter(|one| one.at >= first.at && one.at <= last).map(|one| one.address).collect();
        lost.len()
    };
    removals.iter().map(|first| within(first)).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_plans_and_applies_passes_a_limit_deletes_or_touches_what_is_unmanaged(
        steps in prop::collection::vec(step(), 1..8),
    ) {
        let mut story = Story::new(COMPANY);
        story.approved.insert(Code::FirstDeactivation);
        story.tell(&rows(&Step { missing: BTreeSet::new(), ended: BTreeSet::new(), hours: 0 }));
        prop_assert_eq!(story.apply(), "");
        let chat = Symbol::new("chat");
        let mut all: BTreeMap<(i64, Address), Removal> = BTreeMap::new();
        for step in &steps {
            story.now = story.now.plus_millis(step.hours * HOUR);
            story.tell(&rows(step));
            story.apply();
            for removal in &story.recorded.removals {
                all.insert((removal.at.millis(), removal.address), removal.clone());
            }
            let remote = &story.systems[&chat];
            prop_assert_eq!(remote.accounts.len(), PEOPLE as usize + 1, "somebody was deleted");
            prop_assert!(remote.accounts[&Symbol::new("x1")].active);
            prop_assert!(remote.memberships.contains_key(&("x2".into(), "x1".into(), false)));
        }
        let all: Vec<Removal> = all.into_values().collect();
        for action in [Action::Deactivate, Action::Revoke] {
            // A tenth of forty; twice that within a week.
            prop_assert!(most(&all, action, 23) <= 4, "{action:?} within a day: {all:?}");
            prop_assert!(most(&all, action, 7 * 24 - 1) <= 8, "{action:?} within a week: {all:?}");
        }
    }
}
