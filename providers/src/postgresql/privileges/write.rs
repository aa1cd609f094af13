//! Gives and takes: the orders of a call, each database's in a transaction of its own.
//!
//! A transaction asks the database how things stand, does what is missing, and asks again: what the server let pass with
//! a warning (`no privileges were granted`) is no success. Orders that fail are found by halves and rolled back to their
//! savepoint; the others stay. What is taken is taken from single objects, less those that a grant which stays covers.
//!
//! How long orders take is not told by their number: one may be on a table, or on a hundred thousand. So a call does as
//! many as the server is well done with in its time, by what they come to, and leaves the rest for the next.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};
use state::observed::KEEP;
use state::{Action, Attributes, Object as Held, Order, Outcome, Symbol, Target};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::super::databases::enter;
use super::super::{Client, Failure, Session};
use super::catalog::{Catalog, Object, Question};
use super::coverage::Coverage;
use super::form::{self, Grant};
use super::kind::{Kind, Reach};
use super::read::{distinct, of_text, oid, read};
use super::statement::{Verb, name, statement};

/// Privileges that are sent together.
const AT_ONCE: usize = 5_000;

/// Privileges (objects times holders) that a call does for each second that a statement may take. Servers do ten times
/// as many.
const A_SECOND: usize = 3_000;

/// Milliseconds after which orders that met another session's lock may be tried again.
const AGAIN: u64 = 1_000;

/// One order, understood.
#[derive(Clone, Debug)]
struct Todo {
    /// Its place among the orders of the call.
    number: usize,
    give: bool,
    grant: Grant,
    /// The group, by oid.
    holder: u32,
    /// What stays, of the same group.
    keep: Vec<Grant>,
}

/// A transaction that is done but for its end.
pub struct Part {
    session: Session,
    outcomes: Vec<(usize, Outcome)>,
    /// Its number ([`Session`]'s server knows what became of it), where it did anything.
    pub transaction: Symbol,
}

/// What became of the orders so far: some are answered, the others wait for the end of their transaction.
#[derive(Default)]
pub struct Prepared {
    pub parts: Vec<Part>,
    pub answered: Vec<(usize, Outcome)>,
}

fn refused(error: impl Into<String>) -> Outcome {
    Outcome::Refused { error: error.into(), retry_after: None }
}

/// Does the orders in open transactions, one for each database, in the order of their names. `orders` come with their
/// places in the call.
pub async fn prepare(client: &Client, orders: &[(usize, &Order)]) -> Prepared {
    let mut prepared = Prepared::default();
    let mut by_database: BTreeMap<String, Vec<Todo>> = BTreeMap::new();
    for (number, order) in orders {
        match understood(*number, order) {
            Ok(todo) => by_database.entry(todo.grant.place.database.clone()).or_default().push(todo),
            Err(error) => prepared.answered.push((*number, refused(error))),
        }
    }
    let mut budget = Budget::new(client.options().timeout);
    for (database, todos) in by_database {
        if budget.is_spent() {
            prepared.answered.extend(todos.iter().map(|todo| (todo.number, Outcome::Later)));
            continue;
        }
        match in_database(client, &database, &todos, &mut budget).await {
            Ok(part) => prepared.parts.push(part),
            // Nothing is committed: whatever happened is rolled back.
            Err(failure) => {
                prepared.answered.extend(todos.iter().map(|todo| (todo.number, failed(&failure))));
            }
        }
    }
    prepared
}

impl Part {
    /// Commits; what the orders came to. A lost answer leaves them unknown.
    pub async fn commit(self, client: &Client) -> Vec<(usize, Outcome)> {
        match self.session.run("COMMIT").await {
            Ok(()) => {
                client.keep(self.session);
                self.outcomes
            }
            Err(failure) => {
                let failed = |outcome| match outcome {
                    Outcome::Refused { .. } | Outcome::Stale(_) | Outcome::Later => outcome,
                    _ if failure.lost => Outcome::Unknown(format!("{}: no answer to COMMIT", failure.message)),
                    _ => refused(failure.message.clone()),
                };
                self.outcomes.into_iter().map(|(number, outcome)| (number, failed(outcome))).collect()
            }
        }
    }

