//! Sending requests: reads until there is an answer, writes once.

use std::error::Error as _;
use std::time::{Duration, SystemTime};

use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use tokio::sync::Semaphore;

use super::answer::Answer;
use super::authorization::Authorization;
use super::error::{HttpError, WriteFailure};
use super::pace::Pace;
use super::retry::Retry;
use super::settings::{HttpSettings, is_loopback};

/// One system's client: connections are kept, credentials go to the system's own origin only.
#[derive(Debug)]
pub struct Connection {
    client: reqwest::Client,
    authorization: Authorization,
    permits: Semaphore,
    pace: Pace,
    settings: HttpSettings,
    accept: HeaderValue,
}

/// How one attempt to send went wrong.
enum Trouble {
    /// No connection came about: nothing was sent.
    NoConnection(HttpError),
    /// Something is wrong that another attempt will not mend (a certificate, a bad credential); nothing was sent.
    Hopeless(HttpError),
    /// The request may have arrived; the answer did not.
    Lost(HttpError),
    /// An answer came that is too large to be taken.
    TooLarge(HttpError),
}

impl Connection {
    /// A client; nothing is sent yet. `accept` is the media type that answers are asked for in.
    pub fn new(settings: HttpSettings, accept: &'static str) -> Result<Connection, HttpError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("tenure/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            // Servers close idle connections after as little as five seconds; a write that meets that moment would
            // have an unknown outcome for nothing.
            .pool_idle_timeout(Duration::from_secs(4))
            .redirect(reqwest::redirect::Policy::none());
        if is_loopback(&settings.url) {
            builder = builder.no_proxy();
        }
        if let Some(pem) = &settings.authorities {
            const HINT: &str = "ca_file must hold certificates in PEM format";
            let certificates = reqwest::Certificate::from_pem_bundle(pem)
                .map_err(|error| HttpError::new(format!("ca_file cannot be used: {}", cause(&error)), HINT))?;
            if certificates.is_empty() {
                return Err(HttpError::new("ca_file holds no certificate", HINT));
            }
            for certificate in certificates {
                builder = builder.add_root_certificate(certificate);
            }
        }
        let client = builder.build().map_err(|error| {
            HttpError::new(
                format!("no HTTP client can be made: {}", cause(&error)),
                "check ca_file and the machine's certificates",
            )
        })?;
        Ok(Connection {
            client,
            authorization: Authorization::new(settings.credential.clone()),
            permits: Semaphore::new(settings.concurrency),
            pace: Pace::new(settings.rate),
            accept: HeaderValue::from_static(accept),
            settings,
        })
    }

    /// The settings that it was made of.
    pub fn settings(&self) -> &HttpSettings {
        &self.settings
    }

    /// The URL of `path` (`/Users?count=10`, segments encoded by the caller) below the base.
    pub fn url(&self, path: &str) -> Result<Url, HttpError> {
        Url::parse(&format!("{}{path}", self.settings.url.as_str().trim_end_matches('/')))
            .map_err(|error| HttpError::new(format!("{path} makes no URL: {error}"), "check url in the system block"))
    }

    /// Whether a URL has the scheme, host and port of the system.
    pub fn same_origin(&self, url: &Url) -> bool {
        url.origin() == self.settings.url.origin()
    }

    /// GET, tried again after connection errors, 429, 502, 503 and 504. Any other status is an answer; what is still
    /// transient after the last attempt is an error. Redirects are followed within the origin only.
    pub async fn get(&self, path: &str) -> Result<Answer, HttpError> {
        let _permit = self.permits.acquire().await;
        let mut url = self.url(path)?;
        let mut redirects = 0;
        let mut renewed = false;
        let mut attempt = 1;
        loop {
            let wait = match self.send(Method::GET, url.clone(), None, HeaderMap::new()).await {
                Err(Trouble::Hopeless(error) | Trouble::TooLarge(error)) => return Err(error),
                Err(Trouble::NoConnection(error) | Trouble::Lost(error)) => {
                    if attempt >= self.settings.retry.attempts {
                        return Err(tried(error, attempt));
                    }
                    self.settings.retry.wait(attempt)
                }
                Ok(answer) if answer.status.is_redirection() && answer.status != StatusCode::NOT_MODIFIED => {
                    redirects += 1;
                    url = self.redirected(&answer, redirects)?;
                    continue;
                }
                Ok(answer)
                    if answer.status == StatusCode::UNAUTHORIZED && !renewed && self.authorization.renew().await =>
                {
                    renewed = true;
                    continue;
                }
                Ok(answer) if Retry::transient(answer.status.as_u16()) => self.patience(&answer, attempt).await?,
                Ok(answer) => return Ok(answer),
            };
            attempt += 1;
            tokio::time::sleep(wait).await;
        }
    }

    /// A write: sent once, whatever comes. Redirects are answers too.
    pub async fn write(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        headers: HeaderMap,
    ) -> Result<Answer, WriteFailure> {
        let _permit = self.permits.acquire().await;
        let url = self.url(path).map_err(WriteFailure::NotSent)?;
        match self.send(method, url, Some(body), headers).await {
            Ok(answer) => {
                if let Some(wait) = answer.retry_after(now()) {
                    self.pace.pause(Duration::from_millis(wait).min(self.settings.retry.longest)).await;
                }
                if answer.status == StatusCode::UNAUTHORIZED {
                    self.authorization.renew().await;
                }
                Ok(answer)
            }
            Err(Trouble::NoConnection(error) | Trouble::Hopeless(error)) => Err(WriteFailure::NotSent(error)),
            Err(Trouble::Lost(error) | Trouble::TooLarge(error)) => Err(WriteFailure::Lost(error)),
        }
    }

