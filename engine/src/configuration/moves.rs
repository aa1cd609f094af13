//! `previously`, `adopt`, `forget` and `remove`: they may name what is gone.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;
use state::{Address, Symbol};

use super::errors::Errors;
use super::program::IdentityKind;
use super::view::View;
use super::world::{Run, World};
use super::{Adopt, Move};
use crate::language::expr::{Kind, Step};
use crate::language::{Block, Diagnostic, Expr, Span, Value};

/// What stands in `adopt`, `forget` and `remove`, and what `previously` says.
#[derive(Default)]
pub(super) struct Moves {
    pub adopts: Vec<Adopt>,
    pub forgets: Vec<(Address, Span)>,
    pub removes: Vec<(Address, Span)>,
    pub moves: Vec<Move>,
}

impl World {
    /// All of them. `declared` has the addresses that stand in the files.
    pub(super) fn moves(&self, run: &Run, declared: &FxHashSet<Address>, errors: &mut Errors) -> Moves {
        let mut moves = Moves::default();
        let view = View::new(self, run);
        for block in &self.program.adopts {
            moves.adopts.extend(errors.keep(self.adopt(&view, block)));
        }
        for (blocks, to) in [(&self.program.forgets, &mut moves.forgets), (&self.program.removes, &mut moves.removes)] {
            for block in blocks {
                let Some(attribute) = block.attribute("address") else { continue };
                to.extend(errors.keep(address(&attribute.value)).map(|address| (address, block.span)));
            }
        }
        self.former_names(run, &mut moves.moves, errors);
        let mut seen: BTreeSet<Address> = BTreeSet::new();
        for one in &moves.moves {
            if declared.contains(&one.from) {
                errors.push(
                    Diagnostic::new(
                        one.span,
                        format!(
                            "{} was {} before, says `previously`, but that still stands in the files",
                            one.to, one.from
                        ),
                    )
                    .hint(format!("take {} out of the files, or out of `previously`", one.from)),
                );
            } else if !seen.insert(one.from) {
                errors.push(
                    Diagnostic::new(one.span, format!("two blocks say that they were {} before", one.from))
                        .hint("only one can be what it was: take it out of the other's `previously`"),
                );
            }
        }
        moves.moves.sort_by_key(|one| (one.to, one.from));
        moves
    }

    fn adopt(&self, view: &View, block: &Block) -> Result<Adopt, Diagnostic> {
        let (what, expected) = match (block.attribute("account"), block.attribute("group")) {
            (Some(account), None) => (account, "an account, such as account.chat.ada"),
            (None, Some(group)) => (group, "a group, such as group.chat.core"),
            _ => {
                return Err(Diagnostic::new(block.span, "an `adopt` block names one account or one group")
                    .hint("write account = account.chat.ada, or group = group.chat.core"));
            }
        };
        let address = address(&what.value)?;
        let fits = match address {
            Address::Account { .. } => &*what.name == "account",
            Address::Group { .. } => &*what.name == "group",
            _ => false,
        };
        if !fits {
            return Err(Diagnostic::new(what.value.span, format!("`{}` must be {expected}", what.name)));
        }
        let Some(id) = block.attribute("id") else {
            return Err(Diagnostic::new(block.span, "this `adopt` block lacks `id`"));
        };
        let value = self.known_value(view, &id.value, "`id`")?;
        let text = value.to_text().map_err(|failure| failure.at(id.value.span))?;
        Ok(Adopt { address, id: Symbol::new(&text), span: block.span })
    }