    /// Rolls back, since something else of the call failed.
    pub async fn roll_back(self, why: &str) -> Vec<(usize, Outcome)> {
        // Ending the session does the same, should this fail.
        let _ = self.session.run("ROLLBACK").await;
        self.outcomes.into_iter().map(|(number, _)| (number, refused(why))).collect()
    }
}

fn understood(number: usize, order: &Order) -> Result<Todo, String> {
    let Some(Target::Grant { group, grant: text }) = order.target else {
        return Err(format!("{}: the order does not say which grant", order.address));
    };
    let holder = oid(group).ok_or_else(|| format!("{}: {group} is not the id of a role", order.address))?;
    let grant = of_text(text).ok_or_else(|| format!("{}: {text} is not a grant of PostgreSQL", order.address))?;
    let give = match order.action {
        Action::Grant | Action::Update => true,
        Action::Revoke => false,
        other => return Err(format!("{}: a grant cannot be asked to {}", order.address, other.word())),
    };
    let keep = order.after.get(Symbol::new(KEEP)).and_then(|keep| keep.as_list()).unwrap_or_default();
    let keep = keep.iter().filter_map(|kept| {
        let kept: Attributes = kept.as_map()?.iter().cloned().collect();
        Some(form::read(&kept).ok()?.into_iter().filter(|kept| *kept != grant))
    });
    Ok(Todo { number, give, holder, keep: keep.flatten().collect(), grant })
}

/// What a call may still do.
struct Budget {
    /// Privileges.
    most: usize,
    done: usize,
    /// Where the server is slower than it was taken for.
    until: Instant,
}

impl Budget {
    fn new(timeout: Duration) -> Budget {
        let most = A_SECOND.saturating_mul(timeout.as_secs() as usize);
        Budget { most, done: 0, until: Instant::now() + timeout / 2 }
    }

    /// Whether nothing more is begun. Something is always done.
    fn is_spent(&self) -> bool {
        self.done > 0 && (self.done >= self.most / 2 || Instant::now() >= self.until)
    }
}

async fn in_database(client: &Client, database: &str, todos: &[Todo], budget: &mut Budget) -> Result<Part, Failure> {
    let session = enter(client, database)
        .await?
        .map_err(|why| Failure::new(why, format!("let the role that writes connect to {database}")))?;
    session.run("BEGIN").await?;
    let mut outcomes = Vec::with_capacity(todos.len());
    // Halves of what failed together, or is too much together, are tried each for itself.
    let mut left = vec![todos];
    while let Some(some) = left.pop() {
        if budget.is_spent() {
            outcomes.extend(some.iter().map(|todo| (todo.number, Outcome::Later)));
            continue;
        }
        session.run("SAVEPOINT tenure").await?;
        let tried = attempt(&session, database, some, budget).await;
        match tried {
            Ok(privileges) => {
                session.run("RELEASE SAVEPOINT tenure").await?;
                budget.done += privileges;
                outcomes.extend(some.iter().map(|todo| (todo.number, done(todo))));
            }
            Err(Not::TooMuch) if some.len() == 1 => {
                session.run("RELEASE SAVEPOINT tenure").await?;
                outcomes.extend(some.iter().map(|todo| (todo.number, Outcome::Later)));
            }
            Err(Not::TooMuch) => {
                session.run("RELEASE SAVEPOINT tenure").await?;
                let (first, second) = some.split_at(some.len() / 2);
                left.extend([second, first]);
            }
            Err(Not::Failed(failure)) if failure.lost => return Err(failure),
            Err(Not::Failed(failure)) => {
                session.run("ROLLBACK TO SAVEPOINT tenure; RELEASE SAVEPOINT tenure").await?;
                if some.len() == 1 || whole(&failure) {
                    outcomes.extend(some.iter().map(|todo| (todo.number, failed(&failure))));
                } else {
                    let (first, second) = some.split_at(some.len() / 2);
                    left.extend([second, first]);
                }
            }
        }
    }
    let transaction = if session.version >= 130_000 { "pg_current_xact_id()::text" } else { "txid_current()::text" };
    let rows = session.query(&format!("SELECT {transaction}"), &[]).await?;
    let transaction: String = match rows.first() {
        Some(row) => session.get(row, 0)?,
        None => String::new(),
    };
    Ok(Part { session, outcomes, transaction: Symbol::new(&transaction) })
}

