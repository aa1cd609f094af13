//! `offboarding` blocks: what happens to the accounts of those who left, and when.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use state::{Address, Attributes, Symbol};

use super::Offboarding;
use super::errors::Errors;
use super::evaluate::{Evaluation, Nodes};
use super::holders::Holding;
use super::program::Declared;
use super::view::View;
use super::world::{Run, World};
use crate::language::{Diagnostic, Expr, Reference, Span, Value, evaluate};

/// What every identity may have, whether or not some file says it of anybody.
const RESERVED: [&str; 9] =
    ["email", "manager", "starts", "ends", "status", "owners", "ends_with_owners", "offboarding", "legal_hold"];

impl World {
    /// All `offboarding` blocks.
    pub(super) fn offboardings(&self, run: &Run, errors: &mut Errors) -> BTreeMap<Symbol, Offboarding> {
        let blocks = self.program.offboardings.blocks.iter();
        blocks.map(|declared| (Symbol::new(&declared.name), self.offboarding(run, declared, errors))).collect()
    }

    fn offboarding(&self, run: &Run, declared: &Declared, errors: &mut Errors) -> Offboarding {
        let view = View::new(self, run);
        let keep = declared.expr("account").is_some_and(|expr| {
            let text = errors.keep(self.known_text(&view, expr, "`account`"));
            match text.as_deref() {
                Some("keep") => true,
                Some("deactivate") | None => false,
                Some(other) => {
                    let error = Diagnostic::new(expr.span, format!("`account` cannot be {other:?}"));
                    errors.push(error.hint("write \"deactivate\", or \"keep\" to leave the account as it is"));
                    false
                }
            }
        });
        let mut after = |name: &str| {
            let expr = declared.expr(name)?;
            let value = errors.keep(self.known_value(&view, expr, &format!("`{name}`")))?;
            if keep && !value.is_null() {
                errors.push(
                    Diagnostic::new(expr.span, format!("`{name}` cannot stand beside account = \"keep\""))
                        .hint("an account that is kept is neither put away nor deleted: take one of the two out"),
                );
            }
            errors.keep(duration(&value, expr)).flatten()
        };
        let (archive_after, delete_after) = (after("archive_after"), after("delete_after"));
        let transfer = declared.expr("transfer_to");
        if let Some(expr) = transfer.filter(|_| keep) {
            errors.push(
                Diagnostic::new(expr.span, "`transfer_to` cannot stand beside account = \"keep\"")
                    .hint("an account that is kept keeps what it owns: take one of the two out"),
            );
        }
        Offboarding {
            name: Symbol::new(&declared.name),
            keep,
            transfers: transfer.is_some(),
            archive_after,
            delete_after,
            span: declared.block.span,
        }
    }

    /// The block that `offboarding = offboarding.NAME` names; none where it is null.
    pub(super) fn offboarding_reference(&self, view: &View, expr: &Expr) -> Result<Option<Symbol>, Diagnostic> {
        let value = self.known_value(view, expr, "`offboarding`")?;
        self.offboarding_name(&value, expr.span)
    }

    /// The same of a value.
    pub(super) fn offboarding_name(&self, value: &Value, span: Span) -> Result<Option<Symbol>, Diagnostic> {
        if value.is_null() {
            return Ok(None);
        }
        let named = value.as_str().and_then(|text| text.strip_prefix("offboarding."));
        match named.filter(|name| self.program.offboardings.get(name).is_some()) {
            Some(name) => Ok(Some(Symbol::new(name))),
            None => Err(Diagnostic::new(
                span,
                format!("`offboarding` names an offboarding block, and this is {}", value.describe()),
            )
            .hint("write offboarding = offboarding.NAME")),
        }
    }

