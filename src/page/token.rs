//! Who may look: whoever has the token, as a bearer token or as the password of HTTP's basic scheme, which browsers ask for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use ring::hmac;

use crate::Error;

/// Names the environment variable with the token.
pub const VARIABLE: &str = "TENURE_WATCH_TOKEN";
/// Characters of a token, at least.
const SHORTEST: usize = 20;

/// The token, as something to compare with: its own text is not kept.
pub struct Token {
    key: hmac::Key,
    tag: hmac::Tag,
}

impl Token {
    /// The token of the environment.
    ///
    /// # Errors
    /// Where there is none, or one that can be guessed.
    pub fn given() -> Result<Token, Error> {
        Token::new(&std::env::var(VARIABLE).unwrap_or_default())
    }

    /// # Errors
    /// Where it is too short.
    pub fn new(token: &str) -> Result<Token, Error> {
        let token = token.trim();
        if token.len() < SHORTEST {
            let what = if token.is_empty() { "is not set" } else { "is too short" };
            return Err(Error::new(format!("--http shows who has access, and {VARIABLE} {what}"))
                .hint(format!("set it to at least {SHORTEST} random characters: `openssl rand -hex 32`")));
        }
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &ring::rand::SystemRandom::new())
            .map_err(|_| Error::new("the operating system gives no random numbers"))?;
        let tag = hmac::sign(&key, token.as_bytes());
        Ok(Token { key, tag })
    }

    /// Whether `Authorization` carries it.
    pub fn is_in(&self, header: Option<&HeaderValue>) -> bool {
        let Some((scheme, credentials)) = header.and_then(|header| header.to_str().ok()?.trim().split_once(' ')) else {
            return false;
        };
        let credentials = credentials.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return self.is(credentials.as_bytes());
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return false;
        }
        let decoded = STANDARD.decode(credentials).unwrap_or_default();
        let password = decoded.iter().position(|byte| *byte == b':').and_then(|colon| decoded.get(colon + 1..));
        password.is_some_and(|password| self.is(password))
    }

    /// In constant time.
    fn is(&self, token: &[u8]) -> bool {
        hmac::verify(&self.key, token, self.tag.as_ref()).is_ok()
    }
}
