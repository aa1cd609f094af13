//! Whatever happened: it is read as it was written, harm is found, and a checkpoint says the same as all lines.

use proptest::prelude::*;

use super::tests::{address, at, change, done, fact, intent, load, opened, outcome, run_started, written};
use super::*;
use crate::{Action, Address, Attributes, Fact, FactKind, Kind, Object, Symbol, Target, Value, Wanted};

/// Something that may happen, to one of a few people and groups.
fn happening() -> impl Strategy<Value = Vec<Event>> {
    let who = prop::sample::select(vec!["ada", "al", "grace", "0x1\" \u{7}é"]);
    let group = prop::sample::select(vec!["eng", "ops", "team[\"a/b\"]"]);
    let result = prop_oneof![
        4 => Just(None),
        1 => Just(Some(EventResult::unknown("timed out"))),
        1 => Just(Some(EventResult::NotDone { error: "403".into(), settled: false })),
        1 => Just(Some(EventResult::Done {
            object: Object::new("u", Attributes::new()),
            settled: true,
            note: Some("a session".into()),
        })),
        1 => Just(Some(EventResult::Diverged { error: "odd".into(), seen: None })),
    ];
    let action = prop::sample::select(vec![
        Action::Create,
        Action::Update,
        Action::Rename,
        Action::Deactivate,
        Action::Reactivate,
        Action::Grant,
        Action::Revoke,
    ]);
    (0u8..13, who.clone(), who, group.clone(), group, action, result, any::<u32>(), any::<(i64, f64)>()).prop_map(
        |(kind, who, other, group, other_group, action, result, number, (integer, float))| {
            let mut account = address("account.chat.x");
            if let Address::Account { holder, .. } = &mut account {
                *holder = Symbol::new(who);
            }
            let group_at = |name: &str| Address::Group { system: Symbol::new("chat"), group: Symbol::new(name) };
            let person = |key: &str| Address::Person(Symbol::new(key));
            let float = if float.is_finite() { Value::Float(float) } else { Value::Null };
            let values: Attributes = [
                (Symbol::new("a"), Value::Integer(integer)),
                (Symbol::new("b"), float),
                (Symbol::new("c"), Value::text(other)),
            ]
            .into_iter()
            .collect();
            let moved = |former, to| vec![fact(Fact { former: Some(former), ..Fact::new(FactKind::Moved, to) })];
            match kind {
                0 => vec![run_started()],
                1 => vec![fact(Fact::identity(person(who), values))],
                2 => vec![fact(Fact::new(FactKind::Adopted, group_at(group)).object(Object::new("g", values)))],
                3 => moved(person(who), person(other)),
                4 => moved(group_at(group), group_at(other_group)),
                5 => vec![fact(Fact::new(FactKind::Forgotten, group_at(group)))],
                6 => vec![fact(Fact::new(FactKind::Drifted, account).object(Object::new("u", values)))],
                7 => vec![Event::Approved(Box::new(Approved {
                    run: Symbol::new("r1"),
                    approval: crate::Digest::of(other.as_bytes()),
                    finding: if number % 2 == 0 { crate::Code::MassRemoval } else { crate::Code::Irreversible },
                    addresses: vec![account, group_at(group), person(who)],
                    at_once: vec![person(who)],
                    reason: other.to_owned(),
                    by: who.to_owned(),
                    signers: if number % 3 == 0 { vec![other.to_owned()] } else { Vec::new() },
                    expires: at(number.into()),
                }))],
                8 => {
                    let after = [(Symbol::new("a"), Wanted::Known(Value::Integer(integer)))];
                    let again = [(action, &after[..])].into_iter();
                    vec![fact(Fact::undone(account, Symbol::new("r0"), again))]
                }
                9 => vec![fact(Fact::new(FactKind::Released, account))],
                10 => vec![fact(Fact::suspension(person(who), number % 2 == 0, other, who))],
                _ => {
                    let membership = matches!(action, Action::Grant | Action::Revoke);
                    let place = Address::Membership {
                        system: Symbol::new("chat"),
                        group: Symbol::new(group),
                        member: crate::Member::Holder(Symbol::new(who)),
                    };
                    let mut change = change("account.chat.x", action, &[("d", who)]);
                    change.address = if membership { place } else { account };
                    change.after = change
                        .after
                        .into_iter()
                        .chain([(Symbol::new("uid"), Wanted::Known(Value::Integer(integer)))])
                        .collect();
                    change.allocated = if membership { Box::default() } else { Box::from([Symbol::new("uid")]) };
                    let kind = if membership { Kind::Membership } else { Kind::Account };
                    let target = (!membership).then_some(Target::Account(Symbol::new("u")));
                    let answer =
                        result.map_or_else(|| done(number, Object::new("u", values)), |result| outcome(number, result));
                    let transaction =
                        Event::Transaction { run: Symbol::new("r1"), intents: vec![number], transaction: other.into() };
                    vec![intent(number, kind, target, change), transaction, answer]
                }
            }
        },
    )
}

