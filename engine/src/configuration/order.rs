//! Which system stands behind which: those whose accounts or groups its attributes mention come first, and those that
//! decide an attribute of identities that they mention.

use std::collections::{BTreeMap, BTreeSet};

use state::Symbol;

use super::System;
use super::graph;
use super::program::{Declared, Program};
use super::walk;
use crate::language::expr::Step;
use crate::language::{Diagnostic, Expr};

/// Attributes of a group that say who is in it rather than what it is like there.
const NOT_REMOTE: [&str; 8] =
    ["for_each", "system", "members", "except", "exclusive", "previously", "grants", "manage"];

/// The systems in the order in which they are planned; and how many of them, from the first on, do not mention each
/// other, how many behind these, and so on.
#[derive(Default)]
pub(super) struct Order {
    pub(super) systems: Vec<Symbol>,
    pub(super) side_by_side: Vec<usize>,
}

/// Puts the systems in their order.
pub(super) fn order(program: &Program, systems: &BTreeMap<Symbol, System>) -> Result<Order, Diagnostic> {
    let blocks = &program.systems.blocks;
    let needs: Vec<Vec<usize>> = blocks.iter().map(|block| needs(program, block).into_iter().collect()).collect();
    let order = graph::order(&needs).map_err(|cycle| {
        let names: Vec<String> = cycle
            .iter()
            .filter_map(|number| blocks.get(*number))
            .map(|block| format!("system.{}", block.name))
            .collect();
        let spans = cycle.iter().filter_map(|number| blocks.get(*number)).map(|block| block.block.span);
        let mut error = Diagnostic {
            message: format!("attributes of systems lead in a circle: {}", graph::cycle_text(&names)),
            span: spans.clone().min(),
            label: String::new(),
            related: Vec::new(),
            hint: Some("what one system makes can stand in another's attributes in one direction only".to_owned()),
        };
        error.related = spans.skip(1).map(|span| (span, "part of the circle".to_owned())).collect();
        error
    })?;
    let mut ordered = Order::default();
    let mut beside: Vec<usize> = Vec::new();
    for number in order {
        let Some(block) = blocks.get(number) else { continue };
        let instances = systems.values().filter(|system| system.span == block.block.span).map(|system| system.name);
        let before = ordered.systems.len();
        ordered.systems.extend(instances);
        let count = ordered.systems.len() - before;
        let needed = needs.get(number).is_some_and(|needed| needed.iter().any(|needed| beside.contains(needed)));
        match ordered.side_by_side.last_mut().filter(|_| !needed) {
            Some(side_by_side) => *side_by_side += count,
            None => {
                ordered.side_by_side.push(count);
                beside.clear();
            }
        }
        beside.push(number);
    }
    Ok(ordered)
}

/// Numbers of the other systems that a system's accounts and groups mention.
fn needs(program: &Program, system: &Declared) -> BTreeSet<usize> {
    let mut found = Mentions { program, systems: BTreeSet::new(), locals: BTreeSet::new() };
    if let Some(account) = system.inner("account") {
        account.attributes.iter().for_each(|attribute| found.expr(&attribute.value));
        account.blocks.iter().flat_map(|inner| &inner.attributes).for_each(|attribute| found.expr(&attribute.value));
    }
    for group in &program.groups.blocks {
        if group.block.labels.first().is_some_and(|(label, _)| *label == system.name) {
            let remote = group.block.attributes.iter().filter(|attribute| !NOT_REMOTE.contains(&&*attribute.name));
            remote.for_each(|attribute| found.expr(&attribute.value));
        }
    }
    if let Some((own, _)) = program.systems.get(&system.name) {
        found.systems.remove(&(own as usize));
    }
    found.systems
}

struct Mentions<'a> {
    program: &'a Program,
    systems: BTreeSet<usize>,
    locals: BTreeSet<u32>,
}

impl Mentions<'_> {
    fn expr(&mut self, expr: &Expr) {
        let (program, deciding) = (self.program, &mut self.systems);
        let mut found: Vec<(bool, String)> = Vec::new();
        walk::every_root(expr, &mut |root, steps| {
            if let (true, Some(Step::Attribute(name, _))) = (matches!(root, "group" | "local"), steps.first()) {
                found.push((root == "local", name.to_string()));
            }
            // `self.accounts.SYSTEM`, `self.manager.accounts.SYSTEM`.
            for pair in steps.windows(2) {
                if let [Step::Attribute(accounts, _), Step::Attribute(system, _)] = pair
                    && &**accounts == "accounts"
                {
                    found.push((false, system.to_string()));
                }
            }
            // `self.phone`, `self.manager.phone`, `p.phone` of a `for` over people.
            if !matches!(root, "account" | "row" | "var" | "each") {
                for step in steps {
                    if let Step::Attribute(name, _) = step
                        && let Some(authority) = program.authorities.get(name)
                    {
                        deciding.insert(authority.system as usize);
                    }
                }
            }
        });
        for (local, name) in found {
            if local {
                let Some(number) = self.program.local_numbers.get(&*name).copied() else { continue };
                if self.locals.insert(number)
                    && let Some(local) = self.program.locals.get(number as usize)
                {
                    self.expr(&local.value);
                }
            } else if let Some((number, _)) = self.program.systems.get(&name) {
                self.systems.insert(number as usize);
            }
        }
    }
}
