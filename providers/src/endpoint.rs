//! Systems that are pushed to: what takes the requests of others for one.

use bytes::Bytes;
use http::HeaderValue;
use ring::hmac;
use ring::rand::SystemRandom;

/// Takes what others push to a system, by HTTP. The server is somebody else's: this decides who may ask, and answers.
pub trait Endpoint: Send + Sync {
    /// The path below which it answers, without a slash at its end: `/scim/hr/v2`.
    fn mount(&self) -> &str;
    /// Bytes of a body, at most.
    fn largest(&self) -> usize;
    /// Looks at the head of a request before its body is read; the answer where it gets no further.
    fn admit(&self, head: &http::request::Parts) -> Option<http::Response<Bytes>>;
    /// Answers a request, once what it changes is durable. May block. `origin` is where the client reached the server:
    /// `https://people.acme.example`.
    fn answer(&self, request: http::Request<Bytes>, origin: &str) -> http::Response<Bytes>;
    /// The answer to a request that it was not handed.
    fn refuse(&self, why: Unread) -> http::Response<Bytes>;
}

/// What the log is to tell about a request: among the extensions of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The system's name.
    pub system: String,
    /// Each for a line of its own.
    pub what: Vec<String>,
}

/// Why a request could not be handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// Its body is longer than [`Endpoint::largest`].
    TooLarge,
    /// Its body did not come in time.
    TooSlow,
    /// Its body broke off.
    Broken,
    /// Answering it ended in the middle.
    Failed,
}

/// A token that is compared without telling by the time that it takes how much of it is right. Its own text is not kept.
pub struct Token {
    key: hmac::Key,
    tag: hmac::Tag,
}

impl Token {
    /// None where the operating system gives no random numbers.
    pub fn new(token: &str) -> Option<Token> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok()?;
        let tag = hmac::sign(&key, token.as_bytes());
        Some(Token { key, tag })
    }

    /// Whether this is it.
    pub fn is(&self, token: &[u8]) -> bool {
        hmac::verify(&self.key, token, self.tag.as_ref()).is_ok()
    }

    /// Whether `Authorization` carries it as a bearer token (RFC 6750 section 2.1).
    pub fn is_in(&self, header: Option<&HeaderValue>) -> bool {
        credentials(header, "bearer").is_some_and(|token| self.is(token.as_bytes()))
    }
}

/// What `Authorization` carries, where it does so by this scheme.
pub fn credentials<'a>(header: Option<&'a HeaderValue>, scheme: &str) -> Option<&'a str> {
    let (own, credentials) = header?.to_str().ok()?.trim().split_once(' ')?;
    own.eq_ignore_ascii_case(scheme).then(|| credentials.trim())
}
