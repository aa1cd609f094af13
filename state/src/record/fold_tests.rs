//! What events do to what is known: each case is events and the state after them.

use super::tests::{address, at, attributes, change, done, events, fact, intent, load, opened, outcome, written};
use super::*;
use crate::{Action, Attributes, Fact, FactKind, Kind, Object, Symbol, Target, Value, Wanted};

const ADA: &str = "account.chat.ada";

/// What is recorded, a line for each object: address, id, flags, attributes.
fn state_after(events: &[Event]) -> Vec<String> {
    let bytes = written(&[&[opened()], events].concat());
    let (recorded, _) = load(&bytes).unwrap();
    let mut lines: Vec<String> = recorded
        .objects
        .iter()
        .map(|(address, object)| {
            let mut line = format!("{address} {} {:?}", object.id, object.attributes);
            if object.origin == Origin::Adopted {
                line += " adopted";
            }
            if !object.active {
                line += if object.deactivated_by_us { " off by us" } else { " off" };
            }
            line
        })
        .collect();
    lines.sort();
    lines.extend(recorded.removals.iter().map(|removal| {
        format!("{} {}{}", removal.action.word(), removal.address, if removal.announced { " announced" } else { "" })
    }));
    lines.extend(recorded.open.iter().map(|open| {
        let transaction = open.transaction.map_or(String::new(), |transaction| format!(" as {transaction}"));
        format!("open {} {:?}{transaction}", open.change.address, open.error)
    }));
    lines.extend(recorded.oddities);
    lines
}

fn made(number: u32, text: &str, id: &str, pairs: &[(&str, &str)]) -> Vec<Event> {
    let kind = if text.starts_with("account") { Kind::Account } else { Kind::Group };
    vec![
        intent(number, kind, None, change(text, Action::Create, pairs)),
        done(number, Object::new(id, attributes(pairs))),
    ]
}

fn placed(number: u32, text: &str) -> Vec<Event> {
    vec![
        intent(number, Kind::Membership, None, change(text, Action::Grant, &[])),
        done(number, Object::new("", Attributes::new())),
    ]
}

fn changed(number: u32, text: &str, action: Action, result: EventResult) -> Vec<Event> {
    vec![
        intent(number, Kind::Account, Some(Target::Account(Symbol::new("u1"))), change(text, action, &[("t", "new")])),
        outcome(number, result),
    ]
}

fn settled(pairs: &[(&str, &str)]) -> EventResult {
    EventResult::done(Object::new("u1", attributes(pairs)))
}

fn moved(former: &str, to: &str) -> Event {
    fact(Fact { former: Some(address(former)), ..Fact::new(FactKind::Moved, address(to)) })
}

