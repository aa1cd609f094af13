//! Functions on numbers.

use bigdecimal::num_bigint::BigInt;

use super::super::{Failure, Number, Value};
use super::arguments::{Answer, number, text, whole, wrong};

pub fn abs(arguments: &[Value]) -> Answer {
    Ok(Value::Number(number(arguments, 0)?.abs()))
}

pub fn ceil(arguments: &[Value]) -> Answer {
    Ok(Value::Number(number(arguments, 0)?.ceil()))
}

pub fn floor(arguments: &[Value]) -> Answer {
    Ok(Value::Number(number(arguments, 0)?.floor()))
}

/// Computed with 64-bit floats, as in Terraform.
pub fn log(arguments: &[Value]) -> Answer {
    let (number, base) = (number(arguments, 0)?.to_f64(), number(arguments, 1)?.to_f64());
    finite(Number::from_f64(number.ln() / base.ln()), "the logarithm")
}

pub fn max(arguments: &[Value]) -> Answer {
    extreme(arguments, |a, b| a > b)
}

pub fn min(arguments: &[Value]) -> Answer {
    extreme(arguments, |a, b| a < b)
}

fn extreme(arguments: &[Value], better: fn(&Number, &Number) -> bool) -> Answer {
    let mut best = number(arguments, 0)?;
    for at in 1..arguments.len() {
        let next = number(arguments, at)?;
        if better(&next, &best) {
            best = next;
        }
    }
    Ok(Value::Number(best))
}

/// In bases above 36 small letters come before large ones, as in Terraform.
pub fn parseint(arguments: &[Value]) -> Answer {
    let text = match arguments.first() {
        Some(Value::String(_)) => text(arguments, 0)?,
        Some(other) => return Err(wrong(0, "a string", other)),
        None => text(arguments, 0)?,
    };
    let base = whole(arguments, 1)?;
    if !(2..=62).contains(&base) {
        return Err(Failure::new(format!("argument 2 must be a base between 2 and 62, and is {base}")));
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    // Far beyond what a number can hold, and short enough not to be felt.
    let parsed = if digits.is_empty() || digits.len() > 4096 { None } else { digits_in(digits, base) };
    let number = parsed.and_then(|n| Number::from_bigint(if negative { -n } else { n }));
    number
        .map(Value::Number)
        .ok_or_else(|| Failure::new(format!("argument 1 does not read as a whole number in base {base}")))
}

fn digits_in(digits: &str, base: i64) -> Option<BigInt> {
    let mut sum = BigInt::from(0);
    for c in digits.chars() {
        let digit = match c {
            '0'..='9' => i64::from(c as u32 - '0' as u32),
            'a'..='z' => i64::from(c as u32 - 'a' as u32) + 10,
            'A'..='Z' => i64::from(c as u32 - 'A' as u32) + if base <= 36 { 10 } else { 36 },
            _ => return None,
        };
        if digit >= base {
            return None;
        }
        sum = sum * base + digit;
    }
    Some(sum)
}

/// Whole powers of whole numbers are exact; others are computed with 64-bit floats, as in Terraform.
pub fn pow(arguments: &[Value]) -> Answer {
    let (number, power) = (number(arguments, 0)?, number(arguments, 1)?);
    let float = number.to_f64().powf(power.to_f64());
    // What overflows a float is an error, so the exact power is never larger than 1024 bits.
    let exponent = power.to_usize().and_then(|power| u32::try_from(power).ok()).filter(|_| float.is_finite());
    match (number.to_bigint(), exponent) {
        (Some(base), Some(exponent)) => finite(Number::from_bigint(power_of(&base, exponent)), "the power"),
        _ => finite(Number::from_f64(float), "the power"),
    }
}

/// `base` to the power of `exponent`. Bases whose powers do not grow may have any exponent.
fn power_of(base: &BigInt, exponent: u32) -> BigInt {
    if *base.magnitude() <= 1u8.into() {
        base.pow(exponent % 2 + 2 * u32::from(exponent > 1))
    } else {
        base.pow(exponent)
    }
}

pub fn signum(arguments: &[Value]) -> Answer {
    let number = number(arguments, 0)?;
    if !number.is_integer() {
        return Err(Failure::new(format!("argument 1 must be a whole number, and is {number}")));
    }
    Ok(Value::number(if number.is_zero() {
        0i64
    } else if number.is_negative() {
        -1
    } else {
        1
    }))
}

fn finite(number: Option<Number>, what: &str) -> Answer {
    number.map(Value::Number).ok_or_else(|| Failure::new(format!("{what} of these is no finite number")))
}