fn history() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(happening(), 0..30)
        .prop_map(|happenings| std::iter::once(opened()).chain(happenings.into_iter().flatten()).collect())
}

/// All that the fold knows, comparable.
fn known(recorded: &Recorded) -> impl PartialEq + std::fmt::Debug + use<> {
    let Recorded {
        lineage,
        objects,
        identities,
        sources,
        open,
        removals,
        populations,
        numbers,
        limits,
        in_force,
        former,
        approvals,
        approval_rules,
        undone,
        suspensions,
        ..
    } = recorded.clone();
    let open: Vec<OpenIntent> = open.iter().cloned().collect();
    let maps = (objects, identities, sources, populations, numbers, limits, in_force, former);
    let maps = (maps, approvals, approval_rules, undone, suspensions);
    (lineage, maps, open, removals)
}

/// Folds what happens next, but for the line that opens a file.
fn go_on(recorded: &mut Recorded, after: Vec<Event>) {
    for (n, event) in after.into_iter().skip(1).enumerate() {
        recorded.apply(Line { n: recorded.head_line + 1, at: at(1_000_000 + n as i64), event }).unwrap();
    }
    recorded.finish().unwrap();
}

/// Checks and folds a file that comes in blocks of `size` bytes.
fn in_blocks(bytes: &[u8], size: usize) -> Result<(Recorded, part::End), Damage> {
    let mut parts = part::Parts::default();
    let mut all = Vec::new();
    for block in bytes.chunks(size) {
        all.extend(parts.push(block.to_vec())?);
    }
    let mut end = parts.finish()?;
    all.extend(end.last.take());
    all.iter().try_for_each(part::Part::verify)?;
    let mut recorded = Recorded::default();
    for part in &all {
        let (lines, read) = part.read();
        for (number, line) in (part.first_line()..).zip(lines) {
            recorded.apply(line).map_err(|fault| Damage { line: number, fault })?;
        }
        read?;
    }
    recorded.finish().map_err(|fault| Damage { line: end.lines, fault })?;
    recorded.head = Some(end.head);
    Ok((recorded, end))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(events in history()) {
        let bytes = written(&events);
        let text = Text::new(&bytes).unwrap();
        prop_assert_eq!(text.verify(0..text.lines.len()), Ok(()));
        let read: Vec<Event> = text.read().map(|line| line.unwrap().1.event).collect();
        prop_assert_eq!(read, events);
    }

    #[test]
    fn the_quick_way_to_read_a_line_is_not_another_way(
        events in history(),
        harm in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 40),
    ) {
        let bytes = written(&events);
        let text = Text::new(&bytes).unwrap();
        for line in &text.lines {
            let json = &line[65..];
            let quick = typed::parse(json);
            let Ok(line) = Line::parse_any(json) else { return Err(TestCaseError::fail("cannot be read")) };
            let usual = matches!(line.event, Event::Intent { .. } | Event::Outcome { .. } | Event::Fact { .. });
            prop_assert_eq!(quick.is_some(), usual, "{}", String::from_utf8_lossy(json));
            for (place, byte) in &harm {
                // Mostly bytes that mean something to JSON or to an address, and now and then a part of the line twice.
                let mut harmed = json.to_vec();
                let at = place.index(json.len());
                let byte = b"\"\\[].,:{}0ntz \xff"[byte.index(15)];
                if byte == b'n' { harmed.truncate(at); harmed.extend_from_slice(&json[at / 2..]) } else { harmed[at] = byte }
                for json in [json, &harmed] {
                    if let Some(line) = typed::parse(json) {
                        prop_assert_eq!(Line::parse_any(json), Ok(line), "{}", String::from_utf8_lossy(json));
                    }
                }
            }
        }
    }

    #[test]
    fn parts_can_be_verified_apart(events in history(), cut in any::<prop::sample::Index>()) {
        let bytes = written(&events);
        let text = Text::new(&bytes).unwrap();
        let middle = cut.index(text.lines.len());
        prop_assert_eq!(text.verify(0..middle), Ok(()));
        prop_assert_eq!(text.verify(middle..text.lines.len()), Ok(()));
    }

    #[test]
    fn a_file_in_blocks_says_the_same(
        events in history(), size in 1usize..700, cut in any::<prop::sample::Index>(), harm in prop::option::of(any::<u8>()),
    ) {
        let mut bytes = written(&events);
        match harm {
            None => bytes.truncate(cut.index(bytes.len())),
            Some(byte) => { let at = cut.index(bytes.len()); bytes[at] ^= byte; }
        }
        match (load(&bytes), in_blocks(&bytes, size)) {
            (Ok((whole, tail)), Ok((parts, end))) => {
                prop_assert_eq!(known(&whole), known(&parts));
                let text = Text::new(&bytes).unwrap();
                prop_assert_eq!((text.chain().head, text.kept(&bytes)), (end.head, end.kept));
                prop_assert_eq!(text.lines.len() as u64, end.lines);
                prop_assert_eq!(matches!(tail, Tail::Unended(_)), end.unended);
                prop_assert_eq!(matches!(tail, Tail::Torn(_)), !end.torn.is_empty());
            }
            (Err(whole), Err(parts)) => prop_assert_eq!(whole, parts),
            (whole, parts) => prop_assert!(false, "{:?}, in parts {:?}", whole.is_ok(), parts.map(|_| ())),
        }
    }

    #[test]
    fn a_checkpoint_says_the_same(events in history(), after in history()) {
        let bytes = written(&events);
        let (recorded, _) = load(&bytes).unwrap();
        let (mut chain, mut archived) = (Text::new(&bytes).unwrap().chain(), Vec::new());
        chain.last = recorded.last;
        let again = Event::Opened { format: 1, lineage: Symbol::new("l1"), former: Some(chain.head) };
        for event in std::iter::once(again).chain(checkpoint(&recorded)) {
            chain.append(recorded.last, &event, &mut archived).unwrap();
        }
        let (continued, _) = load(&archived).unwrap();
        prop_assert_eq!(known(&continued), known(&recorded));

        // And what happens next has the same effect on both.
        let (mut long, mut short) = (recorded, continued);
        go_on(&mut long, after.clone());
        go_on(&mut short, after);
        prop_assert_eq!(known(&short), known(&long));
    }

    #[test]
    fn a_snapshot_says_the_same(
        events in history(), after in history(), cut in any::<prop::sample::Index>(), byte in 1u8..,
    ) {
        let finished = Event::RunFinished { run: Symbol::new("r1"), counts: Default::default(), status: "done".into() };
        let bytes = written(&events.into_iter().chain([finished]).collect::<Vec<_>>());
        let (recorded, _) = load(&bytes).unwrap();
        let snapshot = snapshot::write(&recorded, "this").unwrap();
        let kept = snapshot::read(&snapshot, "this").unwrap();
        let header = snapshot::Header::of(&snapshot, "this").unwrap();
        prop_assert_eq!((header.line, Some(header.head)), (recorded.head_line, recorded.head));
        let all = |recorded: &Recorded| {
            let Recorded { head, head_line, last, began, oddities, later, unfinished, .. } = recorded.clone();
            (known(recorded), head, head_line, last, began, oddities, later, unfinished)
        };
        prop_assert_eq!(all(&kept), all(&recorded));
        prop_assert!(snapshot::same(&kept, &recorded));

        // And what happens next has the same effect on both.
        let (mut long, mut short) = (recorded, kept);
        go_on(&mut long, after.clone());
        go_on(&mut short, after);
        prop_assert_eq!(all(&short), all(&long));
        prop_assert!(snapshot::same(&short, &long));

        // Other code, and harm of any kind, is told.
        prop_assert!(snapshot::read(&snapshot, "other").is_err());
        let at = cut.index(snapshot.len());
        prop_assert!(snapshot::read(&snapshot[..at], "this").is_err());
        let mut harmed = snapshot;
        harmed[at] ^= byte;
        prop_assert!(snapshot::read(&harmed, "this").is_err());
        // What lies behind the digest must not panic either.
        let start = harmed.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let _ = snapshot::body(&harmed[start..]);
    }

    #[test]
    fn harm_is_found(events in history(), harm in 0u8..5, place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let bytes = written(&events);
        let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let (count, at) = (lines.len(), place.index(lines.len()));
        match harm {
            // Cutting off the end cannot be seen by the chain alone.
            0 if at + 1 < count => { lines.remove(at); }
            1 => { let line = lines[at].clone(); lines.insert(at, line); }
            2 if at + 1 < count => lines.swap(at, at + 1),
            3 => { let last = lines.len() - 1; let at = place.index(lines[last].len()); lines[last].insert(at, byte); }
            _ => { let line = &mut lines[at]; let at = place.index(line.len()); line[at] ^= byte.max(1); }
        }
        let harmed = lines.concat();
        prop_assume!(harmed != bytes);
        let found = load(&harmed);
        // What was written is all there, only the last line end is not: nothing is lost.
        let harmless = matches!(found, Ok((_, Tail::Unended(_))));
        prop_assert!(found.is_err() || harmless, "{}", String::from_utf8_lossy(&harmed));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), json in "[{}\\[\\]\":,a-z0-9 \\\\]{0,200}") {
        let _ = load(&bytes);
        let _ = in_blocks(&bytes, 7);
        let _ = Line::parse(json.as_bytes());
        let line = format!("{} {json}\n", "0".repeat(64));
        let _ = load(line.as_bytes());
    }
}
