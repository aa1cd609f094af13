//! `match`: which existing account is whose, as keys that can be looked up.

use rustc_hash::FxHashSet;
use state::{Attributes, Symbol};

use super::rules::own_attribute;
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
    /// `self.NAME`, where that is a plain value for everybody: no need to evaluate.
    own_name: Option<Symbol>,
    /// `account.NAME` or `lower(account.NAME)` (then true): the same.
    account_name: Option<(Symbol, bool)>,
    /// The attribute that is compared, and what it must be for a new account to match its own identity.
    pub created: Option<(Symbol, Expr)>,
}

/// Functions of one argument that change how a text is written: null in, null out.
const SPELLINGS: [&str; 4] = ["lower", "upper", "trimspace", "tostring"];

impl Matching {
    /// Takes an expression apart. `plain`: attributes of identities that are plain values for everybody.
    pub(super) fn compile(expr: &Expr, plain: &FxHashSet<Symbol>) -> Result<Matching, Diagnostic> {
        let mut alternatives = Vec::new();
        parts(expr, Binary::Or, &mut |alternative| {
            let mut comparisons = Vec::new();
            parts(alternative, Binary::And, &mut |comparison| {
                comparisons.push(Comparison::compile(comparison, plain)?);
                Ok(())
            })?;
            alternatives.push(comparisons);
            Ok(())
        })?;
        Ok(Matching { alternatives })
    }

    /// The keys of an identity, one for each alternative.
    pub(super) fn own_keys(
        &self,
        view: &View,
        attributes: &Attributes,
    ) -> Result<Vec<Option<state::Value>>, Diagnostic> {
        self.keys(|comparison| match comparison.own_name {
            Some(name) => Ok(attributes.get(name).cloned()),
            None => key(view, &comparison.own),
        })
    }

    /// The same of an account.
    pub(super) fn account_keys(
        &self,
        view: &View,
        attributes: &Attributes,
    ) -> Result<Vec<Option<state::Value>>, Diagnostic> {
        self.keys(|comparison| {
            if let Some((name, lower)) = comparison.account_name {
                match attributes.get(name) {
                    Some(value) if !lower => return Ok(Some(value.clone())),
                    Some(state::Value::Text(text)) if text.as_str().is_ascii() => {
                        return Ok(Some(state::Value::Text(lower_case(*text))));
                    }
                    // Other scripts and types, and what an account has besides its attributes, are the evaluator's.
                    _ => {}
                }
            }
            key(view, &comparison.account)
        })
    }

    fn keys(
        &self,
        side: impl Fn(&Comparison) -> Result<Option<state::Value>, Diagnostic>,
    ) -> Result<Vec<Option<state::Value>>, Diagnostic> {
        self.alternatives
            .iter()
            .map(|comparisons| {
                let mut keys = Vec::with_capacity(comparisons.len());
                for comparison in comparisons {
                    match side(comparison)? {
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
    fn compile(expr: &Expr, plain: &FxHashSet<Symbol>) -> Result<Comparison, Diagnostic> {
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
        let account_name = match spelling(account) {
            Some((call, inner)) if &*call.name == "lower" => account_attribute(inner).map(|name| (name, true)),
            Some(_) => None,
            None => account_attribute(account).map(|name| (name, false)),
        };
        Ok(Comparison {
            own: own.clone(),
            account: account.clone(),
            own_name: own_attribute(own).filter(|name| plain.contains(name)),
            account_name,
            created: created(own, account),
        })
    }
}

/// ASCII text in lower case.
fn lower_case(text: Symbol) -> Symbol {
    let changes = text.as_str().bytes().any(|byte| byte.is_ascii_uppercase());
    if changes { Symbol::from(text.as_str().to_ascii_lowercase()) } else { text }
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
