//! Whole runs on a real PostgreSQL cluster. `accept`: what others did, written into the files; `log`: who it
//! was, by the server's log; `own`: the role that tenure connects as; `trouble`: bad input and bad luck.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

#[path = "postgresql/accept.rs"]
mod accept;
#[path = "../providers/tests/servers/postgresql.rs"]
mod cluster;
#[path = "postgresql/log.rs"]
mod log;
#[path = "postgresql/own.rs"]
mod own;
mod run;
#[path = "postgresql/trouble.rs"]
mod trouble;

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cluster::{Cluster, PASSWORD};
use run::{Folder, texts};

const SYSTEM: &str = r#"
settings { state = "company.tenure" }
variable "url" { type = string }
system "warehouse" {
  provider = "postgresql"
  url      = var.url
  password = env("WAREHOUSE_PASSWORD")
  match    = self.key == account.name
  account {
    name             = self.key
    comment          = self.title
    connection_limit = 5
    config           = { search_path = "\"$user\", sales" }
    on_create { password = env("FIRST_PASSWORD") }
  }
}
group "warehouse" "analyst" {
  name    = "analyst"
  members = [role.analyst]
}
group "warehouse" "staff" {
  name    = "staff"
  members = [group.warehouse.analyst, { who = person.grace, admin = true }]
}
role "analyst" { when = self.department == "Data" }
person "grace" {
  title      = "Rear admiral"
  department = "Navy"
}
"#;

const ADA: &str = r#"
person "ada" {
  title      = "Countess \"of\" Lovelace; DROP ROLE postgres"
  department = "Data"
}
"#;

fn folder(cluster: &Cluster) -> Folder {
    let url = cluster.url.as_str();
    let environment = [("TENURE_VAR_url", url), ("WAREHOUSE_PASSWORD", PASSWORD), ("FIRST_PASSWORD", "first")];
    Folder::begun(&[("system.hcl", SYSTEM), ("ada.hcl", ADA)], &environment)
}

/// Somebody's session, in the background.
fn psql_as(cluster: &Cluster, user: &str, password: &str, sql: &str) -> Child {
    let mut psql = Command::new("psql");
    psql.args(["--no-psqlrc", "--host", "127.0.0.1", "--port", &cluster.port.to_string(), "--username", user])
        .args(["--dbname", "postgres", "--set", "ON_ERROR_STOP=1"])
        .env("PGPASSWORD", password)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = psql.spawn().expect("psql is installed");
    child.stdin.take().unwrap().write_all(format!("{sql};").as_bytes()).unwrap();
    child
}

fn psql(cluster: &Cluster, sql: &str) -> Child {
    psql_as(cluster, "postgres", PASSWORD, sql)
}

