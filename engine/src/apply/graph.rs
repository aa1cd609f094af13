//! The plan's batches cut into units of work, what waits for what, and which remote objects are taken.

use std::collections::VecDeque;
use std::ops::Range;

use rustc_hash::FxHashMap;
use state::{Address, Change, Plan};

use super::fates::{Fates, leans};
use super::systems::System;

/// Changes that one sequence of calls carries out. Units of a batch that share no object run side by side.
pub(super) struct Unit {
    /// Place in the machine's list of systems.
    pub(super) system: u32,
    pub(super) batch: u32,
    pub(super) changes: Range<u32>,
    /// Units of the same batch that must be done before.
    blockers: u32,
}

struct BatchState {
    units: Range<u32>,
    /// Units that are not done.
    left: u32,
    /// Batches before this one that are not done.
    closed_by: u32,
}

/// What waits for what.
pub(super) struct Graph {
    pub(super) units: Vec<Unit>,
    /// The unit of each change; `NONE` where no batch covers it.
    unit_of: Vec<u32>,
    /// Units of a batch that wait for another unit of it.
    inner: FxHashMap<u32, Vec<u32>>,
    batches: Vec<BatchState>,
    /// Batches that wait for batch `b`: `dependents[starts[b]..starts[b + 1]]`.
    starts: Vec<u32>,
    dependents: Vec<u32>,
    /// The remote object that each change touches, numbered; and which are taken, by which unit.
    object_of: Vec<u32>,
    taken: Vec<bool>,
    queues: FxHashMap<u32, VecDeque<u32>>,
}

const NONE: u32 = u32::MAX;

/// The remote object that a change touches: a membership or grant touches its group.
fn object(change: &Change) -> Address {
    change.address.parent_group().unwrap_or(change.address)
}

impl Graph {
    pub(super) fn new(plan: &Plan, systems: &[System], fates: &Fates) -> Graph {
        let mut numbers: FxHashMap<Address, u32> = FxHashMap::default();
        let object_of: Vec<u32> = plan
            .changes
            .iter()
            .map(|change| {
                let next = numbers.len() as u32;
                *numbers.entry(object(change)).or_insert(next)
            })
            .collect();
        let (starts, dependents) = reversed(plan);
        let mut graph = Graph {
            units: Vec::with_capacity(plan.batches.len()),
            unit_of: vec![NONE; plan.changes.len()],
            inner: FxHashMap::default(),
            batches: Vec::with_capacity(plan.batches.len()),
            starts,
            dependents,
            object_of,
            taken: vec![false; numbers.len()],
            queues: FxHashMap::default(),
        };
        for (number, batch) in (0u32..).zip(&plan.batches) {
            let first = graph.units.len() as u32;
            let system = systems.iter().position(|system| system.name == batch.system).unwrap_or(0);
            graph.cut(plan, number, system, systems.get(system), fates);
            let units = first..graph.units.len() as u32;
            let closed_by = earlier(number, &batch.after).count() as u32;
            graph.batches.push(BatchState { left: units.len() as u32, units, closed_by });
        }
        graph
    }

    /// Cuts one batch into units.
    fn cut(&mut self, plan: &Plan, number: u32, system: usize, connected: Option<&System>, fates: &Fates) {
        let Some(batch) = plan.batches.get(number as usize) else { return };
        let end = batch.changes.end.min(plan.changes.len() as u32);
        let most = connected.map_or(1, System::batch);
        let mixed =
            connected.and_then(|system| system.connected.as_ref()).is_some_and(|c| c.capabilities.batch_objects);
        let first = self.units.len() as u32;
        for n in batch.changes.start..end {
            let (Some(change), Some(place)) = (plan.changes.get(n as usize), self.unit_of.get(n as usize)) else {
                break;
            };
            if *place != NONE {
                continue;
            }
            let last = (self.units.len() as u32).checked_sub(1).filter(|last| *last >= first);
            let makers: Vec<u32> = leans(change)
                .filter_map(|address| fates.maker(address))
                .filter(|maker| *maker < n)
                .filter_map(|maker| self.unit_of.get(maker as usize).copied())
                .filter(|unit| *unit != NONE && *unit >= first)
                .collect();
            let joins = last.and_then(|last| self.units.get(last as usize)).is_some_and(|unit| {
                let previous = unit.changes.end.wrapping_sub(1);
                let same = self.object_of.get(previous as usize) == self.object_of.get(n as usize);
                let follows = unit.changes.end == n;
                let free = mixed && unit.changes.len() < most && !makers.iter().any(|maker| Some(*maker) == last);
                follows && (batch.target.is_some() || same || free)
            });
            let unit = match last {
                Some(last) if joins => last,
                _ => {
                    self.units.push(Unit { system: system as u32, batch: number, changes: n..n, blockers: 0 });
                    self.units.len() as u32 - 1
                }
            };
            let mut blockers = 0;
            for maker in makers {
                if maker != unit {
                    self.inner.entry(maker).or_default().push(unit);
                    blockers += 1;
                }
            }
            if let Some(unit) = self.units.get_mut(unit as usize) {
                unit.changes.end = n + 1;
                unit.blockers += blockers;
            }
            if let Some(place) = self.unit_of.get_mut(n as usize) {
                *place = unit;
            }
        }
    }

