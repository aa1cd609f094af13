//! The conformance list on a cluster of its own: each check finds it without roles.

use async_trait::async_trait;
use state::{Attributes, Symbol, Value};
use tenure_providers::conformance::{Mirrored, Subject, System, run};
use tenure_providers::postgresql::Postgresql;
use tenure_providers::{Provider, Settings};

use crate::cluster::{Cluster, PASSWORD};
use crate::helper::settings;

/// A cluster, and whom tenure is there.
struct Real {
    cluster: Cluster,
    settings: Settings,
}

/// Drops every role that a check left, but not the one that tenure connects as.
const CLEAN: &str = r#"
DO $$ DECLARE role name; BEGIN
    FOR role IN SELECT rolname FROM pg_roles WHERE oid >= 16384 AND rolname <> 'tenure' LOOP
        EXECUTE format('DROP OWNED BY %I', role);
        EXECUTE format('DROP ROLE %I', role);
    END LOOP;
END $$"#;

/// Makes tenure a member of every role, where it is a role of its own. From 16 on it may administrate what it made, and
/// nothing else of it.
const MEMBER: &str = r#"
GRANT CREATE ON SCHEMA public TO PUBLIC;
DO $$ DECLARE
    role name;
    whole text := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'WITH INHERIT TRUE, SET TRUE' ELSE '' END;
BEGIN
    FOR role IN SELECT rolname FROM pg_roles WHERE oid >= 16384 AND rolname <> 'tenure'
        AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'tenure') LOOP
        EXECUTE format('GRANT %I TO tenure ' || whole, role);
    END LOOP;
END $$"#;

/// What PostgreSQL has not.
const SKIPPED: [&str; 4] = [
    "an account is archived and brought back whole",
    "an account is deleted",
    "a group has a parent",
    "a grant is changed",
];

/// What the grants are on.
const THINGS: &str = "CREATE SCHEMA things CREATE TABLE one (i int) CREATE TABLE two (i int)";

#[async_trait]
impl Subject for Real {
    async fn fresh(&self) -> Result<System, String> {
        self.cluster.run("postgres", CLEAN);
        Ok(System {
            reader: Postgresql.reader(self.settings.clone()).await.map_err(|error| error.to_string())?,
            writer: Postgresql.writer(self.settings.clone()).await.map_err(|error| error.to_string())?,
        })
    }

    fn account(&self, name: &str) -> Attributes {
        [(Symbol::new("name"), Value::text(name))].into_iter().collect()
    }

    fn group(&self, name: &str) -> Attributes {
        self.account(name)
    }

    fn account_text(&self) -> Symbol {
        "comment".into()
    }

    fn group_text(&self) -> Option<Symbol> {
        Some("comment".into())
    }

    async fn give(&self, _system: &System, account: Symbol, name: &str) -> Result<(), String> {
        let owner =
            self.cluster.run("postgres", &format!("SELECT quote_ident(rolname) FROM pg_roles WHERE oid = {account}"));
        self.cluster.run("postgres", &format!("CREATE TABLE {name} (i int); ALTER TABLE {name} OWNER TO {owner}"));
        // Whoever is no superuser hands over between roles that it is a member of.
        self.cluster.run("postgres", MEMBER);
        Ok(())
    }

    /// On the schema itself, and on all its tables.
    fn grant(&self, n: usize) -> Attributes {
        let mut pairs = vec![("database", "postgres"), ("schema", "things")];
        match n {
            0 => pairs.push(("privilege", "USAGE")),
            _ => pairs.extend([("objects", "tables"), ("privilege", "SELECT")]),
        }
        pairs.into_iter().map(|(name, value)| (Symbol::new(name), Value::text(value))).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn as_a_superuser() {
    superuser(Cluster::start()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_a_superuser_of_17() {
    superuser(Cluster::start_with(&["--version", "17"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_a_role_that_may_only_make_roles() {
    plain(Cluster::start()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_a_role_that_may_only_make_roles_of_17() {
    plain(Cluster::start_with(&["--version", "17"])).await;
}

async fn superuser(cluster: Cluster) {
    cluster.run("postgres", THINGS);
    let settings = settings(&cluster, &[]);
    let real = Real { cluster, settings };
    let mirrored = Mirrored::new(&real, Postgresql.manners(&real.settings));
    let report = run(&mirrored).await;
    assert!(report.passed(), "\n{report}");
    assert_eq!(mirrored.differences(), Vec::<String>::new());
    assert_eq!(report.skipped(), SKIPPED);
}

async fn plain(cluster: Cluster) {
    cluster.run("postgres", &format!("CREATE ROLE tenure LOGIN CREATEROLE PASSWORD '{PASSWORD}'"));
    let owned = "GRANT CREATE ON DATABASE postgres TO tenure; SET ROLE tenure";
    cluster.run("postgres", &format!("{owned}; {THINGS}"));
    let settings = settings(&cluster, &[("url", Value::text(cluster.url_of("tenure", "postgres")))]);
    let real = Real { cluster, settings };
    let mirrored = Mirrored::new(&real, Postgresql.manners(&real.settings));
    let report = run(&mirrored).await;
    assert!(report.passed(), "\n{report}");
    assert_eq!(mirrored.differences(), Vec::<String>::new());
    assert_eq!(report.skipped(), SKIPPED);
}
