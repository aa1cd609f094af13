//! Hearing of changes: PostgreSQL tells nobody when a role changes, so the shared catalogs are looked at. They are small,
//! anybody may read them, and they are the same in every database.
//!
//! A row's `xmin` is another one after each change of it, so a count and a sum tell of every change of a table without
//! reading what it holds. Of roles only the view may be read by everybody, which has no `xmin`: its rows are hashed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::connection::{Client, Session};
use super::settings::Options;
use crate::listener::Probe;
use crate::provider::{ConnectError, Settings};

/// Between two looks, at least; a look that takes long comes more seldom: at most a twentieth of the time is spent on it.
const EVERY: Duration = Duration::from_secs(1);
const SHARE: u32 = 20;

/// Roles; who is a member of whom; which roles own something or stand in a list of privileges, in whichever database;
/// databases and their privileges; settings and comments of roles.
const MARK: &str = "\
SELECT concat_ws(' ', \
(SELECT count(*) || '/' || coalesce(sum(hashtext(r::text)::int8), 0) FROM pg_roles r), \
(SELECT count(*) || '/' || coalesce(sum(xmin::text::int8), 0) FROM pg_auth_members), \
(SELECT count(*) || '/' || coalesce(sum(xmin::text::int8), 0) FROM pg_shdepend), \
(SELECT count(*) || '/' || coalesce(sum(xmin::text::int8), 0) FROM pg_database), \
(SELECT count(*) || '/' || coalesce(sum(xmin::text::int8), 0) FROM pg_db_role_setting), \
(SELECT count(*) || '/' || coalesce(sum(xmin::text::int8), 0) FROM pg_shdescription))";

/// The shared catalogs of one cluster.
#[derive(Default)]
pub struct Catalogs {
    session: Option<Session>,
    took: Duration,
}

#[async_trait]
impl Probe for Catalogs {
    async fn open(&mut self, settings: &Settings) -> Result<Result<&'static str, String>, ConnectError> {
        self.session = None;
        let client = Client::reading(Arc::new(Options::read(settings)?))?;
        self.session = Some(client.connect().await?);
        Ok(Ok("polling the catalogs"))
    }

    async fn mark(&mut self) -> Result<String, ConnectError> {
        let Some(session) = &self.session else {
            let hint = "report this as a defect of tenure".to_owned();
            return Err(ConnectError { message: "it has not begun".to_owned(), hint });
        };
        let began = Instant::now();
        let rows = session.query(MARK, &[]).await?;
        self.took = began.elapsed();
        Ok(rows.first().map(|row| session.get(row, 0)).transpose()?.unwrap_or_default())
    }

    fn every(&self) -> Duration {
        EVERY.max(self.took * SHARE)
    }
}
