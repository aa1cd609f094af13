//! `--listen`: takes what is pushed to the systems that hold what others push. That something was pushed is heard of as
//! with any other system. `--http`: the page.

use std::sync::Arc;

use engine::language::Diagnostic;

use super::board::Board;
use super::hints::Hints;
use crate::Error;
use crate::cli::WatchArgs;
use crate::page::{Page, token};
use crate::serve::{Listen, Server, Tell, Tls};
use crate::session::Session;

/// The certificate of both servers, where there is one.
///
/// # Errors
/// Where it cannot be read, or the key is not its own.
pub fn certificate(args: &WatchArgs, hints: &Hints) -> Result<Option<Arc<Tls>>, Error> {
    let asked = args.listen.or(args.http).and(args.tls_cert.as_deref().zip(args.tls_key.as_deref()));
    let Some((certificate, key)) = asked else { return Ok(None) };
    Tls::start(certificate, key, tell(hints)).map(Arc::new).map(Some)
}

/// A server for those systems of the files that are pushed to, where one is asked for. Which these are is looked up once.
///
/// # Errors
/// Where there are none, one cannot be opened, or the address is not to be had.
pub fn start(
    args: &WatchArgs,
    session: &Session,
    tls: Option<Arc<Tls>>,
    hints: &Hints,
) -> Result<Option<Server>, Error> {
    let Some(address) = args.listen else { return Ok(None) };
    let connections = session.connections()?;
    let mut lacks: Vec<Diagnostic> =
        connections.iter().flat_map(|connection| connection.lacks.iter().cloned()).collect();
    lacks.dedup();
    if !lacks.is_empty() {
        return Err(session.folder.rejected(lacks));
    }
    let opened = connections.iter().filter_map(|connection| connection.provider.endpoint(&connection.settings));
    let endpoints = opened.collect::<Result<Vec<_>, _>>()?;
    if endpoints.is_empty() {
        return Err(Error::new("there is nothing to listen for: no system of the files is one that others push to")
            .hint("declare one, such as `system \"hr\" { provider = ... }`, or leave --listen out"));
    }
    Server::start(Listen { address, tls }, endpoints, tell(hints)).map(Some)
}

/// The page, where it is asked for.
///
/// # Errors
/// Where there is no token for it, or the address is not to be had.
pub fn page(
    args: &WatchArgs,
    session: &Session,
    board: &Board,
    tls: Option<Arc<Tls>>,
    hints: &Hints,
) -> Result<Option<Server>, Error> {
    let Some(address) = args.http else { return Ok(None) };
    let page = Page::new(board.clone(), session.folder.store()?, token::given()?);
    Server::start(Listen { address, tls }, vec![Box::new(page)], tell(hints)).map(Some)
}

fn tell(hints: &Hints) -> Tell {
    let hints = hints.clone();
    Arc::new(move |news| hints.news(news))
}