    /// To whom goes what a leaver with these recorded attributes owns.
    pub(super) fn heir(&self, run: &Run, offboarding: Symbol, own: &Attributes) -> Result<Option<Address>, Diagnostic> {
        let declared = self.program.offboardings.get(offboarding.as_str());
        let Some(expr) = declared.and_then(|(_, declared)| declared.expr("transfer_to")) else { return Ok(None) };
        let leaver = self.recorded_self(run, own);
        let mut view = View::new(self, run);
        view.leaver = Some(&leaver);
        let value = evaluate(expr, &view)?;
        self.plain(&value, "`transfer_to`", expr.span)?;
        let found = match &value {
            Value::Null => return Ok(None),
            Value::Reference(Reference::To(address)) => Some(*address),
            // A person whom the files forgot is known by the address alone.
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        match found {
            Some(address @ (Address::Person(_) | Address::Service(_))) => Ok(Some(address)),
            _ => Err(Diagnostic::new(
                expr.span,
                format!("`transfer_to` names a person or service, and this is {}", value.describe()),
            )
            .hint("write transfer_to = self.manager, or person[KEY]")),
        }
    }

    /// `self` of a leaver: what the record knows, null for what it does not, references where they lead somewhere.
    fn recorded_self(&self, run: &Run, own: &Attributes) -> Value {
        let names =
            self.program.identity_attributes.iter().cloned().chain(RESERVED.iter().map(|name| Arc::from(*name)));
        let nulls = names.map(|name| (name, Value::Null));
        let known = own.iter().filter(|(name, _)| !name.as_str().starts_with('@'));
        let known =
            known.map(|(name, value)| (Arc::from(name.as_str()), self.referring(run, Value::from_state(value))));
        Value::object(nulls.chain(known))
    }

    fn referring(&self, run: &Run, value: Value) -> Value {
        match &value {
            Value::String(text) if text.starts_with("person") || text.starts_with("service") => {
                let address = text.parse().ok().filter(|address| self.who(run, *address).is_some());
                address.map_or(value, |address| Value::Reference(Reference::To(address)))
            }
            Value::List(items) => Value::list(items.iter().map(|item| self.referring(run, item.clone())).collect()),
            _ => value,
        }
    }
}

impl Evaluation<'_> {
    /// `offboarding` of the roles that people hold or held when they left, by number of the identity.
    pub(super) fn role_offboardings(
        &self,
        nodes: &Nodes,
        held: &[Vec<Holding>],
        errors: &mut Errors,
    ) -> BTreeMap<u32, BTreeSet<Symbol>> {
        let mut found: BTreeMap<u32, BTreeSet<Symbol>> = BTreeMap::new();
        for (number, (declared, _, each)) in self.role_instances().into_iter().enumerate().take(nodes.roles.len()) {
            let Some(expr) = declared.expr("offboarding") else { continue };
            let name = errors.keep(self.world.offboarding_reference(&self.view(each), expr));
            let Some(name) = name.flatten() else { continue };
            for holding in held.get(number).into_iter().flatten() {
                found.entry(holding.who).or_default().insert(name);
            }
        }
        found
    }

    /// Whether `transfer_to` can be evaluated, for some of those whom it may be about: better now than when they leave.
    pub(super) fn check_heirs(&self, offboardings: &BTreeMap<Symbol, Offboarding>, errors: &mut Errors) {
        const SOME: usize = 100;
        for offboarding in offboardings.values().filter(|offboarding| offboarding.transfers) {
            let name = Some(offboarding.name);
            let (own, others): (Vec<_>, Vec<_>) =
                self.everybody.identities.iter().partition(|identity| identity.offboarding == name);
            for identity in own.into_iter().chain(others).take(SOME) {
                let error = self.world.heir(self.run, offboarding.name, &identity.attributes).err();
                if let Some(error) = error {
                    errors.push(super::conditions::for_whom(error, identity.address));
                    break;
                }
            }
        }
    }
}

/// `"30d"`: a number of hours, days or weeks, in milliseconds.
fn duration(value: &Value, expr: &Expr) -> Result<Option<i64>, Diagnostic> {
    if value.is_null() {
        return Ok(None);
    }
    let millis = value.as_str().and_then(|text| state::time::length(text.trim(), &["h", "d", "w"]));
    let wrong = || Diagnostic::new(expr.span, "this is not a length of time").hint("write \"30d\", \"12h\" or \"8w\"");
    millis.map(Some).ok_or_else(wrong)
}
