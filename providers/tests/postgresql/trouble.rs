//! What others do at the same time, and what breaks on the way.

use std::sync::Mutex;

use async_trait::async_trait;
use state::{Action, Kind, Outcome, Presence, Symbol, Target, TransactionState, Value};
use tenure_providers::Announce;
use tenure_providers::postgresql::{Client, Session};

use crate::cluster::{Cluster, PASSWORD, unique};
use crate::helper::{Scene, account, client, create, membership, settings};

/// Does something when the transaction is announced, right before COMMIT, and remembers its id.
struct Then<F> {
    act: F,
    seen: Mutex<Option<Symbol>>,
}

#[async_trait]
impl<F: Fn() -> Result<(), String> + Send + Sync> Announce for Then<F> {
    async fn transaction(&self, transaction: Symbol) -> Result<(), String> {
        *self.seen.lock().unwrap() = Some(transaction);
        (self.act)()
    }
}

fn then<F: Fn() -> Result<(), String>>(act: F) -> Then<F> {
    Then { act, seen: Mutex::new(None) }
}

async fn second(client: &Client) -> Session {
    client.connect().await.unwrap()
}

/// Both ways to lock: the whole catalog, and row by row.
async fn scenes(cluster: &Cluster) -> Vec<(&'static str, Scene)> {
    let hr = unique("hr");
    cluster.run("postgres", &format!("CREATE ROLE {hr} LOGIN CREATEROLE PASSWORD '{PASSWORD}'"));
    let as_hr = settings(
        cluster,
        &[("url", Value::text(cluster.url_of(&hr, "postgres"))), ("lock_timeout", Value::Integer(1))],
    );
    let as_superuser = settings(cluster, &[("lock_timeout", Value::Integer(1))]);
    vec![("superuser", Scene::of(&as_superuser).await), ("createrole", Scene::of(&as_hr).await)]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_change_meanwhile_is_never_overwritten() {
    let cluster = Cluster::start();
    let other = second(&client(&settings(&cluster, &[]))).await;
    for (who, scene) in scenes(&cluster).await {
        let name = unique("ada");
        let id = scene.account(&name).await;
        let comment = |text: &str| [("comment", Value::text(text))];
        let mine = scene.fresh(account(Action::Update, id, &[("connection_limit", Value::Integer(7))])).await;

        // Committed before: seen.
        other.run(&format!("ALTER ROLE \"{name}\" CONNECTION LIMIT 3")).await.unwrap();
        let stale = scene.execute(&mine).await;
        assert!(
            matches!(&stale, Outcome::Stale(Some(now)) if now.attributes.get("connection_limit".into()) == Some(&Value::Integer(3))),
            "{who}: {stale:?}"
        );

        // Open while ours wants the row: the lock is waited for, and not for ever.
        let mine = scene.fresh(account(Action::Update, id, &[("connection_limit", Value::Integer(7))])).await;
        other.run(&format!("BEGIN; ALTER ROLE \"{name}\" CONNECTION LIMIT 4")).await.unwrap();
        let refused = scene.execute(&mine).await;
        assert!(
            matches!(&refused, Outcome::Refused { retry_after: Some(_), error } if error.contains("55P03")),
            "{who}: {refused:?}"
        );

        // Committed while ours waits: seen as well.
        let (outcome, _) = tokio::join!(scene.execute(&mine), async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            other.run("COMMIT").await.unwrap();
        });
        assert!(matches!(outcome, Outcome::Stale(_)), "{who}: {outcome:?}");
        assert_eq!(cluster.run("postgres", &format!("SELECT rolconnlimit FROM pg_roles WHERE oid = {id}")), "4");

        // Another's change while ours is open waits for it, and cannot get in between the look and the change.
        let fresh = scene.fresh(account(Action::Update, id, &comment("mine"))).await;
        let theirs = format!("SET lock_timeout = '200ms'; ALTER ROLE \"{name}\" CONNECTION LIMIT 9");
        let meanwhile = then(|| {
            let answer = cluster.run_as("postgres", PASSWORD, "postgres", &theirs);
            answer.map_or_else(
                |said| if said.contains("lock timeout") { Ok(()) } else { Err(said) },
                |_| Err("not locked".to_owned()),
            )
        });
        let outcomes = scene.writer.execute(&[fresh], &meanwhile).await;
        assert!(matches!(outcomes[0], Outcome::Done(_)), "{who}: {outcomes:?}");

        // Gone meanwhile.
        let fresh = scene.fresh(account(Action::Update, id, &comment("yours"))).await;
        other.run(&format!("DROP ROLE \"{name}\"")).await.unwrap();
        let outcome = scene.execute(&fresh).await;
        assert!(matches!(outcome, Outcome::Stale(None)), "{who}: {outcome:?}");
        assert_eq!(scene.look(Target::Account(id)).await, Presence::Gone);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memberships_that_others_gave_or_took_are_stale() {
    let cluster = Cluster::start();
    let other = second(&client(&settings(&cluster, &[]))).await;
    for (who, scene) in scenes(&cluster).await {
        let (name, team) = (unique("ada"), unique("team"));
        let (id, group) = (scene.account(&name).await, scene.group(&team).await);
        let target = Target::Membership { group, member: id, nested: false };
        let grant = membership(Action::Grant, group, id, false, &[]);
        other.run(&format!("GRANT \"{team}\" TO \"{name}\" WITH ADMIN OPTION")).await.unwrap();
        let outcome = scene.execute(&grant).await;
        assert!(matches!(&outcome, Outcome::Stale(Some(_))), "{who}: {outcome:?}");
        let revoke = scene.fresh(membership(Action::Revoke, group, id, false, &[])).await;
        other.run(&format!("REVOKE ADMIN OPTION FOR \"{team}\" FROM \"{name}\"")).await.unwrap();
        let outcome = scene.execute(&revoke).await;
        assert!(matches!(&outcome, Outcome::Stale(Some(_))), "{who}: {outcome:?}");
        other.run(&format!("REVOKE \"{team}\" FROM \"{name}\"")).await.unwrap();
        let outcome = scene.execute(&revoke).await;
        assert!(matches!(&outcome, Outcome::Stale(None)), "{who}: {outcome:?}");
        assert_eq!(scene.look(target).await, Presence::Gone);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_is_refused_for_now() {
    let cluster = Cluster::start_with(&["--set", "deadlock_timeout=100ms"]);
    let other = second(&client(&settings(&cluster, &[]))).await;
    let scene = Scene::on(&cluster).await;
    let id = scene.account("ada").await;
    let order = scene.fresh(account(Action::Update, id, &[("comment", Value::text("x"))])).await;
    // The other has the last table that ours takes, and then wants the first.
    other.run("BEGIN; LOCK TABLE pg_shdescription IN SHARE ROW EXCLUSIVE MODE").await.unwrap();
    let (outcome, theirs) = tokio::join!(scene.execute(&order), async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        other.run("LOCK TABLE pg_authid IN SHARE ROW EXCLUSIVE MODE; COMMIT").await
    });
    // The server chooses whom to stop.
    match (&outcome, &theirs) {
        (Outcome::Refused { retry_after: Some(_), error }, Ok(())) => assert!(error.contains("40P01"), "{error}"),
        (Outcome::Done(_), Err(failure)) => assert!(failure.message.contains("40P01"), "{failure:?}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_whose_announcement_fails_is_rolled_back() {
    let cluster = Cluster::shared();
    let scene = Scene::on(cluster).await;
    let name = unique("ada");
    let announce = then(|| Err("the record cannot be written".to_owned()));
    let outcomes = scene.writer.execute(&[create(Kind::Account, &name, &[])], &announce).await;
    assert!(
        matches!(&outcomes[0], Outcome::Refused { error, .. } if error.contains("the record cannot be written")),
        "{outcomes:?}"
    );
    let id = announce.seen.lock().unwrap().unwrap();
    assert_eq!(scene.reader.transaction(id).await.unwrap(), TransactionState::Aborted);
    assert_eq!(cluster.run("postgres", &format!("SELECT FROM pg_roles WHERE rolname = '{name}'")), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_away_in_mid_transaction_did_nothing_or_does_not_say() {
    let cluster = Cluster::start();
    let scene = Scene::on(&cluster).await;
    // Ended right before COMMIT is sent: whether it arrived cannot be known from here, but the server tells.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tenure' AND state LIKE 'idle in transaction%'";
    let announce = then(|| cluster.run_as("postgres", PASSWORD, "postgres", end).map(drop));
    let orders = [create(Kind::Account, "ada", &[]), create(Kind::Account, "grace", &[])];
    let outcomes = scene.writer.execute(&orders, &announce).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Unknown(_))), "{outcomes:?}");
    let id = announce.seen.lock().unwrap().unwrap();
    assert_eq!(scene.reader.transaction(id).await.unwrap(), TransactionState::Aborted);
    // The next call finds its way by itself.
    let announce = then(|| Ok(()));
    let outcomes = scene.writer.execute(&orders, &announce).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done(_))), "{outcomes:?}");
    let id = announce.seen.lock().unwrap().unwrap();
    assert_eq!(scene.reader.transaction(id).await.unwrap(), TransactionState::Committed);
    // Ids that the server never gave out.
    for id in ["99999999", "nonsense"] {
        assert_eq!(scene.reader.transaction(id.into()).await.unwrap(), TransactionState::Unknown, "{id}");
    }

    // Ended while ours waits for a lock, before anything was sent to be committed: it certainly did not happen.
    let other = second(&client(&settings(&cluster, &[]))).await;
    other.run("BEGIN; LOCK TABLE pg_authid IN SHARE ROW EXCLUSIVE MODE").await.unwrap();
    let orders = [create(Kind::Account, "joan", &[])];
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    let (outcomes, _) = tokio::join!(scene.writer.execute(&orders, &tenure_providers::Unannounced), async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        tokio::task::block_in_place(|| cluster.run("postgres", end));
    });
    assert!(matches!(&outcomes[0], Outcome::Refused { retry_after: Some(_), .. }), "{outcomes:?}");
    other.run("ROLLBACK").await.unwrap();

    // No server at all.
    drop(cluster);
    let outcomes = scene.writer.execute(&orders, &tenure_providers::Unannounced).await;
    assert!(matches!(&outcomes[0], Outcome::Refused { retry_after: Some(_), .. }), "{outcomes:?}");
    assert!(scene.reader.read(&[Target::Account("1".into())]).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_do_nothing_reads_everything_and_writes_nothing() {
    let cluster = Cluster::start();
    cluster.run("postgres", &format!("CREATE ROLE plain LOGIN PASSWORD '{PASSWORD}'; CREATE ROLE team; CREATE ROLE ada LOGIN; GRANT team TO ada; COMMENT ON ROLE ada IS 'x'"));
    let scene = Scene::of(&settings(&cluster, &[("url", Value::text(cluster.url_of("plain", "postgres")))])).await;
    let observed = scene.inventory(&[]).await;
    assert_eq!((observed.accounts.len(), observed.groups.len(), observed.memberships.len()), (2, 1, 1));
    assert_eq!(observed.own, [observed.accounts[0].id]);
    assert_eq!(observed.accounts[1].attributes.get("comment".into()), Some(&"x".into()));
    let outcome = scene.execute(&create(Kind::Account, "grace", &[])).await;
    assert!(
        matches!(&outcome, Outcome::Refused { error, retry_after: None } if error.contains("42501")),
        "{outcome:?}"
    );
}
