//! Whole lists, proved: by index (RFC 7644 section 3.4.2.4) or by cursor (RFC 9865).
//!
//! A list counts as read when as many distinct ids came as `totalResults` says, the total stood still meanwhile, and
//! nothing new stands behind the end. Where pages overlap, repeat or leave gaps, the list is read again from the
//! start; where that does not help, there is no list.

use std::collections::HashSet;

use state::Symbol;

use crate::http::{Connection, HttpError};

use super::json::{self, Json};
use super::message;

/// How often a list is begun before it is given up.
const READINGS: u32 = 3;

/// A whole list.
#[derive(Debug)]
pub struct Listing<T> {
    pub items: Vec<T>,
    /// `totalResults 1404 = 1404 distinct ids on 3 pages`.
    pub proof: String,
}

/// What to list, and how.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub path: &'a str,
    pub page_size: u64,
    pub sort: bool,
    pub cursor: bool,
    /// `attributes=...` or nothing, encoded.
    pub select: &'a str,
}

/// Why a reading ended before its end.
enum Stop {
    /// It will not get better.
    Failed(HttpError),
    /// The list changed or was paged inconsistently: it is read again.
    Inconsistent(String),
    /// The server does not take these parameters.
    Unsupported(HttpError),
}

impl From<HttpError> for Stop {
    fn from(error: HttpError) -> Stop {
        Stop::Failed(error)
    }
}

/// The parameters that are left out step by step where a server fails on them.
#[derive(Clone, Copy, Debug)]
struct Parameters {
    sort: bool,
    count: bool,
    cursor: bool,
}