    fn former_names(&self, run: &Run, moves: &mut Vec<Move>, errors: &mut Errors) {
        for (number, block) in (0u32..).zip(&self.program.people) {
            let Some(expr) = block.expr("previously") else { continue };
            let Some(people) = self.people.get() else { continue };
            for record in people.items.iter().filter(|record| record.block == number) {
                let mut view = View::new(self, run);
                view.row = record.row();
                if block.kind == IdentityKind::Person || record.row().is_some() {
                    self.former(&view, expr, record.address, Address::Person, moves, errors);
                }
            }
        }
        for (number, block) in (0u32..).zip(&self.program.services) {
            let (Some(expr), Ok(services)) = (block.expr("previously"), self.services(run, number)) else { continue };
            for record in &services.items {
                let mut view = View::new(self, run);
                view.each = record.each.as_ref();
                let name = |former: Symbol| Address::Service(former_name(&block.name, former, record.each.is_some()));
                self.former(&view, expr, record.address, name, moves, errors);
            }
        }
        for (number, block) in (0u32..).zip(&self.program.groups.blocks) {
            let (Some(expr), Ok(groups)) = (block.expr("previously"), self.group_instances(run, number)) else {
                continue;
            };
            for (item, system) in groups.instances.items.iter().zip(&groups.systems) {
                let mut view = View::new(self, run);
                view.each = item.each.as_ref();
                let to = Address::Group { system: *system, group: item.name };
                let from = |former: Symbol| Address::Group {
                    system: *system,
                    group: former_name(&block.name, former, item.each.is_some()),
                };
                self.former(&view, expr, to, from, moves, errors);
            }
        }
        for (number, block) in (0u32..).zip(&self.program.roles.blocks) {
            let (Some(expr), Ok(roles)) = (block.expr("previously"), self.role_instances(run, number)) else {
                continue;
            };
            for item in &roles.items {
                let mut view = View::new(self, run);
                view.each = item.each.as_ref();
                let from = |former: Symbol| Address::Role(former_name(&block.name, former, item.each.is_some()));
                self.former(&view, expr, Address::Role(item.name), from, moves, errors);
            }
        }
    }

    /// The former names that one `previously` gives: a string, or a list of strings.
    fn former(
        &self,
        view: &View,
        expr: &Expr,
        to: Address,
        from: impl Fn(Symbol) -> Address,
        moves: &mut Vec<Move>,
        errors: &mut Errors,
    ) {
        let Some(value) = errors.keep(self.known_value(view, expr, "`previously`")) else { return };
        let texts: &[Value] = match &value {
            Value::Null => return,
            Value::List(items) | Value::Set(items) => items,
            single => std::slice::from_ref(single),
        };
        for text in texts {
            match text {
                Value::String(text) if !text.trim().is_empty() => {
                    moves.push(Move { from: from(Symbol::new(text)), to, span: expr.span });
                }
                other => errors.push(
                    Diagnostic::new(expr.span, format!("a former name is a string, and this is {}", other.describe()))
                        .hint("write previously = [\"old\"]"),
                ),
            }
        }
    }
}

/// The former name of a block, or, where it has `for_each`, of the instance that had this key.
fn former_name(block: &str, former: Symbol, repeated: bool) -> Symbol {
    if repeated && !former.as_str().ends_with("\"]") {
        state::address::instance(block, former.as_str())
    } else {
        former
    }
}

/// The address that an expression spells out, whether or not it is declared: `group.chat.old`, or its text.
fn address(expr: &Expr) -> Result<Address, Diagnostic> {
    let wrong = || {
        Diagnostic::new(expr.span, "this is not an address").hint(
            "write it out: person.ada, account.chat.ada, group.chat.core, membership.chat.core.ada, or person[\"0xAda\"]",
        )
    };
    match &*expr.kind {
        Kind::Literal(Value::String(text)) => text.parse().map_err(|_| wrong()),
        _ => named(expr).ok_or_else(wrong),
    }
}

/// The address that an expression names: `person.ada`, `person["0xAda"]`, `group.chat.core`.
pub(crate) fn named(expr: &Expr) -> Option<Address> {
    let Kind::Traversal { of, steps } = &*expr.kind else { return None };
    let Kind::Variable(root) = &*of.kind else { return None };
    let mut text = root.to_string();
    for step in steps {
        match step {
            Step::Attribute(name, _) => {
                text.push('.');
                text.push_str(name);
            }
            Step::Index(key) | Step::LegacyIndex(key) => match key.as_literal() {
                Some(Value::String(key)) => text = state::address::instance(&text, key).to_string(),
                _ => return None,
            },
            Step::Splat(_) | Step::AttributeSplat(_) => return None,
        }
    }
    text.parse().ok()
}
