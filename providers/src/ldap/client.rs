//! What reader and writer share: bound connections, and searches that are whole or an error.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;
use state::Symbol;
use tokio::sync::Mutex;

use crate::http::retry::Retry;

use super::connection::{Connection, Frame};
use super::error::LdapError;
use super::protocol::message::{Message, Request, tag};
use super::protocol::{Answer, Code, Control, Filter, Scope, Search, control};
use super::server::Server;
use super::settings::{Credential, LdapSettings};

/// One system as one half of the provider sees it.
pub struct Client {
    pub settings: LdapSettings,
    pub server: Server,
    session: Mutex<Option<Arc<Connection>>>,
    /// Where entries stood when they were last seen, by id: how to find them fast, and no more than that.
    last_seen: std::sync::Mutex<FxHashMap<Symbol, Symbol>>,
}

impl Client {
    /// Connects, binds, and asks the server about itself.
    pub async fn connect(settings: LdapSettings) -> Result<Client, LdapError> {
        let connection = bound(&settings).await?;
        let server =
            Server::discover(&connection, &settings).await.map_err(|error| error.at(&settings.url.to_string()))?;
        let session = Mutex::new(Some(Arc::new(connection)));
        Ok(Client { settings, server, session, last_seen: Default::default() })
    }

    /// The connection; a new one where the last one broke.
    pub async fn session(&self) -> Result<Arc<Connection>, LdapError> {
        let mut session = self.session.lock().await;
        if let Some(connection) = session.as_ref().filter(|connection| connection.broken().is_none()) {
            return Ok(Arc::clone(connection));
        }
        let connection = Arc::new(bound(&self.settings).await?);
        *session = Some(Arc::clone(&connection));
        Ok(connection)
    }

    /// Entries were seen: their ids, and their DNs.
    pub(super) fn remember(&self, seen: impl IntoIterator<Item = (Symbol, Symbol)>) {
        self.last_seen.lock().unwrap_or_else(PoisonError::into_inner).extend(seen);
    }

    /// The DN under which an entry was last seen.
    pub(super) fn last_seen(&self, id: Symbol) -> Option<Symbol> {
        self.last_seen.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied()
    }

    /// A connection of its own, beside the shared one.
    pub async fn another(&self) -> Result<Connection, LdapError> {
        bound(&self.settings).await
    }

    /// A search whose answer is not paged, tried again after passing troubles.
    pub async fn find(&self, search: &Search<'_>) -> Result<Listing, LdapError> {
        let retry = Retry::default();
        let mut attempt = 1;
        loop {
            let error = match self.session().await {
                Ok(session) => match list(&session, search, &[]).await {
                    Err(error) if error.code.is_none_or(Code::is_transient) => error,
                    found => return found,
                },
                Err(error) if error.code.is_none_or(Code::is_transient) => error,
                Err(error) => return Err(error),
            };
            if attempt >= 3 {
                return Err(error);
            }
            tokio::time::sleep(retry.wait(attempt)).await;
            attempt += 1;
        }
    }
}

/// Connects and binds.
pub(super) async fn bound(settings: &LdapSettings) -> Result<Connection, LdapError> {
    let connection = Connection::open(settings).await?;
    let (what, request) = match &settings.credential {
        Credential::None => return Ok(connection),
        Credential::Simple { bind, password } => (format!("bind as {bind}"), Request::bind(bind, password.expose())),
        Credential::External => ("SASL EXTERNAL bind".to_owned(), Request::bind_external()),
    };
    let answer = connection.call(&request, &[]).await.map_err(super::error::Failure::error)?;
    match answer.code {
        Code::SUCCESS => Ok(connection),
        _ => Err(LdapError::answered(&format!("{}: {what}", connection.place()), &answer)),
    }
}

/// What a search found.
#[derive(Debug, Default)]
pub struct Listing {
    /// Messages with entries.
    pub entries: Vec<Frame>,
    /// Where the server says that more is: not followed.
    pub references: Vec<String>,
}

