//! What happens to an account after it was deactivated: handed over, put away and brought back, deleted.

use insta::assert_snapshot;
use state::record::Event;
use state::*;

use super::changes::plan;
use super::remote::Remote;
use super::words::result_brief;
use super::world::{Fault, World, connected};
use crate::apply::resolve::Nothing;
use crate::apply::settle;

/// Ada owns three tables; Bob is the heir.
fn world() -> World {
    let mut world = World::new(connected(1, 1, 0));
    world.account("ada", &[("userName", "ada"), ("mail", "a@x")]);
    world.account("bob", &[("userName", "bob")]);
    remote(&mut world).owned.insert("id-ada".into(), vec!["a", "b", "c"]);
    world
}

fn remote(world: &mut World) -> &mut Remote {
    world.systems.get_mut(&Symbol::new("chat")).unwrap()
}

const HAND_OVER: &[&str] = &["transfer account.chat.ada to=id-bob"];

#[test]
fn what_is_handed_over_is_named_before_and_proved_on_both_sides() {
    let mut world = world();
    world.apply(&plan(&world, HAND_OVER));
    assert_snapshot!(world.transcript, @r#"
    read chat: owned by id-ada {"owned": [{"kind":"table","name":"a","place":"sales"},{"kind":"table","name":"b","place":"sales"},{"kind":"table","name":"c","place":"sales"}]}
    record run started
    record intent 1: transfer account.chat.ada
    call chat: transfer account.chat.ada -> done id-ada
    read chat: owned by id-ada gone; owned by id-bob {"owned": [{"kind":"table","name":"a","place":"sales"},{"kind":"table","name":"b","place":"sales"},{"kind":"table","name":"c","place":"sales"}]}
    record outcome 1: done id-ada{}
    record run finished: done
    finished: Done {"done": 1}
      transfer account.chat.ada: done
    "#);
    let intent = world.lines.iter().find_map(|line| match line {
        Event::Intent { change, target, .. } => Some((change.clone(), *target)),
        _ => None,
    });
    let (change, target) = intent.unwrap();
    assert_eq!(target, Some(Target::Owned("id-ada".into())));
    let before = change.before.unwrap();
    assert_snapshot!(format!("{} {:?}\n{:?}", before.id, before.attributes, change.after), @r#"
    id-ada {"owned": [{"kind":"table","name":"a","place":"sales"},{"kind":"table","name":"b","place":"sales"},{"kind":"table","name":"c","place":"sales"}]}
    [("owned", Known([{"kind":"table","name":"a","place":"sales"},{"kind":"table","name":"b","place":"sales"},{"kind":"table","name":"c","place":"sales"}])), ("to", Known("id-bob"))]
    "#);
}

#[test]
fn nothing_goes_where_it_owns_something_else_by_now() {
    let mut world = world();
    let plan = plan(&world, HAND_OVER);
    remote(&mut world).owned.insert("id-ada".into(), vec!["a", "b", "c", "d"]);
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    read chat: owned by id-ada {"owned": [{"kind":"table","name":"a","place":"sales"},{"kind":"table","name":"b","place":"sales"},{"kind":"table","name":"c","place":"sales"},{"kind":"table","name":"d","place":"sales"}]}
    record run started
    record run finished: held
    finished: Held {"stale": 1}
      transfer account.chat.ada: held: stale-plan: it changed since the plan: it owns 4 tables in sales now, and owned 3 tables in sales before
    "#);
    remote(&mut world).owned.clear();
    world.transcript.clear();
    world.drive(&plan, Box::new(Nothing), "r2");
    assert_snapshot!(world.transcript, @r#"
    read chat: owned by id-ada gone
    record run started
    record fact Stage account.chat.ada
    record run finished: done
    finished: Done {"done": 1}
      transfer account.chat.ada: done (was already so)
    "#);
}

#[test]
fn a_part_that_stayed_is_not_taken_for_done() {
    let mut world = world();
    remote(&mut world).most_handed = Some(2);
    world.apply(&plan(&world, HAND_OVER));
    assert_snapshot!(world.transcript, @r#"
    read chat: owned by id-ada {"owned": [{"kind":"table","name":"a","place":"sales"},{"kind":"table","name":"b","place":"sales"},{"kind":"table","name":"c","place":"sales"}]}
    record run started
    record intent 1: transfer account.chat.ada
    call chat: transfer account.chat.ada -> done id-ada
    read chat: owned by id-ada {"owned": [{"kind":"table","name":"c","place":"sales"}]}; owned by id-bob {"owned": [{"kind":"table","name":"a","place":"sales"},{"kind":"table","name":"b","place":"sales"}]}
    record outcome 1: diverged: of 3 that were to go, 1 are still owned by it and 2 by the heir
    record run finished: failed
    finished: Failed {"diverged": 1}
      transfer account.chat.ada: not as wanted: of 3 that were to go, 1 are still owned by it and 2 by the heir
    "#);
    // The record still knows the account as it is.
    assert!(
        world.recorded().objects[&"account.chat.ada".parse::<Address>().unwrap()]
            .attributes
            .get("mail".into())
            .is_some()
    );
}

#[test]
fn certain_things_are_given_back() {
    let mut world = world();
    world.apply(&plan(&world, HAND_OVER));
    remote(&mut world).owned.entry("id-bob".into()).or_default().push("mine");
    let mut plan = plan(&world, &["transfer account.chat.bob to=id-ada"]);
    let Event::Intent { change, .. } = world.lines.iter().find(|line| matches!(line, Event::Intent { .. })).unwrap()
    else {
        panic!()
    };
    let owned = change.after.iter().find(|(name, _)| name.as_str() == "owned").unwrap().clone();
    plan.changes[0].after = [owned, plan.changes[0].after[0].clone()].into();
    world.transcript.clear();
    world.drive(&plan, Box::new(Nothing), "r2");
    assert_snapshot!(world.transcript, @r#"
    read chat: owned by id-bob {"owned": [{"kind":"table","name":"a","place":"sales"},{"kind":"table","name":"b","place":"sales"},{"kind":"table","name":"c","place":"sales"},{"kind":"table","name":"mine","place":"sales"}]}
    record run started
    record intent 1: transfer account.chat.bob
    call chat: transfer account.chat.bob -> done id-bob
    read chat: owned by id-bob {"owned": [{"kind":"table","name":"mine","place":"sales"}]}; owned by id-ada {"owned": [{"kind":"table","name":"a","place":"sales"},{"kind":"table","name":"b","place":"sales"},{"kind":"table","name":"c","place":"sales"}]}
    record outcome 1: done id-bob{}
    record run finished: done
    finished: Done {"done": 1}
      transfer account.chat.bob: done
    "#);
    assert_eq!(remote(&mut world).owned[&Symbol::new("id-bob")], ["mine"]);
}

#[test]
fn an_heir_that_this_run_makes() {
    let mut world = world();
    let batches = ["create account.chat.eve userName=eve", "transfer account.chat.ada to=?account.chat.eve < 0"];
    world.apply(&plan(&world, &batches));
    assert_snapshot!(world.transcript, @r#"
    record run started
    record intent 1: create account.chat.eve by userName = "eve"
    call chat: create account.chat.eve -> done new-1
    read chat: owned by id-ada {"owned": [{"kind":"table","name":"a","place":"sales"},{"kind":"table","name":"b","place":"sales"},{"kind":"table","name":"c","place":"sales"}]}
    record outcome 1: done new-1{"userName": "eve"}
    record intent 2: transfer account.chat.ada
    call chat: transfer account.chat.ada -> done id-ada
    read chat: owned by id-ada gone; owned by new-1 {"owned": [{"kind":"table","name":"a","place":"sales"},{"kind":"table","name":"b","place":"sales"},{"kind":"table","name":"c","place":"sales"}]}
    record outcome 2: done id-ada{}
    record run finished: done
    finished: Done {"done": 2}
      create account.chat.eve: done
      transfer account.chat.ada: done
    "#);
}

#[test]
fn put_away_and_brought_back_whole() {
    let mut world = world();
    world.apply(&plan(&world, &["deactivate account.chat.ada"]));
    world.drive(&plan(&world, &["archive account.chat.ada"]), Box::new(Nothing), "r2");
    world.drive(&plan(&world, &["reactivate account.chat.ada"]), Box::new(Nothing), "r3");
    assert_snapshot!(world.transcript, @r#"
    read chat: id-ada {"mail": "a@x", "userName": "ada"}
    record run started
    record intent 1: deactivate account.chat.ada
    call chat: deactivate account.chat.ada -> done id-ada
    record outcome 1: done id-ada{"mail": "a@x", "userName": "ada"}
    record run finished: done
    finished: Done {"done": 1}
      deactivate account.chat.ada: done
    read chat: id-ada {"mail": "a@x", "userName": "ada"}
    record run started
    record intent 1: archive account.chat.ada
    call chat: archive account.chat.ada -> done id-ada
    record outcome 1: done id-ada{"mail": "a@x", "userName": "ada"}
    record run finished: done
    finished: Done {"done": 1}
      archive account.chat.ada: done
    read chat: id-ada {"@archived": true, "mail": "a@x", "userName": "ada"}
    record run started
    record intent 1: reactivate account.chat.ada
    call chat: reactivate account.chat.ada -> done id-ada
    record outcome 1: done id-ada{"mail": "a@x", "userName": "ada"}
    record run finished: done
    finished: Done {"done": 1}
      reactivate account.chat.ada: done
    "#);
}

#[test]
fn deleted_is_gone_from_the_record_too_and_counts_as_taken() {
    let mut world = world();
    world.apply(&plan(&world, &["delete account.chat.ada"]));
    assert_snapshot!(world.transcript, @r#"
    read chat: id-ada {"mail": "a@x", "userName": "ada"}
    record run started
    record intent 1: delete account.chat.ada
    call chat: delete account.chat.ada -> done id-ada
    read chat: id-ada gone
    record outcome 1: done id-ada{}
    record run finished: done
    finished: Done {"done": 1}
      delete account.chat.ada: done
    "#);
    let recorded = world.recorded();
    assert!(!recorded.objects.contains_key(&"account.chat.ada".parse::<Address>().unwrap()));
    let removed: Vec<_> =
        recorded.removals.iter().map(|removal| (removal.address.to_string(), removal.action)).collect();
    assert_eq!(removed, [("account.chat.ada".to_owned(), Action::Delete)]);
}

/// What a run that died leaves in doubt, looked at: the change, what happened in the world, what is said.
#[test]
fn a_crash_in_the_middle_is_settled_by_looking() {
    type Case = (&'static str, fn(&mut Remote), &'static str);
    let cases: [Case; 7] = [
        ("transfer account.chat.ada to=id-bob", |_| {}, "not done"),
        (
            "transfer account.chat.ada to=id-bob",
            |remote| drop(remote.owned.insert("id-bob".into(), remote.owned[&Symbol::new("id-ada")].clone())),
            "diverged",
        ),
        (
            "transfer account.chat.ada to=id-bob",
            |remote| {
                let all = remote.owned.remove(&Symbol::new("id-ada")).unwrap();
                remote.owned.insert("id-bob".into(), all);
            },
            "done",
        ),
        ("archive account.chat.ada", |_| {}, "not done"),
        (
            "archive account.chat.ada",
            |remote| {
                let ada = remote.accounts.get_mut(&Symbol::new("id-ada")).unwrap();
                ada.active = false;
                let archived = [(Symbol::new("@archived"), Value::Bool(true))].into_iter().collect();
                ada.attributes = ada.attributes.overlaid(&archived);
            },
            "done",
        ),
        ("delete account.chat.ada", |_| {}, "not done"),
        ("delete account.chat.ada", |remote| drop(remote.accounts.remove(&Symbol::new("id-ada"))), "done"),
    ];
    for (text, happened, expected) in cases {
        let mut world = world().fault("account.chat.ada", &[Fault::LostOpen]);
        let plan = plan(&world, &[text]);
        world.crash_after = (0..40).find(|turn| {
            let mut tried = world.clone();
            tried.crash_after = Some(*turn);
            tried.drive(&plan, Box::new(Nothing), "r1");
            tried.recorded().open.len() == 1
        });
        world.drive(&plan, Box::new(Nothing), "r1");
        happened(remote(&mut world));
        world.now = world.now.plus_millis(60_000);
        let observed = world.observed("chat");
        let inventories = std::collections::BTreeMap::from([(Symbol::new("chat"), &observed)]);
        let settlement =
            settle(&world.recorded(), &inventories, &world.asked(), &world.connected, &|_| true, world.now);
        let said: Vec<String> = settlement
            .events
            .iter()
            .map(|event| match event {
                Event::Outcome { result, .. } => result_brief(result),
                other => format!("{other:?}"),
            })
            .collect();
        assert!(said.len() == 1 && said[0].starts_with(expected), "{text}: {said:?}\n{}", world.transcript);
    }
}
