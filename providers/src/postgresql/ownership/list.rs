//! What an account owns, one by one.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use state::{Attributes, Object, Presence, Symbol, Value};
use tokio_postgres::types::Type;

use super::super::databases::enter;
use super::super::{Client, Failure, Session};
use super::count::{counts, databases};

/// The place of what belongs to no database: databases themselves, tablespaces.
pub const SHARED: &str = "cluster";

/// What of `pg_shdepend d` is owned: default privileges and user mappings are settings of a role, and nobody's after it.
pub(super) const OWNED: &str =
    "d.deptype = 'o' AND d.classid NOT IN ('pg_default_acl'::regclass, 'pg_user_mapping'::regclass)";

/// The kind of an owned object, as a column over `pg_shdepend d` and `pg_class c`.
pub(super) const KIND: &str = "CASE \
    WHEN c.relkind IN ('r', 'p') THEN 'table' WHEN c.relkind = 'v' THEN 'view' \
    WHEN c.relkind = 'm' THEN 'materialized view' WHEN c.relkind = 'S' THEN 'sequence' \
    WHEN c.relkind = 'f' THEN 'foreign table' WHEN c.relkind IN ('i', 'I') THEN 'index' \
    WHEN d.classid = 'pg_proc'::regclass THEN 'function' WHEN d.classid = 'pg_namespace'::regclass THEN 'schema' \
    WHEN d.classid = 'pg_type'::regclass THEN 'type' WHEN d.classid = 'pg_largeobject'::regclass THEN 'large object' \
    WHEN d.classid = 'pg_foreign_data_wrapper'::regclass THEN 'foreign data wrapper' \
    WHEN d.classid = 'pg_foreign_server'::regclass THEN 'foreign server' \
    WHEN d.classid = 'pg_event_trigger'::regclass THEN 'event trigger' \
    WHEN d.classid = 'pg_statistic_ext'::regclass THEN 'statistics object' \
    WHEN d.classid = 'pg_opclass'::regclass THEN 'operator class' \
    WHEN d.classid = 'pg_opfamily'::regclass THEN 'operator family' \
    WHEN d.classid = 'pg_ts_config'::regclass THEN 'text search configuration' \
    WHEN d.classid = 'pg_ts_dict'::regclass THEN 'text search dictionary' \
    WHEN d.classid = 'pg_database'::regclass THEN 'database' \
    WHEN d.classid = 'pg_tablespace'::regclass THEN 'tablespace' \
    ELSE replace(substr(d.classid::regclass::text, 4), '_', ' ') END";

/// Something that is owned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    /// Its database, or [`SHARED`].
    pub place: String,
    /// `table`, `function`, `database`, ...
    pub kind: String,
    /// The server's own full name of it, quoted where need be: `public.orders`, `public.add(integer)`, `4711`.
    pub name: String,
    /// By whom, by oid.
    pub owner: u32,
    /// The kind as `ALTER ... OWNER TO` takes it: `TABLE`, `PROCEDURE`; empty where the server has no such statement.
    pub keyword: String,
    /// Goes with the table that it is part of: the sequence of a column.
    pub follows: bool,
}

/// What roles (by oid) own in the database that the session leads to; with `shared`, what belongs to the cluster in
/// place of that.
pub async fn items(session: &Session, place: &str, owners: &[u32], shared: bool) -> Result<Vec<Item>, Failure> {
    let database = match shared {
        true => "0",
        false => "(SELECT oid FROM pg_database WHERE datname = current_database())",
    };
    let sql = format!(
        "SELECT {KIND}, i.identity, d.refobjid, i.type, d.classid = 'pg_class'::regclass AND EXISTS (SELECT FROM pg_depend p \
           WHERE p.classid = 'pg_class'::regclass AND p.objid = d.objid AND p.refclassid = 'pg_class'::regclass \
           AND p.deptype IN ('a', 'i')) FROM pg_shdepend d \
         LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid \
         CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) AS i \
         WHERE d.refclassid = 'pg_authid'::regclass AND {OWNED} AND d.refobjid = ANY($1) AND d.dbid = {database} \
         ORDER BY 1, 2"
    );
    let mut items = Vec::new();
    for row in &session.query(&sql, &[(&owners, Type::OID_ARRAY)]).await? {
        let (kind, name): (String, Option<String>) = (session.get(row, 0)?, session.get(row, 1)?);
        let Some(name) = name else { continue };
        let said: String = session.get(row, 3)?;
        let (owner, follows) = (session.get(row, 2)?, session.get(row, 4)?);
        items.push(Item { place: place.to_owned(), kind, name, owner, keyword: keyword(&said), follows });
    }
    Ok(items)
}

/// The server's word for a type of object (`pg_identify_object`) as a keyword.
fn keyword(said: &str) -> String {
    match said {
        "foreign-data wrapper" => "FOREIGN DATA WRAPPER".to_owned(),
        "statistics object" => "STATISTICS".to_owned(),
        // Its owner is who made it; REASSIGN OWNED alone changes that.
        "extension" => String::new(),
        other => other.to_uppercase(),
    }
}

impl Item {
    /// As one of the list of [`state::owned::OWNED`].
    pub fn value(&self) -> Value {
        let Item { place, kind, name, .. } = self;
        Value::map(
            [("place", place), ("kind", kind), ("name", name)]
                .map(|(key, text)| (Symbol::new(key), Value::text(text.as_str()))),
        )
    }
}

/// What each of these accounts (by id) owns now, all over the cluster: gone where it owns nothing, hidden where a
/// database in which it owns something may not be entered.
pub async fn again(client: &Client, session: &Session, accounts: &[Symbol]) -> Result<Vec<Presence>, Failure> {
    let oids: Vec<u32> = accounts.iter().filter_map(|id| id.as_str().parse().ok()).collect();
    let mut owned: FxHashMap<u32, Result<Vec<Item>, String>> = FxHashMap::default();
    let mut add = |items: Vec<Item>| {
        for item in items {
            if let Ok(list) = owned.entry(item.owner).or_insert_with(|| Ok(Vec::new())) {
                list.push(item);
            }
        }
    };
    add(items(session, SHARED, &oids, true).await?);
    let names = databases(session).await?;
    let places = counts(session, &oids.iter().copied().collect()).await?.places();
    let entered: BTreeSet<u32> = places.iter().map(|(_, database)| *database).collect();
    let mut closed = Vec::new();
    for database in entered {
        let Some(name) = names.get(&database) else { continue };
        match enter(client, name).await? {
            Ok(inside) => add(items(&inside, name, &oids, false).await?),
            Err(why) => closed.push((database, why)),
        }
    }
    for (database, why) in closed {
        for (account, _) in places.iter().filter(|(_, own)| *own == database) {
            owned.insert(*account, Err(format!("what it owns in a database cannot be told: {why}")));
        }
    }
    let presence = |id: &Symbol| match id.as_str().parse().ok().and_then(|oid: u32| owned.remove(&oid)) {
        None => Presence::Gone,
        Some(Err(why)) => Presence::Hidden(why),
        Some(Ok(mut items)) => {
            items.sort();
            let list = Value::list(items.iter().map(Item::value));
            let attributes: Attributes = [(Symbol::new(state::owned::OWNED), list)].into_iter().collect();
            Presence::Here(Object::new(*id, attributes))
        }
    };
    Ok(accounts.iter().map(presence).collect())
}