/// A search that ended well; whatever else its end says is an error, with what was found thrown away.
pub async fn list(connection: &Connection, search: &Search<'_>, controls: &[Control]) -> Result<Listing, LdapError> {
    let (listing, answer) = page(connection, search, controls).await?;
    if answer.code == Code::SUCCESS { Ok(listing) } else { Err(failed(connection, search, &answer)) }
}

/// The error of a search that did not end well.
pub fn failed(connection: &Connection, search: &Search<'_>, answer: &Answer) -> LdapError {
    let base = if search.base.is_empty() { "the root DSE" } else { search.base };
    LdapError::answered(&format!("{}: search below {base}", connection.place()), answer)
}

/// Everything that a search finds up to its end, and how it ended.
pub async fn page(
    connection: &Connection,
    search: &Search<'_>,
    controls: &[Control],
) -> Result<(Listing, Answer), LdapError> {
    let mut found = connection.search(&Request::search(search), controls)?;
    let mut listing = Listing::default();
    loop {
        let frame = found.next().await?;
        let message = Message::read(&frame).map_err(|error| connection.odd(&error))?;
        match message.tag {
            tag::ENTRY => listing.entries.push(frame),
            tag::REFERENCE => {
                listing.references.extend(message.reference().map_err(|error| connection.odd(&error))?);
            }
            _ => return Ok((listing, found.finish(&frame)?)),
        }
    }
}

/// How far a paged search got.
pub struct Pages<'c, 's> {
    connection: &'c Connection,
    search: Search<'s>,
    size: u32,
    cookie: Option<Vec<u8>>,
    /// How many pages came.
    pub pages: u64,
}

impl<'c, 's> Pages<'c, 's> {
    /// Nothing is asked yet.
    pub fn new(connection: &'c Connection, search: Search<'s>, size: u32) -> Pages<'c, 's> {
        Pages { connection, search, size, cookie: Some(Vec::new()), pages: 0 }
    }

    /// The next page; none after the last one. Every page must end well, and say where the next one starts.
    pub async fn next(&mut self) -> Result<Option<Listing>, LdapError> {
        let Some(cookie) = self.cookie.take() else { return Ok(None) };
        let first = cookie.is_empty();
        let (listing, answer) = page(self.connection, &self.search, &[Control::page(self.size, &cookie)]).await?;
        if answer.code != Code::SUCCESS {
            let mut error = failed(self.connection, &self.search, &answer);
            if !first || !listing.entries.is_empty() {
                error.message.push_str(&format!(" after {} pages: what was read is not all", self.pages));
            }
            return Err(error);
        }
        let next = control::cookie(&answer.controls).map_err(|error| self.connection.odd(&error))?;
        match next {
            Some(cookie) => self.cookie = Some(cookie).filter(|cookie| !cookie.is_empty()),
            None if !first => {
                return Err(LdapError::new(
                    format!(
                        "{}: search below {}: a page came without a cookie",
                        self.connection.place(),
                        self.search.base
                    ),
                    "the server does not page as RFC 2696 says",
                ));
            }
            // A server that does not page answers with everything.
            None => {}
        }
        self.pages += 1;
        Ok(Some(listing))
    }
}

/// A search for one entry by its DN.
pub fn entry_search<'a>(dn: &'a str, attributes: Vec<&'a str>) -> Search<'a> {
    Search { base: dn, scope: Scope::Base, filter: Filter::all(), attributes }
}

/// The entry with this DN; none where there is none, or none that may be seen.
pub async fn entry(connection: &Connection, dn: &str, attributes: Vec<&str>) -> Result<Option<Frame>, LdapError> {
    let search = entry_search(dn, attributes);
    let (mut listing, answer) = page(connection, &search, &[]).await?;
    match answer.code {
        Code::SUCCESS => Ok(listing.entries.pop()),
        Code::NO_SUCH_OBJECT => Ok(None),
        _ => Err(failed(connection, &search, &answer)),
    }
}

/// Milliseconds, for capabilities.
pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
