//! `authority = [...]` in an `account` block: attributes of identities that one system decides. `self.phone` is then what
//! that system says of the account; nobody else may say it, and tenure never writes it there.

use std::sync::Arc;

use super::errors::Errors;
use super::program::{Declared, IdentityBlock, Program};
use crate::language::expr::Kind;
use crate::language::{Block, Diagnostic, Expr, Span, Value};

/// Who decides an attribute, and where that is said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Authority {
    /// The number of the system block.
    pub system: u32,
    pub span: Span,
}

/// What says who somebody is, and whether they are here, is decided by whoever declares them.
const NOT_A_SYSTEMS: [&str; 15] = [
    "key",
    "kind",
    "accounts",
    "id",
    "active",
    "groups",
    "manager",
    "starts",
    "ends",
    "status",
    "legal_hold",
    "owners",
    "ends_with_owners",
    "offboarding",
    "previously",
];

/// Whether this system block decides that attribute of identities.
pub(crate) fn decides(system: &Block, attribute: &str) -> bool {
    names(system).iter().any(|(name, _)| &**name == attribute)
}

/// The names in `authority` of a system block, with their places.
pub(super) fn names(system: &Block) -> Vec<(Arc<str>, Span)> {
    let Some(list) = listed(system) else { return Vec::new() };
    let Kind::List(items) = &*list.kind else { return Vec::new() };
    let name = |item: &Expr| match item.as_literal() {
        Some(Value::String(name)) => Some((name.clone(), item.span)),
        _ => None,
    };
    items.iter().filter_map(name).collect()
}

fn listed(system: &Block) -> Option<&Expr> {
    let account = system.blocks.iter().find(|block| &*block.kind == "account")?;
    Some(&account.attribute("authority")?.value)
}

/// Takes in who decides what, and reports what two say, or nobody may.
pub(super) fn read(program: &mut Program, errors: &mut Errors) {
    let mut found: Vec<(Arc<str>, Authority)> = Vec::new();
    for (number, system) in (0u32..).zip(&program.systems.blocks) {
        let Some(list) = listed(&system.block) else { continue };
        let names = names(&system.block);
        if !matches!(&*list.kind, Kind::List(items) if items.len() == names.len()) {
            errors.push(
                Diagnostic::new(list.span, "`authority` is a list of names of attributes, written out")
                    .hint("such as authority = [\"phone\", \"room\"]"),
            );
        }
        if let Some(several) = system.expr("for_each") {
            errors.push(
                Diagnostic::new(
                    list.span,
                    format!("system.{} has several instances: which of them decides?", system.name),
                )
                .related(several.span, "it has several by this")
                .hint("give one system a block of its own, and the authority to it"),
            );
        }
        for (name, span) in names {
            if let Some(error) = refused(program, system, &name, span) {
                errors.push(error);
                continue;
            }
            // What is wrong in the system's own block makes nobody's attribute unknown.
            errors.extend(written(system, &name, span));
            if let Some((_, first)) = found.iter().find(|(known, _)| *known == name) {
                let error = Diagnostic::new(span, format!("`{name}` has two authorities"));
                errors.push(error.related(first.span, "the other is here").hint("keep one of the two"));
            } else {
                found.push((name, Authority { system: number, span }));
            }
        }
    }
    program.authorities = found.into_iter().collect();
}

fn refused(program: &Program, system: &Declared, name: &str, span: Span) -> Option<Diagnostic> {
    if NOT_A_SYSTEMS.contains(&name) {
        let error = Diagnostic::new(span, format!("`{name}` is not for a system to decide"));
        return Some(error.hint("who there is, and until when, comes from person, people and service blocks"));
    }
    let declares = |block: &IdentityBlock| block.block.attribute(name).map(|attribute| attribute.span);
    if let Some(other) = program.people.iter().chain(&program.services).find_map(declares) {
        let error =
            Diagnostic::new(span, format!("`{name}` has two authorities: system.{} and the files", system.name));
        return Some(error.related(other, "the files say it here").hint("take it out of one of the two"));
    }
    None
}

/// The system is to get from tenure what it decides itself.
fn written(system: &Declared, name: &str, span: Span) -> Option<Diagnostic> {
    let account = system.inner("account")?;
    let written = [account].into_iter().chain(&account.blocks).find_map(|block| block.attribute(name));
    written.map(|written| {
        Diagnostic::new(span, format!("`{name}` is what system.{} decides, and would be written there", system.name))
            .related(written.span, "here")
            .hint("take it out of one of the two: what a system decides, tenure never writes there")
    })
}
