//! GitHub Actions, with the record in S3.

use crate::runner::{Asked, Ended, asked, github};
use crate::world::World;

const JOIN: &str = "echo P6,Hedy,Lamarr,hedy,Research >> people.csv";

#[track_caller]
fn ended(job: &Ended, code: i32) {
    assert_eq!(job.code, code, "{}", job.log);
    for secret in ["CHAT_SCIM_TOKEN", "TENURE_STATE_KEY", "GITHUB_TOKEN"] {
        assert!(!job.log.contains(&World::secret(secret)), "{secret} stands in the log:\n{}", job.log);
    }
}

#[test]
fn a_request_is_planned_reviewed_merged_and_applied() {
    let world = World::new(true);
    let merge = world.request(JOIN);
    ended(&github(&world, "access", "check", asked(&merge)), 0);
    let plan = github(&world, "access", "plan", asked(&merge));
    ended(&plan, 0);
    assert!(plan.summary.contains("### tenure plan: 2 to give"), "{}", plan.summary);
    let outside = Asked { outside: true, ..asked(&merge) };
    assert!(plan.summary.contains(", of commit ") && !plan.summary.contains("not in it"), "{}", plan.summary);
    let nothing = github(&world, "access", "plan-outside", outside);
    ended(&nothing, 0);
    assert!(nothing.log.contains("there is no record to plan from"), "{}", nothing.log);

    // The comment is updated in place; nobody else's is touched, and nobody's name stands in it.
    let merge = world.push("echo P7,Mary,Jackson,mary,Engineering >> people.csv");
    ended(&github(&world, "access", "plan", asked(&merge)), 0);
    let comments = world.posted("comments");
    assert_eq!(comments.len(), 2, "{comments:?}");
    assert_eq!(comments[0]["body"], "<!-- tenure plan --> mine");
    let body = comments[1]["body"].as_str().unwrap();
    assert!(body.starts_with("<!-- tenure plan -->\n### tenure plan: 5 to give"), "{body}");
    assert!(body.contains("`account.chat.P7`") && !body.contains("Jackson"), "{body}");
    let kept = std::fs::read(world.artifact("plan-12/request.plan")).unwrap();
    assert!(kept.starts_with(b"age-encryption.org/v1"));

    world.merge();
    assert_eq!(world.in_chat().len(), 5);
    // Two runners at once, should the service ever start both: one applies, for the other there is nothing left.
    let apply = || github(&world, "access", "apply", asked("main"));
    let (one, other) = std::thread::scope(|scope| {
        let (one, other) = (scope.spawn(apply), scope.spawn(apply));
        (one.join().unwrap(), other.join().unwrap())
    });
    let (first, second) = if one.code == 0 { (one, other) } else { (other, one) };
    ended(&first, 0);
    assert!(first.log.contains("Applied: 5 done"), "{}", first.log);
    ended(&second, 3);
    assert!(second.log.contains("held: stale-plan"), "{}", second.log);
    assert_eq!(world.in_chat().len(), 7);
    let history = world.tenure("history account.chat.P7", 0);
    assert!(history.contains("by grace (GitHub Actions)") && history.contains(", commit "), "{history}");

    // Somebody from outside: no token, no record but the copy.
    let merge = world.request("sed -i /^P3,/d people.csv");
    let outside = github(&world, "access", "plan-outside", Asked { outside: true, ..asked(&merge) });
    ended(&outside, 0);
    assert!(outside.summary.contains("### tenure plan: 2 to take"), "{}\n{}", outside.summary, outside.log);
    assert!(outside.summary.contains("taken from the state file, not read"), "{}", outside.summary);
}

