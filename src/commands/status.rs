//! `tenure status`.

use std::io::{BufWriter, Write as _};

use crate::cli::{Global, StatusArgs};
use crate::session::Session;
use crate::session::prepare::{From, Prepared};
use crate::{Error, Exit, render};

/// Tells what is to come and what is held, from the files and the record.
pub fn run(global: &Global, args: &StatusArgs) -> Result<Exit, Error> {
    let session = Session::offline(global)?;
    let record = session
        .folder
        .record(&[])?
        .ok_or_else(|| session.folder.no_state().hint("`tenure init` starts one; before that nothing is managed"))?;
    let sources = session.sources.clone();
    let prepared = super::runtime()?.block_on(Prepared::new(session, record.recorded, From::Record))?;
    let mut coming = prepared.coming();
    if !sources.is_empty() {
        let names: Vec<String> = sources.iter().map(|name| format!("system.{name}")).collect();
        render::note(&format!("people come from {}, which is not asked here: who left is not told", names.join(", ")));
        coming.orphans.clear();
        coming.stages.clear();
        coming.ownerless.clear();
    }
    let within = i64::try_from(args.within.as_millis()).unwrap_or(i64::MAX);
    let mut out = BufWriter::new(anstream::stdout().lock());
    let status = render::status::Status { now: prepared.folder.now, coming, recorded: &prepared.recorded };
    if args.json {
        status.json(&mut out)?
    } else {
        status.text(&mut out, within)?
    }
    out.flush()?;
    Ok(Exit::Done)
}
