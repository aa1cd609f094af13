//! Who may look: whoever has the token, as a bearer token or as the password of HTTP's basic scheme, which browsers ask for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use providers::Token;
use providers::endpoint::credentials;

use crate::Error;

/// Names the environment variable with the token.
const VARIABLE: &str = "TENURE_WATCH_TOKEN";
/// Characters of a token, at least.
const SHORTEST: usize = 20;

/// The token of the environment.
///
/// # Errors
/// Where there is none, or one that can be guessed.
pub fn given() -> Result<Token, Error> {
    checked(&std::env::var(VARIABLE).unwrap_or_default())
}

/// # Errors
/// Where it is too short.
pub fn checked(token: &str) -> Result<Token, Error> {
    let token = token.trim();
    if token.len() < SHORTEST {
        let what = if token.is_empty() { "is not set" } else { "is too short" };
        return Err(Error::new(format!("--http shows who has access, and {VARIABLE} {what}"))
            .hint(format!("set it to at least {SHORTEST} random characters: `openssl rand -hex 32`")));
    }
    Token::new(token).ok_or_else(|| Error::new("the operating system gives no random numbers"))
}

/// Whether `Authorization` carries it.
pub fn is_in(token: &Token, header: Option<&HeaderValue>) -> bool {
    token.is_in(header)
        || credentials(header, "basic").is_some_and(|credentials| {
            let decoded = STANDARD.decode(credentials).unwrap_or_default();
            let password = decoded.iter().position(|byte| *byte == b':').and_then(|colon| decoded.get(colon + 1..));
            password.is_some_and(|password| token.is(password))
        })
}
