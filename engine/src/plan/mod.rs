//! Planning: what would change, in every system, and why. Pure: the same inputs give the same plan.
//!
//! `blocks` refuses blocks that vanished; `identities` finds leavers; then, system by system in the order of their
//! references (`waves`), `correlate` says which account is whose, `accounts`, `groups`, `memberships` and `grants` compare what
//! is wanted with what was observed and recorded, and `offboarding` says what comes next for whom left; `order` puts
//! the changes into batches; the safeguards ([`crate::guard`]) judge the whole.

pub(crate) mod accounts;
mod attributes;
mod blocked;
mod blocks;
pub(crate) mod book;
pub mod coming;
pub(crate) mod compare;
mod correlate;
mod expand;
mod grants;
mod groups;
mod identities;
mod inputs;
mod memberships;
pub(crate) mod offboarding;
pub(crate) mod order;
pub(crate) mod planner;
mod reasons;
mod recorded;
mod resolver;
pub(crate) mod sight;
mod site;
mod suspended;
mod walk;
pub(crate) mod waves;
pub(crate) mod world;

use std::collections::BTreeMap;

use state::{Address, Digest, Plan, Symbol, SystemRead, SystemSummary};

pub use accounts::is_nobody;
pub use book::forgets;
pub use coming::{Coming, ComingStage, Orphan, coming};
pub use inputs::{Inputs, Inventory, Reading};
pub use planner::seal_secret;
pub use recorded::{emptied, missing, observed_from_record, witnesses};
pub use resolver::Resolver;
pub use waves::{Alone, Task, Workers};

use crate::configuration::way_text;
use crate::guard;
use crate::language::Diagnostic;
use planner::Planner;
use reasons::Reasons;
use sight::Sight;
use site::Site;

/// A plan, and what evaluates the parts of it that are known only while it is applied.
pub struct Planned<'a> {
    pub plan: Plan,
    pub resolver: Resolver<'a>,
    /// The protected groups as the plan leaves them: looked at again while it is carried out.
    pub watches: Vec<guard::Watch>,
}

