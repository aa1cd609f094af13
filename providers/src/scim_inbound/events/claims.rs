//! What a token says (RFC 8417 section 2.2, RFC 9967 section 2): of whom, when, and what happened.

use serde_json::Value;
use state::Digest;

use super::super::incoming::Id;
use super::super::refusal::quoted;
use super::super::schema::Kind;
use super::Rejection;
use super::heard::WINDOW;
use crate::scim::json::{self, Json};

/// Seconds that the clocks of two machines may differ.
const SKEW: i64 = 300;
/// Characters of an identifier.
const LONGEST: usize = 256;

/// A token's claims.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: Vec<String>,
    /// `jti`.
    pub token: Id,
    /// `iat`: seconds since 1970.
    issued: i64,
    /// `toe` where it stands there, else `iat`.
    pub happened: i64,
    /// `exp`.
    expires: Option<i64>,
    /// `sub_id`; events that are about nobody have none.
    pub subject: Option<Subject>,
    /// By URI.
    pub events: Vec<(String, Json)>,
    /// Of what it says: another one for everything else.
    pub digest: String,
}

/// The resource that events are about (RFC 9967 section 2.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    pub kind: Kind,
    /// As the issuer knows it.
    pub id: Id,
    pub external: Option<String>,
    /// The attribute that no two of the kind share.
    pub key: Option<String>,
}

impl Subject {
    /// `/Users/1`.
    pub fn path(&self) -> String {
        format!("/{}/{}", self.kind.segment(), self.id)
    }
}

impl Claims {
    /// # Errors
    /// `invalid_request` where something is missing or not of its form.
    pub fn read(payload: &[u8]) -> Result<Claims, Rejection> {
        let claims: Json = serde_json::from_slice(payload)
            .map_err(|error| Rejection::request(format!("the payload of the token is no JSON object: {error}")))?;
        let text = |name: &str| match claims.get(name) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
            Some(_) => Err(Rejection::request(format!("the claim `{name}` must be a string"))),
            None => Err(Rejection::request(format!("the claim `{name}` is missing"))),
        };
        let audience = match claims.get("aud") {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(several)) => {
                several.iter().filter_map(|one| Some(one.as_str()?.to_owned())).collect::<Vec<_>>()
            }
            _ => Vec::new(),
        };
        let token = text("jti")?;
        if token.chars().count() > LONGEST {
            return Err(Rejection::request(format!("the claim `jti` is longer than {LONGEST} characters")));
        }
        let issued = second(&claims, "iat")?.ok_or_else(|| Rejection::request("the claim `iat` is missing"))?;
        let events = claims.get("events").and_then(Value::as_object).filter(|events| !events.is_empty());
        let events = events.ok_or_else(|| Rejection::request("the claim `events` must be an object of events"))?;
        let event = |(uri, event): (&String, &Value)| match event {
            Value::Object(event) => Ok((uri.clone(), event.clone())),
            _ => Err(Rejection::request(format!("the event {} must be an object", quoted(uri)))),
        };
        let subject = claims.get("sub_id").map(subject).transpose()?;
        Ok(Claims {
            issuer: text("iss")?,
            audience,
            token: token.into(),
            issued,
            happened: second(&claims, "toe")?.unwrap_or(issued),
            expires: second(&claims, "exp")?,
            digest: Digest::of_json(&(claims.get("sub_id"), events)).to_string().chars().take(16).collect(),
            events: events.iter().map(event).collect::<Result<_, _>>()?,
            subject,
        })
    }

    /// Whether it is neither of the future nor too old.
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn is_of_now(&self, now: i64) -> Result<(), Rejection> {
        let wrong = |what: String| Err(Rejection::request(what));
        for (name, second) in [("iat", self.issued), ("toe", self.happened)] {
            if second > now.saturating_add(SKEW) {
                return wrong(format!("the token is of the future (`{name}`): look at the clocks of both machines"));
            }
            if second < now.saturating_sub(WINDOW) {
                let days = WINDOW / 86_400;
                return wrong(format!("the token is more than {days} days old (`{name}`): send how it is now"));
            }
        }
        match self.expires {
            Some(end) if end < now.saturating_sub(SKEW) => wrong("the token has expired (`exp`)".to_owned()),
            _ => Ok(()),
        }
    }
}

/// A moment in seconds (RFC 7519 section 2, NumericDate).
fn second(claims: &Json, name: &str) -> Result<Option<i64>, Rejection> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(second), _) => Ok(Some(second)),
            // What is beyond all time is of no use as a moment, but one for comparing.
            (None, Some(second)) => Ok(Some(second.floor() as i64)),
            (None, None) => Err(Rejection::request(format!("the claim `{name}` is no moment"))),
        },
        Some(_) => Err(Rejection::request(format!("the claim `{name}` must be a number of seconds"))),
    }
}

fn subject(claim: &Value) -> Result<Subject, Rejection> {
    let wrong = |what: &str| Rejection::request(format!("the claim `sub_id` {what}"));
    let claim = claim.as_object().ok_or_else(|| wrong("must be an object"))?;
    let format = json::text(claim, "format").unwrap_or_default();
    if !format.eq_ignore_ascii_case("scim") {
        return Err(wrong(&format!("has the format {}, not scim", quoted(format))));
    }
    let uri = json::text(claim, "uri").ok_or_else(|| wrong("has no `uri`"))?;
    let mut segments = uri.strip_prefix('/').unwrap_or(uri).split('/');
    let kind = segments.next().and_then(|segment| Kind::ALL.into_iter().find(|kind| kind.segment() == segment));
    let kind = kind.ok_or_else(|| wrong(&format!("is about {}, neither of /Users nor of /Groups", quoted(uri))))?;
    let id = match (segments.next(), segments.next()) {
        (Some(id), None) => percent_encoding::percent_decode_str(id).decode_utf8().ok(),
        _ => None,
    };
    // What the path of a resource can be made of.
    let is_plain = |id: &str| !matches!(id, "" | "." | ".." | ".search") && id.chars().count() <= LONGEST;
    let id = id.filter(|id| is_plain(id) && !id.contains(|c: char| c == '/' || c.is_control()));
    let id = id.ok_or_else(|| wrong(&format!("has a `uri` that leads to no resource: {}", quoted(uri))))?;
    if json::text(claim, "id").is_some_and(|own| own != id) {
        return Err(wrong("has an `id` other than that of its `uri`"));
    }
    let text = |name: &str| json::text(claim, name).filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(Subject { kind, id: Id::from(&*id), external: text("externalId"), key: text(kind.key()) })
}
