//! Exact decimal numbers.
//!
//! Terraform computes with binary floating point of 512 bits; here the same 154 digits are decimal, so that
//! `0.1 + 0.2 == 0.3` holds. What fits into an `i64` is kept as one.

use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

use bigdecimal::num_bigint::{BigInt, Sign};
use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive, Zero};

/// Significant digits that a result keeps: as many as 512 bits hold.
pub const PRECISION: NonZeroU64 = NonZeroU64::new(154).unwrap();
/// Most digits before the point. Without an end, `1e999999999` in a file would print a gigabyte.
pub const MAX_EXPONENT: i64 = 1000;

/// A number: 16 bytes, cheap to clone, never NaN nor infinite.
///
/// Equality, order and hash are by value: `1.0` is `1`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number(Repr);

/// Whole numbers that fit are always `Small`, and a `Big` has no trailing zeros, so that equal numbers look alike.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Small(i64),
    Big(Arc<BigDecimal>),
}

impl Number {
    pub const ZERO: Number = Number(Repr::Small(0));
    pub const ONE: Number = Number(Repr::Small(1));

    /// Reads `12`, `-0.5`, `1e3`, `+7`. None for anything else, and for what is beyond [`MAX_EXPONENT`].
    pub fn parse(text: &str) -> Option<Number> {
        if let Ok(small) = text.parse::<i64>() {
            return Some(Number(Repr::Small(small)));
        }
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (text.get(..at)?, text.get(at + 1..)?.parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (negative, digits) = match mantissa.as_bytes().first()? {
            b'-' => (true, mantissa.get(1..)?),
            b'+' => (false, mantissa.get(1..)?),
            _ => (false, mantissa),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all: String = [whole, fraction].concat();
        if all.is_empty() || whole.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        // A long row of digits is cut before it is computed with: what is beyond the precision cannot show.
        let all = all.trim_start_matches('0');
        let kept = all.get(..all.len().min(PRECISION.get() as usize + 16)).unwrap_or(all);
        let cut = i64::try_from(all.len() - kept.len()).ok()?;
        let scale = i64::try_from(fraction.len()).ok()?.checked_sub(exponent)?.checked_sub(cut)?;
        let sign = if negative { Sign::Minus } else { Sign::Plus };
        let integer = BigInt::from_biguint(
            sign,
            bigdecimal::num_bigint::BigUint::parse_bytes(kept.as_bytes(), 10).unwrap_or_default(),
        );
        if !integer.is_zero() && scale.checked_neg()?.checked_add(kept.len() as i64)?.abs() > 2 * MAX_EXPONENT {
            return if scale > 0 { Some(Number::ZERO) } else { None };
        }
        Number::from_big(BigDecimal::new(integer, scale))
    }

    /// The number nearest to what `float` prints as; none for NaN and the infinities.
    pub fn from_f64(float: f64) -> Option<Number> {
        // Rust prints the shortest text that reads back as the same float: 0.1 is 0.1, not 0.1000000000000000055...
        if float.is_finite() { Number::parse(&format!("{float:e}")) } else { None }
    }

    /// A whole number of any size; none beyond [`MAX_EXPONENT`].
    pub fn from_bigint(integer: BigInt) -> Option<Number> {
        Number::from_big(BigDecimal::new(integer, 0))
    }

    /// Rounded to [`PRECISION`]; none beyond [`MAX_EXPONENT`]. What is nearer to zero than that is zero.
    fn from_big(number: BigDecimal) -> Option<Number> {
        if number.is_zero() {
            return Some(Number::ZERO);
        }
        let rounded = if number.digits() > PRECISION.get() {
            number.with_precision_round(PRECISION, RoundingMode::HalfEven)
        } else {
            number
        };
        let magnitude = i64::try_from(rounded.digits()).ok()?.checked_sub(rounded.fractional_digit_count())?;
        if magnitude > MAX_EXPONENT {
            return None;
        }
        if magnitude < -MAX_EXPONENT {
            return Some(Number::ZERO);
        }
        let normal = rounded.normalized();
        if normal.fractional_digit_count() <= 0
            && let Some(small) = normal.to_i64()
        {
            return Some(Number(Repr::Small(small)));
        }
        Some(Number(Repr::Big(Arc::new(normal))))
    }

    fn big(&self) -> BigDecimal {
        match &self.0 {
            Repr::Small(small) => BigDecimal::from(*small),
            Repr::Big(big) => big.as_ref().clone(),
        }
    }

    /// The whole number, where it is one and fits.
    pub fn to_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Small(small) => Some(*small),
            Repr::Big(_) => None,
        }
    }

    /// The whole number, where it is one, is not negative, and fits.
    pub fn to_usize(&self) -> Option<usize> {
        usize::try_from(self.to_i64()?).ok()
    }

    /// The whole number, where it is one.
    pub fn to_bigint(&self) -> Option<BigInt> {
        match &self.0 {
            Repr::Small(small) => Some(BigInt::from(*small)),
            Repr::Big(big) => (big.fractional_digit_count() <= 0).then(|| big.with_scale(0).into_bigint_and_scale().0),
        }
    }