    /// The unit of a change.
    pub(super) fn unit_of(&self, change: u32) -> Option<u32> {
        self.unit_of.get(change as usize).copied().filter(|unit| *unit != NONE)
    }

    /// Whether two changes touch the same remote object.
    pub(super) fn same_object(&self, a: u32, b: u32) -> bool {
        self.object_of.get(a as usize) == self.object_of.get(b as usize)
    }

    /// Units that wait for nothing, and those of batches that are empty from the start.
    pub(super) fn begin(&mut self) -> Vec<u32> {
        let mut free = Vec::new();
        let batches = (0u32..).zip(&self.batches);
        let open: Vec<u32> = batches.filter(|(_, batch)| batch.closed_by == 0).map(|(number, _)| number).collect();
        for batch in open {
            self.open(batch, &mut free);
        }
        free
    }

    /// A batch has nothing before it any more.
    fn open(&mut self, batch: u32, free: &mut Vec<u32>) {
        let mut opened = vec![batch];
        while let Some(batch) = opened.pop() {
            let Some(state) = self.batches.get(batch as usize) else { continue };
            if state.units.is_empty() {
                opened.extend(self.release(batch));
                continue;
            }
            let units = state.units.clone();
            free.extend(units.filter(|unit| self.units.get(*unit as usize).is_some_and(|unit| unit.blockers == 0)));
        }
    }

    /// A batch is done: the batches that it was the last to hold up.
    fn release(&mut self, batch: u32) -> Vec<u32> {
        let at = |n: u32| self.starts.get(n as usize).copied().unwrap_or(0) as usize;
        let dependents = self.dependents.get(at(batch)..at(batch + 1)).unwrap_or(&[]).to_vec();
        dependents
            .into_iter()
            .filter(|dependent| {
                self.batches.get_mut(*dependent as usize).is_some_and(|state| {
                    state.closed_by = state.closed_by.saturating_sub(1);
                    state.closed_by == 0
                })
            })
            .collect()
    }

    /// A unit is done, whatever became of its changes: the units that may begin now.
    pub(super) fn done(&mut self, unit: u32) -> Vec<u32> {
        let mut free = Vec::new();
        let Some(batch) = self.units.get(unit as usize).map(|unit| unit.batch) else { return free };
        for waiting in self.inner.remove(&unit).unwrap_or_default() {
            if let Some(waiter) = self.units.get_mut(waiting as usize) {
                waiter.blockers = waiter.blockers.saturating_sub(1);
                if waiter.blockers == 0 {
                    free.push(waiting);
                }
            }
        }
        let finished = self.batches.get_mut(batch as usize).is_some_and(|state| {
            state.left = state.left.saturating_sub(1);
            state.left == 0
        });
        if finished {
            for next in self.release(batch) {
                self.open(next, &mut free);
            }
        }
        free
    }

    fn objects(&self, unit: u32) -> Vec<u32> {
        let changes = self.units.get(unit as usize).map_or(0..0, |unit| unit.changes.clone());
        let mut objects: Vec<u32> = changes.filter_map(|change| self.object_of.get(change as usize).copied()).collect();
        objects.dedup();
        objects.sort_unstable();
        objects.dedup();
        objects
    }

    /// Takes the remote objects of a unit; where one is taken already, the unit waits in that object's queue.
    pub(super) fn take(&mut self, unit: u32) -> bool {
        let objects = self.objects(unit);
        let is_taken = |object: &&u32| self.taken.get(**object as usize).copied().unwrap_or(false);
        if let Some(busy) = objects.iter().find(is_taken) {
            self.queues.entry(*busy).or_default().push_back(unit);
            return false;
        }
        for object in objects {
            if let Some(taken) = self.taken.get_mut(object as usize) {
                *taken = true;
            }
        }
        true
    }

    /// Gives the remote objects of a unit back: for each the unit that waited longest tries again.
    pub(super) fn give_back(&mut self, unit: u32) -> Vec<u32> {
        let mut free = Vec::new();
        for object in self.objects(unit) {
            if let Some(taken) = self.taken.get_mut(object as usize) {
                *taken = false;
            }
            if let Some(queue) = self.queues.get_mut(&object) {
                free.extend(queue.pop_front());
                if queue.is_empty() {
                    self.queues.remove(&object);
                }
            }
        }
        free
    }
}

/// The edges of a batch that point back, as they must; others would be a cycle, and are left out.
fn earlier(batch: u32, after: &[u32]) -> impl Iterator<Item = u32> + '_ {
    after.iter().copied().filter(move |earlier| *earlier < batch)
}

/// Who waits for whom, turned round, in two flat lists.
fn reversed(plan: &Plan) -> (Vec<u32>, Vec<u32>) {
    let edges = || {
        let batches = (0u32..).zip(&plan.batches);
        batches.flat_map(|(number, batch)| earlier(number, &batch.after).map(move |earlier| (earlier, number)))
    };
    let mut starts = vec![0u32; plan.batches.len() + 1];
    for (earlier, _) in edges() {
        if let Some(start) = starts.get_mut(earlier as usize + 1) {
            *start += 1;
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let mut fill = starts.clone();
    let mut dependents = vec![0u32; sum as usize];
    for (earlier, later) in edges() {
        if let Some(at) = fill.get_mut(earlier as usize) {
            if let Some(slot) = dependents.get_mut(*at as usize) {
                *slot = later;
            }
            *at += 1;
        }
    }
    (starts, dependents)
}
