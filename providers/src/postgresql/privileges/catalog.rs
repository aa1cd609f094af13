//! What a database has that privileges are on, and who holds what on it: one question per database.

use rustc_hash::{FxHashMap, FxHashSet};
use tokio_postgres::types::{ToSql, Type};

use super::super::{Failure, Session};
use super::form::{Place, Which};
use super::kind::{Kind, Privilege, Reach};

/// What is asked of a database.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Kinds to look at; none: all.
    pub kinds: Option<FxHashSet<Kind>>,
    /// Schemas to look at; none: all but the server's own, and of those what somebody holds something on.
    pub schemas: Option<FxHashSet<String>>,
    /// Schemas of the server's own to look at whole.
    pub own_schemas: FxHashSet<String>,
    /// Names of what is looked at only where it is named, or where somebody holds something on it: types, columns (by
    /// their tables), languages, ...
    pub names: FxHashSet<String>,
    /// Owners of what is made later.
    pub owners: FxHashSet<String>,
    /// Holders to look at, by oid; none: all.
    pub holders: Option<FxHashSet<u32>>,
}

impl Question {
    /// What must be known about everything, and these places besides.
    pub fn everything<'a>(places: impl IntoIterator<Item = &'a Place>) -> Question {
        let mut question = Question::default();
        places.into_iter().for_each(|place| question.also(place));
        question
    }

    /// What must be known about these places and holders alone.
    pub fn only<'a>(places: impl IntoIterator<Item = &'a Place>, holders: FxHashSet<u32>) -> Question {
        let (mut kinds, mut schemas, mut question) = (FxHashSet::default(), FxHashSet::default(), Question::default());
        let mut anywhere = false;
        // Whether a schema is there is always asked.
        kinds.insert(Kind::Schema);
        for place in places {
            question.also(place);
            kinds.insert(place.kind);
            match place.schema.as_ref().map(|schema| schema.literal()) {
                Some(Some(schema)) => {
                    schemas.insert(schema.to_owned());
                }
                Some(None) => anywhere = true,
                None => {}
            }
        }
        question.kinds = Some(kinds);
        question.schemas = (!anywhere).then_some(schemas);
        question.holders = Some(holders);
        question
    }

    fn also(&mut self, place: &Place) {
        if let Some(schema) = place.schema.as_ref().and_then(|schema| schema.literal()) {
            self.own_schemas.insert(schema.to_owned());
        }
        match (&place.which, place.kind.facts().reach) {
            (Which::Column(name, _), _) => drop(self.names.insert(name.clone())),
            (Which::Named(name), Reach::InSchema | Reach::InDatabase) => drop(self.names.insert(name.clone())),
            (Which::Owner(owner), _) => drop(self.owners.insert(owner.clone())),
            _ => {}
        }
    }
}

/// Something that privileges are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub kind: Kind,
    /// Its schema; empty where it stands in none, or where a default holds in all.
    pub schema: String,
    /// Its name; of functions with the types of their arguments; of a column its table.
    pub name: String,
    /// Of a function its name alone; of a column its own name; of a default whose it is.
    pub detail: String,
    /// Who owns it, by oid. Nobody grants to them what they have anyway.
    pub owner: u32,
    /// By holder.
    pub held: Vec<Held>,
}

impl Object {
    /// What somebody holds on it.
    pub fn held_by(&self, holder: u32) -> &[Held] {
        let rest = self.held.split_at(self.held.partition_point(|held| held.holder < holder)).1;
        rest.split_at(rest.partition_point(|held| held.holder == holder)).0
    }
}

/// What somebody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// By oid.
    pub holder: u32,
    pub privilege: Privilege,
    pub grant_option: bool,
    /// Who gave it, by oid.
    pub grantor: u32,
}

/// A database, as far as it was asked for.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    pub database: String,
    pub objects: Vec<Object>,
    /// Oids of those of the asked owners that are there.
    pub owners: FxHashMap<String, u32>,
}