#[test]
fn what_was_not_reviewed_waits_for_approval() {
    let world = World::new(true);
    // Planned on a base that is not what it is merged into.
    let merge = world.request("echo P6,Hedy,Lamarr,hedy,Research > more; cat more >> people.csv; rm more");
    ended(&github(&world, "access", "plan", asked(&merge)), 0);
    world.commit("sed -i s/Babbage/Cabbage/ people.csv");
    world.merge();
    let apply = github(&world, "access", "apply", asked("main"));
    ended(&apply, 3);
    assert!(
        apply.log.contains("it was made from commit ") && apply.log.contains("people.csv has changed"),
        "{}",
        apply.log
    );
    assert_eq!(world.in_chat().len(), 5);
    let by_hand = Asked { typed: &[("findings", ""), ("reason", "two at once")], ..asked("main") };
    ended(&github(&world, "approve", "plan", by_hand), 0);
    let apply = github(&world, "approve", "apply", by_hand);
    ended(&apply, 0);
    assert!(world.in_chat().contains(&"Charles Cabbage".to_owned()) && world.in_chat().len() == 6);

    // A safeguard holds what was merged, until somebody approves exactly that.
    let merge = world.request("sed -i '/^P[2-5],/d' people.csv");
    let plan = github(&world, "access", "plan", asked(&merge));
    ended(&plan, 0);
    assert!(plan.summary.contains("#### Held by safeguards"), "{}", plan.summary);
    world.merge();
    let apply = github(&world, "access", "apply", asked("main"));
    ended(&apply, 3);
    assert_eq!(world.in_chat().len(), 6, "{}", apply.log);
    let typed = [("findings", "source-shrank mass-removal"), ("reason", "sold, ticket 4711")];
    let by_hand = Asked { typed: &typed, ..asked("main") };
    ended(&github(&world, "approve", "plan", by_hand), 0);
    ended(&github(&world, "approve", "apply", by_hand), 3);
    assert_eq!(world.in_chat().len(), 5, "one goes first, since none was seen to last so far");
    let by_hand = Asked { typed: &[("findings", ""), ("reason", "the others")], ..asked("main") };
    ended(&github(&world, "approve", "plan", by_hand), 0);
    ended(&github(&world, "approve", "apply", by_hand), 0);
    assert_eq!(world.in_chat().len(), 2);
    let history = world.tenure("history person.P4", 0);
    assert!(history.contains("sold, ticket 4711"), "{history}");
}

#[test]
fn drift_opens_an_issue_and_an_older_record_is_refused() {
    let world = World::new(true);
    let nightly = |differs: usize| {
        let drift = github(&world, "drift", "drift", asked("main"));
        ended(&drift, 0);
        let issues = world.posted("issues");
        assert_eq!(issues.iter().filter(|issue| issue["state"] == "open").count(), differs, "{issues:?}");
        issues
    };
    assert!(nightly(0).is_empty());
    world.rename_in_chat("Ada Lovelace", "Countess");
    let issues = nightly(1);
    assert!(issues[0]["body"].as_str().unwrap().contains("`account.chat.P1` `displayName`"), "{issues:?}");
    assert_eq!(nightly(1).len(), 1, "the same one");
    world.tenure("apply --auto-approve", 0);
    assert_eq!(nightly(0).len(), 1);

    // The head that an earlier run kept is not in the record: an older copy was put in its place.
    std::fs::create_dir_all(world.artifact("head")).unwrap();
    std::fs::write(world.artifact("head/head"), "0".repeat(63) + "1").unwrap();
    let merge = world.request(JOIN);
    ended(&github(&world, "access", "plan", asked(&merge)), 0);
    world.merge();
    for (workflow, job) in [("access", "apply"), ("drift", "drift")] {
        let refused = github(&world, workflow, job, asked("main"));
        ended(&refused, 1);
        assert!(refused.log.contains("the record was cut or rewritten since that head was kept"), "{}", refused.log);
    }
    assert_eq!(world.in_chat().len(), 5);
    let kept = std::fs::read_to_string(world.artifact("head/head")).unwrap();
    assert!(kept.ends_with("01"), "the head of a record that is refused takes nobody's place");
}
