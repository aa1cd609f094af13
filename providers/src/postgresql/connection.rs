//! Sessions with the databases of one cluster.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::config::SslMode as Wire;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Config, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::Failure;
use super::settings::{Login, Options, SslMode};
use super::tls;
use crate::provider::ConnectError;

/// Sessions that are kept at most, of all databases together: servers have few places (`max_connections`).
const IDLE: usize = 8;

/// One cluster, and as whom to connect to it. Cheap to clone; nothing is connected until a session is asked for.
///
/// ```text
/// let client = Client::reading(options)?;             // or Client::writing(options)?
/// let session = client.connect().await?;              // the database in url: for roles and memberships
/// let sales = client.connect_to("sales").await?;      // any other one
/// let rows = sales.query("SELECT relname FROM pg_class WHERE oid = ANY($1)", &[(&oids, Type::OID_ARRAY)]).await?;
/// sales.run("BEGIN; ...; COMMIT").await?;             // statements without parameters, several at once
/// client.keep(sales);                                 // with no transaction open, for whoever asks next
/// ```
#[derive(Clone)]
pub struct Client {
    options: Arc<Options>,
    login: Login,
    tls: MakeRustlsConnect,
    /// Sessions that nobody uses at present.
    idle: Arc<Mutex<Vec<Session>>>,
}

impl Client {
    /// As whoever reads. Reads the certificates that the settings name.
    pub fn reading(options: Arc<Options>) -> Result<Client, ConnectError> {
        Ok(Client { tls: tls::connector(&options)?, login: options.reader.clone(), options, idle: Arc::default() })
    }

    /// As whoever writes.
    pub fn writing(options: Arc<Options>) -> Result<Client, ConnectError> {
        Ok(Client { tls: tls::connector(&options)?, login: options.writer.clone(), options, idle: Arc::default() })
    }

    /// The settings of the system.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// A session with the database in `url`.
    pub async fn connect(&self) -> Result<Session, Failure> {
        self.connect_to(&self.options.database).await
    }

    /// A session with a database of the cluster, by its name: one that was kept, or a new one.
    ///
    /// Names are resolved in `pg_catalog` alone (`search_path`), statements and waits for locks end after the times in
    /// the settings, moments are in UTC.
    pub async fn connect_to(&self, database: &str) -> Result<Session, Failure> {
        if let Some(session) = self.kept(database) {
            return Ok(session);
        }
        let place = format!("{}/{database}", self.options.place());
        let connecting = async {
            match self.options.sslmode {
                SslMode::Disable => self.open(&place, database, Wire::Disable).await,
                SslMode::Prefer => self.open(&place, database, Wire::Prefer).await,
                // Plain first; TLS where the server does not take that (pg_hba.conf).
                SslMode::Allow => match self.open(&place, database, Wire::Disable).await {
                    Err(failure) if failure.code == Some(SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
                        self.open(&place, database, Wire::Require).await
                    }
                    opened => opened,
                },
                SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {
                    self.open(&place, database, Wire::Require).await
                }
            }
        };
        let limit = self.options.timeout;
        timeout(limit, connecting).await.unwrap_or_else(|_| Err(no_answer(&format!("{place}: connect"), limit)))
    }