fn done(todo: &Todo) -> Outcome {
    Outcome::Done(Held::new("", if todo.give { todo.grant.attributes() } else { Attributes::new() }))
}

fn failed(failure: &Failure) -> Outcome {
    // Somebody else gave or took on the same object at the same time: the server only says so in words.
    if failure.code == Some(SqlState::INTERNAL_ERROR) && failure.message.contains("concurrently") {
        return Outcome::Stale(None);
    }
    let retry_after = (whole(failure) || failure.passing()).then_some(AGAIN);
    Outcome::Refused { error: format!("{} ({})", failure.message, failure.hint), retry_after }
}

/// Whether trying the parts of what failed would take as long again.
fn whole(failure: &Failure) -> bool {
    matches!(
        failure.code,
        Some(SqlState::LOCK_NOT_AVAILABLE | SqlState::QUERY_CANCELED | SqlState::T_R_DEADLOCK_DETECTED)
    )
}

/// Why orders were not carried out together.
enum Not {
    /// Nothing was sent: each half may fit.
    TooMuch,
    Failed(Failure),
}

impl From<Failure> for Not {
    fn from(failure: Failure) -> Not {
        Not::Failed(failure)
    }
}

/// Carries orders out, and looks whether that is so; gives how many privileges that were.
async fn attempt(session: &Session, database: &str, todos: &[Todo], budget: &Budget) -> Result<usize, Not> {
    let grants = distinct(todos.iter().flat_map(|todo| std::iter::once(&todo.grant).chain(&todo.keep)));
    let holders: FxHashSet<u32> = todos.iter().map(|todo| todo.holder).collect();
    let mut question = Question::only(grants.iter().map(|grant| &grant.place), holders.clone());
    if let Some(kinds) = question.kinds.as_mut().filter(|kinds| kinds.contains(&Kind::Table)) {
        // What is taken from a table the server takes from its columns too.
        kinds.insert(Kind::Column);
    }
    let catalog = read(session, database, &question, &grants).await?;
    let names = names(session, &catalog, &holders).await?;
    let steps = steps(&Plan::new(&catalog, &grants, &holders), todos)?;
    let privileges: usize = steps.values().map(|(objects, holders)| objects.len() * holders.len()).sum();
    // One order is one change: the first is done, whatever it comes to.
    if budget.done + privileges > budget.most && (todos.len() > 1 || budget.done > 0) {
        return Err(Not::TooMuch);
    }
    let texts = worded(&steps, &names)?;
    if texts.is_empty() {
        return Ok(0);
    }
    for text in &texts {
        session.run(text).await?;
    }
    let catalog = read(session, database, &question, &grants).await?;
    let after = Plan::new(&catalog, &grants, &holders);
    match left_over(&after, todos)? {
        None => Ok(privileges),
        Some((todo, object)) => Err(not_so(session, todo, object, &names).into()),
    }
}

/// The names of roles by oid: of the groups, and of whoever gave what they hold.
async fn names(
    session: &Session,
    catalog: &Catalog,
    holders: &FxHashSet<u32>,
) -> Result<FxHashMap<u32, String>, Failure> {
    let grantors = catalog.objects.iter().flat_map(|object| object.held.iter().map(|held| held.grantor));
    let mut oids: Vec<u32> = holders.iter().copied().chain(grantors).collect();
    oids.sort_unstable();
    oids.dedup();
    let rows = session
        .query("SELECT oid, rolname::text FROM pg_roles WHERE oid = ANY($1)", &[(&oids, Type::OID_ARRAY)])
        .await?;
    let mut names = FxHashMap::default();
    for row in &rows {
        names.insert(session.get(row, 0)?, session.get(row, 1)?);
    }
    match holders.iter().find(|holder| !names.contains_key(*holder)) {
        None => Ok(names),
        Some(gone) => Err(Failure::new(format!("there is no role with the oid {gone} any more"), "plan again")),
    }
}

/// How things stand for the orders of a database.
struct Plan<'a> {
    catalog: &'a Catalog,
    coverage: Coverage<'a>,
    /// The numbers of the asked grants.
    numbers: FxHashMap<&'a Grant, u32>,
}

