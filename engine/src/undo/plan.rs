//! The plan that undoes a run.

use rustc_hash::FxHashSet;
use state::{Address, Change, Code, Digest, FactKind, Left, Plan, Undoes};

use super::again::{again, facts};
use super::done::Done;
use super::restore::{Restored, restored};
use crate::guard;
use crate::language::Diagnostic;
use crate::plan::book::covers;
use crate::plan::{Inputs, Planned, Resolver, cycle_error, look, names, order};

/// Makes the plan that gives back how things were before a run, with what the safeguards say about it. Its
/// [`Plan::undoes`] lists what does not come back. `inputs.targets`: only what these addresses need.
///
/// # Errors
/// What is wrong with the files in the light of what was observed.
pub fn undo<'a>(inputs: Inputs<'a>, done: &Done) -> Result<Planned<'a>, Vec<Diagnostic>> {
    let run = done.started.run;
    let mut planner = look(Inputs { targets: &[], ..inputs })?;
    let wanted: Vec<(Address, Change)> =
        std::mem::take(&mut planner.drafts).into_iter().map(|draft| (draft.change.address, draft.change)).collect();
    let Restored { all, mut left } = restored(&planner, done);
    let again = again(&planner, &wanted, &all);
    let because = planner.reasons.plain(format!("undo of run {run}"));
    for mut restoration in all {
        restoration.body.reasons = Box::from([because]);
        planner.change(restoration.phase, restoration.address, restoration.action, restoration.body);
    }
    let drafts = std::mem::take(&mut planner.drafts);
    let capabilities =
        |system| inputs.readings.get(&system).map(|reading| reading.capabilities.clone()).unwrap_or_default();
    let (changes, batches) =
        order::order(drafts, inputs.targets, |_| false, &inputs.configuration.conflicts, capabilities)
            .map_err(|cycle| vec![cycle_error(&cycle)])?;
    let touched: FxHashSet<Address> = changes.iter().map(|change| change.address).collect();
    // New names are needed whatever is done: what is recorded under one must not stand beside the old one.
    planner.facts.retain(|fact| fact.kind == FactKind::Moved);
    planner.facts.extend(facts(run, &again).into_iter().filter(|fact| touched.contains(&fact.address)));
    planner.facts.sort_by_key(|fact| (fact.address, fact.kind));
    let asked =
        |left: &Left| inputs.targets.is_empty() || inputs.targets.iter().any(|wide| covers(*wide, left.address));
    left.retain(asked);
    let names = names(&planner, &changes);
    let recorded = inputs.recorded;
    let mut plan = Plan {
        digest: Digest::ZERO,
        made: inputs.now,
        inputs: inputs.configuration.evaluate.inputs(),
        lineage: recorded.lineage.unwrap_or_else(|| "".into()),
        head: recorded.head.unwrap_or(Digest::ZERO),
        head_line: recorded.head_line,
        commit: None,
        undoes: Some(Undoes { run, targets: inputs.targets.to_vec(), left }),
        systems: std::mem::take(&mut planner.systems),
        names,
        reasons: Vec::new(),
        facts: std::mem::take(&mut planner.facts),
        changes,
        batches,
        findings: Vec::new(),
    };
    // What the files would run into is not what this plan does; but what it touches is held as in any other.
    planner.findings.retain(|finding| {
        finding.severity == state::Severity::Holds
            && (finding.code == Code::IncompleteRead
                || finding.addresses.iter().any(|address| touched.contains(address)))
    });
    let watches = guard::judge(&mut planner, &plan);
    plan.findings = std::mem::take(&mut planner.findings);
    plan.findings.sort();
    plan.reasons = planner.reasons.into_table();
    plan.seal();
    Ok(Planned { plan, resolver: Resolver { configuration: inputs.configuration, world: planner.world }, watches })
}
