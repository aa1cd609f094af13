//! `mass-grant`: too many are given something at once, or within a day or a week.

use state::{Action, Address, Code, Finding, Plan};

use super::limits::MASS_GRANT;
use super::window::{Counted, judge as count};
use crate::plan::planner::Planner;

const COUNTED: Counted = Counted {
    code: Code::MassGrant,
    limit: MASS_GRANT,
    kind,
    hint: "check the commit that this comes from: one condition that holds for everybody is enough",
};

pub(super) fn judge(planner: &mut Planner<'_>, plan: &Plan) -> Vec<Finding> {
    count(planner, plan, &COUNTED)
}

fn kind(address: Address, action: Action) -> Option<&'static str> {
    match (address, action) {
        (Address::Account { .. }, Action::Create | Action::Reactivate) => Some("new account"),
        (Address::Membership { .. }, Action::Grant) => Some("new membership"),
        (Address::Grant { .. }, Action::Grant) => Some("new grant"),
        _ => None,
    }
}