/// Whether a schema is the server's own.
pub fn is_own(schema: &str) -> bool {
    schema.starts_with("pg_") || schema == "information_schema"
}

impl Catalog {
    /// Asks the database that the session leads to.
    pub async fn read(session: &Session, database: &str, question: &Question) -> Result<Catalog, Failure> {
        let list = |set: &FxHashSet<String>| {
            let mut list: Vec<String> = set.iter().cloned().collect();
            list.sort_unstable();
            list
        };
        let tags: Option<Vec<&str>> =
            question.kinds.as_ref().map(|kinds| kinds.iter().map(|kind| kind.facts().tag).collect());
        let schemas = question.schemas.as_ref().map(list);
        let (own, names, owners) = (list(&question.own_schemas), list(&question.names), list(&question.owners));
        let holders: Option<Vec<u32>> = question.holders.as_ref().map(|holders| holders.iter().copied().collect());
        let sql = question_text(session.version);
        let parameters: [(&(dyn ToSql + Sync), Type); 5] = [
            (&tags, Type::TEXT_ARRAY),
            (&schemas, Type::TEXT_ARRAY),
            (&own, Type::TEXT_ARRAY),
            (&names, Type::TEXT_ARRAY),
            (&holders, Type::OID_ARRAY),
        ];
        let rows = session.query(&sql, &parameters).await?;
        let mut catalog = Catalog { database: database.to_owned(), ..Catalog::default() };
        catalog.objects.reserve(rows.len());
        for row in &rows {
            let tag: &str = session.get(row, 0)?;
            let Some(kind) = Kind::of_tag(tag) else { continue };
            let text = |column| session.get::<Option<&str>>(row, column).map(|text| text.unwrap_or("").to_owned());
            let (schema, mut name, detail, owner) = (text(1)?, text(2)?, text(3)?, session.get(row, 4)?);
            let detail = match kind {
                Kind::Function | Kind::Procedure => {
                    let alone = name.clone();
                    name = format!("{name}({detail})");
                    alone
                }
                _ => detail,
            };
            let held = holders_of(session, row)?;
            catalog.objects.push(Object { kind, schema, name, detail, owner, held });
        }
        if !owners.is_empty() {
            let sql = "SELECT rolname::text, oid FROM pg_roles WHERE rolname = ANY($1)";
            let rows = session.query(sql, &[(&owners, Type::NAME_ARRAY)]).await?;
            for row in &rows {
                catalog.owners.insert(session.get(row, 0)?, session.get(row, 1)?);
            }
        }
        Ok(catalog)
    }

    /// Lets what asked owners make later stand among the objects where nobody holds anything on it yet.
    pub fn expect(&mut self, place: &Place) {
        let Which::Owner(name) = &place.which else { return };
        let Some(owner) = self.owners.get(name).copied() else { return };
        let schema = place.schema.as_ref().and_then(|schema| schema.literal()).unwrap_or("");
        let here = |object: &Object| object.kind == Kind::Schema && object.name == schema;
        let same = |object: &Object| object.kind == place.kind && object.owner == owner && object.schema == schema;
        if self.objects.iter().any(same) || !(schema.is_empty() || self.objects.iter().any(here)) {
            return;
        }
        self.objects.push(Object {
            kind: place.kind,
            schema: schema.to_owned(),
            name: String::new(),
            detail: name.clone(),
            owner,
            held: Vec::new(),
        });
    }
}

fn holders_of(session: &Session, row: &tokio_postgres::Row) -> Result<Vec<Held>, Failure> {
    let Some(holders) = session.get::<Option<Vec<u32>>>(row, 5)? else { return Ok(Vec::new()) };
    let privileges: Vec<&str> = session.get(row, 6)?;
    let options: Vec<bool> = session.get(row, 7)?;
    let grantors: Vec<u32> = session.get(row, 8)?;
    let rows = holders.into_iter().zip(privileges).zip(options).zip(grantors);
    let mut held: Vec<Held> = rows
        .filter_map(|(((holder, privilege), grant_option), grantor)| {
            // What a later server may know is not ours to judge.
            Some(Held { holder, privilege: Privilege::named(privilege)?, grant_option, grantor })
        })
        .collect();
    held.sort_by_key(|held| held.holder);
    Ok(held)
}

