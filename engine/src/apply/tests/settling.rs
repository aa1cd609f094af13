//! What an earlier run left in doubt.

use insta::assert_snapshot;
use state::record::{Event, OpenIntent};
use state::*;

use super::changes::change;
use super::remote::pairs;
use super::words::result_brief;
use super::world::{World, connected};
use crate::apply::{Answers, settle};

/// A world with ada (a@x), a group `team` with ada, and with these intents open; `done` changes it before it is looked
/// at, `wait` milliseconds after the intents. `... ! made 7`: the system said under which id; `... ! taken`: it refused
/// since the key is there.
fn settled(intents: &[&str], done: impl Fn(&mut super::remote::Remote), wait: i64) -> String {
    settled_with(intents, done, wait, None)
}

/// The same, where all of it was the transaction `t1`, of which the system says this.
fn settled_with(
    intents: &[&str],
    done: impl Fn(&mut super::remote::Remote),
    wait: i64,
    said: Option<Result<TransactionState, String>>,
) -> String {
    let mut world = World::new(connected(1, 1, 0));
    world.account("ada", &[("userName", "ada"), ("mail", "a@x")]);
    world.group("team");
    world.member("team", "ada");
    let mut recorded = world.recorded();
    for (intent, text) in (1..).zip(intents) {
        let (text, known) = text.split_once(" ! ").unwrap_or((text, ""));
        let change = change(&world, text);
        let id = |address: Address| Symbol::from(format!("id-{}", address.holder().or(address.group()).unwrap()));
        let (kind, target) = match change.address {
            Address::Membership { .. } => {
                let ends = (change.address.parent_group().unwrap(), change.address.member().unwrap());
                let target = Target::Membership { group: id(ends.0), member: id(ends.1), nested: false };
                (Kind::Membership, Some(target))
            }
            address if change.action == Action::Create => (kind_of(address), None),
            address => (Kind::Account, Some(Target::Account(id(address)))),
        };
        let key = change.after.iter().find_map(|(name, wanted)| match wanted {
            Wanted::Known(value) if *name == "userName" && change.action == Action::Create => {
                Some((*name, value.clone()))
            }
            _ => None,
        });
        recorded.open.push(OpenIntent {
            run: "r1".into(),
            intent,
            at: world.now,
            change,
            kind,
            target,
            key,
            settle_after: world.now.plus_millis(10_000),
            why: vec![],
            error: None,
            transaction: said.as_ref().map(|_| "t1".into()),
            made: known.strip_prefix("made ").map(Symbol::new),
            taken: known == "taken",
        });
    }
    done(world.systems.get_mut(&Symbol::new("chat")).unwrap());
    world.now = world.now.plus_millis(wait);
    let observed = world.observed("chat");
    let inventories = std::collections::BTreeMap::from([(Symbol::new("chat"), &observed)]);
    let transactions = said.map(|said| ((Symbol::new("chat"), Symbol::new("t1")), said)).into_iter().collect();
    let answers = Answers { transactions, ..world.asked() };
    // `ghost` is somebody whom the files do not know any more.
    let again = |address: Address| address.holder() != Some("ghost".into());
    let settlement = settle(&recorded, &inventories, &answers, &world.connected, &again, world.now);
    let events = settlement.events.iter().map(|event| match event {
        Event::Outcome { intent, result, .. } => format!("{intent}: {}", result_brief(result)),
        other => format!("{other:?}"),
    });
    let doubts = settlement.doubts.iter().map(|doubt| format!("{}: {} ({})", doubt.intent, doubt.message, doubt.hint));
    events.chain(doubts).collect::<Vec<_>>().join("\n")
}

fn kind_of(address: Address) -> Kind {
    match address {
        Address::Group { .. } => Kind::Group,
        _ => Kind::Account,
    }
}

fn account(id: &str, attributes: &[(&str, &str)]) -> (Symbol, Object) {
    (id.into(), Object::new(id, pairs(attributes)))
}

