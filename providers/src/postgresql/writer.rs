//! The half that writes: a call is one transaction.
//!
//! What guards against changes that others make meanwhile: roles are read again in the transaction, under a lock, and
//! compared with what the plan's re-read saw. A superuser takes the catalog's tables in SHARE ROW EXCLUSIVE mode: others
//! may log in and read, and wait with changes of roles until this is committed. Whoever may not lock the catalog touches
//! each role with an `ALTER ROLE` that changes nothing: that locks its row, so that others' changes of it either were
//! committed before and are seen, or fail after. Two tenures wait for each other by an advisory lock in any case.

use std::collections::{HashMap, HashSet};
use std::pin::pin;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use futures_util::future::try_join3;
use state::{Action, Object, Order, Outcome, Symbol, Target};
use tokio::sync::Mutex;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::catalog::{qualifiers, some_members, some_roles};
use super::connection::{Client, Session};
use super::elsewhere;
use super::failure::Failure;
use super::judge::{Facts, Needs, name_in};
use super::quote::identifier;
use super::reader::{oid, own};
use super::role::Role;
use super::sessions;
use crate::provider::{Announce, ConnectError, Writer};

/// Orders that are sent as one message, behind one savepoint, once something failed: where one of them fails, the
/// others are sent again.
const TOGETHER: usize = 100;

/// Any number, the same in every tenure: `pg_advisory_xact_lock` takes it.
const ADVISORY: i64 = 0x7465_6e75_7265;

/// How often it is tried to lock roles that others change at the same time.
const RACES: u32 = 5;

/// Milliseconds after which a call that met another session's lock may be tried again.
const AGAIN: u64 = 1_000;

/// Writes to one cluster.
pub struct PostgresqlWriter {
    client: Client,
    own: Vec<String>,
    /// Accounts of which it was said that they have sessions open.
    told: Mutex<HashSet<u32>>,
}

impl PostgresqlWriter {
    pub fn new(client: Client) -> PostgresqlWriter {
        let own = own(&client);
        PostgresqlWriter { client, own, told: Mutex::default() }
    }
}

#[async_trait]
impl Writer for PostgresqlWriter {
    async fn execute(&self, orders: &[Order], announce: &dyn Announce) -> Vec<Outcome> {
        if !orders.iter().any(elsewhere::belongs) {
            return self.of_cluster(orders, announce).await;
        }
        let of_cluster = async |orders: &[Order], joined: &elsewhere::Joined<'_>| self.of_cluster(orders, joined).await;
        elsewhere::execute(&self.client, orders, announce, of_cluster).await
    }

    /// Ends the sessions that a killed run left to accounts which it had switched off.
    async fn close(&self) -> Result<(), ConnectError> {
        let session = self.client.connect().await?;
        let told = self.told.lock().await;
        let mut left = sessions::left(&session).await?;
        left.retain(|(oid, _)| !told.contains(oid));
        let oids: Vec<u32> = left.iter().map(|(oid, _)| *oid).collect();
        let open = sessions::end(&session, &oids).await;
        let open = left.iter().find_map(|(oid, name)| Some((name, open.get(oid)?)));
        match open {
            None => Ok(()),
            Some((name, what)) => {
                let hint = "it is switched off: end its sessions (pg_terminate_backend), or let tenure do so by membership in \
                            pg_signal_backend";
                Err(Failure::new(format!("{}: {name}: {what}", session.place()), hint).into())
            }
        }
    }
}

impl PostgresqlWriter {
    /// Orders about roles and memberships.
    async fn of_cluster(&self, orders: &[Order], announce: &dyn Announce) -> Vec<Outcome> {
        if orders.is_empty() {
            return Vec::new();
        }
        let session = match self.client.connect().await {
            Ok(session) => session,
            Err(failure) => return refused(orders, &failure),
        };
        let mut call = Call { session: &session, orders, outcomes: vec![None; orders.len()] };
        let (answer, ended) = match call.transaction(self.client.options().allow_superuser, &self.own, announce).await {
            Ok(()) => {
                let (outcomes, open) = call.end_sessions().await;
                self.told.lock().await.extend(open);
                (outcomes, true)
            }
            Err(End::RolledBack(failure)) => {
                // Where this fails the session is gone, and the transaction with it.
                let ended = session.run("ROLLBACK").await.is_ok();
                (call.undone(|| refusal(&failure)), ended)
            }
            Err(End::InDoubt(failure)) => {
                let error = format!("the answer to COMMIT was lost: {}", failure.message);
                (call.undone(|| Outcome::Unknown(error.clone())), false)
            }
        };
        if ended {
            self.client.keep(session);
        }
        answer
    }
}