/// Waits for something that comes about soon.
#[track_caller]
fn until(so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not come about");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Roles and memberships as the server has them.
fn world(cluster: &Cluster) -> String {
    cluster.run(
        "postgres",
        "SELECT rolname, rolcanlogin, rolconnlimit, shobj_description(oid, 'pg_authid'), rolconfig FROM pg_roles \
         WHERE oid >= 16384 ORDER BY rolname; \
         SELECT roleid::regrole || ' > ' || member::regrole, admin_option FROM pg_auth_members \
         WHERE roleid >= 16384 ORDER BY 1",
    )
}

#[test]
fn a_person_comes_leaves_and_comes_back() {
    let cluster = Cluster::start();
    let folder = folder(&cluster);
    // Who may give a group to others is approved by name.
    folder.run("plan --out first.plan", 3);
    folder.run("approve first.plan --finding privileged-grant --reason lead --out lead.approval", 0);
    folder.run("apply first.plan --approval lead.approval", 0);
    insta::assert_snapshot!(world(&cluster), @r#"
ada|t|5|Countess "of" Lovelace; DROP ROLE postgres|{"search_path=\"$user\", sales"}
analyst|f|-1||
grace|t|5|Rear admiral|{"search_path=\"$user\", sales"}
staff|f|-1||
analyst > ada|f
staff > analyst|f
staff > grace|t
"#);
    assert!(cluster.run_as("ada", "first", "postgres", "SELECT 1").is_ok());
    folder.run("plan --detailed-exitcode", 0);

    // Ada leaves: switched off, and the session that she has open ends.
    let mut session = psql_as(&cluster, "ada", "first", "SELECT pg_sleep(120)");
    let sessions = || cluster.run("postgres", "SELECT count(*) FROM pg_stat_activity WHERE usename = 'ada'");
    until(|| sessions() != "0");
    std::fs::remove_file(folder.path().join("ada.hcl")).unwrap();
    folder.run("apply --auto-approve", 0);
    assert_eq!(sessions(), "0");
    assert!(cluster.run_as("ada", "first", "postgres", "SELECT 1").is_err());
    let _ = session.wait();
    insta::assert_snapshot!(world(&cluster), @r#"
ada|f|5|Countess "of" Lovelace; DROP ROLE postgres [tenure: deactivated account]|{"search_path=\"$user\", sales"}
analyst|f|-1||
grace|t|5|Rear admiral|{"search_path=\"$user\", sales"}
staff|f|-1||
staff > analyst|f
staff > grace|t
"#);
    folder.run("plan --detailed-exitcode", 0);

    // And comes back.
    folder.write("ada.hcl", ADA);
    folder.run("apply --auto-approve", 0);
    assert!(cluster.run_as("ada", "first", "postgres", "SELECT 1").is_ok());
    folder.run("plan --detailed-exitcode", 0);
    folder.run("state verify", 0);

    // Somebody else switches her off: not given back unasked, and not taken for a group.
    cluster.run("postgres", "ALTER ROLE ada NOLOGIN");
    let held = folder.command("apply --auto-approve").output().unwrap();
    let (printed, said) = texts(&held);
    assert!(printed.contains("suspended-outside"), "{printed}\n{said}");
    assert_eq!(cluster.run("postgres", "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'ada'"), "f");
}

/// The server is killed while a transaction of apply is open, and is started again: what was committed counts, what was
/// not is done, by the same apply where it outlives the crash, else by the next.
#[test]
fn a_server_that_is_killed_during_apply_loses_nothing() {
    for roles in [1, 150, 350] {
        // What was committed is with the operating system when the server is killed.
        let cluster = Cluster::start_with(&["--set", "synchronous_commit=on"]);
        let folder = folder(&cluster);
        let many = r#"
people "all" {
  from       = [for n in range(400) : { key = format("p%04d", n) }]
  key        = row.key
  title      = "one of many"
  department = "Data"
}
"#;
        folder.write("many.hcl", many);
        // Batches of 20, so that there is something between them.
        let system = SYSTEM.replace("  password = env(\"WAREHOUSE", "  batch = 20\n  password = env(\"WAREHOUSE");
        let system = system.replace("on_create { password = env(\"FIRST_PASSWORD\") }", "");
        folder.write("system.hcl", &system.replace(", admin = true", ""));
        // Somebody locks the catalog when so many roles are there: the next transaction is open when the server goes.
        let mut locker = psql(
            &cluster,
            &format!(
                "DO $$ BEGIN WHILE (SELECT count(*) FROM pg_roles) < {roles} LOOP PERFORM pg_sleep(0.002); \
                 END LOOP; END $$; BEGIN; LOCK TABLE pg_authid IN SHARE ROW EXCLUSIVE MODE; SELECT pg_sleep(60)"
            ),
        );
        let mut apply = folder.command("apply --auto-approve");
        let apply = apply.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tenure' AND wait_event_type = 'Lock'";
        until(|| cluster.run("postgres", waiting) != "0");
        cluster.crash();
        let _ = locker.wait();
        let output = apply.wait_with_output().unwrap();
        let (printed, said) = texts(&output);
        assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{:?}: {printed}\n{said}", output.status);
        folder.run("apply --auto-approve", 0);
        assert_eq!(cluster.run("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'p____'"), "400");
        let members = "SELECT count(*) FROM pg_auth_members WHERE roleid = 'analyst'::regrole";
        assert_eq!(cluster.run("postgres", members), "401");
        folder.run("plan --detailed-exitcode", 0);
        folder.run("state verify", 0);
    }
}
