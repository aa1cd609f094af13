//! What is expected of the plan, of the safeguards, and of the systems afterwards.

use std::collections::BTreeSet;

use engine::language::{Block, Diagnostic, Span, Value};
use state::{Address, Member, Plan, Severity, Symbol, Target};

use super::Stage;
use crate::simulate::{End, words};

const ATTRIBUTES: [&str; 12] = [
    "plan", "includes", "excludes", "nothing", "findings", "held", "active", "inactive", "absent", "in", "not_in",
    "error",
];

/// Names of what is listed in a message, at most.
const NAMED: usize = 12;

/// Looks.
pub(super) fn look(stage: &Stage, block: &Block) -> Result<(), Vec<Diagnostic>> {
    let mut wrong = Vec::new();
    words::only(block, &ATTRIBUTES, &[], &mut wrong);
    let Some(applied) = &stage.applied else { return Err(wrong) };
    let refused = match &applied.end {
        End::Refused(why) => Some(why.as_str()),
        _ => None,
    };
    match (block.attribute("error"), refused) {
        (Some(attribute), why) => {
            let wanted = words::value(&attribute.value).and_then(|value| words::text(attribute.value.span, &value));
            match wanted {
                Ok(text) if why.is_some_and(|why| why.contains(&text)) => {}
                Ok(_) => wrong.push(
                    Diagnostic::new(attribute.value.span, "this error does not come")
                        .label(why.map_or("nothing is wrong".to_owned(), |why| format!("it says: {why}"))),
                ),
                Err(diagnostic) => wrong.push(diagnostic),
            }
            return if wrong.is_empty() { Ok(()) } else { Err(wrong) };
        }
        (None, Some(why)) => {
            return Err(vec![Diagnostic::new(block.span, format!("nothing can be planned: {why}"))]);
        }
        (None, None) => {}
    }
    let Some(plan) = &applied.plan else { return Err(wrong) };
    lines(plan, block, &mut wrong);
    findings(plan, block, &mut wrong);
    places(stage, block, &mut wrong);
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// `deactivate account.chat.ada`.
fn line(plan: &Plan, n: usize) -> String {
    plan.changes.get(n).map_or(String::new(), |change| format!("{} {}", change.action.word(), change.address))
}

/// The changes of the plan.
fn lines(plan: &Plan, block: &Block, wrong: &mut Vec<Diagnostic>) {
    let all: BTreeSet<String> = (0..plan.changes.len()).map(|n| line(plan, n)).collect();
    let held: BTreeSet<String> = plan.held().into_iter().map(|n| line(plan, n as usize)).collect();
    if let Some(true) = words::read(block, "nothing", wrong, |attribute| {
        words::truth(attribute.value.span, &words::value(&attribute.value)?)
    }) && !all.is_empty()
        && let Some(attribute) = block.attribute("nothing")
    {
        wrong.push(Diagnostic::new(attribute.span, format!("there is something to do: {}", listed(&all))));
    }
    if let Some(attribute) = block.attribute("plan") {
        let wanted = patterns(block, "plan", wrong);
        for (span, pattern) in &wanted {
            if !all.iter().any(|line| fits(pattern, line)) {
                wrong.push(Diagnostic::new(*span, format!("the plan does not {pattern}")).hint(nearest(pattern, &all)));
            }
        }
        let more: BTreeSet<String> =
            all.iter().filter(|line| !wanted.iter().any(|(_, pattern)| fits(pattern, line))).cloned().collect();
        if !more.is_empty() {
            wrong.push(Diagnostic::new(attribute.span, format!("the plan does more: {}", listed(&more))));
        }
    }
    for (span, pattern) in patterns(block, "includes", wrong) {
        if !all.iter().any(|line| fits(&pattern, line)) {
            wrong.push(Diagnostic::new(span, format!("the plan does not {pattern}")).hint(nearest(&pattern, &all)));
        }
    }
    for (span, pattern) in patterns(block, "excludes", wrong) {
        let found: BTreeSet<String> = all.iter().filter(|line| fits(&pattern, line)).cloned().collect();
        if !found.is_empty() {
            wrong.push(Diagnostic::new(span, format!("the plan does: {}", listed(&found))));
        }
    }
    for (span, pattern) in patterns(block, "held", wrong) {
        let free: BTreeSet<String> =
            all.iter().filter(|line| fits(&pattern, line) && !held.contains(*line)).cloned().collect();
        if !free.is_empty() {
            wrong.push(Diagnostic::new(span, format!("nothing holds: {}", listed(&free))));
        } else if !held.iter().any(|line| fits(&pattern, line)) {
            wrong.push(Diagnostic::new(span, format!("the plan does not {pattern}")).hint(nearest(&pattern, &all)));
        }
    }
}

/// What holds something.
fn findings(plan: &Plan, block: &Block, wrong: &mut Vec<Diagnostic>) {
    let Some(attribute) = block.attribute("findings") else { return };
    let holding = plan.findings.iter().filter(|finding| finding.severity == Severity::Holds);
    let found: BTreeSet<String> = holding.map(|finding| finding.code.to_string()).collect();
    let wanted = patterns(block, "findings", wrong);
    for (span, code) in &wanted {
        if !found.contains(code) {
            let all =
                if found.is_empty() { "nothing is held".to_owned() } else { format!("held by {}", listed(&found)) };
            wrong.push(Diagnostic::new(*span, format!("`{code}` holds nothing")).hint(all));
        }
    }
    for code in found.iter().filter(|code| !wanted.iter().any(|(_, wanted)| wanted == *code)) {
        let of = plan.findings.iter().find(|finding| finding.code.as_str() == code.as_str());
        let message = of.map_or(String::new(), |finding| finding.message.clone());
        wrong.push(Diagnostic::new(attribute.span, format!("`{code}` holds something, too")).hint(message));
    }
}

/// What the systems hold after it was applied.
fn places(stage: &Stage, block: &Block, wrong: &mut Vec<Diagnostic>) {
    let recorded = stage.world.recorded();
    let account = |address: Address| {
        let known = recorded.objects.get(&address)?;
        let system = address.system()?;
        stage.world.twins.0.get(&system)?.with(|twin, _| twin.get(Target::Account(known.id)).cloned())
    };
    for what in ["active", "inactive", "absent"] {
        for (span, address) in addresses(block, what, wrong) {
            let is = match account(address) {
                None => "absent",
                Some(object) if object.active => "active",
                Some(_) => "inactive",
            };
            if is != what {
                wrong.push(Diagnostic::new(span, format!("{address} is {is}")));
            }
        }
    }
    for (what, wanted) in [("in", true), ("not_in", false)] {
        for (span, address) in addresses(block, what, wrong) {
            let there = recorded.objects.get(&address).and_then(|known| known.target).is_some_and(|target| {
                let twin = address.system().and_then(|system| stage.world.twins.0.get(&system));
                twin.is_some_and(|twin| twin.with(|twin, _| twin.get(target).is_some()))
            });
            if there != wanted {
                let who = match address {
                    Address::Membership { member: Member::Holder(holder), .. } => holder,
                    _ => Symbol::new(""),
                };
                let group = address.parent_group().map_or(address.to_string(), |group| group.to_string());
                wrong.push(Diagnostic::new(span, format!("{who} is {}in {group}", if there { "" } else { "not " })));
            }
        }
    }
}

/// Lines with `*` in them; a reference stands for its address.
fn patterns(block: &Block, name: &str, wrong: &mut Vec<Diagnostic>) -> Vec<(Span, String)> {
    list(block, name, wrong, |span, value| match value {
        Value::String(text) => Ok(text.to_string()),
        other => words::address(span, other).map(|address| address.to_string()),
    })
}

fn addresses(block: &Block, name: &str, wrong: &mut Vec<Diagnostic>) -> Vec<(Span, Address)> {
    list(block, name, wrong, words::address)
}

fn list<T>(
    block: &Block,
    name: &str,
    wrong: &mut Vec<Diagnostic>,
    how: impl Fn(Span, &Value) -> Result<T, Diagnostic>,
) -> Vec<(Span, T)> {
    let read = words::read(block, name, wrong, |attribute| {
        let items = words::items(&attribute.value)?.into_iter();
        items.map(|(span, value)| Ok((span, how(span, &value)?))).collect::<Result<Vec<_>, Diagnostic>>()
    });
    read.unwrap_or_default()
}

/// Whether a line is as a pattern says: `*` stands for anything.
fn fits(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        last = Some(part);
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or(""),
            None => return false,
        }
    }
    match last {
        None => rest.is_empty(),
        Some(last) => rest.is_empty() || last.is_empty() || line.ends_with(last),
    }
}

/// The lines about the same person or thing, for whoever looks for one.
fn nearest(pattern: &str, all: &BTreeSet<String>) -> String {
    let about = pattern.rsplit(['.', ' ']).next().unwrap_or(pattern).trim_matches('*');
    let same: BTreeSet<String> = all.iter().filter(|line| !about.is_empty() && line.contains(about)).cloned().collect();
    if same.is_empty() { format!("the plan has {} lines", all.len()) } else { format!("it does: {}", listed(&same)) }
}

fn listed(all: &BTreeSet<String>) -> String {
    let more = all.len().saturating_sub(NAMED);
    let named = all.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{named}, and {more} more") } else { named }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, line, fit) in [
            ("grant a.b", "grant a.b", true),
            ("grant a.b", "grant a.bc", false),
            ("grant *.b", "grant a.b", true),
            ("* account.*.E1", "deactivate account.chat.E1", true),
            ("* account.*.E1", "deactivate account.chat.E12", false),
            ("*", "anything", true),
            ("a*b*", "axbx", true),
            ("a*b", "axbxb", true),
        ] {
            assert_eq!(fits(pattern, line), fit, "{pattern} on {line}");
        }
    }
}
