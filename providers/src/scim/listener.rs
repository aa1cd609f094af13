//! Hearing of changes by `meta.lastModified`, where a server can be asked for what was modified lately. Many cannot: they
//! pass over the filter, compare the times as text, or never move them. So nothing is asked in this way before the server
//! has shown, for users and for groups, that nothing was modified in the year 9000 and everything since 1970.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use state::Timestamp;

use super::client::Client;
use super::json::{self, Json};
use super::message;
use crate::http::HttpError;
use crate::listener::Probe;
use crate::provider::{ConnectError, Settings};

/// Between two looks: each is two requests for users and two for groups.
const EVERY: Duration = Duration::from_secs(5);

/// Resources that are asked for at once.
const PAGE: u64 = 100;

const ALWAYS: &str = "1970-01-01T00:00:00Z";
const NEVER: &str = "9000-01-01T00:00:00Z";

/// When something was modified last in one system.
#[derive(Default)]
pub struct Modified {
    client: Option<Arc<Client>>,
    lists: Vec<List>,
}

/// What was modified before that is not looked through for the latest.
fn yesterday() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(now.as_millis()).unwrap_or_default()).plus_millis(-86_400_000).to_string()
}

/// One list of resources, and the latest modification that was seen in it, as the server writes it.
struct List {
    path: String,
    latest: String,
}

#[async_trait]
impl Probe for Modified {
    async fn open(&mut self, settings: &Settings) -> Result<Result<&'static str, String>, ConnectError> {
        let client = super::connect(settings).await?;
        let paths: Vec<&String> =
            [Some(&client.service.users), client.service.groups.as_ref()].into_iter().flatten().collect();
        for path in &paths {
            if let Some(why) = unproved(&client, path).await? {
                return Ok(Err(why));
            }
        }
        // Where it was connected before, what was seen then still stands.
        if self.lists.is_empty() {
            let latest = yesterday();
            self.lists = paths.into_iter().map(|path| List { path: path.clone(), latest: latest.clone() }).collect();
        }
        self.client = Some(client);
        Ok(Ok("polling meta.lastModified"))
    }

    async fn mark(&mut self) -> Result<String, ConnectError> {
        let Some(client) = &self.client else {
            let hint = "report this as a defect of tenure".to_owned();
            return Err(ConnectError { message: "it has not begun".to_owned(), hint });
        };
        let mut mark = Vec::new();
        for list in &mut self.lists {
            mark.push(list.mark(client).await?);
        }
        Ok(mark.join(" "))
    }

    fn every(&self) -> Duration {
        EVERY
    }
}

impl List {
    /// How many there are, when the latest modification was, and what was modified then: where times are written in
    /// seconds, more may come in the same one.
    async fn mark(&mut self, client: &Client) -> Result<String, HttpError> {
        let total = ask(client, &self.path, None, 1).await??.total;
        for _ in 0..PASSES {
            let page = ask(client, &self.path, Some(&self.latest), PAGE).await??;
            let Some(newest) = page.modified.iter().map(|modified| &modified.at).max_by_key(|at| moment(at)) else {
                return Ok(format!("{total} {}", self.latest));
            };
            if moment(newest) <= moment(&self.latest) {
                let mut these: Vec<&str> = page.modified.iter().map(|modified| modified.which.as_str()).collect();
                these.sort_unstable();
                return Ok(format!("{total} {} {} {}", self.latest, page.total, these.join(" ")));
            }
            self.latest.clone_from(newest);
        }
        // More was modified than can be gone through at once: the next look goes on, and tells it.
        Ok(format!("{total} {}", self.latest))
    }
}

/// Looks in a row for the latest of what was modified, a page each.
const PASSES: u32 = 50;

/// A moment as a server writes it; what cannot be read is earlier than all others.
fn moment(text: &str) -> (Option<Timestamp>, &str) {
    (text.parse().ok(), text)
}

struct Page {
    total: u64,
    modified: Vec<OneModified>,
}

struct OneModified {
    at: String,
    /// Its id and version.
    which: String,
}

/// What was modified since a moment; everything where none is given. Inside an error, where the server refuses that.
async fn ask(
    client: &Client,
    path: &str,
    since: Option<&str>,
    count: u64,
) -> Result<Result<Page, HttpError>, HttpError> {
    let filter = since.and_then(|since| json::segment(&format!("meta.lastModified ge \"{since}\"")));
    let filter = filter.map(|filter| format!("&filter={filter}")).unwrap_or_default();
    let answer = client.connection.get(&format!("{path}?startIndex=1&count={count}&attributes=meta{filter}")).await?;
    match answer.status.as_u16() {
        200 => {}
        400 | 403 | 404 | 500 | 501 => return Ok(Err(message::refusal(&client.connection, &answer).await)),
        _ => return Err(message::refusal(&client.connection, &answer).await),
    }
    let body = answer.json()?;
    let odd = |what: &str| HttpError::new(format!("{}, but {what}", answer.said()), message::hint(0));
    let Some(total) = body.as_object().and_then(|body| json::number(body, "totalResults")) else {
        return Ok(Err(odd("without totalResults")));
    };
    let resources = body.as_object().and_then(|body| json::objects(body, "Resources")).unwrap_or_default();
    match resources.into_iter().map(modified).collect() {
        Some(modified) => Ok(Ok(Page { total, modified })),
        None => Ok(Err(odd("a resource has no meta.lastModified that can be read"))),
    }
}

fn modified(resource: &Json) -> Option<OneModified> {
    let meta = json::member(resource, "meta")?.as_object()?;
    let at = json::text(meta, "lastModified").filter(|at| moment(at).0.is_some())?.to_owned();
    let which = format!("{}={}", json::identifier(resource, "id")?, json::text(meta, "version").unwrap_or_default());
    Some(OneModified { at, which })
}

/// Why this list cannot be asked for what was modified lately; none where it has shown that it can.
async fn unproved(client: &Client, path: &str) -> Result<Option<String>, HttpError> {
    let mut why = String::new();
    // Twice: something may come or go between the questions.
    for _ in 0..2 {
        let (all, always, never) = match (
            ask(client, path, None, 1).await?,
            ask(client, path, Some(ALWAYS), 1).await?,
            ask(client, path, Some(NEVER), 1).await?,
        ) {
            (Ok(all), Ok(always), Ok(never)) => (all.total, always.total, never.total),
            (Err(error), _, _) | (_, Err(error), _) | (_, _, Err(error)) => return Ok(Some(error.message)),
        };
        if all == always && never == 0 {
            return Ok(None);
        }
        why = format!(
            "the server does not honour a filter by meta.lastModified: of {all} in {path} it finds {always} modified since \
             1970 and {never} since the year 9000"
        );
    }
    Ok(Some(why))
}
