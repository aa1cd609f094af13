//! The protocol of a change that goes well.

use insta::assert_snapshot;
use state::*;

use super::changes::plan;
use super::world::{World, connected};
use crate::apply::Resolve;

#[test]
fn facts_first_then_intents_before_calls_and_outcomes_after_them() {
    let mut world = World::new(connected(1, 4, 0));
    world.group("team");
    let mut plan = plan(&world, &["create account.chat.ada userName=ada", "grant membership.chat.team.ada < 0"]);
    plan.facts.push(Fact {
        kind: FactKind::Adopted,
        address: "account.chat.bob".parse().unwrap(),
        object: Some(Box::new(Object::new("id-bob", Attributes::new()))),
        former: None,
        reasons: Box::default(),
        until: None,
    });
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    record run started
    record fact Adopted account.chat.bob
    record intent 1: create account.chat.ada by userName = "ada"
    call chat: create account.chat.ada -> done new-1
    record outcome 1: done new-1{"userName": "ada"}
    record intent 2: grant membership.chat.team.ada
    call chat: grant membership.chat.team.ada -> done
    record outcome 2: done {}
    record run finished: done
    finished: Done {"done": 2}
      create account.chat.ada: done
      grant membership.chat.team.ada: done
    "#);
}

#[test]
fn what_exists_is_read_again_and_read_back_until_the_change_is_seen() {
    let mut world = World::new(connected(1, 4, 5000));
    world.account("ada", &[("userName", "ada"), ("mail", "a@x")]);
    let plan = plan(&world, &["update account.chat.ada mail=b@x"]);
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    read chat: id-ada {"mail": "a@x", "userName": "ada"}
    record run started
    record intent 1: update account.chat.ada
    call chat: update account.chat.ada -> done id-ada
    read chat: id-ada {"mail": "b@x", "userName": "ada"}
    record outcome 1: done id-ada{"mail": "b@x", "userName": "ada"}
    record run finished: done
    finished: Done {"done": 1}
      update account.chat.ada: done
    "#);
}

#[test]
fn members_of_a_group_are_read_at_once_and_called_in_their_order() {
    let mut world = World::new(connected(1, 4, 1000));
    world.group("team");
    world.account("ada", &[("userName", "ada")]);
    world.account("bob", &[("userName", "bob")]);
    world.account("eve", &[("userName", "eve")]);
    world.member("team", "eve");
    let plan = plan(
        &world,
        &["grant membership.chat.team.ada; grant membership.chat.team.bob; revoke membership.chat.team.eve"],
    );
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    read chat: id-team/id-ada gone; id-team/id-bob gone; id-team/id-eve here
    record run started
    record intent 1: grant membership.chat.team.ada
    call chat: grant membership.chat.team.ada -> done
    record intent 2: grant membership.chat.team.bob
    call chat: grant membership.chat.team.bob -> done
    record intent 3: revoke membership.chat.team.eve
    call chat: revoke membership.chat.team.eve -> done
    read chat: id-team/id-ada here; id-team/id-bob here; id-team/id-eve gone
    record outcome 1: done {}
    record outcome 2: done {}
    record outcome 3: done {}
    record run finished: done
    finished: Done {"done": 3}
      grant membership.chat.team.ada: done
      grant membership.chat.team.bob: done
      revoke membership.chat.team.eve: done
    "#);
}

#[test]
fn batches_are_as_long_as_the_system_takes_them() {
    let mut world = World::new(connected(2, 1, 0));
    let plan = plan(
        &world,
        &["create account.chat.a userName=a; create account.chat.b userName=b; create account.chat.c userName=c"],
    );
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    record run started
    record intent 1: create account.chat.a by userName = "a"
    record intent 2: create account.chat.b by userName = "b"
    record intent 3: create account.chat.c by userName = "c"
    call chat: create account.chat.a; create account.chat.b -> done new-1; done new-2
    call chat: create account.chat.c -> done new-3
    record outcome 1: done new-1{"userName": "a"}
    record outcome 2: done new-2{"userName": "b"}
    record outcome 3: done new-3{"userName": "c"}
    record run finished: done
    finished: Done {"done": 3}
      create account.chat.a: done
      create account.chat.b: done
      create account.chat.c: done
    "#);
}

