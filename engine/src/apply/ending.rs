//! The end of a run: a look at what is in doubt, the report, the last event.

use std::collections::BTreeMap;

use state::Timestamp;
use state::record::Event;

use super::Report;
use super::machine::{Apply, InFlight, Stage};
use super::report::{Fate, Why};
use super::step::Step;
use super::work::{Call, Transaction};

/// What is in doubt is waited for at most so long, in milliseconds; else it is left to the next run.
const SETTLE_WAIT: i64 = 120_000;

impl Apply<'_> {
    /// Asks for the transactions in doubt, at once; looks at what else is in doubt, once its time has come.
    pub(super) fn settle(&mut self, now: Timestamp, steps: &mut Vec<Step>) {
        if self.interrupted {
            self.doubts.clear();
        }
        self.ask(1, steps);
        if self.in_flight.values().any(|what| matches!(what, InFlight::Ask(..))) {
            return;
        }
        let latest = now.plus_millis(SETTLE_WAIT);
        let open = |call: &Call| matches!(call.transaction, Transaction::Announced { asked, .. } if asked > 1);
        let told = |call: &Call| call.target.is_some() || matches!(call.transaction, Transaction::Announced { .. });
        self.doubts.retain(|(_, call)| told(call) && !open(call) && call.settle_at <= latest);
        if let Some(at) = self.doubts.iter().map(|(_, call)| call.settle_at).max() {
            if at > now {
                return self.wake(at);
            }
            // Those that were still open are asked for once more.
            self.ask(2, steps);
            let mut by_system: BTreeMap<u32, Vec<Call>> = BTreeMap::new();
            for (system, call) in std::mem::take(&mut self.doubts) {
                by_system.entry(system).or_default().push(call);
            }
            for (system, calls) in by_system {
                let Some(system) = self.systems.get(system as usize).map(|system| system.name) else { continue };
                let targets = calls.iter().flat_map(Call::looks).collect();
                let token = self.token(InFlight::Settle(system, calls));
                steps.push(Step::Read { token, system, targets });
            }
        }
        let looking = self.in_flight.values().any(|what| matches!(what, InFlight::Settle(..) | InFlight::Ask(..)));
        if !looking && self.doubts.is_empty() {
            self.close();
        }
    }

    /// Draws the report up, and records that the run is over.
    pub(super) fn close(&mut self) {
        let rest = match &self.fatal {
            Some(_) => Why::NotRecorded,
            None if self.interrupted => Why::Interrupted,
            None => Why::NotResolved("the plan has no batch for it: plan again".to_owned()),
        };
        if let Some(error) = &self.fatal {
            let error = format!("called, but its outcome could not be recorded: {error}");
            let called = self.active.iter().flatten().flat_map(|active| active.calling.iter().chain(&active.looking));
            for n in called.map(|call| call.change).collect::<Vec<_>>() {
                self.fates.set(self.plan, n, Fate::Unknown { error: error.clone() });
            }
        }
        let fates = std::mem::take(&mut self.fates).into_all(Fate::NotDone(rest));
        let tripped = self.systems.iter().filter(|system| system.tripped).map(|system| system.name).collect();
        let report = Report::new(fates, self.interrupted, self.fatal.clone(), tripped);
        self.journal.push(Event::RunFinished {
            run: self.run,
            counts: report.counts.clone(),
            status: report.status.word().to_owned(),
        });
        self.report = Some(Box::new(report));
        self.stage = Stage::Closing;
    }

    pub(super) fn finished(&mut self, steps: &mut Vec<Step>) {
        self.stage = Stage::Finished;
        steps.extend(self.report.take().map(Step::Finished));
    }
}