/// Makes the plan, with what the safeguards say about it.
///
/// # Errors
/// Everything that is wrong with the files in the light of what was observed: blocks that vanished, expressions that
/// fail, cycles. Nothing is planned then.
pub fn plan(inputs: Inputs<'_>) -> Result<Planned<'_>, Vec<Diagnostic>> {
    let mut planner = Planner::new(inputs);
    planner.check_vanished_blocks();
    if !planner.diagnostics.is_empty() {
        return Err(planner.diagnostics);
    }
    planner.find_leavers();
    planner.record_identities();
    planner.forget_removed_identities();
    waves::plan_systems(&mut planner);
    if !planner.diagnostics.is_empty() {
        return Err(planner.diagnostics);
    }
    planner.suspend();
    planner.release_undone();
    finish(planner)
}

/// Everything that planning finds out about the systems, with the changes that the files want; nothing is judged yet.
///
/// # Errors
/// Everything that is wrong with the files in the light of what was observed, but for blocks that vanished.
pub(crate) fn look(inputs: Inputs<'_>) -> Result<Planner<'_>, Vec<Diagnostic>> {
    let mut planner = Planner::new(inputs);
    planner.find_leavers();
    waves::plan_systems(&mut planner);
    planner.suspend();
    if planner.diagnostics.is_empty() { Ok(planner) } else { Err(planner.diagnostics) }
}

fn plan_system<'a>(planner: &mut Planner<'a>, name: Symbol) {
    let (Some(system), Some(reading)) =
        (planner.inputs.configuration.systems.get(&name), planner.inputs.readings.get(&name))
    else {
        return;
    };
    let read = match &reading.inventory {
        Inventory::Complete(observed) => SystemRead::Complete { proof: observed.complete.proof.clone() },
        Inventory::Recorded(_) => SystemRead::Recorded,
        Inventory::Incomplete(error) => SystemRead::Incomplete { error: error.clone() },
    };
    let observed = reading.inventory.observed();
    planner.systems.insert(
        name,
        SystemSummary {
            provider: system.provider,
            read,
            accounts: observed.map_or(0, |observed| observed.accounts.len() as u32),
            groups: observed.map_or(0, |observed| observed.groups.len() as u32),
            unmanaged: 0,
            left_out: Vec::new(),
            notes: Vec::new(),
            outlasts: reading.capabilities.outlasts,
        },
    );
    let Some(mut site) = Site::new(planner.inputs.configuration, system, reading) else {
        if let Inventory::Incomplete(error) = &reading.inventory {
            planner.stand_recorded(name);
            planner.findings.push(guard::incomplete_read::finding(name, error));
        }
        return;
    };
    if let Some(error) = planner.emptied(&site).filter(|_| !crate::mutations::on("unread-is-empty")) {
        if let Some(summary) = planner.systems.get_mut(&name) {
            summary.read = SystemRead::Incomplete { error: error.clone() };
        }
        planner.stand_recorded(name);
        planner.findings.push(guard::incomplete_read::finding(name, &error));
        return;
    }
    site.first_draft = planner.drafts.len();
    planner.world.systems.entry(name).or_default().observed = Some(site.observed);
    if system.read_only {
        return;
    }
    planner.find_wanted(&mut site);
    planner.correlate_accounts(&mut site);
    planner.plan_accounts(&mut site);
    planner.plan_groups(&mut site);
    let explained = planner.plan_memberships(&site);
    let unexplained = planner.plan_grants(&site);
    if let Some(sights) = &mut planner.sights {
        let unexplained = unexplained.into_iter().collect();
        sights.insert(name, Sight { holders: site.holders, groups: site.groups, explained, unexplained });
    }
}

fn finish(mut planner: Planner<'_>) -> Result<Planned<'_>, Vec<Diagnostic>> {
    let waiting = planner.hold_what_waits();
    planner.leaving = guard::source_shrank::leaving(&planner);
    guard::source_shrank::record(&mut planner);
    let inputs = planner.inputs;
    let drafts = std::mem::take(&mut planner.drafts);
    let capabilities =
        |system| inputs.readings.get(&system).map(|reading| reading.capabilities.clone()).unwrap_or_default();
    let leavers = &planner.leavers;
    let (changes, batches) = order::order(
        drafts,
        inputs.targets,
        |holder| leavers.contains_key(&holder),
        &inputs.configuration.conflicts,
        capabilities,
    )
    .map_err(|cycle| vec![cycle_error(&cycle)])?;
    if !inputs.targets.is_empty() {
        let holders: rustc_hash::FxHashSet<Symbol> =
            changes.iter().filter_map(|change| change.address.holder()).collect();
        let own: rustc_hash::FxHashSet<Address> = changes.iter().map(|change| change.address).collect();
        // New names are needed whatever is done: what is recorded under one must not stand beside the old one.
        planner.facts.retain(|fact| {
            let acted = |holder: Symbol| fact.kind == state::FactKind::Identity && holders.contains(&holder);
            let source = || guard::source_shrank::carries(inputs.recorded, fact, &planner.leaving, &own);
            fact.kind == state::FactKind::Moved
                || fact.kind == state::FactKind::Source && source()
                || fact.address.holder().is_some_and(acted)
                || inputs.targets.iter().any(|target| book::covers(*target, fact.address))
        });
    }
    planner.facts.sort_by_key(|fact| (fact.address, fact.kind));
    let names = names(&planner, &changes);
    let recorded = inputs.recorded;
    let mut plan = Plan {
        digest: Digest::ZERO,
        made: inputs.now,
        inputs: inputs.configuration.evaluate.inputs(),
        lineage: recorded.lineage.unwrap_or_else(|| Symbol::new("")),
        head: recorded.head.unwrap_or(Digest::ZERO),
        head_line: recorded.head_line,
        commit: None,
        undoes: None,
        systems: std::mem::take(&mut planner.systems),
        names,
        reasons: Vec::new(),
        facts: std::mem::take(&mut planner.facts),
        changes,
        batches,
        findings: Vec::new(),
    };
    plan.reasons = std::mem::replace(&mut planner.reasons, Reasons::new(inputs.files)).into_table();
    // The digest does not cover what the safeguards say.
    let (mut digest, mut watches) = (None, None);
    inputs.workers.all(vec![
        Box::new(|| digest = Some(plan.sealed())),
        Box::new(|| watches = Some(guard::judge(&mut planner, &plan))),
    ]);
    // Nothing is left out, whoever was to do it.
    plan.digest = digest.unwrap_or_else(|| plan.sealed());
    let watches = watches.unwrap_or_else(|| guard::judge(&mut planner, &plan));
    plan.findings = std::mem::take(&mut planner.findings);
    blocked::tell(&mut plan.findings, &waiting);
    plan.findings.sort();
    Ok(Planned { plan, resolver: Resolver { configuration: inputs.configuration, world: planner.world }, watches })
}

/// Display names of those who appear in the plan.
pub(crate) fn names(planner: &Planner<'_>, changes: &[state::Change]) -> BTreeMap<Address, String> {
    let facts = planner.facts.iter().filter(|fact| fact.kind != state::FactKind::Identity).map(|fact| fact.address);
    // Each once, before they are put in order.
    let holders: rustc_hash::FxHashSet<Symbol> =
        changes.iter().map(|change| change.address).chain(facts).filter_map(Address::holder).collect();
    holders
        .into_iter()
        .filter_map(|holder| Some((planner.identity_address(holder), planner.display(holder)?)))
        .collect()
}

pub(crate) fn cycle_error(cycle: &[Address]) -> Diagnostic {
    let path: Vec<String> = cycle.iter().map(Address::to_string).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    Diagnostic {
        message: format!("these can only be made after each other: {}", way_text(&path)),
        span: None,
        label: String::new(),
        related: Vec::new(),
        hint: Some("take one of the references to what is known only after apply out of this circle".to_owned()),
    }
}
