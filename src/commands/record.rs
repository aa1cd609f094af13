//! `tenure history`, `tenure who` and `tenure state`: which state file, and what is asked of it.

use std::io::{BufWriter, Write as _};
use std::path::Path;

use jiff::tz::TimeZone;

use super::{history, state as commands, who};
use crate::cli::{Global, HistoryArgs, StateArgs, StateCommand, WhoArgs};
use crate::edge::{Clock as _, Place, Store, SystemClock, provenance};
use crate::session::Session;
use crate::{Error, Exit};

/// Prints what was done.
pub fn history(global: &Global, args: &HistoryArgs) -> Result<Exit, Error> {
    let (store, zone) = place(global, args.state.as_deref())?;
    let since = args.since.as_deref().map(|text| history::since(text, SystemClock.now(), &zone)).transpose()?;
    let exact = args.since.as_deref().is_some_and(|text| crate::cli::parse::duration(text).is_err());
    let asked = history::Asked { address: args.address, since, exact, form: form(args.json, args.csv) };
    let mut out = BufWriter::new(anstream::stdout().lock());
    let exit = history::run(&*store, &asked, &mut out)?;
    out.flush()?;
    Ok(exit)
}

/// Prints who had access.
pub fn who(global: &Global, args: &WhoArgs) -> Result<Exit, Error> {
    let (store, zone) = place(global, args.state.as_deref())?;
    let now = SystemClock.now();
    let at = args.at.as_deref().map(|text| history::since(text, now, &zone)).transpose()?.unwrap_or(now);
    if at > now {
        return Err(Error::new(format!("{at} lies ahead: the record knows the past only"))
            .hint("`tenure plan` tells what is to come"));
    }
    let form = form(args.json, args.csv);
    let mut out = BufWriter::new(anstream::stdout().lock());
    let exit = who::run(&*store, &who::Asked { about: args.address, at, form }, &mut out)?;
    out.flush()?;
    Ok(exit)
}

/// Looks into the state file, checks it, or starts a new one.
pub fn state(global: &Global, args: &StateArgs) -> Result<Exit, Error> {
    let mut out = BufWriter::new(anstream::stdout().lock());
    let holder = |command| provenance::holder(command, SystemClock.now());
    if let StateCommand::Copy { from, to } = &args.command {
        let at = |text: &str| Place::parse(text, Path::new(""))?.store();
        let exit = commands::copy(&*at(from)?, &*at(to)?, &holder("state copy"), global.lock_timeout, &mut out)?;
        out.flush()?;
        return Ok(exit);
    }
    let (store, _) = place(global, args.state.as_deref())?;
    let exit = match &args.command {
        StateCommand::List { address, json } => commands::list(&*store, *address, *json, &mut out),
        StateCommand::Show { address, json } => commands::show(&*store, *address, *json, &mut out),
        StateCommand::Verify { head, json } => commands::verify(&*store, *head, *json, &mut out),
        StateCommand::Archive => {
            commands::archive(&*store, &holder("state archive"), global.lock_timeout, &SystemClock, &mut out)
        }
        // Done above: it needs no configuration.
        StateCommand::Copy { .. } => Ok(Exit::Done),
    }?;
    out.flush()?;
    Ok(exit)
}

/// The state file, and the zone of dates: `--state FILE` needs no configuration.
fn place(global: &Global, given: Option<&str>) -> Result<(Box<dyn Store>, TimeZone), Error> {
    if let Some(given) = given {
        return Ok((Place::parse(given, Path::new(""))?.store()?, TimeZone::UTC));
    }
    let session = Session::offline(global).map_err(|error| match error {
        Error::Failed { message, hint: _ } => {
            Error::new(message).hint("--state FILE names a state file without a configuration")
        }
        other => other,
    })?;
    let zone = TimeZone::get(session.folder.settings.timezone.as_str()).unwrap_or(TimeZone::UTC);
    Ok((session.folder.store()?, zone))
}

fn form(json: bool, csv: bool) -> who::Form {
    match (json, csv) {
        (true, _) => who::Form::Json,
        (_, true) => who::Form::Csv,
        _ => who::Form::Text,
    }
}
