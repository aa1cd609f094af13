//! A role as the catalog tells of it, and as an account or a group.

use std::collections::BTreeMap;

use state::{Attributes, Object, Symbol, Value};
use tokio_postgres::Row;

use super::connection::Session;
use super::failure::Failure;

/// At the end of a comment: this role is an account that tenure deactivated. Groups are NOLOGIN too; a comment is the one
/// thing about a role that every administrator may write, on every server (parameters of one's own need a superuser).
pub const MARK: &str = "[tenure: deactivated account]";

/// Object ids below this were given when the cluster was made (`FirstNormalObjectId`): the bootstrap superuser and the
/// predefined roles.
const FIRST_OWN: u32 = 16_384;

/// A row of `pg_roles`, with its comment and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    pub oid: u32,
    pub name: String,
    pub login: bool,
    pub superuser: bool,
    pub inherit: bool,
    pub createrole: bool,
    pub createdb: bool,
    pub replication: bool,
    pub bypassrls: bool,
    /// -1: no limit.
    pub connection_limit: i32,
    /// RFC 3339 in UTC; none where the password never ends.
    pub valid_until: Option<String>,
    /// Without the [mark](MARK).
    pub comment: Option<String>,
    /// Whether its comment bears the [mark](MARK).
    pub marked: bool,
    /// Parameters that its sessions start with, in all databases; names in lower case.
    pub config: BTreeMap<String, String>,
}

/// What [`Role::from_row`] takes, `FROM pg_roles r` and the comment `d`.
pub const COLUMNS: &str = "r.oid, r.rolname::text, r.rolcanlogin, r.rolsuper, r.rolinherit, r.rolcreaterole, \
     r.rolcreatedb, r.rolreplication, r.rolbypassrls, r.rolconnlimit, \
     CASE WHEN isfinite(r.rolvaliduntil) THEN to_char(r.rolvaliduntil, 'YYYY-MM-DD\"T\"HH24:MI:SS.US') END, \
     d.description, r.rolconfig";

/// The tables of [`COLUMNS`].
pub const TABLES: &str = "pg_roles r LEFT JOIN pg_shdescription d \
     ON d.objoid = r.oid AND d.classoid = 'pg_authid'::regclass";

impl Role {
    /// Out of the [columns](COLUMNS).
    pub fn from_row(session: &Session, row: &Row) -> Result<Role, Failure> {
        let (comment, marked) = unmarked(session.get(row, 11)?);
        Ok(Role {
            oid: session.get(row, 0)?,
            name: session.get(row, 1)?,
            login: session.get(row, 2)?,
            superuser: session.get(row, 3)?,
            inherit: session.get(row, 4)?,
            createrole: session.get(row, 5)?,
            createdb: session.get(row, 6)?,
            replication: session.get(row, 7)?,
            bypassrls: session.get(row, 8)?,
            connection_limit: session.get(row, 9)?,
            valid_until: session.get::<Option<String>>(row, 10)?.map(|text| moment(&text)),
            comment,
            marked,
            config: session.get::<Option<Vec<String>>>(row, 12)?.map(parameters).unwrap_or_default(),
        })
    }

    /// Its id as a symbol: the object id. A role that is dropped and made again has another one.
    pub fn id(&self) -> Symbol {
        Symbol::new(&self.oid.to_string())
    }

    /// Whether tenure never changes it: predefined, the bootstrap superuser, or a role that tenure itself connects as.
    pub fn is_out_of_bounds(&self, own: &[String]) -> bool {
        self.oid < FIRST_OWN || self.name.starts_with("pg_") || own.contains(&self.name)
    }

    /// Whether it is read: all but those out of bounds, and of these the roles that tenure itself connects as.
    pub fn is_seen(&self, own: &[String]) -> bool {
        own.contains(&self.name) || !self.is_out_of_bounds(own)
    }

    /// Whether it is an account: it may log in, or it bears the mark of an account that may not.
    pub fn is_account(&self) -> bool {
        self.login || self.marked
    }

    /// As an account. A role that was an account stays one when somebody takes LOGIN from it: whoever asks for it as an
    /// account is told that it is switched off.
    pub fn account(&self) -> Object {
        let own = [
            (Symbol::new("connection_limit"), Some(Value::Integer(self.connection_limit.into()))),
            (Symbol::new("valid_until"), self.valid_until.as_deref().map(Value::from)),
            (Symbol::new("config"), (!self.config.is_empty()).then(|| self.config_value())),
        ];
        Object { active: self.login, ..Object::new(self.id(), self.attributes(own)) }
    }

    /// As a group.
    pub fn group(&self) -> Object {
        Object::new(self.id(), self.attributes([]))
    }

    fn config_value(&self) -> Value {
        Value::map(self.config.iter().map(|(name, value)| (Symbol::new(name), Value::text(value.as_str()))))
    }

    fn attributes<const N: usize>(&self, own: [(Symbol, Option<Value>); N]) -> Attributes {
        let both = [
            ("name", Some(Value::text(self.name.as_str()))),
            ("comment", self.comment.as_deref().map(Value::from)),
            ("createdb", Some(Value::Bool(self.createdb))),
            ("createrole", Some(Value::Bool(self.createrole))),
            ("inherit", Some(Value::Bool(self.inherit))),
            ("replication", Some(Value::Bool(self.replication))),
            ("bypassrls", Some(Value::Bool(self.bypassrls))),
            ("superuser", Some(Value::Bool(self.superuser))),
        ];
        let both = both.into_iter().map(|(name, value)| (Symbol::new(name), value));
        both.chain(own).filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// A comment with the mark, to be written.
pub fn marked(comment: Option<&str>) -> String {
    match comment {
        Some(comment) => format!("{comment} {MARK}"),
        None => MARK.to_owned(),
    }
}

/// A comment as it was read, without the mark, and whether it had one.
fn unmarked(comment: Option<String>) -> (Option<String>, bool) {
    match comment.as_deref().and_then(|comment| comment.strip_suffix(MARK)) {
        Some("") => (None, true),
        Some(rest) => (Some(rest.strip_suffix(' ').unwrap_or(rest).to_owned()), true),
        None => (comment.filter(|comment| !comment.is_empty()), false),
    }
}

/// `2026-12-31T00:00:00.000000` with microseconds only where there are some.
fn moment(text: &str) -> String {
    match text.split_once('.') {
        Some((seconds, fraction)) if fraction.bytes().all(|digit| digit == b'0') => format!("{seconds}Z"),
        _ => format!("{}Z", text.trim_end_matches('0')),
    }
}

/// Entries `name=value`.
fn parameters(entries: Vec<String>) -> BTreeMap<String, String> {
    let pair = |entry: &String| entry.split_once('=').map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    entries.iter().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_told_from_the_comment() {
        for (comment, rest, has) in [
            (None, None, false),
            (Some(""), None, false),
            (Some("Ada"), Some("Ada"), false),
            (Some("[tenure: deactivated account]"), None, true),
            (Some("Ada [tenure: deactivated account]"), Some("Ada"), true),
            (Some("Ada  [tenure: deactivated account]"), Some("Ada "), true),
            (Some("[tenure: deactivated account] no"), Some("[tenure: deactivated account] no"), false),
        ] {
            assert_eq!(unmarked(comment.map(str::to_owned)), (rest.map(str::to_owned), has), "{comment:?}");
        }
        for comment in [None, Some("Ada"), Some("Ada ")] {
            assert_eq!(unmarked(Some(marked(comment))), (comment.map(str::to_owned), true));
        }
    }
}
