//! `mass-change`: attributes of too many would change at once, or within a day or a week.

use state::{Action, Address, Code, Finding, Plan};

use super::limits::MASS_CHANGE;
use super::window::{Counted, judge as count};
use crate::plan::planner::Planner;

const COUNTED: Counted = Counted {
    code: Code::MassChange,
    limit: MASS_CHANGE,
    kind,
    hint: "check the source and the commit that this comes from: one changed expression or column is enough",
};

pub(super) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    count(planner, plan, &COUNTED)
}

fn kind(address: Address, action: Action) -> Option<&'static str> {
    match (address, action) {
        (Address::Account { .. }, Action::Update | Action::Rename) => Some("changed account"),
        (Address::Group { .. }, Action::Update | Action::Rename) => Some("changed group"),
        (Address::Membership { .. }, Action::Update) => Some("changed membership"),
        (Address::Grant { .. }, Action::Update) => Some("changed grant"),
        _ => None,
    }
}
