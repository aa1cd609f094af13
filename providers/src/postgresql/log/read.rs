//! Reads the log through the server that writes it, from its end backwards.

use rustc_hash::FxHashSet;
use state::Timestamp;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::line::{Line, Zones};
use super::record::{Format, first, records};
use crate::postgresql::connection::Session;
use crate::postgresql::failure::Failure;

/// Bytes that are asked for at once.
const PIECE: i64 = 1 << 20;

/// How long the server may take to write what has happened.
const WRITTEN: std::time::Duration = std::time::Duration::from_millis(200);

/// What was read.
pub struct Log {
    pub lines: Vec<Line>,
    pub zones: Zones,
    /// Transactions that were open at the moment `until`: `3/17`.
    pub open: FxHashSet<String>,
    pub until: Timestamp,
    /// What was read begins here; none where there was nothing.
    pub begins: Option<Timestamp>,
    /// There is more before, which was not read.
    pub bounded: bool,
    /// `log_statement` as it is now.
    pub statements: String,
}

/// Reads back to `since`, to the beginning where there is none, and `limit` bytes at most.
pub async fn read(session: &Session, since: Option<Timestamp>, limit: u64) -> Result<Log, Failure> {
    let place = session.place();
    let (format, folder, extension, statements) = look(session).await?;
    let rows = session
        .query(
            "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8, \
             array(SELECT DISTINCT virtualtransaction FROM pg_locks WHERE virtualtransaction IS NOT NULL)",
            &[],
        )
        .await?;
    let now = rows.first().ok_or_else(|| Failure::new(format!("{place}: the server tells no time"), "try again"))?;
    let until = Timestamp::from_millis(session.get(now, 0)?);
    let open = session.get::<Vec<String>>(now, 1)?.into_iter().collect();
    tokio::time::sleep(WRITTEN).await;

    let sql =
        "SELECT name, size FROM pg_ls_logdir() WHERE name LIKE '%' || $1::text ORDER BY modification DESC, name DESC";
    let files = session.query(sql, &[(&extension, Type::TEXT)]).await.map_err(closed)?;
    let mut left = i64::try_from(limit).unwrap_or(i64::MAX);
    let (mut zones, mut begins, mut bounded) = (Zones::default(), None, false);
    // The files, each as its end; the newest first.
    let mut ends: Vec<Vec<u8>> = Vec::new();
    'files: for file in &files {
        let (name, size) = (session.get::<String>(file, 0)?, session.get::<i64>(file, 1)?);
        let path = format!("{folder}{name}");
        let mut pieces: Vec<Vec<u8>> = Vec::new();
        let (mut end, mut reached) = (size, false);
        while end > 0 && !reached {
            let length = PIECE.min(end).min(left);
            if length == 0 {
                bounded = true;
                ends.push(joined(pieces));
                break 'files;
            }
            let Some(piece) = piece(session, &path, end - length, length).await? else { break };
            (end, left) = (end - length, left - length);
            if let Some(record) = first(format, &piece) {
                if let Some((zone, clock)) = zones.unknown(&record.time) {
                    let offset = offset(session, &clock).await?;
                    zones.learn(zone, offset);
                }
                begins = zones.of(&record).or(begins);
                reached = since.zip(begins).is_some_and(|(since, begins)| begins < since);
            }
            pieces.push(piece);
        }
        ends.push(joined(pieces));
        if reached {
            break;
        }
    }
    let (mut lines, mut unknown) = (Vec::new(), std::collections::BTreeMap::new());
    for bytes in ends.iter().rev() {
        records(format, bytes, |record| {
            if let Some(line) = Line::of(&record) {
                unknown.extend(zones.unknown(&record.time));
                lines.push(line);
            }
        });
    }
    for (zone, clock) in unknown {
        let offset = offset(session, &clock).await?;
        zones.learn(zone, offset);
    }
    Ok(Log { lines, zones, open, until, begins, bounded, statements })
}

