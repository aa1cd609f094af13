//! Moments, to the millisecond, in UTC.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 (`2026-11-23T09:00:00.000Z`). Whoever needs the
/// present is handed it: nothing in this crate or in the engine reads a clock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since 1970; clamped to the years -9999 to 9999.
    pub fn from_millis(millis: i64) -> Timestamp {
        Timestamp(millis.clamp(jiff::Timestamp::MIN.as_millisecond(), jiff::Timestamp::MAX.as_millisecond()))
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// This moment and `millis` more.
    pub fn plus_millis(self, millis: i64) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_add(millis))
    }

    /// The same moment for jiff.
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

/// A length of time in milliseconds: a whole number and one of these `units`, of `ms`, `s`, `m`, `h`, `d` and `w`.
pub fn length(text: &str, units: &[&str]) -> Option<i64> {
    let (number, unit) = text.split_at(text.find(|character: char| !character.is_ascii_digit())?);
    let millis: i64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 7 * 86_400_000,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(millis).filter(|_| units.contains(&unit))
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(moment: jiff::Timestamp) -> Timestamp {
        Timestamp::from_millis(moment.as_millisecond())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.to_jiff())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;
    fn from_str(text: &str) -> Result<Timestamp, jiff::Error> {
        match as_written(text) {
            Some(moment) => Ok(moment),
            None => text.parse::<jiff::Timestamp>().map(Timestamp::from),
        }
    }
}

/// A moment in the one form in which tenure writes it (`2026-11-23T09:00:00.000Z`), since each line of a record has
/// one or two; all other forms, and all that is wrong, are left to jiff.
fn as_written(text: &str) -> Option<Timestamp> {
    let bytes: &[u8; 24] = text.as_bytes().try_into().ok()?;
    let (b"-", b"-", b"T", b":", b":", b".", b"Z") =
        (&bytes[4..5], &bytes[7..8], &bytes[10..11], &bytes[13..14], &bytes[16..17], &bytes[19..20], &bytes[23..])
    else {
        return None;
    };
    let number = |from: usize, to: usize| {
        bytes[from..to]
            .iter()
            .try_fold(0, |number: i64, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(*byte - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second, milli) = (number(11, 13)?, number(14, 16)?, number(17, 19)?, number(20, 23)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days since 1970 of the proleptic Gregorian calendar, in years that begin with March, so that the leap day is
    // their last.
    let (march_year, march_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = march_year.div_euclid(4) - march_year.div_euclid(100) + march_year.div_euclid(400);
    let since_1970 = 365 * march_year + leaps + (153 * march_month + 2) / 5 + day - 1 - 719_468;
    Some(Timestamp((((since_1970 * 24 + hour) * 60 + minute) * 60 + second) * 1000 + milli))
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        crate::from_text::parsed(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        let all = ["ms", "s", "m", "h", "d", "w"];
        for (text, millis) in [
            ("500ms", Some(500)),
            ("30s", Some(30_000)),
            ("5m", Some(300_000)),
            ("2h", Some(7_200_000)),
            ("7d", Some(604_800_000)),
            ("8w", Some(4_838_400_000)),
            ("0s", Some(0)),
            ("", None),
            ("0", None),
            ("s", None),
            ("-5s", None),
            ("+5s", None),
            ("5 s", None),
            ("1.5s", None),
            ("5S", None),
            ("٥s", None),
            ("5sé", None),
            ("9223372036854775807ms", Some(i64::MAX)),
            ("9223372036854775808ms", None),
            ("9223372036854775807s", None),
        ] {
            assert_eq!(length(text, &all), millis, "{text}");
        }
        assert_eq!(length("30s", &["h", "d"]), None);
    }

    #[test]
    fn the_form_in_which_moments_are_written_is_read_as_jiff_reads_it() {
        let jiff = |text: &str| text.parse::<jiff::Timestamp>().map(Timestamp::from).map_err(|error| error.to_string());
        let read = |text: &str| text.parse::<Timestamp>().map_err(|error| error.to_string());
        // Every day of a cycle of the calendar and more, at odd times of the day.
        for day in -719_528..146_097i64 {
            let moment = Timestamp::from_millis(day * 86_400_000 + (day * 7_919_333).rem_euclid(86_400_000));
            let text = moment.to_string();
            assert_eq!((text.len(), as_written(&text)), (24, Some(moment)), "{text}");
        }
        for text in [
            "2024-02-29T23:59:59.999Z",
            "0000-01-01T00:00:00.000Z",
            "9999-12-30T00:00:00.000Z",
            "2023-02-29T00:00:00.000Z",
            "2026-04-31T00:00:00.000Z",
            "2026-13-01T00:00:00.000Z",
            "2026-00-01T00:00:00.000Z",
            "2026-01-00T00:00:00.000Z",
            "2026-01-01T24:00:00.000Z",
            "2026-01-01T00:60:00.000Z",
            "2026-01-01T00:00:60.000Z",
            "2026-01-01T00:00:00.00:Z",
            "2026-01-01t00:00:00.000z",
            "2026-01-01T00:00:00,000Z",
            "2026-01-01T00:00:00.000+",
            "2026-01-01T00:00:00+0100",
            "2026-01-01T00:00:00.0001Z",
            "2026-01-01T00:00:00Z",
            "+2026-01-01T00:00:00.00Z",
            "",
        ] {
            assert_eq!(read(text), jiff(text), "{text}");
        }
    }
}
