//! Whatever happens to a source of people, and in whatever portions: limits hold, nothing is deleted unasked, and what
//! tenure does not manage stays as it is.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use state::record::Removal;
use state::{Action, Address, Code, Severity, Symbol};

use crate::story::{Story, errors};

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

/// How often each safeguard held something, so that no property holds for nothing.
#[derive(Default)]
struct Tried(RefCell<BTreeMap<Code, u32>>);

impl Tried {
    /// Notes what holds in the plan that comes next.
    fn look(&self, story: &Story) {
        story.with(|planned, _| {
            let plan = planned.unwrap_or_else(|(files, wrong)| panic!("{}", errors(&files, &wrong))).plan;
            let holds = plan.findings.iter().filter(|finding| finding.severity == Severity::Holds);
            for code in holds.map(|finding| finding.code).collect::<BTreeSet<Code>>() {
                *self.0.borrow_mut().entry(code).or_default() += 1;
            }
        });
    }

    fn assert(&self, codes: &[Code]) {
        let tried = self.0.borrow();
        let missing: Vec<&Code> = codes.iter().filter(|code| !tried.contains_key(code)).collect();
        assert!(missing.is_empty(), "never held by {missing:?}: {tried:?}");
    }
}

/// Runs `property` on so many values.
fn check<S: Strategy>(cases: u32, strategy: S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new(config);
    runner.run(&strategy, property).unwrap_or_else(|failed| panic!("{failed}\n{runner}"));
}

/// What the story's record keeps of its windows, all of it, by time and address.
fn gather(story: &Story, all: &mut BTreeMap<(i64, Address, Action), Removal>) {
    for removal in &story.recorded.removals {
        all.insert((removal.at.millis(), removal.address, removal.action), removal.clone());
    }
}

#[test]
fn no_sequence_of_plans_and_applies_passes_a_limit_deletes_or_touches_what_is_unmanaged() {
    let tried = Tried::default();
    let property = |steps: Vec<Step>| {
        let mut story = Story::new(COMPANY);
        story.approved.insert(Code::FirstDeactivation);
        story.tell(&rows(&Step { missing: BTreeSet::new(), ended: BTreeSet::new(), hours: 0 }));
        prop_assert_eq!(story.apply(), "");
        let chat = Symbol::new("chat");
        let unmanaged = |story: &Story| {
            let remote = &story.systems[&chat];
            let (account, group) = (&remote.accounts[&Symbol::new("x1")], &remote.groups[&Symbol::new("x2")]);
            (account.clone(), group.clone(), remote.memberships.get(&("x2".into(), "x1".into(), false)).cloned())
        };
        let before = unmanaged(&story);
        let mut all = BTreeMap::new();
        for step in &steps {
            story.now = story.now.plus_millis(step.hours * HOUR);
            story.tell(&rows(step));
            tried.look(&story);
            story.apply();
            gather(&story, &mut all);
            prop_assert_eq!(story.systems[&chat].accounts.len(), PEOPLE as usize + 1, "somebody was deleted");
            prop_assert_eq!(unmanaged(&story), before.clone());
        }
        let all: Vec<Removal> = all.into_values().collect();
        for action in [Action::Deactivate, Action::Revoke] {
            // A tenth of forty; twice that within a week.
            prop_assert!(most(&all, action, 23) <= 4, "{action:?} within a day: {all:?}");
            prop_assert!(most(&all, action, 7 * 24 - 1) <= 8, "{action:?} within a week: {all:?}");
        }
        Ok(())
    };
    // Chance does not always leave somebody out for long enough.
    let gone = || Step { missing: BTreeSet::from([1]), ended: BTreeSet::new(), hours: 24 * 60 };
    property((0..7).map(|_| gone()).collect()).unwrap();
    check(24, prop::collection::vec(step(), 1..8), property);
    // Deletions were due, and limits in the way.
    tried.assert(&[Code::MassRemoval, Code::Irreversible]);
}

const CHANGES: &str = r#"
system "chat" {
  provider = "directory"
  match    = self.login == account.userName
  account {
    title = self.title
  }
}
role "all" {
  when   = true
  access = [group.chat.all]
}
role "extra" {
  when   = self.extra == "y"
  access = [group.chat.extra]
}
group "chat" "all" {}
group "chat" "extra" {}
people "hr" {
  from  = csvdecode(file("hr.csv"))
  key   = row.id
  login = row.login
  title = row.title
  extra = row.extra
}
"#;

/// Whose title is another one from now on, who has something more, how many come, and how many hours later.
#[derive(Clone, Debug)]
struct Changes {
    titles: BTreeSet<u32>,
    extra: BTreeSet<u32>,
    come: u32,
    hours: i64,
}

fn changes() -> impl Strategy<Value = Changes> {
    let some = |most| prop::collection::btree_set(1..=PEOPLE, 0..most);
    (some(16), some(18), 0..9u32, 0..30i64).prop_map(|(titles, extra, come, hours)| Changes {
        titles,
        extra,
        come,
        hours,
    })
}

#[test]
fn no_sequence_passes_a_limit_of_what_is_changed_and_given() {
    let tried = Tried::default();
    check(24, prop::collection::vec(changes(), 1..8), |steps| {
        let mut story = Story::new(CHANGES);
        story.tell("=== chat");
        let (mut titles, mut people) = (BTreeMap::<u32, u32>::new(), PEOPLE);
        let rows = |titles: &BTreeMap<u32, u32>, extra: &BTreeSet<u32>, people: u32| {
            let mut text = String::from("--- hr.csv\nid,login,title,extra\n");
            for n in 1..=people {
                let extra = if extra.contains(&n) { "y" } else { "" };
                writeln!(text, "p{n:02},login{n:02},t{},{extra}", titles.get(&n).unwrap_or(&0)).unwrap();
            }
            text
        };
        story.tell(&rows(&titles, &BTreeSet::new(), people));
        prop_assert_eq!(story.apply(), "");
        // The first day is its filling.
        story.now = story.now.plus_millis(25 * HOUR);
        let mut all = BTreeMap::new();
        for step in &steps {
            story.now = story.now.plus_millis(step.hours * HOUR);
            step.titles.iter().for_each(|n| *titles.entry(*n).or_default() += 1);
            people += step.come;
            story.tell(&rows(&titles, &step.extra, people));
            tried.look(&story);
            story.apply();
            gather(&story, &mut all);
        }
        let all: Vec<Removal> = all.into_values().collect();
        let of = |kind: fn(Address) -> bool| -> Vec<Removal> {
            all.iter().filter(|removal| kind(removal.address)).cloned().collect()
        };
        let accounts = of(|address| matches!(address, Address::Account { .. }));
        let memberships = of(|address| matches!(address, Address::Membership { .. }));
        // The most that there can have been when a window opened.
        let (most_accounts, most_memberships) = (people as usize, people as usize + PEOPLE as usize);
        let limit = |share: usize, population: usize| (population * share / 100).max(10);
        for (what, removals, action, limit) in [
            ("changed", &accounts, Action::Update, limit(30, most_accounts)),
            ("new", &accounts, Action::Create, limit(20, most_accounts)),
            ("given", &memberships, Action::Grant, limit(20, most_memberships)),
        ] {
            prop_assert!(most(removals, action, 23) <= limit, "{what} within a day, {limit}: {removals:?}");
            prop_assert!(
                most(removals, action, 7 * 24 - 1) <= 2 * limit,
                "{what} within a week, {limit}: {removals:?}"
            );
        }
        Ok(())
    });
    tried.assert(&[Code::MassChange, Code::MassGrant]);
}
