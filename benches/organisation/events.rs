//! A long history: more events behind a record, which leave everything as it was.

use std::io::Write as _;
use std::path::Path;

use state::record::{Chain, Event, EventResult, Text};
use state::{Action, Address, Change, Kind, Object, Symbol, Target, Timestamp, Undo, Value, Wanted};
use tenure::edge::filesystem::beside;

/// Adds lines to the state file until it has `lines`: titles of accounts that change and change back.
pub fn extend(path: &Path, lines: u64) {
    let bytes = std::fs::read(path).unwrap();
    let text = Text::new(&bytes).unwrap();
    let recorded = text.replay().unwrap();
    let mut accounts: Vec<_> =
        recorded.objects.iter().filter(|(address, _)| matches!(address, Address::Account { .. })).collect();
    accounts.sort_unstable_by_key(|(address, _)| **address);
    let mut chain = Chain { last: recorded.last, ..text.chain() };
    let mut more = Vec::new();
    let run = Symbol::new("20261127T090000Z-00000000");
    let mut intent = 0;
    let title = Symbol::new("title");
    for (address, object) in accounts.iter().cycle() {
        // Each is changed and changed back: four lines.
        if chain.line + 4 > lines {
            break;
        }
        let own = object.attributes.get(title).unwrap();
        let other = Value::text(format!("Title {}", intent % 1_000));
        for (from, to) in [(own, &other), (&other, own)] {
            intent += 1;
            let with = |value: &Value| {
                let attributes = object.attributes.overlaid(&[(title, value.clone())].into_iter().collect());
                Object::new(object.id, attributes)
            };
            let change = Change {
                address: **address,
                action: Action::Update,
                before: Some(Box::new(with(from))),
                after: Box::new([(title, Wanted::Known(to.clone()))]),
                reasons: Box::default(),
                allocated: Box::default(),
                until: None,
                undo: Undo::AnyTime,
            };
            let announced = Event::Intent {
                run,
                intent,
                change: Box::new(change),
                kind: Kind::Account,
                target: Some(Target::Account(object.id)),
                key: None,
                settle_after: recorded.last,
                why: object.why.clone(),
            };
            for event in [announced, Event::Outcome { run, intent, result: EventResult::done(with(to)) }] {
                chain.append(Timestamp::from_millis(recorded.last.millis() + 1), &event, &mut more).unwrap();
            }
        }
    }
    let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(&more).unwrap();
    // The newest head that was seen beside it is still a line of it.
    assert!(beside(path, ".head").exists());
}
