//! A plan as text, compact: findings, facts, systems, and the changes in their order, batch by batch.

use std::fmt::Write as _;

use state::*;

pub fn dump(plan: &Plan) -> String {
    let mut text = String::new();
    for finding in &plan.findings {
        let Finding { code, severity, addresses, message, .. } = finding;
        let word = match severity {
            Severity::Holds => "holds",
            Severity::Observes => "observes",
            Severity::Notice => "notice",
            Severity::Approved => "approved",
        };
        let addresses: Vec<String> = addresses.iter().map(Address::to_string).collect();
        let _ = writeln!(text, "{word} {code} [{}]: {message}", addresses.join(" "));
    }
    let (identities, facts): (Vec<_>, Vec<_>) = plan.facts.iter().partition(|fact| fact.kind == FactKind::Identity);
    if !identities.is_empty() {
        let identities: Vec<String> = identities.iter().map(|fact| fact.address.to_string()).collect();
        let _ = writeln!(text, "records {}", identities.join(" "));
    }
    for fact in facts {
        let _ = writeln!(text, "{}", fact_line(plan, fact));
    }
    for (name, system) in &plan.systems {
        let mut said: Vec<String> = Vec::new();
        if system.unmanaged > 0 {
            said.push(format!("{} unmanaged", system.unmanaged));
        }
        said.extend(system.left_out.iter().map(|address| format!("{address} left out")));
        said.extend(system.notes.iter().cloned());
        if !said.is_empty() {
            let _ = writeln!(text, "system.{name}: {}", said.join("; "));
        }
    }
    for (number, batch) in plan.batches.iter().enumerate() {
        let after: String = batch.after.iter().map(|earlier| format!(" after {earlier}")).collect();
        let target = batch.target.map_or(String::new(), |target| format!(" at {target}"));
        let _ = writeln!(text, "{number} {}{target}{after}", batch.system);
        for n in batch.changes.clone() {
            let _ = writeln!(text, "  {}", change_line(plan, &plan.changes[n as usize]));
        }
    }
    if text.is_empty() { "nothing to do\n".to_owned() } else { text }
}

fn fact_line(plan: &Plan, fact: &Fact) -> String {
    let kind = format!("{:?}", fact.kind).to_lowercase();
    if let Some(SourceRead { name, rows, columns, having }) = fact.as_source() {
        let column = |(column, having): (&Symbol, &u64)| match *having {
            all if all == rows => column.to_string(),
            some => format!("{column} ({some})"),
        };
        let columns: Vec<String> = columns.iter().zip(&having).map(column).collect();
        return format!("source people.{name}: {rows} rows of {}", columns.join(", "));
    }
    let object = fact.object.as_ref().map_or(String::new(), |object| {
        let id = if object.id == "" { String::new() } else { format!(" {}", object.id) };
        let off = if object.active { "" } else { " off" };
        format!("{id}{off}{}", pairs(object.attributes.iter()))
    });
    let former = fact.former.map_or(String::new(), |former| format!(" was {former}"));
    let until = fact.until.map_or(String::new(), |until| format!(" until {}", moment(until)));
    format!("{kind} {}{object}{former}{until}{}", fact.address, because(plan, &fact.reasons))
}

fn change_line(plan: &Plan, change: &Change) -> String {
    let mut line = format!("{} {} {}", change.action.symbol(), change.action.word(), change.address);
    let before = change.before.as_deref();
    for (name, wanted) in &change.after {
        let was =
            before.and_then(|before| before.attributes.get(*name)).map_or(String::new(), |was| format!("{was} -> "));
        let _ = match wanted {
            Wanted::Known(value) => write!(line, " {name}={was}{value}"),
            Wanted::Deferred { expression, needs } => {
                let needs: Vec<String> = needs.iter().map(Address::to_string).collect();
                write!(line, " {name}={was}({expression}, after {})", needs.join(" "))
            }
            Wanted::Secret { .. } => write!(line, " {name}=(sensitive)"),
        };
    }
    if let Some(partial) = before.and_then(|before| before.attributes.get(observed::PARTIAL.into())) {
        let _ = write!(line, " (held {partial})");
    }
    for name in &change.allocated {
        let _ = write!(line, " (next: {name})");
    }
    if let Some(until) = change.until {
        let _ = write!(line, " until {}", moment(until));
    }
    let undo = match change.undo {
        Undo::AnyTime => String::new(),
        Undo::Until(day) => format!(" (undo until {day})"),
        Undo::Never { lost } => format!(" (never undone: {lost})"),
    };
    line + &because(plan, &change.reasons) + &undo
}

fn because(plan: &Plan, reasons: &[ReasonId]) -> String {
    let reasons: Vec<&str> = reasons.iter().map(|id| plan.reasons[id.0 as usize].because.as_str()).collect();
    if reasons.is_empty() { String::new() } else { format!(" <- {}", reasons.join("; ")) }
}

fn pairs<'a>(attributes: impl Iterator<Item = &'a (Symbol, Value)>) -> String {
    attributes.map(|(name, value)| format!(" {name}={value}")).collect()
}

/// A day where it is one.
fn moment(moment: Timestamp) -> String {
    moment.to_string().replace("T00:00:00.000Z", "")
}
