//! The credential of a connection, hidden from everything that prints.

use std::fmt;

use base64::Engine as _;
use reqwest::Url;
use reqwest::header::HeaderValue;
use tokio::sync::Mutex;
use tokio::time::{Duration, Instant};

use super::error::{HttpError, clean};

/// A secret text: shown as `(sensitive)`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(sensitive)")
    }
}

/// How requests are authorised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Nothing is sent.
    None,
    /// A bearer token (RFC 6750).
    Bearer(Secret),
    /// User name and password (RFC 7617).
    Basic { username: String, password: Secret },
    /// Client credentials (RFC 6749 section 4.4): a token is asked for at `token_url` and kept until it ends.
    Client { token_url: Url, id: String, secret: Secret, scope: Option<String> },
}

/// The header that authorises a request, asked for when it is needed.
#[derive(Debug)]
pub struct Authorization {
    credential: Credential,
    token: Mutex<Option<Token>>,
}

#[derive(Clone, Debug)]
struct Token {
    text: Secret,
    until: Instant,
}

impl Authorization {
    /// Nothing is sent yet.
    pub fn new(credential: Credential) -> Authorization {
        Authorization { credential, token: Mutex::new(None) }
    }

    /// The value of the `Authorization` header, marked as sensitive.
    pub async fn header(&self, client: &reqwest::Client) -> Result<Option<HeaderValue>, HttpError> {
        let text = match &self.credential {
            Credential::None => return Ok(None),
            Credential::Bearer(token) => format!("Bearer {}", token.expose()),
            Credential::Basic { username, password } => {
                format!("Basic {}", basic(username, password))
            }
            Credential::Client { token_url, id, secret, scope } => {
                let mut kept = self.token.lock().await;
                let token = match kept.as_ref().filter(|token| token.until > Instant::now()) {
                    Some(token) => token.clone(),
                    None => kept.insert(ask(client, token_url, id, secret, scope.as_deref()).await?).clone(),
                };
                format!("Bearer {}", token.text.expose())
            }
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            HttpError::new(
                "the credential has characters that no HTTP header can hold",
                "check the value behind token or password: often it is a line break at its end",
            )
        })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// Forgets a token that the server refused; whether there may be another now.
    pub async fn renew(&self) -> bool {
        self.token.lock().await.take().is_some()
    }

    /// `text` without any secret of this credential: servers echo what they were sent.
    pub async fn redact(&self, text: &str) -> String {
        let mut secrets = Vec::new();
        match &self.credential {
            Credential::None => {}
            Credential::Bearer(token) => secrets.push(token.clone()),
            Credential::Basic { username, password } => {
                secrets.push(Secret(basic(username, password)));
                secrets.push(password.clone());
            }
            Credential::Client { secret, .. } => {
                secrets.push(secret.clone());
                secrets.extend(self.token.lock().await.as_ref().map(|token| token.text.clone()));
            }
        }
        secrets
            .iter()
            .filter(|secret| !secret.expose().is_empty())
            .fold(text.to_owned(), |text, secret| text.replace(secret.expose(), "(sensitive)"))
    }
}

/// Asks for a token.
async fn ask(
    client: &reqwest::Client,
    url: &Url,
    id: &str,
    secret: &Secret,
    scope: Option<&str>,
) -> Result<Token, HttpError> {
    const HINT: &str = "check token_url, client_id and client_secret";
    let mut fields = vec![("grant_type", "client_credentials")];
    fields.extend(scope.map(|scope| ("scope", scope)));
    let answer = client
        .post(url.clone())
        .basic_auth(id, Some(secret.expose()))
        .header(reqwest::header::ACCEPT, "application/json")
        .form(&fields)
        .send()
        .await
        .map_err(|error| HttpError::new(format!("POST {url}: {}", super::connection::cause(&error)), HINT))?;
    let status = answer.status();
    // Bounded as every body: a token answer is small.
    let body = super::connection::bounded(answer, 1 << 20)
        .await
        .map_err(|what| HttpError::new(format!("POST {url}: {what}"), HINT))?;
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let member = |name: &str| json.get(name).and_then(|value| value.as_str());
    if !status.is_success() {
        let said = member("error_description").or(member("error")).map(clean).unwrap_or_default();
        return Err(HttpError::new(format!("POST {url} answered {status}: {said}").trim_end_matches(": "), HINT));
    }
    let text = member("access_token")
        .ok_or_else(|| HttpError::new(format!("POST {url} answered {status}, but without an access_token"), HINT))?;
    let seconds = json.get("expires_in").and_then(serde_json::Value::as_u64).unwrap_or(300).min(86_400);
    // Half a minute early, so that no request leaves with a token that ends on its way.
    Ok(Token {
        text: Secret::new(text),
        until: Instant::now() + Duration::from_secs(seconds.saturating_sub(30).max(1)),
    })
}

fn basic(username: &str, password: &Secret) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("{username}:{}", password.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_server_echoes_is_redacted_and_debug_shows_nothing() {
        let authorization = Authorization::new(Credential::Bearer(Secret::new("s3cret")));
        assert_eq!(authorization.redact("token s3cret is bad").await, "token (sensitive) is bad");
        assert!(!format!("{authorization:?}").contains("s3cret"));
    }
}
