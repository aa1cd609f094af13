//! A record in a table of a PostgreSQL database, for hosts that share it: the same lines, a row a line.
//!
//! [`table`] is the address, [`login`] finds what libpq would find (environment, password file). A writer holds an
//! advisory lock, which ends with its session; the number of a line is the table's key, so that two writers can never
//! both append.

mod login;
mod session;
mod table;

use std::sync::Arc;
use std::time::{Duration, Instant};

use providers::sql::{Client, Failure as Refused, quote_identifier};
use tokio_postgres::types::{ToSql, Type};

use super::background::Background;
use super::lock::held_by;
use super::store::{Session, Store, first_number};
use super::{Failure, Head, Holder, head};
use session::PostgresSession;

pub use table::Table;

/// First half of the key of advisory locks (`tenu`); the second is the table's number.
const LOCKS: i32 = 0x7465_6e75;
/// How often a lock that is held is tried again.
const PAUSE: Duration = Duration::from_millis(250);

/// A record in a table.
pub struct PostgresStore {
    way: Way,
}

/// How the table is reached. Cheap to clone.
#[derive(Clone)]
struct Way {
    table: Arc<Table>,
    client: Client,
    background: Arc<Background>,
}

/// A session with the database.
struct Connected {
    session: providers::sql::Session,
    /// The table's name, quoted.
    relation: String,
}

impl PostgresStore {
    /// The store at `table`; nothing is contacted yet.
    ///
    /// # Errors
    /// Where what the environment says about the connection does not go together.
    pub fn new(table: Table) -> Result<PostgresStore, Failure> {
        let client = login::client(&table)?;
        Ok(PostgresStore { way: Way { table: Arc::new(table), client, background: Background::start()? } })
    }
}

impl Way {
    fn name(&self) -> String {
        self.table.to_string()
    }

    fn failed(&self, what: &str, refused: Refused) -> Failure {
        let hint = match refused.code.as_ref().map(|code| code.code()) {
            Some("42501") => "the role needs SELECT and INSERT on the table; `tenure init` needs CREATE on its schema",
            _ => &refused.hint,
        };
        Failure::new(format!("cannot {what} the record at {}: {}", self.name(), refused.message)).hint(hint.to_owned())
    }

    async fn connect(&self, what: &str) -> Result<Connected, Failure> {
        let session = self.client.connect().await.map_err(|refused| self.failed(what, refused))?;
        let (schema, table) = self.table.parts();
        let quoted = |name| quote_identifier(name).map_err(|refused| self.failed(what, refused));
        let relation = format!("{}.{}", quoted(schema)?, quoted(table)?);
        Ok(Connected { session, relation })
    }

    /// The table's number; none where there is no such table.
    async fn number(&self, to: &Connected, what: &str) -> Result<Option<u32>, Failure> {
        let found = to.session.query("SELECT to_regclass($1::text)::oid", &[(&to.relation, Type::TEXT)]).await;
        let rows = found.map_err(|refused| self.failed(what, refused))?;
        Ok(rows.first().and_then(|row| row.get(0)))
    }

    /// The lines, as a state file has them; none where there is no record. What was before the last beginning
    /// (`tenure state archive`) is left out.
    async fn lines(&self, to: &Connected) -> Result<Option<Vec<u8>>, Failure> {
        if self.number(to, "read").await?.is_none() {
            return Ok(None);
        }
        let sql = format!(
            "SELECT line FROM {0} WHERE n >= (SELECT coalesce(max(n) FILTER (WHERE opens), 0) FROM {0}) ORDER BY n",
            to.relation
        );
        let rows = to.session.query(&sql, &[]).await.map_err(|refused| self.failed("read", refused))?;
        let mut bytes = Vec::new();
        for row in &rows {
            let line: &str = row.get(0);
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
        }
        Ok((!bytes.is_empty()).then_some(bytes))
    }

    fn missing(&self) -> Failure {
        Failure::new(format!("there is no record at {}", self.name())).hint(
            "`tenure init` starts one, `tenure state copy` brings one; where there was one, put it back: without it \
             tenure knows nothing",
        )
    }

