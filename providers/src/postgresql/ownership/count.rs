//! Who owns how much of what.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};
use state::{Owned, Symbol};

use super::super::{Failure, Session};
use super::list::{KIND, OWNED, SHARED};

/// What accounts own, by database.
#[derive(Debug, Default)]
pub struct Counts {
    /// By account and database (0: the cluster): how much.
    all: FxHashMap<(u32, u32), u64>,
    /// By account, database and kind.
    kinds: BTreeMap<(u32, u32, String), u64>,
}

/// What `accounts` (by oid) own in all databases, and in the cluster itself by kind.
pub async fn counts(session: &Session, accounts: &FxHashSet<u32>) -> Result<Counts, Failure> {
    let sql = format!(
        "SELECT refobjid, dbid, CASE classid WHEN 'pg_database'::regclass THEN 'database' \
        WHEN 'pg_tablespace'::regclass THEN 'tablespace' WHEN 'pg_subscription'::regclass THEN 'subscription' END, count(*) \
        FROM pg_shdepend d WHERE refclassid = 'pg_authid'::regclass AND {OWNED} GROUP BY 1, 2, 3"
    );
    let mut counts = Counts::default();
    for row in &session.query(&sql, &[]).await? {
        let (account, database): (u32, u32) = (session.get(row, 0)?, session.get(row, 1)?);
        let (kind, count): (Option<String>, i64) = (session.get(row, 2)?, session.get(row, 3)?);
        if !accounts.contains(&account) {
            continue;
        }
        let count = u64::try_from(count).unwrap_or(0);
        match kind.filter(|_| database == 0) {
            Some(kind) => *counts.kinds.entry((account, 0, kind)).or_default() += count,
            None => *counts.all.entry((account, database)).or_default() += count,
        }
    }
    Ok(counts)
}

/// What `accounts` own in the database that the session leads to, by account and kind.
pub async fn kinds(session: &Session, accounts: &FxHashSet<u32>) -> Result<Vec<(u32, String, u64)>, Failure> {
    let sql = format!(
        "SELECT d.refobjid, {KIND}, count(*) FROM pg_shdepend d \
         LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid \
         WHERE d.refclassid = 'pg_authid'::regclass AND {OWNED} \
         AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY 1, 2"
    );
    let mut kinds = Vec::new();
    for row in &session.query(&sql, &[]).await? {
        let (account, kind, count): (u32, String, i64) =
            (session.get(row, 0)?, session.get(row, 1)?, session.get(row, 2)?);
        if accounts.contains(&account) {
            kinds.push((account, kind, u64::try_from(count).unwrap_or(0)));
        }
    }
    Ok(kinds)
}

/// The names of databases by oid.
pub async fn databases(session: &Session) -> Result<BTreeMap<u32, String>, Failure> {
    let rows = session.query("SELECT oid, datname::text FROM pg_database", &[]).await?;
    rows.iter().map(|row| Ok((session.get(row, 0)?, session.get(row, 1)?))).collect()
}

impl Counts {
    /// In which databases (by oid) who owns something, without the cluster itself.
    pub fn places(&self) -> Vec<(u32, u32)> {
        let mut places: Vec<(u32, u32)> = self.all.keys().copied().collect();
        places.sort_unstable();
        places
    }

    /// Takes the kinds that a database tells in place of what the cluster knows of it.
    pub fn refine(&mut self, database: u32, kinds: Vec<(u32, String, u64)>) {
        self.all.retain(|(_, own), _| *own != database);
        for (account, kind, count) in kinds {
            *self.kinds.entry((account, database, kind)).or_default() += count;
        }
    }

    /// Everything, with the databases by their names; what kinds a database holds that was not entered is not known.
    pub fn all(self, databases: &BTreeMap<u32, String>) -> Vec<Owned> {
        let place = |database: u32| match databases.get(&database) {
            Some(name) => Symbol::new(name),
            None if database == 0 => Symbol::new(SHARED),
            None => Symbol::new("a database that was dropped"),
        };
        let unknown =
            self.all.into_iter().map(|((account, database), count)| (account, database, "object".to_owned(), count));
        let known = self.kinds.into_iter().map(|((account, database, kind), count)| (account, database, kind, count));
        let mut owned: Vec<Owned> = known
            .chain(unknown)
            .map(|(account, database, kind, count)| Owned {
                account: Symbol::new(&account.to_string()),
                place: place(database),
                kind: Symbol::new(&kind),
                count,
            })
            .collect();
        owned.sort_unstable();
        owned
    }
}
