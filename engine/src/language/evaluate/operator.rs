//! Operators and conditionals, with the conversions that they make.

use super::{Evaluator, Locals, Marks, Result};
use crate::language::expr::{Binary, Expr, Kind, Unary};
use crate::language::{Diagnostic, Failure, Number, Span, Value};

impl Evaluator<'_> {
    pub(super) fn unary(&self, operator: Unary, operand: &Expr, span: Span, locals: Locals) -> Result {
        let mut marks = Marks::default();
        let value = marks.open(self.value(operand, locals)?);
        if marks.is_unknown() {
            return Ok(marks.unknown());
        }
        let result = match operator {
            Unary::Not => value.to_bool().map(|truth| Value::Bool(!truth)),
            Unary::Negate => value.to_number().map(|number| Value::Number(number.neg())),
        };
        match result {
            Ok(value) => Ok(marks.close(value)),
            Err(failure) => Err(marks.hide(failure).at(span)),
        }
    }

    pub(super) fn binary(&self, operator: Binary, left: &Expr, right: &Expr, span: Span, locals: Locals) -> Result {
        let mut marks = Marks::default();
        match operator {
            Binary::And | Binary::Or => return self.logic(operator, left, right, locals),
            Binary::Equal | Binary::NotEqual => {
                let (left, right) = (self.value(left, locals)?, self.value(right, locals)?);
                marks.see(&left);
                marks.see(&right);
                if marks.is_unknown() {
                    return Ok(marks.unknown());
                }
                let equal = if marks.sensitive { left.reveal() == right.reveal() } else { left == right };
                return Ok(marks.close(Value::Bool(equal == (operator == Binary::Equal))));
            }
            _ => {}
        }
        let first = marks.open(self.value(left, locals)?);
        let second = marks.open(self.value(right, locals)?);
        if marks.is_unknown() {
            return Ok(marks.unknown());
        }
        let first = first.to_number().map_err(|failure| marks.hide(operand(failure, operator)).at(left.span))?;
        let second = second.to_number().map_err(|failure| marks.hide(operand(failure, operator)).at(right.span))?;
        match compute(operator, &first, &second) {
            Ok(value) => Ok(marks.close(value)),
            Err(failure) => Err(failure.at(span)),
        }
    }

    /// `&&` and `||`: the right side is looked at only where the left one does not decide.
    fn logic(&self, operator: Binary, left: &Expr, right: &Expr, locals: Locals) -> Result {
        let decides = operator == Binary::Or;
        let mut marks = Marks::default();
        for side in [left, right] {
            let value = marks.open(self.value(side, locals)?);
            if let Value::Unknown(_) = value {
                continue;
            }
            let truth = value.to_bool().map_err(|failure| marks.hide(operand(failure, operator)).at(side.span))?;
            // With an unknown left side, the right one may still decide.
            if truth == decides {
                return Ok(marks.close(Value::Bool(decides)));
            }
        }
        Ok(if marks.is_unknown() { marks.unknown() } else { marks.close(Value::Bool(!decides)) })
    }

    pub(super) fn conditional(&self, condition: &Expr, then: &Expr, otherwise: &Expr, locals: Locals) -> Result {
        let mut marks = Marks::default();
        let value = marks.open(self.value(condition, locals)?);
        if marks.is_unknown() {
            // Either arm may be the one, so the result waits for what both wait for.
            for arm in [then, otherwise] {
                if let Ok(value) = self.value(arm, locals) {
                    marks.see(&value);
                }
            }
            return Ok(marks.unknown());
        }
        let truth = value.to_bool().map_err(|failure| {
            let failure = marks.hide(failure);
            Diagnostic { label: "the condition".to_owned(), ..failure.at(condition.span) }
        })?;
        let (taken, other) = if truth { (then, otherwise) } else { (otherwise, then) };
        let value = self.value(taken, locals)?;
        // Both arms have one type: where the other one is plainly text, a number or bool becomes text.
        let value = match &value {
            Value::Number(_) | Value::Bool(_) if is_text(other) => value.to_text().map_or(value, Value::String),
            _ => value,
        };
        Ok(marks.close(value))
    }
}

/// Whether an expression can be seen to give text without evaluating it.
fn is_text(expr: &Expr) -> bool {
    match &*expr.kind {
        Kind::Template(_) | Kind::Literal(Value::String(_)) => true,
        Kind::Conditional { then, otherwise, .. } => is_text(then) || is_text(otherwise),
        _ => false,
    }
}

fn operand(failure: Failure, operator: Binary) -> Failure {
    Failure { message: format!("unfit for {}: {}", operator.symbol(), failure.message), ..failure }
}

fn compute(operator: Binary, a: &Number, b: &Number) -> std::result::Result<Value, Failure> {
    let number = match operator {
        Binary::Less => return Ok(Value::Bool(a < b)),
        Binary::LessOrEqual => return Ok(Value::Bool(a <= b)),
        Binary::Greater => return Ok(Value::Bool(a > b)),
        Binary::GreaterOrEqual => return Ok(Value::Bool(a >= b)),
        Binary::Add => a.add(b),
        Binary::Subtract => a.sub(b),
        Binary::Multiply => a.mul(b),
        Binary::Divide | Binary::Remainder if b.is_zero() => return Err(Failure::new("division by zero")),
        Binary::Divide => a.div(b),
        Binary::Remainder => a.rem(b),
        // These four do not compute with numbers, and are answered before.
        Binary::Equal | Binary::NotEqual | Binary::And | Binary::Or => None,
    };
    number.map(Value::Number).ok_or_else(|| Failure::new(format!("the result of {} is too large", operator.symbol())))
}