#[test]
fn one_call_per_remote_object_though_batches_are_independent() {
    let mut world = World::new(connected(1, 8, 0));
    world.group("team");
    world.account("ada", &[("userName", "ada")]);
    world.account("bob", &[("userName", "bob")]);
    let plan = plan(&world, &["grant membership.chat.team.ada", "grant membership.chat.team.bob"]);
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    read chat: id-team/id-ada gone
    record run started
    record intent 1: grant membership.chat.team.ada
    call chat: grant membership.chat.team.ada -> done
    read chat: id-team/id-bob gone
    record outcome 1: done {}
    record intent 2: grant membership.chat.team.bob
    call chat: grant membership.chat.team.bob -> done
    record outcome 2: done {}
    record run finished: done
    finished: Done {"done": 2}
      grant membership.chat.team.ada: done
      grant membership.chat.team.bob: done
    "#);
}

/// `userName` is the id of what `needs` names; secrets are `s3cret`.
struct Ids;

impl Resolve for Ids {
    fn resolve(
        &self,
        address: Address,
        attributes: &[Symbol],
        made: &dyn Fn(Address) -> Option<Object>,
    ) -> Result<Vec<Value>, String> {
        let manager = made("account.chat.ada".parse().unwrap()).ok_or(format!("{address}: ada was not made"))?;
        Ok(attributes.iter().map(|_| Value::Text(manager.id)).collect())
    }

    fn secrets(
        &self,
        _: Address,
        attributes: &[Symbol],
        _: &dyn Fn(Address) -> Option<Object>,
    ) -> Result<Vec<String>, String> {
        Ok(attributes.iter().map(|_| "s3cret".to_owned()).collect())
    }
}

#[test]
fn deferred_values_are_resolved_by_what_was_made_and_secrets_are_never_recorded() {
    let mut world = World::new(connected(1, 4, 0));
    let plan = plan(
        &world,
        &[
            "create account.chat.ada userName=ada",
            "create account.chat.bob userName=bob manager=?account.chat.ada password=!1234 < 0",
        ],
    );
    world.apply_with(&plan, Box::new(Ids));
    assert_snapshot!(world.transcript, @r#"
    record run started
    record intent 1: create account.chat.ada by userName = "ada"
    call chat: create account.chat.ada -> done new-1
    record outcome 1: done new-1{"userName": "ada"}
    record intent 2: create account.chat.bob by userName = "bob"
    call chat: create account.chat.bob -> done new-2
    record outcome 2: done new-2{"manager": "new-1", "password": "hmac-sha256:1234", "userName": "bob"}
    record run finished: done
    finished: Done {"done": 2}
      create account.chat.ada: done
      create account.chat.bob: done
    "#);
    assert!(!format!("{:?}", world.lines).contains("s3cret"));
}

#[test]
fn what_is_as_wanted_already_is_recorded_without_a_call() {
    let mut world = World::new(connected(1, 4, 0));
    world.group("team");
    world.account("ada", &[("userName", "ada"), ("mail", "a@x")]);
    world.account("eve", &[("userName", "eve")]);
    let plan = plan(
        &world,
        &["update account.chat.ada mail=b@x", "grant membership.chat.team.ada; revoke membership.chat.team.eve"],
    );
    // Somebody was faster.
    let remote = world.systems.get_mut(&Symbol::new("chat")).unwrap();
    remote.memberships.insert(("id-team".into(), "id-ada".into()), Attributes::new());
    let mail = super::remote::pairs(&[("userName", "ada"), ("mail", "b@x")]);
    remote.accounts.get_mut(&Symbol::new("id-ada")).unwrap().attributes = mail;
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    read chat: id-ada {"mail": "b@x", "userName": "ada"}
    read chat: id-team/id-ada here; id-team/id-eve gone
    record run started
    record fact Drifted account.chat.ada
    record fact Explained membership.chat.team.ada
    record fact Drifted membership.chat.team.eve
    record run finished: done
    finished: Done {"done": 3}
      update account.chat.ada: done (was already so)
      grant membership.chat.team.ada: done (was already so)
      revoke membership.chat.team.eve: done (was already so)
    "#);
    assert!(world.executed.is_empty());
}

#[test]
fn a_plan_with_nothing_to_do_is_recorded_as_a_run() {
    let mut world = World::new(connected(1, 4, 0));
    let plan = plan(&world, &[]);
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r"
    record run started
    record run finished: done
    finished: Done {}
    ");
}
