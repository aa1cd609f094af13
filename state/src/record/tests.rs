//! A small record with one line of every kind, and what becomes of it when it is harmed.

use super::*;
use crate::{
    Action, Address, Attributes, Change, Digest, Fact, FactKind, Kind, Object, SourceRead, Symbol, Target, Timestamp,
    Undo, Value, Wanted,
};

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

pub(crate) fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    pairs.iter().map(|(name, value)| (Symbol::new(name), Value::text(*value))).collect()
}

pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_795_000_000_000 + millis)
}

pub(crate) fn change(text: &str, action: Action, after: &[(&str, &str)]) -> Change {
    Change {
        address: address(text),
        action,
        before: None,
        after: after.iter().map(|(name, value)| (Symbol::new(name), Wanted::Known(Value::text(*value)))).collect(),
        reasons: Box::default(),
        allocated: Box::default(),
        until: None,
        undo: Undo::AnyTime,
    }
}

pub(crate) fn intent(number: u32, kind: Kind, target: Option<Target>, change: Change) -> Event {
    Event::Intent {
        run: Symbol::new("r1"),
        intent: number,
        change: Box::new(change),
        kind,
        target,
        key: None,
        settle_after: at(60_000),
        why: Vec::new(),
    }
}

pub(crate) fn done(number: u32, object: Object) -> Event {
    outcome(number, EventResult::done(object))
}

pub(crate) fn outcome(number: u32, result: EventResult) -> Event {
    Event::Outcome { run: Symbol::new("r1"), intent: number, result }
}

pub(crate) fn fact(fact: Fact) -> Event {
    Event::Fact { run: Symbol::new("r1"), fact: Box::new(fact), why: Vec::new() }
}

pub(crate) fn opened() -> Event {
    Event::Opened { format: FORMAT, lineage: Symbol::new("l1"), former: None }
}

pub(crate) fn run_started() -> Event {
    Event::RunStarted(Box::new(RunStarted {
        run: Symbol::new("r1"),
        actor: "ada".into(),
        host: "h".into(),
        version: "0.1.0".into(),
        command: vec!["apply".into()],
        commit: Some("4f2a".into()),
        clean: Some(true),
        plan: Digest::ZERO,
        undoes: None,
        limits: [("mass_removal".to_owned(), 0.1)].into(),
        populations: [(address("system.chat"), 12)].into(),
        in_force: Some(super::InForce {
            protections: [(
                Symbol::new("admins"),
                super::Protection {
                    groups: [address("group.chat.eng")].into(),
                    minimum_members: 2,
                    ..super::Protection::default()
                },
            )]
            .into(),
            ..super::InForce::default()
        }),
        approvals: None,
    }))
}

/// An account, a group, a place in it that is taken again, and a change in doubt.
pub(crate) fn events() -> Vec<Event> {
    let membership = Target::Membership { group: Symbol::new("g7"), member: Symbol::new("u1"), nested: false };
    vec![
        opened(),
        run_started(),
        fact(Fact::identity(address("person.ada"), attributes(&[("email", "ada@acme.example")]))),
        fact(Fact::source(&SourceRead {
            name: Symbol::new("hr"),
            rows: 30,
            columns: vec![Symbol::new("mail")],
            having: vec![28],
        })),
        intent(1, Kind::Account, None, change("account.chat.ada", Action::Create, &[("userName", "ada@acme.example")])),
        done(1, Object::new("u1", attributes(&[("userName", "ada@acme.example")]))),
        fact(Fact::new(FactKind::Adopted, address("group.chat.eng")).object(Object::new("g7", Attributes::new()))),
        intent(2, Kind::Membership, Some(membership), change("membership.chat.eng.ada", Action::Grant, &[])),
        done(2, Object::new("", Attributes::new())),
        intent(
            3,
            Kind::Account,
            Some(Target::Account(Symbol::new("u1"))),
            change("account.chat.ada", Action::Update, &[("title", "Countess")]),
        ),
        Event::Transaction { run: Symbol::new("r1"), intents: vec![3], transaction: Symbol::new("4711") },
        outcome(3, EventResult::unknown("timed out")),
        Event::RunFinished { run: Symbol::new("r1"), counts: [("done".to_owned(), 2)].into(), status: "failed".into() },
    ]
}

pub(crate) fn written(events: &[Event]) -> Vec<u8> {
    let (mut chain, mut bytes) = (Chain::default(), Vec::new());
    for (n, event) in events.iter().enumerate() {
        chain.append(at(n as i64), event, &mut bytes).unwrap();
    }
    bytes
}

/// Everything that a reader of the file checks.
pub(crate) fn load(bytes: &[u8]) -> Result<(Recorded, Tail<'_>), Damage> {
    let text = Text::new(bytes)?;
    text.verify(0..text.lines.len())?;
    Ok((text.replay()?, text.tail))
}

#[test]
fn a_line_may_be_torn_anywhere_also_within_a_number() {
    let numbers = [("a", Value::Integer(-7)), ("b", Value::Float(-1.5e-9)), ("c", Value::Float(2.5))];
    let values: Attributes = numbers.into_iter().map(|(name, value)| (Symbol::new(name), value)).collect();
    let bytes = written(&[opened(), fact(Fact::identity(address("person.ada"), values))]);
    let first = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for cut in first + 1..bytes.len() - 1 {
        let (recorded, tail) = load(&bytes[..cut]).unwrap();
        assert!(recorded.identities.is_empty());
        assert!(matches!(tail, Tail::Torn(_)), "{}", String::from_utf8_lossy(&bytes[first..cut]));
    }
}

#[test]
fn what_is_written_is_read() {
    let bytes = written(&events());
    let text = Text::new(&bytes).unwrap();
    let read: Vec<Event> = text.read().map(|line| line.unwrap().1.event).collect();
    assert_eq!(read, events());
    insta::assert_snapshot!(String::from_utf8_lossy(&bytes));
}

#[test]
fn one_altered_byte_is_found_in_its_line() {
    let bytes = written(&events());
    for at in 0..bytes.len() {
        let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        for flip in [1, 0x20, 0x80, bytes[at]] {
            let mut bytes = bytes.clone();
            bytes[at] ^= flip;
            let found = load(&bytes).map(|_| ()).map_err(|damage| damage.line);
            // Where the last line end became a zero, the line still counts and nothing is lost.
            let harmless = at + 1 == bytes.len() && bytes[at] == 0;
            assert_eq!(found, if harmless { Ok(()) } else { Err(line) }, "byte {at} ^ {flip}");
        }
    }
}
