//! What safeguards look at again right before a change.

use insta::assert_snapshot;
use state::record::Event;
use state::*;

use super::world::{Fault, World, connected, plan};
use crate::guard::{Stays, Watch};

/// A group of administrators, of whom two must stay.
fn world(members: &[&str]) -> World {
    let mut world = World::new(connected(1, 4, 0));
    world.group("admins");
    for holder in ["ada", "bob", "eve", "kim"] {
        world.account(holder, &[("userName", holder)]);
    }
    members.iter().for_each(|holder| world.member("admins", holder));
    world
}

/// Who is in it before and after; who is only after is given it by the plan.
fn watch(had: &[&str], stay: &[&str], takes: &str, always: &[&str]) -> Watch {
    let membership = |holder: &str| format!("membership.chat.admins.{holder}").parse::<Address>().unwrap();
    let stays = |holder: &&str| Stays {
        holder: (*holder).into(),
        account: format!("account.chat.{holder}").parse().unwrap(),
        through: vec![membership(holder)],
        gives: if had.contains(holder) { Vec::new() } else { vec![membership(holder)] },
    };
    Watch {
        group: "group.chat.admins".parse().unwrap(),
        minimum: 2,
        always: always.iter().map(|holder| format!("person.{holder}").parse().unwrap()).collect(),
        had: had.iter().map(|holder| Symbol::new(holder)).collect(),
        stay: stay.iter().map(stays).collect(),
        takes: vec![takes.parse().unwrap()],
    }
}

fn remote(world: &mut World) -> &mut super::world::Remote {
    world.systems.get_mut(&Symbol::new("chat")).unwrap()
}