/// Reads a whole list. `parse` gives each resource its id; `progress` is told of each page's resources.
pub async fn list<T>(
    connection: &Connection,
    request: Request<'_>,
    parse: impl Fn(&Json) -> Result<(Symbol, T), String>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Listing<T>, HttpError> {
    let mut parameters = Parameters { sort: request.sort, count: true, cursor: request.cursor };
    let mut reading = 1;
    loop {
        let stop = match read(connection, request, parameters, &parse, progress).await {
            Ok(listing) => return Ok(listing),
            Err(stop) => stop,
        };
        match stop {
            Stop::Failed(error) => return Err(error),
            Stop::Unsupported(_) if parameters.sort => parameters.sort = false,
            Stop::Unsupported(_) if parameters.cursor => parameters.cursor = false,
            Stop::Unsupported(_) if parameters.count => parameters.count = false,
            Stop::Unsupported(error) => return Err(error),
            Stop::Inconsistent(what) if reading == READINGS => {
                return Err(HttpError::new(
                    format!("GET {}{}: {what} ({READINGS} readings)", connection.settings().url, request.path),
                    "the list cannot be proved complete, so nothing is concluded from it: try again when less is changing; \
                     where it stays, the server's paging is broken and a page_size of all resources may help",
                ));
            }
            Stop::Inconsistent(_) => reading += 1,
        }
    }
}

async fn read<T>(
    connection: &Connection,
    request: Request<'_>,
    parameters: Parameters,
    parse: &impl Fn(&Json) -> Result<(Symbol, T), String>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Listing<T>, Stop> {
    let mut items = Vec::new();
    let mut seen: HashSet<Symbol> = HashSet::new();
    let mut cursors: HashSet<String> = HashSet::new();
    let mut cursor = parameters.cursor.then(String::new);
    let mut total = None;
    let mut pages = 0;
    loop {
        let path = query(request, parameters, seen.len() as u64 + 1, cursor.as_deref());
        let end = cursor.is_none() && total.is_some_and(|total| seen.len() as u64 == total);
        let place = if end { Place::Behind } else { Place::of(pages) };
        let page = page(connection, &path, place).await?;
        // Totals behind the end are not looked at: some servers say 0 there.
        if let Some(now) = page.total.filter(|_| !end) {
            if let Some(before) = total.replace(now).filter(|before| *before != now) {
                return Err(Stop::Inconsistent(format!("totalResults went from {before} to {now} while it was read")));
            }
        } else if cursor.is_none() && !end {
            return Err(Stop::Failed(HttpError::new(
                format!("{}, but without totalResults: it cannot be proved complete", page.said),
                "see the server's documentation; SCIM requires it (RFC 7644 section 3.4.2)",
            )));
        }
        let mut fresh = 0;
        let mut known = 0;
        for resource in &page.resources {
            let (id, item) = parse(resource).map_err(|what| unusable(&page.said, resource, &what))?;
            if seen.insert(id) {
                items.push(item);
                fresh += 1;
            } else {
                known += 1;
            }
        }
        progress(fresh);
        // Behind the end stands nothing, or, with some servers, the first page again.
        if end {
            if fresh > 0 {
                return Err(Stop::Inconsistent(format!(
                    "totalResults says {}, but more resources came behind that",
                    total.unwrap_or_default()
                )));
            }
            return Ok(Listing { proof: proof(total, seen.len(), pages), items });
        }
        pages += 1;
        if known > 0 {
            return Err(Stop::Inconsistent(format!("page {pages} repeats {known} resources that came before")));
        }
        let count = seen.len() as u64;
        if let Some(total) = total.filter(|total| count > *total) {
            return Err(Stop::Inconsistent(format!("totalResults says {total}, but {count} resources came")));
        }
        if let Some(current) = &mut cursor {
            match page.next {
                Some(next) if !cursors.insert(next.clone()) => {
                    return Err(Stop::Inconsistent(format!("page {pages} gives a cursor that came before")));
                }
                Some(next) => *current = next,
                None => match total {
                    Some(total) if total != count => {
                        return Err(Stop::Inconsistent(format!(
                            "totalResults says {total}, but the last cursor ended after {count} resources"
                        )));
                    }
                    _ => return Ok(Listing { proof: proof(total, seen.len(), pages), items }),
                },
            }
        } else if fresh == 0 && total != Some(count) {
            return Err(Stop::Inconsistent(format!(
                "totalResults says {}, but nothing more came after {count} resources",
                total.unwrap_or_default()
            )));
        } else if total == Some(0) {
            return Ok(Listing { proof: proof(total, 0, pages), items });
        }
    }
}

fn proof(total: Option<u64>, ids: usize, pages: u32) -> String {
    match total {
        Some(total) => format!("totalResults {total} = {ids} distinct ids on {pages} pages"),
        None => format!("{ids} distinct ids on {pages} pages up to the last cursor"),
    }
}

fn query(request: Request<'_>, parameters: Parameters, start: u64, cursor: Option<&str>) -> String {
    let mut parts = Vec::new();
    match cursor {
        Some("") => parts.push("cursor".to_owned()),
        Some(cursor) => parts.push(format!("cursor={}", json::segment(cursor).unwrap_or_default())),
        None => parts.push(format!("startIndex={start}")),
    }
    if parameters.count {
        parts.push(format!("count={}", request.page_size));
    }
    if parameters.sort {
        parts.push("sortBy=id".to_owned());
    }
    if !request.select.is_empty() {
        parts.push(request.select.to_owned());
    }
    format!("{}?{}", request.path, parts.join("&"))
}

/// One page.
struct Page {
    said: String,
    total: Option<u64>,
    next: Option<String>,
    resources: Vec<Json>,
}

/// Where in a list a page stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    First,
    Later,
    /// Where nothing should stand any more.
    Behind,
}

impl Place {
    fn of(pages: u32) -> Place {
        if pages == 0 { Place::First } else { Place::Later }
    }
}

async fn page(connection: &Connection, path: &str, place: Place) -> Result<Page, Stop> {
    let answer = connection.get(path).await?;
    match answer.status.as_u16() {
        200 => {}
        400 | 404 | 416 if place == Place::Behind => {
            return Ok(Page { said: answer.said(), total: None, next: None, resources: Vec::new() });
        }
        // What may be meant for the parameters, not for the list.
        400 | 500 | 501 if place == Place::First => {
            return Err(Stop::Unsupported(message::refusal(connection, &answer).await));
        }
        400 => return Err(Stop::Inconsistent(message::sentence(connection, &answer).await)),
        _ => return Err(Stop::Failed(message::refusal(connection, &answer).await)),
    }
    let said = answer.said();
    let odd = |what: &str| {
        Stop::Failed(HttpError::new(
            format!("{said}, but {what}"),
            "check that url in the system block is the base of a SCIM 2.0 API",
        ))
    };
    let serde_json::Value::Object(mut body) = answer.json()? else {
        return Err(odd("not with a list response (RFC 7644 section 3.4.2)"));
    };
    let total = json::number(&body, "totalResults");
    let next = json::text(&body, "nextCursor").filter(|next| !next.is_empty()).map(str::to_owned);
    let key = body.keys().find(|key| key.eq_ignore_ascii_case("Resources")).cloned();
    let resources = match key.and_then(|key| body.remove(&key)) {
        None | Some(serde_json::Value::Null) => Vec::new(),
        Some(serde_json::Value::Array(items)) => items
            .into_iter()
            .map(|item| match item {
                serde_json::Value::Object(object) => Ok(object),
                _ => Err(odd("one of its Resources is not an object")),
            })
            .collect::<Result<_, _>>()?,
        Some(_) => return Err(odd("its Resources are not a list")),
    };
    Ok(Page { said, total, next, resources })
}

/// A resource that cannot be used makes the whole list unusable: leaving it out would look like its absence.
fn unusable(said: &str, resource: &Json, what: &str) -> Stop {
    let name = ["userName", "displayName", "id"].into_iter().find_map(|name| json::text(resource, name)).unwrap_or("");
    Stop::Failed(HttpError::new(
        format!("{said}, but a resource in it ({:?}) {what}", crate::http::error::clean(name)),
        "the list is not used at all, since leaving the resource out would look like its absence: have the server mended",
    ))
}
