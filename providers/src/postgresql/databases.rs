//! The databases of a cluster: which are in scope, and which may be entered.

use tokio_postgres::error::SqlState;

use super::failure::Failure;
use super::{Client, Session};

/// The databases of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Databases {
    /// In scope, sorted by name.
    pub scope: Vec<Database>,
    /// The others, sorted.
    pub others: Vec<String>,
}

/// A database in scope.
#[derive(Clone, Debug)]
pub struct Database {
    pub name: String,
    pub oid: u32,
    /// Whether `databases` names it: it must be read then.
    pub listed: bool,
}

impl Databases {
    /// Those that `databases` lists, or all that take connections and are no templates (whoever is connected to a
    /// template keeps others from making databases).
    pub async fn read(client: &Client, session: &Session) -> Result<Databases, Failure> {
        let sql = "SELECT datname::text, oid, datallowconn, datistemplate FROM pg_database ORDER BY datname";
        let listed = client.options().databases.as_deref();
        let mut databases = Databases::default();
        for row in &session.query(sql, &[]).await? {
            let (name, oid): (String, u32) = (session.get(row, 0)?, session.get(row, 1)?);
            let (open, template): (bool, bool) = (session.get(row, 2)?, session.get(row, 3)?);
            match listed {
                Some(listed) if listed.contains(&name) => {
                    databases.scope.push(Database { name, oid, listed: true });
                }
                None if open && !template => databases.scope.push(Database { name, oid, listed: false }),
                _ => databases.others.push(name),
            }
        }
        let missing = listed.unwrap_or_default().iter().find(|name| databases.find(name).is_none());
        if let Some(missing) = missing {
            let hint = "correct databases in the system block";
            return Err(Failure::new(format!("{}: there is no database {missing:?}", session.place()), hint));
        }
        Ok(databases)
    }

    /// The database in scope with this name.
    pub fn find(&self, name: &str) -> Option<&Database> {
        self.scope.iter().find(|database| database.name == name)
    }
}

/// A session with a database, or why it may not be entered; an error where that cannot even be told.
pub async fn enter(client: &Client, database: &str) -> Result<Result<Session, String>, Failure> {
    match client.connect_to(database).await {
        Ok(session) => Ok(Ok(session)),
        Err(failure) => {
            let refused = matches!(
                &failure.code,
                Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE
                    || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
                    || *code == SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE
            );
            if refused && !failure.lost { Ok(Err(failure.message)) } else { Err(failure) }
        }
    }
}
