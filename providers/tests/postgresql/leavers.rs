//! Leavers: switched off first, then their sessions end.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use state::{Action, Outcome, Presence, Symbol, Target, Value};
use tenure_providers::Unannounced;

use crate::cluster::{Cluster, PASSWORD, unique};
use crate::helper::{Scene, account, create, secret, settings};

/// A session of somebody that does nothing for a minute.
fn session(cluster: &Cluster, user: &str) -> Child {
    let child = Command::new("psql")
        .args(["--no-psqlrc", "--host", "127.0.0.1", "--port", &cluster.port.to_string(), "--username", user])
        .args(["--dbname", "postgres", "--command", "SELECT pg_sleep(60)"])
        .env("PGPASSWORD", "pw")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while open(cluster, user) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "{user} has no session");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

fn open(cluster: &Cluster, user: &str) -> usize {
    cluster.run("postgres", &format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{user}'")).parse().unwrap()
}

#[tokio::test]
async fn sessions_end_and_no_new_one_begins() {
    let cluster = Cluster::shared();
    let scene = Scene::on(cluster).await;
    let (ada, grace, stays) = (unique("ada"), unique("grace"), unique("stays"));
    let mut ids = Vec::new();
    for name in [&ada, &grace, &stays] {
        let order = create(state::Kind::Account, name, &[("comment", Value::text("works here"))]);
        ids.push(scene.done(secret(order, "password", "pw")).await.id);
    }
    let mut sessions = [session(cluster, &ada), session(cluster, &ada), session(cluster, &stays)];
    let mut orders = Vec::new();
    for id in &ids[..2] {
        orders.push(scene.fresh(account(Action::Deactivate, *id, &[])).await);
    }
    let outcomes = scene.writer.execute(&orders, &Unannounced).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done(object) if !object.active)), "{outcomes:?}");
    assert_eq!((open(cluster, &ada), open(cluster, &stays)), (0, 1));
    let said = cluster.run_as(&ada, "pw", "postgres", "SELECT 1").unwrap_err();
    assert!(said.contains("is not permitted to log in"), "{said}");

    // An account, not a group, and its comment is as before.
    let observed = scene.inventory(&[]).await;
    let found = observed.accounts.iter().find(|account| account.id == ids[0]).unwrap();
    assert!(!found.active && found.attributes.get("comment".into()) == Some(&"works here".into()));
    assert!(observed.groups.iter().all(|group| group.id != ids[0]));
    assert_eq!(scene.look(Target::Group(ids[0])).await, Presence::Gone);

    // Back again, whatever has been said of the account meanwhile.
    scene.done(account(Action::Update, ids[0], &[("comment", Value::text("on leave"))])).await;
    let back = scene.done(account(Action::Reactivate, ids[0], &[])).await;
    assert!(back.active && back.attributes.get("comment".into()) == Some(&"on leave".into()));
    assert!(cluster.run_as(&ada, "pw", "postgres", "SELECT 1").is_ok());
    let comment = cluster.run("postgres", &format!("SELECT shobj_description({}, 'pg_authid')", ids[0]));
    assert_eq!(comment, "on leave");
    sessions.iter_mut().for_each(|session| {
        let _ = session.kill();
        let _ = session.wait();
    });
}

#[tokio::test]
async fn sessions_that_cannot_be_ended_are_noted() {
    let cluster = Cluster::shared();
    let (ada, hr) = (unique("ada"), unique("hr"));
    cluster.run(
        "postgres",
        &format!("CREATE ROLE {hr} LOGIN CREATEROLE PASSWORD '{PASSWORD}'; CREATE ROLE {ada} LOGIN PASSWORD 'pw'"),
    );
    let scene = Scene::of(&settings(cluster, &[("url", Value::text(cluster.url_of(&hr, "postgres")))])).await;
    let id = Symbol::new(&cluster.run("postgres", &format!("SELECT oid FROM pg_roles WHERE rolname = '{ada}'")));
    let mut open_session = session(cluster, &ada);
    let order = scene.fresh(account(Action::Deactivate, id, &[])).await;
    let outcome = scene.execute(&order).await;
    let Outcome::Noted(object, what) = outcome else { panic!("{outcome:?}") };
    assert!(!object.active);
    insta::assert_snapshot!(what.replace(&cluster.port.to_string(), "PORT"), @"1 session stays open: postgres://127.0.0.1:PORT/postgres: must be a member of the role whose process is being terminated or member of pg_signal_backend (SQLSTATE 42501)");
    assert_eq!(open(cluster, &ada), 1);
    let _ = open_session.kill();
    let _ = open_session.wait();
}

#[tokio::test]
async fn an_account_that_others_switched_off_is_an_account_to_whoever_knows_it() {
    let cluster = Cluster::shared();
    let scene = Scene::on(cluster).await;
    let name = unique("ada");
    let id = scene.account(&name).await;
    cluster.run("postgres", &format!("ALTER ROLE {name} NOLOGIN"));
    let known = scene.inventory(&[id]).await;
    assert!(known.accounts.iter().any(|account| account.id == id && !account.active));
    assert!(known.groups.iter().all(|group| group.id != id));
    let unknown = scene.inventory(&[]).await;
    assert!(unknown.groups.iter().any(|group| group.id == id));
}

/// A run that is killed between COMMIT and the end of the sessions leaves them open: the next tidies up.
#[tokio::test]
async fn sessions_that_a_killed_run_left_are_ended_when_the_next_tidies_up() {
    let cluster = Cluster::start();
    let scene = Scene::on(&cluster).await;
    for name in ["ada", "grace"] {
        scene.done(secret(create(state::Kind::Account, name, &[]), "password", "pw")).await;
    }
    let mut sessions = [session(&cluster, "ada"), session(&cluster, "grace")];
    // As far as the killed run came; Grace is none of its leavers.
    cluster.run(
        "postgres",
        "ALTER ROLE ada NOLOGIN; COMMENT ON ROLE ada IS '[tenure: deactivated account]'; ALTER ROLE grace NOLOGIN",
    );
    cluster.run("postgres", &format!("CREATE ROLE hr LOGIN CREATEROLE PASSWORD '{PASSWORD}'"));
    let powerless = Scene::of(&settings(&cluster, &[("url", Value::text(cluster.url_of("hr", "postgres")))])).await;
    let said = powerless.writer.close().await.unwrap_err().message;
    assert!(said.contains("ada: 1 session stays open"), "{said}");
    scene.writer.close().await.unwrap();
    assert_eq!((open(&cluster, "ada"), open(&cluster, "grace")), (0, 1));
    sessions.iter_mut().for_each(|session| {
        let _ = session.kill();
        let _ = session.wait();
    });
}
