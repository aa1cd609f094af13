//! What safeguards look at again right before a change.

use std::cell::Cell;

use insta::assert_snapshot;
use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::test_runner::TestRunner;
use state::record::Event;
use state::*;

use super::changes::plan;
use super::world::{Fault, World, connected};
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

fn remote(world: &mut World) -> &mut super::remote::Remote {
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

const PEOPLE: [&str; 5] = ["ada", "bob", "eve", "kim", "lou"];

/// Who is in the group, who is to go and who is to come, and what others do before tenure looks.
#[derive(Clone, Debug)]
struct Handover {
    members: Vec<&'static str>,
    goes: Vec<&'static str>,
    comes: Vec<&'static str>,
    removed: Vec<&'static str>,
    switched_off: Vec<&'static str>,
    faults: Vec<Fault>,
    gives_first: bool,
    concurrency: usize,
    seed: u64,
}

fn handover() -> impl Strategy<Value = Handover> {
    let some = |most| subsequence(PEOPLE.to_vec(), 0..=most);
    let fault = prop_oneof![Just(Fault::Refuse), Just(Fault::LostDone), Just(Fault::LostNotDone), Just(Fault::Moved)];
    let people = (subsequence(PEOPLE.to_vec(), 2..=4), some(3), some(3), some(2), some(1));
    (people, prop::collection::vec(fault, 0..3), any::<bool>(), 1usize..4, 1u64..u64::MAX).prop_map(
        |((members, goes, comes, removed, switched_off), faults, gives_first, concurrency, seed)| Handover {
            goes: goes.into_iter().filter(|who| members.contains(who)).collect(),
            comes: comes.into_iter().filter(|who| !members.contains(who)).collect(),
            members,
            removed,
            switched_off,
            faults,
            gives_first,
            concurrency,
            seed,
        },
    )
}

/// Those who are in the group, and active.
fn active(world: &World) -> usize {
    let remote = &world.systems[&Symbol::new("chat")];
    let there = |(_, member): &&(Symbol, Symbol)| remote.accounts[member].active;
    remote.memberships.keys().filter(there).count()
}

/// Plays it; whether somebody was taken out, and whether somebody was held for the group's sake.
fn hand_over(case: &Handover) -> (bool, bool) {
    let mut world = World::new(connected(1, case.concurrency, 0));
    world.group("admins");
    PEOPLE.iter().for_each(|holder| drop(world.account(holder, &[("userName", holder)])));
    case.members.iter().for_each(|holder| world.member("admins", holder));
    let stay: Vec<&str> = PEOPLE
        .into_iter()
        .filter(|who| case.comes.contains(who) || case.members.contains(who) && !case.goes.contains(who))
        .collect();
    if stay.len() < 2 || case.goes.is_empty() {
        return (false, false);
    }
    let address = |who: &&str| format!("membership.chat.admins.{who}");
    let mut all = watch(&case.members, &stay, &address(&case.goes[0]), &[]);
    all.takes = case.goes.iter().map(|who| address(who).parse().unwrap()).collect();
    world.watches = vec![all];
    let gives: Vec<String> = case.comes.iter().map(|who| format!("grant {}", address(who))).collect();
    let takes: Vec<String> = case.goes.iter().map(|who| format!("revoke {}", address(who))).collect();
    let batches = if case.gives_first { [gives, takes] } else { [takes, gives] };
    let batches: Vec<&str> = batches.iter().flatten().map(String::as_str).collect();
    let plan = plan(&world, &batches);
    let group = Symbol::new("id-admins");
    for who in &case.removed {
        remote(&mut world).memberships.remove(&(group, format!("id-{who}").into()));
    }
    for who in &case.switched_off {
        remote(&mut world).accounts.get_mut(&Symbol::from(format!("id-{who}"))).unwrap().active = false;
    }
    for (who, fault) in case.comes.iter().zip(&case.faults) {
        world.faults.insert(address(who).parse().unwrap(), [fault.clone()].into());
    }
    world.seed = case.seed;
    let before = active(&world);
    world.apply(&plan);
    let after = active(&world);
    assert!(after >= before.min(2), "{before} became {after}\n{case:?}\n{}", world.transcript);
    let taken = world.executed.iter().any(|(_, action)| *action == Action::Revoke);
    (taken, world.transcript.contains("held: last-admin"))
}

#[test]
fn whatever_others_do_and_whatever_fails_a_protected_group_keeps_its_members() {
    let (taken, held) = (Cell::new(0), Cell::new(0));
    let config = ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new(config);
    runner
        .run(&handover(), |case| {
            let (took, held_back) = hand_over(&case);
            taken.set(taken.get() + u32::from(took));
            held.set(held.get() + u32::from(held_back));
            Ok(())
        })
        .unwrap_or_else(|failed| panic!("{failed}"));
    assert!(taken.get() > 20 && held.get() > 20, "taken in {} cases, held in {}", taken.get(), held.get());
}
