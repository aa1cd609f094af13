//! Random worlds, faults and crashes: nothing is lost, doubled or unlogged.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use state::record::{Event, EventResult};
use state::*;

use super::changes::{change, plan};
use super::world::{Fault, World, connected};
use crate::apply::resolve::Nothing;
use crate::apply::settle;

/// What is wanted: accounts, groups, and who is in which.
#[derive(Clone, Debug)]
struct Desired {
    /// By number: whether the account is there already, with an old mail.
    accounts: Vec<bool>,
    /// Whether the group is there already.
    groups: Vec<bool>,
    members: BTreeSet<(usize, usize)>,
}

#[derive(Clone, Debug)]
struct Scenario {
    desired: Desired,
    batch: usize,
    concurrency: usize,
    visibility: u64,
    transactional: bool,
    faults: Vec<(usize, Fault)>,
    crash_after: Option<usize>,
    seed: u64,
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let desired = (prop::collection::vec(any::<bool>(), 1..6), prop::collection::vec(any::<bool>(), 1..4))
        .prop_flat_map(|(accounts, groups)| {
            let members = prop::collection::btree_set((0..groups.len(), 0..accounts.len()), 0..8);
            members.prop_map(move |members| Desired { accounts: accounts.clone(), groups: groups.clone(), members })
        });
    let fault = prop_oneof![
        Just(Fault::Refuse),
        Just(Fault::Later(50)),
        Just(Fault::LostDone),
        Just(Fault::LostNotDone),
        Just(Fault::Moved),
    ];
    let faults = prop::collection::vec((0usize..12, fault), 0..5);
    let crash = prop::option::of(0usize..60);
    let visibility = prop_oneof![Just(0u64), Just(400)];
    (desired, 1usize..4, 1usize..4, visibility, any::<bool>(), faults, crash, 1u64..u64::MAX).prop_map(
        |(desired, batch, concurrency, visibility, transactional, faults, crash_after, seed)| Scenario {
            desired,
            batch,
            concurrency,
            visibility,
            transactional,
            faults,
            crash_after,
            seed,
        },
    )
}

fn world(scenario: &Scenario) -> World {
    let mut world = World::new(connected(scenario.batch, scenario.concurrency, scenario.visibility));
    for (n, _) in scenario.desired.accounts.iter().enumerate().filter(|(_, there)| **there) {
        world.account(&format!("a{n}"), &[("userName", &format!("a{n}")), ("mail", "old")]);
    }
    for (n, _) in scenario.desired.groups.iter().enumerate().filter(|(_, there)| **there) {
        world.group(&format!("g{n}"));
    }
    let addresses: Vec<Address> = texts(&world, &scenario.desired).iter().map(|t| change(&world, t).address).collect();
    for (n, fault) in &scenario.faults {
        if let Some(address) = addresses.get(*n % addresses.len().max(1)) {
            world.faults.entry(*address).or_default().push_back(fault.clone());
        }
    }
    world.transactional = scenario.transactional;
    world.seed = scenario.seed;
    world.crash_after = scenario.crash_after;
    world
}

/// The changes from what is recorded to what is wanted.
fn texts(world: &World, desired: &Desired) -> Vec<String> {
    let recorded = world.recorded();
    let known = |address: &str| recorded.objects.get(&address.parse::<Address>().unwrap());
    let mut texts = Vec::new();
    for n in 0..desired.accounts.len() {
        match known(&format!("account.chat.a{n}")) {
            None => texts.push(format!("create account.chat.a{n} userName=a{n} mail=new")),
            Some(object) if object.attributes.get("mail".into()) != Some(&Value::text("new")) => {
                texts.push(format!("update account.chat.a{n} mail=new"));
            }
            Some(_) => {}
        }
    }
    for n in 0..desired.groups.len() {
        if known(&format!("group.chat.g{n}")).is_none() {
            texts.push(format!("create group.chat.g{n} displayName=g{n}"));
        }
    }
    for (group, member) in &desired.members {
        if known(&format!("membership.chat.g{group}.a{member}")).is_none() {
            texts.push(format!("grant membership.chat.g{group}.a{member}"));
        }
    }
    texts
}

