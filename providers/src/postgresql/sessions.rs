//! Ends the sessions of accounts that were switched off, and looks whether they are gone.

use std::collections::HashMap;
use std::time::Duration;

use tokio_postgres::types::Type;

use super::connection::Session;
use super::failure::Failure;
use super::role::MARK;

/// How often, and after which waits, it is looked whether sessions are gone: 2 s in all.
const LOOKS: u32 = 20;
const WAIT: Duration = Duration::from_millis(100);

/// Ends the sessions of these roles. By role, what is to be said where some stay open.
pub async fn end(session: &Session, oids: &[u32]) -> HashMap<u32, String> {
    if oids.is_empty() {
        return HashMap::new();
    }
    let unknown = |failure: Failure| -> HashMap<u32, String> {
        let what = format!("whether its sessions have ended is not known: {}", failure.message);
        oids.iter().map(|oid| (*oid, what.clone())).collect()
    };
    let mut why: HashMap<u32, String> = HashMap::new();
    let mut asked = Vec::new();
    for look in 0..LOOKS {
        let open = match open(session, oids).await {
            Ok(open) => open,
            Err(failure) => return unknown(failure),
        };
        if open.is_empty() {
            return HashMap::new();
        }
        // Each session is told once; a failure is about all sessions of its role.
        for (oid, pid) in &open {
            if asked.contains(pid) || why.contains_key(oid) {
                continue;
            }
            asked.push(*pid);
            if let Err(failure) = session.query("SELECT pg_terminate_backend($1)", &[(pid, Type::INT4)]).await {
                why.insert(*oid, failure.message);
            }
        }
        if open.iter().all(|(oid, _)| why.contains_key(oid)) || look + 1 == LOOKS {
            break;
        }
        tokio::time::sleep(WAIT).await;
    }
    let open = match open(session, oids).await {
        Ok(open) => open,
        Err(failure) => return unknown(failure),
    };
    let mut counts: HashMap<u32, usize> = HashMap::new();
    open.iter().for_each(|(oid, _)| *counts.entry(*oid).or_default() += 1);
    let what = |(oid, count): (u32, usize)| {
        let sessions =
            if count == 1 { "1 session stays open".to_owned() } else { format!("{count} sessions stay open") };
        match why.get(&oid) {
            Some(why) => (oid, format!("{sessions}: {why}")),
            None => (oid, format!("{sessions}: the server was asked to end them, and has not yet")),
        }
    };
    counts.into_iter().map(what).collect()
}

/// Accounts that tenure switched off and that have sessions open: of a run that was killed before it ended them.
pub async fn left(session: &Session) -> Result<Vec<(u32, String)>, Failure> {
    let sql = "SELECT r.oid, r.rolname::text FROM pg_roles r JOIN pg_shdescription d \
         ON d.objoid = r.oid AND d.classoid = 'pg_authid'::regclass \
         WHERE NOT r.rolcanlogin AND right(d.description, length($1)) = $1 \
         AND EXISTS (SELECT FROM pg_stat_activity a WHERE a.usesysid = r.oid) ORDER BY r.rolname";
    let rows = session.query(sql, &[(&MARK, Type::TEXT)]).await?;
    rows.iter().map(|row| Ok((session.get(row, 0)?, session.get(row, 1)?))).collect()
}

/// The sessions of these roles: role and process.
async fn open(session: &Session, oids: &[u32]) -> Result<Vec<(u32, i32)>, Failure> {
    let sql = "SELECT usesysid, pid FROM pg_stat_activity WHERE usesysid = ANY($1) AND pid <> pg_backend_pid()";
    let rows = session.query(sql, &[(&oids, Type::OID_ARRAY)]).await?;
    rows.iter().map(|row| Ok((session.get(row, 0)?, session.get(row, 1)?))).collect()
}
