//! What the answer to a write means: done, refused, stale, or nobody knows.

use state::{Object, Outcome};

use crate::http::{Answer, HttpError, WriteFailure};

use super::client::{Client, Found};
use super::message;

/// Waited after a 429 that does not say how long: in milliseconds.
const PAUSE: u64 = 2_000;

/// An answer of success, or the outcome that anything else is.
pub async fn success(client: &Client, answer: Result<Answer, WriteFailure>) -> Result<Answer, Outcome> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(WriteFailure::NotSent(error)) => {
            return Err(refused(format!("{}; nothing was sent: {}", error.message, error.hint)));
        }
        Err(WriteFailure::Lost(error)) => return Err(Outcome::Unknown(error.message)),
    };
    let status = answer.status.as_u16();
    if (200..300).contains(&status) {
        return Ok(answer);
    }
    let said = message::sentence(&client.connection, &answer).await;
    Err(match status {
        300..=399 => {
            let to = answer.header(reqwest::header::LOCATION).and_then(|to| answer.url.join(to).ok());
            let to = to.map_or_else(|| "nowhere".to_owned(), |to| to.origin().ascii_serialization());
            let said = format!(
                "{said}: it redirects to {to}; nothing was sent there; write where the API is as url in the system block"
            );
            // Only these two say that the same request is wanted elsewhere; others may follow a deed.
            if matches!(status, 307 | 308) { refused(said) } else { Outcome::Unknown(said) }
        }
        412 => Outcome::Stale(None),
        429 => {
            let now =
                std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default();
            let wait = answer.retry_after(i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
            Outcome::Refused {
                error: format!("{said}; {}", message::hint(429)),
                retry_after: Some(wait.unwrap_or(PAUSE)),
            }
        }
        // A server may give up waiting after it has begun.
        408 => Outcome::Unknown(said),
        404 | 410 if answer.method != reqwest::Method::POST => {
            refused(format!("{said}; it is gone from the system: plan again"))
        }
        409 if answer.method == reqwest::Method::POST => Outcome::Taken(format!("{said}; {}", message::hint(status))),
        400..=499 | 501 => refused(format!("{said}; {}", message::hint(status))),
        _ => Outcome::Unknown(format!("{said}: whether it happened is not known")),
    })
}

/// A refusal.
pub fn refused(error: String) -> Outcome {
    Outcome::Refused { error, retry_after: None }
}

/// The outcome of something that failed before anything was written.
pub fn not_begun(error: HttpError) -> Outcome {
    refused(format!("{}; nothing was written: {}", error.message, error.hint))
}

/// Says of a stale outcome what stands there now.
pub async fn informed(client: &Client, outcome: Outcome, account: bool, id: state::Symbol) -> Outcome {
    match outcome {
        Outcome::Stale(None) => match client.fetch(account, id).await {
            Ok(Found::Here(resource)) => Outcome::Stale(Some(resource.object)),
            _ => Outcome::Stale(None),
        },
        other => other,
    }
}

/// The object in an answer of success to a change; `expected` where the answer has no body (204). An answer that
/// shows something else than a resource was not given by the API.
pub fn shown(client: &Client, account: bool, answer: &Answer, expected: Object) -> Outcome {
    if answer.body.trim_ascii().is_empty() {
        return Outcome::Done(expected);
    }
    match client.resource(account, answer) {
        Ok(resource) if resource.object.id == expected.id => Outcome::Done(resource.object),
        Ok(resource) => Outcome::Unknown(format!(
            "{}, but with the resource {} in place of {}",
            answer.said(),
            resource.object.id,
            expected.id
        )),
        Err(error) => Outcome::Unknown(error.message),
    }
}
