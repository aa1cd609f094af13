//! What a receiver answers that took a request: not always all of it (OTLP, "Partial Success").

use serde::Deserialize;

use crate::render::text::clean;

/// Bytes of an answer that are read, at most.
pub const MOST: usize = 64 * 1024;
/// Characters of what it says that are shown, at most.
const SHOWN: usize = 300;

/// What was not as the receiver wants it.
#[derive(Debug, PartialEq, Eq)]
pub struct Partial {
    /// Spans that it did not take, and that are not to be sent again.
    pub rejected: usize,
    /// Why, or a warning; on one line, and it steers no terminal.
    pub message: String,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "partialSuccess")]
    partial: Option<Told>,
}

/// Numbers of 64 bits are text in the JSON of protocol buffers; readers take both.
#[derive(Deserialize)]
struct Told {
    #[serde(rename = "rejectedSpans", default)]
    rejected: serde_json::Value,
    #[serde(rename = "errorMessage", default)]
    message: Option<String>,
}

/// What the answer `body` complains of; none where it took everything without a word, or is no such answer: it took them.
pub fn partial(body: &[u8]) -> Option<Partial> {
    let told = serde_json::from_slice::<Answer>(body).ok()?.partial?;
    let rejected = told.rejected.as_u64().or_else(|| told.rejected.as_str()?.parse().ok()).unwrap_or(0);
    let message = told.message.unwrap_or_default();
    let message = clean(message.trim());
    let shown = match message.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", message.get(..end).unwrap_or_default()),
        None => message.into_owned(),
    };
    (rejected > 0 || !shown.is_empty())
        .then(|| Partial { rejected: usize::try_from(rejected).unwrap_or(usize::MAX), message: shown })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        for (body, told) in [
            ("", None),
            ("{}", None),
            ("\n\u{8}", None),
            ("[]", None),
            (r#"{"partialSuccess": null}"#, None),
            (r#"{"partialSuccess": {}}"#, None),
            (r#"{"partialSuccess": {"rejectedSpans": "0", "errorMessage": ""}}"#, None),
            (r#"{"partialSuccess": {"rejectedSpans": -1}}"#, None),
            (r#"{"partialSuccess": {"rejectedSpans": [2]}}"#, None),
            (r#"{"partialSuccess": {"rejectedSpans": 7}}"#, Some((7, ""))),
            (r#"{"partialSuccess": {"rejectedSpans": "3", "errorMessage": "too old"}}"#, Some((3, "too old"))),
            (r#"{"partialSuccess": {"errorMessage": " move to v2 "}, "more": 1}"#, Some((0, "move to v2"))),
            ("{\"partialSuccess\": {\"errorMessage\": \"a\\u001b[31m\\nb\"}}", Some((0, r"a\u{1b}[31m\nb"))),
        ] {
            let found = partial(body.as_bytes());
            assert_eq!(found.as_ref().map(|one| (one.rejected, one.message.as_str())), told, "{body}");
        }
        let long = format!(r#"{{"partialSuccess": {{"errorMessage": "{}"}}}}"#, "é".repeat(1_000));
        assert_eq!(partial(long.as_bytes()).unwrap().message, format!("{}...", "é".repeat(300)));
    }
}