/// The form of the log, its folder, how its files end, and `log_statement`.
async fn look(session: &Session) -> Result<(Format, String, &'static str, String), Failure> {
    let place = session.place();
    let sql = "SELECT current_setting('logging_collector'), current_setting('log_statement'), \
               current_setting('log_min_messages'), current_setting('update_process_title'), \
               current_setting('log_destination')";
    let rows = session.query(sql, &[]).await?;
    let Some(row) = rows.first() else { return Err(Failure::new(format!("{place}: no settings"), "try again")) };
    let setting = |column| session.get::<String>(row, column);
    if setting(0)? != "on" {
        return Err(Failure::new(
            format!("{place}: the server keeps no log that could be read: logging_collector is off"),
            "set logging_collector = on, log_destination = 'csvlog' and log_statement = 'ddl' there",
        ));
    }
    if matches!(setting(2)?.as_str(), "log" | "fatal" | "panic") {
        return Err(Failure::new(
            format!("{place}: its log does not tell which statements failed: log_min_messages is {}", setting(2)?),
            "set log_min_messages = 'warning' there",
        ));
    }
    if setting(3)? != "on" {
        return Err(Failure::new(
            format!(
                "{place}: its log does not tell which statements were in a transaction: update_process_title is off"
            ),
            "set update_process_title = on there",
        ));
    }
    let destination = setting(4)?;
    let writes = |form: &str| destination.split(',').any(|own| own.trim() == form);
    let (format, extension) = match (writes("csvlog"), writes("jsonlog")) {
        (true, _) => (Format::Csv, ".csv"),
        (false, true) => (Format::Json, ".json"),
        (false, false) => {
            return Err(Failure::new(
                format!(
                    "{place}: the server writes its log in no form that can be read: log_destination is {destination}"
                ),
                "set log_destination = 'csvlog' there (from PostgreSQL 15 on 'jsonlog' is as good)",
            ));
        }
    };
    // Not for everybody's eyes.
    let rows = session.query("SELECT current_setting('log_directory')", &[]).await.map_err(closed)?;
    let folder: String = rows.first().map(|row| session.get(row, 0)).transpose()?.unwrap_or_default();
    Ok((format, format!("{folder}/"), extension, setting(1)?))
}

/// A piece of a file; none where the file is gone.
async fn piece(session: &Session, path: &str, at: i64, length: i64) -> Result<Option<Vec<u8>>, Failure> {
    let sql = "SELECT pg_read_binary_file($1, $2, $3, true)";
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
        [(&path, Type::TEXT), (&at, Type::INT8), (&length, Type::INT8)];
    let rows = session.query(sql, &parameters).await.map_err(closed)?;
    Ok(rows.first().map(|row| session.get::<Option<Vec<u8>>>(row, 0)).transpose()?.flatten())
}

/// The pieces of a file, which were read from its end on.
fn joined(mut pieces: Vec<Vec<u8>>) -> Vec<u8> {
    pieces.reverse();
    pieces.concat()
}

/// What the clock on the wall was ahead of UTC then, in milliseconds.
async fn offset(session: &Session, clock: &str) -> Result<i64, Failure> {
    let sql = "SELECT (extract(epoch FROM ($1::text::timestamp AT TIME ZONE 'UTC') - \
               ($1::text::timestamp AT TIME ZONE current_setting('log_timezone'))) * 1000)::int8";
    let rows = session.query(sql, &[(&clock, Type::TEXT)]).await?;
    rows.first().map(|row| session.get(row, 0)).transpose().map(Option::unwrap_or_default)
}

/// Says what is missing where the log may not be read.
fn closed(failure: Failure) -> Failure {
    match failure.code {
        Some(SqlState::INSUFFICIENT_PRIVILEGE) => Failure {
            hint:
                "to read the log: GRANT pg_monitor TO the role that tenure connects as, and GRANT EXECUTE ON FUNCTION \
                   pg_read_binary_file(text, bigint, bigint, boolean) to it, in the database in url"
                    .to_owned(),
            ..failure
        },
        _ => failure,
    }
}
