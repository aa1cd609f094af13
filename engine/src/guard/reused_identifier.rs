//! `reused-identifier`: a name that was somebody else's: mail, links and old permissions would find the wrong person.

use rustc_hash::FxHashMap;
use state::{Action, Address, Code, Finding, Plan, Scope, Symbol, Value, Wanted};

use super::holds;
use crate::plan::compare::fold;
use crate::plan::planner::Planner;

pub(super) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    if planner.inputs.recorded.former.is_empty() {
        return Vec::new();
    }
    let mut tables: FxHashMap<Symbol, FxHashMap<String, Address>> = FxHashMap::default();
    let mut findings = Vec::new();
    for change in plan.changes.iter().filter(|change| matches!(change.action, Action::Create | Action::Rename)) {
        let Address::Account { system, holder } = change.address else { continue };
        let key = planner.inputs.readings.get(&system).and_then(|reading| reading.capabilities.account_key);
        let Some(key) = key else { continue };
        let wanted = change.after.iter().find(|(name, _)| *name == key.attribute).map(|(_, wanted)| wanted);
        let Some(Wanted::Known(Value::Text(name))) = wanted else { continue };
        let spelled = |name: Symbol| if key.case_exact { name.as_str().to_owned() } else { fold(name) };
        let table = tables.entry(system).or_insert_with(|| {
            let former = planner.inputs.recorded.former.iter().filter(|former| former.address.system() == Some(system));
            let named = former.filter_map(|former| {
                let name = former.attributes.get(key.attribute)?.as_text()?;
                Some((spelled(name), former.address))
            });
            named.collect()
        });
        let Some(other) = table.get(&spelled(*name)).filter(|other| other.holder() != Some(holder)) else { continue };
        let message = format!("{} would have {} {name:?}, which was {other}", change.address, key.attribute);
        let hint = "choose another name: what others know by the old one would reach the wrong person";
        findings.push(holds(Code::ReusedIdentifier, Scope::Addresses, vec![change.address], message, hint));
    }
    findings
}
