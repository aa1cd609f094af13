//! Hearing of changes. OpenLDAP and others by a search that goes on (RFC 4533), where the server offers it, else by
//! looking for a newer `entryCSN`; Active Directory by looking at `highestCommittedUSN` in the root DSE: that costs one small
//! read and needs no right, where DirSync needs the right to replicate the whole domain.

use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::client;
use super::connection::{Connection, Following};
use super::dn::Dn;
use super::error::LdapError;
use super::protocol::message::{Message, Request};
use super::protocol::sync::{self, SYNC_REQUEST, What};
use super::protocol::{Code, Control, Filter, Scope, Search};
use super::server::{self, RootDse};
use super::settings::LdapSettings;
use crate::listener::{Beginning, Listener};
use crate::provider::{ConnectError, Settings};

/// Between two looks, where looking is all there is.
const EVERY: Duration = Duration::from_secs(1);

/// After so long a silence the connection is tried: one whose other end is gone says nothing either.
const SILENCE: Duration = Duration::from_secs(30);

/// Listens to one directory.
#[derive(Default)]
pub struct LdapListener {
    means: Option<Means>,
    /// How far the search had come: it goes on there.
    cookie: Option<Vec<u8>>,
    /// The mark as it was last seen.
    mark: Option<String>,
}

enum Means {
    Following(Following),
    Looking(Connection, Mark),
}

/// What is looked at.
enum Mark {
    /// The newest `entryCSN` below the base, and `contextCSN` of the entry that holds all of it, which moves for what is
    /// deleted, too. It alone would not do: where nobody keeps it any more, it stands still, and does not say so.
    Csn { context: String, base: String, newest: String },
    /// `highestCommittedUSN`, and of which server: each counts for itself.
    Usn,
}

impl Mark {
    fn how(&self) -> &'static str {
        match self {
            Mark::Csn { .. } => "polling entryCSN",
            Mark::Usn => "polling highestCommittedUSN",
        }
    }

    async fn read(&mut self, connection: &Connection) -> Result<String, LdapError> {
        let Mark::Csn { context, base, newest } = self else {
            return Ok(values(connection, "", &["dsServiceName", "highestCommittedUSN"]).await?.join(" "));
        };
        let contexts = values(connection, context, &["contextCSN"]).await?;
        if newest.is_empty() {
            *newest = contexts.iter().max().cloned().unwrap_or_default();
        }
        let newer = Filter::AtLeast("entryCSN".to_owned(), newest.clone().into_bytes());
        let known = Filter::Equal("entryCSN".to_owned(), newest.clone().into_bytes());
        let filter = Filter::And(vec![newer, Filter::Not(Box::new(known))]);
        let search = Search { base, scope: Scope::Sub, filter, attributes: vec!["entryCSN"] };
        let (listing, answer) = client::page(connection, &search, &[]).await?;
        // Of more than may be read at once, the newest is found by the looks that follow.
        if !matches!(answer.code, Code::SUCCESS | Code::SIZE_LIMIT_EXCEEDED) {
            return Err(client::failed(connection, &search, &answer));
        }
        for frame in &listing.entries {
            let entry =
                Message::read(frame).and_then(|message| message.entry()).map_err(|error| connection.odd(&error))?;
            if let Some(csn) = entry.text("entryCSN").filter(|csn| *csn > newest.as_str()) {
                *newest = csn.to_owned();
            }
        }
        Ok(format!("{} {newest}", contexts.join(" ")))
    }
}

/// What these attributes of one entry hold; nothing where it is not there.
async fn values(connection: &Connection, dn: &str, attributes: &[&str]) -> Result<Vec<String>, LdapError> {
    let Some(frame) = client::entry(connection, dn, attributes.to_vec()).await? else { return Ok(Vec::new()) };
    let entry = Message::read(&frame).and_then(|message| message.entry()).map_err(|error| connection.odd(&error))?;
    Ok(attributes.iter().flat_map(|name| entry.texts(name)).map(str::to_owned).collect())
}

#[async_trait]
impl Listener for LdapListener {
    async fn begin(&mut self, settings: &Settings) -> Result<Beginning, ConnectError> {
        self.means = None;
        let own = LdapSettings::read(settings, false)?;
        Ok(self.connect(&own).await.map_err(|error| error.at(&own.url.to_string()))?)
    }

    async fn changed(&mut self) -> Result<(), ConnectError> {
        let heard = match &mut self.means {
            Some(Means::Following(following)) => follow(following, &mut self.cookie).await,
            Some(Means::Looking(connection, mark)) => look(connection, mark, &mut self.mark).await,
            None => Err(LdapError::new("it has not begun", "report this as a defect of tenure")),
        };
        if heard.is_err() {
            self.means = None;
        }
        Ok(heard?)
    }
}

