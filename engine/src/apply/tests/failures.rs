//! What fails, what that stops, and how it is reported.

use insta::assert_snapshot;
use state::*;

use super::changes::plan;
use super::world::{Fault, World, connected};

#[test]
fn a_refusal_stops_what_depends_on_it_and_nothing_else() {
    let mut world = World::new(connected(1, 1, 0)).fault("account.chat.ada", &[Fault::Refuse]);
    world.group("team");
    let plan = plan(
        &world,
        &[
            "create account.chat.ada userName=ada; create account.chat.bob userName=bob",
            "grant membership.chat.team.ada; grant membership.chat.team.bob < 0",
        ],
    );
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    record run started
    record intent 1: create account.chat.ada by userName = "ada"
    record intent 2: create account.chat.bob by userName = "bob"
    call chat: create account.chat.ada -> refused (403 forbidden)
    call chat: create account.chat.bob -> done new-1
    record outcome 1: not done: 403 forbidden
    record outcome 2: done new-1{"userName": "bob"}
    record intent 3: grant membership.chat.team.bob
    call chat: grant membership.chat.team.bob -> done
    record outcome 3: done {}
    record run finished: failed
    finished: Failed {"done": 2, "not_done": 1, "refused": 1}
      create account.chat.ada: refused: 403 forbidden
      create account.chat.bob: done
      grant membership.chat.team.ada: not done: depends on account.chat.ada, which was not done
      grant membership.chat.team.bob: done
    "#);
}

#[test]
fn what_changed_since_the_plan_is_left_alone() {
    let mut world = World::new(connected(1, 4, 0));
    world.account("ada", &[("userName", "ada"), ("mail", "a@x")]);
    world.account("bob", &[("userName", "bob")]);
    world.account("eve", &[("userName", "eve")]);
    let plan = plan(
        &world,
        &["update account.chat.ada mail=b@x", "deactivate account.chat.bob", "update account.chat.eve mail=e@x"],
    );
    let remote = world.systems.get_mut(&Symbol::new("chat")).unwrap();
    remote.accounts.insert("id-ada".into(), Object::new("id-ada", super::remote::pairs(&[("mail", "c@x")])));
    remote.accounts.remove(&Symbol::new("id-bob"));
    remote.accounts.get_mut(&Symbol::new("id-eve")).unwrap().active = false;
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    read chat: id-ada {"mail": "c@x"}
    read chat: id-bob gone
    read chat: id-eve {"userName": "eve"}
    record run started
    record run finished: held
    finished: Held {"stale": 3}
      update account.chat.ada: held: stale-plan: it changed since the plan: mail is "c@x", before it was "a@x", wanted is "b@x"
      deactivate account.chat.bob: held: stale-plan: it changed since the plan: it is gone
      update account.chat.eve: held: stale-plan: it changed since the plan: the account is not active now
    "#);
    assert!(world.executed.is_empty());
}

