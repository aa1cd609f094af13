//! Moments as directories write them.

use state::Timestamp;

/// A generalized time in UTC, `20261127203345Z`, also with a fraction of a second (RFC 4517 section 3.3.13).
pub fn generalized(text: &str) -> Option<Timestamp> {
    let digits = text.strip_suffix('Z')?;
    let (whole, fraction) = digits.split_once(['.', ',']).unwrap_or((digits, "0"));
    let all = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !all(whole) || !all(fraction) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| whole.get(range).unwrap_or_default();
    let (date, time) =
        ([part(0..4), part(4..6), part(6..8)].join("-"), [part(8..10), part(10..12), part(12..14)].join(":"));
    format!("{date}T{time}.{fraction}Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_directories() {
        for (text, expected) in [
            ("20261127203345Z", Some("2026-11-27T20:33:45.000Z")),
            ("20261127203345.0Z", Some("2026-11-27T20:33:45.000Z")),
            ("20261127203345.25Z", Some("2026-11-27T20:33:45.250Z")),
            ("20261327203345Z", None),
            ("202611272033Z", None),
            ("20261127203345+0100", None),
            ("2026112720334xZ", None),
            ("20261127203345.Z", None),
            ("é61127203345Z", None),
            ("", None),
        ] {
            assert_eq!(generalized(text).map(|moment| moment.to_string()).as_deref(), expected, "{text}");
        }
    }
}
