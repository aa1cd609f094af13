//! When an account signed in last, as far as a directory tells: for reading only.

use state::Timestamp;

use super::moments::generalized;
use super::protocol::Entry;

/// Who keeps it: OpenLDAP with `lastbind` (draft-behera-ldap-password-policy), its overlay of that name before 2.5, and
/// Active Directory (up to two weeks late, MS-ADA1 section 2.352).
pub const SIGN_IN: [&str; 3] = ["pwdLastSuccess", "authTimestamp", "lastLogonTimestamp"];

/// The latest of these.
pub fn signed_in(entry: &Entry<'_>) -> Option<Timestamp> {
    SIGN_IN.iter().filter_map(|name| moment(entry.text(name)?)).max()
}

/// A generalized time (RFC 4517 section 3.3.13) in UTC, or hundreds of nanoseconds since 1601.
fn moment(text: &str) -> Option<Timestamp> {
    /// From 1601 to 1970, in milliseconds.
    const EPOCH: i64 = 11_644_473_600_000;
    if text.ends_with('Z') {
        // Nobody asks in which part of a second.
        return generalized(text).map(|moment| Timestamp::from_millis(moment.millis().div_euclid(1_000) * 1_000));
    }
    // 0: never.
    let ticks = text.parse::<i64>().ok().filter(|ticks| *ticks > 0)?;
    let since = jiff::Timestamp::from_millisecond(ticks / 10_000 - EPOCH).ok()?;
    Some(Timestamp::from_millis(since.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        for (text, expected) in [
            ("20261127203219Z", Some("2026-11-27T20:32:19.000Z")),
            ("20261127203219.999999Z", Some("2026-11-27T20:32:19.000Z")),
            ("133773510720000000", Some("2024-11-29T10:51:12.000Z")),
            ("0", None),
            ("-1", None),
            ("20261327203219Z", None),
            ("", None),
            ("Z", None),
            ("9223372036854775807", None),
        ] {
            assert_eq!(moment(text).map(|at| at.to_string()).as_deref(), expected, "{text}");
        }
    }
}
