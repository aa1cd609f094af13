//! `--listen`: takes what is pushed to the systems that hold what others push. That something was pushed is heard of as
//! with any other system. `--http`: the page.

use std::net::SocketAddr;
use std::sync::Arc;

use engine::language::Diagnostic;
use providers::Endpoint;

use super::board::Board;
use super::hints::Hints;
use crate::Error;
use crate::cli::WatchArgs;
use crate::page::{Page, token};
use crate::serve::{Listen, Server};
use crate::session::Session;

/// A server for those systems of the files that are pushed to, where one is asked for. Which these are is looked up once.
///
/// # Errors
/// Where there are none, one cannot be opened, or the address is not to be had.
pub fn start(args: &WatchArgs, session: &Session, hints: &Hints) -> Result<Option<Server>, Error> {
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
    server(args, address, endpoints, hints).map(Some)
}

/// The page, where it is asked for.
///
/// # Errors
/// Where there is no token for it, or the address is not to be had.
pub fn page(args: &WatchArgs, session: &Session, board: &Board, hints: &Hints) -> Result<Option<Server>, Error> {
    let Some(address) = args.http else { return Ok(None) };
    let page = Page::new(board.clone(), session.folder.store()?, token::given()?);
    server(args, address, vec![Box::new(page)], hints).map(Some)
}

fn server(
    args: &WatchArgs,
    address: SocketAddr,
    endpoints: Vec<Box<dyn Endpoint>>,
    hints: &Hints,
) -> Result<Server, Error> {
    let tls = args.tls_cert.clone().zip(args.tls_key.clone());
    let hints = hints.clone();
    Server::start(&Listen { address, tls }, endpoints, Arc::new(move |news| hints.news(news)))
}
