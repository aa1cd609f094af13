//! Numbers for `format`, as Go's fmt prints its big integers and floats.

use bigdecimal::num_bigint::{BigInt, Sign};

use super::super::Number;
use super::format::Verb;

/// `%d %b %o %x %X`.
pub fn integer(verb: &Verb, number: &BigInt) -> String {
    let radix = match verb.mode {
        'b' => 2,
        'o' => 8,
        'x' | 'X' => 16,
        _ => 10,
    };
    let mut digits = number.magnitude().to_str_radix(radix);
    if let Some(precision) = verb.precision {
        digits = if precision == 0 && digits == "0" { String::new() } else { format!("{digits:0>precision$}") };
    }
    let mut prefix = sign(verb, number.sign() == Sign::Minus).to_owned();
    if verb.sharp {
        prefix.push_str(match verb.mode {
            'b' => "0b",
            'o' => "0",
            'x' => "0x",
            'X' => "0X",
            _ => "",
        });
    }
    if verb.mode == 'X' {
        digits = digits.to_uppercase();
    }
    // As in Go, a precision leaves no room for zeros.
    fill(verb, &prefix, &digits, verb.zero && verb.precision.is_none())
}

/// `%e %E %f %g %G`.
pub fn float(verb: &Verb, number: &Number) -> String {
    let decimal = Decimal::of(number);
    let text = match verb.mode {
        'f' => decimal.plain(verb.precision.unwrap_or(6)),
        'e' | 'E' => decimal.scientific(Some(verb.precision.unwrap_or(6))),
        _ => decimal.general(verb.precision),
    };
    let text = if verb.mode.is_uppercase() { text.to_uppercase() } else { text };
    fill(verb, sign(verb, number.is_negative()), &text, verb.zero)
}

fn sign(verb: &Verb, negative: bool) -> &'static str {
    match (negative, verb.plus, verb.space) {
        (true, _, _) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    }
}

fn fill(verb: &Verb, prefix: &str, digits: &str, zeros: bool) -> String {
    let missing = verb.width.unwrap_or(0).saturating_sub(prefix.len() + digits.len());
    if verb.minus {
        format!("{prefix}{digits}{}", " ".repeat(missing))
    } else if zeros {
        format!("{prefix}{}{digits}", "0".repeat(missing))
    } else {
        format!("{}{prefix}{digits}", " ".repeat(missing))
    }
}

/// A number without sign: `0.d1d2d3... * 10^point`.
#[derive(Clone)]
struct Decimal {
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    fn of(number: &Number) -> Decimal {
        let text = number.abs().to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|digit| digit.wrapping_sub(b'0')).collect();
        let zeros = all.iter().take_while(|digit| **digit == 0).count();
        let mut digits: Vec<u8> = all.into_iter().skip(zeros).collect();
        while digits.last() == Some(&0) {
            digits.pop();
        }
        let point = if digits.is_empty() { 0 } else { whole.len() as i64 - zeros as i64 };
        Decimal { digits, point }
    }

    /// Rounded to `count` digits, a half to the even neighbour.
    fn rounded(&self, count: i64) -> Decimal {
        let Ok(kept) = usize::try_from(count) else { return Decimal { digits: Vec::new(), point: 0 } };
        let Some(next) = self.digits.get(kept) else { return self.clone() };
        let mut digits: Vec<u8> = self.digits.iter().take(kept).copied().collect();
        let half = *next == 5 && self.digits.len() == kept + 1;
        let up = if half { digits.last().is_some_and(|digit| digit % 2 == 1) } else { *next >= 5 };
        let mut point = self.point;
        if up {
            loop {
                match digits.pop() {
                    Some(9) => {}
                    Some(digit) => {
                        digits.push(digit + 1);
                        break;
                    }
                    None => {
                        digits.push(1);
                        point += 1;
                        break;
                    }
                }
            }
        }
        while digits.last() == Some(&0) {
            digits.pop();
        }
        if digits.is_empty() {
            point = 0;
        }
        Decimal { digits, point }
    }

    fn digit(&self, at: i64) -> char {
        let digit = usize::try_from(at).ok().and_then(|at| self.digits.get(at)).copied().unwrap_or(0);
        char::from(b'0' + digit)
    }

    /// With `places` digits after the point.
    fn plain(&self, places: usize) -> String {
        let rounded = self.rounded(self.point + places as i64);
        let mut text: String = (0..rounded.point.max(0)).map(|at| rounded.digit(at)).collect();
        if text.is_empty() {
            text.push('0');
        }
        if places > 0 {
            text.push('.');
            text.extend((0..places as i64).map(|at| rounded.digit(rounded.point + at)));
        }
        text
    }

    /// With `places` digits after the point, or as many as there are.
    fn scientific(&self, places: Option<usize>) -> String {
        let rounded = places.map_or_else(|| self.clone(), |places| self.rounded(places as i64 + 1));
        let places = places.unwrap_or(rounded.digits.len().saturating_sub(1));
        let exponent = if rounded.digits.is_empty() { 0 } else { rounded.point - 1 };
        let mut text = String::from(rounded.digit(0));
        if places > 0 {
            text.push('.');
            text.extend((1..=places as i64).map(|at| rounded.digit(at)));
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{text}e{sign}{:02}", exponent.abs())
    }

    /// Plain for numbers of a usual size, else scientific; without trailing zeros.
    fn general(&self, precision: Option<usize>) -> String {
        let precision = precision.map(|digits| digits.max(1));
        let rounded = precision.map_or_else(|| self.clone(), |digits| self.rounded(digits as i64));
        let exponent = rounded.point - 1;
        let count = rounded.digits.len();
        let limit = match precision {
            None => 6,
            Some(digits) if digits > count && count as i64 >= rounded.point => count as i64,
            Some(digits) => digits as i64,
        };
        if !rounded.digits.is_empty() && (exponent < -4 || exponent >= limit) {
            return rounded.scientific(None);
        }
        rounded.plain(usize::try_from(count as i64 - rounded.point).unwrap_or(0))
    }
}
