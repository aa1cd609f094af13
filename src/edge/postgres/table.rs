//! The address of a record in a table.

use std::fmt;

use crate::edge::Failure;

const HINT: &str = "write it as postgres://USER@HOST:PORT/DATABASE?table=NAME; the password comes from PGPASSWORD or the \
                    password file";
/// What the address may say about the connection, as libpq takes it.
const KNOWN: [&str; 4] = ["sslmode", "sslrootcert", "sslcert", "sslkey"];

/// `postgres://USER@HOST:PORT/DATABASE?table=NAME`, `NAME` with a schema or without (`public`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The part between `postgres://` and `?`: user, host, port, database; any of them may be missing.
    pub authority: String,
    table: String,
    /// Other parameters, as written.
    pub parameters: Vec<(String, String)>,
}

impl Table {
    /// Reads an address.
    ///
    /// # Errors
    /// Where it names no table, carries a password, or has a parameter that is not known.
    pub fn parse(text: &str) -> Result<Table, Failure> {
        let wrong = |what: String| Err(Failure::new(what).hint(HINT));
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
        if authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':')) {
            return wrong("the address of the record in PostgreSQL carries a password".to_owned());
        }
        let mut table = None;
        let mut parameters = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match name {
                "table" => table = Some(value.to_owned()),
                name if KNOWN.contains(&name) => parameters.push((name.to_owned(), value.to_owned())),
                name => {
                    return wrong(format!("postgres://{authority} has the parameter {name}, which is not known here"));
                }
            }
        }
        let Some(table) = table.filter(|table| !table.is_empty()) else {
            return wrong(format!("postgres://{authority} names no table"));
        };
        let plain = |part: &str| {
            !part.is_empty() && part.len() <= 63 && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        if table.split('.').count() > 2 || !table.split('.').all(plain) {
            return wrong(format!(
                "`{table}` is not the name of a table: letters, digits and _, with SCHEMA. or without"
            ));
        }
        Ok(Table { authority: authority.trim_end_matches('/').to_owned(), table, parameters })
    }

    /// Schema and name.
    pub fn parts(&self) -> (&str, &str) {
        self.table.split_once('.').unwrap_or(("public", &self.table))
    }

    /// What files that belong to the record are called after.
    pub fn last_name(&self) -> &str {
        &self.table
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}?table={}", self.authority, self.table)
    }
}
