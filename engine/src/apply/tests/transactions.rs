//! Calls that are transactions: announced before they are committed, asked for when the answer is lost.

use insta::assert_snapshot;
use state::record::EventResult;

use super::changes::plan;
use super::world::{Fault, World, connected};

fn world(faults: &[(&str, Fault)]) -> World {
    let mut world = World::new(connected(2, 1, 0));
    world.transactional = true;
    world.account("ada", &[("userName", "ada"), ("mail", "a@x")]);
    faults.iter().fold(world, |world, (address, fault)| world.fault(address, std::slice::from_ref(fault)))
}

const CHANGES: &[&str] =
    &["update account.chat.ada mail=b@x; create account.chat.bob userName=bob; create account.chat.eve userName=eve"];

#[test]
fn a_transaction_is_durable_in_the_record_before_it_is_committed() {
    let mut world = world(&[]);
    world.apply(&plan(&world, CHANGES));
    assert_snapshot!(world.transcript, @r#"
    read chat: id-ada {"mail": "a@x", "userName": "ada"}
    record run started
    record intent 1: create account.chat.eve by userName = "eve"
    announce chat: t1
    record intent 2: update account.chat.ada
    record intent 3: create account.chat.bob by userName = "bob"
    record transaction t1 of [1]
    commit t1: done new-1
    announce chat: t2
    record outcome 1: done new-1{"userName": "eve"}
    record transaction t2 of [2, 3]
    commit t2: done id-ada; done new-2
    record outcome 2: done id-ada{"mail": "b@x", "userName": "ada"}
    record outcome 3: done new-2{"userName": "bob"}
    record run finished: done
    finished: Done {"done": 3}
      update account.chat.ada: done
      create account.chat.bob: done
      create account.chat.eve: done
    "#);
}

#[test]
fn a_lost_answer_is_settled_at_once_by_asking() {
    let mut done = world(&[("account.chat.ada", Fault::LostDone)]);
    done.apply(&plan(&done, CHANGES));
    assert_snapshot!(done.transcript, @r#"
    read chat: id-ada {"mail": "a@x", "userName": "ada"}
    record run started
    record intent 1: create account.chat.eve by userName = "eve"
    announce chat: t1
    record intent 2: update account.chat.ada
    record intent 3: create account.chat.bob by userName = "bob"
    record transaction t1 of [1]
    commit t1: done new-1
    announce chat: t2
    record outcome 1: done new-1{"userName": "eve"}
    record transaction t2 of [2, 3]
    commit t2: lost (connection reset); lost (connection reset)
    ask chat: ["t2"] [Committed]
    record outcome 2: unknown: connection reset
    record outcome 3: unknown: connection reset
    read chat: id-ada {"mail": "b@x", "userName": "ada"}
    record outcome 2: done id-ada{"mail": "b@x", "userName": "ada"} (settled)
    record run finished: failed
    finished: Failed {"done": 2, "unknown": 1}
      update account.chat.ada: done
      create account.chat.bob: in doubt: transaction t2 was committed; the next run looks for what it made
      create account.chat.eve: done
    "#);
    let mut not_done = world(&[("account.chat.bob", Fault::LostNotDone)]);
    not_done.apply(&plan(&not_done, CHANGES));
    assert_snapshot!(not_done.transcript, @r#"
    read chat: id-ada {"mail": "a@x", "userName": "ada"}
    record run started
    record intent 1: create account.chat.eve by userName = "eve"
    announce chat: t1
    record intent 2: update account.chat.ada
    record intent 3: create account.chat.bob by userName = "bob"
    record transaction t1 of [1]
    commit t1: done new-1
    announce chat: t2
    record outcome 1: done new-1{"userName": "eve"}
    record transaction t2 of [2, 3]
    commit t2: lost (connection reset); lost (connection reset)
    ask chat: ["t2"] [Aborted]
    record outcome 2: unknown: connection reset
    record outcome 3: unknown: connection reset
    record outcome 2: not done: connection reset; transaction t2 was rolled back (settled)
    record outcome 3: not done: connection reset; transaction t2 was rolled back (settled)
    record run finished: failed
    finished: Failed {"done": 1, "refused": 2}
      update account.chat.ada: refused: connection reset; transaction t2 was rolled back
      create account.chat.bob: refused: connection reset; transaction t2 was rolled back
      create account.chat.eve: done
    "#);
}

#[test]
fn one_that_stays_open_is_asked_for_again_and_left_in_doubt() {
    let mut world = world(&[("account.chat.ada", Fault::LostOpen)]);
    world.apply(&plan(&world, &CHANGES[..1]));
    assert_snapshot!(world.transcript, @r#"
    read chat: id-ada {"mail": "a@x", "userName": "ada"}
    record run started
    record intent 1: create account.chat.eve by userName = "eve"
    announce chat: t1
    record intent 2: update account.chat.ada
    record intent 3: create account.chat.bob by userName = "bob"
    record transaction t1 of [1]
    commit t1: done new-1
    announce chat: t2
    record outcome 1: done new-1{"userName": "eve"}
    record transaction t2 of [2, 3]
    commit t2: lost (connection reset); lost (connection reset)
    ask chat: ["t2"] [InProgress]
    record outcome 2: unknown: connection reset
    record outcome 3: unknown: connection reset
    wait 1000 ms
    ask chat: ["t2"] [InProgress]
    record run finished: failed
    finished: Failed {"done": 1, "unknown": 2}
      update account.chat.ada: in doubt: connection reset
      create account.chat.bob: in doubt: connection reset
      create account.chat.eve: done
    "#);
    let open: Vec<_> = world.recorded().open.iter().map(|open| (open.intent, open.transaction)).collect();
    assert_eq!(open, [(2, Some("t2".into())), (3, Some("t2".into()))]);
}

#[test]
fn without_a_record_nothing_is_committed() {
    let mut world = world(&[]);
    let plan = plan(&world, CHANGES);
    world.fail_transactions = true;
    let report = world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    read chat: id-ada {"mail": "a@x", "userName": "ada"}
    record run started
    record intent 1: create account.chat.eve by userName = "eve"
    announce chat: t1
    record intent 2: update account.chat.ada
    record intent 3: create account.chat.bob by userName = "bob"
    record: no space left on device
    roll t1 back: no space left on device
    finished: Fatal("no space left on device") {"not_done": 2, "refused": 1}
      update account.chat.ada: not done: the state file could not be written
      create account.chat.bob: not done: the state file could not be written
      create account.chat.eve: refused: no space left on device
    "#);
    assert!(world.executed.is_empty());
    assert!(matches!(report.status, crate::apply::Status::Fatal(_)));
}

#[test]
fn done_with_something_left_does_not_look_like_success() {
    let mut world = world(&[("account.chat.ada", Fault::Half)]);
    let report = world.apply(&plan(&world, CHANGES));
    assert_eq!(report.status, crate::apply::Status::Failed);
    assert_eq!(report.fates[0].to_string(), "done, but a session was left");
    let noted = world.lines.iter().find_map(|line| match line {
        state::record::Event::Outcome { result: EventResult::Done { note, .. }, .. } => note.clone(),
        _ => None,
    });
    assert_eq!(noted.as_deref(), Some("a session was left"));
}
