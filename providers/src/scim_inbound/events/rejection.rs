//! Why a token is not taken, in the words of RFC 8935 section 2.4.

use serde_json::{Value, json};

use super::super::refusal::Refusal;

/// Why a token is not taken (RFC 8935 section 2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The HTTP status.
    pub status: u16,
    /// `err`.
    pub code: &'static str,
    /// For people.
    pub description: String,
}

impl Rejection {
    pub fn new(code: &'static str, description: impl Into<String>) -> Rejection {
        Rejection { status: 400, code, description: description.into() }
    }

    /// The token is none, or not one of these events.
    pub fn request(description: impl Into<String>) -> Rejection {
        Rejection::new("invalid_request", description)
    }

    /// The body of the answer.
    pub fn body(&self) -> Value {
        json!({"err": self.code, "description": self.description})
    }
}

/// What SCIM says of an event's data. What cannot be kept, or fails here, keeps its status: it may go well another time.
impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Rejection {
        let status = if refusal.status >= 500 { refusal.status } else { 400 };
        Rejection { status, code: "invalid_request", description: refusal.detail }
    }
}