#[test]
fn changes() {
    let ada = || made(1, ADA, "u1", &[("t", "old")]);
    let off = Object { active: false, ..Object::new("u1", attributes(&[("t", "old")])) };
    let cases: Vec<(&str, Vec<Event>, &[&str])> = vec![
        ("made", ada(), &["account.chat.ada u1 {\"t\": \"old\"}"]),
        (
            "updated",
            [ada(), changed(2, ADA, Action::Update, settled(&[("t", "new")]))].concat(),
            &["account.chat.ada u1 {\"t\": \"new\"}"],
        ),
        (
            "refused",
            [ada(), changed(2, ADA, Action::Update, EventResult::NotDone { error: "403".into(), settled: false })]
                .concat(),
            &["account.chat.ada u1 {\"t\": \"old\"}"],
        ),
        (
            "in doubt",
            [ada(), changed(2, ADA, Action::Update, EventResult::unknown("lost"))].concat(),
            &["account.chat.ada u1 {\"t\": \"old\"}", "open account.chat.ada Some(\"lost\")"],
        ),
        (
            "a transaction in doubt, and one that nobody announced",
            [
                ada(),
                vec![
                    intent(2, Kind::Account, None, change(ADA, Action::Update, &[])),
                    Event::Transaction {
                        run: Symbol::new("r1"),
                        intents: vec![2, 9],
                        transaction: Symbol::new("4711"),
                    },
                ],
            ]
            .concat(),
            &[
                "account.chat.ada u1 {\"t\": \"old\"}",
                "open account.chat.ada None as 4711",
                "line 5: a transaction names intent 9 of run r1, which is not open",
            ],
        ),
        (
            "in doubt, then settled",
            [
                ada(),
                changed(2, ADA, Action::Update, EventResult::unknown("lost")),
                vec![outcome(2, settled(&[("t", "new")]))],
            ]
            .concat(),
            &["account.chat.ada u1 {\"t\": \"new\"}"],
        ),
        (
            "diverged",
            [
                ada(),
                changed(
                    2,
                    ADA,
                    Action::Update,
                    EventResult::Diverged {
                        error: "odd".into(),
                        seen: Some(Object::new("u1", attributes(&[("t", "odd")]))),
                    },
                ),
            ]
            .concat(),
            &["account.chat.ada u1 {\"t\": \"odd\"}"],
        ),
        (
            "deactivated",
            [ada(), changed(2, ADA, Action::Deactivate, EventResult::done(off.clone()))].concat(),
            &["account.chat.ada u1 {\"t\": \"old\"} off by us", "deactivate account.chat.ada"],
        ),
        (
            "deactivated and reactivated",
            [
                ada(),
                changed(2, ADA, Action::Deactivate, EventResult::done(off.clone())),
                changed(3, ADA, Action::Reactivate, settled(&[("t", "new")])),
            ]
            .concat(),
            &["account.chat.ada u1 {\"t\": \"new\"}", "deactivate account.chat.ada"],
        ),
        (
            "switched off by others",
            [ada(), vec![fact(Fact::new(FactKind::Drifted, address(ADA)).object(off))]].concat(),
            &["account.chat.ada u1 {\"t\": \"old\"} off"],
        ),
        (
            "given and taken",
            [
                ada(),
                made(2, "group.chat.eng", "g1", &[]),
                placed(3, "membership.chat.eng.ada"),
                vec![
                    intent(4, Kind::Membership, None, change("membership.chat.eng.ada", Action::Revoke, &[])),
                    done(4, Object::new("", Attributes::new())),
                ],
            ]
            .concat(),
            &["account.chat.ada u1 {\"t\": \"old\"}", "group.chat.eng g1 {}", "revoke membership.chat.eng.ada"],
        ),
        (
            "answer to nothing",
            vec![done(9, Object::new("u1", Attributes::new()))],
            &["line 2: the outcome of intent 9 of run r1 has no open intent"],
        ),
        (
            "explained",
            vec![fact(
                Fact::new(FactKind::Explained, address("membership.chat.eng.ada"))
                    .object(Object::new("", Attributes::new())),
            )],
            &["membership.chat.eng.ada  {} adopted"],
        ),
    ];
    for (name, events, expected) in cases {
        assert_eq!(state_after(&events), expected, "{name}");
    }
}

#[test]
fn moves_take_along_what_belongs_to_them() {
    let world = [
        made(1, ADA, "u1", &[]),
        made(2, "account.mail.ada", "m1", &[]),
        made(3, "account.chat.al", "u2", &[]),
        made(4, "group.chat.eng", "g1", &[]),
        made(5, "group.chat.all", "g2", &[]),
        placed(6, "membership.chat.eng.ada"),
        placed(7, "membership.chat.all.group.eng"),
    ]
    .concat();
    let cases: [(&[Event], &[&str]); 7] = [
        (
            &[moved("person.ada", "person.eda")],
            &[
                "account.chat.al",
                "account.chat.eda",
                "account.mail.eda",
                "group.chat.all",
                "group.chat.eng",
                "membership.chat.all.group.eng",
                "membership.chat.eng.eda",
            ],
        ),
        // The facts of a plan name every object that moves; the second and third are done already.
        (
            &[
                moved("person.ada", "person.eda"),
                moved(ADA, "account.chat.eda"),
                moved("membership.chat.eng.ada", "membership.chat.eng.eda"),
            ],
            &[
                "account.chat.al",
                "account.chat.eda",
                "account.mail.eda",
                "group.chat.all",
                "group.chat.eng",
                "membership.chat.all.group.eng",
                "membership.chat.eng.eda",
            ],
        ),
        (
            &[moved("group.chat.eng", "group.chat.dev")],
            &[
                "account.chat.ada",
                "account.chat.al",
                "account.mail.ada",
                "group.chat.all",
                "group.chat.dev",
                "membership.chat.all.group.dev",
                "membership.chat.dev.ada",
            ],
        ),
        (
            &[moved("system.chat", "system.talk")],
            &[
                "account.mail.ada",
                "account.talk.ada",
                "account.talk.al",
                "group.talk.all",
                "group.talk.eng",
                "membership.talk.all.group.eng",
                "membership.talk.eng.ada",
            ],
        ),
        // Names that are swapped.
        (
            &[moved("person.ada", "person.al"), moved("person.al", "person.ada")],
            &[
                "account.chat.ada",
                "account.chat.al",
                "account.mail.al",
                "group.chat.all",
                "group.chat.eng",
                "membership.chat.all.group.eng",
                "membership.chat.eng.al",
            ],
        ),
        (
            &[fact(Fact::new(FactKind::Forgotten, address("group.chat.eng")))],
            &["account.chat.ada", "account.chat.al", "account.mail.ada", "group.chat.all"],
        ),
        (
            &[moved("person.nobody", "person.ada")],
            &[
                "account.chat.ada",
                "account.chat.al",
                "account.mail.ada",
                "group.chat.all",
                "group.chat.eng",
                "membership.chat.all.group.eng",
                "membership.chat.eng.ada",
            ],
        ),
    ];
    for (moves, expected) in cases {
        let after = state_after(&[&world[..], moves].concat());
        let addresses: Vec<&str> = after.iter().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(addresses, expected, "{moves:?}");
    }
}

