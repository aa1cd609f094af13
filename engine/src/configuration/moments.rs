//! Dates and moments of the files, in the time zone of the settings.

use std::cell::RefCell;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rustc_hash::FxHashMap;
use state::Timestamp;

/// Reads dates and moments; a date is the start of its day in `settings.timezone`.
pub(super) struct Calendar {
    zone: TimeZone,
    /// Hundreds of thousands of people share a few hundred dates.
    read: RefCell<FxHashMap<String, (Timestamp, Timestamp)>>,
}

/// The IANA time zone of that name.
pub(super) fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| format!("there is no time zone `{name}`"))
}

impl Calendar {
    pub(super) fn new(zone: TimeZone) -> Calendar {
        Calendar { zone, read: RefCell::default() }
    }

    /// When what is written begins: for `from`, `until`, `starts`.
    pub(super) fn start(&self, text: &str) -> Result<Timestamp, String> {
        self.read(text).map(|(start, _)| start)
    }

    /// The first moment after what is written: for `ends`, whose day still counts.
    pub(super) fn end(&self, text: &str) -> Result<Timestamp, String> {
        self.read(text).map(|(_, end)| end)
    }

    fn read(&self, text: &str) -> Result<(Timestamp, Timestamp), String> {
        if let Some(found) = self.read.borrow().get(text) {
            return Ok(*found);
        }
        let found = self.parse(text).ok_or_else(|| format!("`{text}` is neither a date nor a moment"))?;
        self.read.borrow_mut().insert(text.to_owned(), found);
        Ok(found)
    }

    fn parse(&self, text: &str) -> Option<(Timestamp, Timestamp)> {
        if text.len() == "2026-12-31".len() {
            let date: Date = text.parse().ok()?;
            let start = |date: Date| date.to_zoned(self.zone.clone()).ok().map(|day| Timestamp::from(day.timestamp()));
            return Some((start(date)?, start(date.tomorrow().ok()?)?));
        }
        let moment: Timestamp = text.parse().ok()?;
        Some((moment, moment.plus_millis(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_a_day_in_the_zone_and_a_moment_is_itself() {
        let calendar = Calendar::new(zone("Europe/Berlin").unwrap());
        for (text, start, end) in [
            ("2026-12-31", "2026-12-30T23:00:00.000Z", "2026-12-31T23:00:00.000Z"),
            // The night when clocks change has 25 hours.
            ("2026-10-25", "2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z"),
            ("2026-12-31T09:00:00Z", "2026-12-31T09:00:00.000Z", "2026-12-31T09:00:00.001Z"),
            ("2026-12-31T09:00:00+01:00", "2026-12-31T08:00:00.000Z", "2026-12-31T08:00:00.001Z"),
        ] {
            assert_eq!(calendar.start(text).unwrap().to_string(), start, "{text}");
            assert_eq!(calendar.end(text).unwrap().to_string(), end, "{text}");
        }
        for text in ["", "2026-13-01", "31.12.2026", "2026-12-31T09:00:00", "tomorrow", "2026-02-30"] {
            assert_eq!(calendar.start(text).unwrap_err(), format!("`{text}` is neither a date nor a moment"));
        }
        assert!(zone("Europe/Berlim").is_err());
    }
}
