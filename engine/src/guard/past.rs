//! What was taken, given or changed within the windows of `mass-removal`, `mass-change` and `mass-grant`: what was done,
//! and what is in doubt, since it may have been done.

use state::Code;
use state::record::{OpenIntent, Recorded, Removal};

/// All of it, without what an approval allowed, each with whether it is in doubt.
pub(super) fn past(recorded: &Recorded) -> impl Iterator<Item = (Removal, bool)> {
    let done = recorded.removals.iter().map(|removal| (removal.clone(), false));
    let doubts = recorded.open.iter().map(|open| (doubtful(recorded, open), true));
    done.chain(doubts).filter(|(removal, _)| !removal.approved)
}

/// ` on top of 3 done within 24 h`; empty where nothing was.
pub(super) fn on_top(past: usize, doubts: usize, window: &str) -> String {
    match (past, doubts) {
        (0, _) => String::new(),
        (past, 0) => format!(" on top of {past} done within {window}"),
        (past, doubts) => format!(" on top of {past} within {window} ({doubts} of them in doubt)"),
    }
}

/// As the record would keep it, had it been done when it was announced.
fn doubtful(recorded: &Recorded, open: &OpenIntent) -> Removal {
    let (address, action, at) = (open.change.address, open.change.action, open.at);
    let until = recorded.objects.get(&address).and_then(|known| known.until).or(open.change.until);
    let approved = recorded.approvals.values().any(|approval| {
        matches!(approval.finding, Code::MassRemoval | Code::MassChange | Code::MassGrant)
            && approval.open.get(&address) == Some(&open.run)
    });
    Removal {
        address,
        action,
        at,
        announced: recorded.was_suspended(open) || until.is_some_and(|until| until <= at),
        approved,
    }
}
