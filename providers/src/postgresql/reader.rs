//! The half that reads: everything in one snapshot.
//!
//! The roles that tenure connects as are read like any other, and named as its own: nothing is ever written to them, and
//! what a plan would do to them is held.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use rustc_hash::FxHashSet;
use state::{Capabilities, Complete, Membership, Object, Observed, Presence, Schema, Symbol, Target, TransactionState};
use tokio_postgres::types::Type;

use super::catalog;
use super::connection::Client;
use super::databases;
use super::elsewhere;
use super::failure::Failure;
use super::log;
use super::ownership;
use super::privileges;
use super::role::Role;
use super::schema::{capabilities, schema};
use crate::http::retry::Retry;
use crate::provider::{Ask, Authors, Difference, ReadError, Reader};

/// Reads one cluster. Sessions are kept; reads are tried again where the server is away.
pub struct PostgresqlReader {
    client: Client,
    /// Roles that tenure connects as.
    own: Vec<String>,
}

impl PostgresqlReader {
    pub fn new(client: Client) -> PostgresqlReader {
        let own = own(&client);
        PostgresqlReader { client, own }
    }

    /// Everything in one snapshot; the session is not used again where that fails.
    async fn snapshot(&self, accounts: &HashSet<u32>, ask: &Ask<'_>) -> Result<Observed, Failure> {
        let session = self.client.connect().await?;
        session.run("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
        let roles = catalog::roles(&session).await?;
        (ask.progress)(roles.len() as u64);
        let members = catalog::members(&session).await?;
        (ask.progress)((roles.len() + members.len()) as u64);
        let counts = catalog::counts(&session).await?;
        session.run("COMMIT").await?;
        if counts != (roles.len() as i64, members.len() as i64) {
            return Err(Failure::new(
                format!(
                    "{}: {} roles and {} memberships were read in a snapshot that counts {} and {}",
                    session.place(),
                    roles.len(),
                    members.len(),
                    counts.0,
                    counts.1
                ),
                "report this as a defect of tenure",
            ));
        }
        let proof = format!("{} roles and {} memberships as counted in the same snapshot", counts.0, counts.1);
        let mut observed = observed(&roles, members, &self.own, accounts, Complete::proved(proof, ask.now));
        let ids = |objects: &[Object]| objects.iter().filter_map(|object| oid(object.id)).collect::<FxHashSet<u32>>();
        let (groups, mut owners) = (ids(&observed.groups), ids(&observed.accounts));
        // Nobody takes over what tenure itself owns: with the first superuser that is most of the cluster.
        for own in observed.own.iter().filter_map(|id| oid(*id)) {
            owners.remove(&own);
        }
        let inside = databases::contents(&self.client, &session, ask.grants, &groups, &owners).await?;
        self.client.keep(session);
        observed.complete.proof.push_str(&format!("; {}", inside.proof));
        observed.grants = inside.grants;
        observed.grants.sort_by(|a, b| (a.group, &a.attributes).cmp(&(b.group, &b.attributes)));
        (ask.progress)((counts.0 + counts.1) as u64 + observed.grants.len() as u64);
        Ok(observed.with_owned(inside.owned).with_dangling(inside.dangling))
    }

    async fn look(&self, targets: &[Target]) -> Result<Vec<Presence>, Failure> {
        let mut oids = Vec::with_capacity(targets.len());
        let mut places = Vec::new();
        let (mut grants, mut owners) = (Vec::new(), Vec::new());
        for target in targets {
            match *target {
                Target::Account(id) | Target::Group(id) => oids.extend(oid(id)),
                Target::Membership { group, member, .. } => places.extend(oid(group).zip(oid(member))),
                Target::Grant { group, grant } => grants.push((group, grant)),
                Target::Owned(id) => owners.push(id),
            }
        }
        let session = self.client.connect().await?;
        let mut held = match grants.as_slice() {
            [] => Vec::new(),
            grants => privileges::read::again(&self.client, &session, grants).await?,
        }
        .into_iter();
        let mut owned = match owners.as_slice() {
            [] => Vec::new(),
            owners => ownership::again(&self.client, &session, owners).await?,
        }
        .into_iter();
        let roles = catalog::some_roles(&session, &oids, &[]).await?;
        let members = catalog::some_members(&session, &places).await?;
        self.client.keep(session);
        let role = |id: Symbol| roles.get(&oid(id)?).filter(|role| role.is_seen(&self.own));
        let here = |object: Option<Object>| object.map_or(Presence::Gone, Presence::Here);
        let unread = || Presence::Hidden("it was not read".to_owned());
        let mut presence = |target: &Target| match *target {
            // Whoever asks knows it as an account: without LOGIN it is one that is switched off.
            Target::Account(id) => here(role(id).map(Role::account)),
            Target::Group(id) => here(role(id).filter(|role| !role.is_account()).map(Role::group)),
            Target::Membership { group, member, .. } => {
                let rows = oid(group).zip(oid(member)).and_then(|place| members.get(&place));
                here(rows.map(|rows| Object::new("", catalog::qualifiers(rows))))
            }
            Target::Grant { .. } => held.next().unwrap_or_else(unread),
            Target::Owned(_) => owned.next().unwrap_or_else(unread),
        };
        Ok(targets.iter().map(&mut presence).collect())
    }

    /// What became of transactions that were announced together.
    async fn fates(&self, transactions: Symbol) -> Result<TransactionState, Failure> {
        let mut states = Vec::new();
        for transaction in elsewhere::apart(transactions) {
            states.push(self.fate(transaction).await?);
        }
        Ok(elsewhere::together(&states))
    }

    async fn fate(&self, transaction: Symbol) -> Result<TransactionState, Failure> {
        let session = self.client.connect().await?;
        let sql = match session.version >= 130_000 {
            true => "SELECT pg_xact_status($1::text::xid8)",
            false => "SELECT txid_status($1::text::bigint)",
        };
        let state = match session.query(sql, &[(&transaction.as_str(), Type::TEXT)]).await {
            Ok(rows) => match rows.first() {
                Some(row) => session.get::<Option<String>>(row, 0)?,
                None => None,
            },
            // An id that is none, or one that the server has not given out: it came out of a backup, or is another one.
            Err(failure) if failure.code.is_some() && !failure.lost => None,
            Err(failure) => return Err(failure),
        };
        self.client.keep(session);
        Ok(match state.as_deref() {
            Some("committed") => TransactionState::Committed,
            Some("aborted") => TransactionState::Aborted,
            Some("in progress") => TransactionState::InProgress,
            _ => TransactionState::Unknown,
        })
    }
}

/// Tries again while the failure is a passing one.
macro_rules! patiently {
    ($attempt:expr) => {{
        let retry = Retry::default();
        let mut attempt = 1;
        loop {
            match $attempt.await {
                Err(failure) if failure.passing() && attempt < retry.attempts => {
                    tokio::time::sleep(retry.wait(attempt)).await;
                    attempt += 1;
                }
                result => break result.map_err(ReadError::from),
            }
        }
    }};
}

#[async_trait]
impl Reader for PostgresqlReader {
    async fn describe(&self) -> Result<(Schema, Capabilities), ReadError> {
        let session = patiently!(self.client.connect())?;
        let options = self.client.options();
        let described = (schema(Some(options), Some(session.version)), capabilities(Some(options)));
        self.client.keep(session);
        Ok(described)
    }