    async fn lock(&self, holder: &Holder, wait: Duration) -> Result<Connected, Failure> {
        let to = self.connect("lock").await?;
        let Some(number) = self.number(&to, "lock").await? else { return Err(self.missing()) };
        let failed = |refused| self.failed("lock", refused);
        // What others see of the session that holds the lock; the server cuts it at 63 bytes.
        let shown = format!("tenure {}: {} on {} ({})", holder.command, holder.user, holder.host, holder.pid);
        to.session
            .query("SELECT set_config('application_name', $1, false)", &[(&shown, Type::TEXT)])
            .await
            .map_err(failed)?;
        to.session.run("SET synchronous_commit = on; SET idle_session_timeout = 0").await.or_else(|refused| {
            // Servers before 14 know no idle_session_timeout.
            if refused.lost { Err(failed(refused)) } else { Ok(()) }
        })?;
        let begun = Instant::now();
        loop {
            let object = number.cast_signed();
            let key: &[(&(dyn ToSql + Sync), Type)] = &[(&LOCKS, Type::INT4), (&object, Type::INT4)];
            let rows = to.session.query("SELECT pg_try_advisory_lock($1, $2)", key).await.map_err(failed)?;
            if rows.first().is_some_and(|row| row.get(0)) {
                return Ok(to);
            }
            if begun.elapsed() >= wait {
                let sql = "SELECT a.application_name || ', since ' || to_char(a.backend_start, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
                           FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
                           WHERE l.locktype = 'advisory' AND l.classid::int8 = $1::int4::int8 AND l.objid = $2::oid AND l.granted";
                let rows =
                    to.session.query(sql, &[(&LOCKS, Type::INT4), (&number, Type::OID)]).await.map_err(failed)?;
                let who = rows.first().and_then(|row| row.get::<_, Option<String>>(0));
                let who = who.unwrap_or_else(|| "another session".to_owned());
                return Err(held_by(&self.name(), &who, wait, "the lock ends with its session, whatever ends that"));
            }
            tokio::time::sleep(PAUSE.min(wait.saturating_sub(begun.elapsed()))).await;
        }
    }

    /// Adds lines. The first of them may begin the record anew.
    async fn insert(&self, to: &Connected, first: u64, lines: &[u8], opens: bool) -> Result<(), Refused> {
        let lines: Vec<&str> = lines
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| {
                std::str::from_utf8(line)
                    .map_err(|_| Refused::new("a line is not UTF-8", "report this as a defect of tenure"))
            })
            .collect::<Result<_, _>>()?;
        let first = i64::try_from(first).unwrap_or(i64::MAX);
        let sql = format!(
            "INSERT INTO {} (n, line, opens) SELECT $1::int8 + place - 1, line, $3::bool AND place = 1 \
             FROM unnest($2::text[]) WITH ORDINALITY AS new (line, place)",
            to.relation
        );
        to.session
            .query(&sql, &[(&first, Type::INT8), (&lines, Type::TEXT_ARRAY), (&opens, Type::BOOL)])
            .await
            .map(drop)
    }

    async fn create(&self, record: &[u8]) -> Result<(), Failure> {
        let to = self.connect("create").await?;
        let failed = |refused| self.failed("create", refused);
        let rows = to.session.query("SELECT current_setting('server_encoding')", &[]).await.map_err(failed)?;
        let encoding: String = rows.first().map(|row| row.get(0)).unwrap_or_default();
        if encoding != "UTF8" {
            return Err(Failure::new(format!("the database of {} has the encoding {encoding}", self.name()))
                .hint("a record needs UTF8: names of people may be in any script"));
        }
        to.session
            .run(&format!(
                "CREATE TABLE IF NOT EXISTS {0} (n int8 PRIMARY KEY CHECK (n > 0), line text NOT NULL, \
                 opens bool NOT NULL DEFAULT false); \
                 COMMENT ON TABLE {0} IS 'a record of tenure: only ever added to'",
                to.relation
            ))
            .await
            .map_err(failed)?;
        let exists = || {
            Failure::new(format!("there is a record already at {}", self.name()))
                .hint("`tenure state archive` starts a new one that continues it")
        };
        if self.lines(&to).await?.is_some() {
            return Err(exists());
        }
        let first = first_number(record).unwrap_or(1);
        match self.insert(&to, first, record, true).await {
            Err(refused) if refused.code.as_ref().is_some_and(|code| code.code() == "23505") => Err(exists()),
            other => other.map_err(failed),
        }
    }
}

impl Store for PostgresStore {
    fn name(&self) -> String {
        self.way.name()
    }

    fn exists(&self) -> Result<bool, Failure> {
        let way = self.way.clone();
        self.way.background.run(async move {
            let to = way.connect("read").await?;
            if way.number(&to, "read").await?.is_none() {
                return Ok(false);
            }
            let sql = format!("SELECT EXISTS (SELECT FROM {})", to.relation);
            let rows = to.session.query(&sql, &[]).await.map_err(|refused| way.failed("read", refused))?;
            Ok(rows.first().is_some_and(|row| row.get(0)))
        })
    }

    fn create(&self, record: &[u8]) -> Result<(), Failure> {
        let (way, record) = (self.way.clone(), record.to_vec());
        self.way.background.run(async move { way.create(&record).await })
    }

    fn load(&self) -> Result<Vec<u8>, Failure> {
        let way = self.way.clone();
        self.way.background.run(async move {
            let to = way.connect("read").await?;
            way.lines(&to).await?.ok_or_else(|| way.missing())
        })
    }

    fn remembered(&self) -> Option<Head> {
        head::read(&head::elsewhere(&self.name())?)
    }

    fn lock(&self, holder: &Holder, wait: Duration) -> Result<Box<dyn Session>, Failure> {
        let (way, holder) = (self.way.clone(), holder.clone());
        let connected = self.way.background.run(async move { way.lock(&holder, wait).await })?;
        Ok(Box::new(PostgresSession::new(self.way.clone(), connected)))
    }
}
