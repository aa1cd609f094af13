//! Hands over what an account owns, database by database, each in a transaction of its own.
//!
//! All databases are entered, everything is done and looked at in all of them before the first is committed: what cannot
//! be handed over is refused before anything is. Where the list is all that the account owns there, `REASSIGN OWNED`
//! does it; else `ALTER ... OWNER TO`, object by object. Nothing is ever dropped.

use std::collections::{BTreeMap, BTreeSet};

use state::owned::{OWNED, TO};
use state::{Object, Order, Outcome, Presence, Symbol, Target, Value};
use tokio_postgres::types::Type;

use super::super::databases::enter;
use super::super::quote::identifier;
use super::super::{Client, Failure, Session};
use super::list::{Item, SHARED, again, items};

/// Objects by kind and name.
type Names = BTreeSet<(String, String)>;

/// A transfer that is done but for the end of its transactions, in the order of the databases.
pub struct Ready {
    parts: Vec<(String, Session)>,
    /// The numbers of the transactions.
    pub transactions: Vec<Symbol>,
    done: Object,
}

/// Does a transfer in open transactions; or what it came to.
pub async fn prepare(client: &Client, order: &Order) -> Result<Ready, Outcome> {
    match attempt(client, order).await {
        Ok(ready) => Ok(ready),
        Err(No::Outcome(outcome)) => Err(outcome),
        // Nothing was committed: whatever happened is rolled back.
        Err(No::Failure(failure)) => Err(refused(format!("{} ({})", failure.message, failure.hint))),
    }
}

impl Ready {
    /// Commits, database by database.
    pub async fn commit(self) -> Outcome {
        let mut done: Vec<String> = Vec::new();
        for (place, session) in self.parts {
            if let Err(failure) = session.run("COMMIT").await {
                let said = failure.message;
                return match (done.as_slice(), failure.lost) {
                    ([], false) => refused(said),
                    ([], true) => Outcome::Unknown(format!("no answer to COMMIT: {said}")),
                    (done, _) => Outcome::Unknown(format!("handed over in {}; in {place}: {said}", done.join(", "))),
                };
            }
            done.push(place);
        }
        Outcome::Done(self.done)
    }

    /// Rolls everything back.
    pub async fn roll_back(self, why: &str) -> Outcome {
        for (_, session) in self.parts {
            // Ending the session does the same, should this fail.
            let _ = session.run("ROLLBACK").await;
        }
        refused(why)
    }
}

enum No {
    Outcome(Outcome),
    Failure(Failure),
}

impl From<Failure> for No {
    fn from(failure: Failure) -> No {
        No::Failure(failure)
    }
}

fn refused(error: impl Into<String>) -> Outcome {
    Outcome::Refused { error: error.into(), retry_after: None }
}

fn no(error: impl Into<String>) -> No {
    No::Outcome(refused(error))
}

async fn attempt(client: &Client, order: &Order) -> Result<Ready, No> {
    let (from, to, wanted) = understood(order).map_err(no)?;
    let main = client.connect().await?;
    let sql = "SELECT oid, rolname::text FROM pg_roles WHERE oid = ANY($1)";
    let rows = main.query(sql, &[(&vec![from, to], Type::OID_ARRAY)]).await?;
    let mut names: BTreeMap<u32, String> = BTreeMap::new();
    for row in &rows {
        names.insert(main.get(row, 0)?, main.get(row, 1)?);
    }
    let (Some(from_name), Some(to_name)) = (names.get(&from), names.get(&to)) else {
        return Err(no(format!(
            "there is no role with the oid {} any more",
            if names.contains_key(&from) { to } else { from }
        )));
    };
    // What came to be owned since the plan's re-read is not handed over unseen.
    if let Some(before) = order.before.as_ref().and_then(|before| before.attributes.get(Symbol::new(OWNED))) {
        match again(client, &main, &[Symbol::new(&from.to_string())]).await?.into_iter().next() {
            Some(Presence::Here(now)) if now.attributes.get(Symbol::new(OWNED)) == Some(before) => {}
            Some(Presence::Here(now)) => return Err(No::Outcome(Outcome::Stale(Some(now)))),
            Some(Presence::Hidden(why)) => return Err(no(format!("nothing was handed over: {why}"))),
            Some(Presence::Gone) | None => return Err(No::Outcome(Outcome::Stale(None))),
        }
    }
    // `REASSIGN OWNED` takes along what belongs to the cluster.
    let shared = !items(&main, SHARED, &[from], true).await?.is_empty();
    let mut sessions = Vec::new();
    for place in wanted.keys() {
        let session = match place.as_str() {
            SHARED if wanted[place].iter().any(|(kind, _)| is_shared(kind)) => client.connect().await?,
            database => enter(client, database).await?.map_err(|why| no(format!("nothing was handed over: {why}")))?,
        };
        sessions.push((place.clone(), session));
    }
    let mut ready = Ready {
        parts: Vec::new(),
        transactions: Vec::new(),
        done: Object::new(Symbol::new(&from.to_string()), order.after.clone()),
    };
    for (place, session) in sessions {
        session.run("BEGIN").await?;
        let work = Work { session: &session, place: &place, from, to, from_name, to_name, shared };
        work.hand_over(&wanted[&place]).await?;
        let transaction =
            if session.version >= 130_000 { "pg_current_xact_id()::text" } else { "txid_current()::text" };
        for row in &session.query(&format!("SELECT {transaction}"), &[]).await? {
            ready.transactions.push(Symbol::new(&session.get::<String>(row, 0)?));
        }
        ready.parts.push((place, session));
    }
    Ok(ready)
}

