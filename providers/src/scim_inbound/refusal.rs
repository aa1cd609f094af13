//! Why a request is not carried out, in SCIM's words (RFC 7644 section 3.12).

use serde_json::{Value, json};

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// `scimType`, where the RFC has a word for it.
    pub kind: Option<&'static str>,
    /// For people.
    pub detail: String,
}

impl Refusal {
    /// With a status alone.
    pub fn new(status: u16, detail: impl Into<String>) -> Refusal {
        Refusal { status, kind: None, detail: detail.into() }
    }

    /// 400 with one of the words of RFC 7644, table 9.
    pub fn bad(kind: &'static str, detail: impl Into<String>) -> Refusal {
        Refusal { status: 400, kind: Some(kind), detail: detail.into() }
    }

    /// 400 `invalidValue`.
    pub fn value(detail: impl Into<String>) -> Refusal {
        Refusal::bad("invalidValue", detail)
    }

    /// There is no such resource, or no such path.
    pub fn not_found(what: impl std::fmt::Display) -> Refusal {
        Refusal::new(404, format!("there is no {what} here"))
    }

    /// The body of the answer.
    pub fn body(&self) -> Value {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.status.to_string(),
            "detail": self.detail,
        });
        if let (Some(kind), Some(body)) = (self.kind, body.as_object_mut()) {
            body.insert("scimType".to_owned(), kind.into());
        }
        body
    }
}

/// `text` for an error message, bounded.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 100;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}...", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}
