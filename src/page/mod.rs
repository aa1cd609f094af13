//! The page of `tenure watch --http`: what it knows right now, a person's access and history, metrics and health. Made here,
//! line by line; no script, nothing from elsewhere, nothing that changes anything.
//!
//! `token` says who may look; `overview`, `person` and `metrics` say what is shown; `html` writes it.

mod html;
mod metrics;
mod overview;
mod person;
#[cfg(test)]
mod tests;
pub mod token;

use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{HeaderName, Method, Request, Response, StatusCode};
use hyper::body::Bytes;
use percent_encoding::percent_decode_str;
use providers::{Endpoint, Token, Unread};

use crate::commands::watch::board::Board;
use crate::edge::{Clock as _, Store, SystemClock};

const STYLE: &str = include_str!("style.css");
/// Nothing is run, nothing comes from elsewhere, and nobody frames it.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Answers whoever has the token.
pub struct Page {
    board: Board,
    store: Box<dyn Store>,
    token: Token,
    /// The record is read for one reader at a time: it may be long.
    reading: std::sync::Mutex<()>,
}

impl Page {
    pub fn new(board: Board, store: Box<dyn Store>, token: Token) -> Page {
        Page { board, store, token, reading: std::sync::Mutex::new(()) }
    }

    fn get(&self, path: &str, query: &str) -> Response<Bytes> {
        let now = SystemClock.now();
        let path = percent_decode_str(path).decode_utf8_lossy();
        match &*path {
            "/" => page(overview::page(&self.board.known(), now)),
            "/style.css" => reply(StatusCode::OK, "text/css; charset=utf-8", STYLE.to_owned()),
            "/metrics" => {
                let text = metrics::text(&self.board.known(), now);
                reply(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text)
            }
            "/people" => {
                let asked = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "q");
                let asked = asked.map(|(_, text)| text.into_owned()).unwrap_or_default();
                self.read(|store| person::search(store, asked.trim()))
            }
            path => match path.strip_prefix("/person/").or_else(|| path.strip_prefix("/service/")) {
                Some(key) => {
                    let service = path.starts_with("/service/");
                    self.read(|store| person::page(store, service, key, now))
                }
                None => missing("There is nothing here."),
            },
        }
    }

    fn read(&self, make: impl FnOnce(&dyn Store) -> Result<Option<String>, crate::Error>) -> Response<Bytes> {
        let _one = self.reading.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match make(&*self.store) {
            Ok(Some(text)) => page(text),
            Ok(None) => missing("The record knows nobody of this name."),
            Err(error) => {
                let text = html::error("The record cannot be read", &error.plain());
                reply(StatusCode::INTERNAL_SERVER_ERROR, "text/html; charset=utf-8", text)
            }
        }
    }

    /// Whether it lives, and whether it is well: for anybody, so it says no more than that.
    fn health(&self, path: &str) -> Option<Response<Bytes>> {
        let unwell = match path {
            "/healthz" => false,
            "/readyz" => self.board.known().unwell(SystemClock.now()).is_some(),
            _ => return None,
        };
        let (status, text) =
            if unwell { (StatusCode::SERVICE_UNAVAILABLE, "unwell\n") } else { (StatusCode::OK, "ok\n") };
        Some(reply(status, "text/plain; charset=utf-8", text.to_owned()))
    }
}

impl Endpoint for Page {
    /// Everything that nothing else answers.
    fn mount(&self) -> &str {
        ""
    }

    fn largest(&self) -> usize {
        0
    }

    fn admit(&self, head: &Parts) -> Option<Response<Bytes>> {
        if head.method != Method::GET && head.method != Method::HEAD {
            let mut response =
                reply(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", "look, do not touch\n".to_owned());
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Some(response);
        }
        if let Some(response) = self.health(head.uri.path()) {
            return Some(response);
        }
        if token::is_in(&self.token, head.headers.get(header::AUTHORIZATION)) {
            return None;
        }
        let mut response = reply(
            StatusCode::UNAUTHORIZED,
            "text/plain; charset=utf-8",
            "the token is the password, whatever the user\n".to_owned(),
        );
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"tenure\", charset=\"UTF-8\""));
        Some(response)
    }

    fn answer(&self, request: Request<Bytes>, _origin: &str) -> Response<Bytes> {
        let uri = request.uri();
        let mut response = self.get(uri.path(), uri.query().unwrap_or(""));
        if request.method() == Method::HEAD {
            *response.body_mut() = Bytes::new();
        }
        response
    }

    fn refuse(&self, why: Unread) -> Response<Bytes> {
        let (status, text) = match why {
            Unread::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "no body is taken here\n"),
            Unread::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too slow\n"),
            Unread::Broken => (StatusCode::BAD_REQUEST, "the request broke off\n"),
            Unread::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "this failed; the log of the watch may say why\n"),
        };
        reply(status, "text/plain; charset=utf-8", text.to_owned())
    }
}

fn page(text: String) -> Response<Bytes> {
    reply(StatusCode::OK, "text/html; charset=utf-8", text)
}

fn missing(text: &str) -> Response<Bytes> {
    reply(StatusCode::NOT_FOUND, "text/html; charset=utf-8", html::error("Not found", text))
}

fn reply(status: StatusCode, kind: &'static str, text: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = status;
    let headers: [(HeaderName, &'static str); 6] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // Who has access where is nothing to be kept on a disk.
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "authorization"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
