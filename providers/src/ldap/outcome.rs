//! What the answer to a write means: done, refused, stale, or nobody knows.

use state::Outcome;

use super::error::{Failure, LdapError};
use super::protocol::{Answer, Code};

/// Waited after a server said that it is busy: in milliseconds.
const PAUSE: u64 = 2_000;

/// An answer of success, or the outcome that anything else is. An update of LDAP is atomic (RFC 4511 section 4.6): what
/// is answered with an error did not happen.
pub fn success(place: &str, what: &str, answer: Result<Answer, Failure>) -> Result<Answer, Outcome> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(Failure::NotSent(error)) => return Err(not_begun(&error)),
        Err(Failure::Lost(error)) => {
            return Err(Outcome::Unknown(format!("{}: whether it happened is not known", error.message)));
        }
    };
    match answer.code {
        Code::SUCCESS => Ok(answer),
        Code::ASSERTION_FAILED | Code::NO_SUCH_ATTRIBUTE | Code::ATTRIBUTE_OR_VALUE_EXISTS => Err(Outcome::Stale(None)),
        code if code.is_transient() => Err(Outcome::Refused {
            error: LdapError::answered(&format!("{place}: {what}"), &answer).message,
            retry_after: Some(PAUSE),
        }),
        _ => {
            let error = LdapError::answered(&format!("{place}: {what}"), &answer);
            Err(refused(format!("{}; {}", error.message, error.hint)))
        }
    }
}

/// A refusal.
pub fn refused(error: String) -> Outcome {
    Outcome::Refused { error, retry_after: None }
}

/// The outcome of something that failed before anything was written.
pub fn not_begun(error: &LdapError) -> Outcome {
    refused(format!("{}; nothing was written: {}", error.message, error.hint))
}