#[test]
fn what_is_done_in_part_is_told_and_the_next_plan_goes_on() {
    let mut world = World::new(connected(1, 1, 0)).fault("account.chat.ada", &[Fault::Partly("mail")]);
    world.account("ada", &[("userName", "ada"), ("mail", "a@x")]);
    let first = plan(&world, &["update account.chat.ada userName=countess mail=b@x"]);
    world.apply(&first);
    world.account("ada", &[("userName", "countess"), ("mail", "a@x")]);
    let next = plan(&world, &["update account.chat.ada mail=b@x"]);
    world.apply(&next);
    assert_snapshot!(world.transcript, @r#"
    read chat: id-ada {"mail": "a@x", "userName": "ada"}
    record run started
    record intent 1: update account.chat.ada by userName = "countess"
    call chat: update account.chat.ada -> partly: mail was refused, the rest is done
    record outcome 1: diverged: mail was refused, the rest is done
    record run finished: failed
    finished: Failed {"diverged": 1}
      update account.chat.ada: not as wanted: mail was refused, the rest is done
    read chat: id-ada {"mail": "a@x", "userName": "countess"}
    record run started
    record intent 1: update account.chat.ada
    call chat: update account.chat.ada -> done id-ada
    record outcome 1: done id-ada{"mail": "b@x", "userName": "countess"}
    record run finished: done
    finished: Done {"done": 1}
      update account.chat.ada: done
    "#);
    assert!(world.recorded().open.is_empty());
}

#[test]
fn retry_after_is_a_new_intent_after_the_wait_three_times_at_most() {
    let mut world = World::new(connected(1, 4, 0))
        .fault("account.chat.ada", &[Fault::Later(2000)])
        .fault("account.chat.bob", &[Fault::Later(1), Fault::Later(1), Fault::Later(1), Fault::Later(1)]);
    let plan = plan(&world, &["create account.chat.ada userName=ada", "create account.chat.bob userName=bob < 0"]);
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    record run started
    record intent 1: create account.chat.ada by userName = "ada"
    call chat: create account.chat.ada -> refused (403 forbidden), again after 2000 ms
    record outcome 1: not done: 403 forbidden
    record intent 2: create account.chat.ada by userName = "ada"
    wait 2000 ms
    call chat: create account.chat.ada -> done new-1
    record outcome 2: done new-1{"userName": "ada"}
    record intent 3: create account.chat.bob by userName = "bob"
    call chat: create account.chat.bob -> refused (403 forbidden), again after 1 ms
    record outcome 3: not done: 403 forbidden
    record intent 4: create account.chat.bob by userName = "bob"
    wait 1 ms
    call chat: create account.chat.bob -> refused (403 forbidden), again after 1 ms
    record outcome 4: not done: 403 forbidden
    record intent 5: create account.chat.bob by userName = "bob"
    wait 1 ms
    call chat: create account.chat.bob -> refused (403 forbidden), again after 1 ms
    record outcome 5: not done: 403 forbidden
    record intent 6: create account.chat.bob by userName = "bob"
    wait 1 ms
    call chat: create account.chat.bob -> refused (403 forbidden), again after 1 ms
    record outcome 6: not done: 403 forbidden
    record run finished: failed
    finished: Failed {"done": 1, "refused": 1}
      create account.chat.ada: done
      create account.chat.bob: refused: 403 forbidden
    "#);
}

#[test]
fn what_a_full_call_leaves_comes_with_the_next_one() {
    let mut world = World::new(connected(10, 1, 0))
        .fault("account.chat.eve", &[Fault::Full, Fault::Full])
        .fault("account.chat.mad", &std::array::from_fn::<_, 9, _>(|_| Fault::Full));
    let all = ["ada", "eve", "mad"].map(|own| format!("create account.chat.{own} userName={own}"));
    let plan = plan(&world, &all.each_ref().map(String::as_str));
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    record run started
    record intent 1: create account.chat.ada by userName = "ada"
    record intent 2: create account.chat.eve by userName = "eve"
    call chat: create account.chat.ada -> done new-1
    call chat: create account.chat.eve -> later
    record outcome 1: done new-1{"userName": "ada"}
    record intent 3: create account.chat.mad by userName = "mad"
    call chat: create account.chat.mad -> later
    record outcome 2: not done: the call was full: left for the next one
    record intent 4: create account.chat.eve by userName = "eve"
    call chat: create account.chat.eve -> later
    record outcome 3: not done: the call was full: left for the next one
    record intent 5: create account.chat.mad by userName = "mad"
    call chat: create account.chat.mad -> later
    record outcome 4: not done: the call was full: left for the next one
    record intent 6: create account.chat.eve by userName = "eve"
    call chat: create account.chat.eve -> done new-2
    record outcome 5: not done: the call was full: left for the next one
    record intent 7: create account.chat.mad by userName = "mad"
    call chat: create account.chat.mad -> later
    record outcome 6: done new-2{"userName": "eve"}
    record outcome 7: not done: the call was full: left for the next one
    record intent 8: create account.chat.mad by userName = "mad"
    call chat: create account.chat.mad -> later
    record outcome 8: not done: the call was full: left for the next one
    record run finished: failed
    finished: Failed {"done": 2, "refused": 1}
      create account.chat.ada: done
      create account.chat.eve: done
      create account.chat.mad: refused: the call was full: left for the next one
    "#);
}

#[test]
fn a_version_that_moved_is_read_again() {
    let mut world = World::new(connected(1, 4, 0)).fault("account.chat.ada", &[Fault::Moved]);
    world.account("ada", &[("userName", "ada"), ("mail", "a@x")]);
    let plan = plan(&world, &["update account.chat.ada mail=b@x"]);
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    read chat: id-ada {"mail": "a@x", "userName": "ada"}
    record run started
    record intent 1: update account.chat.ada
    call chat: update account.chat.ada -> stale
    read chat: id-ada {"mail": "a@x", "userName": "ada"}
    record outcome 1: not done: the object changed since it was read again
    record intent 2: update account.chat.ada
    call chat: update account.chat.ada -> done id-ada
    record outcome 2: done id-ada{"mail": "b@x", "userName": "ada"}
    record run finished: done
    finished: Done {"done": 1}
      update account.chat.ada: done
    "#);
}

#[test]
fn a_lost_answer_is_settled_by_looking_before_the_run_ends() {
    let mut world = World::new(connected(1, 4, 500))
        .fault("account.chat.ada", &[Fault::LostDone])
        .fault("account.chat.bob", &[Fault::LostNotDone])
        .fault("account.chat.eve", &[Fault::LostDone]);
    world.account("ada", &[("mail", "a@x")]);
    world.account("bob", &[("mail", "a@x")]);
    world.group("team");
    let plan = plan(
        &world,
        &[
            "update account.chat.ada mail=b@x",
            "update account.chat.bob mail=b@x",
            "create account.chat.eve userName=eve",
            "grant membership.chat.team.eve < 2",
        ],
    );
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    read chat: id-ada {"mail": "a@x"}
    read chat: id-bob {"mail": "a@x"}
    record run started
    record intent 1: create account.chat.eve by userName = "eve"
    call chat: create account.chat.eve -> lost (connection reset)
    record intent 2: update account.chat.ada
    record intent 3: update account.chat.bob
    call chat: update account.chat.ada -> lost (connection reset)
    call chat: update account.chat.bob -> lost (connection reset)
    record outcome 1: unknown: connection reset
    record outcome 2: unknown: connection reset
    record outcome 3: unknown: connection reset
    wait 1500 ms
    read chat: id-ada {"mail": "b@x"}; id-bob {"mail": "a@x"}
    record outcome 2: done id-ada{"mail": "b@x"} (settled)
    record outcome 3: not done: connection reset; looked at later: it did not happen (settled)
    record run finished: failed
    finished: Failed {"done": 1, "not_done": 1, "refused": 1, "unknown": 1}
      update account.chat.ada: done
      update account.chat.bob: refused: connection reset; looked at later: it did not happen
      create account.chat.eve: in doubt: connection reset
      grant membership.chat.team.eve: not done: depends on account.chat.eve, which was not done
    "#);
}

#[test]
fn an_answer_that_is_not_true_is_found_out() {
    let mut world = World::new(connected(1, 4, 300))
        .fault("account.chat.ada", &[Fault::Lie])
        .fault("account.chat.bob", &[Fault::Drops("externalId")])
        .fault("account.chat.eve", &[Fault::Lie]);
    world.account("ada", &[("mail", "a@x")]);
    let plan = plan(
        &world,
        &[
            "update account.chat.ada mail=b@x",
            "create account.chat.bob userName=bob externalId=7",
            "create account.chat.eve userName=eve",
        ],
    );
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    read chat: id-ada {"mail": "a@x"}
    record run started
    record intent 1: create account.chat.bob by userName = "bob"
    record intent 2: create account.chat.eve by userName = "eve"
    call chat: create account.chat.bob -> done new-1
    call chat: create account.chat.eve -> done id-lie
    record intent 3: update account.chat.ada
    read chat: new-1 {"userName": "bob"}
    read chat: id-lie gone
    call chat: update account.chat.ada -> done id-ada
    read chat: id-ada {"mail": "a@x"}
    wait 100 ms
    read chat: id-ada {"mail": "a@x"}
    read chat: new-1 {"userName": "bob"}
    read chat: id-lie gone
    wait 200 ms
    read chat: id-ada {"mail": "a@x"}
    read chat: new-1 {"userName": "bob"}
    read chat: id-lie gone
    record outcome 3: not done: the system answered that it is done, but nothing changed (settled)
    record outcome 1: done new-1{"userName": "bob"}
    record outcome 2: unknown: the system answered that it is done, but it could not be read back: it is not there
    wait 1000 ms
    read chat: id-lie gone
    record run finished: failed
    finished: Failed {"diverged": 1, "refused": 1, "unknown": 1}
      update account.chat.ada: refused: the system answered that it is done, but nothing changed
      create account.chat.bob: not as wanted: externalId is not set, wanted is "7"
      create account.chat.eve: in doubt: the system answered that it is done, but it could not be read back: it is not there
    "#);
}

#[test]
fn five_failures_open_the_breaker() {
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let mut world = World::new(connected(1, 1, 0));
    for name in names {
        world = world.fault(&format!("account.chat.{name}"), &[Fault::Refuse]);
    }
    let texts: Vec<String> = names.iter().map(|name| format!("create account.chat.{name} userName={name}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let plan = plan(&world, &texts);
    let report = world.apply(&plan);
    assert_eq!(report.tripped, ["chat"]);
    assert_snapshot!(world.transcript, @r#"
    record run started
    record intent 1: create account.chat.a by userName = "a"
    record intent 2: create account.chat.b by userName = "b"
    call chat: create account.chat.a -> refused (403 forbidden)
    call chat: create account.chat.b -> refused (403 forbidden)
    record outcome 1: not done: 403 forbidden
    record intent 3: create account.chat.c by userName = "c"
    call chat: create account.chat.c -> refused (403 forbidden)
    record outcome 2: not done: 403 forbidden
    record intent 4: create account.chat.d by userName = "d"
    call chat: create account.chat.d -> refused (403 forbidden)
    record outcome 3: not done: 403 forbidden
    record intent 5: create account.chat.e by userName = "e"
    call chat: create account.chat.e -> refused (403 forbidden)
    record outcome 4: not done: 403 forbidden
    record intent 6: create account.chat.f by userName = "f"
    record outcome 5: not done: 403 forbidden
    record outcome 6: not done: not called: 5 changes failed on this system, so the rest of it was left alone
    record run finished: failed
    finished: Failed {"not_done": 2, "refused": 5}
      create account.chat.a: refused: 403 forbidden
      create account.chat.b: refused: 403 forbidden
      create account.chat.c: refused: 403 forbidden
      create account.chat.d: refused: 403 forbidden
      create account.chat.e: refused: 403 forbidden
      create account.chat.f: not done: 5 changes failed on this system, so the rest of it was left alone
      create account.chat.g: not done: 5 changes failed on this system, so the rest of it was left alone
    "#);
}

#[test]
fn an_interrupt_finishes_what_is_under_way() {
    let mut world = World::new(connected(1, 1, 0));
    world.interrupt_after = Some(2);
    let plan = plan(
        &world,
        &[
            "create account.chat.a userName=a",
            "create account.chat.b userName=b",
            "create account.chat.c userName=c",
            "create account.chat.d userName=d",
        ],
    );
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    record run started
    record intent 1: create account.chat.a by userName = "a"
    record intent 2: create account.chat.b by userName = "b"
    call chat: create account.chat.a -> done new-1
    ! interrupt
    record outcome 1: done new-1{"userName": "a"}
    record outcome 2: not done: not called: interrupted before it began
    record run finished: interrupted
    finished: Interrupted {"done": 1, "not_done": 3}
      create account.chat.a: done
      create account.chat.b: not done: interrupted before it began
      create account.chat.c: not done: interrupted before it began
      create account.chat.d: not done: interrupted before it began
    "#);
}

#[test]
fn what_a_safeguard_holds_is_not_done_nor_what_depends_on_it() {
    let mut world = World::new(connected(1, 4, 0));
    world.group("team");
    let mut plan = plan(
        &world,
        &[
            "create account.chat.ada userName=ada; create account.chat.bob userName=bob",
            "grant membership.chat.team.ada; grant membership.chat.team.bob < 0",
        ],
    );
    plan.findings.push(Finding {
        code: Code::Collision,
        severity: Severity::Holds,
        scope: Scope::Addresses,
        addresses: vec!["account.chat.ada".parse().unwrap()],
        message: String::new(),
        hint: String::new(),
    });
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    record run started
    record intent 1: create account.chat.bob by userName = "bob"
    call chat: create account.chat.bob -> done new-1
    record outcome 1: done new-1{"userName": "bob"}
    record intent 2: grant membership.chat.team.bob
    call chat: grant membership.chat.team.bob -> done
    record outcome 2: done {}
    record run finished: held
    finished: Held {"done": 2, "held": 2}
      create account.chat.ada: held by a safeguard
      create account.chat.bob: done
      grant membership.chat.team.ada: depends on account.chat.ada, which a safeguard holds
      grant membership.chat.team.bob: done
    "#);
}

#[test]
fn nothing_is_called_once_the_record_cannot_be_written() {
    let mut world = World::new(connected(1, 4, 0));
    world.fail_record = true;
    let plan = plan(&world, &["create account.chat.a userName=a"]);
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    record: no space left on device
    finished: Fatal("no space left on device") {"not_done": 1}
      create account.chat.a: not done: the state file could not be written
    "#);
    assert!(world.executed.is_empty());
}

#[test]
fn a_plan_in_the_wrong_order_or_without_connection_ends_too() {
    let mut world = World::new(connected(1, 4, 0));
    let mut plan = plan(
        &world,
        &[
            "grant membership.chat.team.ada; create account.chat.ada userName=ada",
            "create account.corp.ada uid=ada",
            "grant membership.chat.nobody.eve",
        ],
    );
    plan.batches[0].target = None;
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    record run started
    record intent 1: create account.chat.ada by userName = "ada"
    call chat: create account.chat.ada -> done new-1
    record outcome 1: done new-1{"userName": "ada"}
    record run finished: failed
    finished: Failed {"done": 1, "not_done": 3}
      grant membership.chat.team.ada: not done: the plan does not put what this change needs before it: plan again
      create account.chat.ada: done
      create account.corp.ada: not done: there is no connection to the system
      grant membership.chat.nobody.eve: not done: the remote id behind membership.chat.nobody.eve is not known: plan again
    "#);
}
