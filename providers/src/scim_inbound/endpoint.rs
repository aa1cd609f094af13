//! Requests to answers: who may ask, what is asked, and in which form it is answered (RFC 7644).

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use serde_json::Value;
use state::Timestamp;

use super::events::{Events, Rejection};
use super::incoming::{self, Id};
use super::operation::{Deed, Operation};
use super::outgoing::{Projection, View};
use super::query::{self, Query};
use super::refusal::Refusal;
use super::resources;
use super::schema::{self, Kind};
use super::settings::Options;
use super::store::Store;
use super::{bulk, discovery};
use crate::directory::Problem;
use crate::endpoint::{Endpoint, Token, Told, Unread};
use crate::scim::json::Json;

/// Bytes of a body at most.
pub const LARGEST: usize = 8 << 20;

/// A group with more members is not shown as the answer to a PATCH.
const SHOWN: usize = 100;

/// Takes what is pushed for one system.
pub struct Inbound {
    system: String,
    mount: String,
    /// The URL that clients know it by, where the settings say so.
    url: Option<String>,
    token: Token,
    store: Store,
    events: Option<Events>,
}

/// What an answer is made of.
struct Reply {
    status: u16,
    body: Option<Value>,
    headers: Vec<(HeaderName, String)>,
    /// What the log is to tell.
    told: Vec<String>,
}

impl Reply {
    fn of(status: u16, body: impl Into<Value>) -> Reply {
        Reply { status, body: Some(body.into()), headers: Vec::new(), told: Vec::new() }
    }

    fn empty(status: u16) -> Reply {
        Reply { status, body: None, headers: Vec::new(), told: Vec::new() }
    }

    fn with(mut self, name: HeaderName, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Route {
    Root,
    All(Kind),
    One(Kind, String),
    /// Of one kind, or of all.
    Search(Option<Kind>),
    Service,
    Types(Option<String>),
    Schemas(Option<String>),
    Me,
    Bulk,
    Events,
}

impl Inbound {
    /// Opens what was pushed before.
    ///
    /// # Errors
    /// Where another process has it, or it is damaged.
    pub fn open(options: Options, token: Token) -> Result<Inbound, Problem> {
        let events = options.events.map(Events::open).transpose()?;
        let store = Store::open(&options.folder)?;
        Ok(Inbound { system: options.system, mount: options.mount, url: options.url, token, store, events })
    }

    fn route(&self, path: &str) -> Result<Route, Refusal> {
        let below = path.strip_prefix(&self.mount).unwrap_or_default().trim_end_matches('/');
        let nothing = || Refusal::not_found("such path");
        let decoded = |segment: &str| {
            let text = percent_encoding::percent_decode_str(segment).decode_utf8();
            text.map(|text| text.into_owned()).map_err(|_| nothing())
        };
        let segments: Vec<String> = below.split('/').skip(1).map(decoded).collect::<Result<_, _>>()?;
        let kind = |segment: &str| Kind::ALL.into_iter().find(|kind| kind.segment() == segment);
        Ok(match segments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [] => Route::Root,
            [".search"] => Route::Search(None),
            ["ServiceProviderConfig" | "ServiceProviderConfigs"] => Route::Service,
            ["ResourceTypes"] => Route::Types(None),
            ["ResourceTypes", id] => Route::Types(Some((*id).to_owned())),
            ["Schemas"] => Route::Schemas(None),
            ["Schemas", id] => Route::Schemas(Some((*id).to_owned())),
            ["Me", ..] => Route::Me,
            ["Bulk"] => Route::Bulk,
            ["Events"] if self.events.is_some() => Route::Events,
            [segment] => Route::All(kind(segment).ok_or_else(nothing)?),
            [segment, ".search"] => Route::Search(Some(kind(segment).ok_or_else(nothing)?)),
            [segment, id] => Route::One(kind(segment).ok_or_else(nothing)?, (*id).to_owned()),
            _ => return Err(nothing()),
        })
    }

    /// Whether the path takes the method.
    fn allowed(route: &Route) -> &'static [Method] {
        const READ: &[Method] = &[Method::GET, Method::HEAD];
        match route {
            Route::Root | Route::Service | Route::Types(_) | Route::Schemas(_) => READ,
            Route::All(_) => &[Method::GET, Method::HEAD, Method::POST],
            Route::One(..) => &[Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE],
            Route::Search(_) | Route::Events | Route::Bulk => &[Method::POST],
            Route::Me => &[Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE],
        }
    }

