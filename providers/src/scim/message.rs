//! What SCIM servers say when they refuse (RFC 7644 section 3.12), in words with a hint.

use crate::http::error::clean;
use crate::http::{Answer, Connection, HttpError};

use super::json::{self, Json};

/// The `detail` and `scimType` of an error answer, redacted and bounded; what else came where it is no SCIM error.
pub async fn detail(connection: &Connection, answer: &Answer) -> String {
    let said = match serde_json::from_slice::<serde_json::Value>(&answer.body) {
        Ok(serde_json::Value::Object(object)) => said(&object),
        Ok(_) => String::new(),
        Err(_) if answer.body.trim_ascii_start().first() == Some(&b'<') => "an HTML page".to_owned(),
        Err(_) => String::from_utf8_lossy(answer.body.get(..2000).unwrap_or(&answer.body)).into_owned(),
    };
    clean(&connection.redact(&said).await)
}

fn said(object: &Json) -> String {
    let detail = ["detail", "error_description", "message", "error"]
        .into_iter()
        .find_map(|name| json::text(object, name).filter(|text| !text.is_empty()));
    match (detail, json::text(object, "scimType").filter(|kind| !kind.is_empty())) {
        (Some(detail), Some(kind)) if !detail.contains(kind) => format!("{detail} ({kind})"),
        (Some(detail), _) => detail.to_owned(),
        (None, Some(kind)) => kind.to_owned(),
        (None, None) => String::new(),
    }
}

/// `GET https://... answered 403 Forbidden: detail`.
pub async fn sentence(connection: &Connection, answer: &Answer) -> String {
    let detail = detail(connection, answer).await;
    if detail.is_empty() { answer.said() } else { format!("{}: {detail}", answer.said()) }
}

/// The error of a read that was answered, but not with what was asked for.
pub async fn refusal(connection: &Connection, answer: &Answer) -> HttpError {
    HttpError::new(sentence(connection, answer).await, hint(answer.status.as_u16()))
}

/// What to do about a status.
pub fn hint(status: u16) -> &'static str {
    match status {
        401 => "the credential was not accepted: check the value behind token (or username and password, or client_id)",
        403 => "the credential may not do this: give it the right in the system, or use another one",
        404 => "check url in the system block: it must be the base of the SCIM API, often ending in /scim/v2",
        409 => "another object of the system has the same unique value: adopt it, or change the value",
        429 => "too many requests: set rate in the system block, or try again later",
        400 => {
            "the server does not accept the values or the form of the request: see its words, and /Schemas of the server"
        }
        501 => "the server cannot do this",
        500..=599 => "the server failed: see its log, then try again",
        _ => "see the server's documentation",
    }
}
