//! `stale-plan`: a saved plan is held whole where what it rests on changed since.

use std::collections::{BTreeMap, BTreeSet};

use state::{Address, Change, Code, Finding, Plan, Scope, Severity};

use crate::cli::plan::Shown;
use crate::{Error, Exit, render};

/// Lines that are shown of each kind.
const MOST: usize = 10;

/// Says that `saved` is held, since `now` is the plan that would be made.
///
/// # Errors
/// Where that cannot be written.
pub fn hold(mut saved: Plan, now: &Plan, shown: &Shown) -> Result<Exit, Error> {
    saved.findings = vec![finding(&saved, now)];
    if shown.json {
        render::plan::print(&saved, shown)?;
    } else {
        render::plan::print_held(&saved, &saved, shown)?;
    }
    Ok(Exit::Held)
}

/// What changed between a saved plan and the one that would be made now.
fn finding(saved: &Plan, now: &Plan) -> Finding {
    let mut lines = Vec::new();
    lines.extend(commits(saved, now));
    let names: BTreeSet<&String> = saved.inputs.keys().chain(now.inputs.keys()).collect();
    for name in names {
        match (saved.inputs.get(name), now.inputs.get(name)) {
            (Some(old), Some(new)) if old != new => lines.push(format!("{name} has changed")),
            (Some(_), None) => lines.push(format!("{name} is not used any more")),
            (None, Some(_)) => lines.push(format!("{name} is new")),
            _ => {}
        }
    }
    lines.truncate(MOST + 1);
    if saved.lineage != now.lineage {
        lines.push("it was made against another state file".to_owned());
    }
    let (old, new) = (by_address(&saved.changes), by_address(&now.changes));
    let (mut differing, mut addresses) = (Vec::new(), Vec::new());
    for address in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let words = |changes: &BTreeMap<Address, Vec<&Change>>| {
            changes
                .get(address)
                .map(|changes| changes.iter().map(|change| change.action.word()).collect::<Vec<_>>().join(", "))
        };
        match (words(&old), words(&new)) {
            (Some(old), None) => differing.push(format!("`{old}` of {address} is not needed any more")),
            (None, Some(new)) => differing.push(format!("{address} would need `{new}`")),
            (Some(old), Some(new)) if old != new => differing.push(format!("{address}: `{old}` became `{new}`")),
            _ if old.get(address) != new.get(address) => differing.push(format!("{address} stands differently by now")),
            _ => continue,
        }
        addresses.push(*address);
    }
    let more = differing.len().saturating_sub(MOST);
    lines.extend(differing.into_iter().take(MOST));
    if more > 0 {
        lines.push(format!("... and {more} more"));
    }
    if lines.is_empty() {
        lines.push("what would be recorded differs".to_owned());
    }
    Finding {
        code: Code::StalePlan,
        severity: Severity::Holds,
        scope: Scope::Plan,
        addresses,
        message: format!(
            "what this plan rests on changed since it was made; nothing was done:\n  {}",
            lines.join("\n  ")
        ),
        hint: "plan again, and have that plan reviewed".to_owned(),
    }
}

/// From which commit it was made, where that is not what is checked out. A commit alone holds nothing: a merge gives the
/// files that were planned another name.
fn commits(saved: &Plan, now: &Plan) -> Option<String> {
    let (made, here) = (saved.commit.as_ref()?, now.commit.as_ref()?);
    (made != here).then(|| {
        let (made, here) = (render::text::commit(made), render::text::commit(here));
        format!("it was made from commit {made}; checked out is {here}")
    })
}

fn by_address(changes: &[Change]) -> BTreeMap<Address, Vec<&Change>> {
    let mut map: BTreeMap<Address, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        map.entry(change.address).or_default().push(change);
    }
    map
}
