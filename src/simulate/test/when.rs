//! What happens in a test: to files, to systems, and by time.

use engine::language::expr::Kind;
use engine::language::{Block, Diagnostic, Expr, Value, csv_field, csv_table, evaluate};
use state::{Address, Attributes, Code, Object, Symbol, Target};

use super::Stage;
use crate::simulate::words::{self, Names};

/// Lets it happen, part by part in the order in which it is written.
pub(super) fn happens(stage: &mut Stage, block: &Block) -> Result<(), Vec<Diagnostic>> {
    let mut wrong = Vec::new();
    words::only(block, &["after", "approved", "suspended"], &["csv", "file", "system"], &mut wrong);
    // What was expected so far is applied before anything else happens.
    if stage.applied.is_none() && block.attribute("after").is_some() {
        stage.apply_if_due();
    }
    if let Some(after) = words::read(block, "after", &mut wrong, |attribute| {
        words::duration(attribute.value.span, &words::value(&attribute.value)?)
    }) {
        pass(stage, after);
    }
    let approved = words::read(block, "approved", &mut wrong, |attribute| {
        let codes = words::items(&attribute.value)?.into_iter().map(|(span, value)| {
            let code = words::text(span, &value)?;
            let known: Result<Code, _> = serde_json::from_value(code.as_str().into());
            match known.ok().map(Code::unapprovable) {
                Some(None) => Ok(code),
                Some(Some(why)) => Err(Diagnostic::new(span, format!("`{code}` cannot be approved")).hint(why)),
                None => Err(Diagnostic::new(span, format!("there is no finding {code:?}"))),
            }
        });
        codes.collect::<Result<Vec<String>, _>>()
    });
    stage.approves.extend(approved.unwrap_or_default());
    let suspended = words::read(block, "suspended", &mut wrong, |attribute| {
        let people = words::items(&attribute.value)?.into_iter().map(|(span, value)| words::address(span, &value));
        people.collect::<Result<Vec<Address>, _>>()
    });
    for who in suspended.unwrap_or_default() {
        stage.world.record_fact(state::Fact::suspension(who, false, "a test", "a test"));
    }
    for inner in &block.blocks {
        let done = match (&*inner.kind, inner.labels.as_slice()) {
            ("csv", [(path, _)]) => csv(stage, inner, path),
            ("file", [(path, _)]) => file(stage, inner, path),
            ("system", [(name, _)]) => system(stage, inner, Symbol::new(name)),
            (kind, _) => {
                Err(vec![Diagnostic::new(inner.span, format!("`{kind}` has one name: of a file or a system"))])
            }
        };
        wrong.extend(done.err().into_iter().flatten());
    }
    stage.due = true;
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// Time passes, with an apply each day where it is more than one.
fn pass(stage: &mut Stage, millis: i64) {
    const DAY: i64 = 86_400_000;
    let end = stage.world.now().plus_millis(millis);
    while stage.world.now().plus_millis(DAY) < end {
        let next = stage.world.now().plus_millis(DAY);
        stage.world.pass(next);
        stage.world.apply(&crate::simulate::Options::default());
    }
    stage.world.pass(end);
}

/// Rows of a table are left out, changed, or added.
fn csv(stage: &mut Stage, block: &Block, path: &str) -> Result<(), Vec<Diagnostic>> {
    let mut wrong = Vec::new();
    words::only(block, &["drop", "where", "set", "add", "empty"], &[], &mut wrong);
    let fail = |message: String| vec![Diagnostic::new(block.span, format!("{path}: {message}"))];
    let text = stage.world.tree.text(path).map_err(fail)?;
    let (header, rows) = csv_table(&text).map_err(|wrong| fail(wrong.message))?;
    let empty = words::read(block, "empty", &mut wrong, |attribute| {
        words::truth(attribute.value.span, &words::value(&attribute.value)?)
    });
    let mut kept: Vec<Value> = Vec::new();
    let mut changed = 0;
    for row in rows {
        let drops = judge(block, "drop", &row, &mut wrong);
        if empty == Some(true) || drops == Some(true) {
            changed += 1;
            continue;
        }
        let about = judge(block, "where", &row, &mut wrong);
        let row = match block.attribute("set") {
            Some(set) if about.unwrap_or(true) => {
                changed += 1;
                over(&row, &set.value, &mut wrong)
            }
            _ => row,
        };
        kept.push(row);
    }
    if let Some(attribute) = block.attribute("add") {
        match words::items(&attribute.value) {
            Ok(items) => {
                changed += items.len();
                kept.extend(items.into_iter().map(|(_, row)| row));
            }
            Err(diagnostic) => wrong.push(diagnostic),
        }
    }
    if changed == 0 && wrong.is_empty() {
        wrong.push(Diagnostic::new(block.span, format!("no row of {path} is changed by this")));
    }
    let cell = |row: &Value, name: &str| {
        let value = row.as_object().and_then(|row| row.get(name)).and_then(|value| value.to_text().ok());
        csv_field(value.as_deref().unwrap_or(""))
    };
    let lines = kept.iter().map(|row| header.iter().map(|name| cell(row, name)).collect::<Vec<_>>().join(","));
    let names = header.iter().map(|name| csv_field(name)).collect::<Vec<_>>().join(",");
    let text: Vec<String> = std::iter::once(names).chain(lines).collect();
    stage.world.tree.write(path, &(text.join("\n") + "\n"));
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

fn judge(block: &Block, name: &str, row: &Value, wrong: &mut Vec<Diagnostic>) -> Option<bool> {
    let attribute = block.attribute(name)?;
    let judged = evaluate(&attribute.value, &Names { row: Some(row) })
        .and_then(|value| words::truth(attribute.value.span, &value));
    keep(judged, wrong)
}

fn over(row: &Value, set: &Expr, wrong: &mut Vec<Diagnostic>) -> Value {
    let more = keep(evaluate(set, &Names { row: Some(row) }), wrong);
    let own = row.as_object().into_iter().flatten();
    let more = more.as_ref().and_then(Value::as_object).into_iter().flatten();
    Value::object(own.chain(more).map(|(name, value)| (name.clone(), value.clone())))
}

/// The same mistake in each row is told once.
fn keep<T>(read: Result<T, Diagnostic>, wrong: &mut Vec<Diagnostic>) -> Option<T> {
    match read {
        Ok(value) => Some(value),
        Err(diagnostic) => {
            if !wrong.contains(&diagnostic) {
                wrong.push(diagnostic);
            }
            None
        }
    }
}

/// A file has another text, or one place of it has.
fn file(stage: &mut Stage, block: &Block, path: &str) -> Result<(), Vec<Diagnostic>> {
    let mut wrong = Vec::new();
    words::only(block, &["replace", "append", "text"], &[], &mut wrong);
    let before = stage.world.tree.text(path).unwrap_or_default();
    let mut text = before.clone();
    let read = |name: &str, wrong: &mut Vec<Diagnostic>| {
        words::read(block, name, wrong, |attribute| words::text(attribute.value.span, &words::value(&attribute.value)?))
    };
    if let Some(whole) = read("text", &mut wrong) {
        text = whole;
    }
    if let Some(attribute) = block.attribute("replace") {
        match &*attribute.value.kind {
            Kind::Object(pairs) => {
                for (old, new) in pairs {
                    let pair = words::value(old)
                        .and_then(|value| words::text(old.span, &value))
                        .and_then(|from| Ok((from, words::text(new.span, &words::value(new)?)?)));
                    match pair {
                        Ok((from, to)) if text.contains(&from) => text = text.replace(&from, &to),
                        Ok((from, _)) => wrong.push(Diagnostic::new(old.span, format!("{path} has no {from:?}"))),
                        Err(diagnostic) => wrong.push(diagnostic),
                    }
                }
            }
            _ => wrong.push(
                Diagnostic::new(attribute.value.span, "this must be an object")
                    .hint("write replace = { \"what stands there\" = \"what is to stand there\" }"),
            ),
        }
    }
    if let Some(more) = read("append", &mut wrong) {
        text.push_str(&more);
        text.push('\n');
    }
    if text == before && wrong.is_empty() {
        wrong.push(Diagnostic::new(block.span, format!("{path} is as it was")));
    }
    stage.world.tree.write(path, &text);
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// Somebody else does something on a system.
fn system(stage: &mut Stage, block: &Block, name: Symbol) -> Result<(), Vec<Diagnostic>> {
    let mut wrong = Vec::new();
    words::only(block, &["unreadable", "switched_off", "deleted", "joins", "leaves", "owns"], &[], &mut wrong);
    let Some(shared) = stage.world.twins.0.get(&name).cloned() else {
        return Err(vec![Diagnostic::new(block.span, format!("there is no system.{name}"))]);
    };
    if words::read(block, "unreadable", &mut wrong, |attribute| {
        words::truth(attribute.value.span, &words::value(&attribute.value)?)
    }) == Some(true)
    {
        shared.with(|twin, _| twin.cannot_be_read());
    }
    let recorded = stage.world.recorded();
    let mut list = |what: &str| -> Vec<(Address, Symbol)> {
        let Some(attribute) = block.attribute(what) else { return Vec::new() };
        let items = match words::items(&attribute.value) {
            Ok(items) => items,
            Err(diagnostic) => {
                wrong.push(diagnostic);
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for (span, value) in items {
            match words::address(span, &value) {
                Ok(address) => match id_of(&recorded, address) {
                    Some(id) => found.push((address, id)),
                    None => wrong.push(Diagnostic::new(span, format!("{address} is not there"))),
                },
                Err(diagnostic) => wrong.push(diagnostic),
            }
        }
        found
    };
    let (off, deleted, owns) = (list("switched_off"), list("deleted"), list("owns"));
    let (joins, leaves) = (list("joins"), list("leaves"));
    shared.with(|twin, now| {
        for (_, id) in off {
            if let Some(account) = twin.get(Target::Account(id)).cloned() {
                twin.put(now, Target::Account(id), Some(Object { active: false, ..account }));
            }
        }
        for (_, id) in deleted {
            twin.delete_account(now, id);
        }
        for (address, id) in owns {
            let pairs = [("place", name.as_str()), ("kind", "table"), ("name", "orders")];
            let thing = state::Value::map(pairs.map(|(name, value)| (Symbol::new(name), state::Value::text(value))));
            let owned = [(Symbol::new(state::owned::OWNED), state::Value::list([thing]))].into_iter().collect();
            let _ = address;
            twin.put(now, Target::Owned(id), Some(Object::new("", owned)));
        }
        for (there, places) in [(true, joins), (false, leaves)] {
            for (address, _) in places {
                let ends = address.parent_group().zip(address.member());
                let ids = ends.and_then(|(group, member)| {
                    let holder = member.holder()?;
                    let account = Address::Account { system: name, holder };
                    Some((id_of(&recorded, group)?, id_of(&recorded, account)?))
                });
                if let Some((group, member)) = ids {
                    let target = Target::Membership { group, member, nested: false };
                    twin.put(now, target, there.then(|| Object::new("", Attributes::new())));
                }
            }
        }
    });
    stage.world.others_did();
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// The id of an account or group; of a place in a group that of the group.
fn id_of(recorded: &state::record::Recorded, address: Address) -> Option<Symbol> {
    let of = address.parent_group().unwrap_or(address);
    recorded.objects.get(&of).map(|known| known.id)
}
