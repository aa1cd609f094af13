//! Reading, printing, exact arithmetic.

use proptest::prelude::*;

use super::*;

fn n(text: &str) -> Number {
    Number::parse(text).unwrap()
}

#[test]
fn text_is_read_and_printed_plainly() {
    let table = [
        ("0", "0"),
        ("-0", "0"),
        ("0.0", "0"),
        ("007", "7"),
        ("+5", "5"),
        ("1.50", "1.5"),
        ("-0.25", "-0.25"),
        ("1e3", "1000"),
        ("12.5e-3", "0.0125"),
        ("9223372036854775807", "9223372036854775807"),
        ("9223372036854775808", "9223372036854775808"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("1E+2", "100"),
        ("0e999999", "0"),
        ("1e-99999", "0"),
        ("0.1000", "0.1"),
        ("1e20", "100000000000000000000"),
    ];
    for (text, printed) in table {
        assert_eq!(n(text).to_string(), printed, "{text}");
    }
    for text in [
        "",
        "-",
        ".",
        ".5",
        "1_000",
        "0x10",
        "1e",
        "1e1e1",
        "--1",
        "1.2.3",
        "e5",
        "NaN",
        "inf",
        " 1",
        "1 ",
        "1e1001",
        "1e9999999999999999999",
        "١",
    ] {
        assert_eq!(Number::parse(text), None, "{text}");
    }
    assert_eq!(n("1.").to_string(), "1");
    assert_eq!(Number::parse(&"9".repeat(1_000_000)), None);
}

#[test]
fn arithmetic_is_exact_where_decimals_are() {
    assert_eq!(n("0.1").add(&n("0.2")), Some(n("0.3")));
    assert_eq!(n("10").div(&n("4")), Some(n("2.5")));
    assert_eq!(n("10").div(&n("5")), Some(n("2")));
    assert_eq!(n("1").div(&n("0")), None);
    assert_eq!(n("1.5").div(&n("0")), None);
    assert_eq!(n("1").rem(&n("0")), None);
    assert_eq!(n("-7").rem(&n("3")), Some(n("-1")));
    assert_eq!(n("7").rem(&n("-3")), Some(n("1")));
    assert_eq!(n("7.5").rem(&n("2")), Some(n("1.5")));
    assert_eq!(n("1").div(&n("3")).unwrap().to_string(), format!("0.{}", "3".repeat(154)));
    assert_eq!(n("2").div(&n("3")).unwrap().to_string(), format!("0.{}7", "6".repeat(153)));
    assert_eq!(n("9223372036854775807").add(&n("1")), Some(n("9223372036854775808")));
    assert_eq!(n("-9223372036854775808").neg(), n("9223372036854775808"));
    assert_eq!(n("9223372036854775808").neg(), n("-9223372036854775808"));
    assert_eq!(n("-9223372036854775808").div(&n("-1")), Some(n("9223372036854775808")));
    assert_eq!(n("-9223372036854775808").rem(&n("-1")), Some(n("0")));
    assert_eq!(n("1e600").mul(&n("1e600")), None);
}

#[test]
fn whole_numbers_around_a_fraction() {
    assert_eq!((n("-1.5").floor(), n("-1.5").ceil(), n("-1.5").trunc()), (n("-2"), n("-1"), n("-1")));
    assert_eq!((n("1.5").floor(), n("1.5").ceil(), n("1.5").trunc()), (n("1"), n("2"), n("1")));
    assert_eq!(n("12345678901234567890.5").floor().to_bigint().unwrap().to_string(), "12345678901234567890");
    assert!(!n("1.5").is_integer() && n("1e30").is_integer());
    assert_eq!(n("1e30").to_bigint().unwrap().to_string(), format!("1{}", "0".repeat(30)));
}

#[test]
fn floats_come_and_go() {
    assert_eq!(Number::from_f64(0.1), Some(n("0.1")));
    assert_eq!(Number::from_f64(1e300).unwrap().to_f64(), 1e300);
    assert_eq!(Number::from_f64(f64::NAN), None);
    assert_eq!(Number::from_f64(-0.0), Some(Number::ZERO));
    assert_eq!(Number::from_f64(5e-324).unwrap().to_f64(), 5e-324);
}

proptest! {
    #[test]
    fn small_numbers_compute_as_wider_integers_do(a: i64, b: i64) {
        let (x, y) = (Number::from(a), Number::from(b));
        prop_assert_eq!(x.add(&y).unwrap().to_string(), (i128::from(a) + i128::from(b)).to_string());
        prop_assert_eq!(x.sub(&y).unwrap().to_string(), (i128::from(a) - i128::from(b)).to_string());
        prop_assert_eq!(x.mul(&y).unwrap().to_string(), (i128::from(a) * i128::from(b)).to_string());
        if b != 0 {
            prop_assert_eq!(x.rem(&y).unwrap().to_string(), (i128::from(a) % i128::from(b)).to_string());
        }
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        prop_assert_eq!(x.sub(&y).unwrap().add(&y), Some(x));
    }

    #[test]
    fn any_text_is_read_without_panic(text in "[-+0-9.eE]{0,24}") {
        if let Some(number) = Number::parse(&text) {
            prop_assert_eq!(Number::parse(&number.to_string()), Some(number));
        }
    }

    #[test]
    fn floats_survive(float: f64) {
        if let Some(number) = Number::from_f64(float) {
            prop_assert_eq!(number.to_f64(), float);
        }
    }
}
