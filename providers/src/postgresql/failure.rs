//! What went wrong between tenure and a server.

use tokio_postgres::error::{DbError, SqlState};

use crate::provider::{ConnectError, ReadError};

/// A connection or a statement that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What failed and where.
    pub message: String,
    /// What to do next.
    pub hint: String,
    /// What the server answered; none where it did not.
    pub code: Option<SqlState>,
    /// The connection is gone, or the answer did not come in time: whether the statement took effect is not known from
    /// it. (What was not committed is rolled back by the server.)
    pub lost: bool,
}

impl Failure {
    /// A failure that no server reported.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Failure {
        Failure { message: message.into(), hint: hint.into(), code: None, lost: false }
    }

    /// The failure behind an error of the client, while doing `what` (`postgres://db:5432/postgres: connect`).
    pub fn of(what: &str, error: &tokio_postgres::Error) -> Failure {
        match error.as_db_error() {
            Some(said) => Failure::said(what, said),
            None => {
                let why = cause(error);
                let (message, hint) = (format!("{what}: {why}"), hint_of(&why));
                Failure { message, hint, code: None, lost: true }
            }
        }
    }

    fn said(what: &str, said: &DbError) -> Failure {
        let mut message = format!("{what}: {} (SQLSTATE {})", said.message(), said.code().code());
        for more in [said.detail(), said.hint()].into_iter().flatten() {
            message.push_str("; ");
            message.push_str(&more.replace('\n', ", "));
        }
        // Class 57P: the server goes away; the session ends with the answer.
        let lost = matches!(*said.code(), SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN);
        Failure { message, hint: hint_for(said.code()).to_owned(), code: Some(said.code().clone()), lost }
    }

    /// Whether somebody else changed a role at that very moment: "tuple concurrently updated" is an internal error to
    /// PostgreSQL, without a SQLSTATE of its own (and its words may be in any language).
    pub fn raced(&self) -> bool {
        self.code == Some(SqlState::INTERNAL_ERROR)
    }

    /// Whether another attempt may find the server well: it starts, stops, or has too many clients.
    pub fn passing(&self) -> bool {
        match &self.code {
            None => self.lost,
            Some(code) => {
                matches!(
                    *code,
                    SqlState::CANNOT_CONNECT_NOW
                        | SqlState::ADMIN_SHUTDOWN
                        | SqlState::CRASH_SHUTDOWN
                        | SqlState::TOO_MANY_CONNECTIONS
                        | SqlState::T_R_DEADLOCK_DETECTED
                        | SqlState::T_R_SERIALIZATION_FAILURE
                ) || code.code().starts_with("08")
            }
        }
    }
}

impl From<Failure> for ReadError {
    fn from(failure: Failure) -> ReadError {
        ReadError { message: failure.message, hint: failure.hint }
    }
}

impl From<Failure> for ConnectError {
    fn from(failure: Failure) -> ConnectError {
        ConnectError { message: failure.message, hint: failure.hint }
    }
}

/// The innermost reason of a client error.
fn cause(error: &tokio_postgres::Error) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(inner) = reason.source() {
        reason = inner;
    }
    reason.to_string()
}

fn hint_of(why: &str) -> String {
    let hint = if why.contains("certificate expired") {
        "renew the server's certificate"
    } else if why.contains("not valid for name") {
        "write the host in url as the server's certificate names it"
    } else if why.contains("password missing") {
        "set password in the system block"
    } else if why.contains("certificate") {
        "if the server's certificate is of an authority of your own, name it by sslrootcert in the system block"
    } else if why.contains("does not support TLS") {
        "switch TLS on at the server (ssl = on)"
    } else {
        "check url in the system block, the network, and whether the server runs"
    };
    hint.to_owned()
}

/// What to do about what a server answered (PostgreSQL documentation, appendix A).
fn hint_for(code: &SqlState) -> &'static str {
    match *code {
        SqlState::INVALID_PASSWORD => "check password in the system block",
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION => "check the user in url, and the server's pg_hba.conf",
        SqlState::INVALID_CATALOG_NAME => "check the database in url and in databases",
        SqlState::INSUFFICIENT_PRIVILEGE => "give the role that tenure connects as the right to do that",
        SqlState::TOO_MANY_CONNECTIONS => "set concurrency in the system block, or raise max_connections",
        SqlState::CANNOT_CONNECT_NOW | SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN => {
            "try again when the server is up"
        }
        SqlState::LOCK_NOT_AVAILABLE => "another session holds a lock: try again, or raise lock_timeout",
        SqlState::QUERY_CANCELED => "try again, or raise timeout in the system block",
        SqlState::T_R_DEADLOCK_DETECTED => "try again",
        SqlState::INVALID_GRANT_OPERATION => "groups cannot contain each other in a circle: take one out of the other",
        SqlState::READ_ONLY_SQL_TRANSACTION => "url must lead to the primary server, not to a standby",
        _ => "see what the server says",
    }
}