#[test]
fn ends_of_memberships_are_the_ids_of_both() {
    let bytes = written(
        &[
            vec![opened()],
            made(1, ADA, "u1", &[]),
            made(2, "group.chat.eng", "g1", &[]),
            placed(3, "membership.chat.eng.ada"),
        ]
        .concat(),
    );
    let recorded = load(&bytes).unwrap().0;
    let target = recorded.objects[&address("membership.chat.eng.ada")].target;
    assert_eq!(target, Some(Target::Membership { group: Symbol::new("g1"), member: Symbol::new("u1"), nested: false }));
}

#[test]
fn secrets_and_numbers_are_kept() {
    let hmac = Value::text("hmac-sha256:00");
    let mut create = change(ADA, Action::Create, &[]);
    create.after = [
        (Symbol::new("password"), Wanted::Secret { hmac: Symbol::new("hmac-sha256:00") }),
        (Symbol::new("uid"), Wanted::Known(Value::Integer(10_001))),
    ]
    .into();
    create.allocated = Box::from([Symbol::new("uid")]);
    let seen = Object::new("u1", attributes(&[("mail", "x")]));
    let mut events =
        vec![opened(), intent(1, Kind::Account, None, create), done(1, Object::new("u1", Attributes::new()))];
    events.push(fact(Fact::new(FactKind::Drifted, address(ADA)).object(seen)));
    let (recorded, _) = load(&written(&events)).map(|(recorded, _)| (recorded, ())).unwrap();
    assert_eq!(recorded.objects[&address(ADA)].attributes.get(Symbol::new("password")), Some(&hmac));
    assert_eq!(recorded.numbers[&(Symbol::new("chat"), Symbol::new("uid"))][&10_001], Symbol::new("ada"));
}

#[test]
fn windows_forget_what_is_old() {
    const DAY: i64 = 86_400_000;
    let mut recorded = Recorded::default();
    let mut say = |n: u64, days: i64, event: Event| recorded.apply(Line { n, at: at(days * DAY), event }).unwrap();
    say(1, 0, opened());
    let mut n = 1;
    for day in [0, 3, 8] {
        let revoke = change("membership.chat.eng.ada", Action::Revoke, &[]);
        for event in [
            super::tests::run_started(),
            intent(n as u32, Kind::Membership, None, revoke),
            done(n as u32, Object::new("", Attributes::new())),
        ] {
            n += 1;
            say(n, day, event);
        }
    }
    recorded.finish().unwrap();
    assert_eq!(recorded.removals.iter().map(|removal| removal.at).collect::<Vec<_>>(), [at(3 * DAY), at(8 * DAY)]);
    assert_eq!(recorded.populations[&address("system.chat")].len(), 3);
    recorded.apply(Line { n: n + 1, at: at(9 * DAY), event: super::tests::run_started() }).unwrap();
    assert_eq!(recorded.populations[&address("system.chat")].len(), 3);
}

