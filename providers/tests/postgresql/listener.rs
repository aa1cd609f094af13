//! Hearing of changes: what a role that may do nothing but log in sees of the catalogs.

use std::time::Duration;

use state::Value;
use tenure_providers::postgresql::Postgresql;
use tenure_providers::{Beginning, Provider as _};
use tokio::time::timeout;

use crate::cluster::{Cluster, PASSWORD};
use crate::helper::settings;

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_change_is_heard_and_nothing_else() {
    let cluster = Cluster::start();
    cluster.run("postgres", &format!("CREATE ROLE watcher LOGIN PASSWORD '{PASSWORD}'"));
    cluster.run("postgres", "CREATE DATABASE sales");
    cluster.run("postgres", "CREATE TABLE t (n int)");
    let settings = settings(&cluster, &[("url", Value::text(cluster.url_of("watcher", "postgres")))]);
    let mut listening = Postgresql.listener().unwrap();
    let begun = |changed| Beginning::Hears { how: "polling the catalogs", changed };
    assert_eq!(listening.begin(&settings).await.unwrap(), begun(true));
    for change in [
        "CREATE ROLE ada LOGIN",
        "ALTER ROLE ada NOLOGIN",
        "ALTER ROLE ada VALID UNTIL '2030-01-01'",
        "ALTER ROLE ada RENAME TO lovelace",
        "COMMENT ON ROLE lovelace IS 'Ada'",
        "ALTER ROLE lovelace SET work_mem = '1MB'",
        "CREATE ROLE analyst",
        "GRANT analyst TO lovelace",
        "GRANT analyst TO lovelace WITH ADMIN OPTION",
        "REVOKE analyst FROM lovelace",
        "GRANT SELECT ON t TO analyst",
        "GRANT CONNECT ON DATABASE sales TO analyst",
        "ALTER TABLE t OWNER TO lovelace",
        "REVOKE SELECT ON t FROM analyst",
    ] {
        cluster.run("postgres", change);
        let heard = timeout(Duration::from_secs(5), listening.changed()).await;
        assert!(matches!(heard, Ok(Ok(()))), "{change}");
    }
    // What others do with data is not heard; nor, as the documentation says, one privilege more of somebody who has one.
    cluster.run("postgres", "INSERT INTO t SELECT generate_series(1, 1000); CREATE TEMP TABLE x (n int); ANALYZE");
    assert!(timeout(Duration::from_millis(2_500), listening.changed()).await.is_err());
    assert_eq!(listening.begin(&settings).await.unwrap(), begun(false));
    cluster.run("postgres", "DROP OWNED BY analyst; DROP ROLE analyst");
    assert_eq!(listening.begin(&settings).await.unwrap(), begun(true));
    // Its session is ended by somebody.
    cluster.run("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'watcher'");
    assert!(listening.changed().await.is_err());
    assert_eq!(listening.begin(&settings).await.unwrap(), begun(false));
}
