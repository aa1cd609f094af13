//! Systems that are pushed to: what takes the requests of others for one.

use bytes::Bytes;

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