impl<'a> Plan<'a> {
    fn new(catalog: &'a Catalog, grants: &'a [Grant], holders: &FxHashSet<u32>) -> Plan<'a> {
        let numbers = grants.iter().zip(0..).collect();
        Plan { catalog, coverage: Coverage::new(catalog, grants, holders), numbers }
    }

    fn objects(&self, grant: &Grant) -> Result<Vec<&'a Object>, Failure> {
        let Some(number) = self.numbers.get(grant) else { return Ok(Vec::new()) };
        self.coverage.objects(*number).map_err(|nothing| Failure::new(nothing.why.clone(), "plan again"))
    }

    /// What there is to do to which objects for an order.
    fn open(&self, todo: &Todo) -> Result<Vec<(Verb, &'a Object)>, Failure> {
        let Todo { grant, holder, .. } = todo;
        let held = |object: &Object| {
            let own = object.held_by(*holder).iter().filter(|held| held.privilege == grant.privilege);
            own.map(|held| held.grant_option).max()
        };
        // Nobody gives to owners what is theirs.
        let owned = |object: &Object| object.kind.facts().reach != Reach::Future && object.owner == *holder;
        if todo.give {
            let objects = self.objects(grant)?.into_iter().filter(|object| !owned(object));
            return Ok(match grant.grant_option {
                true => {
                    objects.filter(|object| held(object) != Some(true)).map(|one| (Verb::GiveWithOption, one)).collect()
                }
                false => objects.filter(|object| held(object).is_none()).map(|one| (Verb::Give, one)).collect(),
            });
        }
        // What is not there any more is not held.
        let Ok(objects) = self.objects(grant) else { return Ok(Vec::new()) };
        // What stays, by object: whether with the grant option.
        let mut kept: FxHashMap<*const Object, bool> = FxHashMap::default();
        for keep in todo.keep.iter().filter(|keep| keep.privilege == grant.privilege) {
            for object in self.objects(keep).unwrap_or_default() {
                *kept.entry(std::ptr::from_ref(object)).or_default() |= keep.grant_option;
            }
        }
        let verb = |object: &'a Object| match (held(object)?, kept.get(&std::ptr::from_ref(object))) {
            (_, None) => Some((Verb::Take, object)),
            (true, Some(false)) => Some((Verb::TakeOption, object)),
            _ => None,
        };
        Ok(objects.into_iter().filter(|object| !owned(object)).filter_map(verb).collect())
    }
}

/// Statements to be: what is done to which objects, as whom where not as oneself, and to whom.
type Steps<'a> = BTreeMap<(Option<u32>, Verb, Kind, super::kind::Privilege, Vec<usize>), (Vec<&'a Object>, Vec<u32>)>;

fn steps<'a>(plan: &Plan<'a>, todos: &[Todo]) -> Result<Steps<'a>, Failure> {
    let mut steps: Steps<'a> = BTreeMap::new();
    let mut taken: FxHashSet<(u32, super::kind::Privilege, &str, &str)> = FxHashSet::default();
    let mut columns: FxHashSet<(u32, super::kind::Privilege, *const Object)> = FxHashSet::default();
    let address = |object: &Object| std::ptr::from_ref(object) as usize;
    for todo in todos {
        let Todo { holder, .. } = todo;
        let privilege = todo.grant.privilege;
        // By whoever gave it: only they, or who may act for them, can take it.
        let mut by: BTreeMap<(Option<u32>, Verb), Vec<&'a Object>> = BTreeMap::new();
        for (verb, object) in plan.open(todo)? {
            if matches!(verb, Verb::Give | Verb::GiveWithOption) {
                by.entry((None, verb)).or_default().push(object);
                continue;
            }
            if object.kind == Kind::Column {
                columns.insert((*holder, privilege, std::ptr::from_ref(object)));
            }
            if verb == Verb::Take && object.kind == Kind::Table {
                taken.insert((*holder, privilege, &object.schema, &object.name));
            }
            let own = object.held_by(*holder).iter().filter(|held| held.privilege == privilege);
            for held in own {
                let grantor = (held.grantor != object.owner).then_some(held.grantor);
                by.entry((grantor, verb)).or_default().push(object);
            }
        }
        for ((grantor, verb), mut objects) in by {
            objects.sort_by_key(|object| address(object));
            objects.dedup_by_key(|object| address(object));
            let key =
                (grantor, verb, todo.grant.place.kind, privilege, objects.iter().map(|one| address(one)).collect());
            let (_, holders) = steps.entry(key).or_insert_with(|| (objects, Vec::new()));
            if !holders.contains(holder) {
                holders.push(*holder);
            }
        }
    }
    // Columns get back what the server takes from them along with the table.
    for object in plan.catalog.objects.iter().filter(|object| object.kind == Kind::Column && !taken.is_empty()) {
        for held in &object.held {
            let lost = taken.contains(&(held.holder, held.privilege, object.schema.as_str(), object.name.as_str()));
            if lost && !columns.contains(&(held.holder, held.privilege, std::ptr::from_ref(object))) {
                let verb = if held.grant_option { Verb::GiveWithOption } else { Verb::Give };
                let key = (None, verb, Kind::Column, held.privilege, vec![address(object)]);
                let (_, holders) = steps.entry(key).or_insert_with(|| (vec![object], Vec::new()));
                if !holders.contains(&held.holder) {
                    holders.push(held.holder);
                }
            }
        }
    }
    Ok(steps)
}