/// Plans what is still to be done: accounts and groups in one batch, then memberships by group. What is in doubt is
/// left out, with what depends on it.
fn replan(world: &World, desired: &Desired, doubts: &BTreeSet<Address>) -> Plan {
    let texts = texts(world, desired);
    let free = |text: &&String| {
        let address = change(world, text).address;
        let ends = [Some(address), address.parent_group(), address.member()];
        ends.into_iter().flatten().all(|address| !doubts.contains(&address))
    };
    let (grants, makes): (Vec<&String>, Vec<&String>) = texts.iter().filter(free).partition(|t| t.starts_with("grant"));
    let mut batches: Vec<String> = Vec::new();
    if !makes.is_empty() {
        batches.push(makes.iter().map(|text| text.as_str()).collect::<Vec<_>>().join("; "));
    }
    let mut by_group: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for grant in grants {
        by_group.entry(grant.split('.').nth(2).unwrap()).or_default().push(grant);
    }
    let after = if makes.is_empty() { "" } else { " < 0" };
    batches.extend(by_group.values().map(|grants| format!("{}{after}", grants.join("; "))));
    plan(world, &batches.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Each intent has one final outcome at most, and an outcome only after it.
fn assert_paired(world: &World) {
    let mut open: BTreeSet<(Symbol, u32)> = BTreeSet::new();
    for line in &world.lines {
        match line {
            Event::Intent { run, intent, .. } => {
                assert!(open.insert((*run, *intent)), "intent {intent} of {run} twice\n{}", world.transcript);
            }
            Event::Outcome { run, intent, result } => {
                let known = match result {
                    EventResult::Unknown { .. } => open.contains(&(*run, *intent)),
                    _ => open.remove(&(*run, *intent)),
                };
                assert!(known, "outcome without intent {intent} of {run}\n{}", world.transcript);
            }
            _ => {}
        }
    }
    let left: BTreeSet<(Symbol, u32)> = world.recorded().open.iter().map(|open| (open.run, open.intent)).collect();
    assert_eq!(left, open);
}

fn assert_nothing_twice(world: &World) {
    let mut done = BTreeSet::new();
    for executed in &world.executed {
        assert!(done.insert(*executed), "{executed:?} was carried out twice\n{}", world.transcript);
    }
    for remote in world.systems.values() {
        let mut names = BTreeSet::new();
        for object in remote.accounts.values().chain(remote.groups.values()) {
            let name = object.attributes.get("userName".into()).or(object.attributes.get("displayName".into()));
            assert!(names.insert(name), "{name:?} was made twice\n{}", world.transcript);
        }
    }
}

fn assert_world_is_as_wanted(world: &World, desired: &Desired) {
    let remote = world.systems.get(&Symbol::new("chat")).cloned().unwrap_or_default();
    let mails = remote.accounts.values().filter(|a| a.attributes.get("mail".into()) == Some(&Value::text("new")));
    assert_eq!(mails.count(), desired.accounts.len(), "{}", world.transcript);
    assert_eq!(remote.accounts.len(), desired.accounts.len(), "{}", world.transcript);
    assert_eq!(remote.groups.len(), desired.groups.len(), "{}", world.transcript);
    assert_eq!(remote.memberships.len(), desired.members.len(), "{}", world.transcript);
}

/// Runs, dies, settles and runs again until nothing is left to do.
fn play(scenario: &Scenario) -> World {
    let mut world = world(scenario);
    let mut doubts = BTreeSet::new();
    for round in 0..12 {
        let plan = replan(&world, &scenario.desired, &doubts);
        if plan.is_empty() && world.recorded().open.is_empty() {
            break;
        }
        world.drive(&plan, Box::new(Nothing), &format!("r{}", round + 1));
        world.crash_after = None;
        assert_paired(&world);
        assert_nothing_twice(&world);
        // Later, under the lock: what was in doubt is looked at.
        world.now = world.now.plus_millis(120_000);
        let observed = world.observed("chat");
        let inventories = BTreeMap::from([(Symbol::new("chat"), &observed)]);
        let settlement =
            settle(&world.recorded(), &inventories, &world.asked(), &world.connected, &|_| true, world.now);
        world.lines.extend(settlement.events);
        doubts = settlement.doubts.iter().map(|doubt| doubt.address).collect();
        assert_paired(&world);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_doubled_or_unlogged(scenario in scenario()) {
        let world = play(&scenario);
        assert_world_is_as_wanted(&world, &scenario.desired);
        prop_assert!(world.recorded().open.is_empty());
        prop_assert!(world.recorded().oddities.is_empty(), "{:?}", world.recorded().oddities);
    }

    #[test]
    fn the_same_answers_give_the_same_steps(scenario in scenario()) {
        prop_assert_eq!(play(&scenario).transcript, play(&scenario).transcript);
    }
}