    fn head(&self, head: &Parts) -> Result<Route, Reply> {
        if !self.token.is_in(head.headers.get(header::AUTHORIZATION)) {
            const WHAT: &str = "a request needs the right bearer token";
            let reply = match head.uri.path().strip_prefix(&self.mount) {
                Some("/Events") => {
                    rejected(&Rejection { status: 401, ..Rejection::new("authentication_failed", WHAT) })
                }
                _ => refused(&Refusal::new(401, WHAT)),
            };
            let realm = format!("Bearer realm=\"{}\"", self.mount);
            return Err(reply.with(header::WWW_AUTHENTICATE, realm));
        }
        let route = self.route(head.uri.path()).map_err(|refusal| refused(&refusal))?;
        let allowed = Inbound::allowed(&route);
        if !allowed.contains(&head.method) {
            let list: Vec<&str> = allowed.iter().map(Method::as_str).collect();
            let refusal = Refusal::new(405, format!("{} is not for this path", head.method));
            return Err(refused(&refusal).with(header::ALLOW, list.join(", ")));
        }
        if route == Route::Me {
            // Section 3.11.
            let refusal = Refusal::new(501, "there is no alias for who asks: a token is no person");
            return Err(refused(&refusal));
        }
        let kind = head.headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap_or_default());
        if route == Route::Events {
            // Nothing else is a token (RFC 8935 section 2.1).
            return match kind.is_some_and(|kind| is_one_of(kind, &["application/secevent+jwt"])) {
                true => Ok(route),
                false => Err(rejected(&Rejection {
                    status: 415,
                    ..Rejection::request("the body must be application/secevent+jwt")
                })),
            };
        }
        let has_body = [Method::POST, Method::PUT, Method::PATCH].contains(&head.method);
        if let Some(kind) = kind.filter(|kind| has_body && !is_json(kind)) {
            let what = format!("the body must be application/scim+json, not {}", super::refusal::quoted(kind));
            return Err(refused(&Refusal::new(415, what)));
        }
        Ok(route)
    }

    fn carry_out(&self, route: Route, head: &Parts, body: &[u8], base: &str) -> Result<Reply, Refusal> {
        let url = head.uri.query().unwrap_or_default();
        let query = || Query::of_url(url);
        let tag = |name: HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
        let tags = (tag(header::IF_MATCH), tag(header::IF_NONE_MATCH));
        match (head.method.as_str(), route) {
            (_, Route::Service) => Ok(Reply::of(200, unfiltered(&query()?, discovery::service(base))?)),
            (_, Route::Types(id)) => {
                documents(&query()?, "ResourceType", discovery::resource_types(base), id.as_deref())
            }
            (_, Route::Schemas(id)) => {
                let all = schema::published(base).into_iter().map(Value::Object).collect();
                documents(&query()?, "Schema", all, id.as_deref())
            }
            ("POST", Route::Search(kind)) => {
                let query = Query::of_search(&object(body)?)?;
                self.list(&query, kind, base)
            }
            ("POST", Route::All(kind)) => {
                let wanted = incoming::resource(kind, &object(body)?)?;
                let projection = query()?.projection;
                let (id, now) = (new_id(), now());
                let operation = Operation { kind, id: id.clone(), deed: Deed::Create(wanted), tags: (None, None) };
                let (shown, told) = self.store.write(
                    |contents| operation.decide(contents, now),
                    |contents| show(contents, &id, base, &projection),
                )?;
                let (shown, location, version) = shown?;
                let reply = Reply::of(201, shown).with(header::LOCATION, location).with(header::ETAG, version);
                Ok(Reply { told, ..reply })
            }
            (_, Route::Root) => self.list(&query()?, None, base),
            (_, Route::All(kind)) => self.list(&query()?, Some(kind), base),
            ("PUT", Route::One(kind, id)) => {
                let deed = Deed::Replace(incoming::resource(kind, &object(body)?)?);
                self.change(Operation { kind, id: id.into(), deed, tags }, base, &query()?.projection)
            }
            ("PATCH", Route::One(kind, id)) => {
                let sent = object(body)?;
                let projection = query()?.projection;
                let operation = Operation { kind, id: id.into(), deed: Deed::Patch(&sent), tags };
                let reply = self.change(operation, base, &projection)?;
                // A large group is long; who wants to see it whole asks (section 3.5.2 leaves it to the server).
                let members = reply.body.as_ref().and_then(|body| body.get("members")).and_then(Value::as_array);
                Ok(match members.is_some_and(|members| members.len() > SHOWN) && !projection.is_particular() {
                    true => Reply { status: 204, body: None, ..reply },
                    false => reply,
                })
            }
            ("DELETE", Route::One(kind, id)) => {
                let now = now();
                let operation = Operation { kind, id: id.into(), deed: Deed::Delete, tags };
                self.store.write(|contents| operation.decide(contents, now), |_| ())?;
                Ok(Reply::empty(204))
            }
            (_, Route::One(kind, id)) => {
                let projection = query()?.projection;
                self.store.read(|contents| {
                    let resource = resources::there(contents, kind, &id)?;
                    let view = View { resource, contents, base };
                    let version = view.version();
                    if tags.1.is_some_and(|tags| resources::is_among(tags, &version)) {
                        return Ok(Reply::empty(304).with(header::ETAG, version));
                    }
                    let location = view.location();
                    let reply = Reply::of(200, view.show(&projection)).with(header::ETAG, version);
                    Ok(reply.with(header::CONTENT_LOCATION, location))
                })
            }
            (_, Route::Events) => {
                let events = self.events.as_ref().ok_or_else(|| Refusal::not_found("such path"))?;
                let (told, taken) = events.take(body, &self.store, now());
                let reply = taken.map_or_else(|rejection| rejected(&rejection), |()| Reply::empty(202));
                Ok(Reply { told, ..reply })
            }
            (_, Route::Bulk) => {
                let request = bulk::Request::read(&object(body)?, new_id)?;
                let now = now();
                let (answer, told) = self.store.transact(|draft| bulk::carry_out(draft, &request, base, now))?;
                Ok(Reply { told, ..Reply::of(200, answer) })
            }
            (_, Route::Search(_) | Route::Me) => Err(Refusal::not_found("such path")),
        }
    }

    fn list(&self, query: &Query, kind: Option<Kind>, base: &str) -> Result<Reply, Refusal> {
        let kinds = kind.as_ref().map_or(&Kind::ALL[..], std::slice::from_ref);
        let list = self.store.read(|contents| query.list(contents, kinds, base))?;
        Ok(Reply::of(200, list))
    }

    fn change(&self, operation: Operation<'_>, base: &str, projection: &Projection) -> Result<Reply, Refusal> {
        let (id, now) = (operation.id.clone(), now());
        let (shown, told) = self
            .store
            .write(|contents| operation.decide(contents, now), |contents| show(contents, &id, base, projection))?;
        let (shown, location, version) = shown?;
        let reply = Reply::of(200, shown).with(header::ETAG, version).with(header::CONTENT_LOCATION, location);
        Ok(Reply { told, ..reply })
    }
}

