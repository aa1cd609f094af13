//! Undo: what a run took, changed and gave, given back; what others did since left alone; the files held off until they
//! change.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use state::*;

use crate::dump::dump;
use crate::properties::{PEOPLE, Said, held, said};
use crate::story::Story;

const FILES: &str = r#"
system "chat" {
  provider = "directory"
  match    = self.login == account.userName
  account {
    title = self.title
  }
}
--- core.hcl
group "chat" "core" { members = [person.ada, { who = person.bob, role = "maintainer" }] }
--- ada.hcl
person "ada" {
  login = "ada"
  title = "Lady"
}
--- bob.hcl
person "bob" {
  login = "bob"
  title = "Mister"
}
"#;

fn story() -> Story {
    let mut story = Story::new(FILES);
    assert_eq!(story.apply(), "");
    story
}

/// The plan, what is left, what was not done.
fn undone(story: &mut Story, asked: &str) -> String {
    match story.undo(asked) {
        Ok((plan, undone)) => {
            let undoes = plan.undoes.clone().unwrap();
            let left = undoes.left.iter().map(|left| format!("{:?} {}: {}\n", left.kind, left.address, left.why));
            dump(&plan) + &left.collect::<String>() + &undone
        }
        Err(refused) => refused,
    }
}

/// Out of the archive, switched off as before; and back into it, when that is undone.
#[test]
fn an_archive_alone_is_undone() {
    let mut story = Story::new(FILES);
    story.tell("=== chat archive");
    story.tell("--- stages.hcl\noffboarding \"all\" {\n  archive_after = \"30d\"\n}");
    story.edit("login = \"bob\"", "login = \"bob\"\n  offboarding = offboarding.all");
    assert_eq!(story.apply(), "");
    story.edit("  title = \"Mister\"", "  title = \"Mister\"\n  status = \"left\"");
    assert_eq!(story.apply(), "");
    let off = story.systems.clone();
    story.at("2026-12-24T12:00:00Z");
    assert_eq!(story.apply(), "");
    let away = story.systems.clone();
    insta::assert_snapshot!(undone(&mut story, "last"), @r#"
    0 chat at account.chat.bob
      ~ update account.chat.bob @archived=true -> "" <- undo of run run-3
    "#);
    assert_eq!(story.systems[&"chat".into()].accounts, off[&"chat".into()].accounts);
    // What comes next begins anew.
    insta::assert_snapshot!(story.plan(), @"nothing to do");
    insta::assert_snapshot!(undone(&mut story, "last"), @"
    0 chat at account.chat.bob
      ! archive account.chat.bob <- undo of run run-4
    ");
    assert_eq!(story.systems[&"chat".into()].accounts, away[&"chat".into()].accounts);
    insta::assert_snapshot!(story.plan(), @"nothing to do");
}

#[test]
fn what_a_run_took_and_changed_comes_back() {
    let mut story = story();
    let before = story.systems.clone();
    story.tell("--- bob.hcl\n--- core.hcl\ngroup \"chat\" \"core\" { members = [person.ada] }");
    story.edit("Lady", "Countess");
    assert_eq!(story.apply(), "");
    insta::assert_snapshot!(undone(&mut story, "last"), @r#"
    undone account.chat.ada run="run-2" update={"title":"Countess"}
    undone account.chat.bob deactivate={} run="run-2"
    undone membership.chat.core.bob revoke={} run="run-2"
    0 chat
      ~ update account.chat.ada title="Countess" -> "Lady" <- undo of run run-2
      + reactivate account.chat.bob <- undo of run run-2
    1 chat at group.chat.core after 0
      + grant membership.chat.core.bob role="maintainer" <- undo of run run-2
    "#);
    assert_eq!(story.systems[&"chat".into()].accounts, before[&"chat".into()].accounts);
    assert_eq!(story.systems[&"chat".into()].memberships, before[&"chat".into()].memberships);
    // The files would do it again at once: held, until they change.
    insta::assert_snapshot!(story.plan(), @r#"
    holds undone [account.chat.ada account.chat.bob membership.chat.core.bob]: the files would do 3 changes again that run run-3 undid at 2026-11-23T12:00:00.000Z (of run run-2): held until the files change
    0 chat at account.chat.bob
      - deactivate account.chat.bob <- left the files
    1 chat at group.chat.core
      - revoke membership.chat.core.bob <- left the files
    2 chat at account.chat.ada
      ~ update account.chat.ada title="Lady" -> "Countess" <- group.chat.core
    "#);
    story.edit("Countess", "Duchess");
    insta::assert_snapshot!(story.plan(), @r#"
    holds undone [account.chat.bob membership.chat.core.bob]: the files would do 2 changes again that run run-3 undid at 2026-11-23T12:00:00.000Z (of run run-2): held until the files change
    records person.ada
    released account.chat.ada
    0 chat at account.chat.bob
      - deactivate account.chat.bob <- left the files
    1 chat at group.chat.core
      - revoke membership.chat.core.bob <- left the files
    2 chat at account.chat.ada
      ~ update account.chat.ada title="Lady" -> "Duchess" <- group.chat.core
    "#);
}

#[test]
fn what_a_run_gave_is_taken_back_and_numbers_stay_given() {
    let mut story = story();
    story.tell("--- eve.hcl\nperson \"eve\" {\n  login = \"eve\"\n  title = \"Miss\"\n}");
    story.edit("members = [", "members = [person.eve, ");
    assert_eq!(story.apply(), "");
    insta::assert_snapshot!(undone(&mut story, "run-2"), @r#"
    undone account.chat.eve reactivate={} run="run-2"
    undone membership.chat.core.eve grant={} run="run-2"
    0 chat
      - deactivate account.chat.eve <- undo of run run-2
      - revoke membership.chat.core.eve <- undo of run run-2
    "#);
    insta::assert_snapshot!(undone(&mut story, "run-3"), @r#"
    0 chat at account.chat.eve
      + reactivate account.chat.eve <- undo of run run-3
    1 chat at group.chat.core after 0
      + grant membership.chat.core.eve <- undo of run run-3
    "#);
}

#[test]
fn what_changed_since_is_left_alone() {
    let mut story = story();
    story.edit("Lady", "Countess");
    story.edit("Mister", "Doctor");
    story.tell("--- eve.hcl\nperson \"eve\" {\n  login = \"eve\"\n  title = \"Miss\"\n}");
    story.edit("members = [", "members = [person.eve, ");
    assert_eq!(story.apply(), "");
    // By a later run, and by hand.
    story.edit("Doctor", "Professor");
    assert_eq!(story.apply(), "");
    story.tell("=== chat\naccount chat-1 {\"userName\":\"ada\",\"title\":\"Queen\"}\nremove member chat-3 chat-4");
    insta::assert_snapshot!(undone(&mut story, "run-2"), @r#"
    undone account.chat.eve reactivate={} run="run-2"
    0 chat at account.chat.eve
      - deactivate account.chat.eve <- undo of run run-2
    Changed account.chat.ada: others changed it since: title is "Queen"
    Changed account.chat.bob: run run-3 changed it since
    AsBefore membership.chat.core.eve: is as it was before
    "#);
}

#[test]
fn nothing_is_given_beyond_its_end_or_to_whom_is_suspended() {
    let mut story = story();
    story.tell("--- eve.hcl\nperson \"eve\" {\n  login = \"eve\"\n  title = \"Miss\"\n}");
    story.edit("members = [", "members = [person.eve, ");
    assert_eq!(story.apply(), "");
    story.tell("--- bob.hcl\n--- eve.hcl\n--- core.hcl\ngroup \"chat\" \"core\" { members = [person.ada] }");
    story.approved.insert(Code::FirstDeactivation);
    assert_eq!(story.apply(), "");
    story.tell("--- bob.hcl\nperson \"bob\" {\n  login = \"bob\"\n  title = \"Mister\"\n  ends = \"2026-11-01\"\n}");
    let hold = Fact::suspension("person.eve".parse().unwrap(), false, "stolen laptop", "security");
    story.event(state::record::Event::Fact { run: "run-9".into(), fact: Box::new(hold), why: Vec::new() });
    insta::assert_snapshot!(undone(&mut story, "run-3"), @r#"
    notice suspended [person.eve]: suspended: stolen laptop since 2026-11-23T12:00:00.000Z by security
    Barred account.chat.bob: ended 2026-11-01
    Barred account.chat.eve: suspended: stolen laptop since 2026-11-23T12:00:00.000Z by security
    Barred membership.chat.core.bob: ended 2026-11-01
    Barred membership.chat.core.eve: suspended: stolen laptop since 2026-11-23T12:00:00.000Z by security
    "#);
}

#[test]
fn a_leavers_deleted_account_is_made_anew_and_switched_off() {
    let mut story = Story::new(FILES);
    story.tell("=== chat delete");
    story.tell("--- off.hcl\noffboarding \"short\" {\n  delete_after = \"30d\"\n}\nrole \"all\" {\n  when = true\n  offboarding = offboarding.short\n}");
    assert_eq!(story.apply(), "");
    story.tell("--- bob.hcl\n--- core.hcl\ngroup \"chat\" \"core\" { members = [person.ada] }");
    assert_eq!(story.apply(), "");
    story.at("2026-12-24T12:00:00Z");
    story.approved.insert(Code::Irreversible);
    assert_eq!(story.apply(), "");
    assert_eq!(story.systems[&"chat".into()].accounts.len(), 1);
    insta::assert_snapshot!(undone(&mut story, "last"), @r#"
    0 chat at account.chat.bob
      + create account.chat.bob title="Mister" userName="bob" <- undo of run run-3
    1 chat at account.chat.bob after 0
      - deactivate account.chat.bob <- undo of run run-3
    Lost account.chat.bob: comes back as a new account: its id and what was only there are lost
    "#);
    let made: Vec<&Object> = story.systems[&"chat".into()].accounts.values().filter(|own| !own.active).collect();
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].attributes.get("userName".into()), Some(&Value::text("bob")));
    // The clock of the offboarding begins anew.
    story.approved.clear();
    insta::assert_snapshot!(story.plan(), @r#"stage account.chat.bob stage="deactivated""#);
    assert_eq!(story.apply(), "");
    story.at("2027-01-23T11:00:00Z");
    insta::assert_snapshot!(story.plan(), @"nothing to do");
    story.at("2027-01-23T12:00:00Z");
    insta::assert_snapshot!(story.plan(), @"
    holds irreversible [account.chat.bob]: 1 change cannot be undone: delete account.chat.bob loses the account chat-4 and whatever else the system keeps with it
    0 chat at account.chat.bob
      ! delete account.chat.bob <- left the files; due since 2027-01-23 (never undone: the account chat-4 and whatever else the system keeps with it)
    ");
    // Whoever comes back gets it.
    story.tell("--- bob.hcl\nperson \"bob\" {\n  login = \"bob\"\n  title = \"Mister\"\n}");
    story.edit("members = [person.ada]", "members = [person.ada, person.bob]");
    insta::assert_snapshot!(story.plan(), @"
    0 chat at account.chat.bob
      + reactivate account.chat.bob <- group.chat.core
    1 chat at group.chat.core after 0
      + grant membership.chat.core.bob <- group.chat.core
    ");
}

#[test]
fn runs_are_found_by_their_beginning() {
    let mut story = story();
    story.edit("Lady", "Countess");
    assert_eq!(story.apply(), "");
    for (asked, told) in [
        ("run-7", "the record has no run `run-7`\n  hint: the last runs that changed something: run-2, run-1\n"),
        ("run", "2 runs begin with `run`\n  hint: write more of it: run-2, run-1\n"),
        ("", "2 runs begin with ``\n  hint: write more of it: run-2, run-1\n"),
    ] {
        assert_eq!(undone(&mut story, asked), told);
    }
    assert!(undone(&mut story, "2").contains("title"));
}

#[test]
fn a_suspended_person_is_switched_off_first_and_gets_nothing() {
    let mut story = story();
    let hold = |lifted| {
        let fact = Fact::suspension("person.bob".parse().unwrap(), lifted, "stolen laptop", "security");
        state::record::Event::Fact { run: "run-9".into(), fact: Box::new(fact), why: Vec::new() }
    };
    story.event(hold(false));
    story.tell("--- ops.hcl\ngroup \"chat\" \"ops\" { members = [person.bob, person.ada] }");
    insta::assert_snapshot!(story.plan(), @r#"
    notice suspended [person.bob]: suspended: stolen laptop since 2026-11-23T12:00:00.000Z by security
    0 chat at account.chat.bob
      - deactivate account.chat.bob <- suspended: stolen laptop
    1 chat at group.chat.ops
      + create group.chat.ops displayName="ops" <- group.chat.ops
    2 chat at group.chat.ops after 1
      + grant membership.chat.ops.ada <- group.chat.ops
    "#);
    story.apply();
    insta::assert_snapshot!(story.plan(), @r#"
    notice suspended [person.bob]: suspended: stolen laptop since 2026-11-23T12:00:00.000Z by security
    "#);
    story.event(hold(true));
    insta::assert_snapshot!(story.plan(), @r#"
    0 chat at account.chat.bob
      + reactivate account.chat.bob <- group.chat.core; group.chat.ops
    1 chat at group.chat.ops after 0
      + grant membership.chat.ops.bob <- group.chat.ops
    "#);
}

/// What of the world is not as it was, though the undo left nothing out: empty where all came back.
fn differences(before: &Story, after: &Story, plan: &Plan) -> Vec<String> {
    let mut excused: BTreeSet<Address> = plan.held().iter().map(|n| plan.changes[*n as usize].address).collect();
    let left = plan.undoes.iter().flat_map(|undoes| &undoes.left);
    excused.extend(left.filter(|left| left.kind != LeftKind::AsBefore).map(|left| left.address));
    let id = |address: &Address| after.recorded.objects.get(address).map(|object| object.id);
    let excused_ids: BTreeSet<(Symbol, Symbol)> =
        excused.iter().filter_map(|address| Some((address.system()?, id(address)?))).collect();
    let excused_parts: BTreeSet<(Symbol, Symbol, Symbol)> = excused
        .iter()
        .filter_map(|address| Some((address.system()?, id(&address.parent_group()?)?, id(&address.member()?)?)))
        .collect();
    let mut differences = Vec::new();
    for (name, was) in &before.systems {
        let is = &after.systems[name];
        for (id, account) in &was.accounts {
            if is.accounts.get(id) != Some(account) && !excused_ids.contains(&(*name, *id)) {
                differences.push(format!("{name} {account:?} is {:?}", is.accounts.get(id)));
            }
        }
        for (id, account) in is.accounts.iter().filter(|(id, _)| !was.accounts.contains_key(*id)) {
            if account.active && !excused_ids.contains(&(*name, *id)) {
                differences.push(format!("{name} {account:?} was made and is in use"));
            }
        }
        for key in was.memberships.keys().chain(is.memberships.keys()) {
            let (group, member, _) = *key;
            let gone_with = |set: &BTreeSet<(Symbol, Symbol)>| set.contains(&(*name, member));
            let qualifiers = |own: Option<&Attributes>| -> Option<Attributes> {
                Some(own?.iter().filter(|(_, value)| !value.is_empty()).cloned().collect())
            };
            let same = qualifiers(was.memberships.get(key)) == qualifiers(is.memberships.get(key));
            if !same && !excused_parts.contains(&(*name, group, member)) && !gone_with(&excused_ids) {
                differences.push(format!(
                    "{name} {key:?}: {:?} {:?}",
                    was.memberships.get(key),
                    is.memberships.get(key)
                ));
            }
        }
    }
    differences
}

fn undo_restores(first: &Said, second: &Said, held: &str, tried: &Tried) -> Result<(), TestCaseError> {
    let mut story = Story::new("=== corp\n=== chat");
    story.tell(held);
    story.tell(&first.hcl());
    for _ in 0..3 {
        story.apply();
    }
    let runs = |story: &Story| {
        story.lines.split(|b| *b == b'\n').filter(|l| l.windows(21).any(|w| w == b"\"event\":\"run_started\"")).count()
    };
    let files: Vec<String> = PEOPLE.iter().map(|who| format!("--- {who}.hcl\n")).collect();
    story.tell(&files.concat());
    story.tell(&second.hcl());
    let before = story.clone();
    story.apply();
    let run = format!("run-{}", runs(&story));
    let Ok((plan, undone)) = story.undo(&run) else { return Ok(()) };
    prop_assert!(undone.lines().all(|line| line.contains("safeguard")), "{}\n{}", undone, dump(&plan));
    let restored =
        plan.changes.iter().filter(|change| !plan.held().iter().any(|n| plan.changes[*n as usize] == **change));
    restored.for_each(|change| *tried.borrow_mut().entry((kind(change.address), change.action)).or_default() += 1);
    let differences = differences(&before, &story, &plan);
    prop_assert!(differences.is_empty(), "{differences:#?}\n{}\n{:?}", dump(&plan), plan.undoes);
    // What came back stays until the files change.
    let touched: BTreeSet<Address> =
        plan.facts.iter().filter(|f| f.kind == FactKind::Undone).map(|f| f.address).collect();
    story.with(|planned, _| {
        let next = planned.map_err(|_| ()).unwrap().plan;
        let held: BTreeSet<u32> = next.held().into_iter().collect();
        for (n, change) in (0u32..).zip(&next.changes) {
            let skipped = plan.held().iter().any(|held| plan.changes[*held as usize].address == change.address);
            prop_assert!(
                !touched.contains(&change.address) || held.contains(&n) || skipped,
                "{} would be done again:\n{}",
                change.address,
                dump(&next)
            );
        }
        Ok(())
    })
}

/// What was really given back, how often.
type Tried = RefCell<BTreeMap<(&'static str, Action), u32>>;

fn kind(address: Address) -> &'static str {
    match address {
        Address::Membership { .. } => "membership",
        Address::Account { .. } => "account",
        _ => "group",
    }
}

#[test]
fn undo_gives_back_everything_that_can_be_given_back() {
    let tried = Tried::default();
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new(config);
    runner
        .run(&(said(), said(), held()), |(first, second, held)| undo_restores(&first, &second, &held, &tried))
        .unwrap_or_else(|failed| panic!("{failed}\n{runner}"));
    let tried = tried.into_inner();
    for wanted in [
        ("account", Action::Deactivate),
        ("account", Action::Reactivate),
        ("account", Action::Update),
        ("membership", Action::Grant),
        ("membership", Action::Revoke),
        ("membership", Action::Update),
    ] {
        assert!(tried.contains_key(&wanted), "{wanted:?} was never tried: {tried:?}");
    }
}
