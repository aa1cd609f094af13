//! `tenure discover`: reads everything, writes nothing.

use std::io::{BufWriter, Write as _};
use std::sync::Arc;

use engine::discover::Discovery;
use state::{Address, Symbol};

use crate::cli::discover::DiscoverFormat;
use crate::cli::{DiscoverArgs, Global};
use crate::driver::{Look, Progress};
use crate::render::discover as render;
use crate::session::Session;
use crate::session::prepare::{From, Prepared};
use crate::{Error, Exit};

/// Tells what the systems hold. Only readers are made.
pub fn run(global: &Global, args: &DiscoverArgs) -> Result<Exit, Error> {
    let session = Session::open(global)?;
    let only = args.system.as_deref().map(|name| known(&session, name)).transpose()?;
    let record = session.folder.record(&[])?;
    if record.is_none() {
        crate::render::note(&format!(
            "no state yet: {} is not there, so nothing is managed so far; `tenure init` starts it",
            session.folder.place
        ));
    }
    let recorded = record.map(|record| record.recorded).unwrap_or_default();
    let progress = Arc::new(Progress::reading(&recorded, Look::detect()));
    let prepared = super::runtime()?.block_on(Prepared::new(session, recorded, From::Systems(&progress)))?;
    progress.finish();
    let stale = i64::try_from(args.stale.as_millis()).unwrap_or(i64::MAX);
    let mut discovery = prepared.discover(prepared.folder.now.plus_millis(-stale))?;
    if let Some(only) = only {
        keep(&mut discovery, only);
    }
    let unread = discovery.systems.iter().any(|system| system.unread.is_some());
    let shown = render::Shown { by: args.by, full: args.full, now: prepared.folder.now };
    match args.format() {
        DiscoverFormat::Text => {
            let mut out = BufWriter::new(anstream::stdout().lock());
            render::text(&mut out, &discovery, &shown)?;
            out.flush()?;
        }
        format => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            match format {
                DiscoverFormat::Csv => render::csv(&mut out, &discovery)?,
                _ => render::json(&mut out, &discovery, &shown)?,
            }
            out.flush()?;
        }
    }
    prepared.leave();
    Ok(if unread { Exit::Held } else { Exit::Done })
}

/// The system that is meant.
fn known(session: &Session, name: &str) -> Result<Symbol, Error> {
    let symbol = Symbol::new(name.strip_prefix("system.").unwrap_or(name));
    if session.folder.systems.contains_key(&symbol) {
        return Ok(symbol);
    }
    let names: Vec<String> = session.folder.systems.keys().map(Symbol::to_string).collect();
    Err(Error::new(format!("there is no system {name:?} in the configuration"))
        .hint(format!("its systems are: {}", names.join(", "))))
}

/// Only what stands on one system, or is alike there.
fn keep(discovery: &mut Discovery, only: Symbol) {
    let here = |address: &Address| address.system() == Some(only);
    discovery.systems.retain(|system| system.name == only);
    discovery.items.retain(|item| item.system == only);
    discovery.alike.retain(|alike| alike.accounts.iter().any(here));
    discovery.findings.retain(|finding| finding.addresses.iter().any(here));
}
