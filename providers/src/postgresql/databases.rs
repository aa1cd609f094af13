//! The databases of a cluster: which are in scope, which may be entered, and what stands in them for all of them.

use std::collections::BTreeMap;

use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use rustc_hash::FxHashSet;
use state::{Attributes, Dangling, Grant, Owned};
use tokio_postgres::error::SqlState;

use super::failure::Failure;
use super::ownership;
use super::privileges::read;
use super::{Client, Session};

/// Databases that are read at once.
const AT_ONCE: usize = 4;

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

/// What stands in the databases of a cluster.
#[derive(Debug, Default)]
pub struct Contents {
    pub grants: Vec<Grant>,
    pub dangling: Vec<Dangling>,
    pub owned: Vec<Owned>,
    /// For the proof of completeness: `3 databases; not looked into: crm (...)`.
    pub proof: String,
}

/// What `groups` hold and `accounts` own (both by oid) in all databases in scope. A database that may not be entered is
/// named in the proof; where grants there were asked for, or `databases` lists it, that is an error: nothing is known
/// about them then.
pub async fn contents(
    client: &Client,
    session: &Session,
    asked: &[Attributes],
    groups: &FxHashSet<u32>,
    accounts: &FxHashSet<u32>,
) -> Result<Contents, Failure> {
    let databases = Databases::read(client, session).await?;
    let mut asked = read::by_database(asked);
    let mut contents = Contents::default();
    let mut owners = ownership::counts(session, accounts).await?;
    let work: Vec<_> =
        databases.scope.iter().map(|one| (one.clone(), asked.remove(&one.name).unwrap_or_default())).collect();
    for (database, grants) in asked {
        if databases.others.contains(&database) {
            return Err(Failure::new(
                format!("{}: grants on database {database} are asked for, and it is not looked into", session.place()),
                "name it in databases of the system block (and let it take connections)",
            ));
        }
        contents.dangling.extend(read::nowhere(&database, &grants));
    }
    let looked = iter(work).map(|(database, asked)| async move {
        let name = &*database.name;
        let inside = match enter(client, name).await? {
            Ok(inside) => inside,
            Err(why) if asked.is_empty() && !database.listed => return Ok(Err(format!("{name} ({why})"))),
            Err(why) => {
                let hint =
                    format!("let the role that tenure reads as connect: GRANT CONNECT ON DATABASE {name} TO ...");
                return Err(Failure::new(why, hint));
            }
        };
        let held = read::all(&inside, name, &asked, groups).await?;
        let owned = ownership::kinds(&inside, accounts).await?;
        Ok::<_, Failure>(Ok((database.oid, held, owned)))
    });
    let looked: Vec<_> = looked.buffered(AT_ONCE).try_collect().await?;
    let (mut entered, mut closed) = (0, Vec::new());
    for one in looked {
        match one {
            Ok((database, held, owned)) => {
                entered += 1;
                contents.grants.extend(held.grants);
                contents.dangling.extend(held.dangling);
                owners.refine(database, owned);
            }
            Err(why) => closed.push(why),
        }
    }
    let names: BTreeMap<u32, String> = ownership::databases(session).await?;
    contents.owned = owners.all(&names);
    contents.proof = format!("{entered} database{}", if entered == 1 { "" } else { "s" });
    if !closed.is_empty() {
        contents.proof.push_str(&format!("; not looked into: {}", closed.join(", ")));
    }
    Ok(contents)
}