/// Takes before gives; in texts that the server is done with well before a statement times out.
fn worded(steps: &Steps<'_>, names: &FxHashMap<u32, String>) -> Result<Vec<String>, Failure> {
    let mut statements: Vec<(bool, usize, String)> = Vec::new();
    for ((grantor, verb, _, privilege, _), (objects, holders)) in steps {
        let holders: Vec<&str> = holders.iter().filter_map(|holder| names.get(holder)).map(String::as_str).collect();
        let gives = matches!(verb, Verb::Give | Verb::GiveWithOption);
        // The server rewrites an object's list of privileges with each statement: all holders at once.
        for holders in holders.chunks(AT_ONCE) {
            for some in objects.chunks((AT_ONCE / holders.len()).max(1)) {
                let text = statement(*verb, *privilege, some, holders)?;
                let text = match grantor.and_then(|grantor| names.get(&grantor)) {
                    Some(grantor) => {
                        let grantor = super::super::quote::identifier(grantor)?;
                        format!("SET LOCAL ROLE {grantor};\n{text};\nSET LOCAL ROLE NONE")
                    }
                    None => text,
                };
                statements.push((gives, some.len() * holders.len(), text));
            }
        }
    }
    statements.sort_by_key(|(gives, ..)| *gives);
    let mut texts: Vec<String> = Vec::new();
    let mut weight = AT_ONCE;
    for (_, own, text) in statements {
        match texts.last_mut().filter(|_| weight + own <= AT_ONCE) {
            Some(last) => {
                last.push_str(";\n");
                last.push_str(&text);
                weight += own;
            }
            None => {
                texts.push(text);
                weight = own;
            }
        }
    }
    Ok(texts)
}

/// The first order that is not so in spite of all, and an object that shows it.
fn left_over<'p>(plan: &Plan<'p>, todos: &'p [Todo]) -> Result<Option<(&'p Todo, &'p Object)>, Failure> {
    for todo in todos {
        if let Some((_, object)) = plan.open(todo)?.first() {
            return Ok(Some((todo, object)));
        }
    }
    Ok(None)
}

fn not_so(session: &Session, todo: &Todo, object: &Object, names: &FxHashMap<u32, String>) -> Failure {
    let what = format!("{} {}", object.kind.facts().one, name(object).unwrap_or_default());
    let privilege = todo.grant.privilege.name();
    let user = &session.user;
    if todo.give {
        let message = format!("the server gave no {privilege} on {what}: {user} has no right to give it");
        return Failure::new(
            message,
            "let the owner give it, or give the role that tenure connects as the grant option",
        );
    }
    let by = object
        .held
        .iter()
        .find(|held| held.holder == todo.holder && held.privilege == todo.grant.privilege)
        .and_then(|held| names.get(&held.grantor))
        .map_or(String::new(), |grantor| format!(", which {grantor} gave"));
    let message = format!("the server did not take {privilege} on {what}{by}: {user} has no right to take it");
    Failure::new(message, "let whoever gave it take it, or connect as a member of that role")
}