impl Endpoint for Inbound {
    fn mount(&self) -> &str {
        &self.mount
    }

    fn largest(&self) -> usize {
        LARGEST
    }

    fn admit(&self, head: &Parts) -> Option<Response<Bytes>> {
        self.head(head).err().map(response)
    }

    fn answer(&self, request: http::Request<Bytes>, origin: &str) -> Response<Bytes> {
        let (head, body) = request.into_parts();
        let base = format!("{}{}", self.url.as_deref().unwrap_or(origin), self.mount);
        let reply = self
            .head(&head)
            .and_then(|route| self.carry_out(route, &head, &body, &base).map_err(|refusal| refused(&refusal)));
        let mut reply = reply.unwrap_or_else(|reply| reply);
        let what = std::mem::take(&mut reply.told);
        let mut response = response(reply);
        if !what.is_empty() {
            response.extensions_mut().insert(Told { system: self.system.clone(), what });
        }
        response
    }

    fn refuse(&self, why: Unread) -> Response<Bytes> {
        let refusal = match why {
            Unread::TooLarge => Refusal::new(413, format!("a body is at most {LARGEST} bytes long")),
            Unread::TooSlow => Refusal::new(408, "the body took too long to come"),
            Unread::Broken => Refusal::new(400, "the body did not come whole"),
            Unread::Failed => Refusal::new(500, "answering failed; what was asked for was done or not: look"),
        };
        response(refused(&refusal))
    }
}

