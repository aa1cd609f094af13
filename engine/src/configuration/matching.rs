//! `match`: which existing account is whose, as keys that can be looked up.

use state::Symbol;

use super::view::View;
use super::walk::mentions;
use crate::language::expr::{Binary, Call, Kind, Step};
use crate::language::{Diagnostic, Expr, Value, evaluate, functions};

/// A `match`, taken apart: alternatives in order of preference, each a list of comparisons that must all hold.
#[derive(Clone, Debug)]
pub(super) struct Matching {
    pub alternatives: Vec<Vec<Comparison>>,
}

/// `self.login == account.uid`.
#[derive(Clone, Debug)]
pub(super) struct Comparison {
    pub own: Expr,
    pub account: Expr,
    /// The attribute that is compared, and what it must be for a new account to match its own identity.
    pub created: Option<(Symbol, Expr)>,
}

/// Functions of one argument that change how a text is written: null in, null out.
const SPELLINGS: [&str; 4] = ["lower", "upper", "trimspace", "tostring"];

impl Matching {
    /// Takes an expression apart.
    pub(super) fn compile(expr: &Expr) -> Result<Matching, Diagnostic> {
        let mut alternatives = Vec::new();
        parts(expr, Binary::Or, &mut |alternative| {
            let mut comparisons = Vec::new();
            parts(alternative, Binary::And, &mut |comparison| {
                comparisons.push(Comparison::compile(comparison)?);
                Ok(())
            })?;
            alternatives.push(comparisons);
            Ok(())
        })?;
        Ok(Matching { alternatives })
    }

    /// The keys of one side, one for each alternative.
    pub(super) fn keys(
        &self,
        view: &View,
        side: impl Fn(&Comparison) -> &Expr,
    ) -> Result<Vec<Option<state::Value>>, Diagnostic> {
        self.alternatives
            .iter()
            .map(|comparisons| {
                let mut keys = Vec::with_capacity(comparisons.len());
                for comparison in comparisons {
                    match key(view, side(comparison))? {
                        Some(key) => keys.push(key),
                        None => return Ok(None),
                    }
                }
                Ok(Some(match <[state::Value; 1]>::try_from(keys) {
                    Ok([only]) => only,
                    Err(several) => state::Value::list(several),
                }))
            })
            .collect()
    }
}

/// Calls `found` for each operand of a chain of `operator`.
fn parts<'a>(
    expr: &'a Expr,
    operator: Binary,
    found: &mut dyn FnMut(&'a Expr) -> Result<(), Diagnostic>,
) -> Result<(), Diagnostic> {
    match &*expr.kind {
        Kind::Binary(own, left, right) if *own == operator => {
            parts(left, operator, found)?;
            parts(right, operator, found)
        }
        _ => found(expr),
    }
}

impl Comparison {
    fn compile(expr: &Expr) -> Result<Comparison, Diagnostic> {
        let hint = "compare with ==, such as match = self.login == account.uid; combine with && and ||";
        let Kind::Binary(Binary::Equal, left, right) = &*expr.kind else {
            let message = match &*expr.kind {
                Kind::Binary(Binary::Or, ..) => "|| inside && cannot be looked up",
                _ => "`match` must compare something of self with something of account",
            };
            return Err(Diagnostic::new(expr.span, message).hint(match &*expr.kind {
                Kind::Binary(Binary::Or, ..) => "write the alternatives out: a && b || a && c",
                _ => hint,
            }));
        };
        let (own, account) = match (mentions(left, "account"), mentions(right, "account")) {
            (false, true) => (left, right),
            (true, false) => (right, left),
            (true, true) => {
                return Err(Diagnostic::new(expr.span, "both sides of this == mention account").hint(hint));
            }
            (false, false) => {
                return Err(Diagnostic::new(expr.span, "neither side of this == mentions account").hint(hint));
            }
        };
        if mentions(account, "self") {
            return Err(Diagnostic::new(account.span, "this side mentions both self and account")
                .hint("keep self on one side of == and account on the other"));
        }
        Ok(Comparison { own: own.clone(), account: account.clone(), created: created(own, account) })
    }
}

/// `lower(self.email) == lower(account.mail)` asks for `mail = self.email`: a spelling on both sides is nobody's loss.
fn created(own: &Expr, account: &Expr) -> Option<(Symbol, Expr)> {
    match (spelling(own), spelling(account)) {
        (Some((one, own)), Some((other, account))) if one.name == other.name => created(own, account),
        (_, Some((_, account))) => created(own, account),
        (_, None) => Some((account_attribute(account)?, own.clone())),
    }
}

/// The call and its argument, for `lower(...)` and the like.
fn spelling(expr: &Expr) -> Option<(&Call, &Expr)> {
    match &*expr.kind {
        Kind::Call(call) if SPELLINGS.contains(&&*call.name) && !call.expand => match call.arguments.as_slice() {
            [argument] => Some((call, argument)),
            _ => None,
        },
        _ => None,
    }
}

/// The name in `account.NAME` and `account["NAME"]`.
fn account_attribute(expr: &Expr) -> Option<Symbol> {
    let Kind::Traversal { of, steps } = &*expr.kind else { return None };
    let (Kind::Variable(root), [step]) = (&*of.kind, steps.as_slice()) else { return None };
    match step {
        _ if &**root != "account" => None,
        Step::Attribute(name, _) => Some(Symbol::new(name)),
        Step::Index(key) | Step::LegacyIndex(key) => key.as_literal().and_then(Value::as_str).map(Symbol::new),
        Step::Splat(_) | Step::AttributeSplat(_) => None,
    }
}

/// The value of one side; none where it is null.
fn key(view: &View, expr: &Expr) -> Result<Option<state::Value>, Diagnostic> {
    match value(view, expr)? {
        None => Ok(None),
        Some(value) => {
            view.world.plain(&value, "`match`", expr.span)?;
            value.to_state().map(Some).map_err(|failure| failure.at(expr.span))
        }
    }
}

fn value(view: &View, expr: &Expr) -> Result<Option<Value>, Diagnostic> {
    if let Some((call, argument)) = spelling(expr)
        && let Some(function) = functions::find(&call.name)
    {
        let Some(argument) = value(view, argument)? else { return Ok(None) };
        view.world.plain(&argument, "`match`", expr.span)?;
        return (function.call)(&[argument]).map(Some).map_err(|failure| {
            let message = format!("{}: {}", call.name, failure.message);
            crate::language::Failure { message, ..failure }.at(expr.span)
        });
    }
    let value = evaluate(expr, view)?;
    Ok((!value.is_null()).then_some(value))
}