    async fn inventory(&self, ask: &Ask<'_>) -> Result<Observed, ReadError> {
        let accounts = ask.accounts.iter().filter_map(|id| oid(*id)).collect();
        patiently!(self.snapshot(&accounts, ask))
    }

    async fn read(&self, targets: &[Target]) -> Result<Vec<Presence>, ReadError> {
        if targets.is_empty() {
            return Ok(Vec::new());
        }
        patiently!(self.look(targets))
    }

    async fn transaction(&self, transaction: Symbol) -> Result<TransactionState, ReadError> {
        patiently!(self.fates(transaction))
    }

    async fn touched(&self, differences: &[Difference]) -> Result<Authors, ReadError> {
        match self.client.options().server_log {
            None => Ok(Authors::nothing(differences)),
            Some(limit) => patiently!(log::ask::ask(&self.client, &self.own, differences, limit)),
        }
    }
}

/// The roles that tenure connects as: it never touches them.
pub fn own(client: &Client) -> Vec<String> {
    let options = client.options();
    vec![options.reader.user.clone(), options.writer.user.clone()]
}

/// An id as the object id that it is; none where it is no id of a role.
pub fn oid(id: Symbol) -> Option<u32> {
    id.as_str().parse().ok()
}

/// The inventory out of the rows. `accounts` are the ids that are known as accounts.
fn observed(
    roles: &[Role],
    members: Vec<catalog::MemberRow>,
    own: &[String],
    accounts: &HashSet<u32>,
    complete: Complete,
) -> Observed {
    let seen = roles.iter().filter(|role| role.is_seen(own));
    let is_account = |role: &Role| role.is_account() || accounts.contains(&role.oid);
    let kinds: HashMap<u32, bool> = seen.clone().map(|role| (role.oid, is_account(role))).collect();
    let ours: Vec<&Role> = seen.clone().filter(|role| own.contains(&role.name)).collect();
    let (people, groups): (Vec<&Role>, Vec<&Role>) = seen.partition(|role| is_account(role));
    let mut places: HashMap<(u32, u32), Vec<catalog::MemberRow>> = HashMap::with_capacity(members.len());
    // From 16 on, whoever makes a role gets the right to administrate it, and may give itself the rest
    // (`createrole_self_grant`): that comes with the making.
    let administrates = |row: &catalog::MemberRow| row.inherit == Some(false) && row.set == Some(false);
    let by_making = |row: &catalog::MemberRow| {
        (administrates(row) || row.grantor == row.member) && ours.iter().any(|role| role.oid == row.member)
    };
    for row in members.into_iter().filter(|row| !by_making(row)) {
        places.entry((row.group, row.member)).or_default().push(row);
    }
    let membership = |(&(group, member), rows): (&(u32, u32), &Vec<catalog::MemberRow>)| {
        // A role that may log in can be given like a group; tenure knows groups as NOLOGIN roles only.
        let of_group = kinds.get(&group).is_some_and(|account| !account);
        let account = *kinds.get(&member).filter(|_| of_group)?;
        Some(Membership {
            group: Symbol::new(&group.to_string()),
            member: Symbol::new(&member.to_string()),
            nested: !account,
            attributes: catalog::qualifiers(rows),
        })
    };
    let memberships = places.iter().filter_map(membership).collect();
    let (people, groups) = (people.into_iter().map(Role::account), groups.into_iter().map(Role::group));
    Observed::new(complete, people.collect(), groups.collect(), memberships, Vec::new())
        .with_own(ours.iter().map(|role| role.id()))
}