/// The place of an order, and its statements.
type Judged = (usize, Vec<String>);

/// How a transaction ended that was not committed.
enum End {
    /// Nothing of it happened.
    RolledBack(Failure),
    /// COMMIT was sent, and its answer did not come.
    InDoubt(Failure),
}

impl From<Failure> for End {
    fn from(failure: Failure) -> End {
        End::RolledBack(failure)
    }
}

struct Call<'c> {
    session: &'c Session,
    orders: &'c [Order],
    /// One for each order, once it is known.
    outcomes: Vec<Option<Outcome>>,
}

impl Call<'_> {
    async fn transaction(&mut self, allow_superuser: bool, own: &[String], announce: &dyn Announce) -> Result<(), End> {
        let mut attempt = 1;
        let facts = loop {
            match self.facts(allow_superuser, own).await {
                // Nothing has been changed yet; another look shows what the others did, or that the role is dropped.
                Err(failure) if (failure.raced() || absent(&failure)) && attempt < RACES => {
                    self.session.run("ROLLBACK").await?;
                }
                facts => break facts?,
            }
            attempt += 1;
        };
        let mut judged: Vec<Judged> = Vec::with_capacity(self.orders.len());
        for (n, order) in self.orders.iter().enumerate() {
            match facts.judge(order) {
                Ok(statements) => judged.push((n, statements)),
                Err(no) => self.set(n, no.into()),
            }
        }
        let mut done = Vec::with_capacity(judged.len());
        let mut left = if judged.is_empty() { Vec::new() } else { vec![judged] };
        while let Some(part) = left.pop() {
            match self.carry_out(part).await? {
                Ok(places) => done.extend(places),
                Err(part) => left.extend(part.chunks(TOGETHER).rev().map(<[_]>::to_vec)),
            }
        }
        if done.is_empty() {
            return Ok(self.session.run("ROLLBACK").await?);
        }
        let id = self.answers(&done, &facts).await?;
        if let Err(error) = announce.transaction(id).await {
            return Err(End::RolledBack(Failure::new(error, "nothing was changed")));
        }
        match self.session.run("COMMIT").await {
            Ok(()) => Ok(()),
            Err(failure) if failure.lost => Err(End::InDoubt(failure)),
            Err(failure) => Err(End::RolledBack(failure)),
        }
    }

    /// Begins, locks, and reads what the orders are about.
    async fn facts(&self, allow_superuser: bool, own: &[String]) -> Result<Facts, Failure> {
        let session = self.session;
        let needs = Needs::of(self.orders.iter());
        if session.superuser {
            session
                .run(&format!(
                    "BEGIN; SELECT pg_advisory_xact_lock({ADVISORY}); LOCK TABLE pg_authid, pg_auth_members, \
                     pg_db_role_setting, pg_shdescription IN SHARE ROW EXCLUSIVE MODE"
                ))
                .await?;
        } else {
            session.run(&format!("BEGIN; SELECT pg_advisory_xact_lock({ADVISORY})")).await?;
            self.touch(own).await?;
        }
        let mut members = some_members(session, &needs.places).await?;
        let mut oids = needs.oids;
        // Who gave a membership must be named to take it.
        oids.extend(members.values().flatten().map(|row| row.grantor));
        oids.sort_unstable();
        oids.dedup();
        let roles = some_roles(session, &oids, &needs.names).await?;
        members.retain(|_, rows| !rows.is_empty());
        let renamed = self.orders.iter().filter(|order| order.action == Action::Rename);
        let renamed: Vec<u32> = renamed.filter_map(|order| oid(order.target?.remote())).collect();
        Ok(Facts {
            names: roles.values().map(|role| (role.name.clone(), role.oid)).collect(),
            md5: self.md5(&renamed).await?,
            roles,
            members,
            version: session.version,
            allow_superuser,
            own: own.to_vec(),
        })
    }

    /// Locks the rows of the roles that are to be changed, by changes that change nothing.
    async fn touch(&self, own: &[String]) -> Result<(), Failure> {
        let oids = self.orders.iter().filter_map(|order| match order.target {
            Some(Target::Account(id) | Target::Group(id)) => oid(id),
            _ => None,
        });
        let mut oids: Vec<u32> = oids.collect();
        // In one order, whoever does it: two of them wait for each other, and not in a circle.
        oids.sort_unstable();
        oids.dedup();
        let roles = some_roles(self.session, &oids, &[]).await?;
        let touched = oids.iter().filter_map(|oid| roles.get(oid)).filter(|role| !role.is_out_of_bounds(own));
        let statements: Result<Vec<String>, Failure> =
            touched.map(|role| Ok(format!("ALTER ROLE {}", identifier(&role.name)?))).collect();
        let statements = statements?;
        if statements.is_empty() { Ok(()) } else { self.session.run(&statements.join("; ")).await }
    }

    /// Which of these roles have an MD5 password: only a superuser can tell.
    async fn md5(&self, oids: &[u32]) -> Result<HashSet<u32>, Failure> {
        if oids.is_empty() || !self.session.superuser {
            return Ok(HashSet::new());
        }
        let sql = "SELECT oid FROM pg_authid WHERE oid = ANY($1) AND rolpassword LIKE 'md5%'";
        let rows = self.session.query(sql, &[(&oids, Type::OID_ARRAY)]).await?;
        rows.iter().map(|row| self.session.get(row, 0)).collect()
    }

    /// Sends the statements of some orders; those that the server refuses are answered and left out. Gives the places of
    /// those that were done, or what is left to be done where they are too many to be sent once more for each that fails.
    async fn carry_out(&mut self, mut part: Vec<Judged>) -> Result<Result<Vec<usize>, Vec<Judged>>, Failure> {
        loop {
            let Err((completed, failure)) = self.send(&part).await else { break };
            // A lost session, and what another session's locks make of it, are about the whole transaction.
            if failure.lost || conflicts(&failure) {
                return Err(failure);
            }
            self.session.run("ROLLBACK TO part; RELEASE part").await?;
            let mut before = 1;
            let place = part.iter().position(|(_, statements)| {
                before += statements.len();
                completed < before
            });
            let Some(place) = place else { return Err(failure) };
            let (n, _) = part.remove(place);
            // Somebody else was faster.
            let outcome = if failure.raced() { Outcome::Stale(None) } else { refusal(&failure) };
            self.set(n, outcome);
            if part.len() > TOGETHER {
                return Ok(Err(part));
            }
        }
        Ok(Ok(part.into_iter().map(|(n, _)| n).collect()))
    }

    /// Sends statements as one message, between a savepoint and its end; on failure, how many were completed before it.
    async fn send(&self, part: &[Judged]) -> Result<(), (usize, Failure)> {
        let mut text = "SAVEPOINT part;\n".to_owned();
        for statement in part.iter().flat_map(|(_, statements)| statements) {
            text.push_str(statement);
            text.push_str(";\n");
        }
        text.push_str("RELEASE part");
        let mut completed = 0;
        let sending = async {
            let mut answers = pin!(self.session.client().simple_query_raw(&text).await?);
            while let Some(answer) = answers.try_next().await? {
                completed += usize::from(matches!(answer, SimpleQueryMessage::CommandComplete(_)));
            }
            Ok(())
        };
        let sent = self.session.within(sending).await;
        sent.map_err(|failure| (completed, failure))
    }

    /// What the orders that were done left, as the transaction sees it; its id.
    async fn answers(&mut self, done: &[usize], facts: &Facts) -> Result<Symbol, Failure> {
        let orders = || done.iter().filter_map(|n| self.orders.get(*n));
        let of_roles = Needs::of(orders().filter(|order| order.kind != state::Kind::Membership));
        let places = Needs::of(orders()).places;
        // Sent one after the other, without waiting for the answers in between.
        let (roles, members, id) = try_join3(
            some_roles(self.session, &of_roles.oids, &of_roles.names),
            some_members(self.session, &places),
            self.transaction_id(),
        )
        .await?;
        let names: HashMap<&str, &Role> = roles.values().map(|role| (role.name.as_str(), role)).collect();
        for &n in done {
            let Some(order) = self.orders.get(n) else { continue };
            let named = || name_in(&order.after).and_then(|name| names.get(name).copied());
            let role = |id: Symbol| oid(id).and_then(|oid| roles.get(&oid));
            let object = match order.target {
                None if order.kind == state::Kind::Group => named().map(Role::group),
                None => named().map(Role::account),
                Some(Target::Account(id)) => role(id).map(Role::account),
                Some(Target::Group(id)) => role(id).map(Role::group),
                Some(Target::Membership { group, member, .. }) => {
                    let rows = oid(group).zip(oid(member)).and_then(|place| members.get(&place));
                    Some(Object::new("", rows.map(|rows| qualifiers(rows)).unwrap_or_default()))
                }
                Some(Target::Grant { .. } | Target::Owned(_)) => None,
            };
            let md5 = order.target.and_then(|target| oid(target.remote())).is_some_and(|oid| facts.md5.contains(&oid));
            let outcome = match object {
                Some(object) if md5 && order.secrets.0.is_empty() => {
                    let what = "its password, kept as MD5, was cleared by the rename: set a new one";
                    Outcome::Noted(object, what.to_owned())
                }
                Some(object) => Outcome::Done(object),
                None => {
                    return Err(Failure::new(
                        format!("{}: {} is not there after it was made", self.session.place(), order.address),
                        "an event trigger or an extension of the server may have changed it",
                    ));
                }
            };
            self.set(n, outcome);
        }
        Ok(id)
    }

    async fn transaction_id(&self) -> Result<Symbol, Failure> {
        let sql = match self.session.version >= 130_000 {
            true => "SELECT pg_current_xact_id()::text",
            false => "SELECT txid_current()::text",
        };
        let rows = self.session.query(sql, &[]).await?;
        match rows.first() {
            Some(row) => Ok(Symbol::new(&self.session.get::<String>(row, 0)?)),
            None => Err(Failure::new("the transaction has no id", "report this as a defect of tenure")),
        }
    }

    /// Ends the sessions of the accounts that were switched off; where that cannot be done, it is noted.
    /// The answers, and whose sessions stay open.
    async fn end_sessions(mut self) -> (Vec<Outcome>, Vec<u32>) {
        let done = |n: usize| matches!(self.outcomes.get(n), Some(Some(Outcome::Done(_))));
        let leavers =
            self.orders.iter().enumerate().filter(|(n, order)| order.action == Action::Deactivate && done(*n));
        let leavers: Vec<(usize, u32)> =
            leavers.filter_map(|(n, order)| Some((n, oid(order.target?.remote())?))).collect();
        let oids: Vec<u32> = leavers.iter().map(|(_, oid)| *oid).collect();
        let open = sessions::end(self.session, &oids).await;
        for (n, oid) in leavers {
            if let (Some(left), Some(place)) = (open.get(&oid), self.outcomes.get_mut(n))
                && let Some(Outcome::Done(object)) = place.take()
            {
                *place = Some(Outcome::Noted(object, left.clone()));
            }
        }
        let unanswered =
            || Outcome::Unknown("the order was not answered: report this as a defect of tenure".to_owned());
        let outcomes = self.outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(unanswered)).collect();
        (outcomes, open.into_keys().collect())
    }

    fn set(&mut self, n: usize, outcome: Outcome) {
        if let Some(place) = self.outcomes.get_mut(n) {
            *place = Some(outcome);
        }
    }

    /// The answers where the transaction was not committed, or nobody knows: what was refused or stale stays so.
    fn undone(self, rest: impl Fn() -> Outcome) -> Vec<Outcome> {
        let answer = |outcome| match outcome {
            Some(outcome @ (Outcome::Refused { .. } | Outcome::Stale(_))) => outcome,
            _ => rest(),
        };
        self.outcomes.into_iter().map(answer).collect()
    }
}

/// A name is of nothing (any more).
fn absent(failure: &Failure) -> bool {
    failure.code == Some(SqlState::UNDEFINED_OBJECT)
}

/// Other sessions' locks kept the transaction from going on.
fn conflicts(failure: &Failure) -> bool {
    failure.code.as_ref().is_some_and(|code| {
        matches!(
            *code,
            SqlState::T_R_DEADLOCK_DETECTED
                | SqlState::T_R_SERIALIZATION_FAILURE
                | SqlState::LOCK_NOT_AVAILABLE
                | SqlState::QUERY_CANCELED
        )
    })
}

fn refusal(failure: &Failure) -> Outcome {
    let retry_after = (conflicts(failure) || failure.passing()).then_some(AGAIN);
    Outcome::Refused { error: format!("{} ({})", failure.message, failure.hint), retry_after }
}

fn refused(orders: &[Order], failure: &Failure) -> Vec<Outcome> {
    orders.iter().map(|_| refusal(failure)).collect()
}
