//! What an undo does not give back, whatever the run took: access whose time is over or has not come, and anything to
//! somebody who is suspended.

use state::{Address, Symbol, Timestamp};

use crate::plan::planner::Planner;

/// Why nothing is given to `holder`, where that is so.
pub(super) fn barred(planner: &Planner<'_>, holder: Symbol) -> Option<String> {
    let address = planner.identity_address(holder);
    if let Some(suspension) = planner.inputs.recorded.suspension(address) {
        return Some(format!("suspended: {} since {} by {}", suspension.reason, suspension.since, suspension.by));
    }
    if planner.identities.get(&holder).is_some_and(|identity| identity.starts_later) {
        return Some("has not started yet".to_owned());
    }
    match planner.leavers.get(&holder) {
        Some(leaver) if !leaver.gone => Some(leaver.because.clone()),
        Some(_) => ended(planner, address),
        None => None,
    }
}

/// Whether somebody whom the files do not know any more had ended, as far as the record knows.
fn ended(planner: &Planner<'_>, address: Address) -> Option<String> {
    let ends = planner.book.identity(address)?.get(Symbol::new("ends"))?.as_text()?;
    let day: jiff::civil::Date = ends.as_str().get(..10)?.parse().ok()?;
    let zone = jiff::tz::TimeZone::get(planner.inputs.configuration.settings.timezone.as_str());
    let over = day.tomorrow().ok()?.to_zoned(zone.unwrap_or(jiff::tz::TimeZone::UTC)).ok()?.timestamp();
    (Timestamp::from(over) <= planner.inputs.now).then(|| format!("ended {day}"))
}
