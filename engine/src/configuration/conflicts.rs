//! `conflict` blocks: roles that exclude each other (segregation of duties).

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;
use state::{Address, Symbol};

use super::errors::Errors;
use super::evaluate::{Evaluation, Nodes};
use super::holders::{Holding, Subject};
use super::program::Declared;
use super::{Conflict, ConflictingRole};
use crate::language::Diagnostic;

impl Evaluation<'_> {
    /// All `conflict` blocks, sorted by name. `held`: who holds each role, by its number.
    pub(super) fn conflicts(&self, nodes: &Nodes, held: &[Vec<Holding>], errors: &mut Errors) -> Vec<Conflict> {
        let blocks = &self.world.program.conflicts.blocks;
        if blocks.is_empty() {
            return Vec::new();
        }
        let names = self.role_instances();
        let numbers: FxHashMap<Symbol, usize> =
            names.iter().enumerate().map(|(number, (_, name, _))| (*name, number)).collect();
        let mut conflicts: Vec<Conflict> =
            blocks.iter().filter_map(|declared| self.conflict(declared, &numbers, nodes, held, errors)).collect();
        conflicts.sort_by_key(|conflict| conflict.name);
        conflicts
    }

    fn conflict(
        &self,
        declared: &Declared,
        numbers: &FxHashMap<Symbol, usize>,
        nodes: &Nodes,
        held: &[Vec<Holding>],
        errors: &mut Errors,
    ) -> Option<Conflict> {
        let expr = declared.expr("roles")?;
        let example = "[role.payments_maker, role.payments_checker]";
        let found = errors.keep(self.world.references(&self.view(None), expr, "`roles`", example))?;
        let mut roles = Vec::new();
        let named = found.len();
        for (address, span) in found {
            match address {
                Address::Role(role) => roles.extend(numbers.get(&role).map(|number| (role, *number))),
                other => errors.push(
                    Diagnostic::new(span, format!("an entry of `roles` cannot be {other}"))
                        .hint(format!("write {example}")),
                ),
            }
        }
        let wrong = roles.len() < named;
        roles.sort_unstable();
        roles.dedup();
        if wrong {
            return None;
        }
        if roles.len() < 2 {
            errors.push(
                Diagnostic::new(expr.span, "a conflict needs two roles that nobody may hold together")
                    .hint(format!("write {example}")),
            );
            return None;
        }
        let given: Vec<BTreeSet<u32>> = roles.iter().map(|(_, number)| groups_of(nodes, *number)).collect();
        // What several of the roles give says nothing about which of them somebody has.
        let mut often: BTreeMap<u32, u32> = BTreeMap::new();
        given.iter().flatten().for_each(|group| *often.entry(*group).or_default() += 1);
        let address = |group: &u32| {
            let node = nodes.groups.get(*group as usize)?;
            Some(Address::Group { system: node.system, group: node.name })
        };
        let own = |given: &BTreeSet<u32>| {
            given.iter().filter(|group| often.get(*group) == Some(&1)).filter_map(address).collect()
        };
        let roles = roles.iter().zip(&given).map(|((role, number), given)| ConflictingRole {
            role: *role,
            holders: self.holders_now(held.get(*number).map_or(&[], Vec::as_slice)),
            groups: own(given),
        });
        let mut roles: Vec<ConflictingRole> = roles.collect();
        roles.iter_mut().for_each(|role| role.groups.sort_unstable());
        Some(Conflict { name: Symbol::new(&declared.name), roles, span: declared.block.span })
    }

    fn holders_now(&self, held: &[Holding]) -> Vec<Symbol> {
        let now = |holding: &&Holding| {
            let standing = self.everybody.standings.get(holding.who as usize);
            holding.period.contains(self.world.now)
                && standing.is_some_and(|standing| !standing.leaver && standing.starts.is_none())
        };
        let key = |holding: &Holding| Some(self.everybody.identities.get(holding.who as usize)?.key);
        let mut holders: Vec<Symbol> = held.iter().filter(now).filter_map(key).collect();
        holders.sort_unstable();
        holders.dedup();
        holders
    }
}

/// Numbers of the groups that a role gives, by itself or through other roles.
fn groups_of(nodes: &Nodes, role: usize) -> BTreeSet<u32> {
    let mut groups = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut left = vec![role];
    while let Some(number) = left.pop() {
        let Some(node) = nodes.roles.get(number).filter(|_| seen.insert(number)) else { continue };
        for entry in &node.access {
            match entry.who {
                Subject::Group(group) => drop(groups.insert(group)),
                Subject::Role(inner) => left.push(inner as usize),
                Subject::Identity(_) | Subject::System(_) => {}
            }
        }
    }
    groups
}