    /// Keeps a session for whoever asks for one with its database next. It must have no transaction open; where it is not
    /// known how the last one ended, drop it.
    pub fn keep(&self, session: Session) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|session| !session.is_closed());
        if idle.len() < IDLE && !session.is_closed() {
            idle.push(session);
        }
    }

    /// A session that was kept.
    fn kept(&self, database: &str) -> Option<Session> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|session| !session.is_closed());
        let place = idle.iter().rposition(|session| session.database == database)?;
        Some(idle.swap_remove(place))
    }

    async fn open(&self, place: &str, database: &str, mode: Wire) -> Result<Session, Failure> {
        let mut config = Config::new();
        config
            .host(&self.options.host)
            .port(self.options.port)
            .user(&self.login.user)
            .dbname(database)
            .ssl_mode(mode)
            .application_name("tenure")
            .connect_timeout(Duration::from_secs(10));
        if let Some(password) = &self.login.password {
            config.password(password.expose());
        }
        let what = format!("{place}: connect as {}", self.login.user);
        let (client, connection) =
            config.connect(self.tls.clone()).await.map_err(|error| Failure::of(&what, &error))?;
        // Ends when the client is dropped or the connection breaks; its error is the next statement's.
        tokio::spawn(connection);
        let mut session = Session {
            client,
            place: place.to_owned(),
            database: database.to_owned(),
            limit: self.options.timeout,
            version: 0,
            superuser: false,
            user: self.login.user.clone(),
        };
        session
            .run(&format!(
                "SET search_path = pg_catalog; SET standard_conforming_strings = on; SET DateStyle = ISO; \
                 SET TimeZone = 'UTC'; SET bytea_output = hex; SET statement_timeout = '{}s'; SET lock_timeout = '{}s'; \
                 SET default_transaction_isolation = 'read committed'",
                self.options.timeout.as_secs(),
                self.options.lock_timeout.as_secs(),
            ))
            .await?;
        let about = session
            .query(
                "SELECT current_setting('server_version_num')::int4, session_user::text, \
                 (SELECT rolsuper FROM pg_roles WHERE rolname = session_user)",
                &[],
            )
            .await?;
        if let Some(row) = about.first() {
            session.version = session.get(row, 0)?;
            session.user = session.get(row, 1)?;
            session.superuser = session.get(row, 2)?;
        }
        if session.version < 100_000 {
            return Err(Failure::new(
                format!("{place}: the server is PostgreSQL {}", session.version / 10_000),
                "tenure needs PostgreSQL 10 or later",
            ));
        }
        Ok(session)
    }
}

/// A session with one database. Dropping it ends it; a transaction that is open is rolled back by the server then.
pub struct Session {
    client: tokio_postgres::Client,
    place: String,
    database: String,
    limit: Duration,
    /// `server_version_num`: 150018.
    pub version: i32,
    /// Whether whoever is connected is a superuser.
    pub superuser: bool,
    /// Whoever is connected.
    pub user: String,
}

impl Session {
    /// Where this leads, for messages: `postgres://db.acme.example:5432/sales`.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Rows of one statement with parameters `$1`, ... of these types (extended protocol: values never become part of
    /// the text). With their types it is one message there and one back.
    pub async fn query(&self, sql: &str, parameters: &[(&(dyn ToSql + Sync), Type)]) -> Result<Vec<Row>, Failure> {
        self.within(self.client.query_typed(sql, parameters)).await
    }

    /// One or more statements without parameters and without rows that matter (simple protocol). What stands in the
    /// text is quoted by [`super::quote`].
    pub async fn run(&self, sql: &str) -> Result<(), Failure> {
        self.within(self.client.batch_execute(sql)).await
    }

    /// The value in a column of a row.
    pub fn get<'r, T: tokio_postgres::types::FromSql<'r>>(&self, row: &'r Row, column: usize) -> Result<T, Failure> {
        row.try_get(column).map_err(|error| {
            Failure::new(
                format!("{}: an answer has another form than expected: {error}", self.place),
                "report this as a defect of tenure",
            )
        })
    }

    /// The client below, for what this has no method for.
    pub fn client(&self) -> &tokio_postgres::Client {
        &self.client
    }

    /// Whether the connection is gone.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// The answer to a statement, or that it did not come in time. The server ends the statement by itself a little
    /// before (`statement_timeout`); what comes here means that the connection hangs.
    pub async fn within<T>(
        &self,
        statement: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Failure> {
        let limit = self.limit + Duration::from_secs(5);
        match timeout(limit, statement).await {
            Ok(answer) => answer.map_err(|error| Failure::of(&self.place, &error)),
            Err(_) => Err(no_answer(&self.place, limit)),
        }
    }
}

fn no_answer(what: &str, limit: Duration) -> Failure {
    Failure {
        lost: true,
        ..Failure::new(
            format!("{what}: no answer within {} s", limit.as_secs()),
            "check the network and the server, or raise timeout in the system block",
        )
    }
}