fn is_json(kind: &str) -> bool {
    is_one_of(kind, &["application/scim+json", "application/json"])
}

fn is_one_of(kind: &str, known: &[&str]) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    known.iter().any(|known| kind.eq_ignore_ascii_case(known))
}

fn object(body: &[u8]) -> Result<Json, Refusal> {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Refusal::bad("invalidSyntax", "the body must be a JSON object")),
        Err(error) => Err(Refusal::bad("invalidSyntax", format!("the body is no JSON: {error}"))),
    }
}

/// Section 4: documents of discovery are not filtered.
fn unfiltered<T>(query: &Query, documents: T) -> Result<T, Refusal> {
    match query.is_filtered() {
        true => Err(Refusal::new(403, "documents of discovery are not filtered")),
        false => Ok(documents),
    }
}

fn documents(query: &Query, what: &str, all: Vec<Value>, id: Option<&str>) -> Result<Reply, Refusal> {
    let all = unfiltered(query, all)?;
    match id {
        None => Ok(Reply::of(200, query::answer(all.len(), Some(1), None, all))),
        Some(id) => {
            let own = |document: &Value| {
                document.get("id").and_then(Value::as_str).is_some_and(|own| own.eq_ignore_ascii_case(id))
            };
            let found = all.into_iter().find(own);
            let nothing = || Refusal::not_found(format_args!("{what} {}", super::refusal::quoted(id)));
            Ok(Reply::of(200, found.ok_or_else(nothing)?))
        }
    }
}

/// A resource as it is now, where it is, and its version.
fn show(
    contents: &super::contents::Contents,
    id: &str,
    base: &str,
    projection: &Projection,
) -> Result<(Json, String, String), Refusal> {
    let resource = contents.get(id).ok_or_else(|| Refusal::not_found(super::refusal::quoted(id)))?;
    let view = View { resource, contents, base };
    Ok((view.show(projection), view.location(), view.version()))
}

fn refused(refusal: &Refusal) -> Reply {
    Reply::of(refusal.status, refusal.body())
}

/// RFC 8935 section 2.3.
fn rejected(rejection: &Rejection) -> Reply {
    let reply = Reply::of(rejection.status, rejection.body());
    reply.with(header::CONTENT_TYPE, "application/json").with(header::CONTENT_LANGUAGE, "en")
}

fn response(reply: Reply) -> Response<Bytes> {
    let mut response = Response::new(match &reply.body {
        Some(body) => Bytes::from(body.to_string()),
        None => Bytes::new(),
    });
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if reply.body.is_some() {
        let kind = HeaderValue::from_static("application/scim+json; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn now() -> Timestamp {
    Timestamp::from(jiff::Timestamp::now())
}

/// UUID version 7 (RFC 9562, section 6.2, method 1): ids sort by the order of creation, so that new resources come last
/// in a list that is read page by page.
fn new_id() -> Id {
    /// Milliseconds and a counter of 12 bits.
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or_default() << 12;
    let next = |last: u64| Some(now.max(last + 1));
    let moment = next(LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or_default());
    let moment = u128::from(moment.unwrap_or(now));
    let (millis, counter) = (moment >> 12 & 0xffff_ffff_ffff, moment & 0xfff);
    let bits = millis << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | fastrand::u128(..) & (u128::MAX >> 66);
    let hex = format!("{bits:032x}");
    let part = |from, to| hex.get(from..to).unwrap_or_default();
    Id::from(format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)))
}