#[test]
fn somebody_else_took_an_admin_out_meanwhile() {
    let mut world = world(&["ada", "bob", "eve"]);
    world.watches = vec![watch(&["ada", "bob", "eve"], &["bob", "eve"], "account.chat.ada", &[])];
    let plan = plan(&world, &["deactivate account.chat.ada"]);
    let mut kept = world.clone();
    kept.apply(&plan);
    assert_snapshot!(kept.transcript, @r#"
    read chat: id-ada {"userName": "ada"}; id-bob {"userName": "bob"}; id-admins/id-bob here; id-eve {"userName": "eve"}; id-admins/id-eve here
    record run started
    record intent 1: deactivate account.chat.ada
    call chat: deactivate account.chat.ada -> done id-ada
    record outcome 1: done id-ada{"userName": "ada"}
    record run finished: done
    finished: Done {"done": 1}
      deactivate account.chat.ada: done
    "#);
    remote(&mut world).memberships.remove(&("id-admins".into(), "id-eve".into()));
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    read chat: id-ada {"userName": "ada"}; id-bob {"userName": "bob"}; id-admins/id-bob here; id-eve {"userName": "eve"}; id-admins/id-eve gone
    record run started
    record run finished: held
    finished: Held {"held": 1}
      deactivate account.chat.ada: held: last-admin: group.chat.admins needs 2 active members, and of those who are to stay in it only 1 can be seen there now
    "#);
    assert!(world.executed.is_empty());
}

#[test]
fn an_admin_was_switched_off_meanwhile() {
    let mut world = world(&["ada", "bob", "eve"]);
    world.watches = vec![watch(&["ada", "bob", "eve"], &["bob", "eve"], "membership.chat.admins.ada", &["eve"])];
    let plan = plan(&world, &["revoke membership.chat.admins.ada"]);
    remote(&mut world).accounts.get_mut(&Symbol::new("id-eve")).unwrap().active = false;
    remote(&mut world).memberships.insert(("id-admins".into(), "id-kim".into()), Attributes::new());
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    read chat: id-admins/id-ada here; id-bob {"userName": "bob"}; id-admins/id-bob here; id-eve {"userName": "eve"}; id-admins/id-eve here
    record run started
    record run finished: held
    finished: Held {"held": 1}
      revoke membership.chat.admins.ada: held: last-admin: group.chat.admins needs 2 active members, and of those who are to stay in it only 1 can be seen there now
    "#);
    assert!(world.executed.is_empty());
}

#[test]
fn whoever_comes_in_comes_before_somebody_goes() {
    let mut world = world(&["ada", "bob"]);
    world.watches = vec![watch(&["ada", "bob"], &["bob", "eve"], "membership.chat.admins.ada", &[])];
    // The plan's order would take first.
    let plan = plan(&world, &["revoke membership.chat.admins.ada", "grant membership.chat.admins.eve"]);
    let mut refused = world.clone().fault("membership.chat.admins.eve", &[Fault::Refuse]);
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    read chat: id-admins/id-ada here; id-bob {"userName": "bob"}; id-admins/id-bob here; id-eve {"userName": "eve"}; id-admins/id-eve gone
    record run started
    read chat: id-admins/id-eve gone
    record intent 1: grant membership.chat.admins.eve
    call chat: grant membership.chat.admins.eve -> done
    read chat: id-admins/id-ada here; id-bob {"userName": "bob"}; id-admins/id-bob here; id-eve {"userName": "eve"}; id-admins/id-eve here
    record outcome 1: done {}
    record intent 2: revoke membership.chat.admins.ada
    call chat: revoke membership.chat.admins.ada -> done
    record outcome 2: done {}
    record run finished: done
    finished: Done {"done": 2}
      revoke membership.chat.admins.ada: done
      grant membership.chat.admins.eve: done
    "#);
    // And where nobody comes in, nobody goes.
    refused.apply(&plan);
    assert_snapshot!(refused.transcript, @r#"
    read chat: id-admins/id-ada here; id-bob {"userName": "bob"}; id-admins/id-bob here; id-eve {"userName": "eve"}; id-admins/id-eve gone
    record run started
    read chat: id-admins/id-eve gone
    record intent 1: grant membership.chat.admins.eve
    call chat: grant membership.chat.admins.eve -> refused (403 forbidden)
    read chat: id-admins/id-ada here; id-bob {"userName": "bob"}; id-admins/id-bob here; id-eve {"userName": "eve"}; id-admins/id-eve gone
    record outcome 1: not done: 403 forbidden
    record run finished: failed
    finished: Failed {"held": 1, "refused": 1}
      revoke membership.chat.admins.ada: held: last-admin: group.chat.admins needs 2 active members, and of those who are to stay in it only 1 can be seen there now
      grant membership.chat.admins.eve: refused: 403 forbidden
    "#);
    assert!(refused.executed.is_empty());
}

#[test]
fn who_would_have_to_wait_for_ever_stays() {
    let mut world = world(&["ada", "bob"]);
    world.watches = vec![watch(&["ada", "bob"], &["bob", "eve"], "membership.chat.admins.ada", &[])];
    let plan = plan(&world, &["revoke membership.chat.admins.ada", "grant membership.chat.admins.eve < 0"]);
    world.apply(&plan);
    assert_snapshot!(world.transcript, @r#"
    read chat: id-admins/id-ada here; id-bob {"userName": "bob"}; id-admins/id-bob here; id-eve {"userName": "eve"}; id-admins/id-eve gone
    record run started
    read chat: id-admins/id-ada here; id-bob {"userName": "bob"}; id-admins/id-bob here; id-eve {"userName": "eve"}; id-admins/id-eve gone
    read chat: id-admins/id-eve gone
    record intent 1: grant membership.chat.admins.eve
    call chat: grant membership.chat.admins.eve -> done
    record outcome 1: done {}
    record run finished: held
    finished: Held {"done": 1, "held": 1}
      revoke membership.chat.admins.ada: held: last-admin: group.chat.admins needs 2 active members, and of those who are to stay in it only 1 can be seen there now
      grant membership.chat.admins.eve: done
    "#);
}

#[test]
fn what_an_account_owns_is_named_before_it_is_put_away_or_deleted() {
    for action in ["archive", "delete"] {
        let mut world = world(&[]);
        world.connected.get_mut(&Symbol::new("chat")).unwrap().capabilities.transfer = true;
        let plan = plan(&world, &[&format!("{action} account.chat.ada")]);
        let mut owner = world.clone();
        world.apply(&plan);
        let intent = world.lines.iter().find_map(|line| match line {
            Event::Intent { change, .. } => change.before.clone(),
            _ => None,
        });
        assert_eq!(format!("{:?}", intent.unwrap().attributes), r#"{"@owned": [], "userName": "ada"}"#);
        assert!(world.recorded().open.is_empty() && world.executed.len() == 1);
        // It came to own something since the plan was made.
        remote(&mut owner).owned.insert("id-ada".into(), vec!["a", "b"]);
        owner.apply(&plan);
        assert!(
            owner.transcript.contains("held: owned-data: it owns 2 tables in sales by now"),
            "{}",
            owner.transcript
        );
        assert!(owner.executed.is_empty());
    }
}