impl LdapListener {
    async fn connect(&mut self, settings: &LdapSettings) -> Result<Beginning, LdapError> {
        let connection = client::bound(settings).await?;
        let root = RootDse::read(&connection).await?;
        if !root.texts("highestCommittedUSN").is_empty() {
            return self.look(connection, Mark::Usn).await;
        }
        let base = server::base(settings, &root)?;
        let context = root.context_of(&base).to_string();
        if !root.texts("supportedControl").iter().any(|oid| oid == SYNC_REQUEST) {
            return self.look_at_csn(connection, context, &base).await;
        }
        let first = self.cookie.is_none();
        if first && root.texts("objectClass").iter().any(|class| class == "OpenLDAProotDSE") {
            // What stands there now will be read in any case: only what comes after is to be told. The form of the cookie
            // is OpenLDAP's own; without one, it tells of every entry.
            let csns = values(&connection, &context, &["contextCSN"]).await?;
            self.cookie = (!csns.is_empty()).then(|| format!("rid=000,csn={}", csns.join(";")).into_bytes());
        }
        match self.catch_up(connection, &base).await? {
            Caught::Up { changed } => Ok(Beginning::Hears { how: "syncrepl", changed: changed || first }),
            // Its overlay is not set up for this part of the directory.
            Caught::NotOffered(connection) => self.look_at_csn(connection, context, &base).await,
        }
    }

    /// Looks at it from now on, where it shows.
    async fn look_at_csn(
        &mut self,
        connection: Connection,
        context: String,
        base: &Dn,
    ) -> Result<Beginning, LdapError> {
        let base = base.to_string();
        let newest = values(&connection, &base, &["entryCSN"]).await?.pop();
        match newest {
            Some(newest) if values(&connection, &context, &["contextCSN"]).await?.is_empty() => {
                self.look(connection, Mark::Csn { context, base, newest }).await
            }
            Some(_) => self.look(connection, Mark::Csn { context, base, newest: String::new() }).await,
            None => {
                Ok(Beginning::Never("the server offers no synchronization (RFC 4533) and shows no entryCSN".to_owned()))
            }
        }
    }

    /// Looks at a mark from now on.
    async fn look(&mut self, connection: Connection, mut mark: Mark) -> Result<Beginning, LdapError> {
        let seen = mark.read(&connection).await?;
        let (how, changed) = (mark.how(), self.mark.as_ref() != Some(&seen));
        self.mark = Some(seen);
        self.means = Some(Means::Looking(connection, mark));
        Ok(Beginning::Hears { how, changed })
    }

    /// Begins the search that goes on, from the cookie; from the start where the server does not take that.
    async fn catch_up(&mut self, mut connection: Connection, base: &Dn) -> Result<Caught, LdapError> {
        let base = base.to_string();
        let mut lost = false;
        loop {
            let search = Search { base: &base, scope: Scope::Sub, filter: Filter::all(), attributes: vec!["1.1"] };
            let mut following =
                connection.follow(&Request::search(&search), &[Control::sync(self.cookie.as_deref())])?;
            let mut changed = lost;
            let answer = loop {
                let frame = following.next_within_timeout().await?;
                let message = Message::read(&frame).map_err(|error| following.connection.odd(&error))?;
                let said = sync::read(&message).map_err(|error| following.connection.odd(&error))?;
                match said.what {
                    What::Change => changed = true,
                    What::Nothing | What::Caught => {}
                    What::Ended => {
                        break message.answer().map_err(|error| following.connection.odd(&error))?;
                    }
                }
                self.cookie = said.cookie.or(self.cookie.take());
                if said.what == What::Caught {
                    self.means = Some(Means::Following(following));
                    return Ok(Caught::Up { changed });
                }
            };
            connection = following.connection;
            if answer.code == Code::UNAVAILABLE_CRITICAL_EXTENSION {
                return Ok(Caught::NotOffered(connection));
            }
            // A cookie that it does not know (RFC 4533 section 3.2), or that is ahead of it: it was restored.
            if self.cookie.take().is_none() {
                return Err(client::failed(&connection, &search, &answer));
            }
            lost = true;
        }
    }
}

enum Caught {
    Up { changed: bool },
    NotOffered(Connection),
}

/// Waits for the next message that tells of a change.
async fn follow(following: &mut Following, cookie: &mut Option<Vec<u8>>) -> Result<(), LdapError> {
    loop {
        let Ok(frame) = tokio::time::timeout(SILENCE, following.next()).await else {
            RootDse::read(&following.connection).await?;
            continue;
        };
        let frame = frame?;
        let odd = |error| following.connection.odd(&error);
        let message = Message::read(&frame).map_err(odd)?;
        let said = sync::read(&message).map_err(odd)?;
        if said.cookie.is_some() {
            *cookie = said.cookie;
        }
        match said.what {
            What::Change => return Ok(()),
            What::Caught | What::Nothing => {}
            What::Ended => {
                let answer = message.answer().map_err(odd)?;
                let place = following.connection.place();
                return Err(LdapError::answered(&format!("{place}: the server ended the search"), &answer));
            }
        }
    }
}

/// Looks until the mark is another one.
async fn look(connection: &Connection, mark: &mut Mark, last: &mut Option<String>) -> Result<(), LdapError> {
    let mut every = EVERY;
    loop {
        tokio::time::sleep(every).await;
        let began = Instant::now();
        let seen = Some(mark.read(connection).await?);
        // At most a twentieth of the time is spent on looking: without an index, the server goes through everything.
        every = EVERY.max(began.elapsed() * 20);
        if seen != *last {
            *last = seen;
            return Ok(());
        }
    }
}