#[test]
fn as_wanted_is_done_and_as_before_is_not_done() {
    let intents = [
        "update account.chat.ada mail=b@x",
        "deactivate account.chat.ada",
        "grant membership.chat.team.bob",
        "revoke membership.chat.team.ada",
    ];
    assert_snapshot!(settled(&intents, |_| {}, 10_000), @r"
    1: not done: no answer was recorded; looked at later: it did not happen (settled)
    2: not done: no answer was recorded; looked at later: it did not happen (settled)
    3: not done: no answer was recorded; looked at later: it did not happen (settled)
    4: not done: no answer was recorded; looked at later: it did not happen (settled)
    ");
    let done = |remote: &mut super::remote::Remote| {
        let ada = remote.accounts.get_mut(&Symbol::new("id-ada")).unwrap();
        ada.attributes = pairs(&[("userName", "ada"), ("mail", "b@x")]);
        ada.active = false;
        remote.memberships.clear();
        remote.memberships.insert(("id-team".into(), "id-bob".into()), Attributes::new());
    };
    assert_snapshot!(settled(&intents, done, 10_000), @r#"
    1: done id-ada{"mail": "b@x", "userName": "ada"} (settled)
    2: done id-ada{"mail": "b@x", "userName": "ada"} (settled)
    3: done {} (settled)
    4: done {} (settled)
    "#);
}

#[test]
fn neither_is_said_and_too_early_is_too_early() {
    let other = |remote: &mut super::remote::Remote| {
        remote.accounts.get_mut(&Symbol::new("id-ada")).unwrap().attributes = pairs(&[("mail", "c@x")]);
    };
    let intents = ["update account.chat.ada mail=b@x", "create account.corp.x a=b"];
    assert_snapshot!(settled(&intents, other, 10_000), @r#"
    1: diverged: mail is "c@x", before it was "a@x", wanted is "b@x"
    2: create of account.corp.x is in doubt: its system could not be read (make the system readable and plan again)
    "#);
    assert_snapshot!(settled(&intents[..1], |remote| remote.accounts.clear(), 10_000), @"1: diverged: it is gone");
    assert_snapshot!(settled(&intents[..1], other, 9_999), @r"
    1: update of account.chat.ada is in doubt: a call of run r1 may still be under way (plan again after that time)
    ");
}

#[test]
fn a_system_that_shows_nothing_says_nothing_of_a_creation_that_nobody_plans_again() {
    let create = ["create account.chat.ghost userName=ghost", "create account.chat.bob userName=bob"];
    assert_snapshot!(settled(&create, |_| {}, 10_000), @r"
    1: not done: no answer was recorded; looked at later: it did not happen (settled)
    2: not done: no answer was recorded; looked at later: it did not happen (settled)
    ");
    assert_snapshot!(settled(&create, |remote| remote.accounts.clear(), 10_000), @r#"
    2: not done: no answer was recorded; looked at later: it did not happen (settled)
    1: create of account.chat.ghost is in doubt: the system shows no account at all, so it does not tell (each run looks again, until the system shows one; where it is empty, `forget { address = "account.chat.ghost" }` lets go of it)
    "#);
    let there = |remote: &mut super::remote::Remote| {
        remote.accounts.clear();
        remote.accounts.extend([account("7", &[("userName", "ghost")])]);
    };
    assert_snapshot!(settled(&create, there, 10_000), @r#"
    1: done 7{"userName": "ghost"} (settled)
    2: not done: no answer was recorded; looked at later: it did not happen (settled)
    "#);
    let aborted = Some(Ok(TransactionState::Aborted));
    assert_snapshot!(settled_with(&create[..1], |remote| remote.accounts.clear(), 0, aborted), @"1: not done: no answer was recorded; transaction t1 was rolled back (settled)");
}

#[test]
fn a_creation_is_found_by_its_key_among_those_that_nobody_is_bound_to() {
    let create = ["create account.chat.bob userName=Bob mail=b@x"];
    assert_snapshot!(settled(&create, |_| {}, 10_000), @r"
    1: not done: no answer was recorded; looked at later: it did not happen (settled)
    ");
    let made = |remote: &mut super::remote::Remote| {
        remote.accounts.extend([account("7", &[("userName", "bob"), ("mail", "b@x")])]);
    };
    assert_snapshot!(settled(&create, made, 10_000), @r#"
    1: done 7{"mail": "b@x", "userName": "bob"} (settled)
    "#);
    let twice = |remote: &mut super::remote::Remote| {
        remote.accounts.extend([account("7", &[("userName", "bob")]), account("8", &[("userName", "BOB")])]);
    };
    assert_snapshot!(settled(&create, twice, 10_000), @r"
    1: create of account.chat.bob is in doubt: 2 objects could be it: 7, 8 (say which one it is with an `adopt` block)
    ");
    // Ada's account is bound to its recorded address: it cannot be what was made.
    assert_snapshot!(settled(&["create account.chat.ada2 userName=ada"], |_| {}, 10_000), @r"
    1: not done: no answer was recorded; looked at later: it did not happen (settled)
    ");
    // Without a natural key all attributes must be there; one object settles one creation.
    let twins = ["create account.chat.x mail=x@x", "create account.chat.y mail=x@x"];
    let one = |remote: &mut super::remote::Remote| remote.accounts.extend([account("9", &[("mail", "x@x")])]);
    assert_snapshot!(settled(&twins, one, 10_000), @r#"
    1: done 9{"mail": "x@x"} (settled)
    2: not done: no answer was recorded; looked at later: it did not happen (settled)
    "#);
}

#[test]
fn what_a_system_said_that_it_made_is_found_by_that_id() {
    let made = ["create account.chat.bob userName=bob mail=b@x ! made 7"];
    let renamed = |remote: &mut super::remote::Remote| {
        remote
            .accounts
            .extend([account("7", &[("userName", "rob"), ("mail", "b@x")]), account("8", &[("userName", "bob")])]);
    };
    assert_snapshot!(settled(&made, renamed, 10_000), @r#"
    1: done 7{"mail": "b@x", "userName": "rob"} (settled)
    "#);
    let elsewhere = |remote: &mut super::remote::Remote| {
        remote.accounts.extend([account("8", &[("userName", "bob"), ("mail", "b@x")])]);
    };
    assert_snapshot!(settled(&made, elsewhere, 10_000), @r#"
    1: done 8{"mail": "b@x", "userName": "bob"} (settled)
    "#);
}

#[test]
fn what_was_refused_for_its_key_is_ours_only_if_it_is_as_it_was_to_be() {
    let taken = ["create account.chat.bob userName=bob mail=b@x ! taken"];
    let ours = |remote: &mut super::remote::Remote| {
        remote.accounts.extend([account("7", &[("userName", "bob"), ("mail", "b@x")])]);
    };
    assert_snapshot!(settled(&taken, ours, 10_000), @r#"
    1: done 7{"mail": "b@x", "userName": "bob"} (settled)
    "#);
    let theirs = |remote: &mut super::remote::Remote| {
        remote.accounts.extend([account("7", &[("userName", "bob"), ("mail", "bob@elsewhere")])]);
    };
    assert_snapshot!(settled(&taken, theirs, 10_000), @r"
    1: not done: no answer was recorded; looked at later: it is another's (settled)
    ");
}

#[test]
fn what_was_a_transaction_is_settled_by_the_word_of_its_system_without_waiting() {
    let intents = ["update account.chat.ada mail=b@x", "create account.chat.bob userName=bob"];
    let done = |remote: &mut super::remote::Remote| {
        remote.accounts.get_mut(&Symbol::new("id-ada")).unwrap().attributes =
            pairs(&[("userName", "ada"), ("mail", "b@x")]);
        remote.accounts.extend([account("7", &[("userName", "bob")])]);
    };
    let said = |state| Some(Ok(state));
    assert_snapshot!(settled_with(&intents, done, 0, said(TransactionState::Committed)), @r#"
    1: done id-ada{"mail": "b@x", "userName": "ada"} (settled)
    2: done 7{"userName": "bob"} (settled)
    "#);
    assert_snapshot!(settled_with(&intents, |_| {}, 0, said(TransactionState::Committed)), @r"
    1: diverged: its transaction was committed, and it has been changed back since
    2: diverged: its transaction was committed, and it has been changed back since
    ");
    assert_snapshot!(settled_with(&intents, |_| {}, 0, said(TransactionState::Aborted)), @r"
    1: not done: no answer was recorded; transaction t1 was rolled back (settled)
    2: not done: no answer was recorded; transaction t1 was rolled back (settled)
    ");
    assert_snapshot!(settled_with(&intents, |_| {}, 60_000, said(TransactionState::InProgress)), @r"
    1: update of account.chat.ada is in doubt: its transaction t1 is still open (plan again when it has ended; the system says who holds it up)
    2: create of account.chat.bob is in doubt: its transaction t1 is still open (plan again when it has ended; the system says who holds it up)
    ");
    assert_snapshot!(settled_with(&intents[..1], done, 60_000, Some(Err("503".into()))), @r"
    1: update of account.chat.ada is in doubt: what became of its transaction t1 could not be asked: 503 (make the system readable and plan again)
    ");
    // A system that does not know says nothing: then it is looked at, once that tells something.
    assert_snapshot!(settled_with(&intents[..1], done, 9_999, said(TransactionState::Unknown)), @r"
    1: update of account.chat.ada is in doubt: a call of run r1 may still be under way (plan again after that time)
    ");
    assert_snapshot!(settled_with(&intents[..1], done, 10_000, said(TransactionState::Unknown)), @r#"
    1: done id-ada{"mail": "b@x", "userName": "ada"} (settled)
    "#);
}

#[test]
fn a_secret_in_a_committed_transaction_is_set() {
    let intents = ["update account.chat.ada password=!1234"];
    assert_snapshot!(settled_with(&intents, |_| {}, 0, Some(Ok(TransactionState::Committed))), @r#"1: done id-ada{"mail": "a@x", "password": "hmac-sha256:1234", "userName": "ada"} (settled)"#);
    assert_snapshot!(settled(&intents, |_| {}, 10_000), @"1: diverged: a secret cannot be looked at: it will be set again");
}

#[test]
fn what_was_done_in_part_is_neither() {
    let seen = |mail: &'static str| {
        let intents = ["update account.chat.ada mail=b@x userName=ada2"];
        settled(
            &intents,
            |remote| {
                remote.accounts.get_mut(&Symbol::new("id-ada")).unwrap().attributes =
                    pairs(&[("userName", "ada"), ("mail", mail)]);
            },
            10_000,
        )
    };
    assert_snapshot!(seen("a@x"), @"1: not done: no answer was recorded; looked at later: it did not happen (settled)");
    assert_snapshot!(seen("b@x"), @r#"1: diverged: it was done in part: userName is "ada", wanted is "ada2""#);
}
