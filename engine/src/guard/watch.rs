//! A protected group as a plan leaves it: judged with the plan, and looked at again while it is carried out.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;
use state::{Address, Code, Finding, Scope, Severity, Symbol};

use super::{count, holds};

const HINT: &str = "give the group to somebody else first, and let that be applied; then this can go";

/// A protected group, who is in it, and who stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    pub group: Address,
    /// So many active people and services must stay in it,
    pub minimum: usize,
    /// and these.
    pub always: Vec<Address>,
    /// Who is in it and active.
    pub had: BTreeSet<Symbol>,
    /// Who is, once the plan is carried out.
    pub stay: Vec<Stays>,
    /// The addresses of the changes that take somebody out of it, or out of a group within.
    pub takes: Vec<Address>,
}

/// Somebody who stays in a protected group, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stays {
    pub holder: Symbol,
    pub account: Address,
    /// The memberships that lead from the group to the account.
    pub through: Vec<Address>,
    /// What of this the plan gives.
    pub gives: Vec<Address>,
}

impl Watch {
    /// What `last-admin` says, where what is at the addresses `held` does not happen. What is amiss already is only
    /// shown.
    pub fn findings(&self, held: &FxHashSet<Address>) -> Vec<Finding> {
        let Watch { group, minimum, had, .. } = self;
        let planned: BTreeSet<Symbol> = self.stay.iter().map(|one| one.holder).collect();
        let has: BTreeSet<Symbol> = self.left(held).map(|one| one.holder).collect();
        let waits = if has.len() < planned.len() { ", and who would come into it is held" } else { "" };
        let mut findings = Vec::new();
        if has.len() < *minimum && has.len() < had.len() {
            let (has, had) = (has.len(), had.len());
            let message = format!("{}{waits}", too_few(*group, has, *minimum, had));
            findings.push(holds(Code::LastAdmin, Scope::Group(*group), self.takes.clone(), message, HINT));
        } else if planned.len() < *minimum {
            let (has, had) = (planned.len(), had.len());
            findings.push(self.notice(too_few(*group, has, *minimum, had)));
        }
        for always in &self.always {
            let Some(holder) = always.holder().filter(|holder| !has.contains(holder)) else { continue };
            if had.contains(&holder) {
                let own = |address: &Address| address.holder().is_none_or(|own| own == holder);
                let takes = self.takes.iter().copied().filter(own).collect();
                let message = format!("{group} would lose {always}, who must always be in it");
                findings.push(holds(Code::LastAdmin, Scope::Group(*group), takes, message, HINT));
            } else if !planned.contains(&holder) {
                findings.push(self.notice(format!("{always} must always be in {group}, and is not")));
            }
        }
        findings
    }

    /// What `last-admin` says while the plan is carried out: of those who are to stay only `present` are in the group
    /// and active. Never more is asked for than the plan leaves.
    pub fn short(&self, present: &BTreeSet<Symbol>, held: &FxHashSet<Address>) -> Option<String> {
        let left: BTreeSet<Symbol> = self.left(held).map(|one| one.holder).collect();
        let Watch { group, minimum, .. } = self;
        if present.len() < left.len().min(*minimum) {
            let there = present.len();
            return Some(format!(
                "{group} needs {}, and of those who are to stay in it only {there} can be seen there now",
                count(*minimum, "active member")
            ));
        }
        let lost = |always: &&Address| {
            always.holder().is_some_and(|holder| left.contains(&holder) && !present.contains(&holder))
        };
        self.always.iter().find(lost).map(|always| format!("{always}, who must always be in {group}, is not there now"))
    }

    /// Who stays where what is at the addresses `held` does not happen.
    pub fn left<'w>(&'w self, held: &'w FxHashSet<Address>) -> impl Iterator<Item = &'w Stays> {
        self.stay.iter().filter(|one| !one.gives.iter().any(|address| held.contains(address)))
    }

    fn notice(&self, message: String) -> Finding {
        let hint = "put somebody into the group, or correct the `protect` block".to_owned();
        let scope = Scope::Group(self.group);
        Finding { code: Code::LastAdmin, severity: Severity::Notice, scope, addresses: Vec::new(), message, hint }
    }
}

fn too_few(group: Address, has: usize, minimum: usize, had: usize) -> String {
    format!("{group} would have {}, and needs at least {minimum}; it has {had} now", count(has, "active member"))
}
