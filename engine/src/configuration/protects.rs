//! `protect` blocks: groups that few may lead into, and that never become empty.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use state::{Address, Symbol};

use super::Protect;
use super::errors::Errors;
use super::evaluate::{Evaluation, Nodes};
use super::holders::{Entry, Subject};
use super::program::Declared;
use super::view::View;
use super::world::World;
use crate::language::expr::Kind;
use crate::language::{Diagnostic, Expr, Reference, Scope, Span, Value, evaluate};

impl World {
    /// The addresses that a list of references names, each with its place.
    pub(super) fn references(
        &self,
        view: &View,
        expr: &Expr,
        what: &str,
        example: &str,
    ) -> Result<Vec<(Address, Span)>, Diagnostic> {
        let value = match evaluate(expr, view)? {
            Value::Reference(path @ Reference::Path(_)) => {
                view.items(&path).map_err(|failure| failure.at(expr.span))?
            }
            other => other,
        };
        self.plain(&value, what, expr.span)?;
        let items: Vec<Value> = match &value {
            Value::Null => return Ok(Vec::new()),
            Value::List(items) | Value::Set(items) => items.to_vec(),
            Value::Object(object) => object.values().cloned().collect(),
            other => {
                let error = Diagnostic::new(expr.span, format!("{what} is a list, and this is {}", other.describe()));
                return Err(error.hint(format!("put brackets around it: {example}")));
            }
        };
        let own: &[Expr] = match &*expr.kind {
            Kind::List(own) if own.len() == items.len() => own,
            _ => &[],
        };
        let span = |at: usize| own.get(at).map_or(expr.span, |item| item.span);
        let address = |(at, item): (usize, Value)| match item {
            Value::Reference(Reference::To(address)) => Ok((address, span(at))),
            other => {
                let error = Diagnostic::new(span(at), format!("an entry of {what} cannot be {}", other.describe()));
                Err(error.hint(format!("write {example}")))
            }
        };
        items.into_iter().enumerate().map(address).collect()
    }
}

impl Evaluation<'_> {
    /// All `protect` blocks, sorted by name; an error for every block that leads into a protected group from outside
    /// the folder that may.
    pub(super) fn protects(&self, nodes: &Nodes, errors: &mut Errors) -> Vec<Protect> {
        let blocks = &self.world.program.protects.blocks;
        if blocks.is_empty() {
            return Vec::new();
        }
        let ways = Ways::new(nodes);
        let mut protects: Vec<Protect> = blocks.iter().map(|declared| self.protect(declared, errors)).collect();
        protects.sort_by_key(|protect| protect.name);
        for protect in &protects {
            self.check_folder(protect, nodes, &ways, errors);
        }
        protects
    }

    fn protect(&self, declared: &Declared, errors: &mut Errors) -> Protect {
        let view = self.view(None);
        let mut list = |name: &str, example: &str, fits: fn(Address) -> bool| {
            let Some(expr) = declared.expr(name) else { return Vec::new() };
            let what = format!("`{name}`");
            let found = errors.keep(self.world.references(&view, expr, &what, example)).unwrap_or_default();
            let mut addresses = Vec::with_capacity(found.len());
            for (address, span) in found {
                if fits(address) {
                    addresses.push(address);
                } else {
                    let error = Diagnostic::new(span, format!("an entry of {what} cannot be {address}"));
                    errors.push(error.hint(format!("write {example}")));
                }
            }
            addresses.sort_unstable();
            addresses.dedup();
            addresses
        };
        let groups = list("groups", "[group.corp.admins]", |address| matches!(address, Address::Group { .. }));
        let always = list("always", "[service.breakglass]", |address| {
            matches!(address, Address::Person(_) | Address::Service(_))
        });
        let minimum_members = declared.expr("minimum_members").and_then(|expr| {
            let value = errors.keep(self.world.known_value(&view, expr, "`minimum_members`"))?;
            errors.keep(super::settings::count(&value, expr))
        });
        let only_from = declared.expr("only_from").and_then(|expr| {
            let text = errors.keep(self.world.known_text(&view, expr, "`only_from`"))?;
            errors.keep(folder(&text, expr.span))
        });
        Protect {
            name: Symbol::new(&declared.name),
            groups,
            minimum_members: minimum_members.unwrap_or(0),
            always,
            only_from,
            span: declared.block.span,
        }
    }

    fn check_folder(&self, protect: &Protect, nodes: &Nodes, ways: &Ways, errors: &mut Errors) {
        let Some(folder) = protect.only_from else { return };
        let files = &self.world.program.files;
        for group in &protect.groups {
            for (leads, span) in ways.into(nodes, *group) {
                let path = files.get(span.file).map_or("", |file| &file.path);
                if !path.starts_with(folder.as_str()) {
                    let message =
                        format!("{leads} leads into {group}, and protect.{} lets only {folder} do so", protect.name);
                    errors.push(Diagnostic::new(span, message).related(protect.span, "protected here").hint(format!(
                        "move the block into a file below {folder}, or take the group out of its reach"
                    )));
                }
            }
        }
    }
}

