//! Why a saved plan is refused: what it rests on changed since.

use std::collections::{BTreeMap, BTreeSet};

use state::{Address, Change, Plan};

use crate::Error;

/// Lines that are shown of each kind.
const MOST: usize = 10;

/// What changed between a saved plan and the one that would be made now.
pub fn error(saved: &Plan, now: &Plan) -> Error {
    let mut lines = Vec::new();
    let names: BTreeSet<&String> = saved.inputs.keys().chain(now.inputs.keys()).collect();
    for name in names {
        match (saved.inputs.get(name), now.inputs.get(name)) {
            (Some(old), Some(new)) if old != new => lines.push(format!("{name} has changed")),
            (Some(_), None) => lines.push(format!("{name} is not used any more")),
            (None, Some(_)) => lines.push(format!("{name} is new")),
            _ => {}
        }
    }
    lines.truncate(MOST);
    if saved.lineage != now.lineage {
        lines.push("it was made against another state file".to_owned());
    }
    let (old, new) = (by_address(&saved.changes), by_address(&now.changes));
    let mut differing = Vec::new();
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
            _ => {}
        }
    }
    let more = differing.len().saturating_sub(MOST);
    lines.extend(differing.into_iter().take(MOST));
    if more > 0 {
        lines.push(format!("... and {more} more"));
    }
    if lines.is_empty() {
        lines.push("what would be recorded differs".to_owned());
    }
    Error::new(format!("this plan is not what would be done now; nothing was changed:\n  {}", lines.join("\n  ")))
        .hint("plan again, and have that plan reviewed")
}

fn by_address(changes: &[Change]) -> BTreeMap<Address, Vec<&Change>> {
    let mut map: BTreeMap<Address, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        map.entry(change.address).or_default().push(change);
    }
    map
}