/// Who is suspended after somebody was taken for another reason does not make that less of a removal.
#[test]
fn what_the_red_button_takes_is_what_came_after_it() {
    let announced = |suspended: i64, intended: i64| {
        let suspend = fact(Fact::suspension(address("person.ada"), false, "stolen laptop", "security"));
        let mut lines = vec![
            (suspended, suspend),
            (intended, super::tests::run_started()),
            (intended, intent(1, Kind::Account, None, change(ADA, Action::Deactivate, &[]))),
        ];
        lines.sort_by_key(|(at, _)| *at);
        lines.push((9, done(1, Object { active: false, ..Object::new("u1", Attributes::new()) })));
        let mut recorded = Recorded::default();
        for (n, (millis, event)) in (1..).zip(std::iter::once((0, opened())).chain(lines)) {
            recorded.apply(Line { n, at: at(millis), event }).unwrap();
        }
        recorded.removals.iter().map(|removal| removal.announced).collect::<Vec<_>>()
    };
    assert_eq!(announced(1, 2), [true]);
    assert_eq!(announced(1, 1), [true]);
    assert_eq!(announced(3, 2), [false]);
}

#[test]
fn what_a_later_version_adds_is_passed_over() {
    let parse = |json: &str| Line::parse(json.as_bytes()).map(|line| line.event);
    let line = |rest: &str| format!(r#"{{"n":2,"at":"2026-11-23T09:00:00.000Z",{rest}}}"#);
    assert_eq!(
        parse(&line(r#""event":"run_finished","run":"r1","counts":{},"status":"done","weather":"fine""#)),
        Ok(events()
            .pop()
            .map(|_| Event::RunFinished { run: Symbol::new("r1"), counts: [].into(), status: "done".into() })
            .unwrap())
    );
    for (rest, kind) in [
        (r#""event":"weathered","code":"mass-removal","items":"all""#, "weathered"),
        (r#""event":"fact","run":"r1","fact":{"kind":"held","address":"person.ada","more":1}"#, "fact held"),
    ] {
        assert_eq!(parse(&line(rest)), Ok(Event::Later { kind: kind.to_owned() }));
    }
    for (rest, part) in [
        (r#""event":"intent","run":"r1""#, "without `intent`"),
        (r#""event":"fact","run":"r1","fact":{"kind":"adopted","address":"nonsense"}"#, "is not an address"),
        (r#""event":7"#, "not an event"),
    ] {
        let error = parse(&line(rest)).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}

/// What is held: `ADDRESS WHAT`.
fn held_after(events: &[Event]) -> Vec<String> {
    let bytes = written(&[&[opened()], events].concat());
    let (recorded, _) = load(&bytes).unwrap();
    let told = |recorded: &Recorded| {
        let undone = recorded.undone.iter().map(|(address, undone)| {
            let again = undone.again.iter().map(|(action, files)| format!(" {} {files:?}", action.word()));
            format!("{address} undone {}{}", undone.run, again.collect::<String>())
        });
        let suspended = recorded
            .suspensions
            .iter()
            .map(|(address, hold)| format!("{address} suspended: {} by {}", hold.reason, hold.by));
        undone.chain(suspended).collect::<Vec<String>>()
    };
    let again = written(&[&[opened()], &*checkpoint(&recorded)].concat());
    assert_eq!(told(&load(&again).unwrap().0), told(&recorded), "a checkpoint says something else");
    told(&recorded)
}

#[test]
fn what_is_held_stays_so_in_a_checkpoint_and_under_a_new_name() {
    let title = [(Symbol::new("title"), Wanted::Known(Value::text("Countess")))];
    let undone = Fact::undone(address(ADA), Symbol::new("r0"), [(Action::Update, &title[..])].into_iter());
    let moved = |from: &str, to: &str| Fact { former: Some(address(from)), ..Fact::new(FactKind::Moved, address(to)) };
    let begun = [
        made(1, ADA, "u1", &[("title", "Lady")]),
        vec![
            fact(Fact::identity(address("person.ada"), attributes(&[("name", "Ada")]))),
            fact(undone),
            fact(Fact::suspension(address("person.ada"), false, "stolen laptop", "security")),
        ],
    ]
    .concat();
    let and = |more: &[Event]| held_after(&[&*begun, more].concat());
    let suspended = "suspended: stolen laptop by security";
    assert_eq!(and(&[]).len(), 2);
    assert!(and(&[])[0].starts_with("account.chat.ada undone r0 update"), "{:?}", and(&[]));
    assert_eq!(and(&[])[1], format!("person.ada {suspended}"));
    let renamed = [fact(moved("person.ada", "person.al"))];
    let held = and(&renamed);
    assert!(held[0].starts_with("account.chat.al undone r0"), "{held:?}");
    assert_eq!(held[1], format!("person.al {suspended}"));
    let over = [
        fact(Fact::new(FactKind::Released, address(ADA))),
        fact(Fact::suspension(address("person.ada"), true, "new laptop", "security")),
    ];
    assert_eq!(and(&over), Vec::<String>::new());
}
