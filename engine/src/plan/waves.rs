//! Systems that do not look at each other, planned side by side: the same plan, to the byte, as one after the other.

use std::sync::Arc;

use state::{ReasonId, Symbol};

use super::plan_system;
use super::planner::Planner;

/// Something that may be done beside others.
pub type Task<'t> = Box<dyn FnOnce() + Send + 't>;

/// Whoever does several things at a time. The engine starts no threads of its own: it says what does not depend on
/// each other, and is handed who does it.
pub trait Workers: Sync {
    /// Does all of these, in any order or at the same time, and returns when all are done.
    fn all(&self, tasks: Vec<Task<'_>>);

    /// Whether there is more than one hand. Where there is not, nothing is prepared to be done side by side.
    fn are_several(&self) -> bool {
        true
    }
}

/// One pair of hands: one thing after the other.
pub struct Alone;

impl Workers for Alone {
    fn all(&self, tasks: Vec<Task<'_>>) {
        tasks.into_iter().for_each(|task| task());
    }

    fn are_several(&self) -> bool {
        false
    }
}

/// Plans all systems, in the order of their references.
pub(crate) fn plan_systems(planner: &mut Planner<'_>) {
    let configuration = planner.inputs.configuration;
    let mut rest = &configuration.system_order[..];
    for count in &configuration.side_by_side {
        let (wave, behind) = rest.split_at((*count).min(rest.len()));
        if wave.len() > 1 && planner.inputs.workers.are_several() {
            plan_wave(planner, wave);
        } else {
            wave.iter().for_each(|name| plan_system(planner, *name));
        }
        rest = behind;
    }
    rest.iter().for_each(|name| plan_system(planner, *name));
}

/// Plans these systems side by side, each in a plan of its own, and puts the plans together in their order.
fn plan_wave(planner: &mut Planner<'_>, wave: &[Symbol]) {
    let before = Arc::new(std::mem::take(&mut planner.world.systems));
    let mut parts: Vec<Planner<'_>> = wave.iter().map(|name| planner.part(*name, before.clone())).collect();
    let tasks = parts.iter_mut().zip(wave).map(|(part, name)| -> Task<'_> { Box::new(|| plan_system(part, *name)) });
    planner.inputs.workers.all(tasks.collect());
    parts.iter_mut().for_each(|part| part.world.before = Arc::default());
    // Nobody else holds them any more.
    planner.world.systems = Arc::unwrap_or_clone(before);
    for (at, (name, part)) in wave.iter().zip(parts).enumerate() {
        // What one of them does ask of one before it, it has to ask again now that it is there. And what is wrong is
        // told once, whichever systems it is wrong for.
        let planned = part.systems.contains_key(name);
        if planned && part.diagnostics.is_empty() && !part.world.looked_at_any(&wave[..at]) {
            planner.add(part);
        } else {
            plan_system(planner, *name);
        }
    }
}

impl<'a> Planner<'a> {
    /// Takes over what was planned for one system.
    fn add(&mut self, part: Planner<'a>) {
        let numbers: Vec<ReasonId> =
            part.reasons.into_table().into_iter().map(|reason| self.reasons.number(reason)).collect();
        let renumber = |reasons: &mut Box<[ReasonId]>| {
            for id in reasons {
                *id = numbers.get(id.0 as usize).copied().unwrap_or(*id);
            }
        };
        self.facts.extend(part.facts.into_iter().map(|mut fact| {
            renumber(&mut fact.reasons);
            fact
        }));
        self.drafts.extend(part.drafts.into_iter().map(|mut draft| {
            renumber(&mut draft.change.reasons);
            draft
        }));
        self.findings.extend(part.findings);
        self.world.extend(part.world);
        self.systems.extend(part.systems);
        for (pair, account) in part.renames {
            self.renames.entry(pair).or_insert(account);
        }
        self.known_attributes.extend(part.known_attributes);
    }
}