    /// The nearest float; infinite where the number is beyond floats.
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            Repr::Small(small) => *small as f64,
            Repr::Big(big) => big.to_plain_string().parse().unwrap_or(f64::NAN),
        }
    }

    /// Whether it is a whole number.
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Repr::Small(_) => true,
            Repr::Big(big) => big.fractional_digit_count() <= 0,
        }
    }

    pub fn is_negative(&self) -> bool {
        *self < Number::ZERO
    }

    pub fn is_zero(&self) -> bool {
        *self == Number::ZERO
    }

    /// The sum; none where it is too large.
    pub fn add(&self, other: &Number) -> Option<Number> {
        if let (Repr::Small(a), Repr::Small(b)) = (&self.0, &other.0)
            && let Some(sum) = a.checked_add(*b)
        {
            return Some(Number(Repr::Small(sum)));
        }
        Number::from_big(self.big() + other.big())
    }

    /// The difference; none where it is too large.
    pub fn sub(&self, other: &Number) -> Option<Number> {
        if let (Repr::Small(a), Repr::Small(b)) = (&self.0, &other.0)
            && let Some(difference) = a.checked_sub(*b)
        {
            return Some(Number(Repr::Small(difference)));
        }
        Number::from_big(self.big() - other.big())
    }

    /// The product; none where it is too large.
    pub fn mul(&self, other: &Number) -> Option<Number> {
        if let (Repr::Small(a), Repr::Small(b)) = (&self.0, &other.0)
            && let Some(product) = a.checked_mul(*b)
        {
            return Some(Number(Repr::Small(product)));
        }
        Number::from_big(self.big() * other.big())
    }

    /// The quotient, with [`PRECISION`] digits; none for a division by zero and where it is too large.
    pub fn div(&self, other: &Number) -> Option<Number> {
        if let (Repr::Small(a), Repr::Small(b)) = (&self.0, &other.0)
            && a.checked_rem(*b) == Some(0)
        {
            return Some(Number(Repr::Small(a / b)));
        }
        if other.is_zero() {
            return None;
        }
        let (a, a_scale) = self.big().into_bigint_and_scale();
        let (b, b_scale) = other.big().into_bigint_and_scale();
        // Two digits more than are kept, so that the rounding sees them.
        let shift = (PRECISION.get() + 2 + b.magnitude().bits() / 3) as u32;
        let quotient = a * BigInt::from(10).pow(shift) / b;
        Number::from_big(BigDecimal::new(quotient, a_scale - b_scale + i64::from(shift)))
    }

    /// What is left by a division rounded towards zero, with the sign of `self`; none for a division by zero.
    pub fn rem(&self, other: &Number) -> Option<Number> {
        if let (Repr::Small(a), Repr::Small(b)) = (&self.0, &other.0) {
            return if *b == 0 { None } else { Some(Number(Repr::Small(a.checked_rem(*b).unwrap_or(0)))) };
        }
        if other.is_zero() {
            return None;
        }
        let (a, a_scale) = self.big().into_bigint_and_scale();
        let (b, b_scale) = other.big().into_bigint_and_scale();
        let scale = a_scale.max(b_scale);
        let ten = BigInt::from(10);
        // Scales lie within MAX_EXPONENT and PRECISION of each other, so these powers are small.
        let a = a * ten.pow(u32::try_from(scale - a_scale).ok()?);
        let b = b * ten.pow(u32::try_from(scale - b_scale).ok()?);
        Number::from_big(BigDecimal::new(a % b, scale))
    }

    pub fn neg(&self) -> Number {
        match &self.0 {
            Repr::Small(small) => match small.checked_neg() {
                Some(negated) => Number(Repr::Small(negated)),
                None => Number(Repr::Big(Arc::new((-BigDecimal::from(*small)).normalized()))),
            },
            // The negation of 2^63 fits again, and an equal number must look alike.
            Repr::Big(big) => Number::from_big(-big.as_ref()).unwrap_or(Number::ZERO),
        }
    }

    pub fn abs(&self) -> Number {
        if self.is_negative() { self.neg() } else { self.clone() }
    }

    /// The largest whole number that is not larger.
    pub fn floor(&self) -> Number {
        self.rounded(RoundingMode::Floor)
    }

    /// The smallest whole number that is not smaller.
    pub fn ceil(&self) -> Number {
        self.rounded(RoundingMode::Ceiling)
    }

    /// Without its fraction.
    pub fn trunc(&self) -> Number {
        self.rounded(RoundingMode::Down)
    }

    fn rounded(&self, mode: RoundingMode) -> Number {
        match &self.0 {
            Repr::Small(_) => self.clone(),
            Repr::Big(big) if big.fractional_digit_count() <= 0 => self.clone(),
            // Whole numbers next to a number that is not too large are not too large either.
            Repr::Big(big) => Number::from_big(big.with_scale_round(0, mode)).unwrap_or(Number::ZERO),
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Small(a), Repr::Small(b)) => a.cmp(b),
            (Repr::Big(a), Repr::Big(b)) => a.cmp(b),
            (Repr::Small(a), Repr::Big(b)) => BigDecimal::from(*a).cmp(b),
            (Repr::Big(a), Repr::Small(b)) => a.as_ref().cmp(&BigDecimal::from(*b)),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Plain digits, never an exponent.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Small(small) => small.fmt(f),
            Repr::Big(big) => f.pad(&big.to_plain_string()),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Number {
        Number(Repr::Small(number))
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Number {
        match i64::try_from(number) {
            Ok(small) => Number(Repr::Small(small)),
            Err(_) => Number(Repr::Big(Arc::new(BigDecimal::from(number).normalized()))),
        }
    }
}

impl From<usize> for Number {
    fn from(number: usize) -> Number {
        Number::from(number as u64)
    }
}

#[cfg(test)]
mod tests;
