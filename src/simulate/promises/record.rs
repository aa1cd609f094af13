//! What the record says: line by line, and beside what the systems hold.

use std::collections::{BTreeMap, BTreeSet};

use engine::apply::Fate;
use state::record::{Event, EventResult, Line, Recorded, Text};
use state::{Address, Change, Object, Symbol, Target, Timestamp, Value, Wanted};

use super::{ALONE, CHAIN, HONEST, ONE_ACCOUNT, PAIRED, Promises, REPLAY};
use crate::simulate::process::{Applied, End};
use crate::simulate::world::World;

impl Promises {
    /// A process wrote these events.
    pub(crate) fn durable(&mut self, process: u64, line: u64, at: Timestamp, events: &[Event]) {
        let alone = process >= self.writer;
        self.holds(ALONE, alone, || format!("a process writes line {line} after another one began"));
        self.writer = self.writer.max(process);
        for event in events {
            let n = self.durable.head_line + 1;
            if let Event::Outcome { run, intent, result } = event {
                let open = self.durable.open.iter().find(|open| open.run == *run && open.intent == *intent);
                if let Some(change) = open.map(|open| open.change.clone()) {
                    self.concluded(&change, result);
                }
            }
            if let Err(error) = self.durable.apply(Line { n, at, event: event.clone() }) {
                self.broken(CHAIN, format!("line {n} makes no sense: {error:?}"));
            }
        }
    }

    /// What looking found, where it is not what was wanted.
    fn concluded(&mut self, change: &Change, result: &EventResult) {
        match result {
            EventResult::Diverged { .. } => drop(self.diverged.insert(change.address)),
            _ => drop(self.diverged.remove(&change.address)),
        }
        let EventResult::Done { object, .. } = result else { return };
        for (name, wanted) in &change.after {
            let meant = matches!(wanted, Wanted::Known(value) if !value.is_empty());
            match meant && object.attributes.get(*name).is_none() {
                true => self.dropped.insert((change.address, *name)),
                false => self.dropped.remove(&(change.address, *name)),
            };
        }
    }

    /// Some of these events reached the record, and perhaps not all.
    pub(crate) fn torn(&mut self, recorded: Recorded, events: &[Event]) {
        for event in events {
            if let Event::Outcome { run, intent, result } = event {
                let open = self.durable.open.iter().find(|open| open.run == *run && open.intent == *intent);
                if let Some(change) = open.map(|open| open.change.clone()) {
                    self.concluded(&change, result);
                }
            }
        }
        self.durable_is(recorded);
    }

    /// The record is as it was found to be.
    pub(crate) fn durable_is(&mut self, recorded: Recorded) {
        self.durable = recorded;
    }
}

impl World {
    /// After an apply that was not killed.
    pub(in crate::simulate) fn promises_after(&mut self, applied: &Applied) {
        if self.in_rival {
            return;
        }
        let bytes = self.store.bytes();
        let text = Text::new(&bytes);
        let verified = text.as_ref().map_err(|damage| damage.to_string()).and_then(|text| {
            let lines = 0..text.lines.len();
            text.verify(lines).map_err(|damage| damage.to_string())
        });
        let verified = verified.err();
        self.promises.holds(CHAIN, verified.is_none(), || verified.clone().unwrap_or_default());
        let recorded = self.recorded();
        let oddity = recorded.oddities.first().cloned();
        self.promises.holds(PAIRED, oddity.is_none(), || oddity.clone().unwrap_or_default());
        if applied.end == End::Finished {
            self.is_said(applied, &recorded);
        }
        self.compare(&recorded, applied);
        self.promises.durable_is(recorded);
    }

    /// What is in doubt, and what was not done, stands in the report.
    fn is_said(&mut self, applied: &Applied, recorded: &Recorded) {
        let Some(plan) = &applied.plan else { return };
        let held: BTreeSet<Address> =
            plan.findings.iter().flat_map(|finding| finding.addresses.iter().copied()).collect();
        for open in recorded.open.iter() {
            let address = open.change.address;
            let fate = plan
                .changes
                .iter()
                .position(|change| change.address == address)
                .and_then(|n| applied.report.as_ref()?.fates.get(n));
            let said = held.contains(&address) || fate.is_some_and(|fate| !fate.is_done());
            self.promises.holds(HONEST, said, || format!("{address} is in doubt, and nobody says so"));
        }
        let Some(report) = &applied.report else { return };
        for (change, fate) in plan.changes.iter().zip(&report.fates) {
            let is_held = held.contains(&change.address);
            let silent = matches!(fate, Fate::Held { on: None }) && !is_held;
            self.promises.holds(HONEST, !silent, || format!("{} is held by nothing that is said", change.address));
        }
    }

