//! Functions on points in time, written as in RFC 3339: `2026-03-01T09:00:00+01:00`.

use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::super::{Failure, Value};
use super::arguments::{Answer, text};

/// A point in time with the offset it was written with.
struct Moment {
    local: DateTime,
    offset: Offset,
}

impl Moment {
    /// Only the one form: no spaces, no missing parts, no leap seconds; `T` and `Z` are capitals.
    fn parse(text: &str) -> Option<Moment> {
        let part = |from: usize, to: usize| -> Option<i32> {
            let digits = text.get(from..to)?;
            digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
        if !marks.iter().all(|(at, mark)| text.as_bytes().get(*at) == Some(mark)) {
            return None;
        }
        let mut rest = text.get(19..)?;
        let mut nanosecond = 0;
        if let Some(fraction) = rest.strip_prefix('.') {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            let counted = fraction.get(..digits.min(9))?;
            nanosecond = format!("{counted:0<9}").parse().ok().filter(|_| digits > 0)?;
            rest = fraction.get(digits..)?;
        }
        let offset = if rest == "Z" {
            0
        } else {
            let sign = if rest.starts_with('+') { 1 } else { -1 };
            let start = text.len() - rest.len() + 1;
            let shaped = rest.len() == 6 && rest.starts_with(['+', '-']) && rest.as_bytes().get(3) == Some(&b':');
            let (hours, minutes) = (part(start, start + 2)?, part(start + 3, start + 5)?);
            if !shaped || hours > 23 || minutes > 59 {
                return None;
            }
            sign * (hours * 3600 + minutes * 60)
        };
        let small = |from: usize| part(from, from + 2).and_then(|n| i8::try_from(n).ok());
        let year = i16::try_from(part(0, 4)?).ok()?;
        let local = DateTime::new(year, small(5)?, small(8)?, small(11)?, small(14)?, small(17)?, nanosecond).ok()?;
        Some(Moment { local, offset: Offset::from_seconds(offset).ok()? })
    }

    fn offset_text(&self, utc: &str, colon: &str) -> String {
        let seconds = self.offset.seconds();
        if seconds == 0 && !utc.is_empty() {
            return utc.to_owned();
        }
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.abs() / 60;
        format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
    }
}

fn moment(arguments: &[Value], at: usize) -> Answer<Moment> {
    let text = text(arguments, at)?;
    Moment::parse(&text).ok_or_else(|| {
        Failure::new(format!("argument {} is not a date and time", at + 1))
            .hint("write it as in RFC 3339: 2026-03-01T09:00:00Z, or with an offset: 2026-03-01T09:00:00+01:00")
    })
}

/// -1, 0 or 1: the first is earlier, the same, later.
pub fn timecmp(arguments: &[Value]) -> Answer {
    let instant = |at: usize| -> Answer<_> {
        let moment = moment(arguments, at)?;
        moment
            .offset
            .to_timestamp(moment.local)
            .map_err(|_| Failure::new(format!("argument {} is out of range", at + 1)))
    };
    Ok(Value::number(match instant(0)?.cmp(&instant(1)?) {
        std::cmp::Ordering::Less => -1i64,
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Greater => 1,
    }))
}

/// The time some hours, minutes, seconds later or earlier, with the same offset, in whole seconds.
pub fn timeadd(arguments: &[Value]) -> Answer {
    let (moment, duration) = (moment(arguments, 0)?, text(arguments, 1)?);
    let duration = parse_duration(&duration).ok_or_else(|| {
        Failure::new("argument 2 is not a duration")
            .hint("a duration is like 90m, 1.5h, 1h30m or -24h; there is no unit for days")
    })?;
    let local = moment
        .local
        .checked_add(duration)
        .ok()
        .filter(|local| local.year() >= 0)
        .ok_or_else(|| Failure::new("the result is not between the years 0 and 9999"))?;
    let moment = Moment { local, ..moment };
    Ok(Value::string(format!("{}{}", moment.local.strftime("%Y-%m-%dT%H:%M:%S"), moment.offset_text("Z", ":"))))
}

/// Go's durations: signed, numbers with a fraction, each followed by its unit; at most about 292 years.
fn parse_duration(text: &str) -> Option<SignedDuration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut nanoseconds: i128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') || whole.len() > 20 {
            return None;
        }
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let fraction = fraction.get(..fraction.len().min(18)).unwrap_or("");
        let scale = 10i128.pow(u32::try_from(fraction.len()).ok()?);
        let part = if fraction.is_empty() { 0 } else { fraction.parse::<i128>().ok()? * unit / scale };
        let whole = if whole.is_empty() { 0 } else { whole.parse::<i128>().ok()? };
        nanoseconds = nanoseconds.checked_add(whole.checked_mul(unit)?)?.checked_add(part)?;
        rest = next;
    }
    let nanoseconds = i64::try_from(if negative { -nanoseconds } else { nanoseconds }).ok()?;
    Some(SignedDuration::from_nanos(nanoseconds))
}