    /// `text` without the secrets of this connection.
    pub async fn redact(&self, text: &str) -> String {
        self.authorization.redact(text).await
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<Vec<u8>>,
        mut headers: HeaderMap,
    ) -> Result<Answer, Trouble> {
        self.pace.wait().await;
        let credential = self.authorization.header(&self.client).await.map_err(Trouble::Hopeless)?;
        if let Some(credential) = credential {
            headers.insert(header::AUTHORIZATION, credential);
        }
        headers.insert(header::ACCEPT, self.accept.clone());
        let mut request = self.client.request(method.clone(), url.clone()).headers(headers);
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.map_err(|error| self.trouble(&method, &url, &error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = bounded(response, self.settings.largest_body).await.map_err(|what| match what {
            BodyError::TooLarge(_) => Trouble::TooLarge(HttpError::new(
                format!("{method} {url} answered {status}, but {what}"),
                "a smaller page_size may help",
            )),
            BodyError::Cut(_) => Trouble::Lost(HttpError::new(
                format!("{method} {url} answered {status}, but {what}"),
                "try again; where it stays, a proxy may limit the size of answers: a smaller page_size may help",
            )),
        })?;
        Ok(Answer { method, url, status, headers, body })
    }

    fn trouble(&self, method: &Method, url: &Url, error: &reqwest::Error) -> Trouble {
        let what = cause(error);
        if what.contains("certificate") || what.contains("InvalidCertificate") {
            return Trouble::Hopeless(HttpError::new(
                format!("{method} {url}: the server's certificate cannot be trusted: {what}"),
                "if the server has a certificate of your own authority, name it by ca_file in the system block",
            ));
        }
        if what.contains("received corrupt message") {
            return Trouble::Hopeless(HttpError::new(
                format!("{method} {url}: the server does not speak TLS there: {what}"),
                "check url in the system block: is that the port for https?",
            ));
        }
        if error.is_timeout() && !error.is_connect() {
            return Trouble::Lost(HttpError::new(
                format!("{method} {url}: no answer within {} s", self.settings.timeout.as_secs()),
                "check the server, or raise timeout in the system block",
            ));
        }
        let error_of = |hint: &str| HttpError::new(format!("{method} {url}: {what}"), hint);
        if error.is_connect() {
            Trouble::NoConnection(error_of("check url in the system block, the network, and whether the server runs"))
        } else if error.is_builder() {
            Trouble::Hopeless(error_of("check url in the system block"))
        } else {
            Trouble::Lost(error_of(
                "the connection broke before the answer was whole; check the server and the network",
            ))
        }
    }

    /// Where a redirect of a read leads, if it may be followed.
    fn redirected(&self, answer: &Answer, redirects: u32) -> Result<Url, HttpError> {
        let location = answer.header(header::LOCATION).unwrap_or("");
        let to = answer.url.join(location).map_err(|_| {
            HttpError::new(format!("{}, but without saying where to", answer.said()), "check url in the system block")
        })?;
        if !self.same_origin(&to) {
            return Err(HttpError::new(
                format!(
                    "{}: it redirects to {}; nothing was sent there",
                    answer.said(),
                    to.origin().ascii_serialization()
                ),
                "if that is where the API is, write it as url in the system block",
            ));
        }
        if redirects > 5 {
            return Err(HttpError::new(
                format!("{}: it redirects in circles", answer.said()),
                "check url in the system block",
            ));
        }
        Ok(to)
    }

    /// How long to wait after a transient answer, or the error that ends the waiting.
    async fn patience(&self, answer: &Answer, attempt: u32) -> Result<Duration, HttpError> {
        let retry = &self.settings.retry;
        let asked = answer.retry_after(now()).map(Duration::from_millis);
        let said = HttpError::new(
            answer.said(),
            "the server is overloaded or away: try again later, or set rate in the system block",
        );
        match asked {
            Some(asked) if asked > retry.longest => Err(HttpError::new(
                format!("{} and asks to wait {} s", answer.said(), asked.as_secs()),
                "try again after that, or set rate in the system block",
            )),
            _ if attempt >= retry.attempts => Err(tried(said, attempt)),
            Some(asked) => {
                self.pace.pause(asked).await;
                Ok(asked)
            }
            None => Ok(retry.wait(attempt)),
        }
    }
}

fn tried(error: HttpError, attempts: u32) -> HttpError {
    HttpError::new(format!("{} ({attempts} attempts)", error.message), error.hint)
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Why a body could not be taken.
pub enum BodyError {
    TooLarge(usize),
    Cut(String),
}

impl std::fmt::Display for BodyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BodyError::TooLarge(largest) => write!(f, "its body is larger than {} MiB", largest >> 20),
            BodyError::Cut(what) => write!(f, "its body broke off: {what}"),
        }
    }
}

/// The body of an answer, up to `largest` bytes.
pub async fn bounded(mut response: reqwest::Response, largest: usize) -> Result<Vec<u8>, BodyError> {
    if response.content_length().is_some_and(|length| length > largest as u64) {
        return Err(BodyError::TooLarge(largest));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| BodyError::Cut(cause(&error)))? {
        if body.len() + chunk.len() > largest {
            return Err(BodyError::TooLarge(largest));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The innermost reason of a client error, without the URL that it would repeat.
pub fn cause(error: &reqwest::Error) -> String {
    let mut reason = None;
    let mut next = error.source();
    while let Some(inner) = next {
        reason = Some(inner.to_string());
        next = inner.source();
    }
    super::error::clean(
        &reason.unwrap_or_else(|| if error.is_timeout() { "timed out".to_owned() } else { error.to_string() }),
    )
}