/// A folder below the configuration folder, with `/` at its end.
fn folder(text: &str, span: Span) -> Result<Symbol, Diagnostic> {
    let name = text.trim_end_matches('/');
    if name.is_empty() || name.starts_with('/') || name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(Diagnostic::new(
            span,
            format!("`only_from`: {text:?} is not a folder below the configuration folder"),
        )
        .hint("write only_from = \"security/\""));
    }
    Ok(Symbol::from(format!("{name}/")))
}

/// Which roles and groups give to which: the ways into a group, backwards.
struct Ways {
    groups: FxHashMap<Address, u32>,
    /// Roles that give a group, by its number.
    giving: FxHashMap<u32, Vec<u32>>,
    /// Roles whose `access` names a role, by the number of that.
    above: FxHashMap<u32, Vec<u32>>,
}

impl Ways {
    fn new(nodes: &Nodes) -> Ways {
        let mut ways = Ways { groups: FxHashMap::default(), giving: FxHashMap::default(), above: FxHashMap::default() };
        for (number, group) in (0u32..).zip(&nodes.groups) {
            ways.groups.insert(Address::Group { system: group.system, group: group.name }, number);
        }
        for (number, role) in (0u32..).zip(&nodes.roles) {
            for entry in &role.access {
                match entry.who {
                    Subject::Group(group) => ways.giving.entry(group).or_default().push(number),
                    Subject::Role(inner) => ways.above.entry(inner).or_default().push(number),
                    Subject::Identity(_) | Subject::System(_) => {}
                }
            }
        }
        ways
    }

    /// Every block that puts somebody into `group`, directly or through roles and nested groups: its name and place,
    /// in the order of the places, each once.
    fn into(&self, nodes: &Nodes, group: Address) -> Vec<(Symbol, Span)> {
        let mut found: BTreeSet<(Span, Symbol)> = BTreeSet::new();
        let (mut groups, mut roles) = (BTreeSet::new(), BTreeSet::new());
        let mut left: Vec<Subject> =
            self.groups.get(&group).map(|number| Subject::Group(*number)).into_iter().collect();
        let inner = |entries: &[Entry]| entries.iter().map(|entry| entry.who).collect::<Vec<_>>();
        while let Some(subject) = left.pop() {
            match subject {
                Subject::Group(number) if groups.insert(number) => {
                    let Some(node) = nodes.groups.get(number as usize) else { continue };
                    if !node.members.is_empty() {
                        found.insert((node.span, node.because));
                    }
                    left.extend(inner(&node.members));
                    left.extend(self.giving.get(&number).into_iter().flatten().map(|role| Subject::Role(*role)));
                }
                Subject::Role(number) if roles.insert(number) => {
                    let Some(node) = nodes.roles.get(number as usize) else { continue };
                    found.insert((node.span, node.because));
                    left.extend(inner(&node.members));
                    left.extend(self.above.get(&number).into_iter().flatten().map(|role| Subject::Role(*role)));
                }
                _ => {}
            }
        }
        found.into_iter().map(|(span, name)| (name, span)).collect()
    }
}