/// Letters stand for parts of the time, text in single quotes and all that is no letter for itself.
pub fn formatdate(arguments: &[Value]) -> Answer {
    let (format, moment) = (text(arguments, 0)?, moment(arguments, 1)?);
    let mut out = String::new();
    let mut rest: &str = &format;
    while let Some(first) = rest.chars().next() {
        let (token, after) = rest.split_at(rest.find(|c| c != first).unwrap_or(rest.len()));
        if let Some(after) = rest.strip_prefix("''") {
            // Two quotes are a quote, outside of quoted text too.
            out.push('\'');
            rest = after;
            continue;
        }
        if first == '\'' {
            rest = quoted(rest, &mut out)?;
            continue;
        }
        if first.is_ascii_alphabetic() {
            out.push_str(&part(token, &moment)?);
        } else {
            out.push_str(token);
        }
        rest = after;
    }
    Ok(Value::string(out))
}

/// Copies what stands in quotes at the start of `rest`, where two quotes are one; answers what follows.
fn quoted<'a>(rest: &'a str, out: &mut String) -> Answer<&'a str> {
    let mut rest = rest.strip_prefix('\'').unwrap_or(rest);
    loop {
        let (text, after) =
            rest.split_once('\'').ok_or_else(|| Failure::new("argument 1 has a single quote that is not closed"))?;
        out.push_str(text);
        match after.strip_prefix('\'') {
            Some(more) => {
                out.push('\'');
                rest = more;
            }
            None => return Ok(after),
        }
    }
}

fn part(token: &str, moment: &Moment) -> Answer<String> {
    let local = moment.local;
    let hour12 = (local.hour() + 11) % 12 + 1;
    let half = if local.hour() < 12 { "am" } else { "pm" };
    Ok(match token {
        "YYYY" => format!("{:04}", local.year()),
        "YY" => format!("{:02}", local.year() % 100),
        "MMMM" => local.strftime("%B").to_string(),
        "MMM" => local.strftime("%b").to_string(),
        "MM" => format!("{:02}", local.month()),
        "M" => local.month().to_string(),
        "DD" => format!("{:02}", local.day()),
        "D" => local.day().to_string(),
        "EEEE" => local.strftime("%A").to_string(),
        "EEE" => local.strftime("%a").to_string(),
        "hh" => format!("{:02}", local.hour()),
        "h" => local.hour().to_string(),
        "HH" => format!("{hour12:02}"),
        "H" => hour12.to_string(),
        "AA" => half.to_uppercase(),
        "aa" => half.to_owned(),
        "mm" => format!("{:02}", local.minute()),
        "m" => local.minute().to_string(),
        "ss" => format!("{:02}", local.second()),
        "s" => local.second().to_string(),
        "ZZZZZ" => moment.offset_text("", ":"),
        "ZZZZ" => moment.offset_text("", ""),
        "ZZZ" => moment.offset_text("UTC", ""),
        "Z" => moment.offset_text("Z", ":"),
        other => {
            return Err(Failure::new(format!("argument 1 has {other:?}, which stands for no part of a date"))
                .hint("YYYY YY MMMM MMM MM M DD D EEEE EEE hh h HH H AA aa mm m ss s ZZZZZ ZZZZ ZZZ Z are known; quote other letters: 'at' hh"));
        }
    })
}