fn is_shared(kind: &str) -> bool {
    matches!(kind, "database" | "tablespace")
}

/// From whom, to whom, and what, by place.
fn understood(order: &Order) -> Result<(u32, u32, BTreeMap<String, Names>), String> {
    let wrong = |what: &str| format!("{}: {what}", order.address);
    let id = |id: Symbol| id.as_str().parse::<u32>().map_err(|_| wrong(&format!("{id} is not the id of a role")));
    let Some(Target::Owned(from)) = order.target else { return Err(wrong("the order does not say whose")) };
    let to = order.after.get(Symbol::new(TO)).and_then(Value::as_text).ok_or_else(|| wrong("nobody is to have it"))?;
    let list = order.after.get(Symbol::new(OWNED)).and_then(Value::as_list);
    let list = list.ok_or_else(|| wrong("the order does not list what is handed over"))?;
    let mut wanted: BTreeMap<String, Names> = BTreeMap::new();
    for one in list {
        let text =
            |name: &str| one.get(Symbol::new(name)).and_then(Value::as_text).map(|text| text.as_str().to_owned());
        let (Some(place), Some(kind), Some(name)) = (text("place"), text("kind"), text("name")) else {
            return Err(wrong("what is handed over has no place, kind or name"));
        };
        wanted.entry(place).or_default().insert((kind, name));
    }
    let (from, to) = (id(from)?, id(to)?);
    if from == to { Err(wrong("it is its own heir")) } else { Ok((from, to, wanted)) }
}

/// The transfer in one place.
struct Work<'w> {
    session: &'w Session,
    place: &'w str,
    from: u32,
    to: u32,
    from_name: &'w str,
    to_name: &'w str,
    /// Whether the account owns something of the cluster.
    shared: bool,
}

impl Work<'_> {
    async fn owned_by(&self, owner: u32, shared: bool) -> Result<Vec<Item>, Failure> {
        items(self.session, self.place, &[owner], shared).await
    }

    async fn hand_over(&self, wanted: &Names) -> Result<(), No> {
        let shared = self.place == SHARED && wanted.iter().any(|(kind, _)| is_shared(kind));
        let before = self.owned_by(self.from, shared).await?;
        let theirs = names(&before);
        if let Some((kind, name)) = wanted.iter().find(|one| !theirs.contains(*one)) {
            let error = format!("{} does not own {kind} {name} of {} any more: plan again", self.from_name, self.place);
            return Err(no(error));
        }
        let (from, to) = (identifier(self.from_name)?, identifier(self.to_name)?);
        let statements = if !shared && !self.shared && theirs == *wanted {
            vec![format!("REASSIGN OWNED BY {from} TO {to}")]
        } else {
            let mut statements = Vec::new();
            for item in before.iter().filter(|item| !item.follows && wanted.contains(&key(item))) {
                if item.keyword.is_empty() {
                    return Err(no(format!("{} {} cannot be handed over by itself", item.kind, item.name)));
                }
                // The name as the server itself quoted it.
                statements.push(format!("ALTER {} {} OWNER TO {to}", item.keyword, item.name));
            }
            statements
        };
        self.session.run(&statements.join(";\n")).await?;
        let left = names(&self.owned_by(self.from, shared).await?);
        let expected: Names = theirs.difference(wanted).cloned().collect();
        if let Some((kind, name)) = left.difference(&expected).next() {
            return Err(no(format!("the server did not hand over {kind} {name} of {}", self.place)));
        }
        if let Some((kind, name)) = expected.difference(&left).next() {
            return Err(no(format!("{kind} {name} of {} would go along: it must be handed over too", self.place)));
        }
        let got = names(&self.owned_by(self.to, shared).await?);
        match wanted.difference(&got).next() {
            None => Ok(()),
            Some((kind, name)) => Err(no(format!("{kind} {name} of {} did not come to {}", self.place, self.to_name))),
        }
    }
}

fn key(item: &Item) -> (String, String) {
    (item.kind.clone(), item.name.clone())
}

fn names(items: &[Item]) -> Names {
    items.iter().map(key).collect()
}