/// Parameters: tags or null, schemas or null, own schemas, names, holders or null. Types are printed in full, since
/// the search path has `pg_catalog` alone.
fn question_text(version: i32) -> String {
    let procedure = if version >= 110_000 { "CASE p.prokind WHEN 'p' THEN 'p' ELSE 'f' END" } else { "'f'::text" };
    format!(
        "WITH object(tag, schema, name, detail, owner, acl) AS (
  SELECT 'd'::text, NULL::text, datname::text, NULL::text, datdba, datacl
    FROM pg_database WHERE datname = current_database()
  UNION ALL
  SELECT 'n', nspname::text, nspname::text, NULL, nspowner, nspacl FROM pg_namespace
  UNION ALL
  SELECT CASE c.relkind WHEN 'S' THEN 'S' ELSE 'r' END, n.nspname::text, c.relname::text, NULL, c.relowner, c.relacl
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p', 'S')
  UNION ALL
  SELECT {procedure}, n.nspname::text, p.proname::text,
      (SELECT string_agg(format_type(one, NULL), ', ' ORDER BY place)
        FROM unnest(p.proargtypes) WITH ORDINALITY AS argument(one, place)),
      p.proowner, p.proacl
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname <> 'pg_catalog' OR p.proacl IS NOT NULL OR n.nspname = ANY($3)
  UNION ALL
  SELECT 'T', n.nspname::text, t.typname::text, NULL, t.typowner, t.typacl
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typacl IS NOT NULL OR t.typname = ANY($4)
  UNION ALL
  SELECT 'c', n.nspname::text, c.relname::text, a.attname::text, c.relowner, a.attacl
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT a.attisdropped AND (a.attacl IS NOT NULL OR c.relname = ANY($4) AND a.attnum > 0)
      AND c.relkind IN ('r', 'v', 'm', 'f', 'p')
  UNION ALL
  SELECT 'l', NULL, lanname::text, NULL, lanowner, lanacl
    FROM pg_language WHERE lanacl IS NOT NULL OR lanname = ANY($4)
  UNION ALL
  SELECT 'v', NULL, srvname::text, NULL, srvowner, srvacl
    FROM pg_foreign_server WHERE srvacl IS NOT NULL OR srvname = ANY($4)
  UNION ALL
  SELECT 'w', NULL, fdwname::text, NULL, fdwowner, fdwacl
    FROM pg_foreign_data_wrapper WHERE fdwacl IS NOT NULL OR fdwname = ANY($4)
  UNION ALL
  SELECT 'L', NULL, oid::text, NULL, lomowner, lomacl
    FROM pg_largeobject_metadata WHERE lomacl IS NOT NULL OR oid::text = ANY($4)
  UNION ALL
  SELECT 'D' || d.defaclobjtype::text, n.nspname::text, NULL, pg_get_userbyid(d.defaclrole)::text, d.defaclrole, d.defaclacl
    FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
)
SELECT tag, schema, name, detail, owner, holder, privilege, option, grantor
  FROM object LEFT JOIN LATERAL (
    SELECT array_agg(e.grantee) AS holder, array_agg(e.privilege_type) AS privilege,
        array_agg(e.is_grantable) AS option, array_agg(e.grantor) AS grantor
      FROM aclexplode(object.acl) AS e
      WHERE e.grantee <> 0 AND e.grantee <> object.owner AND ($5::oid[] IS NULL OR e.grantee = ANY($5))
  ) AS holders ON true
  WHERE ($1::text[] IS NULL OR tag = ANY($1))
    AND (schema IS NULL OR $2::text[] IS NULL OR schema = ANY($2))
    AND (schema IS NULL OR NOT (schema ~ '^pg_' OR schema = 'information_schema')
      OR schema = ANY($3) OR holder IS NOT NULL)
  ORDER BY tag, schema, name, detail, owner"
    )
}
