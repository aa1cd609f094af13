//! GitLab CI, with the record in PostgreSQL.

use crate::runner::{Asked, Ended, asked, gitlab};
use crate::world::World;

#[track_caller]
fn ended(job: &Ended, code: i32) {
    assert_eq!(job.code, code, "{}", job.log);
}

#[test]
fn a_merge_request_is_planned_merged_and_applied() {
    let world = World::new(false);
    let merge = world.request("echo P6,Hedy,Lamarr,hedy,Research >> people.csv");
    ended(&gitlab(&world, "check", asked(&merge)), 0);
    ended(&gitlab(&world, "plan", asked(&merge)), 0);
    let merge = world.push("echo P7,Mary,Jackson,mary,Engineering >> people.csv");
    ended(&gitlab(&world, "plan", asked(&merge)), 0);
    let notes = world.posted("comments");
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[1]["body"].as_str().unwrap().starts_with("<!-- tenure plan -->\n### tenure plan: 5 to give"));

    world.merge();
    ended(&gitlab(&world, "plan-merged", asked("main")), 0);
    let apply = gitlab(&world, "apply", asked("main"));
    ended(&apply, 0);
    assert!(apply.log.contains("Applied: 5 done"), "{}", apply.log);
    assert_eq!(world.in_chat().len(), 7);

    let merge = world.request("sed -i /^P3,/d people.csv");
    let outside = gitlab(&world, "plan-outside", Asked { outside: true, ..asked(&merge) });
    ended(&outside, 0);
    assert!(outside.log.contains("### tenure plan: 2 to take"), "{}", outside.log);
}

#[test]
fn what_is_held_is_approved_and_drift_opens_an_issue() {
    let world = World::new(false);
    world.request("sed -i '/^P[2-5],/d' people.csv");
    world.merge();
    ended(&gitlab(&world, "plan-merged", asked("main")), 0);
    ended(&gitlab(&world, "apply", asked("main")), 3);
    assert_eq!(world.in_chat().len(), 5);
    let typed = [("FINDINGS", "source-shrank mass-removal"), ("REASON", "sold, ticket 4711")];
    let approve = gitlab(&world, "approve", Asked { typed: &typed, ..asked("main") });
    ended(&approve, 3);
    assert!(approve.log.contains("approved: source-shrank"), "{}", approve.log);
    assert_eq!(world.in_chat().len(), 4, "one goes first, since none was seen to last so far");
    ended(
        &gitlab(&world, "approve", Asked { typed: &[("FINDINGS", ""), ("REASON", "the others")], ..asked("main") }),
        0,
    );
    assert_eq!(world.in_chat().len(), 1);
    let history = world.tenure("history person.P2", 0);
    assert!(history.contains("sold, ticket 4711"), "{history}");

    world.commit(
        "git revert --no-edit HEAD > revert.md; rm revert.md; git commit --quiet --amend -m back; echo >> people.csv",
    );
    ended(&gitlab(&world, "plan-merged", asked("main")), 0);
    ended(&gitlab(&world, "apply", asked("main")), 0);
    let nightly = |open: usize| {
        ended(&gitlab(&world, "drift", asked("main")), 0);
        let issues = world.posted("issues");
        assert_eq!(issues.iter().filter(|issue| issue["state"] == "open").count(), open, "{issues:?}");
        assert!(issues.len() < 2, "always the same one");
    };
    nightly(0);
    world.rename_in_chat("Ada Lovelace", "Countess");
    nightly(1);
    nightly(1);
    world.tenure("apply --auto-approve", 0);
    nightly(0);
}
