//! How fast a record is written, checked and folded: prints figures, asserts nothing about time.
//!
//! `cargo bench -p tenure-state --bench record [lines]`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a benchmark
#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)] // a benchmark measures time

use std::time::Instant;

use tenure_state as state;

use tenure_state::record::{Chain, Event, EventResult, Text};
use tenure_state::{Action, Change, Kind, Object, Symbol, Target, Timestamp, Undo, Value, Wanted};

fn main() {
    let lines: u64 = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(1_000_000);
    let events = events(lines);

    let mut chain = Chain::default();
    let mut bytes = Vec::with_capacity(400 * events.len());
    let begun = Instant::now();
    for (n, event) in (0..).zip(&events) {
        if let Err(error) = chain.append(Timestamp::from_millis(1_795_000_000_000 + n), event, &mut bytes) {
            return println!("{error}");
        }
    }
    let written = begun.elapsed();
    drop(events);
    let length = bytes.len() as f64 / lines as f64;
    println!("{lines} lines of {length:.0} bytes");
    println!("encode and chain  {:>7.3} s", written.as_secs_f64());

    let begun = Instant::now();
    let text = match Text::new(&bytes) {
        Ok(text) => text,
        Err(damage) => return println!("{damage}"),
    };
    println!("split into lines  {:>7.3} s", begun.elapsed().as_secs_f64());

    let begun = Instant::now();
    let verified = text.verify(0..text.lines.len());
    println!("verify            {:>7.3} s  {verified:?}", begun.elapsed().as_secs_f64());

    let begun = Instant::now();
    let read = text.read().filter(Result::is_ok).count();
    println!("read              {:>7.3} s  {read}", begun.elapsed().as_secs_f64());

    let begun = Instant::now();
    let replayed = text.replay().map(|recorded| recorded.objects.len());
    println!("read and fold     {:>7.3} s  {replayed:?}", begun.elapsed().as_secs_f64());

    let begun = Instant::now();
    let both = std::thread::scope(|scope| {
        let verifying = scope.spawn(|| text.verify(0..text.lines.len()));
        let replayed = text.replay().map(|recorded| recorded.objects.len());
        verifying.join().map(|verified| verified.and(replayed))
    });
    println!("load, 2 threads   {:>7.3} s  {both:?}", begun.elapsed().as_secs_f64());
}

/// Accounts that are created and put into groups: an intent and an outcome each.
fn events(lines: u64) -> Vec<Event> {
    let run = Symbol::new("20261123T090000Z-4f2a1c3d");
    let (user_name, mail, title) = (Symbol::new("userName"), Symbol::new("mail"), Symbol::new("title"));
    let mut events = vec![Event::Opened { format: 1, lineage: Symbol::new("l1"), former: None }];
    for n in 0.. {
        if events.len() as u64 >= lines {
            break;
        }
        let (login, id) = (format!("person{:06}", n / 2), format!("6f1ed002-ab56-4a34-8f1c-{:012}", n / 2));
        let membership = n % 2 == 1;
        let group = format!("team{:03}", n % 997);
        let address =
            if membership { format!("membership.chat.{group}.{login}") } else { format!("account.chat.{login}") };
        let Ok(address) = address.parse() else { return events };
        let values = [(mail, format!("{login}@acme.example")), (title, "Engineer".to_owned()), (user_name, login)];
        let after: Vec<_> =
            values.into_iter().map(|(name, text)| (name, Value::text(text))).filter(|_| !membership).collect();
        let target = Target::Membership { group: Symbol::new(&group), member: Symbol::new(&id), nested: false };
        let change = Change {
            address,
            action: if membership { Action::Grant } else { Action::Create },
            before: None,
            after: after.iter().map(|(name, value)| (*name, Wanted::Known(value.clone()))).collect(),
            reasons: Box::default(),
            allocated: Box::default(),
            until: None,
            undo: Undo::AnyTime,
        };
        events.push(Event::Intent {
            run,
            intent: n,
            change: Box::new(change),
            kind: if membership { Kind::Membership } else { Kind::Account },
            target: membership.then_some(target),
            key: (!membership).then(|| (user_name, Value::text("person"))),
            settle_after: Timestamp::from_millis(1_795_000_060_000),
            why: vec![state::Reason {
                because: Symbol::new("role.engineer"),
                place: Some(Symbol::new("teams/eng.hcl:12")),
            }],
        });
        let object = Object::new(if membership { "" } else { &id }, after.into_iter().collect());
        events.push(Event::Outcome { run, intent: n, result: EventResult::done(object) });
    }
    events
}
