//! A token as it is written: three parts in base64url (RFC 7515 section 3.1). Nothing in it is believed yet.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::super::refusal::quoted;
use super::Rejection;

/// How a token can be signed here. Which of them it is follows from the key; what the token says must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// Ed25519: `EdDSA` (RFC 8037), or `Ed25519` (RFC 9864).
    Ed25519,
}

impl Algorithm {
    /// By the name in `alg`.
    pub fn named(name: &str) -> Option<Algorithm> {
        Some(match name {
            "RS256" => Algorithm::Rs256,
            "ES256" => Algorithm::Es256,
            "EdDSA" | "Ed25519" => Algorithm::Ed25519,
            _ => return None,
        })
    }
}

/// A token, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Token<'a> {
    pub algorithm: Algorithm,
    /// Which of its issuer's keys signed it, as it says.
    pub key: Option<String>,
    /// What is signed.
    pub signed: &'a str,
    pub signature: Vec<u8>,
    /// JSON, as it says.
    pub payload: Vec<u8>,
}

impl<'a> Token<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// `invalid_request` where it is none; `invalid_key` where it is signed in a way that is not taken.
    pub fn read(text: &'a str) -> Result<Token<'a>, Rejection> {
        let text = text.trim();
        let parts: Vec<&str> = text.splitn(6, '.').collect();
        let [head, payload, signature] = parts.as_slice() else {
            return Err(Rejection::request(match parts.len() {
                5 => "the token is encrypted, which is not supported: send it signed only, over TLS",
                _ => "the body is no token: it must be three parts of base64url with dots between (RFC 7515)",
            }));
        };
        let decode = |what: &str, part: &str| {
            let decoded = URL_SAFE_NO_PAD.decode(part);
            decoded.map_err(|_| Rejection::request(format!("the {what} of the token is not base64url without padding")))
        };
        let head: Map<String, Value> = serde_json::from_slice(&decode("head", head)?)
            .map_err(|error| Rejection::request(format!("the head of the token is no JSON object: {error}")))?;
        let word = |name: &str| match head.get(name) {
            None => Ok(None),
            Some(Value::String(word)) => Ok(Some(word.as_str())),
            Some(_) => Err(Rejection::request(format!("`{name}` in the head of the token is no string"))),
        };
        // Explicit typing keeps tokens for other purposes out (RFC 8417 section 2.3); to leave it out is allowed.
        let kind = word("typ")?.map(|kind| kind.to_ascii_lowercase());
        if !matches!(kind.as_deref(), None | Some("secevent+jwt" | "application/secevent+jwt")) {
            let what = format!("the token is {}, not secevent+jwt", quoted(&kind.unwrap_or_default()));
            return Err(Rejection::request(what));
        }
        // Nothing is understood that must be (RFC 7515 section 4.1.11).
        if head.contains_key("crit") {
            return Err(Rejection::request("the head of the token has `crit`: no extension is supported"));
        }
        let name = word("alg")?.ok_or_else(|| Rejection::request("the head of the token has no `alg`"))?;
        let algorithm = Algorithm::named(name).ok_or_else(|| {
            let what = format!("tokens signed with {} are not taken: sign with RS256, ES256 or EdDSA", quoted(name));
            Rejection::new("invalid_key", what)
        })?;
        let key = word("kid")?.map(str::to_owned);
        let signature = decode("signature", signature)?;
        let payload = decode("payload", payload)?;
        let signed = text.rsplit_once('.').map_or("", |(signed, _)| signed);
        Ok(Token { algorithm, key, signed, signature, payload })
    }
}