    /// Every object of the record is on its system as the record says, unless it is in doubt or others changed it; and
    /// what calls made stands in the record.
    fn compare(&mut self, recorded: &Recorded, applied: &Applied) {
        let (settled, seen) = (applied.is_settled(), applied.has_seen_all());
        let findings = applied.plan.iter().flat_map(|plan| &plan.findings);
        let held: BTreeSet<Address> = findings.flat_map(|finding| finding.addresses.iter().copied()).collect();
        let open: BTreeSet<Address> = recorded.open.iter().map(|open| open.change.address).collect();
        let mut addresses: Vec<Address> = recorded.objects.keys().copied().collect();
        addresses.sort_unstable();
        for address in addresses {
            let (Some(system), Some(known)) = (address.system(), recorded.objects.get(&address)) else { continue };
            let target = match address {
                Address::Account { .. } => Some(Target::Account(known.id)),
                Address::Group { .. } => Some(Target::Group(known.id)),
                _ => known.target,
            };
            let Some(target) = target.filter(|_| !open.contains(&address)) else { continue };
            let ends = match target {
                Target::Membership { group, member, .. } => [Some(Target::Group(group)), Some(Target::Account(member))],
                Target::Grant { group, .. } => [Some(Target::Group(group)), None],
                _ => [None, None],
            };
            let mut touched = [Some(target)].into_iter().chain(ends).flatten();
            let touched = touched.any(|target| self.promises.touched.contains(&(system, target)));
            let Some(shared) = self.twins.0.get(&system).cloned() else { continue };
            let there = shared.with(|twin, _| twin.get(target).cloned());
            let told = known.attributes.iter().filter(|(name, _)| !self.promises.dropped.contains(&(address, *name)));
            let told = told.cloned().collect();
            let differs = match &there {
                None => Some("it is not there".to_owned()),
                Some(object) => {
                    differs(object, &told, matches!(address, Address::Account { .. }).then_some(known.active))
                }
            };
            // What somebody else switched off stays so, and stays on record as theirs.
            let off = there.as_ref().is_some_and(|object| !object.active);
            let unseen = !settled || !seen || held.contains(&address) || off;
            let changed = unseen && self.promises.changed.contains(&address);
            let excused = touched || changed || self.promises.diverged.contains(&address);
            if differs.is_none() {
                self.promises.touched.remove(&(system, target));
                self.promises.changed.remove(&address);
            } else if excused {
                continue;
            }
            self.promises
                .holds(REPLAY, differs.is_none(), || format!("{address}: {}", differs.clone().unwrap_or_default()));
        }
        // What was made and said to be refused (a call that arrived twice) is taken under management by a later apply.
        let made = if settled { self.promises.made.clone() } else { BTreeMap::new() };
        for (address, ids) in made {
            let Some(system) = address.system() else { continue };
            let Some(shared) = self.twins.0.get(&system).cloned() else { continue };
            for id in ids {
                let alive = shared.with(|twin, _| twin.get(Target::Account(id)).is_some());
                let known = recorded.objects.iter().any(|(own, object)| {
                    object.id == id && matches!(own, Address::Account { .. }) && own.system() == Some(system)
                });
                let touched = self.promises.touched.contains(&(system, Target::Account(id)));
                let ghost = self.promises.ghosts.contains(&(system, id));
                if alive && !touched && !ghost && !open.contains(&address) && !self.promises.diverged.contains(&address)
                {
                    self.promises
                        .holds(REPLAY, known, || format!("{address} was made as {id}, and the record has lost it"));
                }
            }
        }
        self.one_each(recorded);
    }

    /// No two addresses are the same account.
    fn one_each(&mut self, recorded: &Recorded) {
        let mut seen: BTreeSet<(Symbol, Symbol)> = BTreeSet::new();
        let accounts = recorded.objects.iter().filter(|(address, _)| matches!(address, Address::Account { .. }));
        let mut ids: Vec<(Symbol, Symbol)> =
            accounts.filter_map(|(address, object)| Some((address.system()?, object.id))).collect();
        ids.sort_unstable();
        for id in ids {
            let new = seen.insert(id);
            self.promises.holds(ONE_ACCOUNT, new, || format!("two have the account {} on {}", id.1, id.0));
        }
    }
}

/// In what an object is not as the record says; secrets cannot be compared.
fn differs(object: &Object, known: &state::Attributes, active: Option<bool>) -> Option<String> {
    if active.is_some_and(|active| active != object.active) {
        return Some(format!("it is {}active", if object.active { "" } else { "not " }));
    }
    let secret = |value: &Value| value.as_text().is_some_and(|text| text.as_str().starts_with("hmac-sha256:"));
    known.iter().filter(|(_, value)| !secret(value)).find_map(|(name, value)| {
        let there = object.attributes.get(*name);
        let same = match there {
            None => value.is_empty(),
            Some(there) => agrees(value, there),
        };
        (!same).then(|| {
            format!("`{name}` is {}, and the record says {value}", there.map_or("nothing".to_owned(), Value::to_string))
        })
    })
}

fn agrees(known: &Value, there: &Value) -> bool {
    match (known.as_map(), there.as_map()) {
        (Some(known), Some(_)) => known.iter().all(|(name, value)| match there.get(*name) {
            None => value.is_empty(),
            Some(there) => agrees(value, there),
        }),
        _ => known == there,
    }
}
