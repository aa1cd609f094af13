//! Lines added to a record in a table, in the session that holds the lock.

use std::sync::Arc;

use state::record::Chain;
use tokio_postgres::types::Type;

use super::{Connected, Way};
use crate::edge::store::{Guard, Repair, Session, first_number};
use crate::edge::{Failure, head};

/// A record under its lock.
pub struct PostgresSession {
    way: Way,
    to: Arc<Connected>,
    /// The number of the line that comes next; none before the record was read.
    next: Option<u64>,
    /// What failed once: nothing is appended any more.
    broken: Option<Failure>,
}

impl PostgresSession {
    pub(super) fn new(way: Way, to: Connected) -> PostgresSession {
        PostgresSession { way, to: Arc::new(to), next: None, broken: None }
    }

    fn write(&mut self, batch: &[u8], opens: bool) -> Result<(), Failure> {
        let next = self.next.ok_or_else(|| Failure::new(format!("{} was not read yet", self.way.name())))?;
        let (way, to, lines) = (self.way.clone(), Arc::clone(&self.to), batch.to_vec());
        self.way.background.run(async move {
            let Err(refused) = way.insert(&to, next, &lines, opens).await else { return Ok(()) };
            if refused.code.as_ref().is_some_and(|code| code.code() == "23505") {
                return Err(Failure::new(format!(
                    "somebody else has written line {next} of {}: nothing more is called",
                    way.name()
                ))
                .hint("is the database behind a pooler that shares sessions? tenure needs a session of its own"));
            }
            let lost = refused.lost;
            let mut failure = way.failed("add to", refused);
            if lost {
                // The lock is gone with the session; what is left to say is whether the lines are there.
                let there = match way.connect("read").await {
                    Ok(again) => there(&way, &again, next, &lines).await,
                    Err(_) => None,
                };
                let said = match there {
                    Some(true) => "the lines were written",
                    Some(false) => "the lines were not written",
                    None => "whether the lines were written is not known",
                };
                failure.message = format!("{}; {said}, and the lock is gone: nothing more is called", failure.message);
            }
            Err(failure)
        })?;
        self.next = Some(next.saturating_add(memchr::memchr_iter(b'\n', batch).count() as u64));
        Ok(())
    }

    fn append_once(&mut self, batch: &[u8], opens: bool) -> Result<(), Failure> {
        if let Some(failure) = &self.broken {
            return Err(failure.clone());
        }
        let written = self.write(batch, opens);
        self.broken = written.clone().err();
        written
    }
}

/// Whether the first of these lines is in the table.
async fn there(way: &Way, to: &Connected, first: u64, lines: &[u8]) -> Option<bool> {
    let first = i64::try_from(first).ok()?;
    let line = std::str::from_utf8(lines.split(|byte| *byte == b'\n').next()?).ok()?;
    let sql = format!("SELECT EXISTS (SELECT FROM {} WHERE n = $1 AND line = $2)", to.relation);
    let rows = to
        .session
        .query(&sql, &[(&first, Type::INT8), (&line, Type::TEXT)])
        .await
        .map_err(|refused| way.failed("read", refused))
        .ok()?;
    rows.first().map(|row| row.get(0))
}

impl Session for PostgresSession {
    fn name(&self) -> String {
        self.way.name()
    }

    fn load(&mut self) -> Result<Vec<u8>, Failure> {
        let (way, to) = (self.way.clone(), Arc::clone(&self.to));
        let bytes = self.way.background.run(async move { way.lines(&to).await?.ok_or_else(|| way.missing()) })?;
        let first = first_number(&bytes).unwrap_or(1);
        self.next = Some(first.saturating_add(memchr::memchr_iter(b'\n', &bytes).count() as u64));
        Ok(bytes)
    }

    /// A transaction is there whole or not at all: there is nothing to repair.
    fn repair(&mut self, _: Repair) {}

    fn append(&mut self, batch: &[u8]) -> Result<(), Failure> {
        self.append_once(batch, false)
    }

    fn replace(&mut self, bytes: &[u8]) -> Result<String, Failure> {
        let next = self.next.unwrap_or_default();
        self.append_once(bytes, true)?;
        Ok(format!("the rows of {} before line {next}", self.way.name()))
    }

    fn remember(&mut self, chain: &Chain) {
        if let Some(path) = head::elsewhere(&self.name()) {
            head::keep(&path, chain.line, chain.head);
        }
    }

    fn guard(&self) -> Guard {
        let (to, name) = (Arc::clone(&self.to), self.way.name());
        Arc::new(move || {
            if !to.session.is_closed() {
                return Ok(());
            }
            Err(Failure::new(format!("the session that holds the lock on {name} has ended"))
                .hint("nothing more is called; what is in doubt is looked at first by the next apply"))
        })
    }
}
