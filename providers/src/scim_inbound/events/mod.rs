//! Security event tokens (SETs; RFC 8417) that tell of changes at another SCIM server (RFC 9967), pushed as RFC 8935 says.
//!
//! `token` reads one, `keys` says who signed it, `claims` what it says; `rejection` is why one is not taken;
//! `take` decides on what was pushed before what it changes; `heard` is what must be remembered of it. For people:
//! `docs/providers/scim-inbound.md`.

pub mod claims;
pub mod heard;
pub mod keys;
mod rejection;
mod take;
pub mod token;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use state::Timestamp;

use self::claims::Claims;
use self::keys::{KeyFile, Keys};
pub use self::rejection::Rejection;
use self::token::Token;
use super::refusal::quoted;
use super::store::Store;
use crate::directory::Problem;

/// Whose events are taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// `iss` of the tokens.
    pub issuer: String,
    /// What must be among their `aud`.
    pub audience: String,
    pub keys: KeySource,
}

/// Where the keys of the issuer stand: a JSON Web Key Set (RFC 7517).
#[derive(Clone, Debug, PartialEq)]
pub enum KeySource {
    File(PathBuf),
    Here(Value),
}

/// Takes the events of one issuer.
pub struct Events {
    issuer: String,
    audience: String,
    keys: Mutex<KeyFile>,
}

/// What became of a token that was taken: what the log is to tell of it.
pub type Taken = Vec<String>;

impl Events {
    /// # Errors
    /// Where there are no keys that could have signed anything.
    pub fn open(options: Options) -> Result<Events, Problem> {
        let keys = match options.keys {
            KeySource::File(path) => KeyFile::open(path)?,
            KeySource::Here(keys) => {
                let hint = "give a JSON Web Key Set: `{ keys = [{ kty = \"EC\", crv = \"P-256\", ... }] }`";
                KeyFile::fixed(
                    Keys::read(&keys).map_err(|why| Problem::new(format!("the keys of events: {why}"), hint))?,
                )
            }
        };
        Ok(Events { issuer: options.issuer, audience: options.audience, keys: Mutex::new(keys) })
    }

    /// Takes one token, durably.
    ///
    /// # Errors
    /// Why not: nothing was changed then.
    pub fn take(&self, body: &[u8], store: &Store, now: Timestamp) -> (Taken, Result<(), Rejection>) {
        let mut told = Taken::new();
        let result = self.tell(body, store, now, &mut told);
        if let Err(rejection) = &result {
            told.push(format!("refused a security event token ({}): {}", rejection.code, rejection.description));
        }
        (told, result)
    }

    fn tell(&self, body: &[u8], store: &Store, now: Timestamp, told: &mut Taken) -> Result<(), Rejection> {
        let text = std::str::from_utf8(body).map_err(|_| Rejection::request("the body is no token: it is no text"))?;
        let token = Token::read(text)?;
        {
            let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            told.extend(keys.look());
            keys.keys().verify(&token)?;
        }
        // From here on it is the issuer's own word.
        let claims = Claims::read(&token.payload)?;
        self.is_meant_for_us(&claims)?;
        claims.is_of_now(now.millis().div_euclid(1_000))?;
        let (taken, members) = store.transact(|draft| {
            let mut told = Taken::new();
            take::take(draft, &claims, now, &mut told).map(|()| told)
        })?;
        told.extend(taken?);
        told.extend(members);
        Ok(())
    }

    fn is_meant_for_us(&self, claims: &Claims) -> Result<(), Rejection> {
        if claims.issuer != self.issuer {
            let what = format!("the issuer is {}, who is not known here", quoted(&claims.issuer));
            return Err(Rejection::new("invalid_issuer", what));
        }
        if !claims.audience.contains(&self.audience) {
            let what = "the audience (`aud`) does not name this receiver";
            return Err(Rejection::new("invalid_audience", what));
        }
        Ok(())
    }
}
