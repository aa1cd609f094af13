//! What waits for something that this plan cannot make, because a finding or a doubt holds it: held with it.

use rustc_hash::FxHashSet;
use state::{Action, Address, Code, Finding, Scope, Severity, Wanted, sort_by_address};

use super::planner::{Draft, Planner};
use super::world::{Place, Standing};

/// Who waits, and for what.
pub(super) type Waiting = Vec<(Address, Address)>;

impl Planner<'_> {
    /// Takes out what needs an account or group that is held before it exists: apply would only find out that it cannot
    /// be done. Of an update only those attributes are taken out.
    pub(super) fn hold_what_waits(&mut self) -> Waiting {
        let mut missing = self.held_before_they_exist();
        let mut blocked = missing.clone();
        let mut waiting = Waiting::new();
        while !blocked.is_empty() {
            let mut next = FxHashSet::default();
            self.drafts.retain_mut(|draft| {
                let Some(cause) = cause(draft, &blocked, &missing) else { return true };
                if matches!(draft.change.action, Action::Update | Action::Rename) {
                    // The rest of it can be done.
                    let known = draft.change.after.iter().filter(|(_, wanted)| !needs(wanted, &blocked));
                    draft.change.after = known.cloned().collect();
                    next.insert((draft.change.address, draft.change.action));
                    return !draft.change.after.is_empty();
                }
                waiting.push((draft.change.address, cause));
                next.insert((draft.change.address, draft.change.action));
                false
            });
            let made = next.iter().filter(|(_, action)| *action == Action::Create);
            missing.extend(made.map(|(address, _)| *address));
            blocked = next.into_iter().map(|(address, _)| address).collect();
        }
        waiting
    }

    fn held_before_they_exist(&self) -> FxHashSet<Address> {
        let mut blocked = FxHashSet::default();
        for (system, world) in &self.world.systems {
            let held = |stand: &super::world::Stand| {
                stand.standing == Standing::Held && !matches!(stand.place, Place::Observed(_))
            };
            let accounts = world.accounts.iter().filter(|(_, stand)| held(stand));
            blocked.extend(accounts.map(|(holder, _)| Address::Account { system: *system, holder: *holder }));
            let groups = world.groups.iter().filter(|(_, stand)| held(stand));
            blocked.extend(groups.map(|(group, _)| Address::Group { system: *system, group: *group }));
        }
        blocked
    }
}

fn needs(wanted: &Wanted, blocked: &FxHashSet<Address>) -> bool {
    matches!(wanted, Wanted::Deferred { needs, .. } if needs.iter().any(|need| blocked.contains(need)))
}

/// Adds those who wait to the findings that hold what they wait for.
pub(super) fn tell(findings: &mut [Finding], waiting: &Waiting) {
    if waiting.is_empty() {
        return;
    }
    for finding in findings.iter_mut().filter(|finding| finding.severity == Severity::Holds) {
        let whole = match finding.scope {
            Scope::System(system) if finding.code == Code::IncompleteRead => Some(system),
            _ => None,
        };
        let mut covered: FxHashSet<Address> = finding.addresses.iter().copied().collect();
        let before = covered.len();
        for (address, cause) in waiting {
            if (whole.is_some() && cause.system() == whole) || covered.contains(cause) {
                covered.insert(*address);
            }
        }
        if covered.len() > before {
            finding.addresses = covered.into_iter().collect();
            sort_by_address(&mut finding.addresses, |address| *address);
        }
    }
}

/// What this change needs of what is not made (`missing`) or not set (`blocked`).
fn cause(draft: &Draft, blocked: &FxHashSet<Address>, missing: &FxHashSet<Address>) -> Option<Address> {
    let change = &draft.change;
    if change.action == Action::Grant {
        let ends = [change.address.parent_group(), change.address.member()];
        return ends.into_iter().flatten().find(|end| missing.contains(end));
    }
    change.after.iter().find_map(|(_, wanted)| match wanted {
        Wanted::Deferred { needs, .. } => needs.iter().copied().find(|need| blocked.contains(need)),
        _ => None,
    })
}
